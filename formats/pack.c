/* SPDX-License-Identifier: MIT
 *
 * Codes of up to 8 bits, one a byte, to a stream of bits and back.
 *
 * Eight codes at a time in a word: neighbours are moved together in pairs of
 * bytes, then of 16 and of 32 bits, and apart in the other order.
 */
#include <string.h>

#include "convert_kernels.h"
#include "internal.h"

static uint64_t load_word(const uint8_t *p)
{
  return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
         (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 |
         (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

static void store_word(uint8_t *p, uint64_t x)
{
  p[0] = (uint8_t)x;
  p[1] = (uint8_t)(x >> 8);
  p[2] = (uint8_t)(x >> 16);
  p[3] = (uint8_t)(x >> 24);
  p[4] = (uint8_t)(x >> 32);
  p[5] = (uint8_t)(x >> 40);
  p[6] = (uint8_t)(x >> 48);
  p[7] = (uint8_t)(x >> 56);
}

static const uint64_t in_16 = UINT64_C(0x0001000100010001);
static const uint64_t in_32 = UINT64_C(0x0000000100000001);

static uint64_t join(uint64_t x, unsigned bits)
{
  uint64_t pair = ulp_mask(bits) * in_16, quad = ulp_mask(2 * bits) * in_32;
  x = (x & pair) | (x >> (8 - bits) & pair << bits);
  x = (x & quad) | (x >> (16 - 2 * bits) & quad << 2 * bits);
  return (x & ulp_mask(4 * bits)) |
         (x >> (32 - 4 * bits) & ulp_mask(4 * bits) << 4 * bits);
}

static uint64_t split(uint64_t x, unsigned bits)
{
  uint64_t pair = ulp_mask(bits) * in_16, quad = ulp_mask(2 * bits) * in_32;
  x = (x & ulp_mask(4 * bits)) |
      (x & ulp_mask(4 * bits) << 4 * bits) << (32 - 4 * bits);
  x = (x & quad) | (x & quad << 2 * bits) << (16 - 2 * bits);
  return (x & pair) | (x & pair << bits) << (8 - bits);
}

/* Less than eight codes, or the last ones, behind which there is no room. */
static void pack_rest(uint8_t *out, const uint8_t *codes, size_t n,
                      unsigned bits)
{
  unsigned held = 0;
  uint32_t stream = 0;
  for (size_t i = 0; i < n; i++) {
    stream |= (uint32_t)(codes[i] & ulp_mask(bits)) << held;
    for (held += bits; held >= 8; held -= 8, stream >>= 8)
      *out++ = (uint8_t)stream;
  }
}

static void unpack_rest(uint8_t *codes, const uint8_t *in, size_t n,
                        unsigned bits)
{
  unsigned held = 0;
  uint32_t stream = 0;
  for (size_t i = 0; i < n; i++) {
    for (; held < bits; held += 8)
      stream |= (uint32_t)*in++ << held;
    codes[i] = (uint8_t)(stream & ulp_mask(bits));
    stream >>= bits;
    held -= bits;
  }
}

static bool packs(const ulp_format *f, size_t n)
{
  return f->bits <= 8 && n % 8 * f->bits % 8 == 0;
}

/* A word of the stream holds eight codes and more; of these the next word
 * brings the right ones. */
ulp_status ulp_pack(const ulp_format *f, uint8_t *out, const uint8_t *codes,
                    size_t n)
{
  const ulp_convert_kernels *k = ulp_convert_kernels_now();
  unsigned bits = f->bits;
  size_t i = 0, at;
  if (!packs(f, n)) return ULP_EINVAL;
  if (bits == 8) {
    if (n) memcpy(out, codes, n);
    return ULP_OK;
  }
  if (k->pack) i = k->pack(out, codes, n, bits);
  for (at = i / 8 * bits; n - i >= 64; i += 8, at += bits)
    store_word(out + at, join(load_word(codes + i), bits));
  pack_rest(out + at, codes + i, n - i, bits);
  return ULP_OK;
}

ulp_status ulp_unpack_bytes(const ulp_format *f, uint8_t *codes,
                            const uint8_t *in, size_t n)
{
  const ulp_convert_kernels *k = ulp_convert_kernels_now();
  unsigned bits = f->bits;
  size_t i = 0, at;
  if (!packs(f, n)) return ULP_EINVAL;
  if (bits == 8) {
    if (n) memcpy(codes, in, n);
    return ULP_OK;
  }
  if (k->unpack) i = k->unpack(codes, in, n, bits);
  for (at = i / 8 * bits; n - i >= 64; i += 8, at += bits)
    store_word(codes + i, split(load_word(in + at), bits));
  unpack_rest(codes + i, in + at, n - i, bits);
  return ULP_OK;
}
