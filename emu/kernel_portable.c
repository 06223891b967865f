/* SPDX-License-Identifier: MIT
 *
 * The kernels in vectors of 16 bytes, as any machine's compiler has them, and
 * which of the kernels to call.
 */
#include <math.h>

#include "isa.h"

enum { W = 4, COLUMNS_F = 2, COLUMNS_D = 2 };

#include "kernel_types.h"

#define NAME(kernel) kernel##_portable

static inline vb max_b(vb x, vb y)
{
  vb larger = (vb)(x > y);
  return (x & larger) | (y & ~larger);
}

static inline vh max_h(vh x, vh y)
{
  vh larger = (vh)(x > y);
  return (x & larger) | (y & ~larger);
}

static inline vi max_i(vi x, vi y)
{
  vi larger = (vi)(x > y);
  return (x & larger) | (y & ~larger);
}

/* Where test is not 0 the greater, else x. */
static inline vi max_where(vi test, vi x, vi y)
{
  vi larger = (vi)(y > x) & (vi)(test != 0);
  return (y & larger) | (x & ~larger);
}

static inline vi splat_i(uint32_t x) { return (vi){0} + (int32_t)x; }
static inline vf splat_f(float x) { return (vf){x, x, x, x}; }
static inline vd splat_d(double x) { return (vd){x, x}; }

static inline vi widen(const int16_t *x)
{
  return __builtin_convertvector(LOAD(vhh, x), vi);
}

/* Lanes 0 and 1 or 2 and 3. */
static inline vl half(vi x, int h)
{
  return h ? (vl){x[2], x[3]} : (vl){x[0], x[1]};
}

/* Doubles of these, their words given; the lower ones are not negative. */
static inline vd words_of(vi low, vi high, int h)
{
  return (vd)(half(high, h) << 32 | half(low, h));
}

static inline vd to_double(vfh x) { return __builtin_convertvector(x, vd); }
static inline vfh to_float(vd x) { return __builtin_convertvector(x, vfh); }

static inline vfh cut_to_float(vd x)
{
  return to_float((vd)((vu)x & UINT64_MAX << 29));
}

static inline vf join(vfh x, vfh y) { return (vf){x[0], x[1], y[0], y[1]}; }

static inline bool any_above(vi x, int32_t y)
{
  vl above = (vl)((vw)x > (uint32_t)y);
  return (above[0] | above[1]) != 0;
}

/* In FE_DOWNWARD.  The product's own rounding may come before the sum's. */
static inline vf fma_down_f(vf x, vf y, vf z) { return x * y + z; }
static inline vd fma_down_d(vd x, vd y, vd z) { return x * y + z; }

/* 0, not -0, of equals, in FE_DOWNWARD. */
static inline vf minus(vf x, vf y) { return -(y - x); }

/* n and the bits set: Warren 2012, "Hacker's Delight", 5-1. */
static inline vi add_ones(vi n, vi bits)
{
  vw x = (vw)bits;
  x -= x >> 1 & 0x55555555;
  x = (x & 0x33333333) + (x >> 2 & 0x33333333);
  x = (x + (x >> 4)) & 0x0f0f0f0f;
  x += x >> 8;
  return (vi)((vw)n + ((x + (x >> 16)) & 63));
}

static void fma_portable(float y[ULP_LANES], const float p[ULP_LANES],
                         const float s[ULP_LANES])
{
  for (int l = 0; l < ULP_LANES; l++)
    y[l] = fmaf(p[l], s[l], y[l]);
}

#include "kernel_body.h"
#include "kernel_pack.h"

const ulp_kernels ulp_kernels_portable = {.down = true,
                                          .narrow = narrow_portable,
                                          .wide = wide_portable,
                                          .strange = strange_portable,
                                          .pack = pack_portable,
                                          .fma = fma_portable};

const ulp_kernels *ulp_kernels_now(void)
{
  switch (ulp_isa_now()) {
  case ULP_ISA_AVX512:
#ifdef ULP_HAVE_AVX512_KERNELS
    return &ulp_kernels_avx512;
#endif
  case ULP_ISA_AVX2:
#ifdef ULP_HAVE_AVX2_KERNELS
    return &ulp_kernels_avx2;
#endif
  case ULP_ISA_PORTABLE: break;
  }
  return &ulp_kernels_portable;
}
