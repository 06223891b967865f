/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parameters that are lists, as arrays.
 */
#include "lists.h"

#include <math.h>
#include <stdlib.h>

void *ulp_list_read(size_t *count, size_t size, const ulp_run *run,
                    const char *name, ulp_word_reader *read, ulp_status *s,
                    ulp_error *e)
{
  const char *list = ulp_run_parameter(run, name);
  *count = ulp_words_count(list);
  void *out = calloc(*count + 1, size);
  ulp_error why;
  if (*s != ULP_OK)
    return out;
  if (!out)
    *s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  else if (*count == 0)
    *s = ulp_error_set(e, ULP_EINVAL, "--%s: expected one word at least", name);
  else if ((*s = ulp_words_read(list, read, out, &why)) != ULP_OK)
    ulp_error_set(e, *s, "--%s: %.500s", name, why.text);
  return out;
}

/* ---- numbers ------------------------------------------------------------ */

static ulp_status read_number(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  char *end;
  double *x = data;
  x[i] = strtod(word, &end);
  if (end != word && !*end)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "'%.40s': expected a number", word);
}

double *ulp_list_numbers(size_t *count, const ulp_run *run, const char *name,
                         double low, double high, ulp_status *s, ulp_error *e)
{
  double *x = ulp_list_read(count, sizeof *x, run, name, read_number, s, e);
  for (size_t i = 0; *s == ULP_OK && i < *count; i++)
    if (!(x[i] >= low && x[i] <= high))
      *s = ulp_error_set(e, ULP_EINVAL, "--%s: %g: expected %g to %g", name,
                         x[i], low, high);
  return x;
}

double *ulp_list_integers(size_t *count, const ulp_run *run, const char *name,
                          double low, double high, ulp_status *s,
                          ulp_error *e)
{
  double *x = ulp_list_numbers(count, run, name, low, high, s, e);
  for (size_t i = 0; *s == ULP_OK && i < *count; i++)
    if (x[i] != floor(x[i]))
      *s = ulp_error_set(e, ULP_EINVAL, "--%s: %g: expected a whole number",
                         name, x[i]);
  return x;
}

ulp_status ulp_number_parameter(double *out, const ulp_run *run,
                                const char *name, double low, double high,
                                ulp_error *e)
{
  const char *text = ulp_run_parameter(run, name);
  char *end;
  *out = strtod(text, &end);
  if (end != text && !*end && *out >= low && *out <= high)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a number from "
                       "%g to %g", name, text, low, high);
}

/* ---- formats ------------------------------------------------------------ */

static ulp_status read_format(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  char why[300] = "";
  ulp_format *f = (ulp_format *)data + i;
  ulp_status s = ulp_format_find(word, f, why, sizeof why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s", why);
  if (f->kind == ULP_FLOAT && f->is_signed && f->man_bits < 24 &&
      ulp_fits_f64(f))
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "%s: expected a signed float of up to "
                       "24 digits", f->name);
}

ulp_format *ulp_list_floats(size_t *count, const ulp_run *run,
                            const char *name, ulp_status *s, ulp_error *e)
{
  return ulp_list_read(count, sizeof(ulp_format), run, name, read_format, s,
                       e);
}
