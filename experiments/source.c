/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The numbers that experiments quantize: samples of a distribution or the
 * elements of a tensor.
 *
 * A distribution is drawn in blocks of BLOCK samples, each from a stream of
 * its own, so that blocks can be made by any thread and a short run is the
 * beginning of a long one.  A stream is named by the distribution's name and
 * the number of the block, so it does not change when the table grows.
 */
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "words.h"

enum { BLOCK = 1 << 16 };

static int64_t sample_count(const ulp_run *run)
{
  static const int64_t count[] = {INT64_C(1) << 14, INT64_C(1) << 20,
                                  INT64_C(1) << 23};
  return count[run->effort];
}

/* ---- which sources ----------------------------------------------------- */

static const char *distribution_name(size_t i)
{
  const ulp_distribution *d = ulp_distribution_row(i);
  return d ? d->name : NULL;
}

static ulp_status unknown_name(const char *word, ulp_error *e)
{
  ulp_text names = {0};
  for (size_t i = 0; distribution_name(i); i++)
    ulp_text_printf(&names, "%s%s", i ? ", " : "", distribution_name(i));
  ulp_error_set(e, ULP_ENAME, "--distributions: '%s': expected names out of %s",
                word, names.text ? names.text : "the table");
  ulp_text_free(&names);
  return e->status;
}

static ulp_status check_names(const char *list, ulp_error *e)
{
  char word[64];
  for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
    size_t n = strcspn(list, " ");
    snprintf(word, sizeof word, "%.*s", n < 60 ? (int)n : 60, list);
    list += n;
    size_t i = 0;
    while (distribution_name(i) && strcmp(distribution_name(i), word) != 0)
      i++;
    if (distribution_name(i))
      continue;
    return unknown_name(word, e);
  }
  return ULP_OK;
}

static ulp_status from_distributions(ulp_source *out, size_t *count,
                                     const ulp_run *run, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "distributions");
  ulp_status s = check_names(list, e);
  if (s != ULP_OK)
    return s;
  for (size_t i = 0; distribution_name(i); i++)
    if (ulp_words_have(list, distribution_name(i)))
      out[(*count)++] = (ulp_source){
          .name = distribution_name(i),
          .count = sample_count(run),
          .ndim = 2,
          .shape = {sample_count(run) / ULP_SOURCE_ROW, ULP_SOURCE_ROW}};
  return ULP_OK;
}

/* Indices, masks and empty tensors have no SNR worth a row. */
static bool is_measurable(const ulp_tensor *t)
{
  ulp_format f;
  return t->count > 0 && t->dtype->format &&
         ulp_format_find(t->dtype->format, &f, NULL, 0) == ULP_OK &&
         f.kind == ULP_FLOAT;
}

/* The shape of at most `most` elements of t, in whole rows if there is one. */
static void take_shape(ulp_source *s, const ulp_tensor *t, int64_t most)
{
  int64_t row = t->ndim ? t->shape[t->ndim - 1] : 1;
  if (t->count <= most && t->ndim >= 2) {
    s->ndim = t->ndim;
    memcpy(s->shape, t->shape, sizeof s->shape);
    s->count = t->count;
    return;
  }
  if (row > most)
    row = most;
  s->ndim = 2;
  s->shape[0] = (t->count < most ? t->count : most) / row;
  s->shape[1] = row;
  s->count = s->shape[0] * row;
}

const char *ulp_source_name(const ulp_file *f, const ulp_tensor *t)
{
  const char *path = ulp_file_path(f), *slash = strrchr(path, '/');
  return *t->name ? t->name : slash ? slash + 1 : path;
}

static void add_tensor(ulp_source *out, size_t *count, const ulp_run *run,
                       const ulp_tensor *t)
{
  int64_t most = run->effort == ULP_QUICK ? sample_count(run) : t->count;
  ulp_source *s = &out[(*count)++];
  *s = (ulp_source){.name = ulp_source_name(run->file, t), .tensor = t};
  take_shape(s, t, most);
}

static ulp_status from_tensors(ulp_source *out, size_t *count,
                               const ulp_run *run, ulp_error *e)
{
  const char *path = ulp_file_path(run->file);
  if (run->tensor && run->tensor->count == 0)
    return ulp_error_set(e, ULP_EFORMAT, "%s: tensor '%.200s' is empty: "
                         "expected at least one element", path,
                         run->tensor->name);
  if (run->tensor) {
    add_tensor(out, count, run, run->tensor);
    return ULP_OK;
  }
  for (size_t i = 0; i < ulp_file_tensor_count(run->file); i++)
    if (is_measurable(ulp_file_tensor(run->file, i)))
      add_tensor(out, count, run, ulp_file_tensor(run->file, i));
  if (*count == 0)
    return ulp_error_set(e, ULP_EFORMAT, "%s: expected a tensor of floats "
                         "with at least one element, found none", path);
  return ULP_OK;
}

ulp_status ulp_sources(ulp_source **out, size_t *count,
                           const ulp_run *run, ulp_error *e)
{
  size_t room = 0;
  if (run->file)
    room = ulp_file_tensor_count(run->file);
  else
    while (distribution_name(room))
      room++;
  *count = 0;
  *out = calloc(room + 1, sizeof **out);
  if (!*out)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  return run->file ? from_tensors(*out, count, run, e)
                   : from_distributions(*out, count, run, e);
}

void ulp_sources_free(ulp_source *sources, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    free(sources[i].samples);
    free(sources[i].special);
  }
  free(sources);
}

/* ---- their values ------------------------------------------------------ */

static ulp_status fill_block(ulp_source *s, uint64_t seed, int64_t block)
{
  int64_t first = block * BLOCK;
  int64_t n = s->count - first < BLOCK ? s->count - first : BLOCK;
  double *x = malloc(BLOCK * sizeof *x);
  if (!x)
    return ULP_ENOMEM;
  uint64_t stream = (uint64_t)ulp_name_hash(s->name) << 24 | (uint64_t)block;
  ulp_status status = ulp_sample(s->name, x, (size_t)n, true, seed, stream);
  for (int64_t i = 0; status == ULP_OK && i < n; i++)
    s->samples[first + i] = (float)x[i]; /* exact: x is an f32 already */
  free(x);
  return status;
}

ulp_status ulp_source_fill(ulp_source *s, const ulp_run *run,
                               ulp_error *e)
{
  if (s->tensor || s->samples)
    return ULP_OK;
  s->samples = malloc((size_t)s->count * sizeof *s->samples);
  if (!s->samples)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory for samples");
  int64_t blocks = (s->count + BLOCK - 1) / BLOCK;
  ulp_status worst = ULP_OK;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (int64_t b = 0; b < blocks; b++) {
    ulp_status status = fill_block(s, run->seed, b);
    if (status != ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      worst = status;
    }
  }
  if (worst != ULP_OK)
    return ulp_error_set(e, worst, "%s: cannot draw samples: %s", s->name,
                         ulp_strerror(worst));
  return ULP_OK;
}

void ulp_source_drop(ulp_source *s)
{
  free(s->samples);
  s->samples = NULL;
}

void ulp_source_read(const ulp_source *s, double *out, int64_t first,
                         int64_t n)
{
  if (s->tensor)
    ulp_tensor_read_f64(s->tensor, out, first, n);
  else
    for (int64_t i = 0; i < n; i++)
      out[i] = (double)s->samples[first + i];
}

void ulp_source_read_f32(const ulp_source *s, float *out, int64_t first,
                         int64_t n)
{
  enum { SOME = 1024 };
  double wide[SOME];
  if (!s->tensor) {
    memcpy(out, s->samples + first, (size_t)n * sizeof *out);
    return;
  }
  for (int64_t i = 0; i < n; i += SOME) {
    int64_t some = n - i < SOME ? n - i : SOME;
    ulp_tensor_read_f64(s->tensor, wide, first + i, some);
    for (int64_t k = 0; k < some; k++)
      out[i + k] = (float)wide[k];
  }
}
