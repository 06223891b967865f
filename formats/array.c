/* SPDX-License-Identifier: MIT
 *
 * Arrays decoded to f64; convert.c has the rest.
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
