/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program outside the tree that uses the installed core library alone:
 * pi in every format of up to 8 bits.  make installcheck compiles it with
 * the flags of pkg-config ulplab.
 */
#include <stdio.h>

#include <ulplab/formats.h>

int main(void)
{
  ulp_rounding nearest = {.mode = ULP_RNE};
  size_t shown = 0;
  for (size_t i = 0; i < ulp_format_count(); i++) {
    const ulp_format *f = ulp_format_row(i);
    if (f->bits > 8)
      continue;
    uint64_t code = ulp_encode_f64(f, 3.14159265358979323846, &nearest, 0);
    printf("%-24s 0x%02x %.9g\n", f->name, (unsigned)code, ulp_decode(f, code));
    shown++;
  }
  return shown == 0;
}
