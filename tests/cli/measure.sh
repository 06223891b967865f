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

# The same bytes whatever the threads, and in a file.
for threads in 1 2 5; do
  exits 0 "$ULPLAB" measure x.npy --round sr --seed 3 --threads $threads \
    --out t$threads.csv
  cmp t1.csv t$threads.csv || fault "measure: $threads threads, other bytes"
done
[ "$(wc -l <t1.csv)" = 15 ] || fault "measure: not 7 formats and 2 rules"
finish
