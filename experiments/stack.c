/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A stack of layers, run without rounding and with errors, layer by layer, so
 * that the weights are drawn once and only one layer's are kept.
 */
#include "stack.h"

#include <math.h>
#include <stdlib.h>

#include "stack_layer.h"
#include "words.h"

/* Streams: [tokens, width]. */
typedef struct {
  const ulp_stack *s;
  double *exact[2];  /* mirrors, blocks */
  double *branch;    /* of the exact blocks, this layer */
  double **lines;
  float *drawn;
  int64_t layer;
  ulp_status status;
  ulp_error *e;
} machine;

static uint64_t stream_of(const char *name, int64_t layer)
{
  return (uint64_t)ulp_name_hash(name) << 24 | (uint64_t)layer;
}

/* ---- errors ------------------------------------------------------------- */

/* Adds size (c x + sqrt(1 - c^2) |x| g) to each token x, g a random direction
 * of the same power.  Lines have the same g. */
static void inject(double *x, const machine *m, const ulp_stack_line *l)
{
  int64_t h = m->s->width;
  double rest = sqrt(1 - l->correlation * l->correlation);
  uint64_t stream = stream_of("stack error", m->layer);
  for (int64_t t = 0; t < m->s->tokens; t++) {
    double xx = 0, gg = 0, *row = x + t * h;
    for (int64_t i = 0; i < h; i++) {
      double g = ulp_normal_at(m->s->normals, m->s->seed, stream,
                               (uint64_t)(t * h + i));
      xx += row[i] * row[i];
      gg += g * g;
    }
    for (int64_t i = 0; i < h; i++) {
      double g = ulp_normal_at(m->s->normals, m->s->seed, stream,
                               (uint64_t)(t * h + i));
      row[i] += l->size * (l->correlation * row[i] +
                           rest * sqrt(xx / gg) * g);
    }
  }
}

static void round_stream(double *x, const machine *m, const ulp_step *step)
{
  size_t n = (size_t)(m->s->tokens * m->s->width);
  if (step)
    ulp_step_round_array(step, x, x, n, (uint64_t)(m->layer + 1) * n);
}

static ulp_token_error compare(const double *noisy, const double *y, int64_t n)
{
  ulp_token_error r = {0, 0, 0};
  for (int64_t i = 0; i < n; i++) {
    double e = noisy[i] - y[i];
    r.signal += y[i] * y[i];
    r.cross += e * y[i];
    r.error += e * e;
  }
  return r;
}

static ulp_local_error local_error(const double *noisy, const double *y,
                                   int64_t n)
{
  ulp_token_error r = compare(noisy, y, n);
  return (ulp_local_error){r.error / r.signal, r.cross / r.signal};
}

/* ---- lines -------------------------------------------------------------- */

static bool is_active(const machine *m, const ulp_stack_line *l)
{
  return m->layer >= l->first && m->layer < l->last;
}

static ulp_status advance_blocks(double *x, const machine *m,
                                 const ulp_stack_line *l, ulp_layer_room *room,
                                 const ulp_stack_quantizers *q, ulp_error *e)
{
  int64_t n = m->s->tokens * m->s->width;
  ulp_status s = ulp_layer_branch(room, m->s, x, q, m->layer, e);
  if (s != ULP_OK)
    return s;
  if (l->site == ULP_SITE_BRANCH && l->size != 0 && is_active(m, l))
    inject(room->output, m, l);
  for (int64_t i = 0; i < n; i++)
    x[i] += room->output[i];
  return ULP_OK;
}

static ulp_status advance(machine *m, size_t line, ulp_layer_room *room,
                          const ulp_stack_quantizers *q, ulp_error *e)
{
  const ulp_stack *s = m->s;
  const ulp_stack_line *l = &s->lines[line];
  double *x = m->lines[line];
  ulp_status status = ULP_OK;
  if (l->kind == ULP_STACK_MIRRORS)
    ulp_layer_mirror(x, s, m->layer);
  else
    status = advance_blocks(x, m, l, room, q, e);
  if (status != ULP_OK)
    return status;
  if (l->site == ULP_SITE_STREAM && l->size != 0 && is_active(m, l))
    inject(x, m, l);
  round_stream(x, m, l->stream);
  return ULP_OK;
}

/* Lines that use quantizers `place` (-1: none) in this layer. */
static bool uses(const machine *m, const ulp_stack_line *l, int place)
{
  int used = l->quantizers >= 0 && is_active(m, l) ? l->quantizers : -1;
  return used == place;
}

static ulp_status group(machine *m, int place, ulp_error *e)
{
  const ulp_stack *s = m->s;
  const ulp_stack_quantizers *q = place < 0 ? NULL : &s->quantizers[place];
  ulp_layer_room room;
  ulp_status status = ULP_OK;
  if (!ulp_layer_room_make(&room, s))
    status = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (status == ULP_OK)
    status = ulp_layer_load(&room, s, m->drawn, q, m->layer, e);
  if (status == ULP_OK && q) {
    status = ulp_layer_branch(&room, s, m->exact[ULP_STACK_BLOCKS], q,
                              m->layer, e);
    if (status == ULP_OK)
      s->branch[place * s->depth + m->layer] =
          local_error(room.output, m->branch, s->tokens * s->width);
  }
  for (size_t i = 0; status == ULP_OK && i < s->lines_n; i++)
    if (uses(m, &s->lines[i], place))
      status = advance(m, i, &room, q, e);
  ulp_layer_room_free(&room);
  return status;
}

/* ---- layers ------------------------------------------------------------- */

static ulp_status exact_layer(machine *m, ulp_layer_room *room)
{
  const ulp_stack *s = m->s;
  int64_t n = s->tokens * s->width;
  double *x = m->exact[ULP_STACK_BLOCKS];
  ulp_layer_weights(m->drawn, s, m->layer);
  ulp_status status = ulp_layer_load(room, s, m->drawn, NULL, m->layer, m->e);
  if (status == ULP_OK)
    status = ulp_layer_branch(room, s, x, NULL, m->layer, m->e);
  for (int64_t i = 0; status == ULP_OK && i < n; i++)
    m->branch[i] = room->output[i];
  return status;
}

/* Called once the lines have used the exact input of the layer. */
static void finish_exact(machine *m, double *work)
{
  const ulp_stack *s = m->s;
  int64_t n = s->tokens * s->width;
  double *x = m->exact[ULP_STACK_BLOCKS];
  for (int64_t i = 0; i < n; i++)
    x[i] += m->branch[i];
  ulp_layer_mirror(m->exact[ULP_STACK_MIRRORS], s, m->layer);
  for (size_t k = 0; k < s->lines_n; k++) {
    const ulp_stack_line *l = &s->lines[k];
    if (!l->stream)
      continue;
    for (int64_t i = 0; i < n; i++)
      work[i] = m->exact[l->kind][i];
    round_stream(work, m, l->stream);
    s->stream[(int64_t)k * s->depth + m->layer] =
        local_error(work, m->exact[l->kind], n);
  }
}

static void look(const machine *m)
{
  const ulp_stack *s = m->s;
  for (size_t k = 0; k < s->stations_n; k++)
    if (s->stations[k] == (double)(m->layer + 1))
      for (size_t i = 0; i < s->lines_n; i++)
        for (int64_t t = 0; t < s->tokens; t++)
          s->errors[(i * s->stations_n + k) * (size_t)s->tokens + (size_t)t] =
              compare(m->lines[i] + t * s->width,
                      m->exact[s->lines[i].kind] + t * s->width, s->width);
}

static ulp_status run_layer(machine *m, ulp_layer_room *room)
{
  int groups = (int)m->s->quantizers_n, failed = groups;
  ulp_status status = exact_layer(m, room);
  if (status != ULP_OK)
    return status;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(m->s->threads)
#endif
  for (int g = -1; g < groups; g++) {
    ulp_error e;
    ulp_status one = group(m, g, &e);
    if (one == ULP_OK)
      continue;
#ifdef _OPENMP
#pragma omp critical
#endif
    if (g < failed) { /* the first, on any number of threads */
      failed = g;
      status = one;
      *m->e = e;
    }
  }
  if (status == ULP_OK)
    finish_exact(m, room->input);
  look(m);
  return status;
}

/* Tokens of power 1, in numbers that bf16 has. */
static void start(machine *m)
{
  const ulp_stack *s = m->s;
  int64_t h = s->width, n = s->tokens * h;
  ulp_format bf16;
  double *x = m->exact[ULP_STACK_BLOCKS];
  bool known = ulp_format_find("bf16", &bf16, NULL, 0) == ULP_OK;
  ulp_step step = ulp_step_of(&bf16, NULL);
  for (int64_t t = 0; t < s->tokens && known; t++) {
    double xx = 0, *row = x + t * h;
    for (int64_t i = 0; i < h; i++) {
      row[i] = ulp_normal_at(s->normals, s->seed,
                             ulp_name_hash("stack tokens"),
                             (uint64_t)(t * h + i));
      xx += row[i] * row[i] / (double)h;
    }
    for (int64_t i = 0; i < h; i++)
      row[i] = ulp_step_round(&step, row[i] / sqrt(xx), 0);
  }
  for (int64_t i = 0; i < n; i++)
    m->exact[ULP_STACK_MIRRORS][i] = x[i];
  m->layer = -1;
  for (size_t k = 0; k < s->lines_n; k++) {
    for (int64_t i = 0; i < n; i++)
      m->lines[k][i] = x[i];
    round_stream(m->lines[k], m, s->lines[k].stream);
  }
}

ulp_status ulp_stack_run(const ulp_stack *s, ulp_error *e)
{
  size_t n = (size_t)(s->tokens * s->width);
  machine m = {.s = s, .e = e};
  ulp_layer_room room;
  double *all = calloc((s->lines_n + 3) * n, sizeof *all);
  m.lines = calloc(s->lines_n + 1, sizeof *m.lines);
  bool ok = ulp_layer_room_make(&room, s) && all && m.lines;
  ulp_status status = ok ? ULP_OK
                         : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (ok) {
    m.drawn = room.drawn;
    m.exact[0] = all;
    m.exact[1] = all + n;
    m.branch = all + 2 * n;
    for (size_t i = 0; i < s->lines_n; i++)
      m.lines[i] = all + (3 + i) * n;
    start(&m);
  }
  for (m.layer = 0; status == ULP_OK && m.layer < s->depth; m.layer++)
    status = run_layer(&m, &room);
  ulp_layer_room_free(&room);
  free(m.lines);
  free(all);
  return status;
}
