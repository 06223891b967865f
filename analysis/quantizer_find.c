/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantizer_find.c: from the text of a quantizer to the quantizer.
 *
 * Without settings: one scale a tensor, its amax over its finite values
 * divided by the greatest value of the format, held in f32, everything
 * computed in f64, elements to nearest even and saturated.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer_internal.h"

enum { MAX_SPEC = 600, SEARCH_DEFAULT = 100, SEARCH_MOST = 10000 };

/* ---- words -------------------------------------------------------------- */

static const char *const over_names[] = {"finite", "numbers", "all", NULL};
static const char *const ties_names[] = {"mode",     "f32-down", "f32-low",
                                         "f32-even", "f32-grid", "bnb",
                                         NULL};
static const char *const judge_names[] = {"mse", "mae", "max", NULL};
static const char *const arithmetic_names[] = {"f32", "f64", "bf16", NULL};
static const char *const apply_names[] = {"times", "over", NULL};
static const char *const zero_names[] = {"before", "after", NULL};
static const char *const sign_names[] = {"keep", "drop", NULL};
static const char *const yes_names[] = {"no", "yes", NULL};
static const char *const nan_names[] = {"first", "last", NULL};
static const char *const flush_names[] = {"keep", "flush", NULL};

static const char *name_at(const void *list, size_t i)
{
  return ((const char *const *)list)[i];
}

static ulp_status unknown(const char *key, const char *value,
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

static ulp_status read_word(const char *key, const char *value,
                            const char *const *names, int *out, ulp_error *e)
{
  for (int i = 0; names[i]; i++)
    if (!strcmp(value, names[i])) {
      *out = i;
      return ULP_OK;
    }
  return unknown(key, value, names, e);
}

static ulp_status read_flag(const char *key, const char *value,
                            const char *const *names, bool *out, ulp_error *e)
{
  int i = 0;
  ulp_status status = read_word(key, value, names, &i, e);
  if (status == ULP_OK) *out = i == 1;
  return status;
}

static ulp_status read_number(const char *key, const char *value, double low,
                              double high, double *out, ulp_error *e)
{
  char *end;
  double v = strtod(value, &end);
  if (end == value || *end || !(v >= low && v <= high))
    return ulp_error_set(e, ULP_EINVAL, "%s '%.60s': expected a number of %g "
                         "to %g", key, value, low, high);
  *out = v;
  return ULP_OK;
}

static ulp_status read_format(const char *key, const char *value,
                              ulp_format *out, ulp_error *e)
{
  char why[300];
  ulp_format f;
  ulp_status status = ulp_format_find(value, &f, why, sizeof why);
  if (status != ULP_OK) return ulp_error_set(e, status, "%s: %s", key, why);
  *out = f;
  return ULP_OK;
}

/* ---- rules -------------------------------------------------------------- */

/* What a rule's name stands for.  Dividing by TOP or MAX comes last, so that
 * no power of two is taken of a number that has been rounded. */
static const struct {
  const char *name, *raw, *zero;
  bool parameter;
} rules[] = {
    {"amax", "a / MAX", "", true},
    {"floor", "pow2(a) / TOP", "", false},
    {"ceil", "ceil2(a) / TOP", "", false},
    {"rceil", "ceil2(a / MAX)", "", false},
    {"even", "even(a, M) / TOP", "", false},
    {"minmax", "(hi - lo) / (MAX - MIN)",
     "min(max(rne(MIN - lo / s), MIN), MAX)", false},
    {"percentile", "a / MAX", "", true},
    {"mse", "a / MAX", "", true},
    {"mae", "a / MAX", "", true},
};
enum { RULES = sizeof rules / sizeof rules[0] };

static ulp_status set_divisor(ulp_quantizer *q, const char *number,
                              ulp_error *e)
{
  char text[80];
  double v = 0;
  ulp_status status = read_number("rule amax", number, 0x1p-126, 0x1p127, &v,
                                  e);
  if (status != ULP_OK) return status;
  (void)snprintf(text, sizeof text, "a / %.17g", v);
  return ulp_formula_parse(text, &q->raw, e);
}

static ulp_status set_search(ulp_quantizer *q, const char *name,
                             const char *number, ulp_error *e)
{
  double n = SEARCH_DEFAULT;
  ulp_status status =
      number ? read_number(name, number, 1, SEARCH_MOST, &n, e) : ULP_OK;
  q->search = (int)n;
  q->search_for = strcmp(name, "mae") ? ULP_JUDGE_MSE : ULP_JUDGE_MAE;
  return status;
}

static ulp_status set_parameter(ulp_quantizer *q, const char *name,
                                const char *number, ulp_error *e)
{
  if (!strcmp(name, "mse") || !strcmp(name, "mae"))
    return set_search(q, name, number, e);
  if (!strcmp(name, "percentile"))
    return read_number("rule percentile", number ? number : "", 0x1p-20, 100,
                       &q->percentile, e);
  return number ? set_divisor(q, number, e) : ULP_OK;
}

static ulp_status set_rule(ulp_quantizer *q, const char *value, ulp_error *e)
{
  char word[16] = "";
  const char *names[RULES + 1] = {NULL};
  size_t length = strcspn(value, ":"), i = 0;
  const char *number = value[length] ? value + length + 1 : NULL;
  if (length < sizeof word) memcpy(word, value, length);
  while (i < RULES && strcmp(word, rules[i].name))
    i++;
  if (i == RULES || (number && !rules[i].parameter)) {
    for (i = 0; i < RULES; i++)
      names[i] = rules[i].name;
    return unknown("rule", value, names, e);
  }
  q->percentile = 100;
  q->search = 0;
  q->second.count = q->factor.count = q->decode.count = q->error.count = 0;
  q->sum.count = 0;
  q->divide = true;
  ulp_status status = ulp_formula_parse(rules[i].raw, &q->raw, e);
  if (status == ULP_OK) status = ulp_formula_parse(rules[i].zero, &q->zero, e);
  return status == ULP_OK ? set_parameter(q, word, number, e) : status;
}

/* ---- settings ----------------------------------------------------------- */

typedef ulp_status setter(ulp_quantizer *q, const char *key, const char *value,
                          ulp_error *e);

static ulp_status set_granularity(ulp_quantizer *q, const char *key,
                                  const char *value, ulp_error *e)
{
  (void)key;
  return ulp_granularity_parse(value, &q->granularity, e);
}

static ulp_status set_axis(ulp_quantizer *q, const char *key,
                           const char *value, ulp_error *e)
{
  double v = 0;
  ulp_status status =
      read_number(key, value, -ULP_MAX_DIMS, ULP_MAX_DIMS - 1, &v, e);
  if (status == ULP_OK && v != floor(v))
    status = ulp_error_set(e, ULP_EINVAL, "%s '%.60s': expected a whole number",
                           key, value);
  if (status == ULP_OK) q->axis = (int)v;
  return status;
}

static ulp_status set_scale(ulp_quantizer *q, const char *key,
                            const char *value, ulp_error *e)
{
  return read_format(key, value, &q->scale, e);
}

static ulp_status set_rule_of(ulp_quantizer *q, const char *key,
                              const char *value, ulp_error *e)
{
  (void)key;
  return set_rule(q, value, e);
}

static ulp_status set_mode(ulp_quantizer *q, const char *key,
                           const char *value, ulp_error *e)
{
  ulp_rounding *r =
      strcmp(key, "round") ? &q->scale_rounding : &q->rounding;
  const char *names[16] = {NULL};
  if (ulp_mode_find(value, &r->mode) == ULP_OK) return ULP_OK;
  for (size_t i = 0; i < 15; i++)
    names[i] = ulp_mode_name(i);
  return unknown(key, value, names, e);
}

static ulp_status set_overflow(ulp_quantizer *q, const char *key,
                               const char *value, ulp_error *e)
{
  ulp_rounding *r =
      strcmp(key, "overflow") ? &q->scale_rounding : &q->rounding;
  const char *names[16] = {NULL};
  if (ulp_overflow_find(value, &r->overflow) == ULP_OK) return ULP_OK;
  for (size_t i = 0; i < 15; i++)
    names[i] = ulp_overflow_name(i);
  return unknown(key, value, names, e);
}

static ulp_status set_special(ulp_quantizer *q, const char *key,
                              const char *value, ulp_error *e)
{
  const char *names[32] = {NULL};
  if (ulp_profile_find(value, &q->rounding.profile) == ULP_OK) {
    q->scale_rounding.profile = q->rounding.profile;
    return ULP_OK;
  }
  for (size_t i = 0; i < ulp_profile_count() && i < 31; i++)
    names[i] = ulp_profile_row(i)->name;
  return unknown(key, value, names, e);
}

static ulp_status set_sr_bits(ulp_quantizer *q, const char *key,
                              const char *value, ulp_error *e)
{
  double v = 0;
  ulp_status status = read_number(key, value, 0, 32, &v, e);
  if (status == ULP_OK) q->rounding.sr_bits = (uint8_t)v;
  return status;
}

static ulp_status set_seed(ulp_quantizer *q, const char *key,
                           const char *value, ulp_error *e)
{
  char *end;
  errno = 0;
  unsigned long long v = strtoull(value, &end, 10);
  if (*value < '0' || *value > '9' || *end || errno)
    return ulp_error_set(e, ULP_EINVAL, "%s '%.60s': expected a whole number",
                         key, value);
  q->rounding.seed = v;
  return ULP_OK;
}

static ulp_status set_outlier(ulp_quantizer *q, const char *key,
                              const char *value, ulp_error *e)
{
  return read_number(key, value, 0, 0x1p127, &q->outlier, e);
}

/* ',' of the value stands for '/', which is between settings of the whole. */
static ulp_status set_nested(ulp_quantizer *q, const char *key,
                             const char *value, ulp_error *e)
{
  ulp_error inner;
  ulp_quantizer scales;
  char text[sizeof q->nested];
  size_t n = strlen(value);
  q->nested[0] = '\0';
  if (!strcmp(value, "none")) return ULP_OK;
  if (n >= sizeof text)
    return ulp_error_set(e, ULP_EINVAL, "%s '%.60s...': too long", key, value);
  memcpy(text, value, n + 1);
  for (char *p = text; *p; p++)
    if (*p == ',' && p[1] != ' ') *p = '/';
  ulp_status status = ulp_quantizer_find(text, &scales, &inner);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s: %s", key, inner.text);
  if (scales.global.count || scales.zero.count || scales.nested[0])
    return ulp_error_set(e, ULP_EINVAL,
                         "%s '%s': expected a quantizer with scales alone, no "
                         "global scale, zero points or scales of scales",
                         key, scales.name);
  memcpy(q->nested, text, sizeof text);
  return ULP_OK;
}

static ulp_status set_offset(ulp_quantizer *q, const char *key,
                             const char *value, ulp_error *e)
{
  double v = 0;
  ulp_status status = ULP_OK;
  q->offset = ULP_OFFSET_GIVEN;
  if (!strcmp(value, "none"))
    q->offset = ULP_OFFSET_NONE;
  else if (!strcmp(value, "mean"))
    q->offset = ULP_OFFSET_MEAN;
  else
    status = read_number(key, value, -0x1p127, 0x1p127, &v, e);
  q->offset_given = (float)v;
  return status;
}

static ulp_status set_zero_scale(ulp_quantizer *q, const char *key,
                                 const char *value, ulp_error *e)
{
  return read_number(key, value, 0, 0x1p127, &q->zero_scale, e);
}

static ulp_status set_word(ulp_quantizer *q, const char *key,
                           const char *value, ulp_error *e)
{
  int i = 0;
  ulp_status status = ULP_OK;
  if (!strcmp(key, "over")) {
    status = read_word(key, value, over_names, &i, e);
    if (status == ULP_OK) q->over = (ulp_over)i;
  } else if (!strcmp(key, "ties")) {
    status = read_word(key, value, ties_names, &i, e);
    if (status == ULP_OK) q->ties = (ulp_ties)i;
  } else if (!strcmp(key, "arithmetic")) {
    status = read_word(key, value, arithmetic_names, &i, e);
    if (status == ULP_OK) q->arithmetic = (ulp_arithmetic)i;
  } else {
    status = read_word(key, value, judge_names, &i, e);
    if (status == ULP_OK) q->judge = (ulp_judge)i;
  }
  return status;
}

static ulp_status set_flag(ulp_quantizer *q, const char *key,
                           const char *value, ulp_error *e)
{
  if (!strcmp(key, "apply"))
    return read_flag(key, value, apply_names, &q->divide, e);
  if (!strcmp(key, "nan"))
    return read_flag(key, value, nan_names, &q->nan_last, e);
  if (!strcmp(key, "subnormals"))
    return read_flag(key, value, flush_names, &q->flush, e);
  if (!strcmp(key, "whole"))
    return read_flag(key, value, yes_names, &q->whole_blocks, e);
  if (!strcmp(key, "zero-sign"))
    return read_flag(key, value, sign_names, &q->bare_zero, e);
  return read_flag(key, value, zero_names, &q->zero_after, e);
}

static ulp_status set_sum(ulp_quantizer *q, const char *key, const char *value,
                          ulp_error *e)
{
  ulp_sum_order order = {.count = 0};
  for (const char *p = value; *p; order.count++) {
    char *end;
    bool neighbours = *p == 'x';
    p += neighbours;
    long n = *p >= '0' && *p <= '9' ? strtol(p, &end, 10) : 0;
    if (n < 1 || n > ULP_SUM_LANES || order.count == ULP_SUM_STEPS ||
        (*end && !(*end == ',' && end[1])))
      return ulp_error_set(e, ULP_EINVAL,
                           "%s '%.60s': expected up to %d steps N or xN, such "
                           "as x16,8,4,2, N from 1 to %d",
                           key, value, ULP_SUM_STEPS, ULP_SUM_LANES);
    order.step[order.count].neighbours = neighbours;
    order.step[order.count].n = (int)n;
    p = end + (*end == ',');
  }
  q->sum = order;
  return ULP_OK;
}

static ulp_status set_formula(ulp_quantizer *q, const char *key,
                              const char *value, ulp_error *e)
{
  const struct {
    const char *key;
    ulp_formula *formula;
  } all[] = {{"global", &q->global}, {"raw", &q->raw},
             {"second", &q->second}, {"error", &q->error},
             {"factor", &q->factor}, {"zero", &q->zero},
             {"decode", &q->decode}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(key, all[i].key))
      return ulp_formula_parse(value, all[i].formula, e);
  return ulp_error_set(e, ULP_ENAME, "no formula '%s'", key);
}

static const struct {
  const char *key;
  setter *set;
} settings[] = {
    {"g", set_granularity},      {"axis", set_axis},
    {"scale", set_scale},        {"rule", set_rule_of},
    {"round", set_mode},         {"scale-round", set_mode},
    {"overflow", set_overflow},  {"scale-overflow", set_overflow},
    {"special", set_special},    {"sr-bits", set_sr_bits},
    {"seed", set_seed},          {"zero-scale", set_zero_scale},
    {"over", set_word},          {"ties", set_word},
    {"judge", set_word},         {"arithmetic", set_word},
    {"apply", set_flag},         {"whole", set_flag},
    {"zero-point", set_flag},    {"zero-sign", set_flag},
    {"global", set_formula},     {"raw", set_formula},
    {"second", set_formula},     {"error", set_formula},
    {"factor", set_formula},     {"zero", set_formula},
    {"decode", set_formula},     {"nan", set_flag},
    {"subnormals", set_flag},    {"outlier", set_outlier},
    {"nested", set_nested},      {"offset", set_offset},
    {"sum", set_sum},
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

ulp_status ulp_quantizer_set(ulp_quantizer *q, const char *key,
                             const char *value, ulp_error *e)
{
  const char *names[SETTINGS + 1] = {NULL};
  for (size_t i = 0; i < SETTINGS; i++) {
    if (!strcmp(key, settings[i].key)) return settings[i].set(q, key, value, e);
    names[i] = settings[i].key;
  }
  return unknown("setting", key, names, e);
}

/* "KEY=VALUE" parts between `separator`s; those in a formula are in
 * parentheses or after a blank (a / b), never a bare KEY=. */
static ulp_status apply_settings(ulp_quantizer *q, const char *text,
                                 char separator, ulp_error *e)
{
  char part[MAX_SPEC];
  while (*text) {
    size_t n = 0;
    while (text[n] && !(text[n] == separator && text[n + 1] != ' '))
      n++;
    if (n >= sizeof part)
      return ulp_error_set(e, ULP_EINVAL, "a setting of over %d characters",
                           MAX_SPEC - 1);
    memcpy(part, text, n);
    part[n] = '\0';
    text += n + (text[n] != '\0');
    if (n == 0) continue;
    char *equals = strchr(part, '=');
    if (!equals)
      return ulp_error_set(e, ULP_EINVAL, "setting '%.60s': expected KEY=VALUE",
                           part);
    *equals = '\0';
    ulp_status status = ulp_quantizer_set(q, part, equals + 1, e);
    if (status != ULP_OK) return status;
  }
  return ULP_OK;
}

/* ---- the name ----------------------------------------------------------- */

static bool has_word(const char *list, const char *word)
{
  size_t n = strlen(word);
  for (const char *p = list; n && (p = strstr(p, word)) != NULL; p += n)
    if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
  return false;
}

/* The row of a name; without a profile the first of that name, unless it is a
 * format's, too. */
static const ulp_quantizer_row *find_row(const char *name, const char *profile)
{
  const ulp_quantizer_row *r;
  ulp_format f;
  if (!*profile && ulp_format_find(name, &f, NULL, 0) == ULP_OK) return NULL;
  for (size_t i = 0; (r = ulp_quantizer_row_at(i)) != NULL; i++)
    if ((!strcmp(r->name, name) || has_word(r->aliases, name)) &&
        (!*profile || !strcmp(profile, r->profile)))
      return r;
  return NULL;
}

static ulp_status no_such_profile(const char *name, const char *profile,
                                  ulp_error *e)
{
  const char *names[32] = {NULL};
  size_t n = 0;
  const ulp_quantizer_row *r;
  for (size_t i = 0; n < 31 && (r = ulp_quantizer_row_at(i)) != NULL; i++)
    if (!strcmp(r->name, name) || has_word(r->aliases, name))
      names[n++] = r->profile;
  if (n) return unknown("profile", profile, names, e);
  return ulp_error_set(e, ULP_ENAME,
                       "'%.60s@%.60s': no quantizer of that name has a "
                       "profile; 'ulplab quantizers' lists those that do",
                       name, profile);
}

static const char *row_name(const void *list, size_t i)
{
  const ulp_quantizer_row *r = ulp_quantizer_row_at(i);
  (void)list;
  return r ? r->name : NULL;
}

static ulp_status set_defaults(ulp_quantizer *q, const char *element,
                               ulp_error *e)
{
  char why[300];
  memset(q, 0, sizeof *q);
  q->profile = q->source = "";
  q->axis = ULP_AXIS_DEFAULT;
  q->arithmetic = ULP_IN_F64;
  q->divide = true;
  q->percentile = 100;
  q->zero_scale = -1;
  q->rounding.overflow = ULP_OVERFLOW_SATURATE;
  q->scale_rounding.overflow = ULP_OVERFLOW_SATURATE;
  if (ulp_format_find(element, &q->element, why, sizeof why) != ULP_OK) {
    const char *near = ulp_nearest(element, row_name, NULL);
    return ulp_error_set(e, ULP_ENAME, "%s%s%s%s", why,
                         near ? "; or the quantizer '" : "", near ? near : "",
                         near ? "'" : "");
  }
  if (q->element.bits > 16)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s has %d bits, expected elements of up to 16",
                         q->element.name, q->element.bits);
  ulp_status status = read_format("scale", "float32", &q->scale, e);
  return status == ULP_OK ? set_rule(q, "amax", e) : status;
}

static ulp_status apply_row(ulp_quantizer *q, const ulp_quantizer_row *r,
                            ulp_error *e)
{
  ulp_status status = set_defaults(q, r->element, e);
  q->profile = r->profile;
  q->source = r->source;
  if (status == ULP_OK) status = set_granularity(q, "g", r->granularity, e);
  if (status == ULP_OK) status = set_scale(q, "scale", r->scale, e);
  return status == ULP_OK ? apply_settings(q, r->settings, ';', e) : status;
}

/* A scale of 0 cannot divide: 1 of f32, else the least there is. */
static void resolve(ulp_quantizer *q)
{
  if (q->zero_scale < 0)
    q->zero_scale = q->scale.bits == 32 ? 1 : ulp_min_positive(&q->scale);
}

/* Thresholds lie between values by code, or those of one format. */
static ulp_status check_ties(const ulp_quantizer *q, ulp_error *e)
{
  bool book = q->element.kind == ULP_CODEBOOK;
  if (q->ties == ULP_TIES_MODE || q->ties == ULP_TIES_F32_LOW) return ULP_OK;
  if (book && q->ties != ULP_TIES_BNB) return ULP_OK;
  if (!strcmp(q->element.name, "nf4") || !strcmp(q->element.name, "bnb_fp4"))
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "ties '%s': %s is no %s",
                       ties_names[q->ties], q->element.name,
                       q->ties == ULP_TIES_BNB ? "nf4 or bnb_fp4" : "codebook");
}

ulp_status ulp_quantizer_find(const char *spec, ulp_quantizer *out,
                              ulp_error *e)
{
  char name[MAX_SPEC] = "", profile[40] = "";
  ulp_quantizer q;
  size_t length = strcspn(spec, "/"), at = strcspn(spec, "@/");
  if (strlen(spec) >= sizeof name || length - at > sizeof profile)
    return ulp_error_set(e, ULP_EINVAL, "quantizer '%.60s...': too long", spec);
  memcpy(name, spec, at);
  if (at < length) memcpy(profile, spec + at + 1, length - at - 1);
  const ulp_quantizer_row *r = find_row(name, profile);
  if (!r && *profile) return no_such_profile(name, profile, e);
  ulp_status status = r ? apply_row(&q, r, e) : set_defaults(&q, name, e);
  if (status == ULP_OK) status = apply_settings(&q, spec + length, '/', e);
  if (status == ULP_OK) status = check_ties(&q, e);
  if (status != ULP_OK) return status;
  resolve(&q);
  (void)snprintf(q.name, sizeof q.name, "%.60s%s%s", r ? r->name : name,
                 *q.profile ? "@" : "", q.profile);
  *out = q;
  return ULP_OK;
}

/* ---- what it costs ------------------------------------------------------ */

/* Bits of a scale of b's, those of its own scale and of the offset counted. */
static double scale_bits(const ulp_quantizer *q, const ulp_blocks *b)
{
  ulp_error e;
  ulp_nested n;
  if (!q->nested[0] || b->blocks == 0 || ulp_nested_make(&n, q, b, &e) != ULP_OK)
    return q->scale.bits;
  double offset = q->offset == ULP_OFFSET_NONE ? 0 : 32;
  return ulp_quantizer_bits(&n.q, &n.b) + offset / (double)b->blocks;
}

bool ulp_quantizer_has_scales(const ulp_quantizer *q)
{
  return q->raw.count > 0 || q->fixed;
}

double ulp_quantizer_bits(const ulp_quantizer *q, const ulp_blocks *b)
{
  double blocks = (double)b->blocks, zero = q->zero.count ? q->element.bits : 0;
  double bits = ulp_quantizer_has_scales(q) ? scale_bits(q, b) + zero : 0;
  double global = q->global.count ? 32 : 0;
  if (b->elements == 0) return q->element.bits;
  return q->element.bits +
         (blocks * bits + global) / (double)b->elements;
}
