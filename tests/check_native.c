/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The machine's own conversions against ours, under the profile ieee: F16C
 * (if the CPU has it) from and to f16 in its four modes, and _Float16 from
 * f64, where the compiler has it.  make check takes one f32 of 1021, make
 * check-long (native.long) all 2^32.
 */
#include <stdio.h>
#include <string.h>

#include "formats.h"

#if defined(HAVE_F16C_BUILD)
#include <cpuid.h>
#include <immintrin.h>
#endif

#ifdef ULP_LONG
enum { stride = 1 };
#else
enum { stride = 1021 };
#endif

static ulp_format f16;
static const ulp_profile *ieee;

__attribute__((unused)) static int complain(const char *what, uint64_t input,
                                            uint64_t got, uint64_t want)
{
  printf("%s 0x%llx: 0x%llx, the machine 0x%llx\n", what,
         (unsigned long long)input, (unsigned long long)got,
         (unsigned long long)want);
  return 1;
}

#if defined(HAVE_F16C_BUILD)

/* CPUID leaf 1, ECX bit 29 (Intel SDM volume 2, CPUID). */
static bool has_f16c(void)
{
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && c >> 29 & 1;
}

/* The immediate of VCVTPS2PH chooses the mode (SDM volume 2). */
static uint16_t convert(float x, int mode)
{
  __m128 v = _mm_set_ss(x);
  __m128i h;
  switch (mode) {
  case 0: h = _mm_cvtps_ph(v, 0); break; /* to nearest even */
  case 1: h = _mm_cvtps_ph(v, 1); break; /* toward -inf */
  case 2: h = _mm_cvtps_ph(v, 2); break; /* toward +inf */
  default: h = _mm_cvtps_ph(v, 3); break; /* toward zero */
  }
  return (uint16_t)_mm_cvtsi128_si32(h);
}

static int check_narrowing(int mode)
{
  static const ulp_mode ours[] = {ULP_RNE, ULP_RD, ULP_RU, ULP_RTZ};
  ulp_rounding r = {.mode = ours[mode], .profile = ieee};
  uint64_t inputs = 0, wrong = 0;
#pragma omp parallel for reduction(+ : inputs, wrong)
  for (uint64_t k = 0; k < UINT64_C(1) << 32; k += stride) {
    uint32_t bits = (uint32_t)k;
    float x;
    memcpy(&x, &bits, sizeof x);
    inputs++;
    uint64_t got = ulp_encode_f32(&f16, x, &r, 0);
    if (got != convert(x, mode))
      wrong++;
  }
  printf("f32 to f16 %-3s F16C: %llu inputs, %llu differ\n",
         ulp_mode_name((size_t)r.mode), (unsigned long long)inputs,
         (unsigned long long)wrong);
  return wrong != 0;
}

/* Widening quietens NaNs; apart from that all 2^16 codes are equal. */
static int check_widening(void)
{
  for (uint32_t code = 0; code < 65536; code++) {
    float x = _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128((int)code)));
    uint32_t want;
    memcpy(&want, &x, sizeof want);
    double d = ulp_decode(&f16, code);
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    bool nan = (code & 0x7FFF) > 0x7C00;
    float narrow = (float)d;
    uint32_t got;
    memcpy(&got, &narrow, sizeof got);
    if (nan)
      got = (uint32_t)(bits >> 32 & 0x80000000) | 0x7FC00000 |
            (uint32_t)(bits >> 29 & 0x7FFFFF);
    if (got != want)
      return complain("f16 to f32", code, got, want);
  }
  printf("f16 to f32 F16C: 65536 codes, 0 differ\n");
  return 0;
}

static int check_f16c(void)
{
  int result = 0;
  if (!has_f16c()) {
    printf("no F16C in this CPU\n");
    return 0;
  }
  for (int mode = 0; mode < 4; mode++)
    result |= check_narrowing(mode);
  return result | check_widening();
}

#else

static int check_f16c(void)
{
  printf("F16C was not compiled\n");
  return 0;
}

#endif

#if defined(__FLT16_MANT_DIG__) && !defined(__clang__)

/* GCC converts f64 to _Float16 with one rounding (libgcc __truncdfhf2). */
static int check_float16(void)
{
  ulp_rounding r = {.profile = ieee};
  ulp_pcg32 g = ulp_pcg32_seed(16, 64);
  for (int i = 0; i < 2000000; i++) {
    /* exponents from below 2^-26 to beyond 2^16, ties and near ties */
    uint64_t exponent = 1023 - 27 + ulp_pcg32_next(&g) % 45;
    uint64_t low = (uint64_t)ulp_pcg32_next(&g) << 20 | ulp_pcg32_next(&g) >> 12;
    low &= UINT64_MAX << ulp_pcg32_next(&g) % 52;
    low += i % 3 == 0 ? 1 : 0;
    uint64_t bits = (uint64_t)(i & 1) << 63 | exponent << 52 |
                    (low & 0xFFFFFFFFFFFFF);
    volatile double x;
    double copy;
    memcpy(&copy, &bits, sizeof copy);
    x = copy;
    volatile _Float16 h = (_Float16)x;
    _Float16 plain = h;
    uint16_t want;
    memcpy(&want, &plain, sizeof want);
    uint64_t got = ulp_encode_f64(&f16, copy, &r, 0);
    if (got != want)
      return complain("f64 to _Float16", bits, got, want);
  }
  printf("f64 to _Float16: 2000000 inputs, 0 differ\n");
  return 0;
}

#else

static int check_float16(void)
{
  printf("this compiler has no _Float16\n");
  return 0;
}

#endif

int main(void)
{
  if (ulp_format_find("float16", &f16, NULL, 0) != ULP_OK ||
      ulp_profile_find("ieee", &ieee) != ULP_OK)
    return 1;
  return check_f16c() | check_float16();
}
