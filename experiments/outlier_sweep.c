/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parameters and pictures of experiments/outlier_channels.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "outlier_sweep.h"
#include "parameters.h"

static ulp_status read_numbers(outlier_sweep *st, const ulp_run *run,
                               ulp_error *e)
{
  static const ulp_extent axes[] = {{"TOKENS", {64, 256, 512}, 1, 1 << 16},
                                    {"OUTPUTS", {64, 128, 256}, 1, 1 << 16},
                                    {"CHANNELS", {128, 512, 1024}, 1, 1 << 16}};
  int64_t shape[3];
  ulp_status s = ulp_shape_parameter(shape, run, "shape", axes, 3, e);
  st->tokens = shape[0];
  st->outputs = shape[1];
  st->channels = shape[2];
  if (s == ULP_OK)
    s = ulp_number_parameter(&st->calibration, run, "calibration",
                             ulp_between(0, 1e4), e);
  if (s == ULP_OK)
    s = ulp_number_parameter(&st->correlation, run, "correlation",
                             ulp_between(-1, 1), e);
  return s;
}

static ulp_status add_outliers(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  outlier_sweep *st = data;
  ulp_outlier_picture *p = &st->pictures[i];
  st->picture_count = i + 1;
  (void)snprintf(p->name, sizeof p->name, "%.60s", word);
  return ulp_outliers_read(&st->outliers[i], "channels", word, e);
}

static ulp_status read_remedy(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  ulp_remedy *remedies = data;
  return ulp_remedy_read(&remedies[i], word, e);
}

static ulp_status check_scheme(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  const ulp_layer_scheme *s;
  (void)data;
  (void)i;
  for (size_t n = 0; (s = ulp_layer_scheme_row(n)) != NULL; n++)
    if (strcmp(s->name, word) == 0)
      return ULP_OK;
  return ulp_error_set(e, ULP_ENAME, "--schemes '%.40s': expected names as "
                       "w8a8-int8-tensor, w4a16-int4-g128 or w4a4-nvfp4",
                       word);
}

static ulp_status list_places(outlier_sweep *st, const char *list, ulp_error *e)
{
  const ulp_layer_scheme *s;
  size_t schemes = 0;
  while (ulp_layer_scheme_row(schemes))
    schemes++;
  st->places = calloc(schemes * st->remedy_count + 1, sizeof *st->places);
  if (!st->places)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; (s = ulp_layer_scheme_row(i)) != NULL; i++)
    for (size_t r = 0; ulp_words_have(list, s->name) && r < st->remedy_count;
         r++)
      if (ulp_remedy_applies(&st->remedies[r], s))
        st->places[st->place_count++] = (outlier_place){0, s, &st->remedies[r]};
  return st->place_count ? ULP_OK
                         : ulp_error_set(e, ULP_EINVAL, "--schemes, "
                                         "--remedies: expected a remedy that "
                                         "applies to a scheme");
}

static ulp_status read_parameters(outlier_sweep *st, ulp_run *run, ulp_error *e)
{
  const char *channels = ulp_run_parameter(run, "channels");
  const char *schemes = ulp_run_parameter(run, "schemes");
  st->pictures = calloc(ulp_words_count(channels) + 1, sizeof *st->pictures);
  st->outliers = calloc(ulp_words_count(channels) + 1, sizeof *st->outliers);
  if (!st->pictures || !st->outliers)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_words_read(channels, add_outliers, st, e);
  st->remedies = ulp_list_read(&st->remedy_count, sizeof *st->remedies, run,
                               "remedies", read_remedy, &s, e);
  if (s == ULP_OK)
    s = ulp_words_read(schemes, check_scheme, st, e);
  if (s == ULP_OK)
    s = list_places(st, schemes, e);
  return s == ULP_OK ? read_numbers(st, run, e) : s;
}

/* ---- pictures ----------------------------------------------------------- */

static bool needs_rotated(const outlier_sweep *st)
{
  for (size_t i = 0; i < st->place_count; i++)
    if (st->places[i].remedy->kind == ULP_REMEDY_HADAMARD_GPTQ)
      return true;
  return false;
}

static bool needs_hessian(const outlier_sweep *st)
{
  for (size_t i = 0; i < st->place_count; i++)
    if (st->places[i].remedy->kind >= ULP_REMEDY_GPTQ)
      return true;
  return false;
}

static ulp_status make_picture(outlier_sweep *st, size_t i, const ulp_run *run,
                               ulp_error *e)
{
  ulp_outlier_picture *p = &st->pictures[i];
  const ulp_source *tensor = st->sources ? &st->sources[i] : NULL;
  const ulp_outliers none = {0, 1, 1};
  ulp_status s =
      ulp_outlier_picture_make(p, tensor ? none : st->outliers[i],
                               st->correlation, tensor, run->seed, e);
  return s == ULP_OK && needs_hessian(st)
             ? ulp_layer_prepare(&p->layer, needs_rotated(st), e)
             : s;
}

static ulp_status size_pictures(outlier_sweep *st, const ulp_run *run,
                                ulp_error *e)
{
  for (size_t i = 0; i < st->picture_count; i++) {
    ulp_layer *l = &st->pictures[i].layer;
    *l = (ulp_layer){.tokens = st->tokens, .outputs = st->outputs,
                     .channels = st->channels, .seed = run->seed};
    l->seen_tokens = (int64_t)ceil(st->calibration * (double)st->channels);
    if (!st->sources)
      continue;
    const ulp_source *s = &st->sources[i];
    l->channels = s->shape[s->ndim - 1];
    int64_t rows = s->count / l->channels;
    l->seen_tokens = rows / 2;
    l->tokens = rows - rows / 2 < st->tokens ? rows - rows / 2 : st->tokens;
    (void)snprintf(st->pictures[i].name, sizeof st->pictures[i].name, "%.60s",
                   s->name);
    if (l->channels > 1 << 13 || rows < 2)
      return ulp_error_set(e, ULP_EINVAL, "%.200s: %lld rows of %lld, expected "
                           "2 rows at least, of up to 8192 channels",
                           s->name, (long long)rows, (long long)l->channels);
  }
  return ULP_OK;
}

static ulp_status take_tensors(outlier_sweep *st, const ulp_run *run,
                               ulp_error *e)
{
  enum { MOST = 16 }; /* each has three square matrices of its channels */
  ulp_status s = ulp_sources(&st->sources, &st->source_count, run, e);
  if (s == ULP_OK && st->source_count > MOST)
    s = ulp_error_set(e, ULP_EINVAL, "%s: %zu tensors, expected up to %d, or "
                      "one by name, as FILE:NAME", ulp_file_path(run->file),
                      st->source_count, MOST);
  free(st->pictures);
  st->picture_count = s == ULP_OK ? st->source_count : 0;
  st->pictures = calloc(st->picture_count + 1, sizeof *st->pictures);
  if (s == ULP_OK && !st->pictures)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  return s;
}

/* ---- all ---------------------------------------------------------------- */

ulp_status outlier_sweep_read(outlier_sweep *st, ulp_run *run, ulp_error *e)
{
  ulp_status s = read_parameters(st, run, e);
  if (s == ULP_OK && run->file)
    s = take_tensors(st, run, e);
  if (s == ULP_OK && st->picture_count == 0)
    s = ulp_error_set(e, ULP_EINVAL, "--channels: expected one at least");
  if (s == ULP_OK)
    s = size_pictures(st, run, e);
  if (s != ULP_OK)
    return s;
  run->points = (int64_t)(st->picture_count * st->place_count);
  return ULP_OK;
}

static bool wants(const outlier_sweep *st, const ulp_run *run, size_t i)
{
  for (size_t k = 0; k < st->place_count; k++)
    if (ulp_run_has(run, (int64_t)(i * st->place_count + k)))
      return true;
  return false;
}

ulp_status outlier_sweep_draw(outlier_sweep *st, const ulp_run *run,
                              ulp_error *e)
{
  ulp_error worst = {0};
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (size_t i = 0; i < st->picture_count; i++) {
    ulp_error why = {0};
    if (!wants(st, run, i) || make_picture(st, i, run, &why) == ULP_OK)
      continue;
#ifdef _OPENMP
#pragma omp critical(ulp_outlier_pictures)
#endif
    worst = why;
  }
  if (worst.status != ULP_OK)
    *e = worst;
  return worst.status;
}
