#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab quantize` and `ulplab dequantize` on small arrays, byte by byte.
. "${srcdir:-.}/tests/cli/common.sh"

# 0 -0 1 448 464 / 500 Inf NaN 2^-10 3*2^-10
npy x.npy '<f4' '(2, 5)' \
  00 00 00 00  00 00 00 80  00 00 80 3f  00 00 e0 43  00 00 e8 43 \
  00 00 fa 43  00 00 80 7f  00 00 c0 7f  00 00 80 3a  00 00 40 3b
# 0.5 1.5 -2.5 7 -8 3 -1 100
npy y.npy '<f4' '(8,)' \
  00 00 00 3f  00 00 c0 3f  00 00 20 c0  00 00 e0 40 \
  00 00 00 c1  00 00 40 40  00 00 80 bf  00 00 c8 42

# Prints each command line and the arrays it wrote.
try() {
  echo "== $*"
  "$ULPLAB" "$@" 2>&1 || echo "exit status $?"
  for file in q.npy s.npy d.npy; do
    [ ! -e $file ] || show $file
    rm -f $file
  done
}
q='quantize --out q.npy'

floats() {
  try $q --in x.npy --to e4m3
  try $q --in x.npy --to e4m3 --overflow nan
  try $q --in x.npy --to e5m2 --overflow inf
  try $q --in x.npy --to e2m1
  try $q --in x.npy --to f16 --round ru
  try $q --in x.npy --to tf32 --round rtz
  try $q --in x.npy --to f64 --dequant d.npy
  try $q --in x.npy --to e2m1 --profile ml_dtypes
  try $q --in x.npy --to e4m3 --profile cuda --dequant d.npy
}
prints quantize-floats.txt floats

scales() {
  try $q --in y.npy --to int4 --dequant d.npy --scales s.npy
  try $q --in y.npy --to int8 --scale-rule amax --dequant d.npy --scales s.npy
  try $q --in y.npy --to e2m1 --scale-rule floor --scales s.npy
  try $q --in y.npy --to e2m1 --scale-rule ceil --scales s.npy
  try $q --in y.npy --to int4 --scale-rule fixed:0.5 --scales s.npy
  try $q --in y.npy --to int4 --scale-rule fixed:0.1 --scales s.npy
  try $q --in y.npy --to int4 --scale-rule percentile:50 --scales s.npy
  try $q --in y.npy --to int4 --packed
  try $q --in y.npy --to e2m3 --packed
  try $q --in y.npy --to uint4
}
prints quantize-scales.txt scales

# Any order, endianness and type of the same numbers gives the same codes.
npy c.npy '<f8' '(2, 3)' \
  00 00 00 00 00 00 f0 3f  00 00 00 00 00 00 00 40 \
  00 00 00 00 00 00 08 40  00 00 00 00 00 00 10 40 \
  00 00 00 00 00 00 14 40  00 00 00 00 00 00 18 40
{ header '>i2' True '(2, 3)' && bytes 00 01 00 04 00 02 00 05 00 03 00 06; } \
  >f.npy
npy h.npy '<f2' '(2, 3)' 00 3c 00 40 00 42 00 44 00 45 00 46
npy i.npy '|i1' '(2, 3)' 01 02 03 04 05 06
for file in f h i; do
  exits 0 "$ULPLAB" quantize --to e4m3 --in c.npy --out q1.npy
  exits 0 "$ULPLAB" quantize --to e4m3 --in $file.npy --out q2.npy
  cmp q1.npy q2.npy || fault "$file.npy: other codes than c.npy"
done

others() {
  npy e.npy '<f4' '(0, 3)'
  try $q --in e.npy --to e4m3 --scale-rule amax --scales s.npy --dequant d.npy
  npy e.npy '<f4' '()' 00 00 80 3f
  try $q --in e.npy --to bf16
  echo "== the same file in and out"
  npy e.npy '<f4' '(1,)' 00 00 80 3f
  "$ULPLAB" quantize --to e4m3 --in e.npy --out e.npy && show e.npy
}
prints quantize-others.txt others

# Stochastic rounding: the seed decides, nothing else.
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
  bytes 9a 99 99 3f
done >tenths
{ header '<f4' False '(16,)' && cat tenths; } >r.npy
sr="quantize --to e2m1 --in r.npy --round sr"
exits 0 "$ULPLAB" $sr --out a.npy --seed 7
exits 0 "$ULPLAB" $sr --out b.npy --seed 7
exits 0 "$ULPLAB" $sr --out c.npy --seed 8
cmp a.npy b.npy || fault "sr: the same seed, other codes"
cmp -s a.npy c.npy && fault "sr: other seeds, the same codes"
sr_codes() {
  show a.npy
  "$ULPLAB" $sr --out d.npy --seed 7 --stream 3 --sr-bits 3 --sr-variant c &&
    show d.npy
}
prints quantize-sr.txt sr_codes

# All codes there and back.
all_codes() { # DESCR COUNT BYTES-A-CODE
  header "$1" False "($2,)"
  i=0
  while [ $i -lt "$2" ]; do
    [ "$3" = 1 ] && bytes "$(printf %x $i)"
    [ "$3" = 2 ] && bytes "$(printf %x $((i % 256)))" "$(printf %x $((i / 256)))"
    i=$((i + 1))
  done
}
there_and_back() { # FORMAT DESCR COUNT
  all_codes "$2" "$3" 1 >codes.npy
  exits 0 "$ULPLAB" dequantize --from "$1" --in codes.npy --out v.npy
  exits 0 "$ULPLAB" quantize --to "$1" --in v.npy --out back.npy
  exits 0 "$ULPLAB" compare codes.npy back.npy --type "$1"
}
there_and_back e2m1 '|u1' 16
there_and_back e2m3 '|u1' 64
there_and_back int8 '|i1' 256
there_and_back uint4 '|u1' 16
there_and_back nf4 '|u1' 16
there_and_back e8m0 '|u1' 255
there_and_back e4m3 '|u1' 127

# Packed: the same values by another way.
all_codes '|u1' 16 1 >codes.npy
exits 0 "$ULPLAB" dequantize --from e2m1 --in codes.npy --out v.npy
exits 0 "$ULPLAB" quantize --to e2m1 --in v.npy --out p.npy --packed
exits 0 "$ULPLAB" dequantize --from e2m1 --in p.npy --out w.npy --packed
cmp v.npy w.npy || fault "e2m1: packed values differ"

dequantized() {
  npy t.npy '<f4' '(2,)' 00 20 80 3f 00 00 80 ff
  npy k.npy '<f4' '(1,)' 00 00 00 3f
  npy n.npy '|u1' '(2,)' ff 00
  npy m.npy '|i1' '(3,)' f8 07 ff
  for line in '--from tf32 --in t.npy' '--from f16 --in h.npy' \
    '--from e4m3 --in n.npy --scales k.npy' '--from int4 --in m.npy' \
    '--from e8m0 --in n.npy --scales k.npy' '--from f64 --in c64.npy'; do
    [ "${line#*c64}" = "$line" ] || npy c64.npy '<f8' '(1,)' \
      01 00 00 00 00 00 f0 7f
    echo "== dequantize $line"
    "$ULPLAB" dequantize $line --out d.npy && show d.npy
  done
  # A .safetensors file of one tensor, whose dtype names the format.
  head='{"w":{"dtype":"F4","shape":[2,2],"data_offsets":[0,2]}}'
  { bytes "$(printf %x ${#head})" 00 00 00 00 00 00 00 &&
    printf %s "$head" && bytes 21 f7; } >w.safetensors
  echo "== dequantize --from e2m1 --in w.safetensors"
  "$ULPLAB" dequantize --from e2m1 --in w.safetensors --out d.npy &&
    show d.npy
}
prints dequantize.txt dequantized
finish
