/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/scale.c: the rules that turn what is known of a tensor into the
 * scale by which it is divided before it is encoded.
 */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"

/* ---- names -------------------------------------------------------------- */

typedef enum { NO_PARAMETER, POSITIVE, PERCENT } parameter_kind;

static const struct {
  const char *name;
  parameter_kind parameter;
  const char *expected;
} rules[] = {
    [ULP_SCALE_NONE] = {"none", NO_PARAMETER, ""},
    [ULP_SCALE_FIXED] = {"fixed", POSITIVE,
                         "fixed:S with S finite and above 0"},
    [ULP_SCALE_AMAX] = {"amax", NO_PARAMETER, ""},
    [ULP_SCALE_PERCENTILE] = {"percentile", PERCENT,
                              "percentile:P with P above 0, at most 100"},
    [ULP_SCALE_MSE] = {"mse", NO_PARAMETER, ""},
    [ULP_SCALE_FLOOR] = {"floor", NO_PARAMETER, ""},
    [ULP_SCALE_CEIL] = {"ceil", NO_PARAMETER, ""},
    [ULP_SCALE_RCEIL] = {"rceil", NO_PARAMETER, ""},
    [ULP_SCALE_EVEN] = {"even", NO_PARAMETER, ""},
};
enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

const char *ulp_scale_rule_name(size_t i)
{
  return i < RULE_COUNT ? rules[i].name : NULL;
}

static const char *rule_name(const void *list, size_t i)
{
  (void)list;
  return ulp_scale_rule_name(i);
}

static ulp_status unknown_rule(const char *text, const char *word, ulp_error *e)
{
  const char *near = ulp_nearest(word, rule_name, NULL);
  return ulp_error_set(
      e, ULP_ENAME,
      "scale rule '%.60s': expected none, amax, mse, floor, ceil, rceil, "
      "even, percentile:P or fixed:S%s%s%s",
      text, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool read_parameter(const char *text, parameter_kind kind, double *out)
{
  char *end;
  if (*text == '\0' || strchr(" \t\n\v\f\r", *text)) return false;
  double v = strtod(text, &end);
  if (*end != '\0' || !isfinite(v) || !(v > 0)) return false;
  if (kind == PERCENT && v > 100) return false;
  *out = v;
  return true;
}

ulp_status ulp_scale_parse(const char *text, ulp_scale_spec *out, ulp_error *e)
{
  char word[16] = "";
  size_t length = strcspn(text, ":");
  if (length < sizeof word) memcpy(word, text, length);
  size_t i = 0;
  while (i < RULE_COUNT && strcmp(rules[i].name, word) != 0)
    i++;
  if (i == RULE_COUNT) return unknown_rule(text, word, e);
  double parameter = 0;
  if (rules[i].parameter == NO_PARAMETER) {
    if (text[length] != '\0')
      return ulp_error_set(e, ULP_EINVAL,
                           "scale rule '%.60s': expected '%s' alone", text,
                           rules[i].name);
  } else if (text[length] != ':' ||
             !read_parameter(text + length + 1, rules[i].parameter,
                             &parameter)) {
    return ulp_error_set(e, ULP_EINVAL, "scale rule '%.60s': expected %s", text,
                         rules[i].expected);
  }
  out->rule = (ulp_scale_rule)i;
  out->parameter = parameter;
  return ULP_OK;
}

/* The fewest digits, from six up, that read back as the same double. */
void ulp_scale_format(const ulp_scale_spec *spec, char *out, size_t size)
{
  size_t i = (size_t)spec->rule;
  if (i >= RULE_COUNT || rules[i].parameter == NO_PARAMETER) {
    snprintf(out, size, "%s", i < RULE_COUNT ? rules[i].name : "");
    return;
  }
  char number[40];
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(number, sizeof number, "%.*g", digits, spec->parameter);
    if (strtod(number, NULL) == spec->parameter) break;
  }
  snprintf(out, size, "%s:%s", rules[i].name, number);
}

/* ---- scales ------------------------------------------------------------- */

double ulp_scale_to_f32(double scale)
{
  if (!(scale > FLT_MIN)) return FLT_MIN;
  return scale < FLT_MAX ? (double)(float)scale : FLT_MAX;
}

int ulp_fraction_bits(const ulp_format *f)
{
  switch (f->kind) {
  case ULP_FLOAT: return f->man_bits;
  case ULP_INTEGER: return f->bits - (f->is_signed ? 2 : 1);
  case ULP_CODEBOOK: break;
  }
  return 0;
}

/* The exponent k of the rule's scale 2^k.  With amax = a 2^i and max = m 2^j,
 * a and m in [1/2, 1), floor(log2) is i - 1 and j - 1: the exponents decide,
 * never a logarithm, which is wrong next to a power of two. */
static int rule_exponent(const ulp_format *f, ulp_scale_rule rule, double amax)
{
  int i, j;
  double a = frexp(amax, &i);
  double m = frexp(ulp_max(f), &j);
  if (!isfinite(m)) /* max is beyond f64, the scale below its least value */
    return INT_MIN;
  switch (rule) {
  case ULP_SCALE_CEIL: return i - j + (a > 0.5);
  case ULP_SCALE_RCEIL: return i - j + (a > m);
  case ULP_SCALE_EVEN: /* up when half a unit of the last place carries */
    return i - j + (a + ldexp(1, -ulp_fraction_bits(f) - 2) >= 1);
  default: return i - j;
  }
}

static double power_of_two(int k)
{
  if (k < -126) k = -126;
  return ldexp(1, k > 127 ? 127 : k);
}

double ulp_scale_choose(const ulp_format *f, const ulp_scale_spec *spec,
                        const ulp_summary *s)
{
  if (spec->rule == ULP_SCALE_NONE) return 1;
  if (spec->rule == ULP_SCALE_FIXED) return spec->parameter;
  double amax = ulp_summary_moments(s).amax;
  if (!(amax > 0)) return 1;
  switch (spec->rule) {
  case ULP_SCALE_PERCENTILE: {
    double p = ulp_summary_percentile(s, spec->parameter);
    return ulp_scale_to_f32((p > 0 ? p : amax) / ulp_max(f));
  }
  case ULP_SCALE_MSE:
    if (f->bits <= 16) return ulp_scale_search(f, s, amax);
    return ulp_scale_to_f32(amax / ulp_max(f));
  case ULP_SCALE_AMAX: return ulp_scale_to_f32(amax / ulp_max(f));
  default: return power_of_two(rule_exponent(f, spec->rule, amax));
  }
}
