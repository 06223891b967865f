/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Chains of fused multiply-adds.  A product of two operands of up to 11 bits
 * is exact in f64; its sum with the accumulator is rounded to odd there, which
 * has more than two bits to spare, so that the second rounding is as if the
 * first had not been (S. Boldo and G. Melquiond 2008, IEEE Trans. Comput.
 * 57(4), Emulation of FMA and correctly rounded sums, thm 3).
 */
#include "step_sum.h"

#include <stdlib.h>
#include <string.h>

#include "model.h"

/* c + p rounded to odd; the error of the sum is exact (D. E. Knuth, TAOCP 2,
 * 4.2.2, thm B). */
static double add_odd(double c, double p)
{
  double s = c + p, t = s - c, error = (c - (s - t)) + (p - t);
  uint64_t bits;
  memcpy(&bits, &s, sizeof bits);
  if (error != 0 && (bits & 1) == 0) /* s is not 0: the sum would be exact */
    bits += (error > 0) == (s > 0) ? 1 : UINT64_MAX;
  memcpy(&s, &bits, sizeof s);
  return s;
}

/* Row i of D; b is [k, n], so that neighbours are added side by side. */
static void run_row(const ulp_step *step, const exact_product *x, size_t i,
                    const double *a, const double *b, double *sum, uint32_t *d)
{
  size_t n = x->spec.n, k = x->spec.k;
  memset(sum, 0, n * sizeof *sum);
  for (size_t l = 0; l < k; l++)
    for (size_t j = 0; j < n; j++)
      sum[j] = ulp_step_round(
          step, add_odd(sum[j], a[i * k + l] * b[l * n + j]), 0);
  for (size_t j = 0; j < n; j++) {
    float y = (float)sum[j];
    memcpy(&d[i * n + j], &y, sizeof y);
  }
}

static void transpose(const exact_product *x, double *b)
{
  size_t n = x->spec.n, k = x->spec.k;
  for (size_t j = 0; j < n; j++)
    for (size_t l = 0; l < k; l++)
      b[l * n + j] = ulp_decode(&x->format,
                                ulp_load_code(&x->format, x->b, j * k + l));
}

bool step_sum_run(const step_sum *s, const exact_product *x, uint32_t *d)
{
  size_t m = x->spec.m, n = x->spec.n, k = x->spec.k;
  const ulp_rounding r = {.mode = s->mode, .overflow = ULP_OVERFLOW_INF};
  const ulp_step step = ulp_step_of(&s->format, &r);
  double *a = malloc(m * k * sizeof *a), *b = malloc(n * k * sizeof *b);
  double *sum = malloc(n * sizeof *sum);
  bool ok = a && b && sum;
  if (ok) {
    ulp_decode_array(&x->format, a, x->a, m * k, 1);
    transpose(x, b);
    for (size_t i = 0; i < m; i++)
      run_row(&step, x, i, a, b, sum, d);
  }
  free(a);
  free(b);
  free(sum);
  return ok;
}
