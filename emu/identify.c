/* SPDX-License-Identifier: MIT
 *
 * The search for an order: candidates, a sample of the outputs, a ranking.
 */
#include "identify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gemm_run.h"
#include "identify_sample.h"

/* ---- candidates --------------------------------------------------------- */

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

static effect effect_of(const ulp_gemm *g, const ulp_gemm_data *x)
{
  size_t promote = (size_t)g->promote, slice = ulp_gemm_slice(g, x->k);
  bool blocks = ulp_has_block_scales(x);
  slice = slice > x->k ? x->k : slice;
  if (blocks && (promote == 0 || promote > ULP_SCALES_BLOCK))
    promote = ULP_SCALES_BLOCK;
  ulp_gemm_feed feed = ulp_feed_of(g, x->k);
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

/* An order with its types and its instruction, but not yet its cuts. */
typedef struct {
  ulp_gemm gemm;
  size_t order;
  bool fast;
} kernel;

enum { MAX_ORDERS = 64 }; /* the bits of ulp_candidate's orders */

typedef struct {
  const ulp_gemm_options *types;
  const ulp_gemm_data *x;
  kernel kernels[2 * MAX_ORDERS];
  size_t kernel_count;
  ulp_candidate *list;
  size_t count;
  effect effects[ULP_MAX_CANDIDATES]; /* of the list */
  bool wanted[ULP_MAX_CANDIDATES];    /* in a comparison to come */
} search;

/* The rows that take the types and the scales. */
static void find_kernels(search *s, const char *gpu)
{
  ulp_gemm_options options = *s->types;
  ulp_gemm_reduce reduce = ULP_REDUCE_F32;
  options.promote = 0; /* cuts that every kernel has */
  options.slices = 1;
  options.reduce = &reduce;
  options.model = NULL;
  for (size_t i = 0; i < ulp_gemm_order_count() && i < MAX_ORDERS; i++)
    for (int fast = 0; fast < 2; fast++) {
      kernel *k = &s->kernels[s->kernel_count];
      const char *name = ulp_gemm_order_row(i)->name;
      options.fast = fast;
      if (ulp_gemm_find(gpu, name, &options, &k->gemm, NULL, 0) == ULP_OK &&
          ulp_gemm_check(&k->gemm, s->x, NULL, 0) == ULP_OK) {
        k->order = i;
        k->fast = fast;
        s->kernel_count++;
      }
    }
}

static void add(search *s, const ulp_gemm *g, const kernel *k)
{
  effect e = effect_of(g, s->x);
  uint64_t order = UINT64_C(1) << k->order;
  for (size_t i = 0; i < s->count; i++)
    if (same_effect(&e, &s->effects[i])) {
      s->list[i].orders |= order;
      return;
    }
  if (s->count == ULP_MAX_CANDIDATES)
    return;
  s->effects[s->count] = e;
  s->list[s->count++] =
      (ulp_candidate){.gemm = *g, .fast = k->fast, .orders = order};
}

/* All kernels with one setting. */
static void try_kernels(search *s, int promote, int slices,
                        ulp_gemm_reduce reduce)
{
  ulp_gemm_options options = *s->types;
  options.promote = promote;
  options.slices = slices;
  options.reduce = &reduce;
  for (size_t i = 0; i < s->kernel_count; i++) {
    const kernel *k = &s->kernels[i];
    ulp_gemm g = k->gemm;
    options.fast = k->fast;
    if ((slices <= FEW_SLICES || g.order->fine != 0) &&
        ulp_gemm_set_cuts(&g, &options, NULL, 0) == ULP_OK)
      add(s, &g, k);
  }
}

/* The rows' own settings first, then slices, then promotions. */
static void enumerate(search *s)
{
  ulp_format out;
  bool half = s->types->out &&
              ulp_format_find(s->types->out, &out, NULL, 0) == ULP_OK &&
              out.bits == 16;
  int last = half ? ULP_REDUCE_16_SUMS : ULP_REDUCE_F32;
  try_kernels(s, -1, 0, ULP_REDUCE_F32);
  for (int p = 0; p < PROMOTIONS; p++)
    for (int slices = 1; slices <= (p == 0 ? MAX_SLICES : FEW_SLICES);
         slices++)
      for (int r = ULP_REDUCE_F32; r <= last; r++)
        try_kernels(s, promotions[p], slices, (ulp_gemm_reduce)r);
}

/* ---- ranking ------------------------------------------------------------ */

typedef struct {
  bool partial;
  size_t mismatches, compared, at;
} key;

static int by_share(const void *a, const void *b)
{
  const key *x = a, *y = b;
  size_t p = x->mismatches * y->compared, q = y->mismatches * x->compared;
  if (x->partial != y->partial)
    return x->partial ? 1 : -1;
  if (p != q)
    return p < q ? -1 : 1;
  return x->at < y->at ? -1 : x->at > y->at;
}

/* Those with `whole` outputs compared first; then by the share of mismatches,
 * equals as they were. */
static ulp_status rank(ulp_candidate *list, size_t count, size_t whole)
{
  key *keys = malloc(count * sizeof *keys);
  ulp_candidate *copy = malloc(count * sizeof *copy);
  ulp_status status = keys && copy ? ULP_OK : ULP_ENOMEM;
  if (status == ULP_OK) {
    memcpy(copy, list, count * sizeof *copy);
    for (size_t i = 0; i < count; i++)
      keys[i] = (key){.partial = list[i].compared < whole,
                      .mismatches = list[i].mismatches,
                      .compared = list[i].compared,
                      .at = i};
    qsort(keys, count, sizeof *keys, by_share);
    for (size_t i = 0; i < count; i++)
      list[i] = copy[keys[i].at];
  }
  free(keys);
  free(copy);
  return status;
}

/* ---- elimination -------------------------------------------------------- */

/* Outputs of 16 bits hide most of an order: a sample that leaves more than
 * FEW is followed by a larger one. */
enum { ROWS = 8, COLS = 16, FEW = 4, NEAREST = 64 };

/* Compares those that no output has refuted yet; how many are left? */
static ulp_status eliminate(search *s, const ulp_sample *some,
                            ulp_sample_part part, size_t *left)
{
  for (size_t i = 0; i < s->count; i++)
    s->wanted[i] = s->list[i].mismatches == 0;
  ulp_status status =
      ulp_sample_compare(some, part, s->list, s->count, s->wanted);
  *left = 0;
  for (size_t i = 0; i < s->count; i++)
    *left += s->list[i].mismatches == 0;
  return status;
}

/* All of the sample for the least refuted and, if `ties`, for any as good as
 * the last of them. */
static ulp_status compare_nearest(search *s, const ulp_sample *some,
                                  bool ties)
{
  ulp_status status = rank(s->list, s->count, 0);
  for (size_t i = 0; status == ULP_OK && i < s->count; i++) {
    const ulp_candidate *c = &s->list[i], *last = &s->list[NEAREST - 1];
    s->wanted[i] = i < NEAREST ||
                   (ties && c->mismatches * last->compared ==
                                last->mismatches * c->compared);
  }
  return status != ULP_OK ? status
                          : ulp_sample_compare(some, ULP_SAMPLE_WHOLE, s->list,
                                               s->count, s->wanted);
}

/* With a small sample first, which is cheap and refutes most. */
static ulp_status compare_small(search *s, const ulp_sample *some,
                                size_t *left)
{
  ulp_status status = eliminate(s, some, ULP_SAMPLE_FIRST, left);
  if (status == ULP_OK && *left)
    status = eliminate(s, some, ULP_SAMPLE_UNTIL, left);
  if (status == ULP_OK && !*left)
    status = compare_nearest(s, some, true);
  return status;
}

static ulp_status compare_large(search *s, const ulp_sample *some)
{
  size_t left;
  ulp_status status = eliminate(s, some, ULP_SAMPLE_UNTIL, &left);
  if (status == ULP_OK && !left)
    status = compare_nearest(s, some, false);
  return status;
}

static ulp_status compare_all(search *s)
{
  const ulp_gemm *g = &s->list[0].gemm;
  ulp_sample some = {0}, more = {0};
  size_t left = 0, compared = 0;
  ulp_status status = ULP_ENOMEM;
  if (ulp_sample_take(&some, g, s->x, ROWS, COLS))
    status = compare_small(s, &some, &left);
  compared = some.x.m * some.x.n;
  if (status == ULP_OK && left > FEW && (s->x->m > ROWS || s->x->n > COLS)) {
    status = ULP_ENOMEM;
    if (ulp_sample_take(&more, g, s->x, ULP_SAMPLE_ROWS, ULP_SAMPLE_COLS))
      status = compare_large(s, &more);
    compared = more.x.m * more.x.n;
  }
  ulp_sample_free(&some);
  ulp_sample_free(&more);
  return status == ULP_OK ? rank(s->list, s->count, compared) : status;
}

static ulp_status refuse(char *why, size_t size, const char *what)
{
  (void)snprintf(why, size, "%s", what);
  return ULP_EINVAL;
}

static ulp_status find(search *s, const char *gpu, char *why, size_t why_size)
{
  find_kernels(s, gpu);
  enumerate(s);
  if (s->count == 0)
    return refuse(why, why_size,
                  "no kernel of this GPU takes these types and scales");
  ulp_status status = compare_all(s);
  if (status != ULP_OK)
    (void)snprintf(why, why_size, "%s", ulp_strerror(status));
  return status;
}

ulp_status ulp_identify(const char *gpu, const ulp_gemm_options *options,
                        const ulp_gemm_data *x, ulp_candidate *list,
                        size_t *count, char *why, size_t why_size)
{
  if (!ulp_gpu_find(gpu)) {
    ulp_mma none; /* the look-up of an instruction says what is known */
    return ulp_mma_find(gpu, "mma.m16n8k16.f32.f16.f16.f32", &none, why,
                        why_size);
  }
  if (x->m == 0 || x->n == 0 || x->k == 0)
    return refuse(why, why_size, "an empty product: nothing to identify");
  search *s = calloc(1, sizeof *s);
  if (!s) {
    (void)snprintf(why, why_size, "%s", ulp_strerror(ULP_ENOMEM));
    return ULP_ENOMEM;
  }
  s->types = options;
  s->x = x;
  s->list = list;
  ulp_status status = find(s, gpu, why, why_size);
  if (status == ULP_OK)
    *count = s->count;
  free(s);
  return status;
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
