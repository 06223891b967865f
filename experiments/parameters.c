/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The values of parameters.
 */
#include "parameters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- text --------------------------------------------------------------- */

bool ulp_number_of(double *out, const char *text)
{
  char *end;
  *out = strtod(text, &end);
  return end != text && !*end;
}

bool ulp_whole_of(int64_t *out, const char *text, int64_t least, int64_t most)
{
  double x;
  if (!ulp_number_of(&x, text) || !(fabs(x) <= 0x1p53) || x != floor(x))
    return false;
  *out = (int64_t)x;
  return *out >= least && *out <= most;
}

/* The text is cut first: strtod would take the start of 0x1x2 as one. */
bool ulp_numbers_of(double *out, size_t n, const char *text, char between)
{
  char part[40];
  for (size_t i = 0; i < n; i++) {
    const char *end = strchr(text, between);
    size_t length = end ? (size_t)(end - text) : strlen(text);
    if ((end == NULL) != (i + 1 == n) || length >= sizeof part)
      return false;
    memcpy(part, text, length);
    part[length] = '\0';
    if (!ulp_number_of(&out[i], part))
      return false;
    text += length + 1;
  }
  return true;
}

/* ---- one value ---------------------------------------------------------- */

static ulp_status refuse_number(const char *name, const char *text,
                                ulp_bounds b, ulp_error *e)
{
  if (!b.open_low && !b.open_high)
    return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a number from "
                         "%g to %g", name, text, b.low, b.high);
  return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a number %s %g "
                       "and %s %g", name, text,
                       b.open_low ? "above" : "not below", b.low,
                       b.open_high ? "below" : "not above", b.high);
}

ulp_status ulp_number_read(double *out, const char *name, const char *text,
                           ulp_bounds b, ulp_error *e)
{
  if (!ulp_number_of(out, text) || !(*out >= b.low && *out <= b.high) ||
      (b.open_low && *out == b.low) || (b.open_high && *out == b.high))
    return refuse_number(name, text, b, e);
  return ULP_OK;
}

ulp_status ulp_whole_read(int64_t *out, const char *name, const char *text,
                          int64_t least, int64_t most, ulp_error *e)
{
  if (ulp_whole_of(out, text, least, most))
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a whole number "
                       "from %lld to %lld", name, text, (long long)least,
                       (long long)most);
}

ulp_status ulp_number_parameter(double *out, const ulp_run *run,
                                const char *name, ulp_bounds b,
                                ulp_error *e)
{
  return ulp_number_read(out, name, ulp_run_parameter(run, name), b, e);
}

ulp_status ulp_whole_parameter(int64_t *out, const ulp_run *run,
                               const char *name, const int64_t by_effort[3],
                               int64_t least, int64_t most, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, name);
  if (*text || !by_effort)
    return ulp_whole_read(out, name, text, least, most, e);
  *out = by_effort[run->effort];
  return ULP_OK;
}

/* ---- shapes ------------------------------------------------------------- */

static ulp_status refuse_shape(const char *name, const char *text,
                               const ulp_extent *axes, size_t n, ulp_error *e)
{
  char names[60] = "", least[60] = "", most[60] = "";
  for (size_t i = 0; i < n; i++) {
    const char *by = i ? "x" : "";
    size_t at = strlen(names), low = strlen(least), high = strlen(most);
    (void)snprintf(names + at, sizeof names - at, "%s%s", by, axes[i].name);
    (void)snprintf(least + low, sizeof least - low, "%s%lld", by,
                   (long long)axes[i].least);
    (void)snprintf(most + high, sizeof most - high, "%s%lld", by,
                   (long long)axes[i].most);
  }
  return ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected %s, from %s to "
                       "%s", name, text, names, least, most);
}

ulp_status ulp_shape_parameter(int64_t *out, const ulp_run *run,
                               const char *name, const ulp_extent *axes,
                               size_t n, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, name);
  double x[ULP_EXTENTS];
  bool good = !*text || ulp_numbers_of(x, n, text, 'x');
  for (size_t i = 0; good && *text && i < n; i++)
    good = x[i] >= (double)axes[i].least && x[i] <= (double)axes[i].most &&
           x[i] == floor(x[i]);
  for (size_t i = 0; i < n; i++)
    out[i] = good && *text ? (int64_t)x[i] : axes[i].by_effort[run->effort];
  return good ? ULP_OK : refuse_shape(name, text, axes, n, e);
}

/* ---- lists -------------------------------------------------------------- */

static void *make_list(size_t *count, size_t size, const char *name,
                       const char *list, ulp_status *s, ulp_error *e)
{
  *count = ulp_words_count(list);
  void *out = calloc(*count + 1, size);
  if (*s != ULP_OK)
    return out;
  if (!out)
    *s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  else if (*count == 0)
    *s = ulp_error_set(e, ULP_EINVAL, "--%s: expected one word at least", name);
  return out;
}

void *ulp_list_read(size_t *count, size_t size, const ulp_run *run,
                    const char *name, ulp_word_reader *read, ulp_status *s,
                    ulp_error *e)
{
  const char *list = ulp_run_parameter(run, name);
  void *out = make_list(count, size, name, list, s, e);
  ulp_error why;
  if (*s == ULP_OK && (*s = ulp_words_read(list, read, out, &why)) != ULP_OK)
    ulp_error_set(e, *s, "--%s%s %.500s", name,
                  why.text[0] == '\'' ? "" : ":", why.text);
  return out;
}

typedef struct {
  const char *name;
  double *number;
  ulp_bounds bounds;
  int64_t *whole, least, most;
} numbers;

static ulp_status read_number(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  numbers *n = data;
  return n->whole ? ulp_whole_read(&n->whole[i], n->name, word, n->least,
                                   n->most, e)
                  : ulp_number_read(&n->number[i], n->name, word, n->bounds, e);
}

double *ulp_list_numbers(size_t *count, const ulp_run *run, const char *name,
                         ulp_bounds b, ulp_status *s, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, name);
  numbers n = {.name = name, .bounds = b};
  n.number = make_list(count, sizeof *n.number, name, list, s, e);
  if (*s == ULP_OK)
    *s = ulp_words_read(list, read_number, &n, e);
  return n.number;
}

int64_t *ulp_list_wholes(size_t *count, const ulp_run *run, const char *name,
                         const char *const by_effort[3], int64_t least,
                         int64_t most, ulp_status *s, ulp_error *e)
{
  const char *list = ulp_run_parameter(run, name);
  numbers n = {.name = name, .least = least, .most = most};
  if (by_effort && ulp_words_count(list) == 0)
    list = by_effort[run->effort];
  n.whole = make_list(count, sizeof *n.whole, name, list, s, e);
  if (*s == ULP_OK)
    *s = ulp_words_read(list, read_number, &n, e);
  return n.whole;
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
