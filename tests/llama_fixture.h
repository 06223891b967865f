/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The models and vectors of the source tree, for the suites of the decoder.
 */
#ifndef ULPLAB_LLAMA_FIXTURE_H
#define ULPLAB_LLAMA_FIXTURE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llama.h"

#define TINY "tests/vectors/model/tiny"

static inline const char *in_source(const char *path)
{
  static char out[4][1000];
  static int turn;
  const char *folder = getenv("srcdir");
  char *at = out[turn++ % 4];
  snprintf(at, sizeof out[0], "%s/%s", folder ? folder : ".", path);
  return at;
}

static inline ulp_llama *open_model(const char *path)
{
  ulp_llama *m = NULL;
  ulp_error e;
  ck_assert_msg(ulp_llama_open(&m, in_source(path), &e) == ULP_OK, "%s",
                e.text);
  return m;
}

static inline ulp_plan *plan_of(const char *text)
{
  ulp_plan *p = NULL;
  ulp_error e;
  ulp_status s = strpbrk(text, "= ")
                     ? ulp_plan_parse(&p, "test", text, strlen(text), &e)
                     : ulp_plan_find(&p, text, &e);
  ck_assert_msg(s == ULP_OK, "%s", e.text);
  return p;
}

/* Logits of n tokens, `part` at a time; the caller's to free. */
static inline double *logits_of(const ulp_llama *m, const char *plan,
                                const int32_t *tokens, int64_t n, int64_t part,
                                int threads)
{
  int64_t vocab = ulp_llama_settings(m)->vocab;
  double *out = malloc((size_t)(n * vocab) * sizeof *out);
  ulp_plan *p = plan_of(plan);
  ulp_llama_state *s = NULL;
  ulp_error e;
  ck_assert_ptr_nonnull(out);
  ck_assert_msg(ulp_llama_begin(&s, m, n, p, threads, &e) == ULP_OK, "%s: %s",
                plan, e.text);
  for (int64_t i = 0; i < n; i += part) {
    int64_t some = n - i < part ? n - i : part;
    ck_assert_msg(ulp_llama_run(s, tokens + i, some, 0, out + i * vocab, NULL,
                                NULL, &e) == ULP_OK, "%s: %s", plan, e.text);
  }
  ulp_llama_end(s);
  ulp_plan_free(p);
  return out;
}

#endif
