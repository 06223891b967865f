/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lists of experiments/gradients: distributions, layers, tensors; formats
 * with a loss scale or one from the amax, and quantizers in blocks.
 */
#include "gradient_cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

/* ---- gradients ---------------------------------------------------------- */

enum { LAYERS_MOST = 256 };

typedef struct {
  const char *parameter;
  double low, high, *value;
} numbers;

static ulp_status read_number(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  const numbers *n = data;
  char *end;
  n->value[i] = strtod(word, &end);
  if (*end || !(n->value[i] >= n->low && n->value[i] <= n->high))
    return ulp_error_set(e, ULP_EINVAL, "--%s: '%.40s': expected numbers from "
                         "%g to %g", n->parameter, word, n->low, n->high);
  return ULP_OK;
}

static ulp_status read_numbers(numbers *n, size_t *count, const ulp_run *run,
                               ulp_error *e)
{
  const char *list = ulp_run_parameter(run, n->parameter);
  *count = ulp_words_count(list);
  n->value = calloc(*count + 1, sizeof *n->value);
  return n->value ? ulp_words_read(list, read_number, n, e)
                  : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

typedef struct {
  int count;
  double centre, fall, width;
} layers;

static ulp_status read_layers(layers *out, const ulp_run *run, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, "layers");
  char *end;
  long count = strtol(text, &end, 10);
  *out = (layers){.count = (int)count};
  if (strcmp(text, "0") == 0)
    return ULP_OK;
  if (*end == ':')
    out->centre = strtod(end + 1, &end);
  if (*end == ':')
    out->fall = strtod(end + 1, &end);
  if (*end == ':')
    out->width = strtod(end + 1, &end);
  if (!*end && count >= 1 && count <= LAYERS_MOST && fabs(out->centre) <= 20 &&
      fabs(out->fall) * (double)count <= 30 && out->width >= 0.01 &&
      out->width <= 4)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--layers '%.40s': expected "
                       "COUNT:CENTRE:FALL:WIDTH, in decades, up to %d layers "
                       "and 30 decades, or 0", text, LAYERS_MOST);
}

static void add(ulp_gradient_cases *c, const char *profile, int layer,
                ulp_lognormal d, int64_t samples)
{
  c->gradients[c->gradient_count++] = (ulp_gradients){
      .source = {.name = profile,
                 .count = samples,
                 .ndim = 2,
                 .shape = {samples / ULP_SOURCE_ROW, ULP_SOURCE_ROW}},
      .profile = profile,
      .layer = layer,
      .known = d};
}

static ulp_status list_distributions(ulp_gradient_cases *c, const ulp_run *run,
                                     ulp_error *e)
{
  static const int64_t samples[] = {1 << 12, 1 << 16, 1 << 19};
  numbers centres = {"centres", -20, 20, NULL};
  numbers widths = {"widths", 0.01, 4, NULL};
  size_t centre_count = 0, width_count = 0;
  layers l = {0};
  ulp_status s = read_numbers(&centres, &centre_count, run, e);
  if (s == ULP_OK)
    s = read_numbers(&widths, &width_count, run, e);
  if (s == ULP_OK)
    s = read_layers(&l, run, e);
  size_t room = centre_count * width_count + (size_t)l.count + 1;
  c->gradients = s == ULP_OK ? calloc(room, sizeof *c->gradients) : NULL;
  if (s == ULP_OK && !c->gradients)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < centre_count * width_count; i++)
    add(c, "one", 0,
        (ulp_lognormal){centres.value[i / width_count],
                        widths.value[i % width_count]},
        samples[run->effort]);
  for (int i = 0; s == ULP_OK && i < l.count; i++)
    add(c, "layers", i + 1, (ulp_lognormal){l.centre - i * l.fall, l.width},
        samples[run->effort]);
  free(centres.value);
  free(widths.value);
  return s;
}

static ulp_status list_tensors(ulp_gradient_cases *c, const ulp_run *run,
                               ulp_error *e)
{
  ulp_source *sources;
  size_t count;
  ulp_status s = ulp_sources(&sources, &count, run, e);
  c->gradients = s == ULP_OK ? calloc(count + 1, sizeof *c->gradients) : NULL;
  if (s == ULP_OK && !c->gradients)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < count; i++)
    c->gradients[c->gradient_count++] =
        (ulp_gradients){.source = sources[i], .profile = "tensor"};
  ulp_sources_free(sources, count); /* of tensors there are no samples yet */
  return s;
}

static ulp_status fill(ulp_gradients *g, uint64_t seed)
{
  ulp_source *s = &g->source;
  char text[128];
  s->samples = malloc((size_t)s->count * sizeof *s->samples);
  if (!s->samples)
    return ULP_ENOMEM;
  (void)snprintf(text, sizeof text, "gradients %s %d %a %a", g->profile,
                 g->layer, g->known.centre, g->known.width);
  ulp_status status = ULP_OK;
  if (s->tensor)
    ulp_source_read_f32(s, s->samples, 0, s->count);
  else
    status = ulp_lognormal_draw(s->samples, s->count, &g->known, seed,
                                (uint64_t)ulp_name_hash(text) << 32);
  for (int64_t i = 0; status == ULP_OK && i < s->count; i++) {
    double magnitude = fabs((double)s->samples[i]);
    if (isfinite(magnitude) && magnitude > g->amax)
      g->amax = magnitude;
  }
  s->tensor = NULL; /* the samples stand for it from here on */
  return status;
}

static ulp_status fill_all(ulp_gradient_cases *c, const ulp_run *run,
                           ulp_error *e)
{
  ulp_status worst = ULP_OK;
  double all = 0;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(run->threads)
#endif
  for (size_t i = 0; i < c->gradient_count; i++) {
    ulp_status status = fill(&c->gradients[i], run->seed);
    if (status != ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      worst = status;
    }
  }
  for (size_t i = 0; i < c->gradient_count; i++)
    if (strcmp(c->gradients[i].profile, "one") != 0)
      all = fmax(all, c->gradients[i].amax);
  for (size_t i = 0; i < c->gradient_count; i++) {
    ulp_gradients *g = &c->gradients[i];
    g->loss_amax = strcmp(g->profile, "one") != 0 ? all : g->amax;
  }
  return worst == ULP_OK ? ULP_OK
                         : ulp_error_set(e, worst, "%s", ulp_strerror(worst));
}

/* ---- schemes ------------------------------------------------------------ */

typedef struct {
  ulp_gradient_cases *c;
  const char *format;
  const char *scalings;
} scheme_reader;

static ulp_status read_scaling(ulp_gradient_scheme *s, const char *word,
                               ulp_error *e)
{
  char *end = NULL;
  s->scaling = ULP_LOSS_FIXED;
  (void)snprintf(s->scaling_name, sizeof s->scaling_name, "%.15s", word);
  if (strcmp(word, "none") == 0)
    return ULP_OK;
  if (strcmp(word, "dynamic") == 0) {
    s->scaling = ULP_LOSS_DYNAMIC;
    return ULP_OK;
  }
  if (strcmp(word, "tensor") == 0) {
    s->scaling = ULP_SCALE_TENSOR;
    return ULP_OK;
  }
  if (strncmp(word, "loss:", 5) == 0)
    s->power = (int)strtol(word + 5, &end, 10);
  if (end && !*end && end > word + 5 && s->power >= 0 &&
      s->power <= ULP_LOSS_MOST)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--scalings: '%.40s': expected none, "
                       "loss:K (2^K, K from 0 to %d), dynamic or tensor", word,
                       ULP_LOSS_MOST);
}

static ulp_status add_scaling(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  scheme_reader *r = data;
  ulp_gradient_scheme *s = &r->c->schemes[r->c->scheme_count];
  char text[ULP_STORAGE_TEXT];
  (void)i;
  ulp_status status = read_scaling(s, word, e);
  if (status != ULP_OK)
    return status;
  (void)snprintf(text, sizeof text, "%.60s/g=tensor/overflow=saturate%s",
                 r->format,
                 s->scaling == ULP_SCALE_TENSOR ? "/rule=amax" : "/raw=1");
  status = ulp_storage_find(&s->storage, text, e);
  (void)snprintf(s->name, sizeof s->name, "%.60s",
                 s->storage.q.element.name);
  if (status == ULP_OK)
    r->c->scheme_count++;
  return status;
}

static ulp_status add_format(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  scheme_reader *r = data;
  ulp_format f;
  char why[300] = "";
  (void)i;
  ulp_status s = ulp_format_find(word, &f, why, sizeof why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--formats: %s", why);
  if (f.bits > 16 || !f.is_signed || f.kind == ULP_CODEBOOK ||
      f.zero == ULP_ZERO_NONE)
    return ulp_error_set(e, ULP_EINVAL, "--formats: %s: expected signed floats "
                         "and integers of up to 16 bits", word);
  r->format = word;
  return ulp_words_read(r->scalings, add_scaling, r, e);
}

static ulp_status add_block(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  scheme_reader *r = data;
  ulp_gradient_scheme *s = &r->c->schemes[r->c->scheme_count];
  (void)i;
  ulp_status status = ulp_storage_find(&s->storage, word, e);
  if (status == ULP_OK &&
      (s->storage.packed || !s->storage.q.element.is_signed))
    status = ulp_error_set(e, ULP_EINVAL, "--blocks: %.60s: expected a "
                           "quantizer of signed elements", word);
  (void)snprintf(s->name, sizeof s->name, "%.60s", word);
  (void)snprintf(s->scaling_name, sizeof s->scaling_name, "blocks");
  s->scaling = ULP_SCALE_BLOCKS;
  if (status == ULP_OK)
    r->c->scheme_count++;
  return status;
}

static ulp_status list_schemes(ulp_gradient_cases *c, const ulp_run *run,
                               ulp_error *e)
{
  const char *formats = ulp_run_parameter(run, "formats");
  const char *blocks = ulp_run_parameter(run, "blocks");
  scheme_reader r = {.c = c, .scalings = ulp_run_parameter(run, "scalings")};
  size_t room = ulp_words_count(formats) * ulp_words_count(r.scalings) +
                ulp_words_count(blocks);
  c->schemes = calloc(room + 1, sizeof *c->schemes);
  if (!c->schemes)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_words_read(formats, add_format, &r, e);
  return s == ULP_OK ? ulp_words_read(blocks, add_block, &r, e) : s;
}

/* ---- all ---------------------------------------------------------------- */

ulp_status ulp_gradient_cases_make(ulp_gradient_cases *c, const ulp_run *run,
                                   ulp_error *e)
{
  ulp_status s = list_schemes(c, run, e);
  if (s == ULP_OK)
    s = run->file ? list_tensors(c, run, e) : list_distributions(c, run, e);
  return s == ULP_OK ? fill_all(c, run, e) : s;
}

void ulp_gradient_cases_free(ulp_gradient_cases *c)
{
  for (size_t i = 0; i < c->gradient_count; i++)
    free(c->gradients[i].source.samples);
  free(c->gradients);
  free(c->schemes);
}

int ulp_loss_power(const ulp_format *f, double amax)
{
  int power = ULP_LOSS_MOST;
  while (power > -ULP_LOSS_MOST &&
         ldexp(amax, power) > ulp_clip_range(f, 1).high)
    power--;
  return power;
}
