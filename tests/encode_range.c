/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Codes of a run of inputs, raw on stdout, for scripts/peers/:
 *
 *   encode_range FORMAT PROFILE OVERFLOW MODE f32 START COUNT STEP
 *   encode_range FORMAT PROFILE OVERFLOW MODE f64 < raw f64
 *   encode_range FORMAT PROFILE OVERFLOW sr:A:N:R f64 < raw f64
 *   encode_range FORMAT decode           lines: code class significand exponent
 *
 * f32: the bit patterns START, START + STEP, ...  sr:A:N:R (variant, bits,
 * random number) gives every element the same R, by searching the index that
 * draws it.  A code takes 1, 2 or 4 bytes, whatever holds the format's bits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats.h"

static void put(const ulp_format *f, uint64_t code)
{
  uint32_t word = (uint32_t)code; /* little-endian machines only */
  fwrite(&word, f->bits <= 8 ? 1 : f->bits <= 16 ? 2 : 4, 1, stdout);
}

static int usage(void)
{
  fprintf(stderr, "usage: encode_range FORMAT PROFILE OVERFLOW MODE "
                  "f32 START COUNT STEP | f64, or FORMAT decode\n");
  return 2;
}

/* The exact value is (-)significand * 2^exponent. */
static int decode_all(const ulp_format *f)
{
  for (uint64_t code = 0; f->bits <= 22 && code >> f->bits == 0; code++) {
    ulp_exact x = ulp_unpack(f, code);
    printf("%llx %s %s%llx %d\n", (unsigned long long)code,
           ulp_class_name(x.cls), x.negative ? "-" : "",
           (unsigned long long)x.significand, (int)x.exponent);
  }
  return 0;
}

/* "rne", or "sr:A:N:R"; sets the index whose draw is R. */
static bool parse_mode(const char *text, ulp_rounding *r, uint64_t *index)
{
  char variant;
  unsigned n, random;
  if (sscanf(text, "sr:%c:%u:%u", &variant, &n, &random) != 3)
    return ulp_mode_find(text, &r->mode) == ULP_OK;
  if (variant < 'A' || variant > 'C' || n < 1 || n > 16 || random >> n)
    return false;
  r->mode = ULP_SR;
  r->sr_variant = (ulp_sr_variant)(variant - 'A');
  r->sr_bits = (uint8_t)n;
  while (ulp_random_word(r->seed, r->stream, *index, 0) >> (32 - n) != random)
    ++*index;
  return true;
}

static int encode_f32(const ulp_format *f, const ulp_rounding *r,
                      uint64_t index, char **range)
{
  uint64_t start = strtoull(range[0], NULL, 0);
  uint64_t count = strtoull(range[1], NULL, 0);
  uint64_t step = strtoull(range[2], NULL, 0);
  for (uint64_t k = 0; k < count; k++) {
    uint32_t bits = (uint32_t)(start + k * step);
    float x;
    memcpy(&x, &bits, sizeof x);
    put(f, ulp_encode_f32(f, x, r, index));
  }
  return 0;
}

int main(int argc, char **argv)
{
  static char buffer[1 << 16];
  ulp_format f;
  ulp_rounding r = {0};
  uint64_t index = 0;
  double x;
  char why[200] = "";
  if (argc < 3)
    return usage();
  if (ulp_format_find(argv[1], &f, why, sizeof why) != ULP_OK)
    return fprintf(stderr, "encode_range: %s\n", why), 2;
  if (f.bits > 32)
    return usage();
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  if (!strcmp(argv[2], "decode"))
    return decode_all(&f);
  if (argc < 6 || ulp_profile_find(argv[2], &r.profile) != ULP_OK ||
      ulp_overflow_find(argv[3], &r.overflow) != ULP_OK ||
      !parse_mode(argv[4], &r, &index))
    return usage();
  if (!strcmp(argv[5], "f32"))
    return argc == 9 ? encode_f32(&f, &r, index, argv + 6) : usage();
  while (fread(&x, sizeof x, 1, stdin) == 1)
    put(&f, ulp_encode_f64(&f, x, &r, index));
  return 0;
}
