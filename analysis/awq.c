/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/awq.c: J. Lin et al., AWQ, arXiv:2306.00978, the search of scales.
 */
#include <math.h>
#include <stdlib.h>

#include "methods.h"
#include "model.h"

/* Of auto_scale.py, _search_module_scale. */
static const double least = 1e-4;

void ulp_awq_factors(double *s, const double *mean_x, int64_t channels,
                     double ratio)
{
  double low = INFINITY, high = 0;
  for (int64_t c = 0; c < channels; c++) {
    s[c] = fmax(least, ulp_power(mean_x[c], ratio));
    low = fmin(low, s[c]);
    high = fmax(high, s[c]);
  }
  for (int64_t c = 0; c < channels; c++)
    s[c] /= sqrt(low * high);
}

typedef struct {
  const double *x, *w;
  int64_t tokens, outputs, channels;
  const ulp_quantizer *q;
  double *scaled, *lost; /* outputs x channels, tokens x outputs */
} search;

/* The output is linear in w, so its error is x times that of w. */
static ulp_status error_of(const search *a, const double *s, double *error,
                           ulp_error *e)
{
  double *v = a->scaled;
  ulp_channels_times(v, a->w, s, a->outputs, a->channels);
  ulp_status status =
      ulp_matrix_values(v, v, a->outputs, a->channels, a->q, e);
  if (status != ULP_OK) return status;
  ulp_channels_over(v, v, s, a->outputs, a->channels);
  for (int64_t i = 0; i < a->outputs * a->channels; i++)
    v[i] -= a->w[i];
  ulp_product(a->lost, a->x, v, (size_t)a->tokens, (size_t)a->outputs,
              (size_t)a->channels);
  *error = 0;
  for (int64_t i = 0; i < a->tokens * a->outputs; i++)
    *error += a->lost[i] * a->lost[i];
  return ULP_OK;
}

static ulp_status choose(const search *a, const double *mean, int candidates,
                         double *s, ulp_awq_choice *out, ulp_error *e)
{
  *out = (ulp_awq_choice){.error = INFINITY};
  for (int i = 0; i < candidates; i++) {
    double ratio = (double)i / candidates, error;
    ulp_awq_factors(s, mean, a->channels, ratio);
    ulp_status status = error_of(a, s, &error, e);
    if (status != ULP_OK) return status;
    if (i == 0) out->before = error;
    if (error < out->error) {
      out->error = error;
      out->ratio = ratio;
    }
  }
  ulp_awq_factors(s, mean, a->channels, out->ratio);
  return ULP_OK;
}

ulp_status ulp_awq_search(double *s, ulp_awq_choice *out,
                          const double *mean_x, const double *x,
                          int64_t tokens, const double *w, int64_t outputs,
                          int64_t channels, const ulp_quantizer *q,
                          int candidates, ulp_error *e)
{
  search a = {x, w, tokens, outputs, channels, q, NULL, NULL};
  a.scaled = malloc((size_t)(outputs * channels) * sizeof *a.scaled);
  a.lost = malloc((size_t)(tokens * outputs) * sizeof *a.lost);
  ulp_status status = a.scaled && a.lost
                          ? choose(&a, mean_x, candidates, s, out, e)
                          : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  free(a.scaled);
  free(a.lost);
  return status;
}
