/* SPDX-License-Identifier: MIT */
#include "blocks.h"


uint64_t ulp_convert_operand(const ulp_format *to, const ulp_format *from,
                             uint64_t code)
{
  static const ulp_rounding rne = {.mode = ULP_RNE,
                                   .overflow = ULP_OVERFLOW_INF};
  ulp_exact x;
  if (to->bits == from->bits && to->exp_bits == from->exp_bits)
    return code; /* the same format: most records convert nothing */
  x = ulp_unpack(from, code);
  return ulp_round_pack(to, &x, &rne, 0);
}

uint64_t ulp_acc_nan(const ulp_format *acc)
{
  return (UINT64_C(1) << (acc->bits - 1)) - 1;
}

uint64_t ulp_acc_inf(const ulp_format *acc, bool negative)
{
  return (uint64_t)negative << (acc->bits - 1) | (acc->max_code + 1);
}

/* A result of zero has no sign, whatever underflowed (measured on H200). */
uint64_t ulp_acc_round(const ulp_mma *m, int64_t sum, int32_t unit)
{
  ulp_exact x = {.cls = ULP_CLASS_NORMAL,
                 .negative = sum < 0,
                 .exponent = unit,
                 .significand = (uint64_t)(sum < 0 ? -sum : sum)};
  ulp_rounding r = {.mode = m->record->acc_mode, .overflow = ULP_OVERFLOW_INF};
  uint64_t code = ulp_round_pack(&m->acc, &x, &r, 0);
  return code == UINT64_C(1) << (m->acc.bits - 1) ? 0 : code;
}

uint64_t ulp_acc_to_d(const ulp_mma *m, uint64_t acc)
{
  if (m->acc.bits == m->d.bits)
    return acc;
  if (ulp_unpack(&m->acc, acc).cls == ULP_CLASS_NAN)
    return ulp_acc_nan(&m->d);
  return ulp_convert_operand(&m->d, &m->acc, acc);
}

/* A double holds twice the bits of f32 and two more, so that rounding its sum
 * again changes nothing (Figueroa 1995, "When is double rounding innocuous?",
 * SIGNUM Newsletter 30(3)); the sum of two f16 it holds exactly. */
double ulp_add_rounded(const ulp_format *acc, double x, double y)
{
  static const ulp_rounding rne = {.mode = ULP_RNE,
                                   .overflow = ULP_OVERFLOW_INF};
  if (acc->man_bits == 23)
    return (double)(float)(x + y);
  return ulp_decode(acc, ulp_encode_f64(acc, x + y, &rne, 0));
}
