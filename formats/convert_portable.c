/* SPDX-License-Identifier: MIT
 *
 * The kernels of convert.h in C: vectors of one lane.
 */
#include <math.h>
#include <string.h>

#include "convert_kernels.h"
#include "internal.h"

typedef int32_t VI;
typedef bool M;
enum { LANES = 1 };

static inline VI v_all(int32_t x) { return x; }
static inline VI v_add(VI a, VI b) { return (VI)((uint32_t)a + (uint32_t)b); }
static inline VI v_sub(VI a, VI b) { return (VI)((uint32_t)a - (uint32_t)b); }
static inline VI v_and(VI a, VI b) { return a & b; }
static inline VI v_or(VI a, VI b) { return a | b; }
static inline VI v_xor(VI a, VI b) { return a ^ b; }
static inline VI v_max(VI a, VI b) { return a > b ? a : b; }
static inline VI v_min(VI a, VI b) { return a < b ? a : b; }
static inline VI v_sllv(VI a, VI n)
{
  return (uint32_t)n < 32 ? (VI)((uint32_t)a << n) : 0;
}
static inline VI v_srlv(VI a, VI n)
{
  return (uint32_t)n < 32 ? (VI)((uint32_t)a >> n) : 0;
}
static inline VI v_sll(VI a, int n) { return v_sllv(a, n); }
static inline VI v_srl(VI a, int n) { return v_srlv(a, n); }
static inline M v_gt(VI a, VI b) { return a > b; }
static inline M v_above(VI a, VI b) { return (uint32_t)a > (uint32_t)b; }
static inline M v_equal(VI a, VI b) { return a == b; }
static inline M m_or(M a, M b) { return a || b; }
static inline M m_none(void) { return false; }
static inline unsigned m_bits(M a) { return a; }
static inline VI v_if(M m, VI a) { return m ? a : 0; }
static inline VI v_count(VI a, M m) { return v_add(a, m); }
static inline VI v_pick(M m, VI a, VI b) { return m ? b : a; }
static inline int32_t v_greatest(VI v) { return v; }
static inline VI v_by_sign(VI x, VI a, VI b) { return x < 0 ? b : a; }

/* ---- floats ------------------------------------------------------------ */

static inline VI bits_of(float x)
{
  VI v;
  memcpy(&v, &x, sizeof v);
  return v;
}

static inline float float_of(VI v)
{
  float x;
  memcpy(&x, &v, sizeof x);
  return x;
}

static inline VI v_all_f32(float x) { return bits_of(x); }
static inline VI v_times(VI x, VI y)
{
  return bits_of(float_of(x) * float_of(y));
}
static inline VI v_over(VI x, VI y)
{
  return bits_of(float_of(x) / float_of(y));
}
static inline VI v_plus(VI x, VI y)
{
  return bits_of(float_of(x) + float_of(y));
}

static inline VI v_round(VI x) { return bits_of(nearbyintf(float_of(x))); }

static inline VI load_f32(const char *p)
{
  VI v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline VI load_bf16(const char *p)
{
  uint16_t h;
  memcpy(&h, p, sizeof h);
  return (VI)((uint32_t)h << 16);
}

/* The fields moved, then the difference of the biases as a factor, which
 * makes subnormals right too. */
static inline VI load_f16(const char *p)
{
  uint16_t h;
  memcpy(&h, p, sizeof h);
  VI sign = (VI)((uint32_t)(h & 0x8000) << 16);
  VI magnitude = (h & 0x7fff) << 13;
  if ((h & 0x7fff) >= 0x7c00) return sign | magnitude | 0x7f800000;
  return sign | bits_of(float_of(magnitude) * 0x1p112f);
}

/* The f32 toward zero, its last bit set if it is not y. */
static inline VI odd_f32(double y, M *inexact)
{
  float near = (float)y;
  VI v = bits_of(near);
  *inexact = (double)near != y;
  return (v - (fabs((double)near) > fabs(y))) | *inexact;
}

static inline VI load_f64(const char *p, bool scaled, bool over, double factor,
                          M *inexact)
{
  double x;
  memcpy(&x, p, sizeof x);
  if (scaled) x = over ? x / factor : x * factor;
  return odd_f32(x, inexact);
}

static inline VI scale_f64(VI x, bool over, double factor, M *inexact)
{
  double y = (double)float_of(x);
  return odd_f32(over ? y / factor : y * factor, inexact);
}

static inline void store8(char *p, VI v) { *p = (char)v; }
static inline void store16(char *p, VI v)
{
  uint16_t h = (uint16_t)v;
  memcpy(p, &h, sizeof h);
}
static inline void store32(char *p, VI v) { memcpy(p, &v, sizeof v); }

typedef ulp_pcg32 rng;
static inline void rng_make(rng *g, const ulp_rounding *r, uint64_t index)
{
  *g = ulp_pcg32_seed(r->seed, r->stream);
  ulp_pcg32_advance(g, index);
}
static inline VI rng_next(rng *g) { return (VI)ulp_pcg32_next(g); }

#include "convert_body.h"

static void decode(float *y, const float value[256], const uint8_t *code,
                   size_t n, const float *factor, const float *zero,
                   size_t every)
{
  for (size_t k = 0; !factor && k < n; k++)
    memcpy(y + k, value + code[k], sizeof *y);
  for (size_t at = 0, i = 0; factor && at < n; at += every, i++) {
    size_t end = n - at < every ? n : at + every;
    for (size_t k = at; k < end; k++)
      y[k] = zero ? (value[code[k]] - zero[i]) * factor[i]
                  : value[code[k]] * factor[i];
  }
}

const ulp_convert_kernels ulp_convert_portable = {encode, amax, range,
                                                  decode, NULL, NULL, values};
