/* SPDX-License-Identifier: MIT
 *
 * Products by instructions that take scales of blocks (Blackwell's
 * tcgen05.mma.block_scale and mma.block_scale): the bits of
 * ulp_mma_dot_scaled, most of them faster.
 */
#include "scaled.h"

#include <math.h>
#include <string.h>

#include "gemm.h"

/* ---- parts -------------------------------------------------------------- */

void ulp_scaled_load(const ulp_scaled_product *x, bool is_b, size_t row,
                     size_t chunk, ulp_scaled_part *p)
{
  const ulp_mma *m = x->m;
  size_t each = (size_t)m->record->scale_block, k = (size_t)m->k;
  size_t blocks = (x->k + each - 1) / each, per = (size_t)m->scales;
  size_t from = chunk * k, n = x->k - from < k ? x->k - from : k;
  const uint8_t *scale = (is_b ? x->sb : x->sa) + row * blocks;
  memset(p->code, 0, sizeof p->code);
  memcpy(p->code, (is_b ? x->b : x->a) + row * x->k + from, n);
  for (size_t i = 0; i < per; i++) {
    size_t at = chunk * per + i;
    p->scale[i] = at < blocks
                      ? scale[at]
                      : (uint8_t)(m->scale.bias << m->scale.man_bits);
  }
}

double ulp_scaled_reference(const ulp_scaled_product *x, size_t row,
                            size_t col, size_t chunk, double c)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  const ulp_mma *m = x->m;
  ulp_scaled_part a, b;
  uint64_t ca[ULP_SCALED_K], cb[ULP_SCALED_K];
  uint64_t sa[ULP_SCALED_SCALES], sb[ULP_SCALED_SCALES];
  ulp_scaled_load(x, false, row, chunk, &a);
  ulp_scaled_load(x, true, col, chunk, &b);
  for (size_t k = 0; k < ULP_SCALED_K; k++) {
    ca[k] = a.code[k];
    cb[k] = b.code[k];
  }
  for (size_t i = 0; i < (size_t)m->scales; i++) {
    sa[i] = a.scale[i];
    sb[i] = b.scale[i];
  }
  uint64_t from = isnan(c) ? UINT64_C(0x7fffffff)
                           : ulp_encode_f64(&m->c, c, &rne, 0);
  return ulp_decode(&m->d, ulp_mma_dot_scaled(m, ca, cb, from, sa, sb, NULL));
}

float ulp_scaled_c(const ulp_scaled_product *x, size_t row, size_t col)
{
  float c = 0;
  if (x->c)
    memcpy(&c, (const char *)x->c + (row * x->cols + col) * sizeof c,
           sizeof c);
  return c + 0.0F;
}

void ulp_scaled_store(const ulp_scaled_product *x, size_t row, size_t col,
                      double d)
{
  float value = (float)d;
  uint32_t bits = 0x7fffffff;
  if (!isnan(d))
    memcpy(&bits, &value, sizeof bits);
  memcpy((char *)x->d + (row * x->cols + col) * sizeof bits, &bits,
         sizeof bits);
}

/* ---- products ----------------------------------------------------------- */

bool ulp_is_scaled(const ulp_mma *m)
{
  return m->scales > 0 && m->scales <= ULP_SCALED_SCALES &&
         m->k <= ULP_SCALED_K && m->c.man_bits == 23 &&
         m->d.man_bits == 23 && m->acc.man_bits == 23 &&
         m->record->acc_mode == ULP_RTZ &&
         (ulp_is_grouped(m) || ulp_is_scaled_chain(m));
}

ulp_status ulp_scaled_product_run(const ulp_scaled_product *x)
{
  if (!ulp_is_scaled(x->m))
    return ULP_EINVAL;
  return ulp_is_grouped(x->m) ? ulp_groups_run(x) : ulp_scaled_chains_run(x);
}

ulp_status ulp_scaled_run(const ulp_scaled_data *x, size_t first, size_t count)
{
  const ulp_mma *m = x->mma;
  if (m->scales == 0)
    return ULP_EINVAL;
  size_t each = (size_t)m->record->scale_block;
  return ulp_scaled_product_run(&(ulp_scaled_product){
      .m = m, .rows = x->m, .cols = count, .k = x->k, .a = x->a,
      .b = (const uint8_t *)x->b + first * x->k, .sa = x->sa,
      .sb = (const uint8_t *)x->sb + first * ((x->k + each - 1) / each),
      .d = x->d});
}
