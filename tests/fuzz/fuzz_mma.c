/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the names of a GPU and of an instruction, as its operands and
 * its block scales; where there is such an instruction, its fast path must be
 * the reference, with its scales and without.
 */
#include "emu.h"
#include "fuzz.h"
#include "fuzz_words.h"

enum { MAX_K = 256, MAX_ROWS = 3, MAX_COLS = 11 };

typedef struct {
  const ulp_mma *m;
  int terms, blocks, grouped; /* grouped: products */
} traced;

static void see_term(void *data, const ulp_trace_term *t)
{
  traced *seen = data;
  REQUIRE(t->k >= -1 && t->k < seen->m->k);
  seen->terms++;
}

static void see_block(void *data, const ulp_trace_block *b)
{
  traced *seen = data;
  REQUIRE(b->special || b->unit == b->top - seen->m->record->align);
  REQUIRE(b->special || seen->m->record->floor == ULP_NO_FLOOR ||
          b->top >= seen->m->record->floor);
  seen->blocks++;
}

static void see_group(void *data, const ulp_trace_term *product, int n,
                      const ulp_trace_term *sum)
{
  traced *seen = data;
  REQUIRE(n == seen->m->record->group && sum->k == product->k);
  REQUIRE(product->k == seen->grouped);
  seen->grouped += n;
}

static void check_mma(const ulp_mma *m, const char *gpu)
{
  const ulp_format *formats[] = {&m->a, &m->b, &m->c, &m->d, &m->acc};
  REQUIRE(m->record != NULL && ulp_gpu_find(gpu) != NULL);
  REQUIRE(strcmp(m->record->arch, ulp_gpu_find(gpu)) == 0);
  REQUIRE(m->m > 0 && m->n > 0 && m->k > 0 && m->k <= MAX_K);
  REQUIRE(m->record->n == 0 || m->record->n == m->n);
  for (int i = 0; i < 5; i++)
    REQUIRE(formats[i]->bits > 0 && formats[i]->storage_bytes * 8 >=
                                        formats[i]->bits);
}

/* The arrays of a tile; sa and sb are NULL: no scales. */
typedef struct {
  void *a, *b, *c, *sa, *sb, *d;
  size_t rows, cols;
} tile;

static void load(const ulp_format *f, const void *array, size_t row, int n,
                 uint64_t *code)
{
  for (size_t i = 0; i < (size_t)n; i++)
    code[i] = ulp_load_code(f, array, row * (size_t)n + i);
}

/* Output i of the fast path against the reference, traced and not. */
static void check_output(const ulp_mma *m, const tile *t, size_t i)
{
  uint64_t x[MAX_K], y[MAX_K], sx[MAX_K], sy[MAX_K];
  uint64_t c = ulp_load_code(&m->c, t->c, i), d = ulp_load_code(&m->d, t->d, i);
  const uint64_t *sa = t->sa ? sx : NULL, *sb = t->sb ? sy : NULL;
  traced seen = {.m = m};
  ulp_trace trace = {see_term, see_block, see_group, &seen};
  load(&m->a, t->a, i / t->cols, m->k, x);
  load(&m->b, t->b, i % t->cols, m->k, y);
  if (sa) {
    load(&m->scale, t->sa, i / t->cols, m->scales, sx);
    load(&m->scale, t->sb, i % t->cols, m->scales, sy);
  }
  REQUIRE(ulp_mma_dot_scaled(m, x, y, c, sa, sb, NULL) == d);
  REQUIRE(ulp_mma_dot_scaled(m, x, y, c, sa, sb, &trace) == d);
  REQUIRE(seen.grouped == (m->record->group ? m->k : 0));
  if (m->record->kind == ULP_DOT_FDPA)
    REQUIRE(seen.blocks == m->k / m->record->block);
}

static void run_tile(const ulp_mma *m, const tile *t)
{
  REQUIRE(ulp_mma_tile_scaled(m, t->d, t->a, t->b, t->c, t->sa, t->sb, t->rows,
                              t->cols) == ULP_OK);
  for (size_t i = 0; i < t->rows * t->cols; i++)
    check_output(m, t, i);
}

/* The scales come last, so that an input without them means what it meant. */
static void run(const ulp_mma *m, fuzz_bytes *f)
{
  size_t k = (size_t)m->k, scales = (size_t)m->scales;
  tile t = {.rows = fuzz_byte(f) % (MAX_ROWS + 1)};
  t.cols = fuzz_byte(f) % (MAX_COLS + 1);
  t.a = fuzz_elements(f, &m->a, t.rows * k);
  t.b = fuzz_elements(f, &m->b, t.cols * k);
  t.c = fuzz_elements(f, &m->c, t.rows * t.cols);
  t.d = malloc(t.rows * t.cols * m->d.storage_bytes + 1);
  REQUIRE(t.d != NULL);
  run_tile(m, &t);
  if (scales > 0) {
    t.sa = fuzz_elements(f, &m->scale, t.rows * scales);
    t.sb = fuzz_elements(f, &m->scale, t.cols * scales);
    run_tile(m, &t);
  }
  free(t.a);
  free(t.b);
  free(t.c);
  free(t.d);
  free(t.sa);
  free(t.sb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_bytes f = {.data = data, .size = size};
  char *gpu = fuzz_word(&f), *instr = fuzz_word(&f), why[200] = "";
  ulp_mma m;
  ulp_status status = ulp_mma_find(gpu, instr, &m, why, sizeof why);
  if (status != ULP_OK) {
    fuzz_refused(status, why);
    REQUIRE(ulp_mma_find(gpu, instr, &m, NULL, 0) == status);
  } else {
    check_mma(&m, gpu);
    run(&m, &f);
  }
  free(gpu);
  free(instr);
  return 0;
}
