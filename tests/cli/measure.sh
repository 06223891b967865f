#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab measure` on an array and on a checkpoint of three tensors.
. "${srcdir:-.}/tests/cli/common.sh"

# 1 -2 0.1 3 100 NaN Inf 0
npy x.npy '<f4' '(2, 4)' \
  00 00 80 3f  00 00 00 c0  cd cc cc 3d  00 00 40 40 \
  00 00 c8 42  00 00 c0 7f  00 00 80 7f  00 00 00 00
# A .safetensors file: the length of its header, the header, the data.
head='{"w,1":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]},'
head=$head'"ids":{"dtype":"I64","shape":[1],"data_offsets":[6,14]},'
head=$head'"e":{"dtype":"F32","shape":[0,2],"data_offsets":[14,14]}}'
{
  bytes "$(printf %x ${#head})" 00 00 00 00 00 00 00
  printf %s "$head"
  bytes 80 3f 00 40 20 c1 01 00 00 00 00 00 00 00
} >m.safetensors

prints measure.csv "$ULPLAB" measure x.npy --format e2m1,int4 \
  --scale-rule amax,fixed:1,percentile:50
prints measure.json "$ULPLAB" measure x.npy --format e4m3 --scale-rule none \
  --output json
noted() { "$ULPLAB" measure m.safetensors x.npy --format int8 2>&1; }
prints measure-checkpoint.txt noted

# Quantizers, worked out by hand.  Blocks of a row: the first has the scale
# 0.5 and loses the 0.1; the second 16, and 100 becomes 96, which is no
# clipping since 112 rounds to it.  With the scale 1, 100 becomes 6: clipped.
# Rows of formats stand where the list has them.
prints measure-blocks.csv "$ULPLAB" measure x.npy --scale-rule fixed:1 \
  --format e2m1/g=group:4/rule=floor/scale=e8m0,int4,e2m1/g=token/raw=1,mxfp8@torchao,e4m3:nan=negzero,noinf
# A vector has no tiles, and none of three has whole blocks of 32.
notes() { "$ULPLAB" measure m.safetensors --format "$1" 2>&1; }
prints measure-notes.txt notes int8/g=tile:1x2,mxfp8@torchao,nvfp4
# ggml's blocks.  Of 1 and -1/8 q4_0 keeps all, since its scale is 1 / -8, and
# mxfp4, since its scale is 1/4; q8_0's is a rounded 1/127.
npy q.npy '<f4' '(1, 32)' $(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
  echo 00 00 80 3f 00 00 00 be; done)
prints measure-packed.csv "$ULPLAB" measure q.npy x.npy \
  --format q4_0,mxfp4@ggml,q8_0,q4_k
refused measure q.npy --format q4_k --strict
# Commas in a formula; a list that is one.
exits 0 "$ULPLAB" measure x.npy --format 'int4/raw=max(a, 1)' --out o.csv
exits 0 "$ULPLAB" measure x.npy --format 'int4/raw=min(a,1),int8' --out o.csv
[ "$(wc -l <o.csv)" = 4 ] || fault "measure: not a quantizer and a format"
rm o.csv
refused measure x.npy --format mxfp8@torchao --strict
refused measure m.safetensors --format int8/g=tile:1x2 --strict
refused measure x.npy --format mxfp8 --round sr
refused measure x.npy --format int4/raw=max
refused measure x.npy --format nvfp4@foo,e4m3
prints measure-refused.txt cat ../refused
# More than one part, and blocks that no thread has alone.
header '<f4' False '(3000, 2000)' >big.npy
seq 1000000 4500000 | head -c 24000000 >>big.npy
for threads in 1 3; do
  exits 0 "$ULPLAB" measure big.npy --threads $threads --out b$threads.csv \
    --format nvfp4@te,int4/g=tile:128x128,int8/g=channel/axis=1/rule=minmax,q1_0,nvfp4@ggml
  cmp b1.csv b$threads.csv || fault "measure: $threads threads, other sums"
done
rm big.npy b1.csv b3.csv

# The same bytes whatever the threads, and in a file.
for threads in 1 2 5; do
  exits 0 "$ULPLAB" measure x.npy --round sr --seed 3 --threads $threads \
    --out t$threads.csv
  cmp t1.csv t$threads.csv || fault "measure: $threads threads, other bytes"
done
[ "$(wc -l <t1.csv)" = 15 ] || fault "measure: not 7 formats and 2 rules"
finish
