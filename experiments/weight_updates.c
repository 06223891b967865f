/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Weights that are updated and rounded.
 */
#include "weight_updates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "parameters.h"

/* ---- weights ------------------------------------------------------------ */

typedef struct {
  ulp_weights *w;
  const ulp_run *run;
} reader;

static ulp_status make_room(ulp_weights *w, int64_t count, ulp_error *e)
{
  w->count = count;
  w->value = malloc((size_t)(count ? count : 1) * sizeof *w->value);
  return w->value ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

static ulp_status draw(ulp_weights *w, const ulp_run *run, ulp_error *e)
{
  static const int64_t count[] = {1 << 10, 1 << 12, 1 << 14};
  ulp_status s = make_room(w, count[run->effort], e);
  if (s == ULP_OK)
    s = ulp_sample("gaussian", w->value, (size_t)w->count, false, run->seed,
                   (uint64_t)ulp_name_hash("master_weights") << 32);
  for (int64_t i = 0; s == ULP_OK && i < w->count; i++)
    w->value[i] *= w->deviation;
  w->rms = w->deviation;
  return s;
}

static ulp_status read_weight(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  const reader *r = data;
  ulp_weights *w = &r->w[i];
  bool many = strncmp(word, "gaussian:", 9) == 0;
  double x;
  if (!ulp_number_of(&x, many ? word + 9 : word) ||
      !(x >= 0x1p-100 && x <= 0x1p100) || strlen(word) > 60)
    return ulp_error_set(e, ULP_EINVAL, "--weights '%.40s': expected a number "
                         "above 0, or gaussian: and one", word);
  (void)snprintf(w->name, sizeof w->name, "%s", word);
  if (many) {
    w->deviation = x;
    return draw(w, r->run, e);
  }
  ulp_status s = make_room(w, 1, e);
  if (s == ULP_OK)
    w->value[0] = w->rms = x;
  return s;
}

static ulp_status read_tensor(ulp_weights *w, const ulp_source *x,
                              ulp_error *e)
{
  static const int64_t most = 1 << 20;
  ulp_status s = make_room(w, x->count < most ? x->count : most, e);
  if (s != ULP_OK)
    return s;
  int64_t kept = 0;
  double squares = 0;
  ulp_source_read(x, w->value, 0, w->count);
  for (int64_t i = 0; i < w->count; i++)
    if (isfinite(w->value[i])) {
      w->value[kept] = w->value[i];
      squares += w->value[kept] * w->value[kept];
      kept++;
    }
  w->count = kept;
  w->rms = sqrt(squares / (double)kept);
  (void)snprintf(w->name, sizeof w->name, "%.60s", x->name);
  if (w->rms >= 0x1p-100 && w->rms <= 0x1p100)
    return ULP_OK;
  return ulp_error_set(e, ULP_EFORMAT, "tensor '%.200s': expected finite "
                       "weights that are not all 0", x->name);
}

static ulp_status read_tensors(ulp_weights **out, size_t *count,
                               const ulp_run *run, ulp_error *e)
{
  ulp_source *sources;
  ulp_status s = ulp_sources(&sources, count, run, e);
  *out = s == ULP_OK ? calloc(*count + 1, sizeof **out) : NULL;
  if (s == ULP_OK && !*out)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < *count; i++)
    s = read_tensor(&(*out)[i], &sources[i], e);
  ulp_sources_free(sources, *count);
  return s;
}

ulp_status ulp_weights_read(ulp_weights **out, size_t *count,
                            const ulp_run *run, ulp_error *e)
{
  *out = NULL;
  *count = 0;
  if (run->file)
    return read_tensors(out, count, run, e);
  const char *list = ulp_run_parameter(run, "weights");
  *count = ulp_words_count(list);
  *out = calloc(*count + 1, sizeof **out);
  reader r = {*out, run};
  return *out ? ulp_words_read(list, read_weight, &r, e)
              : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

void ulp_weights_free(ulp_weights *w, size_t count)
{
  for (size_t i = 0; w && i < count; i++)
    free(w[i].value);
  free(w);
}

ulp_status ulp_weights_check(const ulp_weights *w, size_t count,
                             const ulp_gaps *g, ulp_error *e)
{
  for (size_t i = 0; i < count; i++) {
    double x = w[i].value[0];
    ulp_gap_place at = ulp_gap_find(g, x);
    if (w[i].count == 1 && w[i].deviation == 0 &&
        (at.fraction != 0 || at.index < 2 || at.index + 1 >= g->count ||
         (double)(float)x != x))
      return ulp_error_set(e, ULP_EINVAL, "--weights: %s is no value of %s "
                           "with neighbours", w[i].name, g->format.name);
  }
  return ULP_OK;
}

/* ---- updates ------------------------------------------------------------ */

void ulp_update_set(ulp_update_case *c, double relative, ulp_effort effort)
{
  static const int64_t most[] = {1 << 8, 1 << 10, 1 << 12};
  c->update = (double)(float)(relative * c->weights->rms);
  double half = floor(0.5 / relative);
  c->steps = half < (double)most[effort] ? (int64_t)half : most[effort];
}

/* A sum of a value and an update is an f64 but for bits that no mode here
 * looks at: both have few, and weights are at most 2^29 updates. */
static double rounded(const ulp_update_case *c, double x, uint64_t index)
{
  if (c->master)
    return (double)(float)x;
  return ulp_decode(&c->gaps->format, ulp_encode_f64(&c->gaps->format, x,
                                                     &c->rounding, index));
}

static double start_of(const ulp_update_case *c, int64_t i)
{
  const ulp_rounding rne = {.mode = ULP_RNE,
                            .overflow = ULP_OVERFLOW_SATURATE};
  const ulp_weights *w = c->weights;
  const ulp_format *f = &c->gaps->format;
  return ulp_decode(
      f, ulp_encode_f64(f, w->value[w->count == 1 ? 0 : i], &rne, 0));
}

typedef struct {
  double start, half, end;
  bool lost;
} way;

static way walk(const ulp_update_case *c, int64_t i)
{
  way out = {.start = start_of(c, i)};
  double x = out.start, sign = (x < 0) != c->down ? -1 : 1;
  for (int64_t t = 0; t < c->steps; t++) {
    if (t == c->steps / 2)
      out.half = x;
    x = rounded(c, x + sign * c->update, (uint64_t)(i * c->steps + t));
    if (t == 0)
      out.lost = x == out.start;
  }
  out.end = x;
  return out;
}

ulp_status ulp_update_run(ulp_update_result *out, const ulp_update_case *c,
                          ulp_effort effort)
{
  static const int64_t runs[] = {1 << 6, 1 << 8, 1 << 10};
  bool one = c->weights->count == 1;
  bool chance = c->rounding.mode == ULP_SR && !c->master;
  int64_t n = one ? (chance ? runs[effort] : 1) : c->weights->count;
  double sum = 0, squares = 0, all = (double)c->steps * c->update;
  *out = (ulp_update_result){.count = n};
  for (int64_t i = 0; i < n; i++) {
    way w = walk(c, i);
    double sign = (w.start < 0) != c->down ? -1 : 1;
    double gain = sign * (w.end - w.start) / all;
    out->lost += w.lost;
    out->stalled += w.end == w.half;
    sum += gain;
    squares += gain * gain;
  }
  double count = (double)n;
  out->lost /= count;
  out->stalled /= count;
  out->gain = sum / count;
  double variance = (squares - sum * out->gain) / (count - 1);
  out->deviation = n > 1 && variance > 0 ? sqrt(variance) : 0;
  return ULP_OK;
}

/* ---- thresholds --------------------------------------------------------- */

/* Floats above 0 are in the order of their bits. */
static float from_bits(uint32_t bits)
{
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

double ulp_least_update(const ulp_update_case *c)
{
  double w = start_of(c, 0);
  float far = (float)w;
  uint32_t low = 0, high; /* low leaves it, high (w itself) does not */
  memcpy(&high, &far, sizeof high);
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    double update = (double)from_bits(middle);
    if (rounded(c, c->down ? w - update : w + update, 0) == w)
      low = middle;
    else
      high = middle;
  }
  return (double)from_bits(high);
}

static double next_f32(double x)
{
  return (double)nextafterf((float)x, INFINITY);
}

double ulp_predict_least_update(const ulp_update_case *c)
{
  double w = c->weights->value[0];
  if (c->master) { /* f32: 24 bits */
    int exponent;
    double fraction = frexp(w, &exponent); /* from 1/2 to 1 */
    double gap = ldexp(1, exponent - (c->down && fraction == 0.5 ? 25 : 24));
    bool odd = fmod(w, 2 * gap) != 0;
    return odd ? gap / 2 : next_f32(gap / 2);
  }
  int64_t i = ulp_gap_find(c->gaps, w).index;
  const double *v = c->gaps->value;
  double gap = c->down ? v[i] - v[i - 1] : v[i + 1] - v[i];
  return i % 2 ? gap / 2 : next_f32(gap / 2);
}
