/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lists of words, sweeps, and the numbers of names.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists -------------------------------------------------------------- */

ulp_status ulp_words_read(const char *list, ulp_word_reader *read, void *data,
                          ulp_error *e)
{
  char *copy = strdup(list), *rest = NULL;
  if (!copy)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ULP_OK;
  size_t i = 0;
  for (char *w = strtok_r(copy, " ", &rest); w && s == ULP_OK;
       w = strtok_r(NULL, " ", &rest))
    s = read(data, i++, w, e);
  free(copy);
  return s;
}

size_t ulp_words_count(const char *list)
{
  size_t n = 0;
  for (list += strspn(list, " "); *list; list += strspn(list, " ")) {
    list += strcspn(list, " ");
    n++;
  }
  return n;
}

bool ulp_words_have(const char *list, const char *word)
{
  size_t n = strlen(word);
  list += strspn(list, " ");
  if (!*list)
    return true;
  for (; *list; list += strspn(list, " ")) {
    size_t m = strcspn(list, " ");
    if (m == n && strncmp(list, word, n) == 0)
      return true;
    list += m;
  }
  return false;
}

/* ---- lists of formats and rules ----------------------------------------- */

typedef struct {
  const char *name; /* of the parameter */
  ulp_format *formats;
  ulp_scale_spec *rules;
} lists;

static ulp_status add_format(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  char why[300] = "";
  lists *l = data;
  ulp_format *f = &l->formats[i];
  ulp_status s = ulp_format_find(word, f, why, sizeof why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--%s: %s", l->name, why);
  if (f->bits > 16)
    return ulp_error_set(e, ULP_EINVAL, "--%s: %s has %d bits: expected 16 or "
                         "fewer", l->name, f->name, f->bits);
  return ULP_OK;
}

static ulp_status add_rule(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  ulp_error why;
  lists *l = data;
  ulp_status s = ulp_scale_parse(word, &l->rules[i], &why);
  return s == ULP_OK
             ? s
             : ulp_error_set(e, s, "--%s: %.500s", l->name, why.text);
}

ulp_status ulp_words_formats(ulp_format **out, size_t *count,
                             const ulp_run *run, const char *name,
                             ulp_error *e)
{
  const char *list = ulp_run_parameter(run, name);
  *count = ulp_words_count(list);
  *out = calloc(*count + 1, sizeof **out);
  lists l = {.name = name, .formats = *out};
  return *out ? ulp_words_read(list, add_format, &l, e)
              : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

ulp_status ulp_words_rules(ulp_scale_spec **out, size_t *count,
                           const ulp_run *run, const char *name, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, name);
  *count = ulp_words_count(list);
  *out = calloc(*count + 1, sizeof **out);
  lists l = {.name = name, .rules = *out};
  return *out ? ulp_words_read(list, add_rule, &l, e)
              : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- sweeps ------------------------------------------------------------- */

int64_t ulp_sweep_points(const ulp_sweep *s)
{
  int64_t n = 1;
  for (size_t i = 0; i < s->axes; i++)
    n *= (int64_t)s->size[i];
  return n;
}

void ulp_sweep_at(const ulp_sweep *s, int64_t point, size_t at[ULP_AXES])
{
  size_t p = (size_t)point;
  for (size_t i = s->axes; i-- > 0; p /= s->size[i])
    at[i] = p % s->size[i];
}

uint32_t ulp_name_hash(const char *name)
{
  uint32_t h = UINT32_C(2166136261);
  for (; *name; name++)
    h = (h ^ (unsigned char)*name) * UINT32_C(16777619);
  return h;
}
