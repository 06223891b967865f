/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The lists of experiments/optimizer_states: ways to keep moments, and the
 * scales of gradients.
 */
#include "optimizer_cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "words.h"

/* ---- parameters --------------------------------------------------------- */

static bool number(double *out, const char *text, double low, double high)
{
  char *end;
  *out = strtod(text, &end);
  return end != text && !*end && *out >= low && *out <= high;
}

static ulp_status read_block(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  ulp_optimizer_cases *c = data;
  double x;
  if (i >= ULP_OPTIMIZER_LIST || !number(&x, word, 2, 1 << 24) || x != floor(x))
    return ulp_error_set(e, ULP_EINVAL,
                         "--blocks: '%.40s': expected whole "
                         "numbers from 2 to 2^24",
                         word);
  c->blocks[c->block_count++] = (int64_t)x;
  return ULP_OK;
}

static ulp_status read_width(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  ulp_optimizer_cases *c = data;
  if (i >= ULP_OPTIMIZER_LIST || !number(&c->widths[i], word, 0.01, 4))
    return ulp_error_set(e, ULP_EINVAL,
                         "--widths: '%.40s': expected numbers "
                         "from 0.01 to 4",
                         word);
  c->width_count = i + 1;
  return ULP_OK;
}

static ulp_status read_process(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  ulp_optimizer_cases *c = data;
  bool stop = strcmp(word, "stop") == 0;
  if (i >= 2 || (!stop && strcmp(word, "steady") != 0))
    return ulp_error_set(e, ULP_EINVAL,
                         "--processes: '%.40s': expected "
                         "steady, stop, or both",
                         word);
  c->stops[i] = stop;
  c->process_count = i + 1;
  return ULP_OK;
}

static ulp_status read_numbers(ulp_optimizer_cases *c, const ulp_run *run,
                               ulp_error *e)
{
  static const int64_t steps[] = {48, 256, 1024};
  const char *text = ulp_run_parameter(run, "betas");
  ulp_adam *a = &c->adam;
  char *end;
  double n;
  *a = (ulp_adam){
      .epsilon = 1e-8, .steps = steps[run->effort], .seed = run->seed};
  a->beta1 = strtod(text, &end);
  a->beta2 = *end == ':' ? strtod(end + 1, &end) : 0;
  if (*end || !(a->beta1 >= 0 && a->beta2 > 0 && a->beta2 < 1 &&
                a->beta1 * a->beta1 < a->beta2))
    return ulp_error_set(e, ULP_EINVAL,
                         "--betas '%.40s': expected "
                         "BETA1:BETA2 below 1, BETA1^2 below BETA2",
                         text);
  text = ulp_run_parameter(run, "steps");
  if (*text && (!number(&n, text, 2, 1e6) || n != floor(n)))
    return ulp_error_set(e, ULP_EINVAL,
                         "--steps '%.40s': expected a whole "
                         "number from 2 to 10^6",
                         text);
  if (*text) a->steps = (int64_t)n;
  text = ulp_run_parameter(run, "centre");
  if (!number(&c->centre, text, -12, 6))
    return ulp_error_set(e, ULP_EINVAL,
                         "--centre '%.40s': expected a number "
                         "from -12 to 6",
                         text);
  text = ulp_run_parameter(run, "parameters");
  if (!number(&c->model, text, 1, 1e15))
    return ulp_error_set(e, ULP_EINVAL,
                         "--parameters '%.40s': expected a "
                         "number from 1 to 1e15",
                         text);
  return ULP_OK;
}

/* ---- lists -------------------------------------------------------------- */

static ulp_status check_scheme(void *data, size_t i, const char *word,
                               ulp_error *e)
{
  ulp_text names = {0};
  (void)data;
  (void)i;
  for (size_t k = 0; ulp_moment_kind_row(k); k++) {
    ulp_text_printf(&names, "%s%s", k ? ", " : "",
                    ulp_moment_kind_row(k)->name);
    if (strcmp(ulp_moment_kind_row(k)->name, word) == 0) {
      ulp_text_free(&names);
      return ULP_OK;
    }
  }
  ulp_error_set(e, ULP_ENAME, "--schemes: '%.40s': expected names out of %s",
                word, names.text ? names.text : "the table");
  ulp_text_free(&names);
  return e->status;
}

static ulp_status list_choices(ulp_optimizer_cases *c, const ulp_run *run,
                               ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "schemes");
  const ulp_moment_kind *k;
  size_t room = 0;
  ulp_status s = ulp_words_read(list, check_scheme, NULL, e);
  while (ulp_moment_kind_row(room))
    room++;
  c->choices = calloc(room * (c->block_count + 1), sizeof *c->choices);
  if (s == ULP_OK && !c->choices)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && (k = ulp_moment_kind_row(i)) != NULL; i++) {
    size_t blocks = ulp_moment_kind_has_blocks(k) ? c->block_count : 1;
    for (size_t b = 0; ulp_words_have(list, k->name) && b < blocks; b++)
      c->choices[c->choice_count++] = (ulp_moment_choice){k, c->blocks[b]};
  }
  return s;
}

static ulp_status draw(ulp_gradient_scales *g, const ulp_optimizer_cases *c,
                       double width, int64_t count, uint64_t seed, ulp_error *e)
{
  const ulp_lognormal d = {c->centre, width};
  char text[64];
  *g = (ulp_gradient_scales){
      .name = "lognormal", .width = width, .count = count};
  g->scale = malloc((size_t)count * sizeof *g->scale);
  if (!g->scale) return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  (void)snprintf(text, sizeof text, "optimizer_states %a", width);
  ulp_status s = ulp_lognormal_draw(g->scale, count, &d, seed,
                                    (uint64_t)ulp_name_hash(text) << 32);
  for (int64_t i = 0; s == ULP_OK && i < count; i++)
    g->scale[i] = fabsf(g->scale[i]);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s", ulp_strerror(s));
}

static ulp_status read_tensor(ulp_gradient_scales *g, const ulp_source *x,
                              int64_t most, ulp_error *e)
{
  bool any = false;
  *g = (ulp_gradient_scales){.count = x->count < most ? x->count : most};
  (void)snprintf(g->name, sizeof g->name, "%.60s", x->name);
  g->scale = malloc((size_t)g->count * sizeof *g->scale);
  if (!g->scale) return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_source_read_f32(x, g->scale, 0, g->count);
  for (int64_t i = 0; i < g->count; i++) {
    g->scale[i] = isfinite(g->scale[i]) ? fabsf(g->scale[i]) : 0;
    any = any || g->scale[i] > 0;
  }
  return any ? ULP_OK
             : ulp_error_set(e, ULP_EFORMAT,
                             "tensor '%.200s': expected "
                             "numbers that are not all 0",
                             x->name);
}

static ulp_status list_gradients(ulp_optimizer_cases *c, const ulp_run *run,
                                 ulp_error *e)
{
  static const int64_t parameters_of[] = {1 << 12, 1 << 12, 1 << 13};
  int64_t most = parameters_of[run->effort];
  ulp_source *sources = NULL;
  size_t count = c->width_count;
  ulp_status s = run->file ? ulp_sources(&sources, &count, run, e) : ULP_OK;
  c->gradients = s == ULP_OK ? calloc(count + 1, sizeof *c->gradients) : NULL;
  if (s == ULP_OK && !c->gradients)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; s == ULP_OK && i < count; i++) {
    ulp_gradient_scales *g = &c->gradients[c->gradient_count++];
    s = run->file ? read_tensor(g, &sources[i], most, e)
                  : draw(g, c, c->widths[i], most, run->seed, e);
  }
  if (run->file) ulp_sources_free(sources, count);
  return s;
}

ulp_status ulp_optimizer_cases_make(ulp_optimizer_cases *c, const ulp_run *run,
                                    ulp_error *e)
{
  ulp_status s = read_numbers(c, run, e);
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "blocks"), read_block, c, e);
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "widths"), read_width, c, e);
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "processes"), read_process, c, e);
  if (s == ULP_OK) s = list_choices(c, run, e);
  return s == ULP_OK ? list_gradients(c, run, e) : s;
}

void ulp_optimizer_cases_free(ulp_optimizer_cases *c)
{
  for (size_t i = 0; i < c->gradient_count; i++)
    free(c->gradients[i].scale);
  free(c->gradients);
  free(c->choices);
}
