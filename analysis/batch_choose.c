/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/batch_choose.c: between several scales of each of many blocks, the
 * one with the less error; as quantize_choose.c, a block at a time, has it.
 */
#include <math.h>
#include <string.h>

#include "quantize_batch.h"

/* ---- values of codes ---------------------------------------------------- */

/* By a row, or (value - zero) * step. */
typedef struct {
  const float *row;
  unsigned mask;
  const double *value;
  double zero, step;
} code_values;

/* The formula that values are to be had by; NULL: times a step. */
static const ulp_formula *value_formula(const ulp_quantizer *q, bool search)
{
  if (q->error.count && !search) return &q->error;
  return ulp_formula_has(&q->decode, ULP_VAR_CODE) ? &q->decode : NULL;
}

static void find_steps(const ulp_batch_work *w, const ulp_batch_setting *s,
                       const ulp_formula *value,
                       double step[ULP_FORMULA_LANES])
{
  const ulp_quantizer *q = w->t->q;
  const double *lane[ULP_VARIABLES] = {
      [ULP_VAR_BLOCK] = w->a, [ULP_VAR_LOW] = w->low,
      [ULP_VAR_HIGH] = w->high, [ULP_VAR_SCALE] = s->scale};
  memcpy(step, s->scale, sizeof s->scale);
  if (!value && q->decode.count)
    ulp_formula_eval_many(&q->decode, q->arithmetic, step, w->t->v, lane);
}

static code_values values_of(const ulp_batch_work *w,
                             const ulp_batch_setting *s,
                             const ulp_formula *value, double step, size_t i)
{
  ulp_batch *t = w->t;
  double zero = t->q->zero.count ? s->zero[i] : 0;
  uint64_t code = t->q->scale.bits <= 8 ? s->code[i] : 0;
  const float *row =
      value ? ulp_value_row(&t->rows, code, s->scale[i], zero) : NULL;
  return (code_values){.row = row,
                       .mask = (1u << t->q->element.bits) - 1,
                       .value = t->code_value,
                       .zero = zero,
                       .step = step};
}

/* ---- errors ------------------------------------------------------------- */

#define real double
#define NAMED(name) name##_f64
#include "judge_lanes.h"
#undef real
#undef NAMED

#define real float
#define NAMED(name) name##_f32
#include "judge_lanes.h"
#undef real
#undef NAMED

static void find_errors(ulp_batch_work *w, const ulp_batch_setting *s,
                        bool search, double error[ULP_FORMULA_LANES])
{
  const ulp_quantizer *q = w->t->q;
  const ulp_formula *value = value_formula(q, search);
  ulp_judge judge = search ? q->search_for : q->judge;
  ulp_batch_elements(w, s, w->t->tried, true);
  if (q->arithmetic == ULP_IN_F32)
    errors_f32(w, s, value, judge, error);
  else
    errors_f64(w, s, value, judge, error);
}

/* ---- choices ------------------------------------------------------------ */

static void take(ulp_batch_setting *s, const ulp_batch_setting *other,
                 size_t i, size_t scale_bytes)
{
  s->scale[i] = other->scale[i];
  s->factor[i] = other->factor[i];
  s->zero[i] = other->zero[i];
  memcpy(s->code + i * scale_bytes, other->code + i * scale_bytes,
         scale_bytes);
}

static void choose_of_two(ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  ulp_batch_setting other;
  double first[ULP_FORMULA_LANES], second[ULP_FORMULA_LANES];
  ulp_batch_set(w, &other, &q->second, s->scale);
  find_errors(w, &other, false, second);
  find_errors(w, s, false, first);
  for (size_t i = 0; i < w->blocks; i++)
    if (second[i] < first[i]) take(s, &other, i, q->scale.storage_bytes);
}

/* What formulas know of the blocks, as if it were these parts of it. */
static void shrink(ulp_batch_work *w, const ulp_batch_work *whole,
                   const double part[ULP_FORMULA_LANES])
{
  for (size_t i = 0; i < w->blocks; i++) {
    w->a[i] = whole->a[i] * part[i];
    w->low[i] = whole->low[i] * part[i];
    w->high[i] = whole->high[i] * part[i];
  }
}

static void choose_best(ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  const ulp_batch_work whole = *w;
  double best[ULP_FORMULA_LANES], best_part[ULP_FORMULA_LANES];
  double part[ULP_FORMULA_LANES], error[ULP_FORMULA_LANES];
  for (size_t i = 0; i < ULP_FORMULA_LANES; i++) {
    best[i] = INFINITY;
    best_part[i] = 1;
  }
  for (int c = 0; c < q->search; c++) {
    for (size_t i = 0; i < ULP_FORMULA_LANES; i++)
      part[i] = ulp_search_part(c, q->search);
    shrink(w, &whole, part);
    ulp_batch_set(w, s, &q->raw, NULL);
    find_errors(w, s, true, error);
    for (size_t i = 0; i < w->blocks; i++) {
      if (!(error[i] < best[i])) continue;
      best[i] = error[i];
      best_part[i] = part[i];
    }
  }
  shrink(w, &whole, best_part);
}

void ulp_batch_choose(ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  if (q->search) choose_best(w, s);
  ulp_batch_set(w, s, &q->raw, NULL);
  if (q->second.count) choose_of_two(w, s);
}

/* ---- whether there is a way --------------------------------------------- */

static bool asks_block(const ulp_formula *f)
{
  return ulp_formula_has(f, ULP_VAR_BLOCK) || ulp_formula_has(f, ULP_VAR_LOW) ||
         ulp_formula_has(f, ULP_VAR_HIGH) || ulp_formula_has(f, ULP_VAR_COUNT);
}

/* In a formula other than of a value, or of a search's scale, variables may be
 * left over from what was tried before. */
static bool forgets(const ulp_quantizer *q)
{
  const ulp_formula *const all[] = {&q->raw, &q->second, &q->factor, &q->zero};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (ulp_formula_has(all[i], ULP_VAR_CODE)) return false;
  return !q->search || !ulp_formula_has(&q->raw, ULP_VAR_SCALE);
}

bool ulp_batch_chooses(ulp_batch *t)
{
  const ulp_quantizer *q = t->q;
  if (!q->search && !q->second.count) return true;
  const ulp_formula *value = value_formula(q, q->search != 0);
  if ((q->search && q->second.count && q->error.count) || !forgets(q) ||
      q->element.storage_bytes != 1 || q->arithmetic == ULP_IN_BF16 ||
      (value && (q->arithmetic != ULP_IN_F32 || asks_block(value))))
    return false;
  ulp_batch_values(t);
  if (value)
    ulp_value_rows_make(&t->rows, q, value, t->v, t->code_value);
  return true;
}
