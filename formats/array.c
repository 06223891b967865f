/* SPDX-License-Identifier: MIT
 *
 * Arrays: decode, pack.  convert.c encodes.
 */
#include "internal.h"

void ulp_decode_array(const ulp_format *f, double *out, const void *in,
                      size_t n, double scale)
{
  double value[256];
  if (f->bits > 8 || n < sizeof value / sizeof value[0]) {
    for (size_t i = 0; i < n; i++)
      out[i] = ulp_decode(f, ulp_load_code(f, in, i)) * scale;
    return;
  }
  for (uint64_t c = 0; c < ulp_code_count(f); c++)
    value[c] = ulp_decode(f, c) * scale;
  for (size_t i = 0; i < n; i++)
    out[i] = value[ulp_load_code(f, in, i)];
}

ulp_status ulp_pack(const ulp_format *f, uint8_t *out, const uint8_t *codes,
                    size_t n)
{
  unsigned bits = f->bits, held = 0;
  uint32_t stream = 0;
  if (bits > 8 || n % 8 * bits % 8 != 0)
    return ULP_EINVAL;
  for (size_t i = 0; i < n; i++) {
    stream |= (uint32_t)(codes[i] & ulp_mask(bits)) << held;
    for (held += bits; held >= 8; held -= 8, stream >>= 8)
      *out++ = (uint8_t)stream;
  }
  return ULP_OK;
}

ulp_status ulp_unpack_bytes(const ulp_format *f, uint8_t *codes,
                            const uint8_t *in, size_t n)
{
  unsigned bits = f->bits, held = 0;
  uint32_t stream = 0;
  if (bits > 8 || n % 8 * bits % 8 != 0)
    return ULP_EINVAL;
  for (size_t i = 0; i < n; i++) {
    for (; held < bits; held += 8)
      stream |= (uint32_t)*in++ << held;
    codes[i] = (uint8_t)(stream & ulp_mask(bits));
    stream >>= bits;
    held -= bits;
  }
  return ULP_OK;
}
