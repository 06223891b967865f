/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/calibrate_find.c: the table of observers, and from the text of one
 * to the observer.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate.h"

enum {
  FIELDS = 4, /* name and parameters */
  LENGTH_DEFAULT = 1024,
  LENGTH_MOST = 1 << 20,
  CANDIDATES_DEFAULT = 100,
  CANDIDATES_MOST = 10000,
  MARGIN_MOST = 64
};

#define TORCH_SOURCE "PyTorch torch/ao/quantization/observer.py, "
#define DELAYED_PARAMETERS "[:L[:max|most_recent[:MARGIN]]]"

static const ulp_observer_row rows[] = {
    [ULP_OBSERVE_MINMAX] = {"minmax", "", TORCH_SOURCE "MinMaxObserver"},
    [ULP_OBSERVE_AVERAGE] = {"average", "[:C]",
                             TORCH_SOURCE "MovingAverageMinMaxObserver"},
    [ULP_OBSERVE_PERCENTILE] = {"percentile", ":P", ""},
    [ULP_OBSERVE_MSE] = {"mse", "[:N]", ""},
    [ULP_OBSERVE_DELAYED] = {"delayed", DELAYED_PARAMETERS,
                             "Transformer Engine common/recipe/"
                             "delayed_scaling.cu, kernel_bulk"},
    [ULP_OBSERVE_DELAYED_UNFUSED] = {"delayed-unfused", DELAYED_PARAMETERS,
                                     "Transformer Engine pytorch/"
                                     "quantization.py, "
                                     "_amax_and_scale_update"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

const ulp_observer_row *ulp_observer_row_at(size_t i)
{
  return i < ROWS ? &rows[i] : NULL;
}

static const char *row_name(const void *list, size_t i)
{
  (void)list;
  return i < ROWS ? rows[i].name : NULL;
}

/* ---- parameters --------------------------------------------------------- */

typedef struct {
  const char *text; /* all of it */
  char field[FIELDS][32];
  int count;
} fields;

static ulp_status refuse(const fields *f, const char *expected, ulp_error *e)
{
  return ulp_error_set(e, ULP_EINVAL, "observer '%.60s': expected %s", f->text,
                       expected);
}

static bool split(fields *f, const char *text)
{
  f->text = text;
  for (f->count = 0; f->count < FIELDS; text++) {
    size_t n = strcspn(text, ":");
    if (n >= sizeof f->field[0] || (n == 0 && f->count > 0)) return false;
    memcpy(f->field[f->count], text, n);
    f->field[f->count++][n] = '\0';
    text += n;
    if (!*text) return true;
  }
  return false;
}

/* Field i, a number above low, at most high; not given: *out stays. */
static bool number(const fields *f, int i, double low, double high, double *out)
{
  char *end;
  if (i >= f->count) return true;
  double v = strtod(f->field[i], &end);
  if (*end || strchr(" \t\n\v\f\r", *f->field[i])) return false;
  *out = v;
  return v > low && v <= high;
}

static bool whole(const fields *f, int i, int low, int high, int *out)
{
  double v = *out;
  if (!number(f, i, low - 1, high, &v) || v != floor(v)) return false;
  *out = (int)v;
  return true;
}

static ulp_status read_delayed(const fields *f, ulp_observer_spec *s,
                               ulp_error *e)
{
  const char *word = f->count > 2 ? f->field[2] : "max";
  s->most_recent = !strcmp(word, "most_recent");
  if (!whole(f, 1, 1, LENGTH_MOST, &s->length))
    return refuse(f, "a length of the history from 1 to 1048576", e);
  if (!s->most_recent && strcmp(word, "max") != 0)
    return refuse(f, "max or most_recent behind the length", e);
  return whole(f, 3, 0, MARGIN_MOST, &s->margin)
             ? ULP_OK
             : refuse(f, "a margin from 0 to 64", e);
}

static ulp_status read_one(const fields *f, ulp_observer_spec *s, ulp_error *e)
{
  double c = (double)s->constant;
  if (f->count > 2) return refuse(f, "one parameter at most", e);
  switch (s->kind) {
  case ULP_OBSERVE_AVERAGE:
    if (!number(f, 1, 0, 1, &c) || !((float)c > 0))
      return refuse(f, "C above 0, at most 1", e);
    s->constant = (float)c;
    return ULP_OK;
  case ULP_OBSERVE_PERCENTILE:
    return f->count > 1 && number(f, 1, 0, 100, &s->percentile)
               ? ULP_OK
               : refuse(f, "percentile:P with P above 0, at most 100", e);
  case ULP_OBSERVE_MSE:
    return whole(f, 1, 1, CANDIDATES_MOST, &s->candidates)
               ? ULP_OK
               : refuse(f, "a number of candidates from 1 to 10000", e);
  default: return f->count == 1 ? ULP_OK : refuse(f, "no parameter", e);
  }
}

ulp_status ulp_observer_parse(const char *text, ulp_observer_spec *out,
                              ulp_error *e)
{
  fields f;
  size_t i = 0;
  if (!split(&f, text)) return refuse(&f, "NAME or NAME:PARAMETER", e);
  while (i < ROWS && strcmp(rows[i].name, f.field[0]) != 0)
    i++;
  if (i == ROWS) {
    const char *near = ulp_nearest(f.field[0], row_name, NULL);
    return ulp_error_set(e, ULP_ENAME,
                         "observer '%.60s': expected minmax, average[:C], "
                         "percentile:P, mse[:N], delayed or delayed-unfused"
                         "%s%s%s",
                         text, near ? "; did you mean '" : "", near ? near : "",
                         near ? "'?" : "");
  }
  ulp_observer_spec s = {.kind = (ulp_observer_kind)i,
                         .constant = 0.01f,
                         .candidates = CANDIDATES_DEFAULT,
                         .length = LENGTH_DEFAULT};
  ulp_status status = s.kind < ULP_OBSERVE_DELAYED ? read_one(&f, &s, e)
                                                   : read_delayed(&f, &s, e);
  if (status == ULP_OK) *out = s;
  return status;
}
