/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * types.cuh: the element types of the matrix instructions, as codes.
 *
 * This is the harness's own small decoder, kept apart from the library's on
 * purpose: it shapes inputs and checks register layouts, and takes no part
 * in judging results.
 */
#ifndef ULPLAB_GPU_TYPES_CUH
#define ULPLAB_GPU_TYPES_CUH

#include <cmath>
#include <cstdint>
#include <cstring>

#define HD __host__ __device__ inline

enum Type {
  T_none, T_f16, T_bf16, T_tf32, T_f32, T_f64, T_e4m3, T_e5m2,
  T_s8, T_u8, T_s4, T_u4, T_b1, T_s32
};

struct TypeInfo {
  const char *name;
  int bytes;   /* of one element in the vector file */
  int bits;    /* of one element in a register of operands */
  int ebits;   /* 0 for integers */
  int mbits;   /* trailing significand */
  int pad;     /* low bits of the container that the format lacks (tf32) */
  bool sign;   /* integers: two's complement */
};

HD constexpr TypeInfo type_info(Type t)
{
  switch (t) {
  case T_f16:  return {"f16", 2, 16, 5, 10, 0, true};
  case T_bf16: return {"bf16", 2, 16, 8, 7, 0, true};
  case T_tf32: return {"tf32", 4, 32, 8, 10, 13, true};
  case T_f32:  return {"f32", 4, 32, 8, 23, 0, true};
  case T_f64:  return {"f64", 8, 64, 11, 52, 0, true};
  case T_e4m3: return {"e4m3", 1, 8, 4, 3, 0, true};
  case T_e5m2: return {"e5m2", 1, 8, 5, 2, 0, true};
  case T_s8:   return {"s8", 1, 8, 0, 0, 0, true};
  case T_u8:   return {"u8", 1, 8, 0, 0, 0, false};
  case T_s4:   return {"s4", 1, 4, 0, 0, 0, true};
  case T_u4:   return {"u4", 1, 4, 0, 0, 0, false};
  case T_b1:   return {"b1", 1, 1, 0, 0, 0, false};
  case T_s32:  return {"s32", 4, 32, 0, 0, 0, true};
  default:     return {"none", 0, 0, 0, 0, 0, false};
  }
}

HD int type_bias(const TypeInfo &f) { return (1 << (f.ebits - 1)) - 1; }
HD int type_emin(const TypeInfo &f) { return 1 - type_bias(f); }

/* E4M3 spends its top exponent on numbers; the others keep it for Inf/NaN. */
HD int type_emax(Type t)
{
  const TypeInfo f = type_info(t);
  return t == T_e4m3 ? 8 : type_bias(f);
}

HD uint64_t type_mask(const TypeInfo &f)
{
  return f.bits == 64 ? ~0ull : (1ull << f.bits) - 1;
}

HD uint64_t sign_code(const TypeInfo &f) { return 1ull << (f.bits - 1); }

/* The greatest finite magnitude. */
HD uint64_t max_code(Type t)
{
  const TypeInfo f = type_info(t);
  if (f.ebits == 0)
    return f.sign ? (1ull << (f.bits - 1)) - 1 : type_mask(f);
  if (t == T_e4m3)
    return 0x7e;
  return (((((1ull << f.ebits) - 2) << f.mbits) | ((1ull << f.mbits) - 1))
          << f.pad);
}

HD uint64_t inf_code(Type t)
{
  const TypeInfo f = type_info(t);
  if (t == T_e4m3)
    return 0x7f;
  return ((1ull << f.ebits) - 1) << (f.mbits + f.pad);
}

HD bool is_finite_code(Type t, uint64_t code)
{
  const TypeInfo f = type_info(t);
  if (f.ebits == 0)
    return true;
  const uint64_t magnitude = code & (sign_code(f) - 1);
  return t == T_e4m3 ? magnitude != 0x7f : magnitude < inf_code(t);
}

/* Value of a finite code.  tf32 reads the bits that the unit reads. */
HD double decode(Type t, uint64_t code)
{
  const TypeInfo f = type_info(t);
  if (t == T_f64) {
    double value;
    memcpy(&value, &code, sizeof value);
    return value;
  }
  if (f.ebits == 0) {
    const uint64_t low = code & type_mask(f);
    const bool minus = f.sign && (low & sign_code(f));
    return minus ? (double)low - 2.0 * (double)sign_code(f) : (double)low;
  }
  const uint64_t magnitude = (code & (sign_code(f) - 1)) >> f.pad;
  const int field = (int)(magnitude >> f.mbits);
  const uint64_t hidden = field ? 1ull << f.mbits : 0;
  const uint64_t fraction = magnitude & ((1ull << f.mbits) - 1);
  const int exponent = (field ? field : 1) - type_bias(f) - f.mbits;
  const double value = ldexp((double)(fraction | hidden), exponent);
  return code & sign_code(f) ? -value : value;
}

HD uint64_t encode_integer(const TypeInfo &f, double x)
{
  const double top = (double)max_code(f.bits == 32 ? T_s32
                               : f.bits == 8 ? (f.sign ? T_s8 : T_u8)
                               : f.bits == 4 ? (f.sign ? T_s4 : T_u4)
                                             : T_b1);
  const double low = f.sign ? -top - 1 : 0;
  const double y = rint(x) > top ? top : rint(x) < low ? low : rint(x);
  /* Sub-byte elements lie in a byte of their own, sign-extended. */
  const uint64_t mask = f.bytes == 4 ? 0xffffffffull : 0xffull;
  return (uint64_t)(int64_t)y & mask;
}

/* Nearest code, ties to even, the greatest finite where it overflows. */
HD uint64_t encode(Type t, double x)
{
  const TypeInfo f = type_info(t);
  if (f.ebits == 0)
    return encode_integer(f, x);
  if (t == T_f64) {
    uint64_t code;
    memcpy(&code, &x, sizeof code);
    return code;
  }
  const uint64_t sign = signbit(x) ? sign_code(f) : 0;
  if (x == 0)
    return sign;
  const double a = fabs(x);
  int e = ilogb(a);
  if (e > type_emax(t))
    return sign | max_code(t);
  if (e < type_emin(f))
    e = type_emin(f);
  const uint64_t n = (uint64_t)rint(ldexp(a, f.mbits - e));
  const uint64_t hidden = 1ull << f.mbits;
  /* A carry out of the significand steps into the next exponent by itself. */
  const uint64_t code =
      (n < hidden ? n
                  : ((uint64_t)(e + type_bias(f)) << f.mbits) + n - hidden)
      << f.pad;
  return sign | (code > max_code(t) ? max_code(t) : code);
}

HD uint64_t load_code(Type t, const uint8_t *base, uint64_t index)
{
  const int bytes = type_info(t).bytes;
  const uint8_t *p = base + index * (uint64_t)bytes;
  switch (bytes) {
  case 1: return *p;
  case 2: return *(const uint16_t *)p;
  case 4: return *(const uint32_t *)p;
  default: return *(const uint64_t *)p;
  }
}

HD void store_code(Type t, uint8_t *base, uint64_t index, uint64_t code)
{
  const int bytes = type_info(t).bytes;
  uint8_t *p = base + index * (uint64_t)bytes;
  switch (bytes) {
  case 1: *p = (uint8_t)code; break;
  case 2: *(uint16_t *)p = (uint16_t)code; break;
  case 4: *(uint32_t *)p = (uint32_t)code; break;
  default: *(uint64_t *)p = code; break;
  }
}

#endif
