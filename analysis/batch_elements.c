/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/batch_elements.c: the elements of many blocks to codes, once it is
 * known how each block is scaled.
 */
#include <math.h>
#include <string.h>

#include "quantize_batch.h"

/* ---- one element -------------------------------------------------------- */

typedef struct {
  const ulp_batch_work *w;
  const ulp_batch_setting *s;
  size_t at;      /* the job's first element */
  uint64_t index; /* of its random word */
} job_context;

static uint64_t one_element(const void *context, size_t i)
{
  const job_context *c = context;
  const ulp_quantizer *q = c->w->t->q;
  size_t block = (c->at + i) / c->w->n;
  ulp_setting t = {.factor = c->s->factor[block],
                   .zero = q->zero.count ? c->s->zero[block] : 0};
  return ulp_element_encode(q, &t, c->w->task->x[c->at + i], c->index + i);
}

/* ---- what kernels scale ------------------------------------------------- */

/* How kernels make what is encoded of the elements. */
typedef struct {
  bool here; /* not by kernels */
  ulp_scaling scaling;
  double power[ULP_FORMULA_LANES]; /* factors, where s's are not theirs */
  float zero[ULP_FORMULA_LANES];
} method;

/* Whether what f64 makes of x and the factor is a product of f32: with a power
 * of two, which is exact, or so small (below 2^-126) that what is lost does
 * not count, where `tiny` allows it.  One beyond f32 is an infinity, which
 * kernels leave to one_element. */
static bool by_power(const ulp_quantizer *q, double factor, bool tiny,
                     double *power)
{
  uint64_t bits;
  memcpy(&bits, &factor, sizeof bits);
  if ((bits & ((UINT64_C(1) << 52) - 1)) != 0 || !(factor >= 0x1p-126) ||
      !(factor <= 0x1p126))
    return false;
  if (q->divide) bits = (UINT64_C(2046) << 52) - bits;
  memcpy(power, &bits, sizeof bits);
  return tiny || *power >= 1;
}

bool ulp_batch_tiny_is_zero(const ulp_batch *t)
{
  return t->q->rounding.mode <= ULP_RTZ && t->element.last > 30;
}

static bool all_powers(const ulp_batch_work *w, const ulp_batch_setting *s,
                       method *m)
{
  bool tiny = ulp_batch_tiny_is_zero(w->t);
  for (size_t i = 0; i < w->blocks; i++)
    if (!by_power(w->t->q, s->factor[i], tiny, &m->power[i])) return false;
  return true;
}

/* ---- what is scaled here ------------------------------------------------ */

/* n elements from element `at` on, of as many blocks as that takes. */
static void scale_here(const ulp_batch_work *w, const ulp_batch_setting *s,
                       size_t at, size_t n)
{
  const ulp_quantizer *q = w->t->q;
  const ulp_batch_loops *loops = ulp_batch_loops_now();
  double *wide = w->t->scaled;
  float *narrow = (float *)(void *)wide;
  for (size_t i = 0, some; i < n; i += some) {
    const size_t block = (at + i) / w->n, left = w->n - (at + i) % w->n;
    const float *x = w->task->x + at + i;
    double zero = q->zero.count ? s->zero[block] : 0;
    some = left < n - i ? left : n - i;
    if (q->arithmetic == ULP_IN_F64)
      loops->scale_f64(q, wide + i, x, some, s->factor[block], zero);
    else
      loops->scale_bf16(q, narrow + i, x, some, (float)s->factor[block],
                        (float)zero);
  }
}

/* ---- which of them ------------------------------------------------------ */

static void leave_wide(ulp_batch_work *w, const ulp_batch_setting *s)
{
  bool any = false;
  for (size_t i = 0; i < w->blocks; i++)
    any |= (double)(float)s->factor[i] != s->factor[i];
  for (size_t i = 0; any && i < w->blocks; i++)
    if ((double)(float)s->factor[i] != s->factor[i]) ulp_batch_leave(w, i);
}

static void find_method(ulp_batch_work *w, const ulp_batch_setting *s,
                        method *m)
{
  const ulp_quantizer *q = w->t->q;
  const bool wide = q->arithmetic == ULP_IN_F64;
  m->here = q->arithmetic == ULP_IN_BF16 ||
            (wide && (q->zero.count || q->bare_zero));
  m->scaling = q->divide ? ULP_SCALED_OVER_F32 : ULP_SCALED_TIMES_F32;
  for (size_t i = 0; q->zero.count && i < w->blocks; i++)
    m->zero[i] = (float)s->zero[i];
  if (!wide) leave_wide(w, s);
  if (wide && !q->zero.count && all_powers(w, s, m)) {
    m->scaling = ULP_SCALED_TIMES_F32;
    m->here = false;
    return;
  }
  memcpy(m->power, s->factor, sizeof m->power);
  if (m->here)
    m->scaling = ULP_SCALED_NOT;
  else if (wide)
    m->scaling = q->divide ? ULP_SCALED_OVER_F64 : ULP_SCALED_TIMES_F64;
}

/* ---- all elements ------------------------------------------------------- */

static void encode_some(const ulp_batch_work *w, const ulp_batch_setting *s,
                        const method *m, void *codes, job_context c, size_t n)
{
  const ulp_quantizer *q = w->t->q;
  const size_t block = c.at / w->n;
  const bool shifts = q->zero.count && !m->here;
  const bool f64 = m->here && q->arithmetic == ULP_IN_F64;
  if (m->here) scale_here(w, s, c.at, n);
  ulp_encode_job job = {
      .out = (char *)codes + c.at * q->element.storage_bytes,
      .in = m->here ? (const void *)w->t->scaled : w->task->x + c.at,
      .n = n,
      .index = c.index,
      .scaling = m->scaling,
      .factor = m->power + block,
      .every = w->n,
      .bare_zero = q->bare_zero && !m->here,
      .whole = shifts && q->zero_after,
      .zero = shifts ? m->zero + block : NULL,
      .one = one_element,
      .context = &c};
  ulp_encode_many(&w->t->element, f64 ? ULP_FROM_F64 : ULP_FROM_F32, &job);
}

/* Neighbours, whose random words are, too; what is scaled here, a room at a
 * time. */
static void encode_part(const ulp_batch_work *w, const ulp_batch_setting *s,
                        const method *m, void *codes, size_t at, size_t n,
                        uint64_t index)
{
  const size_t most = m->here ? ULP_BATCH_SCALED : n;
  for (size_t some; n > 0; at += some, n -= some, index += some) {
    some = n < most ? n : most;
    encode_some(w, s, m, codes,
                (job_context){.w = w, .s = s, .at = at, .index = index}, some);
  }
}

/* Where random words are not those of neighbours: line by line. */
static void encode_lines(const ulp_batch_work *w, const ulp_batch_setting *s,
                         const method *m, void *codes)
{
  const ulp_strip *p = &w->task->strip;
  for (size_t i = 0; i < w->blocks; i++)
    for (size_t l = 0; l < p->lines; l++)
      encode_part(w, s, m, codes, i * w->n + l * p->length, p->length,
                  w->task->index + (uint64_t)ulp_strip_line(p, l) +
                      i * p->length);
}

void ulp_batch_elements(ulp_batch_work *w, const ulp_batch_setting *s,
                        void *codes, bool tried)
{
  const ulp_strip *p = &w->task->strip;
  const bool random = w->t->element.random;
  method m;
  find_method(w, s, &m);
  if (!random || (p->lines == 1 && !tried))
    encode_part(w, s, &m, codes, 0, w->blocks * w->n,
                w->task->index + (uint64_t)p->at);
  else if (!tried)
    encode_lines(w, s, &m, codes);
  else
    for (size_t i = 0; i < w->blocks; i++)
      encode_part(w, s, &m, codes, i * w->n, w->n, 0);
}

/* ---- encoders ----------------------------------------------------------- */

/* Thresholds that are midpoints, exactly, of a float's magnitudes: to nearest,
 * ties to zero, and of zeros only the one without a sign. */
static bool low_midpoints(ulp_batch *t)
{
  const ulp_quantizer *q = t->q;
  ulp_format to = q->element;
  ulp_rounding r = q->rounding;
  if (q->ties != ULP_TIES_F32_LOW || to.kind != ULP_FLOAT || !to.is_signed ||
      to.bits > 8 || to.exp_bits > 5 || !to.subnormals ||
      q->arithmetic == ULP_IN_F64)
    return false;
  to.zero = ULP_ZERO_UNSIGNED;
  r.mode = ULP_RNZ;
  r.overflow = ULP_OVERFLOW_SATURATE;
  ulp_encoder_make(&t->element, &to, &r);
  return true;
}

static uint64_t code_of(const void *context, uint32_t bits)
{
  const ulp_quantizer *q = context;
  float y;
  memcpy(&y, &bits, sizeof y);
  return ulp_element_round(q, ulp_element_flush(q, (double)y), 0);
}

/* Codebooks and thresholds of any kind, as steps.  A product that is flushed
 * and yet rounds to 2^-126 is not told from that. */
static bool by_steps(ulp_batch *t)
{
  const ulp_quantizer *q = t->q;
  ulp_rounding r = q->rounding;
  if (q->ties != ULP_TIES_MODE) r.mode = ULP_RNE; /* and not asked */
  ulp_encoder_make(&t->element, &q->element, &r);
  if (r.mode == ULP_SR) return ulp_encoder_find_draws(&t->element, &t->draws);
  if (!ulp_encoder_find_steps(&t->element, code_of, q)) return false;
  if (q->flush) t->element.rare_at = 0x00800000;
  return true;
}

bool ulp_batch_encoder(ulp_batch *t)
{
  const ulp_quantizer *q = t->q;
  if (q->element.storage_bytes > 2) return false;
  if (q->ties != ULP_TIES_MODE) return low_midpoints(t) || by_steps(t);
  ulp_encoder_make(&t->element, &q->element, &q->rounding);
  return t->element.fast || by_steps(t);
}
