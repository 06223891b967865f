/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A token's scores, and intervals over windows.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "model_pass.h"

static const double bits_of_nat = 1.4426950408889634; /* 1 / ln 2 */

/* ---- a token ------------------------------------------------------------ */

static int64_t likeliest(const double *x, int64_t n)
{
  int64_t best = 0;
  for (int64_t i = 1; i < n; i++)
    if (x[i] > x[best])
      best = i;
  return best;
}

/* e^x - 1 - x, which is x^2 / 2 and more. */
static double beyond_linear(double x)
{
  double sum = 0;
  if (!(fabs(x) < 0.5))
    return ulp_exp(x) - 1 - x;
  for (int k = 16; k >= 2; k--) /* 0.5^17 / 17! is under 2^-65 */
    sum = (sum * x + 1) / k;
  return sum * x * x;
}

/* log(1 + x), x not negative, also where 1 + x is rounded: W. Kahan's, in
 * D. Goldberg, ACM Computing Surveys 23(1), 1991, theorem 4. */
static double log_one_plus(double x)
{
  double y = 1 + x;
  return y == 1 ? x : ulp_log(y) * x / (y - 1);
}

/* The greatest and the sum of e^(x - greatest). */
static double exponentials(const double *x, int64_t n, double *max)
{
  double sum = 0;
  *max = x[likeliest(x, n)];
  for (int64_t i = 0; i < n; i++)
    sum += ulp_exp(x[i] - *max);
  return sum;
}

static double loss_of(const double *x, int64_t n, int32_t target)
{
  double max, sum = exponentials(x, n, &max);
  return isfinite(sum) ? ulp_log(sum) - (x[target] - max) : NAN;
}

/* With d = y - x less its mean under p, p of x: KL = log sum p e^d, and
 * sum p d = 0; so nothing cancels where both are nearly the same. */
static double divergence(const double *x, const double *y, int64_t n)
{
  double max, total = exponentials(x, n, &max), mean = 0, sum = 0;
  for (int64_t i = 0; i < n; i++)
    mean += ulp_exp(x[i] - max) / total * (y[i] - x[i]);
  for (int64_t i = 0; i < n; i++)
    sum += ulp_exp(x[i] - max) / total * beyond_linear(y[i] - x[i] - mean);
  return isfinite(sum) ? log_one_plus(sum) : NAN;
}

static double mean_of(const double *x, const double *y, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += y ? y[i] - x[i] : x[i];
  return sum / (double)n;
}

void ulp_model_score(ulp_model_sums *s, const double *reference,
                     const double *logits, int64_t n, int32_t target)
{
  double mean = mean_of(reference, NULL, n);
  double shift = mean_of(reference, logits, n);
  for (int64_t i = 0; i < n; i++) {
    double d = logits[i] - reference[i] - shift, x = reference[i] - mean;
    s->error += d * d;
    s->power += x * x;
  }
  s->tokens += 1;
  s->loss += loss_of(logits, n, target);
  s->reference_loss += loss_of(reference, n, target);
  s->kl += divergence(reference, logits, n);
  s->agreed += likeliest(reference, n) == likeliest(logits, n);
}

/* ---- intervals ---------------------------------------------------------- */

ulp_interval ulp_ratio_of(const double *a, const double *b, size_t n)
{
  double above = 0, below = 0, *left = malloc((n + 1) * sizeof *left);
  for (size_t i = 0; i < n; i++) {
    above += a[i];
    below += b[i];
  }
  ulp_interval r = {above / below, NAN};
  for (size_t i = 0; left && i < n; i++)
    left[i] = (a[i] - r.mean * b[i]) / (below / (double)n);
  if (left && n > 1)
    r.ci95 = ulp_interval_of(left, n).ci95;
  free(left);
  return r;
}

ulp_interval ulp_model_ratio(const ulp_model_pass *p, size_t plan, size_t bin,
                             ulp_model_value *value, ulp_model_value *weight)
{
  int64_t n = p->c->windows;
  double *a = malloc(2 * (size_t)n * sizeof *a);
  if (!a)
    return (ulp_interval){NAN, NAN};
  for (int64_t i = 0; i < n; i++) {
    const ulp_model_sums *s = ulp_model_at(p, plan, i, bin);
    a[i] = value(s);
    a[n + i] = weight(s);
  }
  ulp_interval r = ulp_ratio_of(a, a + n, (size_t)n);
  free(a);
  return r;
}

static double tokens(const ulp_model_sums *s) { return s->tokens; }
static double loss(const ulp_model_sums *s) { return s->loss; }
static double reference(const ulp_model_sums *s) { return s->reference_loss; }
static double added(const ulp_model_sums *s)
{
  return s->loss - s->reference_loss;
}
static double kl(const ulp_model_sums *s) { return s->kl; }
static double agreed(const ulp_model_sums *s) { return s->agreed; }
static double error(const ulp_model_sums *s) { return s->error; }
static double power(const ulp_model_sums *s) { return s->power; }

static ulp_interval in_bits(const ulp_model_pass *p, size_t plan, size_t bin,
                            ulp_model_value *value)
{
  ulp_interval r = ulp_model_ratio(p, plan, bin, value, tokens);
  return (ulp_interval){r.mean * bits_of_nat, r.ci95 * bits_of_nat};
}

ulp_model_summary ulp_model_summarize(const ulp_model_pass *p, size_t plan,
                                      size_t bin)
{
  return (ulp_model_summary){
      .bits = in_bits(p, plan, bin, loss),
      .reference = in_bits(p, plan, bin, reference),
      .added = in_bits(p, plan, bin, added),
      .kl = in_bits(p, plan, bin, kl),
      .agreed = ulp_model_ratio(p, plan, bin, agreed, tokens)};
}

static ulp_interval excess(const ulp_model_pass *p, size_t plan, size_t other,
                           size_t bin, ulp_model_value *value)
{
  size_t n = (size_t)p->c->windows;
  ulp_interval r = {NAN, NAN};
  double *a = malloc(2 * n * sizeof *a);
  for (size_t i = 0; a && i < n; i++) {
    const ulp_model_sums *s = ulp_model_at(p, plan, (int64_t)i, bin);
    a[i] = value(s) - value(ulp_model_at(p, other, (int64_t)i, bin));
    a[n + i] = s->tokens;
  }
  if (a)
    r = ulp_ratio_of(a, a + n, n);
  free(a);
  return (ulp_interval){r.mean * bits_of_nat, r.ci95 * bits_of_nat};
}

ulp_model_excess ulp_model_over(const ulp_model_pass *p, size_t plan,
                                size_t other, size_t bin)
{
  return (ulp_model_excess){excess(p, plan, other, bin, loss),
                            excess(p, plan, other, bin, kl)};
}

ulp_interval ulp_interval_root(ulp_interval square)
{
  double root = sqrt(square.mean);
  return (ulp_interval){root, root > 0 ? square.ci95 / (2 * root)
                                       : square.ci95};
}

ulp_interval ulp_model_logit_error(const ulp_model_pass *p, size_t plan,
                                   size_t bin)
{
  return ulp_interval_root(ulp_model_ratio(p, plan, bin, error, power));
}

void ulp_csv_interval(ulp_text *row, ulp_interval i)
{
  ulp_csv_number_if(row, i.mean, !isnan(i.mean));
  ulp_csv_number_if(row, i.ci95, !isnan(i.ci95));
}
