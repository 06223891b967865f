/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CUDA's conversions, as its headers do them on the host, against ours under
 * the profile cuda.  Differences are counted by class; every class has its
 * explanation below, and one outside all of them is a failure.
 *
 *   peer_cuda [STRIDE [NAME ...]]     f32 inputs 0, STRIDE, 2 STRIDE, ...
 *
 * The same functions on an H200 (tests/vectors/h200, whose rows say the
 * overflow rule and the profile) give what the host gives here, both classes
 * below with it, but for one: a NaN in __double2half and __double2bfloat16,
 * 0x7fff on the host, keeps its sign and upper payload, quieted, in the
 * instructions cvt.rn.f16.f64 and cvt.rn.bf16.f64 that they are on sm_90.
 *
 * make check takes one input of 10007, make check-long (cuda.long) all.
 */
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifdef HAVE_CUDA_HEADERS
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp4.h>
#include <cuda_fp6.h>
#include <cuda_fp8.h>

#include "formats.h"

#ifdef ULP_LONG
static uint64_t stride = 1;
#else
static uint64_t stride = 10007;
#endif

namespace {

template <class T> uint64_t bits_of(T x)
{
  uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof x);
  return bits;
}

uint64_t half(const __half &h) { return bits_of(static_cast<__half_raw>(h).x); }

uint64_t brain(const __nv_bfloat16 &b)
{
  return bits_of(static_cast<__nv_bfloat16_raw>(b).x);
}

struct conversion {
  const char *name, *format;
  ulp_mode mode;
  ulp_overflow overflow;
  uint64_t (*f32)(float);
  uint64_t (*f64)(double); /* may be null */
};

#define FP8(KIND, SAT)                                                         \
  [](float x) -> uint64_t { return __nv_cvt_float_to_fp8(x, SAT, KIND); },     \
      [](double x) -> uint64_t { return __nv_cvt_double_to_fp8(x, SAT, KIND); }
#define FP6(KIND, ROUND)                                                       \
  [](float x) -> uint64_t { return __nv_cvt_float_to_fp6(x, KIND, ROUND); },   \
      [](double x) -> uint64_t {                                               \
        return __nv_cvt_double_to_fp6(x, KIND, ROUND);                         \
      }
#define FP4(ROUND)                                                             \
  [](float x) -> uint64_t {                                                    \
    return __nv_cvt_float_to_fp4(x, __NV_E2M1, ROUND);                         \
  },                                                                           \
      [](double x) -> uint64_t {                                               \
        return __nv_cvt_double_to_fp4(x, __NV_E2M1, ROUND);                    \
      }
#define E8M0(SAT, ROUND)                                                       \
  [](float x) -> uint64_t { return __nv_cvt_float_to_e8m0(x, SAT, ROUND); },   \
      [](double x) -> uint64_t { return __nv_cvt_double_to_e8m0(x, SAT, ROUND); }

const conversion conversions[] = {
    {"e4m3 sat", "e4m3", ULP_RNE, ULP_OVERFLOW_SATURATE,
     FP8(__NV_E4M3, __NV_SATFINITE)},
    {"e4m3 nosat", "e4m3", ULP_RNE, ULP_OVERFLOW_IEEE,
     FP8(__NV_E4M3, __NV_NOSAT)},
    {"e5m2 sat", "e5m2", ULP_RNE, ULP_OVERFLOW_SATURATE,
     FP8(__NV_E5M2, __NV_SATFINITE)},
    {"e5m2 nosat", "e5m2", ULP_RNE, ULP_OVERFLOW_IEEE,
     FP8(__NV_E5M2, __NV_NOSAT)},
    {"e3m2", "e3m2", ULP_RNE, ULP_OVERFLOW_SATURATE,
     FP6(__NV_E3M2, cudaRoundNearest)},
    {"e2m3", "e2m3", ULP_RNE, ULP_OVERFLOW_SATURATE,
     FP6(__NV_E2M3, cudaRoundNearest)},
    {"e3m2 rz", "e3m2", ULP_RTZ, ULP_OVERFLOW_SATURATE,
     FP6(__NV_E3M2, cudaRoundZero)},
    {"e2m3 rz", "e2m3", ULP_RTZ, ULP_OVERFLOW_SATURATE,
     FP6(__NV_E2M3, cudaRoundZero)},
    {"e2m1", "e2m1", ULP_RNE, ULP_OVERFLOW_SATURATE, FP4(cudaRoundNearest)},
    {"e2m1 rz", "e2m1", ULP_RTZ, ULP_OVERFLOW_SATURATE, FP4(cudaRoundZero)},
    {"e8m0 rz sat", "e8m0", ULP_RTZ, ULP_OVERFLOW_SATURATE,
     E8M0(__NV_SATFINITE, cudaRoundZero)},
    {"e8m0 rz nosat", "e8m0", ULP_RTZ, ULP_OVERFLOW_NAN,
     E8M0(__NV_NOSAT, cudaRoundZero)},
    {"e8m0 rp sat", "e8m0", ULP_RU, ULP_OVERFLOW_SATURATE,
     E8M0(__NV_SATFINITE, cudaRoundPosInf)},
    {"e8m0 rp nosat", "e8m0", ULP_RU, ULP_OVERFLOW_NAN,
     E8M0(__NV_NOSAT, cudaRoundPosInf)},
    {"f16 rn", "f16", ULP_RNE, ULP_OVERFLOW_IEEE,
     [](float x) { return half(__float2half_rn(x)); },
     [](double x) { return half(__double2half(x)); }},
    {"f16 rz", "f16", ULP_RTZ, ULP_OVERFLOW_IEEE,
     [](float x) { return half(__float2half_rz(x)); }, nullptr},
    {"f16 rd", "f16", ULP_RD, ULP_OVERFLOW_IEEE,
     [](float x) { return half(__float2half_rd(x)); }, nullptr},
    {"f16 ru", "f16", ULP_RU, ULP_OVERFLOW_IEEE,
     [](float x) { return half(__float2half_ru(x)); }, nullptr},
    {"bf16 rn", "bf16", ULP_RNE, ULP_OVERFLOW_IEEE,
     [](float x) { return brain(__float2bfloat16_rn(x)); },
     [](double x) { return brain(__double2bfloat16(x)); }},
    {"bf16 rz", "bf16", ULP_RTZ, ULP_OVERFLOW_IEEE,
     [](float x) { return brain(__float2bfloat16_rz(x)); }, nullptr},
    {"bf16 rd", "bf16", ULP_RD, ULP_OVERFLOW_IEEE,
     [](float x) { return brain(__float2bfloat16_rd(x)); }, nullptr},
    {"bf16 ru", "bf16", ULP_RU, ULP_OVERFLOW_IEEE,
     [](float x) { return brain(__float2bfloat16_ru(x)); }, nullptr},
};

/* ---- the classes of differences ------------------------------------------ */

struct difference {
  const ulp_format *f;
  const conversion *c;
  bool from_f64;
  double x; /* sign and class are right; a NaN's payload is not used */
  uint64_t input, ours, cuda;
};

bool is_nan(const ulp_format *f, uint64_t code)
{
  return ulp_unpack(f, code).cls == ULP_CLASS_NAN;
}

struct difference_class {
  const char *why;
  bool (*holds)(const difference &);
};

const difference_class classes[] = {
    {"f64 NaN to FP8: __nv_cvt_double_to_fp8 keeps the sign, and to E5M2 two "
     "bits of payload; the f32 path makes 0x7fffffff of any NaN first",
     [](const difference &d) {
       return d.from_f64 && d.x != d.x && d.f->bits == 8 && d.f->is_signed &&
              is_nan(d.f, d.cuda) && is_nan(d.f, d.ours);
     }},
    {"f64 beyond f32's range to E8M0, toward zero, not saturating: "
     "__nv_cvt_double_to_e8m0 cuts to f32 first, where 2^127 is the greatest",
     [](const difference &d) {
       return d.from_f64 && std::fabs(d.x) >= std::ldexp(1.0, 128) && std::isfinite(d.x) &&
              !d.f->is_signed && d.c->mode == ULP_RTZ && d.cuda == 0xFE &&
              d.ours == 0xFF;
     }},
};
enum { CLASSES = sizeof classes / sizeof *classes };

struct tally {
  uint64_t inputs, known[CLASSES], unknown, first, ours, cuda;
};

void count(tally *t, const difference &d)
{
  for (int k = 0; k < CLASSES; k++)
    if (classes[k].holds(d)) {
      t->known[k]++;
      return;
    }
  if (t->unknown++ == 0) {
    t->first = d.input;
    t->ours = d.ours;
    t->cuda = d.cuda;
  }
}

void add(tally *sum, const tally &t)
{
  sum->inputs += t.inputs;
  for (int k = 0; k < CLASSES; k++)
    sum->known[k] += t.known[k];
  if (t.unknown && !sum->unknown) {
    sum->first = t.first;
    sum->ours = t.ours;
    sum->cuda = t.cuda;
  }
  sum->unknown += t.unknown;
}

int report(const conversion &c, const char *source, const tally &t)
{
  uint64_t all = t.unknown;
  for (int k = 0; k < CLASSES; k++)
    all += t.known[k];
  std::printf("%-14s %s %10llu inputs, %llu differ\n", c.name, source,
              (unsigned long long)t.inputs, (unsigned long long)all);
  for (int k = 0; k < CLASSES; k++)
    if (t.known[k])
      std::printf("  %llu: %s\n", (unsigned long long)t.known[k],
                  classes[k].why);
  if (t.unknown)
    std::printf("  %llu UNEXPLAINED, such as 0x%llx: ours 0x%llx, CUDA 0x%llx\n",
                (unsigned long long)t.unknown, (unsigned long long)t.first,
                (unsigned long long)t.ours, (unsigned long long)t.cuda);
  std::fflush(stdout);
  return t.unknown != 0;
}

template <class T> T from_bits(uint64_t bits)
{
  T x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

int check_f32(const conversion &c, const ulp_format &f, const ulp_rounding &r)
{
  tally all = {};
#pragma omp parallel
  {
    tally t = {};
#pragma omp for schedule(static)
    for (uint64_t k = 0; k < UINT64_C(1) << 32; k += stride) {
      float x = from_bits<float>(k);
      uint64_t ours = ulp_encode_f32(&f, x, &r, 0), cuda = c.f32(x);
      t.inputs++;
      if (ours != cuda)
        count(&t, {&f, &c, false, x, k, ours, cuda});
    }
#pragma omp critical
    add(&all, t);
  }
  return report(c, "f32", all);
}

/* f64: random bits; the format's range; numbers near f32 ones, which tell a
 * second rounding; few significant bits, for ties. */
uint64_t pick_f64(ulp_pcg32 *g, int kind)
{
  uint64_t bits = (uint64_t)ulp_pcg32_next(g) << 32;
  bits |= ulp_pcg32_next(g);
  if (kind == 0)
    return bits;
  uint64_t exponent = 1023 - 160 + ulp_pcg32_next(g) % 300;
  if (kind > 1)
    exponent = 1023 - 28 + ulp_pcg32_next(g) % 46;
  uint64_t low = bits & 0xFFFFFFFFFFFFF;
  low &= UINT64_MAX << (40 + ulp_pcg32_next(g) % 12);
  if (kind == 3)
    low += ulp_pcg32_next(g) % 3 - UINT64_C(1);
  return (bits & UINT64_C(1) << 63) | exponent << 52 | (low & 0xFFFFFFFFFFFFF);
}

int check_f64(const conversion &c, const ulp_format &f, const ulp_rounding &r)
{
  tally t = {};
  ulp_pcg32 g = ulp_pcg32_seed(64, 8);
  for (int i = 0; i < 400000; i++) {
    uint64_t bits = pick_f64(&g, i % 4);
    double x = from_bits<double>(bits);
    uint64_t ours = ulp_encode_f64(&f, x, &r, 0), cuda = c.f64(x);
    t.inputs++;
    if (ours != cuda)
      count(&t, {&f, &c, true, x, bits, ours, cuda});
  }
  return report(c, "f64", t);
}

bool chosen(const conversion &c, int argc, char **argv)
{
  for (int i = 2; i < argc; i++)
    if (!std::strcmp(c.name, argv[i]))
      return true;
  return argc <= 2;
}

} // namespace

int main(int argc, char **argv)
{
  int result = 0;
  if (argc > 1)
    stride = std::strtoull(argv[1], nullptr, 10) | 1;
  for (const conversion &c : conversions) {
    ulp_format f;
    ulp_rounding r = {};
    if (!chosen(c, argc, argv))
      continue;
    if (ulp_format_find(c.format, &f, nullptr, 0) != ULP_OK ||
        ulp_profile_find("cuda", &r.profile) != ULP_OK)
      return 1;
    r.mode = c.mode;
    r.overflow = c.overflow;
    result |= check_f32(c, f, r);
    if (c.f64)
      result |= check_f64(c, f, r);
  }
  return result;
}

#else

int main()
{
  std::printf("CUDA's headers were not found\n");
  return 77;
}

#endif
