#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab compare`: exit status, distances, NaN payloads and signed zeros.
. "${srcdir:-.}/tests/cli/common.sh"

# 0 1 1 1 NaN NaN NaN 1 -max Inf against -0 1 1+ulp 1-5ulp NaN NaN' 1 NaN max
# max
npy x.npy '<f4' '(2, 5)' \
  00 00 00 00  00 00 80 3f  00 00 80 3f  00 00 80 3f  00 00 c0 7f \
  00 00 c0 7f  00 00 c0 7f  00 00 80 3f  ff ff 7f ff  00 00 80 7f
npy y.npy '<f4' '(2, 5)' \
  00 00 00 80  00 00 80 3f  01 00 80 3f  fb ff 7f 3f  00 00 c0 7f \
  01 00 c0 7f  00 00 80 3f  00 00 c0 7f  ff ff 7f 7f  ff ff 7f 7f

compared() {
  for output in text csv json; do
    "$ULPLAB" compare x.npy y.npy --output $output
    echo "exit status $?"
  done
}
prints compare-floats.txt compared
exits 0 "$ULPLAB" compare x.npy x.npy --type f32
exits 1 "$ULPLAB" compare x.npy y.npy --type f32
npy z.npy '<f4' '(3, 0)'
exits 0 "$ULPLAB" compare z.npy z.npy

# Codes a byte each: distances on the ordered line of each kind of format.
npy a.npy '|u1' '(4,)' 00 07 0f 08
npy b.npy '|u1' '(4,)' 0f 08 07 00
small() {
  for type in int4 uint4 e2m1 nf4 bnb_fp4 e3m0f:nosub e1m2; do
    echo "== $type"
    "$ULPLAB" compare a.npy b.npy --type $type || :
  done
}
prints compare-codes.txt small

# More than ten cases: the ten worst, of equals the first; f64's whole line.
npy p.npy '<u2' '(12,)' \
  00 3c 00 3c 00 3c 00 3c 00 3c 00 3c 00 3c 00 3c 00 3c 00 3c 00 3c 00 3c
npy q.npy '<u2' '(12,)' \
  01 3c 02 3c 03 3c 04 3c 05 3c 06 3c 07 3c 08 3c 09 3c 0a 3c 01 3c 09 3c
npy m.npy '<f8' '()' ff ff ff ff ff ff ef ff
npy n.npy '<f8' '()' ff ff ff ff ff ff ef 7f
many() {
  "$ULPLAB" compare p.npy q.npy --type f16
  "$ULPLAB" compare m.npy n.npy --type f64 || :
}
prints compare-many.txt many

# Sums of integers: the line of all 2^32; 2^31-1 and -2^31 are its ends.
npy s.npy '<i4' '(3,)' ff ff ff 7f 05 00 00 00 00 00 00 80
npy t.npy '<i4' '(3,)' 00 00 00 80 03 00 00 00 00 00 00 80
exits 1 "$ULPLAB" compare s.npy t.npy --type s32
"$ULPLAB" compare s.npy t.npy --type s32 | grep -q \
  '^  4294967295 \[0\] 2147483647 -2147483648, 0x7FFFFFFF 0x80000000$' ||
  fault 'compare --type s32: the greatest distance'

# To int32: ties to even, NaN to 0, the ends of the range; and back, as f64.
npy v.npy '<f8' '(4,)' 00 00 00 00 00 00 04 40 00 00 00 00 00 00 f8 ff \
  00 00 00 00 00 00 f0 7f 00 00 c0 ff ff ff df c1
"$ULPLAB" quantize --to int32 --in v.npy --out w.npy 2>/dev/null &&
  "$ULPLAB" dequantize --from int32 --in w.npy --out v2.npy ||
  fault 'quantize --to int32'
[ "$(tail -c 16 w.npy | od -An -v -tx1 | tr -d ' \n')" = \
  0200000000000000ffffff7f01000080 ] || fault 'quantize --to int32: codes'
[ "$(tail -c 32 v2.npy | od -An -v -tx1 | tr -d ' \n')" = 0000000000000040$(
  )00000000000000000000c0ffffffdf410000c0ffffffdfc1 ] ||
  fault 'dequantize --from int32'
finish
