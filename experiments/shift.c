/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Activations whose distribution is not the one that calibration saw.
 */
#include "shift.h"

#include <math.h>
#include <mpfr.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "methods.h"
#include "snr.h"

static const struct {
  const char *name;
  bool takes_number;
} names[] = {[ULP_SHIFT_SAME] = {"same", false},
             [ULP_SHIFT_WIDER] = {"wider:", true},
             [ULP_SHIFT_HEAVIER] = {"heavier", false},
             [ULP_SHIFT_MOVED] = {"moved", false},
             [ULP_SHIFT_DRIFT] = {"drift:", true}};

ulp_status ulp_shift_read(ulp_shift *out, const char *word, ulp_error *e)
{
  *out = (ulp_shift){.parameter = 1};
  (void)snprintf(out->word, sizeof out->word, "%.39s", word);
  for (int k = 0; k <= ULP_SHIFT_DRIFT; k++) {
    size_t n = strlen(names[k].name);
    char *end = NULL;
    out->kind = (ulp_shift_kind)k;
    if (!names[k].takes_number && strcmp(word, names[k].name) == 0)
      return ULP_OK;
    if (!names[k].takes_number || strncmp(word, names[k].name, n) != 0)
      continue;
    out->parameter = strtod(word + n, &end);
    if (word[n] && !*end && out->parameter > 0 && out->parameter <= 1e6)
      return ULP_OK;
  }
  return ulp_error_set(e, ULP_EINVAL, "--shifts '%.40s': expected same, "
                       "wider:F, heavier, moved or drift:F, F above 0", word);
}

/* ---- numbers ------------------------------------------------------------ */

static ulp_status fill(double *x, const char *distribution, const char *stream,
                       int64_t tokens, int64_t channels, double correlation,
                       uint64_t seed, int threads)
{
  const ulp_tokens t = {distribution, correlation, NULL, seed, stream};
  ulp_status worst = ULP_OK;
  (void)threads;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 64) num_threads(threads)
#endif
  for (int64_t i = 0; i < tokens; i++) {
    ulp_status s = ulp_tokens_draw(x + i * channels, &t, i, 1, channels);
    if (s != ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      worst = s;
    }
  }
  return worst;
}

ulp_status ulp_shift_pool_make(ulp_shift_pool *p, ulp_outliers outliers,
                               double correlation, uint64_t seed, int threads)
{
  size_t n = (size_t)p->channels * sizeof *p->gain;
  p->gain = malloc(n);
  p->moved = malloc(n);
  p->seen_normal = malloc((size_t)p->seen * n);
  p->seen_heavy = malloc((size_t)p->seen * n);
  p->served_normal = malloc((size_t)p->served * n);
  p->served_heavy = malloc((size_t)p->served * n);
  if (!p->gain || !p->moved || !p->seen_normal || !p->seen_heavy ||
      !p->served_normal || !p->served_heavy ||
      !ulp_outlier_gains(p->gain, p->channels, outliers, seed,
                         "matrix channels"))
    return ULP_ENOMEM;
  /* By half of the channels, so that none stays where it was. */
  for (int64_t c = 0; c < p->channels; c++)
    p->moved[c] = 1;
  for (int64_t c = 0; c < p->channels; c++) {
    int64_t to = (c + p->channels / 2) % p->channels;
    while (p->gain[c] != 1 && (p->gain[to] != 1 || p->moved[to] != 1) &&
           to != c)
      to = (to + 1) % p->channels;
    if (p->gain[c] != 1)
      p->moved[to] = p->gain[c];
  }
  const double r = correlation;
  ulp_status s = fill(p->seen_normal, "gaussian", "seen", p->seen, p->channels,
                      r, seed, threads);
  if (s == ULP_OK)
    s = fill(p->seen_heavy, "student_t3", "seen heavy", p->seen, p->channels,
             r, seed, threads);
  if (s == ULP_OK)
    s = fill(p->served_normal, "gaussian", "served", p->served, p->channels, r,
             seed, threads);
  if (s == ULP_OK)
    s = fill(p->served_heavy, "student_t3", "served heavy", p->served,
             p->channels, r, seed, threads);
  return s;
}

void ulp_shift_pool_free(ulp_shift_pool *p)
{
  free(p->gain);
  free(p->moved);
  free(p->seen_normal);
  free(p->seen_heavy);
  free(p->served_normal);
  free(p->served_heavy);
}

void ulp_shift_token(double *x, const ulp_shift *s, const ulp_shift_pool *p,
                     bool served, int64_t t, int64_t of)
{
  bool heavy = s->kind == ULP_SHIFT_HEAVIER;
  const double *gain = s->kind == ULP_SHIFT_MOVED ? p->moved : p->gain;
  const double *from = served ? heavy ? p->served_heavy : p->served_normal
                              : heavy ? p->seen_heavy : p->seen_normal;
  double part = of > 1 ? (double)t / (double)(of - 1) : 0, factor = 1;
  if (s->kind == ULP_SHIFT_WIDER)
    factor = s->parameter;
  if (s->kind == ULP_SHIFT_DRIFT)
    factor = 1 + (s->parameter - 1) * part;
  for (int64_t c = 0; c < p->channels; c++)
    x[c] = (double)(float)(from[t * p->channels + c] * gain[c] * factor);
}

/* ---- theory ------------------------------------------------------------- */

/* Of |z| beyond x >= 0 on one side, z normal: erfc(x / sqrt 2) / 2. */
static double tail(double x)
{
  MPFR_DECL_INIT(t, 53);
  mpfr_set_d(t, x / sqrt(2), MPFR_RNDN);
  mpfr_erfc(t, t, MPFR_RNDN);
  return mpfr_get_d(t, MPFR_RNDN) / 2;
}

static double noise_ratio(const ulp_format *f, double scale, bool clips)
{
  double snr = clips ? ulp_snr_theory(f, scale, "gaussian")
                     : ulp_own_scale_theory(f, scale);
  return ulp_power(10, -snr / 10);
}

void ulp_shift_theory(double *snr_db, double *clipped, const ulp_shift *s,
                      const ulp_shift_pool *p, const ulp_format *f,
                      double scale, bool clips)
{
  ulp_range kept = ulp_clip_range(f, scale);
  double signal = 0, noise = 0, last = NAN, ratio = 0, beyond = 0;
  *snr_db = *clipped = NAN;
  if (s->kind == ULP_SHIFT_HEAVIER || s->kind == ULP_SHIFT_DRIFT)
    return;
  *clipped = 0;
  for (int64_t c = 0; c < p->channels; c++) {
    double width = s->kind == ULP_SHIFT_MOVED ? p->moved[c] : p->gain[c];
    if (s->kind == ULP_SHIFT_WIDER)
      width *= s->parameter;
    if (width != last) { /* most channels have the width of the one before */
      ratio = noise_ratio(f, scale / width, clips);
      beyond = clips ? tail(kept.high / width) + tail(-kept.low / width) : 0;
      last = width;
    }
    signal += width * width;
    noise += width * width * ratio;
    *clipped += beyond / (double)p->channels;
  }
  *snr_db = 10 * log10(signal / noise);
}
