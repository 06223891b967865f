/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantizer_words.c: the values of settings, read from text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer_internal.h"

static const char *name_at(const void *list, size_t i)
{
  return ((const char *const *)list)[i];
}

ulp_status ulp_word_unknown(const char *key, const char *value,
                            const char *const *names, ulp_error *e)
{
  char list[200] = "";
  size_t used = 0;
  for (size_t i = 0; names[i] && used < sizeof list; i++)
    used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                             i ? (names[i + 1] ? ", " : " or ") : "", names[i]);
  const char *near = ulp_nearest(value, name_at, names);
  return ulp_error_set(e, ULP_ENAME, "%s '%.60s': expected %s%s%s%s", key,
                       value, list, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
}

ulp_status ulp_word_read(const char *key, const char *value,
                         const char *const *names, int *out, ulp_error *e)
{
  for (int i = 0; names[i]; i++)
    if (!strcmp(value, names[i])) {
      *out = i;
      return ULP_OK;
    }
  return ulp_word_unknown(key, value, names, e);
}

ulp_status ulp_word_flag(const char *key, const char *value,
                         const char *const *names, bool *out, ulp_error *e)
{
  int i = 0;
  ulp_status status = ulp_word_read(key, value, names, &i, e);
  if (status == ULP_OK) *out = i == 1;
  return status;
}

ulp_status ulp_word_number(const char *key, const char *value, double low,
                           double high, double *out, ulp_error *e)
{
  char *end;
  double v = strtod(value, &end);
  if (end == value || *end || !(v >= low && v <= high))
    return ulp_error_set(e, ULP_EINVAL,
                         "%s '%.60s': expected a number of %g "
                         "to %g",
                         key, value, low, high);
  *out = v;
  return ULP_OK;
}

ulp_status ulp_word_format(const char *key, const char *value, ulp_format *out,
                           ulp_error *e)
{
  char why[300];
  ulp_format f;
  ulp_status status = ulp_format_find(value, &f, why, sizeof why);
  if (status != ULP_OK) return ulp_error_set(e, status, "%s: %s", key, why);
  *out = f;
  return ULP_OK;
}
