/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantizer_set.c: the settings of a quantizer, one table of keys.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quantizer_internal.h"

static const char *const over_names[] = {"finite", "numbers", "all", NULL};
static const char *const ties_names[] = {
    "mode", "f32-down", "f32-low", "f32-even", "f32-grid", "bnb", NULL};
static const char *const judge_names[] = {"mse", "mae", "max", NULL};
static const char *const arithmetic_names[] = {"f32", "f64", "bf16", NULL};
static const char *const apply_names[] = {"times", "over", NULL};
static const char *const zero_names[] = {"before", "after", NULL};
static const char *const sign_names[] = {"keep", "drop", NULL};
static const char *const yes_names[] = {"no", "yes", NULL};
static const char *const nan_names[] = {"first", "last", NULL};
static const char *const flush_names[] = {"keep", "flush", NULL};

const char *ulp_ties_name(ulp_ties ties)
{
  return ties_names[ties];
}

typedef ulp_status setter(ulp_quantizer *q, const char *key, const char *value,
                          ulp_error *e);

static ulp_status set_granularity(ulp_quantizer *q, const char *key,
                                  const char *value, ulp_error *e)
{
  (void)key;
  return ulp_granularity_parse(value, &q->granularity, e);
}

static ulp_status set_axis(ulp_quantizer *q, const char *key, const char *value,
                           ulp_error *e)
{
  double v = 0;
  ulp_status status =
      ulp_word_number(key, value, -ULP_MAX_DIMS, ULP_MAX_DIMS - 1, &v, e);
  if (status == ULP_OK && v != floor(v))
    status = ulp_error_set(e, ULP_EINVAL, "%s '%.60s': expected a whole number",
                           key, value);
  if (status == ULP_OK) q->axis = (int)v;
  return status;
}

static ulp_status set_scale(ulp_quantizer *q, const char *key,
                            const char *value, ulp_error *e)
{
  return ulp_word_format(key, value, &q->scale, e);
}

static ulp_status set_rule_of(ulp_quantizer *q, const char *key,
                              const char *value, ulp_error *e)
{
  (void)key;
  return ulp_quantizer_set_rule(q, value, e);
}

static ulp_status set_mode(ulp_quantizer *q, const char *key, const char *value,
                           ulp_error *e)
{
  ulp_rounding *r = strcmp(key, "round") ? &q->scale_rounding : &q->rounding;
  const char *names[16] = {NULL};
  if (ulp_mode_find(value, &r->mode) == ULP_OK) return ULP_OK;
  for (size_t i = 0; i < 15; i++)
    names[i] = ulp_mode_name(i);
  return ulp_word_unknown(key, value, names, e);
}

static ulp_status set_overflow(ulp_quantizer *q, const char *key,
                               const char *value, ulp_error *e)
{
  ulp_rounding *r = strcmp(key, "overflow") ? &q->scale_rounding : &q->rounding;
  const char *names[16] = {NULL};
  if (ulp_overflow_find(value, &r->overflow) == ULP_OK) return ULP_OK;
  for (size_t i = 0; i < 15; i++)
    names[i] = ulp_overflow_name(i);
  return ulp_word_unknown(key, value, names, e);
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
  return ulp_word_unknown(key, value, names, e);
}

static ulp_status set_sr_bits(ulp_quantizer *q, const char *key,
                              const char *value, ulp_error *e)
{
  double v = 0;
  ulp_status status = ulp_word_number(key, value, 0, 32, &v, e);
  if (status == ULP_OK) q->rounding.sr_bits = (uint8_t)v;
  return status;
}

static ulp_status set_seed(ulp_quantizer *q, const char *key, const char *value,
                           ulp_error *e)
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
  return ulp_word_number(key, value, 0, 0x1p127, &q->outlier, e);
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
    status = ulp_word_number(key, value, -0x1p127, 0x1p127, &v, e);
  q->offset_given = (float)v;
  return status;
}

static ulp_status set_zero_scale(ulp_quantizer *q, const char *key,
                                 const char *value, ulp_error *e)
{
  return ulp_word_number(key, value, 0, 0x1p127, &q->zero_scale, e);
}

static ulp_status set_word(ulp_quantizer *q, const char *key, const char *value,
                           ulp_error *e)
{
  int i = 0;
  ulp_status status = ULP_OK;
  if (!strcmp(key, "over")) {
    status = ulp_word_read(key, value, over_names, &i, e);
    if (status == ULP_OK) q->over = (ulp_over)i;
  } else if (!strcmp(key, "ties")) {
    status = ulp_word_read(key, value, ties_names, &i, e);
    if (status == ULP_OK) q->ties = (ulp_ties)i;
  } else if (!strcmp(key, "arithmetic")) {
    status = ulp_word_read(key, value, arithmetic_names, &i, e);
    if (status == ULP_OK) q->arithmetic = (ulp_arithmetic)i;
  } else {
    status = ulp_word_read(key, value, judge_names, &i, e);
    if (status == ULP_OK) q->judge = (ulp_judge)i;
  }
  return status;
}

static ulp_status set_flag(ulp_quantizer *q, const char *key, const char *value,
                           ulp_error *e)
{
  if (!strcmp(key, "apply"))
    return ulp_word_flag(key, value, apply_names, &q->divide, e);
  if (!strcmp(key, "nan"))
    return ulp_word_flag(key, value, nan_names, &q->nan_last, e);
  if (!strcmp(key, "subnormals"))
    return ulp_word_flag(key, value, flush_names, &q->flush, e);
  if (!strcmp(key, "whole"))
    return ulp_word_flag(key, value, yes_names, &q->whole_blocks, e);
  if (!strcmp(key, "zero-sign"))
    return ulp_word_flag(key, value, sign_names, &q->bare_zero, e);
  return ulp_word_flag(key, value, zero_names, &q->zero_after, e);
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
    {"g", set_granularity},     {"axis", set_axis},
    {"scale", set_scale},       {"rule", set_rule_of},
    {"round", set_mode},        {"scale-round", set_mode},
    {"overflow", set_overflow}, {"scale-overflow", set_overflow},
    {"special", set_special},   {"sr-bits", set_sr_bits},
    {"seed", set_seed},         {"zero-scale", set_zero_scale},
    {"over", set_word},         {"ties", set_word},
    {"judge", set_word},        {"arithmetic", set_word},
    {"apply", set_flag},        {"whole", set_flag},
    {"zero-point", set_flag},   {"zero-sign", set_flag},
    {"global", set_formula},    {"raw", set_formula},
    {"second", set_formula},    {"error", set_formula},
    {"factor", set_formula},    {"zero", set_formula},
    {"decode", set_formula},    {"nan", set_flag},
    {"subnormals", set_flag},   {"outlier", set_outlier},
    {"nested", set_nested},     {"offset", set_offset},
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
  return ulp_word_unknown("setting", key, names, e);
}
