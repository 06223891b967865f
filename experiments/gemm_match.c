/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs an order on a captured case: all of D, or the sampled outputs alone,
 * row by row with the columns wanted of each.
 */
#include "gemm_match.h"

#include <stdlib.h>
#include <string.h>

#include "mix.h"
#include "products.h"

/* ---- all of D ----------------------------------------------------------------- */

static gemm_digest digest(const gemm_case *c, const gemm_inputs *in)
{
  uint64_t sum = 0;
#pragma omp parallel for reduction(+ : sum) num_threads(c->threads)
  for (size_t i = 0; i < c->m * c->n; i++)
    sum += ulp_digest_term(i, ulp_load_code(&in->fd, in->d, i));
  return sum == c->digest ? DIGEST_SAME : DIGEST_DIFFERS;
}

/* ---- the sampled outputs --------------------------------------------------------- */

typedef struct {
  size_t at, j; /* position in D, number of the sample */
} wanted;

static int by_position(const void *a, const void *b)
{
  const wanted *x = a, *y = b;
  return x->at < y->at ? -1 : x->at > y->at;
}

static wanted *sorted_samples(const gemm_case *c, size_t count)
{
  wanted *w = malloc((count + 1) * sizeof *w);
  for (size_t j = 0; w && j < count; j++)
    w[j] = (wanted){gemm_case_position(c, j), j};
  if (w)
    qsort(w, count, sizeof *w, by_position);
  return w;
}

/* One scale, or a row of scales, of row `row` of an operand as row `to` of
 * another; blocks of rows become rows. */
static void take_scales(ulp_gemm_scales kind, const float *from, size_t row,
                        size_t blocks, float *to, size_t to_row)
{
  switch (kind) {
  case ULP_SCALES_NONE: break;
  case ULP_SCALES_ONE: to[0] = from[0]; break;
  case ULP_SCALES_ROWS: to[to_row] = from[row]; break;
  case ULP_SCALES_1X128:
    memcpy(to + to_row * blocks, from + row * blocks, blocks * sizeof *to);
    break;
  case ULP_SCALES_128X128:
    memcpy(to + to_row * blocks, from + row / 128 * blocks,
           blocks * sizeof *to);
    break;
  }
}

static ulp_gemm_scales as_rows(ulp_gemm_scales kind)
{
  return kind == ULP_SCALES_128X128 ? ULP_SCALES_1X128 : kind;
}

/* Room for the operands of n samples of one row of D. */
typedef struct {
  char *b, *d;
  float *scale_a, *scale_b, *bias;
} room;

static bool make_room(room *r, const gemm_inputs *in, size_t n, size_t blocks)
{
  r->b = malloc(n * in->x.k * in->fb.storage_bytes);
  r->d = malloc(n * in->fd.storage_bytes);
  r->scale_a = malloc(blocks * sizeof *r->scale_a);
  r->scale_b = malloc(n * blocks * sizeof *r->scale_b);
  r->bias = malloc(n * sizeof *r->bias);
  return r->b && r->d && r->scale_a && r->scale_b && r->bias;
}

static void free_room(room *r)
{
  free(r->b);
  free(r->d);
  free(r->scale_a);
  free(r->scale_b);
  free(r->bias);
}

static ulp_gemm_data gather(const room *r, const gemm_inputs *in,
                            const wanted *w, size_t n, size_t blocks)
{
  ulp_gemm_data x = in->x;
  size_t row = w[0].at / x.n, bytes = x.k * in->fb.storage_bytes;
  for (size_t i = 0; i < n; i++) {
    size_t col = w[i].at % x.n;
    memcpy(r->b + i * bytes, (const char *)x.b + col * bytes, bytes);
    take_scales(x.kind_b, x.scale_b, col, blocks, r->scale_b, i);
    r->bias[i] = in->c ? ((const float *)in->c)[w[i].at] : 0;
  }
  take_scales(x.kind_a, x.scale_a, row, blocks, r->scale_a, 0);
  x.m = 1;
  x.n = n;
  x.a = (const char *)x.a + row * x.k * in->fa.storage_bytes;
  x.b = r->b;
  x.c = in->c ? r->bias : NULL;
  x.d = r->d;
  x.kind_a = as_rows(x.kind_a);
  x.kind_b = as_rows(x.kind_b);
  x.scale_a = r->scale_a;
  x.scale_b = r->scale_b;
  return x;
}

/* The samples w[0 .. n-1], all of one row of D. */
static bool run_row(const ulp_gemm *g, const gemm_inputs *in, const wanted *w,
                    size_t n)
{
  size_t blocks = (in->x.k + 127) / 128, size = in->fd.storage_bytes;
  room r;
  bool ok = make_room(&r, in, n, blocks);
  if (ok) {
    ulp_gemm_data x = gather(&r, in, w, n, blocks);
    ok = ulp_gemm_run(g, &x, 0, 1) == ULP_OK;
  }
  for (size_t i = 0; ok && i < n; i++)
    memcpy((char *)in->d + w[i].at * size, r.d + i * size, size);
  free_room(&r);
  return ok;
}

static bool run_samples(const ulp_gemm *g, const gemm_case *c,
                        const gemm_inputs *in, size_t count)
{
  wanted *w = sorted_samples(c, count);
  size_t *start = malloc((count + 1) * sizeof *start), rows = 0;
  int failed = !w || !start;
  for (size_t i = 0; !failed && i < count; i++)
    if (i == 0 || w[i].at / c->n != w[i - 1].at / c->n)
      start[rows++] = i;
  if (!failed)
    start[rows] = count;
#pragma omp parallel for schedule(dynamic) reduction(| : failed)               \
    num_threads(c->threads)
  for (size_t i = 0; i < rows; i++)
    failed |= !run_row(g, in, w + start[i], start[i + 1] - start[i]);
  free(w);
  free(start);
  return !failed;
}

/* ---- comparing ------------------------------------------------------------------- */

static void count_wrong(const gemm_case *c, const gemm_inputs *in,
                        gemm_result *r)
{
  for (size_t j = 0; j < r->compared; j++) {
    size_t at = gemm_case_position(c, j);
    uint64_t given = gemm_case_output(c, j);
    uint64_t computed = ulp_load_code(&in->fd, in->d, at);
    if (given == computed || r->wrong++)
      continue;
    r->first = at;
    r->given = given;
    r->computed = computed;
  }
}

bool gemm_match(const gemm_case *c, const gemm_inputs *in,
                const gemm_setting *s, size_t most, bool whole,
                gemm_result *r, char *why, size_t why_size)
{
  ulp_gemm_reduce reduce = s->reduce < 0 ? 0 : (ulp_gemm_reduce)s->reduce;
  ulp_gemm_options options = {.type_a = gemm_format_name(c->type[0]),
                              .type_b = gemm_format_name(c->type[1]),
                              .out = strcmp(c->type[2], "s32") == 0
                                         ? NULL
                                         : c->type[2],
                              .fast = s->fast,
                              .promote = s->promote, .slices = s->slices,
                              .reduce = s->reduce < 0 ? NULL : &reduce};
  ulp_gemm g;
  memset(r, 0, sizeof *r);
  r->compared = c->outputs < most ? c->outputs : most;
  r->digest = DIGEST_NOT_COMPUTED;
  if (ulp_gemm_find("h200", s->name, &options, &g, why, why_size) != ULP_OK ||
      ulp_gemm_check(&g, &in->x, why, why_size) != ULP_OK)
    return false;
  r->record = *g.order->instr ? g.mma.record : NULL;
  r->evidence = ulp_gemm_evidence(&g);
  whole = whole || (!c->sampled && most >= c->outputs);
  if (!(whole ? ulp_product_run(&g, &in->x, c->threads) == ULP_OK
              : run_samples(&g, c, in, r->compared))) {
    (void)snprintf(why, why_size, "out of memory");
    return false;
  }
  if (whole)
    r->digest = digest(c, in);
  count_wrong(c, in, r);
  return true;
}
