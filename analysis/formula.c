/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/formula.c: formulas, compiled to postfix.
 */
#include "formula_steps.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  operation op;
  int arguments;
} functions[] = {
    {"min", MIN, 2},         {"max", MAX, 2}, {"pow2", POW2, 1},
    {"ceil2", CEIL2, 1},     {"even", EVEN, 2}, {"exp2log", EXP2LOG, 1},
    {"ceil2log", CEIL2LOG, 1},
    {"rne", RNE, 1},         {"abs", ABS, 1}, {"bf16", BF16, 1},
    {"ok", OK, 2},
    {"when", WHEN, 2},       {"finite", FINITE, 2},
};

static const char *const variables[ULP_VARIABLES] = {
    [ULP_VAR_TENSOR] = "A", [ULP_VAR_BLOCK] = "a",  [ULP_VAR_LOW] = "lo",
    [ULP_VAR_HIGH] = "hi",  [ULP_VAR_COUNT] = "n",  [ULP_VAR_GLOBAL] = "G",
    [ULP_VAR_SCALE] = "s",  [ULP_VAR_CODE] = "q",   [ULP_VAR_MAX] = "MAX",
    [ULP_VAR_MIN] = "MIN",  [ULP_VAR_TOP] = "TOP",  [ULP_VAR_BITS] = "M",
};

static const struct {
  const char *name;
  double value;
} constants[] = {{"HUGE", (double)FLT_MAX}, {"TINY", (double)FLT_MIN}};

/* ---- parsing ------------------------------------------------------------ */

typedef struct {
  const char *text, *at;
  ulp_formula out;
  int depth; /* of parentheses */
  bool failed;
  const char *expected; /* at `at`, when failed */
} parser;

enum { MAX_DEPTH = 16 };

static void fail(parser *p, const char *expected)
{
  if (!p->failed) p->expected = expected;
  p->failed = true;
}

static void emit(parser *p, operation op, double value)
{
  if (p->out.count == ULP_FORMULA_STEPS) {
    fail(p, "a shorter formula");
    return;
  }
  p->out.step[p->out.count].op = (uint8_t)op;
  p->out.step[p->out.count++].value = value;
}

static char peek(parser *p)
{
  while (*p->at == ' ')
    p->at++;
  return *p->at;
}

static bool take(parser *p, char c)
{
  if (peek(p) != c) return false;
  p->at++;
  return true;
}

static void sum(parser *p);

static void number(parser *p)
{
  char *end;
  double v = strtod(p->at, &end);
  if (p->at[0] == '0' && (p->at[1] | 32) == 'x') v = NAN; /* hexadecimal */
  if (v == 2 && *end == '^') {
    const char *power = end + 1;
    long n = strtol(power, &end, 10);
    v = end > power && n >= -1000 && n <= 1000 ? ldexp(1, (int)n) : NAN;
  }
  if (!isfinite(v)) {
    fail(p, "a number");
    return;
  }
  p->at = end;
  emit(p, NUMBER, v);
}

static void arguments(parser *p, int count)
{
  if (!take(p, '(')) fail(p, "(");
  for (int i = 0; i < count && !p->failed; i++) {
    if (i && !take(p, ',')) fail(p, "a comma");
    sum(p);
  }
  if (!take(p, ')')) fail(p, ")");
}

static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void word(parser *p)
{
  char name[16] = "";
  size_t n = 0;
  while (is_letter(p->at[n]) || (n && p->at[n] >= '0' && p->at[n] <= '9'))
    n++;
  if (n < sizeof name) memcpy(name, p->at, n);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (!strcmp(name, functions[i].name)) {
      p->at += n;
      arguments(p, functions[i].arguments);
      emit(p, functions[i].op, 0);
      return;
    }
  for (size_t i = 0; i < ULP_VARIABLES; i++)
    if (!strcmp(name, variables[i])) {
      p->at += n;
      emit(p, VARIABLE, (double)i);
      return;
    }
  for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
    if (!strcmp(name, constants[i].name)) {
      p->at += n;
      emit(p, NUMBER, constants[i].value);
      return;
    }
  fail(p, "a variable or a function");
}

static void factor(parser *p)
{
  char c = peek(p);
  if (++p->depth > MAX_DEPTH) {
    fail(p, "fewer nested parentheses");
  } else if (c == '(') {
    p->at++;
    sum(p);
    if (!take(p, ')')) fail(p, ")");
  } else if (c == '-') {
    p->at++;
    factor(p);
    emit(p, NEGATE, 0);
  } else if (is_letter(c)) {
    word(p);
  } else if ((c >= '0' && c <= '9') || c == '.') {
    number(p);
  } else {
    fail(p, "a number, a variable, a function or (");
  }
  p->depth--;
}

static void product(parser *p)
{
  factor(p);
  while (!p->failed && (peek(p) == '*' || peek(p) == '/')) {
    operation op = *p->at++ == '*' ? MULTIPLY : DIVIDE;
    factor(p);
    emit(p, op, 0);
  }
}

static void sum(parser *p)
{
  product(p);
  while (!p->failed && (peek(p) == '+' || peek(p) == '-')) {
    operation op = *p->at++ == '+' ? ADD : SUBTRACT;
    product(p);
    emit(p, op, 0);
  }
}

ulp_status ulp_formula_parse(const char *text, ulp_formula *out, ulp_error *e)
{
  parser p = {.text = text, .at = text};
  if (peek(&p)) {
    sum(&p);
    if (peek(&p)) fail(&p, "an operator or the end");
  }
  if (p.failed)
    return ulp_error_set(e, ULP_EINVAL,
                         "formula '%.100s', at character %d: expected %s", text,
                         (int)(p.at - text) + 1, p.expected);
  *out = p.out;
  return ULP_OK;
}

bool ulp_formula_has(const ulp_formula *f, ulp_variable v)
{
  for (int i = 0; i < f->count; i++)
    if (f->step[i].op == VARIABLE && f->step[i].value == (double)v) return true;
  return false;
}
