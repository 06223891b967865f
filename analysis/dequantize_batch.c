/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/dequantize_batch.c: many blocks' codes to values at once.
 */
#include <math.h>
#include <string.h>

#include "quantize_batch.h"

bool ulp_batch_values(ulp_batch *t)
{
  bool narrow = true;
  for (uint64_t code = 0; code < ULP_ROW_CODES; code++) {
    double value = ulp_decode(&t->q->element, code);
    t->code_value[code] = value;
    t->value[code] = (float)value;
    narrow = narrow && (isnan(value) || (double)t->value[code] == value);
  }
  return narrow;
}

static bool is_f32(double x) { return (double)(float)x == x; }

/* Floats that convert.h makes f32 of, with nothing lost at either end. */
static bool converts(const ulp_format *f, ulp_format *f32)
{
  return f->kind == ULP_FLOAT && f->storage_bytes == 2 && is_f32(ulp_max(f)) &&
         is_f32(ulp_decode(f, 1)) &&
         ulp_format_find("float32", f32, NULL, 0) == ULP_OK;
}

bool ulp_batch_decodes(ulp_batch *t, const ulp_quantizer *q, double global)
{
  const bool rows = ulp_formula_has(&q->decode, ULP_VAR_CODE);
  t->q = q;
  t->converts = !rows && converts(&q->element, &t->f32);
  if (!t->converts &&
      (q->element.bits > 8 || q->element.storage_bytes != 1 ||
       (!ulp_batch_values(t) && !rows)))
    return false;
  ulp_element_constants(q, 0, global, t->v);
  ulp_batch_scales(t);
  t->rows.kept = NULL;
  if (rows) ulp_value_rows_make(&t->rows, q, &q->decode, t->v, t->code_value);
  return true;
}

/* ---- by rows ------------------------------------------------------------ */

/* Blocks i to i + n - 1 by their rows, row[0] the first's. */
static void look_up(const ulp_batch *t, const ulp_strip *p, float *y,
                    const uint8_t *codes, const float *const *row, size_t i,
                    size_t n)
{
  const unsigned mask = (1u << t->q->element.bits) - 1;
  for (size_t l = 0; l < p->lines; l++) {
    int64_t at = ulp_strip_line(p, l) + (int64_t)(i * p->length);
    ulp_batch_loops_now()->look_up(y + at, row, mask, codes + at, n,
                                   p->length);
  }
}

static void decode_rows(ulp_batch *t, const ulp_strip *p, float *y,
                        const uint8_t *codes, const void *scales,
                        const int32_t *zeros)
{
  const uint8_t *byte = scales;
  const float *row[ULP_FORMULA_LANES];
  const bool kept = t->rows.kept != NULL; /* else the next replaces it */
  for (size_t i = 0; i < p->blocks; i++) {
    row[i] = ulp_value_row(&t->rows, t->q->scale.bits <= 8 ? byte[i] : 0,
                           ulp_batch_scale(t, scales, i),
                           zeros ? (double)zeros[i] : 0);
    if (!kept) look_up(t, p, y, codes, &row[i], i, 1);
  }
  if (kept) look_up(t, p, y, codes, row, 0, p->blocks);
}

/* ---- by factors --------------------------------------------------------- */

typedef struct {
  float factor[ULP_FORMULA_LANES], zero[ULP_FORMULA_LANES];
  bool shifts;
} factors;

/* Whether a value less the zero point is an f32: whole numbers of 24 bits. */
static bool exact_beside(const ulp_batch *t, int32_t zero)
{
  return t->q->element.kind == ULP_INTEGER && t->q->element.bias == 0 &&
         zero > -(1 << 23) && zero < 1 << 23;
}

/* The blocks of which kernels do not have the factor. */
static uint64_t find_factors(const ulp_batch *t, factors *f, size_t blocks,
                             const void *scales, const int32_t *zeros)
{
  const ulp_quantizer *q = t->q;
  double scale[ULP_FORMULA_LANES], step[ULP_FORMULA_LANES];
  const double *lane[ULP_VARIABLES] = {[ULP_VAR_SCALE] = scale};
  uint64_t left = 0;
  for (size_t i = 0; i < ULP_FORMULA_LANES; i++)
    scale[i] = i < blocks ? ulp_batch_scale(t, scales, i) : 1;
  memcpy(step, scale, sizeof step);
  if (q->decode.count)
    ulp_formula_eval_many(&q->decode, q->arithmetic, step, t->v, lane);
  f->shifts = zeros != NULL;
  for (size_t i = 0; i < blocks; i++) {
    f->factor[i] = (float)step[i];
    bool fits = (double)f->factor[i] == step[i];
    f->zero[i] = zeros ? (float)zeros[i] : 0;
    if (zeros) fits = fits && exact_beside(t, zeros[i]);
    left |= (uint64_t)!fits << i;
  }
  return left;
}

static void times_factors(float *y, const float *x, const factors *f, size_t n)
{
#pragma omp simd
  for (size_t k = 0; k < n; k++)
    y[k] = (f->shifts ? x[k] - f->zero[k] : x[k]) * f->factor[k];
}

/* Of blocks that are columns, some lines at a time: values without a factor,
 * then a factor for each element of a line. */
static void decode_columns(ulp_batch *t, const ulp_strip *p, float *y,
                           const uint8_t *codes, const factors *f)
{
  uint8_t room[ULP_BATCH_SCALED];
  float *value = (float *)(void *)t->scaled;
  const size_t n = p->blocks, most = ULP_BATCH_SCALED / n;
  for (size_t l = 0, some; l < p->lines; l += some) {
    some = p->lines - l < most ? p->lines - l : most;
    for (size_t k = 0; k < some; k++)
      memcpy(room + k * n, codes + ulp_strip_line(p, l + k), n);
    ulp_decode_bytes(value, t->value, room, some * n, NULL, NULL, some * n);
    for (size_t k = 0; k < some; k++)
      times_factors(y + ulp_strip_line(p, l + k), value + k * n, f, n);
  }
}

/* Values without a factor, then each block's factor. */
static void decode_wide(const ulp_batch *t, const ulp_strip *p, float *y,
                        const uint8_t *codes, const factors *f)
{
  static const ulp_rounding exact;
  const size_t n = p->blocks * p->length, size = t->q->element.storage_bytes;
  for (size_t l = 0; l < p->lines; l++) {
    int64_t at = ulp_strip_line(p, l);
    float *line = y + at;
    if (ulp_convert(&t->f32, line, &t->q->element,
                    codes + (size_t)at * size, n, &exact, 0) != ULP_OK)
      return; /* of no rounding that is not one */
    for (size_t i = 0; i < p->blocks; i++)
      for (size_t k = 0; k < p->length; k++)
        line[i * p->length + k] *= f->factor[i];
  }
}

static void decode_lines(ulp_batch *t, const ulp_strip *p, float *y,
                         const uint8_t *codes, const factors *f)
{
  if (t->converts) {
    decode_wide(t, p, y, codes, f);
    return;
  }
  if (p->length == 1) {
    decode_columns(t, p, y, codes, f);
    return;
  }
  for (size_t l = 0; l < p->lines; l++) {
    int64_t at = ulp_strip_line(p, l);
    ulp_decode_bytes(y + at, t->value, codes + at, p->blocks * p->length,
                     f->factor, f->shifts ? f->zero : NULL, p->length);
  }
}

/* ---- arithmetic other than f32 ------------------------------------------ */

/* The least normal number may be one that was less before it was rounded. */
static bool flush_or_tell(float *y, size_t n)
{
  uint32_t odd = 0;
#pragma omp simd reduction(| : odd)
  for (size_t k = 0; k < n; k++) {
    uint32_t u, magnitude;
    memcpy(&u, &y[k], sizeof u);
    magnitude = u & INT32_MAX;
    odd |= magnitude == UINT32_C(0x800000);
    u &= magnitude < UINT32_C(0x800000) ? UINT32_C(1) << 31 : UINT32_MAX;
    memcpy(&y[k], &u, sizeof u);
  }
  return odd != 0;
}

/* True: as good as not done. */
static bool narrow_line(const ulp_quantizer *q, float *y, size_t n)
{
  bool odd = q->flush && flush_or_tell(y, n);
  if (q->arithmetic == ULP_IN_BF16) ulp_batch_loops_now()->round_bf16(y, n);
  return odd;
}

uint64_t ulp_batch_decode(ulp_batch *t, const ulp_strip *p, float *y,
                          const uint8_t *codes, const void *scales,
                          const int32_t *zeros)
{
  bool narrows = t->q->flush || t->q->arithmetic == ULP_IN_BF16, odd = false;
  factors f;
  if (ulp_formula_has(&t->q->decode, ULP_VAR_CODE)) {
    decode_rows(t, p, y, codes, scales, zeros);
    return 0;
  }
  uint64_t left = find_factors(t, &f, p->blocks, scales, zeros);
  decode_lines(t, p, y, codes, &f);
  for (size_t l = 0; narrows && l < p->lines; l++)
    if (narrow_line(t->q, y + ulp_strip_line(p, l), p->blocks * p->length))
      odd = true;
  return odd ? ~UINT64_C(0) : left;
}
