/* SPDX-License-Identifier: MIT
 *
 * Inputs on which candidates differ that other inputs did not tell apart.
 *
 * Most of an order is lost in the last rounding, to 16 bits above all.  Where
 * the products cancel, what is left of the sum is the order's own errors.
 */
#include "identify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "identify_sample.h"

/* ---- kinds of inputs ----------------------------------------------------------- */

/* Elements s 2^u with significands s from -2 to 2, and u as random or as k
 * has it.  `mirror`: of so many elements (0: of all of K) the second half is
 * the first one backwards, A's negated. */
typedef struct {
  int least, range; /* of u */
  bool graded, mirrored;
  size_t mirror;
} recipe;

static const recipe recipes[] = {
    {.least = -6, .range = 8},
    {.least = -6, .range = 8, .graded = true},
    {.least = -3, .range = 8, .mirrored = true},
    {.least = -3, .range = 8, .mirrored = true, .mirror = 512},
    {.least = -3, .range = 8, .mirrored = true, .mirror = 32},
};
enum { RECIPES = sizeof recipes / sizeof recipes[0] };

static double draw(const recipe *r, ulp_pcg32 *g, size_t at, size_t k)
{
  double s = ulp_pcg32_next(g) * 0x1p-30 - 2;
  uint32_t u = ulp_pcg32_next(g) % (uint32_t)r->range;
  if (r->graded)
    u = (uint32_t)((double)at / (double)k * r->range);
  return ldexp(s, r->least + (int)u);
}

static void fill_row(const recipe *r, ulp_pcg32 *g, const ulp_format *f,
                     bool negate, void *out, size_t first, size_t k)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_SATURATE};
  size_t period = r->mirror && r->mirror < k ? r->mirror : k;
  for (size_t i = 0; i < k; i++) {
    size_t in = i % period, twin = i - in + period - 1 - in;
    uint64_t code = ulp_encode_f64(f, draw(r, g, i, k), &rne, 0);
    if (r->mirrored && twin < i) {
      code = ulp_load_code(f, out, first + twin);
      if (negate)
        code = ulp_encode_f64(f, -ulp_decode(f, code), &rne, 0);
    }
    ulp_store_code(f, out, first + i, code);
  }
}

static void fill(const recipe *r, uint64_t seed, const ulp_gemm *g,
                 const ulp_gemm_data *x, void *a, void *b)
{
  ulp_pcg32 rng = ulp_pcg32_seed(seed, (uint64_t)(r - recipes));
  for (size_t i = 0; i < x->m; i++)
    fill_row(r, &rng, &g->a, true, a, i * x->k, x->k);
  for (size_t j = 0; j < x->n; j++)
    fill_row(r, &rng, &g->b, false, b, j * x->k, x->k);
}

/* ---- classes ------------------------------------------------------------------- */

/* d: room for a sample of each candidate. */
static ulp_status classify(const ulp_candidate *list, size_t count,
                           const ulp_sample *s, char *d, size_t *class_of,
                           size_t *classes)
{
  size_t bytes = s->x.m * s->x.n * list[0].gemm.out.storage_bytes;
  *classes = 0;
  for (size_t i = 0; i < count; i++) {
    size_t same = 0;
    ulp_status status = ulp_gemm_run(&list[i].gemm, &s->x, 0, s->x.m);
    if (status != ULP_OK)
      return status;
    memcpy(d + i * bytes, s->d, bytes);
    while (memcmp(d + same * bytes, s->d, bytes) != 0)
      same++;
    class_of[i] = same < i ? class_of[same] : (*classes)++;
  }
  return ULP_OK;
}

static ulp_status try_recipe(const recipe *r, uint64_t seed,
                             const ulp_candidate *list, size_t count,
                             const ulp_gemm_data *x, void *a, void *b,
                             size_t *class_of, size_t *classes)
{
  const ulp_gemm *g = &list[0].gemm;
  ulp_gemm_data own = *x;
  ulp_sample s;
  own.a = a;
  own.b = b;
  fill(r, seed, g, x, a, b);
  ulp_status status = ULP_ENOMEM;
  if (ulp_sample_take(&s, g, &own, ULP_SAMPLE_ROWS, ULP_SAMPLE_COLS)) {
    char *d = malloc(count * s.x.m * s.x.n * g->out.storage_bytes);
    if (d)
      status = classify(list, count, &s, d, class_of, classes);
    free(d);
  }
  ulp_sample_free(&s);
  return status;
}

ulp_status ulp_tell_apart(const ulp_candidate *list, size_t count,
                          const ulp_gemm_data *x, uint64_t seed, void *a,
                          void *b, size_t *class_of, size_t *classes)
{
  size_t best = 0, most = 0;
  ulp_status status = count ? ULP_OK : ULP_EINVAL;
  for (size_t i = 0; status == ULP_OK && i < RECIPES && most < count; i++) {
    status = try_recipe(&recipes[i], seed, list, count, x, a, b, class_of,
                        classes);
    if (status == ULP_OK && *classes > most) {
      most = *classes;
      best = i;
    }
  }
  return status == ULP_OK ? try_recipe(&recipes[best], seed, list, count, x, a,
                                       b, class_of, classes)
                          : status;
}
