/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Activations: heard by a tap, kept, summed up.
 */
#include "model_activations.h"

#include <math.h>
#include <stdlib.h>

#include "model_units.h"

/* ---- hearing ------------------------------------------------------------ */

typedef struct {
  ulp_activations *a;
  int64_t window, token; /* first of the chunk */
} listener;

int64_t ulp_activations_columns(const ulp_activations *a, int64_t place)
{
  const ulp_llama_config *c = ulp_llama_settings(a->c->model);
  if (place == a->places - 1)
    return c->hidden;
  switch (place % ULP_INPUTS) {
  case ULP_INPUT_O: return c->heads * c->head_dim;
  case ULP_INPUT_DOWN: return c->intermediate;
  default: return c->hidden;
  }
}

static int64_t place_of(const ulp_activations *a, int64_t layer,
                        ulp_llama_matrix which)
{
  switch (which) {
  case ULP_LLAMA_Q: return layer * ULP_INPUTS + ULP_INPUT_QKV;
  case ULP_LLAMA_O: return layer * ULP_INPUTS + ULP_INPUT_O;
  case ULP_LLAMA_GATE: return layer * ULP_INPUTS + ULP_INPUT_GATE_UP;
  case ULP_LLAMA_DOWN: return layer * ULP_INPUTS + ULP_INPUT_DOWN;
  case ULP_LLAMA_MATRICES: return a->places - 1;
  default: return -1; /* K, V and UP see what another does */
  }
}

static void hear(void *data, int64_t layer, ulp_llama_matrix which,
                 const double *x, int64_t n)
{
  listener *l = data;
  int64_t place = place_of(l->a, layer, which);
  if (place < 0)
    return;
  int64_t columns = ulp_activations_columns(l->a, place);
  float *to = l->a->x[place] +
              (l->window * l->a->c->length + l->token) * columns;
  for (int64_t i = 0; i < n * columns; i++)
    to[i] = (float)x[i];
  if (place == l->a->places - 1)
    l->token += n;
}

static ulp_status work(const ulp_model_unit *u, void *data, ulp_error *e)
{
  ulp_activations *a = data;
  int64_t vocab = ulp_llama_settings(a->c->model)->vocab;
  double *logits = malloc((size_t)(a->c->length * vocab) * sizeof *logits);
  ulp_status s = ULP_OK;
  if (!logits)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t i = u->first; s == ULP_OK && i < a->c->windows;
       i += u->stride) {
    listener l = {a, i, 0};
    int64_t n = ulp_model_window(a->c, i, u->tokens);
    ulp_llama_listen(u->state, hear, &l);
    ulp_llama_cut(u->state, 0);
    s = ulp_llama_run(u->state, u->tokens, n, 0, logits, NULL, NULL, e);
  }
  free(logits);
  return s;
}

ulp_status ulp_activations_make(ulp_activations *a, const ulp_model_case *c,
                                int threads, ulp_error *e)
{
  a->c = c;
  a->places = ulp_llama_settings(c->model)->layers * ULP_INPUTS + 1;
  a->x = calloc((size_t)a->places, sizeof *a->x);
  bool memory = a->x != NULL;
  for (int64_t i = 0; memory && i < a->places; i++) {
    int64_t n = c->windows * c->length * ulp_activations_columns(a, i);
    memory = (a->x[i] = malloc((size_t)n * sizeof **a->x)) != NULL;
  }
  return memory ? ulp_model_units_run(c, NULL, threads, work, a, e)
                : ulp_error_set(e, ULP_ENOMEM, "out of memory for %lld windows "
                                "of %lld tokens", (long long)c->windows,
                                (long long)c->length);
}

void ulp_activations_free(ulp_activations *a)
{
  for (int64_t i = 0; a->x && i < a->places; i++)
    free(a->x[i]);
  free(a->x);
}

int64_t ulp_activations_window(const ulp_activations *a, int64_t place,
                               int64_t window, const float **x)
{
  int64_t from = window * a->c->slots / a->c->windows * a->c->length;
  int64_t n = a->c->count - !a->c->has_start - from;
  *x = a->x[place] +
       window * a->c->length * ulp_activations_columns(a, place);
  return n < a->c->length ? n : a->c->length;
}

/* ---- channels and tokens ------------------------------------------------ */

static int by_size(const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Sorts x; of an even number the mean of the two in the middle. */
static double median(float *x, int64_t n)
{
  qsort(x, (size_t)n, sizeof *x, by_size);
  return ((double)x[(n - 1) / 2] + (double)x[n / 2]) / 2;
}

static double share_above(const float *x, int64_t n, double limit)
{
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++)
    count += (double)x[i] > limit;
  return (double)count / (double)n;
}

typedef struct {
  float *magnitude, *token, *channel, *rms; /* of all; amax; amax; rms */
  double *squares;
} extremes;

static void add_window(const ulp_activations *a, int64_t place, int64_t window,
                       extremes *x, ulp_activation_summary *s)
{
  const float *from;
  int64_t n = ulp_activations_window(a, place, window, &from);
  for (int64_t t = 0; t < n; t++, s->tokens++) {
    float *most = &x->token[s->tokens];
    *most = 0;
    for (int64_t c = 0; c < s->channels; c++) {
      float m = fabsf(from[t * s->channels + c]);
      x->magnitude[s->tokens * s->channels + c] = m;
      x->squares[c] += (double)m * (double)m;
      x->channel[c] = m > x->channel[c] ? m : x->channel[c];
      *most = m > *most ? m : *most;
      if ((double)m <= s->amax)
        continue;
      s->amax = (double)m;
      s->top_channel = c;
      s->top_position = t;
    }
  }
}

static void sum_up(ulp_activation_summary *s, extremes *x, double times)
{
  int64_t n = s->tokens, channels = s->channels;
  double all = 0, greatest = 0;
  for (int64_t c = 0; c < channels; c++) {
    double rms = sqrt(x->squares[c] / (double)n);
    all += x->squares[c];
    greatest = rms > greatest ? rms : greatest;
    x->rms[c] = (float)rms;
  }
  s->rms = sqrt(all / (double)(n * channels));
  s->amax_median = s->amax / median(x->magnitude, n * channels);
  s->channel_ratio = greatest / median(x->rms, channels);
  s->outlier_channels = share_above(x->channel, channels,
                                    times * median(x->channel, channels));
  double middle = median(x->token, n);
  s->token_ratio = s->amax / middle;
  s->spiked_tokens = share_above(x->token, n, times * middle);
}

ulp_status ulp_activations_summarize(ulp_activation_summary *s,
                                     const ulp_activations *a, int64_t place,
                                     double times, ulp_error *e)
{
  int64_t columns = ulp_activations_columns(a, place);
  size_t tokens = (size_t)(a->c->windows * a->c->length);
  size_t channels = (size_t)columns;
  *s = (ulp_activation_summary){.channels = columns};
  extremes x = {malloc(tokens * channels * sizeof(float)),
                malloc(tokens * sizeof(float)),
                calloc(channels, sizeof(float)),
                calloc(channels, sizeof(float)),
                calloc(channels, sizeof(double))};
  bool memory = x.magnitude && x.token && x.channel && x.rms && x.squares;
  for (int64_t w = 0; memory && w < a->c->windows; w++)
    add_window(a, place, w, &x, s);
  if (memory)
    sum_up(s, &x, times);
  free(x.magnitude);
  free(x.token);
  free(x.channel);
  free(x.rms);
  free(x.squares);
  return memory ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- over windows ------------------------------------------------------- */

/* 1 / rms of channel c in a window. */
static double scale_of(const float *x, int64_t n, int64_t columns, int64_t c,
                       bool normalized)
{
  double sum = 0;
  for (int64_t t = 0; normalized && t < n; t++)
    sum += (double)x[t * columns + c] * (double)x[t * columns + c];
  return sum > 0 ? 1 / sqrt(sum / (double)n) : 1;
}

/* Fourth moment over the squared second, about 0: activations of a channel
 * need not have a mean of 0, and formats do not take it off either. */
static double kurtosis_of(const ulp_activations *a, int64_t place,
                          int64_t window, bool normalized)
{
  const float *x;
  double second = 0, fourth = 0;
  int64_t n = ulp_activations_window(a, place, window, &x);
  int64_t columns = ulp_activations_columns(a, place);
  for (int64_t c = 0; c < columns; c++) {
    double scale = scale_of(x, n, columns, c, normalized);
    for (int64_t t = 0; t < n; t++) {
      double v = (double)x[t * columns + c] * scale, v2 = v * v;
      second += v2;
      fourth += v2 * v2;
    }
  }
  return fourth * (double)(n * columns) / (second * second);
}

ulp_interval ulp_activations_kurtosis(const ulp_activations *a, int64_t place,
                                      bool normalized)
{
  size_t n = (size_t)a->c->windows;
  double *k = malloc(n * sizeof *k);
  for (size_t i = 0; k && i < n; i++)
    k[i] = kurtosis_of(a, place, (int64_t)i, normalized);
  ulp_interval r = k ? ulp_interval_of(k, n) : (ulp_interval){NAN, NAN};
  free(k);
  return r;
}

static ulp_status window_snr(double *db, const ulp_activations *a,
                             int64_t place, int64_t window,
                             const ulp_quantizer *q, float *room, ulp_error *e)
{
  const float *x;
  double signal = 0, noise = 0;
  int64_t shape[] = {ulp_activations_window(a, place, window, &x),
                     ulp_activations_columns(a, place)};
  ulp_status s = ulp_quantizer_values(q, 2, shape, room, x, 0, e);
  for (int64_t i = 0; s == ULP_OK && i < shape[0] * shape[1]; i++) {
    double d = (double)room[i] - (double)x[i];
    signal += (double)x[i] * (double)x[i];
    noise += d * d;
  }
  *db = noise > 0 ? 10 * log10(signal / noise) : NAN;
  return s;
}

ulp_status ulp_activations_snr(ulp_interval *out, const ulp_activations *a,
                               int64_t place, const ulp_quantizer *q,
                               const ulp_quantizer *less, ulp_error *e)
{
  int64_t n = a->c->windows;
  size_t columns = (size_t)ulp_activations_columns(a, place);
  double *db = malloc((size_t)n * sizeof *db);
  float *room = malloc((size_t)a->c->length * columns * sizeof *room);
  ulp_status s = db && room ? ULP_OK
                            : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t w = 0; s == ULP_OK && w < n; w++) {
    double other = 0;
    s = window_snr(&db[w], a, place, w, q, room, e);
    if (s == ULP_OK && less)
      s = window_snr(&other, a, place, w, less, room, e);
    db[w] -= other;
  }
  if (s == ULP_OK)
    *out = ulp_interval_of(db, (size_t)n);
  free(db);
  free(room);
  return s;
}
