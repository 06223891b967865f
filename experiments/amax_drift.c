/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tensors whose amax drifts.
 */
#include "amax_drift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  ulp_drift_kind kind;
  double low, high;
} kinds[] = {
    {"grow:", ULP_DRIFT_GROW, 1, 16},
    {"decay:", ULP_DRIFT_GROW, 0x1p-4, 1},
    {"jump:", ULP_DRIFT_JUMP, 0x1p-20, 0x1p20},
    {"spike:", ULP_DRIFT_SPIKE, 1, 0x1p20},
};
enum { KINDS = sizeof kinds / sizeof *kinds, PERIOD_MOST = 1 << 20 };

static ulp_status refuse(const char *word, ulp_error *e)
{
  return ulp_error_set(e, ULP_EINVAL, "--drifts: '%.40s': expected steady, "
                       "grow:R (1 < R <= 16), decay:R (R < 1), jump:R or "
                       "spike:R:PERIOD", word);
}

ulp_status ulp_drift_read(ulp_drift *out, const char *word, ulp_error *e)
{
  char *end;
  size_t k = 0;
  *out = (ulp_drift){.kind = ULP_DRIFT_STEADY, .ratio = 1};
  if (strlen(word) >= sizeof out->word)
    return refuse(word, e);
  memcpy(out->word, word, strlen(word) + 1);
  if (strcmp(word, "steady") == 0)
    return ULP_OK;
  while (k < KINDS && strncmp(word, kinds[k].name, strlen(kinds[k].name)) != 0)
    k++;
  if (k == KINDS)
    return refuse(word, e);
  out->kind = kinds[k].kind;
  out->ratio = strtod(word + strlen(kinds[k].name), &end);
  if (out->kind == ULP_DRIFT_SPIKE) {
    long period = *end == ':' ? strtol(end + 1, &end, 10) : 0;
    if (period < 2 || period > PERIOD_MOST)
      return refuse(word, e);
    out->period = (int)period;
  }
  if (*end || !(out->ratio >= kinds[k].low && out->ratio <= kinds[k].high) ||
      out->ratio == 1)
    return refuse(word, e);
  return ULP_OK;
}

int64_t ulp_drift_steps(const ulp_drift *d, int64_t most)
{
  double amax = 1;
  int64_t n = 0;
  while (n < most && amax >= 0x1p-60 && amax <= 0x1p60) {
    n++;
    amax *= d->kind == ULP_DRIFT_GROW ? d->ratio : 1;
  }
  return n;
}

void ulp_drift_amaxes(const ulp_drift *d, double *amax, int64_t steps)
{
  double grown = 1;
  for (int64_t t = 0; t < steps; t++) {
    bool spike = d->kind == ULP_DRIFT_SPIKE && (t + 1) % d->period == 0;
    bool jumped = d->kind == ULP_DRIFT_JUMP && t >= steps / 2;
    amax[t] = d->kind == ULP_DRIFT_STEADY ? 0
              : d->kind == ULP_DRIFT_GROW ? grown
              : spike || jumped           ? d->ratio
                                          : 1;
    grown *= d->ratio;
  }
}

static double greatest_before(const double *amax, int64_t t, int length)
{
  double most = 0;
  for (int64_t i = t - 1; i >= 0 && i >= t - length; i--)
    most = fmax(most, amax[i]);
  return most;
}

double ulp_drift_exceeded(const ulp_drift *d, int64_t steps, int length,
                          int margin)
{
  double *amax = malloc((size_t)steps * sizeof *amax), all = 0;
  if (!amax || steps < 2 || (d->kind == ULP_DRIFT_STEADY && margin && length)) {
    free(amax);
    return NAN;
  }
  ulp_drift_amaxes(d, amax, steps);
  for (int64_t t = 1; t < steps && length; t++)
    if (d->kind == ULP_DRIFT_STEADY)
      all += 1 / ((double)(t < length ? t : length) + 1);
    else
      all += amax[t] > ldexp(greatest_before(amax, t, length), margin);
  free(amax);
  return all / (double)(steps - 1);
}
