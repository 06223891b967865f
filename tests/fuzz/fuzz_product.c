/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any words as GPU, instruction, kernel and types, any bytes as operands.
 * The input is five lines, GPU, instruction or kernel, type of A, type of B,
 * type of D, and then bytes: settings, sizes, codes.  What is accepted must
 * run, and give what the reference gives.
 */
#include <string.h>

#include "fuzz.h"
#include "gemm.h"

enum { WORD = 100, LINES = 5, MAX_ROWS = 9, MAX_DEPTH = 300 };

typedef struct {
  char word[LINES][WORD];
  const uint8_t *data;
  size_t size, used;
} input;

static void read_words(input *in)
{
  for (int i = 0; i < LINES; i++) {
    size_t n = 0;
    while (in->used < in->size && in->data[in->used] != '\n') {
      if (n + 1 < WORD && in->data[in->used]) in->word[i][n++] =
          (char)in->data[in->used];
      in->used++;
    }
    in->word[i][n] = '\0';
    in->used += in->used < in->size;
  }
}

/* The next byte; the input repeats for ever, an empty one is zeros. */
static unsigned next(input *in)
{
  if (in->size == 0) return 0;
  return in->data[in->used++ % in->size];
}

static void fill(input *in, const ulp_format *f, unsigned char *out, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    uint64_t code = 0;
    for (int b = 0; b < f->bits; b += 8)
      code = code << 8 | next(in);
    ulp_store_code(f, out, i, code);
  }
}

static void check_refused(ulp_status status, const char *why)
{
  REQUIRE(status == ULP_ENAME || status == ULP_EINVAL);
  REQUIRE(why[0] != '\0' && strlen(why) < 400);
}

static unsigned char a[MAX_ROWS * MAX_DEPTH * 8], b[MAX_ROWS * MAX_DEPTH * 8],
    c[MAX_ROWS * MAX_ROWS * 8], d[MAX_ROWS * MAX_ROWS * 8];

static void check_instruction(input *in)
{
  char why[400] = "";
  ulp_mma m;
  ulp_status status =
      ulp_mma_find(in->word[0], in->word[1], &m, why, sizeof why);
  size_t rows = 2, cols = MAX_ROWS;
  if (status != ULP_OK) {
    check_refused(status, why);
    return;
  }
  REQUIRE(m.k > 0 && m.k <= 256);
  size_t k = (size_t)m.k;
  fill(in, &m.a, a, rows * k);
  fill(in, &m.b, b, cols * k);
  fill(in, &m.c, c, rows * cols);
  REQUIRE(ulp_mma_tile(&m, d, a, b, c, rows, cols) == ULP_OK);
  for (size_t i = 0; i < rows * cols; i++) {
    uint64_t x[256], y[256];
    for (size_t t = 0; t < k; t++) {
      x[t] = ulp_load_code(&m.a, a, i / cols * k + t);
      y[t] = ulp_load_code(&m.b, b, i % cols * k + t);
    }
    REQUIRE(ulp_load_code(&m.d, d, i) ==
            ulp_mma_dot(&m, x, y, ulp_load_code(&m.c, c, i), NULL));
  }
}

static const char *or_null(const char *word) { return *word ? word : NULL; }

/* Runs by rows and at once, which must agree. */
static void run_order(const ulp_gemm *g, ulp_gemm_data *x)
{
  static unsigned char again[sizeof d];
  char why[400] = "";
  ulp_status status = ulp_gemm_check(g, x, why, sizeof why);
  REQUIRE(ulp_gemm_run(g, x, 0, x->m) == status);
  if (status != ULP_OK) {
    check_refused(status, why);
    return;
  }
  x->d = again;
  for (size_t i = 0; i < x->m; i++)
    REQUIRE(ulp_gemm_run(g, x, i, 1) == ULP_OK);
  REQUIRE(!memcmp(d, again, x->m * x->n * g->out.storage_bytes));
}

static void check_kernel(input *in)
{
  static float scales[MAX_ROWS * 3];
  char why[400] = "";
  ulp_gemm_reduce reduce = (ulp_gemm_reduce)(next(in) % 3);
  ulp_gemm_options options = {.type_a = or_null(in->word[2]),
                              .type_b = or_null(in->word[3]),
                              .out = or_null(in->word[4]),
                              .fast = next(in) & 1,
                              .promote = (int)next(in) * 8 - 8,
                              .slices = (int)next(in) % 20,
                              .reduce = next(in) & 1 ? &reduce : NULL};
  ulp_gemm g;
  if (options.promote < 0) options.promote = -1;
  ulp_status status = ulp_gemm_find(in->word[0], in->word[1], &options, &g,
                                    why, sizeof why);
  if (status != ULP_OK) {
    check_refused(status, why);
    return;
  }
  ulp_gemm_data x = {.m = 1 + next(in) % 3,
                     .n = 1 + next(in) % MAX_ROWS,
                     .k = next(in) + next(in) % 40,
                     .a = a, .b = b, .d = d,
                     .kind_a = (ulp_gemm_scales)(next(in) % 5),
                     .kind_b = (ulp_gemm_scales)(next(in) % 5),
                     .scale_a = scales, .scale_b = scales};
  for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
    uint32_t bits = 0;
    for (int k = 0; k < 4; k++)
      bits = bits << 8 | next(in);
    memcpy(&scales[i], &bits, sizeof bits);
  }
  fill(in, &g.a, a, x.m * x.k);
  fill(in, &g.b, b, x.n * x.k);
  fill(in, &g.c, c, x.m * x.n);
  if (next(in) & 1) x.c = c;
  run_order(&g, &x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  input in = {.data = data, .size = size};
  read_words(&in);
  check_instruction(&in);
  check_kernel(&in);
  return 0;
}
