#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ulplab calibrate, and quantize with the scales that it wrote: bytes of small
# arrays worked out by hand, the history of delayed scaling, what is refused.
. "${srcdir:-.}/tests/cli/common.sh"

# FILE WANTED-SHAPE WANTED-BYTES: of f4.
is() {
  tail -c +129 "$1" | od -An -v -tx1 | sed 's/^ *//' >../shown
  [ "$(cat ../shown)" = "$3" ] || fault "$1: $(cat ../shown), not $3"
  head -c 128 "$1" | grep -q "'shape': $2, }" || fault "$1: not of shape $2"
}
one='00 00 80 3f' two='00 00 00 40' minus='00 00 80 bf' zero='00 00 00 00'
x127='00 00 fe 42' x254='00 00 7e 43' x448='00 00 e0 43' x7='00 00 e0 40'
inf='00 00 80 7f'

# shellcheck disable=SC2086
{
  npy a.npy '<f4' '(2, 2)' $x127 $one $minus $zero
  npy b.npy '<f4' '(1, 2)' $zero $x254
  npy c.npy '<f4' '(1, 2)' $zero $x448
  npy d.npy '<f4' '(1, 2)' $x7 $minus
  npy z.npy '<f4' '(1, 2)' $zero $zero
  npy i.npy '<f4' '(1, 2)' $inf $zero
  npy v.npy '<f4' '(2,)' $one $two
}

# 254 / 127, whichever way the batches are named; 127 / 127 and 254 / 127.
exits 0 "$ULPLAB" calibrate --to int8 --scales s.npy a.npy b.npy
is s.npy '()' "$two"
exits 0 "$ULPLAB" calibrate --to int8 --in a.npy --in=b.npy --scales s2.npy
cmp s.npy s2.npy || fault "--in and operands"
exits 0 "$ULPLAB" calibrate --to int8 --granularity channel --axis -1 \
  --scales s.npy a.npy b.npy
is s.npy '(2,)' "$one $two"
# 127 / 1 and 254 / 2; -1 / 1 and 0.
exits 0 "$ULPLAB" quantize --to int8 --granularity channel --axis 1 \
  --in a.npy --out q.npy --use-scales s.npy --scales s2.npy --dequant y.npy
is q.npy '(2, 2)' "7f 00 ff 00"
cmp s.npy s2.npy || fault "the scales given are not the scales used"
exits 0 "$ULPLAB" quantize --to int8 --granularity channel --axis 1 \
  --in b.npy --out q.npy --use-scales s.npy
is q.npy '(1, 2)' "00 7f"
rm -f q.npy s.npy s2.npy y.npy

# Halfway from 127 to 254: 190.5 / 127 = 1.5.
exits 0 "$ULPLAB" calibrate --to int8 --observer average:.5 --scales s.npy \
  --granularity tensor a.npy b.npy
is s.npy '()' "00 00 c0 3f"

# From -1 to 254: a step of 1, -128 is -1 and 127 is 254.
affine='--to int8-affine@pytorch'
# shellcheck disable=SC2086
{
  exits 0 "$ULPLAB" calibrate $affine --scales s.npy --zero-points zero.npy \
    a.npy b.npy
  is s.npy '()' "$one"
  is zero.npy '()' "81 ff ff ff"
  exits 0 "$ULPLAB" quantize $affine --in b.npy --out q.npy \
    --use-scales s.npy --use-zero-points zero.npy --dequant y.npy
  is q.npy '(1, 2)' "81 7f"
  cmp y.npy b.npy || fault "values of given scales and zero points"
}

# G is 2688 / 448 = 6, of batches of any shape; a 7 gets the scale 7 / 6 * 6.
exits 0 "$ULPLAB" calibrate --to nvfp4 --global-scale g.npy a.npy c.npy v.npy
is g.npy '()' "00 00 c0 40"
exits 0 "$ULPLAB" quantize --to nvfp4 --in d.npy --out q.npy --scales s.npy \
  --use-global-scale g.npy
is s.npy '(1, 1)' 4e
is q.npy '(1, 2)' "07 0a"
exits 0 "$ULPLAB" calibrate --to nvfp4 --scales s.npy --global-scale g.npy \
  c.npy d.npy
is s.npy '(1, 1)' 7e
exits 0 "$ULPLAB" quantize --to nvfp4 --in d.npy --out q.npy \
  --use-scales s.npy --use-global-scale g.npy
is q.npy '(1, 2)' "00 08"
rm -f s.npy q.npy

# The sequence of scales: the last two amaxes; 0 and Inf set none.
exits 0 "$ULPLAB" calibrate --to fp8-delayed@te --observer delayed:2 \
  --scales s.npy --history h.csv d.npy c.npy z.npy i.npy d.npy d.npy
is s.npy '()' "00 00 80 42"
prints delayed.csv cat h.csv
# x 64 to E4M3: 448 and -64; the value of a code is 1 / 64 of it.
exits 0 "$ULPLAB" quantize --to fp8-delayed@te --in d.npy --out q.npy \
  --use-scales s.npy --dequant y.npy
is q.npy '(1, 2)' "7e e8"
cmp y.npy d.npy || fault "values of delayed scaling"
exits 0 "$ULPLAB" calibrate --to mxfp8@te --granularity tensor --history h.csv \
  --observer minmax z.npy d.npy
prints minmax.csv cat h.csv
rm -f s.npy h.csv q.npy y.npy

in='--in a.npy --out o.npy --dequant p.npy'
out='--scales o.npy --history p.csv'
# shellcheck disable=SC2086
{
  { header '<f4' False '(33,)' && head -c 132 /dev/zero; } >w.npy
  npy s0.npy '<f4' '()' $zero
  npy s1.npy '<f4' '()' $one
  npy s2.npy '<f4' '(3,)' $one $one $one
  npy s8.npy '|u1' '()' 7f
  refused calibrate
  refused calibrate --to int8 a.npy
  refused calibrate --to int8 $out
  refused calibrate --to int88 $out a.npy
  refused calibrate --to int8 $out --observer minmaxx a.npy
  refused calibrate --to int8 $out --observer percentile a.npy
  refused calibrate --to int8 $out --observer delayed:0 a.npy
  refused calibrate --to int8 $out --zero-points z1.npy a.npy
  refused calibrate --to int8 $out --global-scale g1.npy a.npy
  refused calibrate --to int8 $out --scale-rule mse a.npy
  refused calibrate --to nvfp4@fouroversix $out a.npy
  refused calibrate --to nvfp4 $out --observer delayed a.npy
  refused calibrate --to int8-affine@pytorch $out --observer mse a.npy
  refused calibrate --to fp8-block@deepseek $out --observer delayed:1:max:1 \
    a.npy
  refused calibrate --to int8 --granularity token $out a.npy b.npy
  refused calibrate --to int8 --granularity channel --axis 1 $out a.npy v.npy
  refused calibrate --to mxfp8@torchao $out w.npy
  refused calibrate --to int8 --strict $out a.npy i.npy
  refused calibrate --to int8 $out a.npy absent.npy
  refused calibrate --to int8 --scales o.npy --history o.npy a.npy
  refused quantize --to int8 $in --use-scales absent.npy
  refused quantize --to int8 $in --use-scales s2.npy
  refused quantize --to int8 $in --use-scales s8.npy
  refused quantize --to int8 $in --use-scales s0.npy
  refused quantize --to int8 $in --use-scales s1.npy --use-zero-points zero.npy
  refused quantize --to int8 $in --use-global-scale s1.npy
  refused quantize $affine $in --use-scales s1.npy
  refused quantize $affine $in --use-zero-points zero.npy
  refused quantize $affine $in --use-scales s1.npy --use-zero-points s1.npy
  refused quantize --to nvfp4 --granularity tensor $in --use-scales s8.npy
  refused quantize --to nvfp4 $in --use-global-scale s2.npy
  refused quantize --to nf4-double@bitsandbytes $in --use-scales s2.npy
}
prints refused-calibrate.txt cat ../refused

finish
