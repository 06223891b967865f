/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/batch_choose.c: between several scales of each of many blocks, the
 * one with the less error; as quantize_choose.c, a block at a time, has it.
 */
#include <math.h>
#include <string.h>

#include "quantize_batch.h"

/* ---- errors ------------------------------------------------------------- */

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

/* The rows of the blocks' values; if they are made anew for each scale, of one
 * block. */
static void find_rows(ulp_batch_work *w, const ulp_batch_setting *s, size_t i,
                      size_t blocks, const float **row)
{
  ulp_batch *t = w->t;
  const bool narrow = t->q->scale.bits <= 8, shifts = t->q->zero.count;
  for (size_t k = i; k < i + blocks; k++)
    row[k] = ulp_value_row(&t->rows, narrow ? s->code[k] : 0, s->scale[k],
                           shifts ? s->zero[k] : 0);
}

static void judge_blocks(ulp_batch_work *w, const ulp_batch_setting *s,
                         const ulp_judged *all, bool rows, size_t i,
                         size_t blocks, double *error)
{
  const float *row[ULP_FORMULA_LANES];
  ulp_judged some = *all;
  some.blocks = blocks;
  some.code += i * w->n;
  some.x += i * w->n;
  some.zero += i;
  some.step += i;
  if (rows) {
    find_rows(w, s, i, blocks, row);
    some.row = row + i;
  }
  if (w->t->q->arithmetic == ULP_IN_F32)
    ulp_batch_loops_now()->errors_f32(&some, error + i);
  else
    ulp_batch_loops_now()->errors_f64(&some, error + i);
}

static void find_errors(ulp_batch_work *w, const ulp_batch_setting *s,
                        bool search, uint8_t *codes,
                        double error[ULP_FORMULA_LANES])
{
  static const double none[ULP_FORMULA_LANES];
  const ulp_quantizer *q = w->t->q;
  const ulp_formula *value = value_formula(q, search);
  double step[ULP_FORMULA_LANES];
  ulp_judged t = {.n = w->n,
                  .code = codes,
                  .x = w->task->x,
                  .mask = (1u << q->element.bits) - 1,
                  .value = w->t->code_value,
                  .zero = q->zero.count ? s->zero : none,
                  .step = step,
                  .judge = search ? q->search_for : q->judge,
                  .order = &q->sum,
                  .term = w->t->terms};
  ulp_batch_elements(w, s, codes, true);
  find_steps(w, s, value, step);
  if (!value || w->t->rows.kept)
    judge_blocks(w, s, &t, value != NULL, 0, w->blocks, error);
  else
    for (size_t i = 0; i < w->blocks; i++)
      judge_blocks(w, s, &t, true, i, 1, error);
}

/* ---- choices ------------------------------------------------------------ */

static void take(ulp_batch_work *w, ulp_batch_setting *s,
                 const ulp_batch_setting *other, size_t i)
{
  const size_t size = w->t->q->scale.storage_bytes, n = w->n;
  s->scale[i] = other->scale[i];
  s->factor[i] = other->factor[i];
  s->zero[i] = other->zero[i];
  memcpy(s->code + i * size, other->code + i * size, size);
  memcpy((uint8_t *)w->task->codes + i * n, w->t->tried + i * n, n);
}

/* The codes that errors are those of are the block's, too, unless random words
 * were others. */
static void choose_of_two(ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  ulp_batch_setting other;
  double first[ULP_FORMULA_LANES], second[ULP_FORMULA_LANES];
  ulp_batch_set(w, &other, &q->second, s->scale);
  find_errors(w, &other, false, w->t->tried, second);
  find_errors(w, s, false, w->task->codes, first);
  for (size_t i = 0; i < w->blocks; i++)
    if (second[i] < first[i]) take(w, s, &other, i);
  w->encoded = !w->t->element.random;
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
    find_errors(w, s, true, w->t->tried, error);
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

/* Whether no formula asks for what a value, or a search's scale, that was
 * tried before has left in quantize_choose.c. */
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
