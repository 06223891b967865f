/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Activations of a linear layer, and the statistics of its tokens.
 */
#include "layer.h"

#include <math.h>
#include <string.h>

#include "model.h"
#include "snr.h"
#include "words.h"

static double width_of(const char *distribution)
{
  if (strcmp(distribution, "laplace") == 0)
    return sqrt(2);
  return strcmp(distribution, "student_t3") == 0 ? sqrt(3) : 1;
}

ulp_status ulp_tokens_draw(double *x, const ulp_tokens *t, int64_t first,
                           int64_t tokens, int64_t channels)
{
  double r = t->correlation, fresh = sqrt(1 - r * r);
  double width = width_of(t->distribution);
  ulp_status s = ULP_OK;
  for (int64_t i = 0; s == ULP_OK && i < tokens; i++) {
    double *row = x + i * channels, before = 0;
    uint64_t stream =
        (uint64_t)ulp_name_hash(t->stream) << 24 | (uint64_t)(first + i);
    s = ulp_sample(t->distribution, row, (size_t)channels, false, t->seed,
                   stream);
    for (int64_t c = 0; s == ULP_OK && c < channels; c++) {
      double z = row[c] / width;
      before = c ? r * before + fresh * z : z;
      row[c] = (double)(float)(t->gain ? t->gain[c] * before : before);
    }
  }
  return s;
}

double ulp_sum(const double *x, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++)
    sum += x[i];
  return sum;
}

void ulp_row_squares(double *out, const double *x, const double *y,
                     int64_t rows, int64_t cols)
{
  for (int64_t r = 0; r < rows; r++) {
    out[r] = 0;
    for (int64_t i = r * cols; i < (r + 1) * cols; i++) {
      double d = y ? y[i] - x[i] : x[i];
      out[r] += d * d;
    }
  }
}

ulp_ratio ulp_token_snr(const double *y2, const double *e2, int64_t tokens)
{
  const double db = 10 / log(10);
  double n = (double)tokens, spread = 0;
  double signal = ulp_sum(y2, tokens), noise = ulp_sum(e2, tokens);
  if (tokens == 0 || !(signal > 0) || !(noise > 0))
    return (ulp_ratio){signal > 0 ? INFINITY : NAN, 0};
  for (int64_t t = 0; t < tokens; t++) {
    double d = e2[t] / (noise / n) - y2[t] / (signal / n);
    spread += d * d;
  }
  return (ulp_ratio){10 * log10(signal / noise),
                     tokens > 1 ? 1.96 * db * sqrt(spread / (n * (n - 1)))
                                : INFINITY};
}

double ulp_step_noise(double sigma, double s)
{
  const double pi = 0x1.921fb54442d18p+1;
  if (sigma < s / 20) /* half a step is 10 sigma away: all become 0 */
    return sigma * sigma;
  double a = 2 * (pi * sigma / s) * (pi * sigma / s), sum = 0;
  for (int k = 1; a * k * k < 42; k++) /* e^-42 < 2^-60 */
    sum += (k % 2 ? -1 : 1) * ulp_exp(-a * k * k) / (k * (double)k);
  return s * s / 12 + s * s / (pi * pi) * sum;
}

/* An integer's steps go on; a float's are those of a power of two times the
 * scale, here one that reaches 6 widths. */
double ulp_own_scale_theory(const ulp_format *f, double scale)
{
  if (f->kind == ULP_INTEGER)
    return -10 * log10(ulp_step_noise(1, scale));
  while (scale > 0 && scale * ulp_max(f) < 6)
    scale *= 2;
  return ulp_snr_theory(f, scale, "gaussian");
}
