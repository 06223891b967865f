#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab write` and `ulplab show`: numbers to arrays and back.
. "${srcdir:-.}/tests/cli/common.sh"

# The bytes that `write` gives are those of the array written by hand.
exits 0 "$ULPLAB" write --out w.npy --shape 2x2 -- 1 -2 0x1p-149 inf
npy f.npy '<f4' '(2, 2)' 00 00 80 3f 00 00 00 c0 01 00 00 00 00 00 80 7f
cmp w.npy f.npy || fault "write: not the same f32"
exits 0 "$ULPLAB" write --out w.npy --type e4m3 -- 448 1000 0.3 -0 nan 1@2
npy q.npy '|u1' '(7,)' 7e 7e 2a 80 7f 38 38
cmp w.npy q.npy || fault "write: not the same e4m3"
exits 0 "$ULPLAB" write --out w.npy --type bf16 --round rtz -- 1.999 -1.999
npy q.npy '<u2' '(2,)' ff 3f ff bf
cmp w.npy q.npy || fault "write: not the same bf16"
exits 0 "$ULPLAB" write --out w.npy --type int4 --shape 1x3x1 -- 7 -8 99
npy q.npy '|i1' '(1, 3, 1)' 07 f8 07
cmp w.npy q.npy || fault "write: not the same int4"
exits 0 "$ULPLAB" write --out w.npy --shape 0x4 0@0

# What `show` prints reads back as the same array.
npy x.npy '<f4' '(6,)' cd cc cc 3d 00 00 00 80 ff ff 7f 7f 01 00 00 00 \
  00 00 80 ff 00 00 c0 7f
values=$("$ULPLAB" show x.npy | tail -n +2 | cut -d, -f3)
# shellcheck disable=SC2086
exits 0 "$ULPLAB" write --out y.npy -- $values
cmp x.npy y.npy || fault "show: does not read back"
exits 0 "$ULPLAB" show x.npy --output json

# Codes by the file's own name, by --type, packed; the index of each.
[ "$("$ULPLAB" show f.npy | cut -d, -f1 | tr '\n' ' ')" = \
  "index 0;0 0;1 1;0 1;1 " ] || fault "show: another index"
npy p.npy '|u1' '(1, 2)' 21 0f
[ "$("$ULPLAB" show p.npy --type e2m1 --packed | tr '\n' ' ')" = \
  "index,code,value,hex 0;0,0x1,0.5,0x1p-1 0;1,0x2,1,0x1p+0 \
0;2,0xF,-6,-0x1.8p+2 0;3,0x0,0,0x0p+0 " ] || fault "show: other packed codes"
[ "$("$ULPLAB" show p.npy --type e2m1 --packed --count 3 | wc -l)" = 4 ] ||
  fault "show: --count 3 shows others"
finish
