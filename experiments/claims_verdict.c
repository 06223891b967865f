/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is expected of a figure, and what a claim's findings make of it.
 */
#include <math.h>
#include <string.h>

#include "claims.h"

typedef struct {
  ulp_fact_reader *fact;
  void *data;
} reader;

enum { MOST_TEXT = 1000 };

/* The place of `mark` outside brackets, or NULL. */
static const char *find_mark(const char *text, const char *mark)
{
  int depth = 0;
  for (; *text; text++) {
    depth += (*text == '[') - (*text == ']');
    if (depth == 0 && strncmp(text, mark, strlen(mark)) == 0)
      return text;
  }
  return NULL;
}

static ulp_status part(double *out, const char *text, size_t n, reader r,
                       ulp_error *e)
{
  char copy[MOST_TEXT];
  if (n >= sizeof copy)
    return ulp_error_set(e, ULP_EFORMAT, "'%.60s...': too long", text);
  memcpy(copy, text, n);
  copy[n] = '\0';
  return ulp_claim_formula(out, copy, r.fact, r.data, e);
}

static ulp_status near(ulp_finding *f, const char *text,
                       const char *mark, reader r, ulp_error *e)
{
  double want, tolerance;
  size_t n = strlen(mark + 2);
  bool percent = n > 0 && mark[2 + n - 1] == '%';
  ulp_status s = part(&want, text, (size_t)(mark - text), r, e);
  if (s == ULP_OK)
    s = part(&tolerance, mark + 2, n - percent, r, e);
  if (s != ULP_OK)
    return s;
  (void)snprintf(f->text, sizeof f->text, "%.6g +- %.6g%s", want, tolerance,
                 percent ? "%" : "");
  f->agrees = fabs(f->figure - want) <=
              (percent ? tolerance * fabs(want) / 100 : tolerance);
  return ULP_OK;
}

static ulp_status inside(ulp_finding *f, const char *text,
                         const char *mark, reader r, ulp_error *e)
{
  double low, high;
  ulp_status s = part(&low, text, (size_t)(mark - text), r, e);
  if (s == ULP_OK)
    s = part(&high, mark + 2, strlen(mark + 2), r, e);
  if (s != ULP_OK)
    return s;
  (void)snprintf(f->text, sizeof f->text, "%.6g .. %.6g", low, high);
  f->agrees = low <= f->figure && f->figure <= high;
  return ULP_OK;
}

static ulp_status order(ulp_finding *f, const char *text, reader r,
                        ulp_error *e)
{
  double y, x = f->figure;
  bool equal = text[1] == '=';
  const char *rest = text + (equal ? 2 : 1);
  ulp_status s = part(&y, rest, strlen(rest), r, e);
  if (s != ULP_OK)
    return s;
  (void)snprintf(f->text, sizeof f->text, "%c%s %.6g", *text, equal ? "=" : "",
                 y);
  f->agrees = *text == '>' ? (equal ? x >= y : x > y)
                           : (equal ? x <= y : x < y);
  return ULP_OK;
}

static ulp_status compare(ulp_finding *f, const char *expected, reader r,
                          ulp_error *e)
{
  const char *mark;
  if (*expected == '>' || *expected == '<')
    return order(f, expected, r, e);
  if ((mark = find_mark(expected, "+-")) != NULL)
    return near(f, expected, mark, r, e);
  if ((mark = find_mark(expected, "..")) != NULL)
    return inside(f, expected, mark, r, e);
  return ulp_error_set(e, ULP_EFORMAT, "'%.80s': expected X +- T, X +- T%%, "
                       "LOW .. HIGH, or > < >= <= X", expected);
}

ulp_status ulp_claim_probe(ulp_finding *out, const ulp_probe *p,
                           ulp_fact_reader *fact, void *data, ulp_error *e)
{
  reader r = {fact, data};
  *out = (ulp_finding){.known = true};
  ulp_status s = ulp_claim_formula(&out->figure, p->figure, fact, data, e);
  if (s == ULP_OK)
    s = compare(out, p->expected, r, e);
  if (s == ULP_EIO) {
    *out = (ulp_finding){.known = false};
    (void)snprintf(out->text, sizeof out->text, "%.190s", e->text);
    return ULP_OK;
  }
  return s;
}

const char *ulp_claim_verdict(const ulp_finding *f, size_t n)
{
  size_t known = 0, agree = 0;
  for (size_t i = 0; i < n; i++) {
    known += f[i].known;
    agree += f[i].known && f[i].agrees;
  }
  if (known == 0)
    return "not testable here";
  if (agree == 0)
    return "does not hold";
  return agree == known ? "holds" : "conditional";
}
