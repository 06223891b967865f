#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ulplab pack and unpack: the table, bytes and shapes of small arrays worked
# out by hand, the way back, and what is refused.
. "${srcdir:-.}/tests/cli/common.sh"

prints layouts.csv "$ULPLAB" pack --layout list

# LAYOUT IN SHAPE WANTED-HEADER WANTED-BYTES [OPTION...]: packs to these
# bytes, and unpacks to what was packed.
both() {
  layout=$1 in=$2 shape=$3 head=$4 wanted=$5
  shift 5
  exits 0 "$ULPLAB" pack --layout "$layout" --in "$in" --out p.npy "$@"
  show p.npy >../shown
  { echo "$head, }" && [ -z "$wanted" ] || echo "$wanted"; } | diff - ../shown ||
    fault "$layout $in: packed otherwise"
  exits 0 "$ULPLAB" unpack --layout "$layout" --in p.npy --out back.npy \
    --shape "$shape" "$@"
  cmp "$in" back.npy || fault "$layout $in: not unpacked to what it was"
  rm -f p.npy back.npy
}
u1="{'descr': '|u1', 'fortran_order': False, 'shape':"
i4="{'descr': '<i4', 'fortran_order': False, 'shape':"

npy c.npy '|u1' '(2, 4)' 00 01 02 03 04 05 06 0f
both nibble-low c.npy 2x4 "$u1 (2, 2)" "10 32 54 f6"
both nibble-high c.npy 2x4 "$u1 (2, 2)" "01 23 45 6f"
both bitsandbytes c.npy 2x4 "$u1 (4, 1)" "01 23 45 6f"

# A batch; a vector.
npy v.npy '|u1' '(8,)' 00 01 02 03 04 05 06 07
npy b.npy '|u1' '(2, 1, 8)' 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f
both awq v.npy 8 "$i4 (1,)" "20 64 31 75"
both awq b.npy 2x1x8 "$i4 (2, 1, 1)" "20 64 31 75 a8 ec b9 fd"

# Offset binary, from signed bytes: -8 -1 0 7; and 3 bits across a word.
npy i.npy '|i1' '(2, 2)' f8 ff 00 07
both pack-int32 i.npy 2x2 "$i4 (2, 1)" "70 00 00 00 f8 00 00 00" --bits 4
both pack-int32-rows i.npy 2x2 "$i4 (1, 2)" "80 00 00 00 f7 00 00 00" --bits 4
npy t.npy '|i1' '(12,)' ff fc fc fc fc fc fc fc fc fc 03 fc
both pack-int32 t.npy 12 "$i4 (2,)" "03 00 00 c0 01 00 00 00" --bits 3

# Scales keep their type; what pads them is zero.
npy h.npy '<f4' '(2, 1)' 01 02 03 04 05 06 07 08
both deepgemm-mn-major h.npy 2x1 \
  "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4)" \
  "01 02 03 04 05 06 07 08 00 00 00 00 00 00 00 00"
npy e.npy '|u1' '(1, 5)' 7f 80 81 82 83
both deepgemm-ue8m0 e.npy 1x5 "$i4 (2, 4)" "7f 80 81 82 00 00 00 00 00 00 00 00 00 00 00 00
83 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"

# Nothing: no codes, no bytes.
npy z.npy '|u1' '(0, 4)'
both nibble-low z.npy 0x4 "$u1 (0, 2)" ""

# TorchAO hands the scales on flattened.
exits 0 "$ULPLAB" pack --layout torchao-to_blocked --in e.npy --out p.npy
{ header '|u1' False '(1024,)' && tail -c +129 p.npy; } >flat.npy
exits 0 "$ULPLAB" unpack --layout swizzle-128x4 --shape 1x5 --in flat.npy \
  --out back.npy
cmp e.npy back.npy || fault "flattened scales"
rm -f p.npy flat.npy back.npy

io="--in c.npy --out o.npy"
npy big.npy '|u1' '(2,)' 10 00
npy neg.npy '|i1' '(2,)' f7 00
npy p.npy '|u1' '(2, 2)' 10 32 54 f6
npy f.npy '<f4' '(1,)' 00 00 00 00
{
  refused pack
  refused unpack
  refused pack --layout nibble-low --in c.npy
  refused pack --layout nibble-low --out o.npy
  refused pack --layout nible-low $io
  refused pack --layout marlin $io
  refused pack --layout pack-int32 $io
  refused pack --layout nibble-low $io --bits 8
  refused pack --layout nibble-low $io --bits 4294967300
  refused pack --layout nibble-low $io --shape 2x4
  refused pack --layout nibble-low --in absent.npy --out o.npy
  refused pack --layout nibble-low --in big.npy --out o.npy
  refused pack --layout nibble-low --in neg.npy --out o.npy
  refused pack --layout nibble-low --in f.npy --out o.npy
  refused pack --layout marlin-scales --in f.npy --out o.npy
  refused pack --layout gptq --in c.npy --out o.npy --bits 4
  io="--in p.npy --out o.npy"
  refused unpack --layout nibble-low $io
  refused unpack --layout nibble-low $io --shape 2x5
  refused unpack --layout nibble-low $io --shape 2x6
  refused unpack --layout nibble-low $io --shape 4x2
  refused unpack --layout nibble-low $io --shape 2x
  refused unpack --layout nibble-low $io --shape -2x4
  refused unpack --layout nibble-low $io --shape 9999999999x9999999999
  refused unpack --layout nibble-low $io --shape 9223372036854775808
  refused unpack --layout pack-int32 $io --shape 2x4 --bits 4
  refused unpack --layout nibble-low --in f.npy --out o.npy --shape 2x4
}
[ -z "$ULP_ACCEPT" ] || cp ../refused "$here/expected/refused-pack.txt"
diff -u "$here/expected/refused-pack.txt" ../refused || fault "other lines"

finish
