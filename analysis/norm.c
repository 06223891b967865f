/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/norm.c: RMSNorm and LayerNorm, each step in a format of its own.
 *
 * RMSNorm divides by the root mean square and subtracts nothing: B. Zhang,
 * R. Sennrich, "Root Mean Square Layer Normalization", arXiv:1910.07467,
 * equation 4.  LayerNorm subtracts the mean first: J. L. Ba, J. R. Kiros,
 * G. E. Hinton, arXiv:1607.06450, equations 3 and 4.  Epsilon is inside the
 * square root in both, as PyTorch's RMSNorm and LayerNorm have it.
 */
#include <math.h>

#include "model.h"

/* One row under way: `index` counts the roundings, for stochastic ones. */
typedef struct {
  const ulp_norm_steps *steps;
  uint64_t index;
} norm;

static double rounded(norm *m, const ulp_step *step, double x)
{
  uint64_t i = m->index++;
  return step ? ulp_step_round(step, x, i) : x;
}

typedef double term(norm *m, double x, double mean);

static double itself(norm *m, double x, double mean)
{
  (void)mean;
  return rounded(m, m->steps->input, x);
}

static double centred(norm *m, double x, double mean)
{
  return rounded(m, m->steps->centre, itself(m, x, 0) - mean);
}

static double square(norm *m, double x, double mean)
{
  double v = itself(m, x, mean);
  return rounded(m, m->steps->square, v * v);
}

static double centred_square(norm *m, double x, double mean)
{
  double v = centred(m, x, mean);
  return rounded(m, m->steps->square, v * v);
}

/* The mean of terms: `lanes` sums, lane i of the terms i, i + lanes, ...,
 * which are then added as a tree; every addition is rounded, and the
 * quotient. */
static double mean_of(norm *m, term *f, const double *x, int64_t n,
                      double mean)
{
  double lane[ULP_NORM_LANES] = {0};
  int lanes = m->steps->lanes > 1 ? m->steps->lanes : 1;
  for (int64_t i = 0; i < n; i++) {
    double *sum = &lane[i % lanes];
    double more = f(m, x[i], mean);
    *sum = i < lanes ? more : *sum + more;
    *sum = rounded(m, m->steps->sum, *sum);
  }
  for (int half = (lanes + 1) / 2; lanes > 1; half = (lanes + 1) / 2) {
    for (int i = 0; i + half < lanes; i++)
      lane[i] = rounded(m, m->steps->sum, lane[i] + lane[i + half]);
    lanes = half;
  }
  return rounded(m, m->steps->sum, lane[0] / (double)n);
}

/* 1 / sqrt(variance + epsilon): four roundings, epsilon's own is the first. */
static double inverse_root(norm *m, double variance, double epsilon)
{
  const ulp_step *s = m->steps->root;
  double e = rounded(m, s, epsilon);
  double v = rounded(m, s, rounded(m, s, variance) + e);
  return rounded(m, s, 1 / rounded(m, s, sqrt(v)));
}

static double scaled(norm *m, double v, double r, double gamma, double beta)
{
  const ulp_step *s = m->steps->scale;
  double y = rounded(m, s, v * r);
  y = rounded(m, s, y * gamma);
  return rounded(m, m->steps->output, rounded(m, s, y + beta));
}

/* Every step in REAL, one sum. */
#define DEFINE_PLAIN(NAME, REAL)                                               \
  static void NAME(double *y, const double *x, const double *gamma, int64_t n, \
                   double epsilon)                                             \
  {                                                                            \
    REAL sum = (REAL)(x[0] * x[0]);                                            \
    for (int64_t i = 1; i < n; i++)                                            \
      sum += (REAL)(x[i] * x[i]);                                              \
    REAL mean = (REAL)((double)sum / (double)n);                               \
    REAL root = (REAL)sqrt((double)(mean + (REAL)epsilon));                    \
    double r = (double)(1 / root);                                             \
    for (int64_t i = 0; i < n; i++) {                                          \
      double v = (double)(REAL)(x[i] * r);                                     \
      y[i] = (double)(REAL)(v * (gamma ? gamma[i] : 1)) + 0.0;                 \
    }                                                                          \
  }
DEFINE_PLAIN(plain_f64, double)
DEFINE_PLAIN(plain_f32, float)

static bool all_are(bool (*is)(const ulp_step *), const ulp_norm_steps *s,
                    bool otherwise)
{
  const ulp_step *const steps[] = {s->square, s->sum, s->root, s->scale};
  for (int i = 0; i < 4; i++)
    if (steps[i] ? !is(steps[i]) : !otherwise)
      return false;
  return !s->input && s->lanes <= 1 &&
         !(s->output && ulp_step_is_random(s->output));
}

void ulp_rms_norm(double *y, const double *x, const double *gamma, int64_t n,
                  double epsilon, const ulp_norm_steps *steps, uint64_t index)
{
  bool f64 = n > 0 && all_are(ulp_step_is_f64, steps, true);
  if (f64 || (n > 0 && all_are(ulp_step_is_f32, steps, false))) {
    (f64 ? plain_f64 : plain_f32)(y, x, gamma, n, epsilon);
    if (steps->output)
      ulp_step_round_array(steps->output, y, y, (size_t)n, index);
    return;
  }
  norm m = {steps, index};
  double r = inverse_root(&m, mean_of(&m, square, x, n, 0), epsilon);
  for (int64_t i = 0; i < n; i++)
    y[i] = scaled(&m, itself(&m, x[i], 0), r, gamma ? gamma[i] : 1, 0);
}

void ulp_layer_norm(double *y, const double *x, const double *gamma,
                    const double *beta, int64_t n, double epsilon,
                    const ulp_norm_steps *steps, uint64_t index)
{
  norm m = {steps, index};
  double mean = mean_of(&m, itself, x, n, 0), variance;
  if (steps->one_pass) {
    variance = mean_of(&m, square, x, n, 0) - mean * mean;
    variance = rounded(&m, steps->centre, variance < 0 ? 0 : variance);
  } else {
    variance = mean_of(&m, centred_square, x, n, mean);
  }
  double r = inverse_root(&m, variance, epsilon);
  for (int64_t i = 0; i < n; i++)
    y[i] = scaled(&m, centred(&m, x[i], mean), r, gamma ? gamma[i] : 1,
                  beta ? beta[i] : 0);
}
