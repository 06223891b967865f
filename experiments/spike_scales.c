/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who chooses the scale of tokens a few of which are much larger.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "snr.h"
#include "spikes.h"

static const struct {
  const char *name;
  bool takes_number;
} names[] = {
    [ULP_SPIKE_STATIC] = {"static", false},
    [ULP_SPIKE_STATIC_PLAIN] = {"static-plain", false},
    [ULP_SPIKE_PERCENTILE] = {"percentile:", true},
    [ULP_SPIKE_DYNAMIC_TENSOR] = {"dynamic-tensor", false},
    [ULP_SPIKE_DYNAMIC_TOKEN] = {"dynamic-token", false},
    [ULP_SPIKE_GROUP] = {"group:", true},
    [ULP_SPIKE_PREFIX] = {"prefix", false}};

ulp_status ulp_spike_handling_read(ulp_spike_handling *h, const char *word,
                                   ulp_error *e)
{
  (void)snprintf(h->word, sizeof h->word, "%.39s", word);
  for (int k = 0; k <= ULP_SPIKE_PREFIX; k++) {
    const char *name = names[k].name;
    size_t n = strlen(name);
    char *end = NULL;
    h->how = (ulp_spike_how)k;
    if (!names[k].takes_number && strcmp(name, word) == 0)
      return ULP_OK;
    if (!names[k].takes_number || strncmp(name, word, n) != 0)
      continue;
    h->parameter = strtod(word + n, &end);
    bool whole = h->parameter == floor(h->parameter);
    if (word[n] && !*end && h->parameter > 0 &&
        (k == ULP_SPIKE_GROUP ? whole && h->parameter < 65537
                              : h->parameter <= 100))
      return ULP_OK;
  }
  return ulp_error_set(e, ULP_EINVAL, "--handlings '%.40s': expected static, "
                       "static-plain, percentile:P, dynamic-tensor, "
                       "dynamic-token, group:N or prefix", word);
}

/* ---- scales ------------------------------------------------------------- */

/* The value below which `percent` of all |x| lie, as in analysis.h. */
static double percentile_of(const double *x, int64_t n, double percent)
{
  ulp_summary *s = ulp_summary_new();
  if (!s)
    return NAN;
  ulp_summary_add(s, x, (size_t)n);
  double p = ulp_summary_percentile(s, percent);
  ulp_summary_free(s);
  return p;
}

static double ordinary_amax(const ulp_spiked *m)
{
  double amax = 0;
  for (int64_t t = 0; t < m->tokens; t++)
    if (!m->seen_spiked[t])
      amax = fmax(amax, ulp_amax(m->seen + t * m->channels, m->channels));
  return amax;
}

static double reach_of(const ulp_spiked *m, const ulp_spike_handling *h)
{
  int64_t n = m->tokens * m->channels;
  switch (h->how) {
  case ULP_SPIKE_STATIC: return ulp_amax(m->seen, n);
  case ULP_SPIKE_STATIC_PLAIN:
  case ULP_SPIKE_PREFIX: return ordinary_amax(m);
  case ULP_SPIKE_PERCENTILE: return percentile_of(m->seen, n, h->parameter);
  default: return ulp_amax(m->x, n);
  }
}

static double scale_of(double reach, const ulp_format *f)
{
  double scale = (double)(float)(reach / ulp_max(f));
  return scale > 0 ? scale : 1;
}

/* ---- errors ------------------------------------------------------------- */

/* n elements under one scale; clipped ones are counted. */
static ulp_status quantize(double *y, int64_t *clipped, const double *x,
                           int64_t n, const ulp_format *f, double scale,
                           void *code)
{
  const ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_SATURATE};
  ulp_range kept = ulp_clip_range(f, scale);
  ulp_status s = ulp_encode_array(f, code, x, (size_t)n, scale, &r, 0);
  if (s != ULP_OK)
    return s;
  ulp_decode_array(f, y, code, (size_t)n, scale);
  for (int64_t i = 0; i < n; i++)
    *clipped += x[i] < kept.low || x[i] > kept.high;
  return ULP_OK;
}

static void keep(double *y, const double *x, int64_t n, const ulp_format *bf16)
{
  const ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_IEEE};
  for (int64_t i = 0; i < n; i++)
    y[i] = ulp_decode(bf16, ulp_encode_f64(bf16, x[i], &r, 0));
}

static ulp_status run_token(ulp_spike_outcome *o, double *squares,
                            const ulp_spiked *m, int64_t t,
                            const ulp_format *f, const ulp_spike_handling *h,
                            void *code)
{
  const double *x = m->x + t * m->channels;
  double *y = o->y + t * m->channels;
  int64_t clipped = 0, width = m->channels;
  ulp_status s = ULP_OK;
  if (h->how == ULP_SPIKE_GROUP && h->parameter < (double)width)
    width = (int64_t)h->parameter;
  bool own = h->how == ULP_SPIKE_GROUP || h->how == ULP_SPIKE_DYNAMIC_TOKEN;
  for (int64_t i = 0; s == ULP_OK && i < m->channels; i += width) {
    int64_t n = m->channels - i < width ? m->channels - i : width;
    double scale = own ? scale_of(ulp_amax(x + i, n), f) : o->scale;
    if (!m->spiked[t])
      *squares += scale * scale * (double)n;
    s = quantize(y + i, &clipped, x + i, n, f, scale, code);
  }
  o->clipped += m->spiked[t] ? clipped : 0;
  for (int64_t i = 0; !m->spiked[t] && i < m->channels; i++)
    o->flushed += x[i] != 0 && y[i] == 0;
  return s;
}

ulp_status ulp_spike_quantize(ulp_spike_outcome *o, const ulp_spiked *m,
                              const ulp_format *f,
                              const ulp_spike_handling *h)
{
  ulp_format bf16;
  double squares = 0;
  int64_t ordinary = (m->tokens - m->count) * m->channels;
  void *code = malloc((size_t)m->channels * f->storage_bytes);
  o->y = malloc((size_t)(m->tokens * m->channels) * sizeof *o->y);
  ulp_status s = ulp_format_find("bfloat16", &bf16, NULL, 0);
  if (!code || !o->y)
    s = ULP_ENOMEM;
  o->scale = scale_of(reach_of(m, h), f);
  for (int64_t t = 0; s == ULP_OK && t < m->tokens; t++) {
    if (h->how == ULP_SPIKE_PREFIX && m->spiked[t])
      keep(o->y + t * m->channels, m->x + t * m->channels, m->channels, &bf16);
    else
      s = run_token(o, &squares, m, t, f, h, code);
  }
  if (ordinary)
    o->scale = sqrt(squares / (double)ordinary);
  free(code);
  return s;
}

double ulp_spike_bits(const ulp_spiked *m, const ulp_format *f,
                      const ulp_spike_handling *h)
{
  double share = (double)m->count / (double)m->tokens;
  double width = fmin(h->parameter, (double)m->channels);
  switch (h->how) {
  case ULP_SPIKE_DYNAMIC_TOKEN: return f->bits + 32 / (double)m->channels;
  case ULP_SPIKE_DYNAMIC_TENSOR:
    return f->bits + 32 / (double)(m->channels * m->tokens);
  case ULP_SPIKE_GROUP:
    return f->bits + 32 * ceil((double)m->channels / width) /
                         (double)m->channels;
  case ULP_SPIKE_PREFIX: return f->bits * (1 - share) + 16 * share;
  default: return f->bits;
  }
}

/* In small groups of floats the greatest number, which has no error, is much of
 * the power: not computed. */
double ulp_spike_theory(const ulp_format *f, double scale,
                        const ulp_spike_handling *h)
{
  bool clips = h->how != ULP_SPIKE_DYNAMIC_TENSOR &&
               h->how != ULP_SPIKE_DYNAMIC_TOKEN && h->how != ULP_SPIKE_GROUP;
  if (h->how == ULP_SPIKE_GROUP && f->kind == ULP_FLOAT)
    return NAN;
  return clips ? ulp_snr_theory(f, scale, "gaussian")
               : ulp_own_scale_theory(f, scale);
}
