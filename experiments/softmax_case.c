/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The named ones.  FlashAttention-3 casts e^(x - max) to E4M3 and has its sum
 * in f32 (J. Shah et al., arXiv:2407.08608, section 3.3, algorithm 1); its
 * FP8 kernels add 8 to the exponent in base 2, so that the greatest is 2^8
 * (Dao-AILab/flash-attention, hopper/softmax.h, Max_offset).  448 is E4M3's
 * greatest value.
 */
#include "softmax_case.h"

#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name, *text;
} table[] = {
    {"f32", "steps:float32:float32:float32:float32:float32"},
    {"bf16", "steps:bf16:bf16:bf16:bf16:bf16"},
    {"bf16-f32-sum", "steps:bf16:bf16:bf16:float32:bf16"},
    {"bf16-scores", "steps:bf16:float32:float32:float32:float32"},
    {"f16", "steps:f16:f16:f16:f16:f16"},
    {"f16-f32-sum", "steps:f16:f16:f16:float32:f16"},
    {"f16-no-max", "steps:f16:f16:f16:f16:f16:nomax"},
    {"f32-no-max", "steps:float32:float32:float32:float32:float32:nomax"},
    {"e5m2", "steps:e5m2:e5m2:e5m2:e5m2:e5m2"},
    {"e4m3", "steps:e4m3:e4m3:e4m3:e4m3:e4m3"},
    {"e4m3-f32-sum", "steps:e4m3:e4m3:e4m3:float32:e4m3"},
    {"online-f32", "steps:float32:float32:float32:float32:float32:online=128"},
    {"online-bf16", "steps:bf16:bf16:bf16:bf16:bf16:online=128"},
    {"p-e4m3", "p:e4m3/raw=1"},
    {"p-e4m3-x448", "p:e4m3/raw=1 / 448"},
    {"exp-e4m3", "exp:e4m3/raw=1"},
    {"exp-e4m3-x256", "exp:e4m3/raw=1 / 256"},
    {"exp-e4m3-x448", "exp:e4m3/raw=1 / 448"},
    {"p-e5m2", "p:e5m2/raw=1"},
    {"exp-e5m2-x57344", "exp:e5m2/raw=1 / 57344"},
    {"p-int8", "p:int8sym/raw=1 / 127"},
    {"p-uint8", "p:uint8/raw=1 / 255"},
    {"exp-uint8", "exp:uint8/raw=1 / 255"},
    {"exp-e2m1", "exp:e2m1/raw=1 / 6"},
    {"p-mxfp8", "p:mxfp8@ocp"},
    {"p-mxfp4", "p:mxfp4@ocp"},
    {"p-nvfp4", "p:nvfp4@te"},
};

const char *ulp_softmax_case_name(size_t i)
{
  return i < sizeof table / sizeof table[0] ? table[i].name : NULL;
}

/* ---- words -------------------------------------------------------------- */

static ulp_status bad_steps(const char *word, ulp_error *e)
{
  return ulp_error_set(e, ULP_EINVAL, "--cases: '%.80s': expected "
                       "steps:SCORE:DIFFERENCE:EXP:SUM:QUOTIENT, names of "
                       "formats, and :nomax or :online=N after them", word);
}

static ulp_status set_extra(ulp_softmax *s, const char *word,
                            const char *whole, ulp_error *e)
{
  char *end;
  if (strcmp(word, "nomax") == 0) {
    s->no_max = true;
    return ULP_OK;
  }
  if (strncmp(word, "online=", 7) != 0)
    return bad_steps(whole, e);
  s->block = strtoll(word + 7, &end, 10);
  return *end || s->block < 1 || s->block > 1 << 30 ? bad_steps(whole, e)
                                                    : ULP_OK;
}

static ulp_status read_steps(ulp_softmax_case *c, const char *text,
                             ulp_error *e)
{
  ulp_step *const step[] = {&c->score, &c->softmax.difference,
                            &c->softmax.exponential, &c->softmax.sum,
                            &c->softmax.quotient};
  char copy[120], *rest = NULL;
  ulp_error why;
  int n = 0;
  snprintf(copy, sizeof copy, "%s", text);
  for (char *w = strtok_r(copy, ":", &rest); w;
       w = strtok_r(NULL, ":", &rest), n++) {
    ulp_status s = n == 5  ? set_extra(&c->softmax, w, text, e)
                   : n > 5 ? bad_steps(text, e)
                           : ulp_step_make(step[n], w, NULL, &why);
    if (s != ULP_OK && n < 5)
      return ulp_error_set(e, s, "--cases: %.500s", why.text);
    if (s != ULP_OK)
      return s;
  }
  return n < 5 ? bad_steps(text, e) : ULP_OK;
}

/* The scale of a formula that knows nothing of the row. */
static double fixed_unit(const ulp_quantizer *q)
{
  double variable[ULP_VARIABLES] = {0};
  for (int v = 0; v < ULP_VAR_MAX; v++)
    if (ulp_formula_has(&q->raw, (ulp_variable)v))
      return 0;
  return q->raw.count && q->global.count == 0
             ? ulp_formula_eval(&q->raw, q->arithmetic, variable)
             : 0;
}

static ulp_status read_quantizer(ulp_softmax_case *c, const char *text,
                                 ulp_error *e)
{
  ulp_error why;
  ulp_status s = ulp_quantizer_find(text, &c->q, &why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--cases: %.500s", why.text);
  snprintf(c->text, sizeof c->text, "%s", text);
  c->unit = fixed_unit(&c->q);
  return read_steps(c, "float64:float64:float64:float64:float64", e);
}

ulp_status ulp_softmax_case_find(ulp_softmax_case *out, const char *word,
                                 ulp_error *e)
{
  const char *text = word;
  *out = (ulp_softmax_case){.stage = ULP_WEIGHTS_KEPT};
  snprintf(out->name, sizeof out->name, "%s", word);
  for (size_t i = 0; ulp_softmax_case_name(i); i++)
    if (strcmp(table[i].name, word) == 0)
      text = table[i].text;
  if (strlen(text) >= sizeof out->steps)
    return ulp_error_set(e, ULP_EINVAL, "--cases: '%.40s...' is too long",
                         text);
  snprintf(out->steps, sizeof out->steps, "%s", text);
  if (strncmp(text, "steps:", 6) == 0)
    return read_steps(out, text + 6, e);
  if (strncmp(text, "p:", 2) == 0) {
    out->stage = ULP_WEIGHTS_P;
    return read_quantizer(out, text + 2, e);
  }
  if (strncmp(text, "exp:", 4) == 0) {
    out->stage = ULP_WEIGHTS_EXP;
    return read_quantizer(out, text + 4, e);
  }
  return ulp_error_set(e, ULP_ENAME, "--cases: '%.80s': expected a name such "
                       "as bf16, steps:..., p:QUANTIZER or exp:QUANTIZER",
                       word);
}

/* ---- weights ------------------------------------------------------------ */

static ulp_status quantize(const ulp_softmax_case *c, double *p, size_t n,
                           double sum, float *work, ulp_error *e)
{
  const int64_t shape[2] = {1, (int64_t)n};
  for (size_t i = 0; i < n; i++)
    work[i] = (float)p[i];
  ulp_status s = ulp_quantizer_values(&c->q, 2, shape, work, work, 0, e);
  for (size_t i = 0; i < n; i++)
    p[i] = (double)work[i] / sum;
  return s;
}

ulp_status ulp_softmax_case_weights(const ulp_softmax_case *c, double *p,
                                    const double *x, size_t n, float *work,
                                    ulp_error *e)
{
  double greatest = 0, sum = 0;
  ulp_step_round_array(&c->score, p, x, n, 0);
  if (c->stage != ULP_WEIGHTS_EXP) {
    ulp_softmax_row(&c->softmax, p, p, n, 0);
    return c->stage == ULP_WEIGHTS_KEPT ? ULP_OK
                                        : quantize(c, p, n, 1, work, e);
  }
  for (size_t i = 0; i < n; i++)
    greatest = i == 0 || p[i] > greatest ? p[i] : greatest;
  for (size_t i = 0; i < n; i++) {
    p[i] = ulp_exp(p[i] - greatest);
    sum += p[i];
  }
  return quantize(c, p, n, sum, work, e);
}
