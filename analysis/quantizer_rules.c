/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantizer_rules.c: how a scale is chosen, by name.
 */
#include <stdio.h>
#include <string.h>

#include "quantizer_internal.h"

enum { SEARCH_DEFAULT = 100, SEARCH_MOST = 10000 };

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
  ulp_status status =
      ulp_word_number("rule amax", number, 0x1p-126, 0x1p127, &v, e);
  if (status != ULP_OK) return status;
  (void)snprintf(text, sizeof text, "a / %.17g", v);
  return ulp_formula_parse(text, &q->raw, e);
}

static ulp_status set_search(ulp_quantizer *q, const char *name,
                             const char *number, ulp_error *e)
{
  double n = SEARCH_DEFAULT;
  ulp_status status =
      number ? ulp_word_number(name, number, 1, SEARCH_MOST, &n, e) : ULP_OK;
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
    return ulp_word_number("rule percentile", number ? number : "", 0x1p-20,
                           100, &q->percentile, e);
  return number ? set_divisor(q, number, e) : ULP_OK;
}

ulp_status ulp_quantizer_set_rule(ulp_quantizer *q, const char *value,
                                  ulp_error *e)
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
    return ulp_word_unknown("rule", value, names, e);
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
