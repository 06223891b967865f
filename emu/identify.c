/* SPDX-License-Identifier: MIT
 *
 * The search for an order: candidates, a sample of the outputs, a ranking.
 */
#include "identify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gemm_run.h"

/* ---- candidates ------------------------------------------------------------- */

/* Few slices of every order; many, as CUTLASS cuts K for 132
 * multiprocessors, of those with fine grains. */
enum { FEW_SLICES = 16, MAX_SLICES = 160 };
/* -1: the row's own.  Promotions of 2^5 to 2^10 of K. */
static const int promotions[] = {-1, 0, 32, 64, 128, 256, 512, 1024};
enum { PROMOTIONS = sizeof promotions / sizeof promotions[0] };

/* What decides the bits for given data. */
typedef struct {
  const ulp_mma_record *record;
  const char *convert;
  ulp_gemm_kind kind;
  size_t promote, slice;
  ulp_gemm_reduce reduce;
  ulp_gemm_blocks blocks;
  ulp_gemm_c c;
  ulp_mode convert_mode;
  ulp_gemm_feed feed;
  int tile;
  ulp_gemm_rows rows;
} effect;

/* Heads that the instruction's k divides leave K in its order. */
static ulp_gemm_feed feed_of(const ulp_gemm *g, size_t k, size_t slice)
{
  size_t tile = (size_t)g->order->tile, step = (size_t)g->mma.k;
  if (g->order->feed == ULP_FEED_HEAD && slice % tile % step == 0 &&
      (k % slice == 0 || k % slice % tile % step == 0))
    return ULP_FEED_ASCENDING;
  return g->order->feed;
}

static effect effect_of(const ulp_gemm *g, const ulp_gemm_data *x)
{
  size_t promote = (size_t)g->promote, slice = ulp_gemm_slice(g, x->k);
  bool blocks = ulp_has_block_scales(x);
  slice = slice > x->k ? x->k : slice;
  if (blocks && (promote == 0 || promote > ULP_SCALES_BLOCK))
    promote = ULP_SCALES_BLOCK;
  ulp_gemm_feed feed = feed_of(g, x->k, slice);
  bool rows = x->kind_a == ULP_SCALES_ROWS || x->kind_b == ULP_SCALES_ROWS;
  if (promote >= slice && !blocks)
    promote = 0;
  return (effect){.record = g->mma.record,
                  .convert = g->order->convert,
                  .kind = g->order->kind,
                  .promote = promote,
                  .slice = slice,
                  .reduce = slice < x->k ? g->reduce : ULP_REDUCE_F32,
                  .blocks = blocks ? g->order->blocks : ULP_BLOCKS_REFUSED,
                  .c = x->c ? g->order->c : ULP_C_START,
                  .convert_mode = g->order->convert_mode,
                  .feed = feed,
                  .tile = feed == ULP_FEED_HEAD ? g->order->tile : 0,
                  .rows = rows ? g->order->rows : ULP_ROWS_PRODUCT};
}

static bool same_effect(const effect *a, const effect *b)
{
  return a->record == b->record && a->convert == b->convert &&
         a->kind == b->kind && a->promote == b->promote &&
         a->slice == b->slice && a->reduce == b->reduce &&
         a->blocks == b->blocks && a->c == b->c &&
         a->convert_mode == b->convert_mode && a->feed == b->feed &&
         a->tile == b->tile && a->rows == b->rows;
}

typedef struct {
  const char *gpu;
  const ulp_gemm_options *types;
  const ulp_gemm_data *x;
  ulp_candidate *list;
  size_t count;
} search;

static void add(search *s, const ulp_gemm *g, bool fast, size_t order)
{
  effect e = effect_of(g, s->x);
  for (size_t i = 0; i < s->count; i++) {
    effect other = effect_of(&s->list[i].gemm, s->x);
    if (same_effect(&e, &other)) {
      s->list[i].orders |= UINT64_C(1) << order;
      return;
    }
  }
  if (s->count < ULP_MAX_CANDIDATES)
    s->list[s->count++] = (ulp_candidate){
        .gemm = *g, .fast = fast, .orders = UINT64_C(1) << order};
}

static void try_order(search *s, size_t order, bool fast, int promote,
                      int slices, ulp_gemm_reduce reduce)
{
  const ulp_gemm_order *o = ulp_gemm_order_row(order);
  ulp_gemm_options options = *s->types;
  ulp_gemm g;
  options.fast = fast;
  options.promote = promote;
  options.slices = slices;
  options.reduce = &reduce;
  options.model = NULL;
  if ((slices > FEW_SLICES && o->fine == 0) ||
      (fast && o->fast_promote < 0) ||
      ulp_gemm_find(s->gpu, o->name, &options, &g, NULL, 0) != ULP_OK ||
      ulp_gemm_check(&g, s->x, NULL, 0) != ULP_OK)
    return;
  add(s, &g, fast, order);
}

/* All rows with one setting. */
static void try_orders(search *s, int promote, int slices,
                       ulp_gemm_reduce reduce)
{
  for (size_t i = 0; i < ulp_gemm_order_count() && i < 64; i++)
    for (int fast = 0; fast < 2; fast++)
      try_order(s, i, fast, promote, slices, reduce);
}

/* The rows' own settings first, then slices, then promotions. */
static void enumerate(search *s)
{
  ulp_format out;
  bool half = s->types->out &&
              ulp_format_find(s->types->out, &out, NULL, 0) == ULP_OK &&
              out.bits == 16;
  int last = half ? ULP_REDUCE_16_SUMS : ULP_REDUCE_F32;
  try_orders(s, -1, 0, ULP_REDUCE_F32);
  for (int p = 0; p < PROMOTIONS; p++)
    for (int slices = 1; slices <= (p == 0 ? MAX_SLICES : FEW_SLICES);
         slices++)
      for (int r = ULP_REDUCE_F32; r <= last; r++)
        try_orders(s, promotions[p], slices, (ulp_gemm_reduce)r);
}

/* ---- the sample ----------------------------------------------------------------- */

enum { SAMPLE_ROWS = 8, SAMPLE_COLS = 16 };

/* Rows and columns spread over D, gathered into arrays of their own. */
typedef struct {
  ulp_gemm_data x;
  size_t row[SAMPLE_ROWS], col[SAMPLE_COLS];
  void *a, *b, *c, *given, *d;
  float *scale_a, *scale_b;
} sample;

static void sample_free(sample *s)
{
  free(s->a);
  free(s->b);
  free(s->c);
  free(s->given);
  free(s->d);
  free(s->scale_a);
  free(s->scale_b);
}

static size_t spread(size_t *out, size_t want, size_t n)
{
  size_t count = n < want ? n : want;
  for (size_t i = 0; i < count; i++) /* n - 1 < 2^60, so i * n fits */
    out[i] = i * (n - 1) / (count > 1 ? count - 1 : 1);
  return count;
}

static void *gather_rows(const void *array, const size_t *row, size_t rows,
                         size_t bytes)
{
  char *out = malloc(rows * bytes + 1);
  for (size_t i = 0; out && i < rows; i++)
    memcpy(out + i * bytes, (const char *)array + row[i] * bytes, bytes);
  return out;
}

/* The elements at the sample's rows and columns of an [m, n] array. */
static void *gather(const sample *s, const void *array, size_t n, size_t bytes)
{
  char *out = malloc(s->x.m * s->x.n * bytes + 1);
  for (size_t i = 0; out && i < s->x.m; i++)
    for (size_t j = 0; j < s->x.n; j++)
      memcpy(out + (i * s->x.n + j) * bytes,
             (const char *)array + (s->row[i] * n + s->col[j]) * bytes, bytes);
  return out;
}

/* Scales of the sample's rows; those of 128 x 128 become 1 x 128. */
static float *gather_scales(const ulp_gemm_data *x, ulp_gemm_scales *kind,
                            bool of_a, const size_t *row, size_t rows)
{
  size_t blocks = (x->k - 1) / ULP_SCALES_BLOCK + 1;
  if (*kind < ULP_SCALES_1X128)
    blocks = 1;
  else
    *kind = ULP_SCALES_1X128;
  float *out = malloc((rows * blocks + 1) * sizeof *out);
  for (size_t i = 0; out && i < rows; i++)
    for (size_t b = 0; b < blocks; b++)
      out[i * blocks + b] = of_a
                                ? ulp_scale_a(x, row[i], b * ULP_SCALES_BLOCK)
                                : ulp_scale_b(x, row[i], b * ULP_SCALES_BLOCK);
  return out;
}

static bool take_sample(sample *s, const ulp_gemm *g, const ulp_gemm_data *x)
{
  memset(s, 0, sizeof *s);
  s->x = *x;
  s->x.m = spread(s->row, SAMPLE_ROWS, x->m);
  s->x.n = spread(s->col, SAMPLE_COLS, x->n);
  s->a = gather_rows(x->a, s->row, s->x.m, x->k * g->a.storage_bytes);
  s->b = gather_rows(x->b, s->col, s->x.n, x->k * g->b.storage_bytes);
  s->given = gather(s, x->d, x->n, g->out.storage_bytes);
  s->d = malloc(s->x.m * s->x.n * g->out.storage_bytes + 1);
  s->c = x->c ? gather(s, x->c, x->n, g->c.storage_bytes) : NULL;
  s->scale_a = gather_scales(x, &s->x.kind_a, true, s->row, s->x.m);
  s->scale_b = gather_scales(x, &s->x.kind_b, false, s->col, s->x.n);
  s->x.a = s->a;
  s->x.b = s->b;
  s->x.c = s->c;
  s->x.d = s->d;
  s->x.scale_a = s->scale_a;
  s->x.scale_b = s->scale_b;
  return s->a && s->b && s->given && s->d && (s->c || !x->c) && s->scale_a &&
         s->scale_b;
}

static void note_miss(ulp_candidate *c, const sample *s, size_t at)
{
  c->mismatches++;
  if (c->misses < ULP_MAX_MISSES)
    c->miss[c->misses++] =
        (ulp_miss){.row = s->row[at / s->x.n],
                   .col = s->col[at % s->x.n],
                   .given = ulp_load_code(&c->gemm.out, s->given, at),
                   .computed = ulp_load_code(&c->gemm.out, s->d, at)};
}

static ulp_status compare(ulp_candidate *c, const sample *s)
{
  ulp_status status = ulp_gemm_run(&c->gemm, &s->x, 0, s->x.m);
  c->compared = s->x.m * s->x.n;
  for (size_t at = 0; status == ULP_OK && at < c->compared; at++)
    if (ulp_load_code(&c->gemm.out, s->given, at) !=
        ulp_load_code(&c->gemm.out, s->d, at))
      note_miss(c, s, at);
  return status;
}

/* ---- ranking ------------------------------------------------------------------------ */

/* Insertion keeps the order of equals; there are a few hundred at most. */
static void rank(ulp_candidate *list, size_t count)
{
  for (size_t i = 1; i < count; i++) {
    ulp_candidate c = list[i];
    size_t k = i;
    for (; k > 0 && list[k - 1].mismatches > c.mismatches; k--)
      list[k] = list[k - 1];
    list[k] = c;
  }
}

static ulp_status refuse(char *why, size_t size, const char *what)
{
  (void)snprintf(why, size, "%s", what);
  return ULP_EINVAL;
}

ulp_status ulp_identify(const char *gpu, const ulp_gemm_options *options,
                        const ulp_gemm_data *x, ulp_candidate *list,
                        size_t *count, char *why, size_t why_size)
{
  search s = {.gpu = gpu, .types = options, .x = x, .list = list};
  sample some;
  ulp_status status = ULP_OK;
  if (!ulp_gpu_find(gpu)) {
    ulp_mma none; /* the look-up of an instruction says what is known */
    return ulp_mma_find(gpu, "mma.m16n8k16.f32.f16.f16.f32", &none, why,
                        why_size);
  }
  if (x->m == 0 || x->n == 0 || x->k == 0)
    return refuse(why, why_size, "an empty product: nothing to identify");
  enumerate(&s);
  if (s.count == 0)
    return refuse(why, why_size,
                  "no kernel of this GPU takes these types and scales");
  if (!take_sample(&some, &list[0].gemm, x))
    status = ULP_ENOMEM;
  for (size_t i = 0; status == ULP_OK && i < s.count; i++)
    status = compare(&list[i], &some);
  sample_free(&some);
  if (status != ULP_OK) {
    (void)snprintf(why, why_size, "%s", ulp_strerror(status));
    return status;
  }
  rank(list, s.count);
  *count = s.count;
  return ULP_OK;
}

ulp_status ulp_identify_count(const ulp_candidate *c, const ulp_gemm_data *x,
                              size_t first_row, size_t rows,
                              size_t *mismatches, ulp_miss *first)
{
  const ulp_format *f = &c->gemm.out;
  ulp_gemm_data own = *x;
  size_t from = first_row * x->n, to = from + rows * x->n, wrong = 0;
  void *d = malloc(to * f->storage_bytes + 1);
  if (!d)
    return ULP_ENOMEM;
  own.d = d;
  ulp_status status = ulp_gemm_run(&c->gemm, &own, first_row, rows);
  for (size_t i = from; status == ULP_OK && i < to; i++) {
    uint64_t given = ulp_load_code(f, x->d, i), got = ulp_load_code(f, d, i);
    if (given != got && wrong++ == 0)
      *first = (ulp_miss){.row = i / x->n,
                          .col = i % x->n,
                          .given = given,
                          .computed = got};
  }
  free(d);
  if (status == ULP_OK)
    *mismatches = wrong;
  return status;
}
