/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the arguments of a whole product: names, types, cuts, scales,
 * shapes, an instruction of free choice.  What is accepted must run, give the
 * same bytes however its rows are shared out, and, where it is nothing but a
 * chain, be the chain of the reference.
 */
#include "fuzz.h"
#include "fuzz_words.h"
#include "gemm.h"

enum { MAX_M = 5, MAX_N = 12, MAX_K = 600, MAX_DOT = 256 };

/* ---- arguments ---------------------------------------------------------------- */

typedef struct {
  char *gpu, *kernel, *acc, *type_a, *type_b, *out;
  ulp_gemm_options options;
  ulp_gemm_reduce reduce;
  ulp_mma_record record;
  ulp_mma model;
} arguments;

static const char *given(const char *word) { return *word ? word : NULL; }

/* A model, or a refusal of it. */
static void take_model(arguments *x, fuzz_bytes *f)
{
  ulp_format a, b;
  char why[200] = "";
  ulp_status status;
  x->record.block = (int)(int8_t)fuzz_byte(f) * 2;
  x->record.align = (int)(int8_t)fuzz_byte(f);
  x->record.floor = fuzz_byte(f) % 2 ? ULP_NO_FLOOR : -(int)fuzz_byte(f);
  x->record.acc_mode = (ulp_mode)(fuzz_byte(f) % (ULP_SR + 1));
  x->record.acc = x->acc;
  if (ulp_format_find(x->type_a, &a, NULL, 0) != ULP_OK ||
      ulp_format_find(x->type_b, &b, NULL, 0) != ULP_OK)
    return;
  status = ulp_mma_model(&x->model, &x->record, &a, &b, why, sizeof why);
  if (status == ULP_OK)
    x->options.model = &x->model;
  else
    fuzz_refused(status, why);
}

static void take(arguments *x, fuzz_bytes *f)
{
  unsigned flags;
  memset(x, 0, sizeof *x);
  x->gpu = fuzz_word(f);
  x->kernel = fuzz_word(f);
  x->acc = fuzz_word(f);
  x->type_a = fuzz_word(f);
  x->type_b = fuzz_word(f);
  x->out = fuzz_word(f);
  flags = fuzz_byte(f);
  x->reduce = (ulp_gemm_reduce)(flags >> 4 & 3) % 3;
  x->options = (ulp_gemm_options){
      .type_a = given(x->type_a), .type_b = given(x->type_b),
      .out = given(x->out), .fast = flags & 1,
      .promote = flags & 2 ? (int)(int16_t)fuzz_u16(f) : -1,
      .slices = flags & 4 ? (int)(int16_t)fuzz_u16(f) : 0,
      .reduce = flags & 8 ? &x->reduce : NULL};
  take_model(x, f);
}

static void drop(arguments *x)
{
  char *words[] = {x->gpu, x->kernel, x->acc, x->type_a, x->type_b, x->out};
  for (int i = 0; i < 6; i++)
    free(words[i]);
}

/* ---- data ----------------------------------------------------------------------- */

typedef struct {
  ulp_gemm_data x;
  void *a, *b, *c, *d, *again;
  float *scale_a, *scale_b;
  size_t bytes; /* of D */
} product;

static size_t scale_count(ulp_gemm_scales kind, size_t rows, size_t k)
{
  switch (kind) {
  case ULP_SCALES_NONE: return 0;
  case ULP_SCALES_ONE: return 1;
  case ULP_SCALES_ROWS: return rows;
  case ULP_SCALES_1X128: return rows * ((k + 127) / 128);
  case ULP_SCALES_128X128: return (rows + 127) / 128 * ((k + 127) / 128);
  }
  return 0;
}

static float *scales(fuzz_bytes *f, size_t n)
{
  ulp_format f32;
  REQUIRE(ulp_format_find("float32", &f32, NULL, 0) == ULP_OK);
  return fuzz_elements(f, &f32, n);
}

static void make(product *p, const ulp_gemm *g, fuzz_bytes *f)
{
  unsigned kinds = fuzz_byte(f);
  size_t m = fuzz_byte(f) % (MAX_M + 1), n = fuzz_byte(f) % (MAX_N + 1);
  size_t k = fuzz_u16(f) % (MAX_K + 1);
  ulp_gemm_scales sa = (ulp_gemm_scales)(kinds % 5),
                  sb = (ulp_gemm_scales)(kinds / 5 % 5);
  p->bytes = m * n * g->out.storage_bytes;
  p->scale_a = scales(f, scale_count(sa, m, k));
  p->scale_b = scales(f, scale_count(sb, n, k));
  p->c = kinds / 25 % 2 ? fuzz_elements(f, &g->c, m * n) : NULL;
  p->a = fuzz_elements(f, &g->a, m * k);
  p->b = fuzz_elements(f, &g->b, n * k);
  p->d = malloc(p->bytes + (p->bytes == 0));
  p->again = malloc(p->bytes + (p->bytes == 0));
  REQUIRE(p->d != NULL && p->again != NULL);
  p->x = (ulp_gemm_data){.m = m, .n = n, .k = k, .a = p->a, .b = p->b,
                         .c = p->c, .d = p->d, .kind_a = sa, .kind_b = sb,
                         .scale_a = p->scale_a, .scale_b = p->scale_b};
}

static void discard(product *p)
{
  void *all[] = {p->a, p->b, p->c, p->d, p->again, p->scale_a, p->scale_b};
  for (int i = 0; i < 7; i++)
    free(all[i]);
}

/* ---- what must hold ---------------------------------------------------------------- */

static void check_order(const ulp_gemm *g)
{
  REQUIRE(g->slices >= 1 && g->promote >= 0);
  REQUIRE(g->out.storage_bytes > 0 && g->c.storage_bytes == 4);
  REQUIRE(ulp_evidence_name(ulp_gemm_evidence(g)) != NULL);
  for (size_t k = 1; k <= MAX_K; k += 37)
    REQUIRE(ulp_gemm_slice(g, k) >= 1 &&
            ulp_gemm_slice(g, k) * (size_t)g->slices >= k);
}

/* Row after row, from the last on, as from all rows at once. */
static void check_rows(const ulp_gemm *g, product *p)
{
  ulp_gemm_data x = p->x;
  x.d = p->again;
  memset(p->d, 0x5a, p->bytes);
  memset(p->again, 0xa5, p->bytes);
  REQUIRE(ulp_gemm_run(g, &p->x, 0, x.m) == ULP_OK);
  for (size_t i = x.m; i-- > 0;)
    REQUIRE(ulp_gemm_run(g, &x, i, 1) == ULP_OK);
  REQUIRE(p->bytes == 0 || memcmp(p->d, p->again, p->bytes) == 0);
  REQUIRE(ulp_gemm_run(g, &x, x.m, 1) == ULP_EINVAL);
  REQUIRE(ulp_gemm_run(g, &x, x.m + 1, 0) == ULP_EINVAL);
  REQUIRE(ulp_gemm_run(g, &x, 1, SIZE_MAX) == ULP_EINVAL);
}

/* Only instructions of a record, one after another. */
static bool is_chain(const ulp_gemm *g, const product *p)
{
  return g->order->kind == ULP_GEMM_CHAIN && g->mma.record->instr &&
         g->order->feed == ULP_FEED_ASCENDING && !g->order->convert &&
         g->promote == 0 && g->slices == 1 && !p->x.c &&
         p->x.kind_a == ULP_SCALES_NONE && p->x.kind_b == ULP_SCALES_NONE &&
         strcmp(g->out.name, g->mma.d.name) == 0;
}

static void check_chain(const ulp_gemm *g, const product *p)
{
  size_t all = p->x.k, width = (size_t)g->mma.k;
  for (size_t at = 0; at < p->x.m * p->x.n; at++) {
    uint64_t a[MAX_DOT] = {0}, b[MAX_DOT] = {0}, acc = 0;
    for (size_t k = 0; k < all; k += width) {
      for (size_t i = 0; i < width; i++) {
        bool in = k + i < all;
        a[i] = in ? ulp_load_code(&g->a, p->a, at / p->x.n * all + k + i) : 0;
        b[i] = in ? ulp_load_code(&g->b, p->b, at % p->x.n * all + k + i) : 0;
      }
      acc = ulp_mma_dot(&g->mma, a, b, acc, NULL);
    }
    REQUIRE(ulp_load_code(&g->out, p->d, at) == acc);
  }
}

static void run(const ulp_gemm *g, fuzz_bytes *f)
{
  product p;
  char why[200] = "";
  ulp_status status;
  make(&p, g, f);
  status = ulp_gemm_check(g, &p.x, why, sizeof why);
  if (status != ULP_OK) {
    fuzz_refused(status, why);
    REQUIRE(ulp_gemm_run(g, &p.x, 0, p.x.m) == status);
  } else {
    REQUIRE(p.x.k > 0);
    check_rows(g, &p);
    if (is_chain(g, &p))
      check_chain(g, &p);
  }
  discard(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_bytes f = {.data = data, .size = size};
  arguments x;
  ulp_gemm g;
  char why[200] = "";
  ulp_status status;
  take(&x, &f);
  status = ulp_gemm_find(x.gpu, x.kernel, &x.options, &g, why, sizeof why);
  if (status != ULP_OK) {
    fuzz_refused(status, why);
  } else {
    check_order(&g);
    run(&g, &f);
  }
  drop(&x);
  return 0;
}
