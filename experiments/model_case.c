/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model, the text and the plans of an experiment's parameters.
 */
#include "model_case.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "parameters.h"
#include "tokenizer.h"

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- where the model is ------------------------------------------------- */

static char *join(const char *folder, const char *name)
{
  size_t n = strlen(folder) + strlen(name) + 2;
  char *path = malloc(n);
  if (path)
    (void)snprintf(path, n, "%s/%s", folder, name);
  return path;
}

static bool exists(const char *path)
{
  struct stat st;
  return path && stat(path, &st) == 0;
}

ulp_status ulp_reference_model(char **out, ulp_error *e)
{
  static const char *const roots[] = {ULP_SOURCE_MODELS, ULP_MODELS};
  for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
    *out = join(roots[i], "reference");
    char *config = *out ? join(*out, "config.json") : NULL;
    bool found = exists(config), memory = config != NULL;
    free(config);
    if (found)
      return ULP_OK;
    free(*out);
    *out = NULL;
    if (!memory)
      return no_memory(e);
  }
  return ulp_error_set(e, ULP_EIO, "the reference model is neither in %.150s "
                       "nor in %.150s: expected --model FOLDER",
                       ULP_SOURCE_MODELS, ULP_MODELS);
}

static ulp_status open_model(ulp_model_case *c, const ulp_run *run,
                             ulp_error *e)
{
  const char *folder = ulp_run_parameter(run, "model");
  ulp_status s = ULP_OK;
  if (!*folder)
    s = ulp_reference_model(&c->folder, e);
  else if (!(c->folder = strdup(folder)))
    s = no_memory(e);
  if (s == ULP_OK)
    s = ulp_run_input(run, c->folder, e);
  return s == ULP_OK ? ulp_llama_open(&c->model, c->folder, e) : s;
}

/* ---- the text ----------------------------------------------------------- */

static ulp_status check_token(const ulp_model_case *c, int64_t i, double x,
                              ulp_error *e)
{
  int64_t vocab = ulp_llama_settings(c->model)->vocab;
  return x >= 0 && x < (double)vocab
             ? ULP_OK
             : ulp_error_set(e, ULP_EFORMAT, "%.200s: element %lld is %g: "
                             "expected a token from 0 to %lld", c->text,
                             (long long)i, x, (long long)vocab - 1);
}

static ulp_status take_tokens(ulp_model_case *c, const ulp_tensor *t,
                              ulp_error *e)
{
  if (t->ndim != 1 || (*t->dtype->npy != 'i' && *t->dtype->npy != 'u'))
    return ulp_error_set(e, ULP_EFORMAT, "%.200s: expected one dimension of "
                         "integers", c->text);
  ulp_status s = ULP_OK;
  c->count = t->count;
  c->tokens = malloc(((size_t)t->count + 1) * sizeof *c->tokens);
  if (!c->tokens)
    return no_memory(e);
  for (int64_t i = 0; s == ULP_OK && i < t->count; i++) {
    double x;
    ulp_tensor_read_f64(t, &x, i, 1);
    s = check_token(c, i, x, e);
    c->tokens[i] = s == ULP_OK ? (int32_t)x : 0;
  }
  return s;
}

static ulp_status read_npy(ulp_model_case *c, ulp_error *e)
{
  ulp_file *file;
  ulp_status s = ulp_file_open(&file, c->text, e);
  if (s != ULP_OK)
    return s;
  s = take_tokens(c, ulp_file_tensor(file, 0), e);
  ulp_file_close(file);
  return s;
}

static ulp_status encode(ulp_model_case *c, const ulp_tokenizer *t,
                         const char *text, size_t size, ulp_error *e)
{
  int64_t vocab = ulp_llama_settings(c->model)->vocab;
  size_t count;
  if (ulp_tokenizer_is_bytes(t) && vocab < 256)
    return ulp_error_set(e, ULP_EINVAL, "--text %.200s: a token of this model, "
                         "of %lld, is no byte: expected a .npy of tokens",
                         c->text, (long long)vocab);
  ulp_status s = ulp_tokenizer_encode(t, text, size, false, &c->tokens, &count,
                                      e);
  if (s != ULP_OK)
    return s;
  c->count = (int64_t)count;
  for (int64_t i = 0; s == ULP_OK && i < c->count; i++)
    s = check_token(c, i, c->tokens[i], e);
  return s;
}

/* By the folder's tokenizer.json, or, if there is none, by bytes. */
static ulp_status tokenize(ulp_model_case *c, ulp_error *e)
{
  ulp_tokenizer *t;
  char *text = NULL;
  size_t size = 0;
  ulp_status s = ulp_tokenizer_open(&t, c->folder, e);
  if (s != ULP_OK)
    return s;
  s = ulp_bytes_read(&text, &size, c->text, SIZE_MAX, e);
  if (s == ULP_OK) {
    s = encode(c, t, text, size, e);
    free(text);
  }
  ulp_tokenizer_close(t);
  return s;
}

static ulp_status read_text(ulp_model_case *c, const ulp_run *run, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, "text");
  c->text = *text ? strdup(text) : join(c->folder, "heldout.txt");
  if (!c->text)
    return no_memory(e);
  if (!*text && !exists(c->text))
    return ulp_error_set(e, ULP_EIO, "%.200s has no heldout.txt: expected "
                         "--text FILE", c->folder);
  ulp_status s = ulp_run_input(run, c->text, e);
  if (s != ULP_OK)
    return s;
  size_t n = strlen(c->text);
  if (n > 4 && strcmp(c->text + n - 4, ".npy") == 0)
    return read_npy(c, e);
  return tokenize(c, e);
}

/* ---- windows ------------------------------------------------------------ */

static ulp_status read_start(ulp_model_case *c, const ulp_run *run,
                             ulp_error *e)
{
  const char *text = ulp_run_parameter(run, "start");
  int64_t token;
  c->has_start = strcmp(text, "none") != 0;
  if (!c->has_start)
    return ULP_OK;
  ulp_status s = ulp_whole_read(&token, "start", text, 0,
                            ulp_llama_settings(c->model)->vocab - 1, e);
  c->start = (int32_t)token;
  return s;
}

static ulp_status set_windows(ulp_model_case *c, const ulp_run *run,
                              const ulp_model_sizes *sizes, ulp_error *e)
{
  const char *length = ulp_run_parameter(run, "length");
  const char *windows = ulp_run_parameter(run, "windows");
  int64_t most = ulp_llama_settings(c->model)->positions;
  bool all = strcmp(windows, "all") == 0;
  ulp_status s = ULP_OK;
  c->length = sizes->length[run->effort];
  c->length = c->length < most ? c->length : most;
  c->windows = sizes->windows[run->effort];
  if (*length)
    s = ulp_whole_read(&c->length, "length", length, 2, most, e);
  if (s == ULP_OK && *windows && !all)
    s = ulp_whole_read(&c->windows, "windows", windows, 1, 1 << 24, e);
  if (s != ULP_OK)
    return s;
  int64_t tokens = c->count - !c->has_start;
  c->slots = tokens / c->length;
  if (all)
    c->windows = c->slots += tokens % c->length > 0;
  if (c->windows >= 1 && c->windows <= c->slots && c->slots > 0)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--text %.200s: %lld tokens: expected at "
                       "least %lld, of %lld windows of %lld", c->text,
                       (long long)c->count,
                       (long long)(c->windows * c->length + !c->has_start),
                       (long long)c->windows, (long long)c->length);
}

int64_t ulp_model_window(const ulp_model_case *c, int64_t i, int32_t *out)
{
  int64_t from = i * c->slots / c->windows * c->length;
  int64_t n = c->count - !c->has_start - from;
  n = n < c->length ? n : c->length;
  if (c->has_start)
    *out++ = c->start;
  memcpy(out, c->tokens + from, (size_t)(n + !c->has_start) * sizeof *out);
  return n;
}

/* ---- plans -------------------------------------------------------------- */

static ulp_status make_room(ulp_model_case *c, ulp_error *e)
{
  ulp_plan **more = realloc(c->plans, (c->plan_count + 1) * sizeof *more);
  if (!more)
    return no_memory(e);
  c->plans = more;
  return ULP_OK;
}

static ulp_status take_plan(ulp_model_case *c, ulp_plan *p, ulp_error *e)
{
  c->plans[c->plan_count++] = p;
  return ulp_plan_check(p, c->model, e);
}

static ulp_status add_plan(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  ulp_model_case *c = data;
  ulp_plan *p;
  ulp_status s = make_room(c, e);
  (void)i;
  if (s == ULP_OK)
    s = ulp_plan_find(&p, word, e);
  return s == ULP_OK ? take_plan(c, p, e) : s;
}

ulp_status ulp_model_case_plans(ulp_model_case *c, const ulp_run *run,
                                const char *const lists[3], ulp_error *e)
{
  const char *list = ulp_run_parameter(run, "plans");
  ulp_error why;
  ulp_status s = ULP_OK;
  if (ulp_words_count(list) == 0)
    list = lists[run->effort];
  if (list)
    s = ulp_words_read(list, add_plan, c, &why);
  for (size_t i = 0; !list && s == ULP_OK && ulp_plan_row(i); i++)
    s = add_plan(c, i, ulp_plan_row(i), &why);
  return s == ULP_OK ? s
                     : ulp_error_set(e, s, "--plans: %.500s", why.text);
}

ulp_status ulp_model_case_plan(ulp_model_case *c, const ulp_run *run,
                               const char *name, ulp_error *e)
{
  ulp_error why;
  ulp_status s = add_plan(c, 0, ulp_run_parameter(run, name), &why);
  return s == ULP_OK ? s
                     : ulp_error_set(e, s, "--%s: %.500s", name, why.text);
}

ulp_status ulp_model_case_rules(ulp_model_case *c, const char *name,
                                const char *text, ulp_error *e)
{
  ulp_plan *p;
  ulp_status s = make_room(c, e);
  if (s == ULP_OK)
    s = ulp_plan_parse(&p, name, text, strlen(text), e);
  return s == ULP_OK ? take_plan(c, p, e) : s;
}

/* ---- all ---------------------------------------------------------------- */

ulp_status ulp_model_case_open(ulp_model_case *c, const ulp_run *run,
                               const ulp_model_sizes *sizes, ulp_error *e)
{
  *c = (ulp_model_case){0};
  ulp_status s = open_model(c, run, e);
  if (s == ULP_OK)
    s = read_text(c, run, e);
  if (s == ULP_OK)
    s = read_start(c, run, e);
  if (s == ULP_OK)
    s = set_windows(c, run, sizes, e);
  if (s == ULP_OK)
    s = ulp_plan_find(&c->reference, ulp_run_parameter(run, "reference"), e);
  return s == ULP_OK ? ulp_plan_check(c->reference, c->model, e) : s;
}

void ulp_model_case_close(ulp_model_case *c)
{
  for (size_t i = 0; i < c->plan_count; i++)
    ulp_plan_free(c->plans[i]);
  free(c->plans);
  ulp_plan_free(c->reference);
  ulp_llama_close(c->model);
  free(c->tokens);
  free(c->folder);
  free(c->text);
  *c = (ulp_model_case){0};
}
