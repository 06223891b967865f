/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * families.cu: the table of input families.
 */
#include "inputs.cuh"

#define REAL FOR_REAL
#define BOTH (FOR_REAL | FOR_INTEGER)
#define NO_C FOR_NO_C

const Family families[] = {
    {"normal", AB_GAUSS, C_ORDINARY, BOTH | NO_C},
    {"c_zero", AB_MIX, C_ZERO, BOTH},
    {"wide", AB_WIDE, C_ORDINARY, REAL | NO_C},
    {"finite", AB_FINITE, C_ORDINARY, BOTH},
    {"bits", AB_BITS, C_BITS, BOTH | NO_C},
    {"specials", AB_SPECIALS, C_SPECIALS, REAL},
    {"subnormal", AB_SUBNORMAL, C_SUBNORMAL, REAL | NO_C},
    {"cancel", AB_CANCEL, C_SMALL, REAL | NO_C},
    {"floor", AB_FLOOR, C_NEGATIVE_ZERO, REAL | NO_C},
    {"c_cancel", AB_MIX, C_CANCEL, REAL},
    {"c_far", AB_MIX, C_FAR, REAL},
    {"c_special", AB_GAUSS, C_SPECIALS, BOTH},
    {"extreme", AB_EXTREME, C_EXTREME, BOTH | NO_C},
    {"zeros", AB_ZEROS, C_ZEROS, REAL | NO_C},
    {"sparse_row", AB_SPARSE, C_SMALL, BOTH | NO_C},
    {"ties", AB_TIES, C_TIES, REAL},
    {"pairs", AB_PAIRS, C_ZERO, BOTH | FOR_8BIT | NO_C},
    {"floor_ties", AB_FLOOR_TIES, C_ZERO, REAL | NO_C},
};
const int family_count = sizeof families / sizeof families[0];

/* Are there products below half of D's least number (f16), or below that
 * number (f32)?  Then the floor on the exponent can show. */
static bool floor_ties_suit(const Instruction &in)
{
  const TypeInfo a = type_info(in.a), b = type_info(in.b);
  const int least = type_emin(a) - a.mbits + type_emin(b) - b.mbits;
  return in.a != T_f64 && least < (in.d == T_f16 ? -25 : -149);
}

bool family_suits(const Family &family, const Instruction &in)
{
  const bool real = type_info(in.a).ebits != 0;
  if (!(family.suits & (real ? FOR_REAL : FOR_INTEGER)))
    return false;
  if (family.operands == AB_FLOOR_TIES)
    return floor_ties_suit(in);
  return !(family.suits & FOR_8BIT) || type_info(in.a).bits == 8;
}

long family_limit(const Family &family, const Instruction &in)
{
  if (family.operands != AB_PAIRS)
    return 0;
  return (256 / in.m) * ((256 + in.n - 1) / in.n) * (long)in.k;
}

Draw make_draw(const Instruction &in, const Family &family, bool scale_d,
               uint64_t seed)
{
  Draw draw = {};
  draw.seed = ulp_mix64(seed + (uint64_t)(&family - families));
  for (const char *p = in.id; *p; p++)
    draw.seed = ulp_mix64(draw.seed + (unsigned char)*p);
  draw.operands = family.operands;
  /* Where C takes no part it holds anything, NaN included. */
  draw.accumulator = scale_d ? family.accumulator : C_BITS;
  draw.a = in.a, draw.b = in.b, draw.c = in.c, draw.d = in.d;
  draw.m = in.m, draw.n = in.n, draw.k = in.k;
  draw.stored = stored_k(in);
  draw.negated = (in.options & OPT_NEG_A) || (in.options & OPT_NEG_B);
  return draw;
}
