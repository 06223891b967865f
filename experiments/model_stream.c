/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two runs of a window: one under the plan, and one of the reference that has
 * the plan's stream put in before every layer.  What that one differs by from
 * the reference is inherited; what the plan differs by from it is new.
 *
 * The other way about, the plan's layer on the reference's stream, leaves in
 * the inherited part the difference of two roundings of activations, since
 * those of other inputs are others: they are then as large as the new error,
 * and against it.
 */
#include "model_stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model_units.h"

/* What a watch needs; streams are [depths, length, hidden]. */
typedef struct {
  const ulp_model_stream *st;
  double *reference, *stream; /* of the plan */
  double *kept;               /* the one that `keep` writes */
  ulp_stream_sums *sums; /* [depths] */
  int64_t token;         /* first of the chunk */
} window_work;

static int64_t hidden_of(const ulp_model_stream *st)
{
  return ulp_llama_settings(st->c->model)->hidden;
}

static size_t stream_size(const ulp_model_stream *st)
{
  return (size_t)(st->depths * st->c->length * hidden_of(st));
}

const ulp_stream_sums *ulp_stream_at(const ulp_model_stream *st, size_t plan,
                                     int64_t window, int64_t depth)
{
  return st->sums +
         ((int64_t)plan * st->c->windows + window) * st->depths + depth;
}

static double *chunk_of(const window_work *w, double *stream, int64_t depth)
{
  return stream +
         (depth * w->st->c->length + w->token) * hidden_of(w->st);
}

/* ---- watches ------------------------------------------------------------ */

static void move_on(window_work *w, int64_t depth, int64_t n)
{
  if (depth + 1 == w->st->depths)
    w->token += n;
}

static void keep(void *data, int64_t depth, double *x, int64_t n)
{
  window_work *w = data;
  memcpy(chunk_of(w, w->kept, depth), x,
         (size_t)(n * hidden_of(w->st)) * sizeof *x);
  move_on(w, depth, n);
}

static double cosine_of(const double *x, const double *y, int64_t n)
{
  double xx = 0, yy = 0, xy = 0;
  for (int64_t i = 0; i < n; i++) {
    xx += x[i] * x[i];
    yy += y[i] * y[i];
    xy += x[i] * y[i];
  }
  return xy / sqrt(xx * yy);
}

/* x: of the reference's layer on the plan's stream; the next has that, too. */
static void compare(void *data, int64_t depth, double *x, int64_t n)
{
  window_work *w = data;
  const double *reference = chunk_of(w, w->reference, depth);
  const double *stream = chunk_of(w, w->stream, depth);
  int64_t hidden = hidden_of(w->st);
  ulp_stream_sums *s = &w->sums[depth];
  for (int64_t i = 0; i < n * hidden; i++) {
    double error = stream[i] - reference[i], inherited = x[i] - reference[i];
    double added = stream[i] - x[i];
    s->power += reference[i] * reference[i];
    s->total += error * error;
    s->added += added * added;
    s->inherited += inherited * inherited;
    s->dot += added * inherited;
    x[i] = stream[i];
  }
  for (int64_t i = 0; i < n; i++)
    s->cosine += cosine_of(stream + i * hidden, reference + i * hidden, hidden);
  s->tokens += (double)n;
  move_on(w, depth, n);
}

/* ---- windows ------------------------------------------------------------ */

static ulp_status run_window(const ulp_model_unit *u, ulp_llama_state *state,
                             window_work *w, int64_t window,
                             ulp_llama_watch *watch, ulp_error *e)
{
  int64_t n = ulp_model_window(w->st->c, window, u->tokens);
  w->token = 0;
  ulp_llama_cut(state, 0);
  return ulp_llama_run(state, u->tokens, n, n, NULL, watch, w, e);
}

static ulp_status keep_reference(const ulp_model_unit *u, ulp_model_stream *st,
                                 ulp_error *e)
{
  window_work w = {.st = st};
  ulp_status s = ULP_OK;
  for (int64_t i = u->first; s == ULP_OK && i < st->c->windows;
       i += u->stride) {
    w.kept = st->reference + (size_t)i * stream_size(st);
    s = run_window(u, u->state, &w, i, keep, e);
  }
  return s;
}

static ulp_status compare_plan(const ulp_model_unit *u, window_work *w,
                               ulp_llama_state *exact, ulp_error *e)
{
  const ulp_model_stream *st = w->st;
  ulp_status s = ULP_OK;
  for (int64_t i = u->first; s == ULP_OK && i < st->c->windows;
       i += u->stride) {
    w->reference = st->reference + (size_t)i * stream_size(st);
    w->sums = st->sums +
              ((int64_t)u->number * st->c->windows + i) * st->depths;
    s = run_window(u, u->state, w, i, keep, e);
    if (s == ULP_OK)
      s = run_window(u, exact, w, i, compare, e);
    for (int64_t k = 1; k < st->depths; k++)
      w->sums[k].before = w->sums[k - 1].total;
  }
  return s;
}

static ulp_status work(const ulp_model_unit *u, void *data, ulp_error *e)
{
  ulp_model_stream *st = data;
  if (u->number == ULP_MODEL_REFERENCE)
    return keep_reference(u, st, e);
  ulp_llama_state *exact;
  ulp_status s = ulp_llama_begin(&exact, st->c->model, st->c->length,
                                 st->c->reference, 1, e);
  if (s != ULP_OK)
    return s;
  window_work w = {.st = st};
  w.stream = w.kept = malloc(stream_size(st) * sizeof *w.stream);
  s = w.stream ? compare_plan(u, &w, exact, e)
               : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_llama_end(exact);
  free(w.stream);
  return s;
}

ulp_status ulp_model_stream_measure(ulp_model_stream *st, const bool *wanted,
                                    int threads, ulp_error *e)
{
  size_t windows = (size_t)st->c->windows, depths = (size_t)st->depths;
  st->reference = malloc(windows * stream_size(st) * sizeof *st->reference);
  st->sums = calloc(st->c->plan_count * windows * depths + 1,
                    sizeof *st->sums);
  if (!st->reference || !st->sums)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory for %lld windows of "
                         "%lld tokens", (long long)st->c->windows,
                         (long long)st->c->length);
  return ulp_model_units_run(st->c, wanted, threads, work, st, e);
}

void ulp_model_stream_free(ulp_model_stream *st)
{
  free(st->reference);
  free(st->sums);
}

ulp_interval ulp_stream_ratio(const ulp_model_stream *st, size_t plan,
                              int64_t depth, ulp_stream_value *a,
                              ulp_stream_value *b)
{
  size_t n = (size_t)st->c->windows;
  ulp_interval r = {NAN, NAN};
  double *x = malloc(2 * n * sizeof *x);
  for (size_t i = 0; x && i < n; i++) {
    const ulp_stream_sums *s = ulp_stream_at(st, plan, (int64_t)i, depth);
    x[i] = a(s);
    x[n + i] = b(s);
  }
  if (x)
    r = ulp_ratio_of(x, x + n, n);
  free(x);
  return r;
}
