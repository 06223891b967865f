#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab quantize` and `dequantize` on whole .safetensors files: bytes worked
# out by hand, the way back, and what is refused.
. "${srcdir:-.}/tests/cli/common.sh"

# FILE HEADER BYTE...: a .safetensors file.
st() {
  file=$1 head=$2
  shift 2
  { bytes "$(printf %x $((${#head} % 256)))" "$(printf %x $((${#head} / 256)))" \
    00 00 00 00 00 00 && printf %s "$head" && bytes "$@"; } >"$file"
}

# Its header and its data.
show_st() {
  # shellcheck disable=SC2046
  set -- "$1" $(od -An -tu1 -N2 "$1")
  tail -c +9 "$1" | head -c $(($2 + 256 * $3))
  echo
  tail -c +$((9 + $2 + 256 * $3)) "$1" | od -An -v -tx1 | sed 's/^ *//'
}

# FILE WANTED: the header without its padding, and the data.
holds() {
  show_st "$1" | sed 's/ *$//' >../shown
  printf '%s\n' "$2" | diff - ../shown || fault "$1: not what was expected"
}

# w: 1 -2 0.1 3; 100 0 32 -100.  v: four values of one dimension.
w='"w":{"dtype":"F32","shape":[2,4],"data_offsets":[16,48]}'
head='{"__metadata__":{"format":"pt"},'
head=$head'"ids":{"dtype":"I64","shape":[1,2],"data_offsets":[0,16]},'$w
head=$head',"v":{"dtype":"BF16","shape":[4],"data_offsets":[48,56]}}'
st m.safetensors "$head" 01 00 00 00 00 00 00 00  02 00 00 00 00 00 00 80 \
  00 00 80 3f  00 00 00 c0  cd cc cc 3d  00 00 40 40 \
  00 00 c8 42  00 00 00 00  00 00 00 42  00 00 c8 c2 \
  80 3f 00 40 40 40 80 40

# Scales 0.5 and 16: 2 -4 0.2 6, whose 0.2 becomes 0, and 6.25 0 2 -6.25.
mx=e2m1/g=group:4/rule=floor/scale=e8m0
exits 0 "$ULPLAB" quantize --to $mx --in m.safetensors --out q.safetensors \
  --dequant y.safetensors --report r.csv
holds q.safetensors '{"__metadata__":{"format":"pt","ulplab.quantizer.w":"'$mx'"},"ids":{"dtype":"I64","shape":[1,2],"data_offsets":[0,16]},"v":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]},"w.scale":{"dtype":"F8_E8M0","shape":[2,1],"data_offsets":[24,26]},"w":{"dtype":"F4","shape":[2,4],"data_offsets":[26,30]}}
01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 80
80 3f 00 40 40 40 80 40 7e 83 e4 70 07 f4'
holds y.safetensors '{"__metadata__":{"format":"pt"},"ids":{"dtype":"I64","shape":[1,2],"data_offsets":[0,16]},"w":{"dtype":"F32","shape":[2,4],"data_offsets":[16,48]},"v":{"dtype":"BF16","shape":[4],"data_offsets":[48,56]}}
01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 80
00 00 80 3f 00 00 00 c0 00 00 00 00 00 00 40 40
00 00 c0 42 00 00 00 00 00 00 00 42 00 00 c0 c2
80 3f 00 40 40 40 80 40'
prints checkpoint-report.csv cat r.csv

# OPTION...: m.safetensors to q and y; back from q it is y, by its metadata
# and, where there are scales, by the text; whatever the threads.
both() {
  exits 0 "$ULPLAB" quantize --in m.safetensors --out q.safetensors \
    --dequant y.safetensors --report r.csv --threads 1 "$@"
  exits 0 "$ULPLAB" quantize --in m.safetensors --out p.safetensors \
    --report s.csv --threads 3 "$@"
  cmp q.safetensors p.safetensors || fault "$*: other bytes"
  cmp r.csv s.csv || fault "$*: another report"
  exits 0 "$ULPLAB" dequantize --from-metadata --in q.safetensors \
    --out p.safetensors
  cmp y.safetensors p.safetensors || fault "$*: not back"
}

# Names that show in the header of q.
named() {
  show_st q.safetensors | head -n 1 >../shown
  for text; do
    grep -qF "$text" ../shown || fault "no $text in $(cat ../shown)"
  done
}

both --to nvfp4@te --only '*'
named '"v":{"dtype":"F4"' '"v.scale":{"dtype":"F8_E4M3","shape":[1]' \
  '"w.global_scale":{"dtype":"F32","shape":[]' '"ids":{"dtype":"I64"'
cp r.csv nvfp4.csv
both --to nvfp4 --profile te --only 'v' --only '[w]' --except 'w'
named '"v":{"dtype":"F4"' '"w":{"dtype":"F32"' '"ulplab.quantizer.v":"nvfp4@te"'
both --to int8 --granularity channel --axis 1 --scale-rule minmax \
  --scale-format f16
named '"w":{"dtype":"I8"' '"w.zero_point":{"dtype":"I32","shape":[4]' \
  '"w.scale":{"dtype":"F16","shape":[4]' \
  '"int8/g=channel/axis=1/scale=f16/rule=minmax"'
prints checkpoint-bytes.csv cut -d, -f1,11- nvfp4.csv r.csv
rm nvfp4.csv
both --to int4 --granularity tile:1x2 --packed --only 'w'
named '"w":{"dtype":"U8","shape":[2,2]' '"ulplab.packed.w":"yes"'
exits 0 "$ULPLAB" dequantize --from int4/g=tile:1x2 --packed \
  --in q.safetensors --out p.safetensors
cmp y.safetensors p.safetensors || fault "packed: not back by its name"
both --to int4 --only 'w'
named '"w":{"dtype":"I8","shape":[2,4]' '"w.scale":{"dtype":"F32","shape":[]'
both --to nf4@bitsandbytes
named '"w":{"dtype":"U8","shape":[2,4]' '"w.scale":{"dtype":"F32","shape":[1]'
both --to int8/g=group:2/nested=e4m3,g=block:2/offset=mean
named '"w":{"dtype":"I8","shape":[2,4]' \
  '"w.scale":{"dtype":"F8_E4M3","shape":[2,2]' \
  '"w.nested_scale":{"dtype":"F32","shape":[2]' \
  '"w.scale_offset":{"dtype":"F32","shape":[]'
# 8 codes, 4 scales, 2 scales of them and a mean in float32.
grep -q '^w,.*,24$' r.csv || fault "nested scales: $(grep ^w r.csv)"
both --to int4/nested=e2m1,g=block:3/g=group:1
named '"w.scale":{"dtype":"F4","shape":[2,4]'
both --to e4m3 --round sr --seed 3 --overflow nan
named '"w":{"dtype":"F8_E4M3"' '"e4m3/round=sr/overflow=nan"'
both --to bf16 --scale-rule none
named '"w":{"dtype":"BF16"' '"bf16/raw="'
grep -q scale ../shown && fault "a scale without a rule for one"

# Codes of 4 bits that end within a byte are a byte each; rows of 3 that do
# not, but whose parts do: 0.5 1 1.5 2 3 4.
head='{"a":{"dtype":"F32","shape":[3,1],"data_offsets":[0,12]},'
head=$head'"b":{"dtype":"F32","shape":[2,3],"data_offsets":[12,36]}}'
st m.safetensors "$head" 00 00 00 3f  00 00 80 3f  00 00 c0 3f \
  00 00 00 3f  00 00 80 3f  00 00 c0 3f  00 00 00 40  00 00 40 40  00 00 80 40
both --to e2m1 --scale-rule amax:4
holds q.safetensors '{"__metadata__":{"ulplab.quantizer.a":"e2m1/rule=amax:4","ulplab.quantizer.b":"e2m1/rule=amax:4"},"a.scale":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b.scale":{"dtype":"F32","shape":[],"data_offsets":[4,8]},"a":{"dtype":"U8","shape":[3,1],"data_offsets":[8,11]},"b":{"dtype":"F4","shape":[2,3],"data_offsets":[11,14]}}
00 00 c0 3e 00 00 80 3f 03 05 06 21 43 65'

# Empty tensors.
head='{"e":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}'
st m.safetensors "$head"
both --to mxfp8
both --to nvfp4@te
both --to int8 --granularity channel --scale-rule minmax
rm -f ./*.safetensors ./*.csv

# Refused.
head='{"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},'
head=$head'"w.scale":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},'
head=$head'"v":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}'
st m.safetensors "$head" 00 00 80 3f 00 00 c0 7f 00 00 80 3f 00 00 80 3f
st i.safetensors '{"i":{"dtype":"U8","shape":[1,1],"data_offsets":[0,1]}}' 01
npy x.npy '<f4' '(1, 1)' 00 00 80 3f
q='--out q.safetensors --dequant y.safetensors --report r.csv'
refused quantize --to mxfp8 --in m.safetensors $q
refused quantize --to mxfp8 --in m.safetensors $q --only 'u*'
refused quantize --to mxfp8 --in m.safetensors $q --only 'v' --except 'x'
refused quantize --to mxfp8 --in m.safetensors $q --except 'w'
refused quantize --to mxfp8 --in i.safetensors $q
refused quantize --to mxfp8 --in x.npy $q
refused quantize --to mxfp8 --in m.safetensors --out q.npy --only 'v'
refused quantize --to mxfp8 --in x.npy --out q.npy --report r.csv
refused quantize --to mxfp9 --in m.safetensors $q
refused quantize --to mxfp8@torchao --in m.safetensors $q --only 'v'
refused quantize --to int8/g=tile:1x1 --in m.safetensors $q --only 'v'
refused quantize --to bf16 --scale-rule none --in m.safetensors $q --strict
refused quantize --to int4 --packed --in m.safetensors $q --only 'v'
refused quantize --to mxfp8 --in m.safetensors $q --only 'v' --scales s.npy
refused quantize --to mxfp8 --in m.safetensors --out q.safetensors \
  --dequant y.npy --only 'v'
refused quantize --to mxfp8 --in m.safetensors --out q.safetensors \
  --report q.safetensors --only 'v'
refused quantize --to mxfp8 --in m.safetensors --out no/q.safetensors --only v
refused quantize --to f32 --in m.safetensors $q --only 'v'
refused quantize --to int8/scale=f16/nested=e4m3 --in m.safetensors $q --only v
refused quantize --to mxfp8 --in m.safetensors $q --only 'v' --scale-offset o
refused quantize --to mxfp8 --in m.safetensors $q --only 'v' --use-scales s.npy
[ ! -c /dev/full ] || refused quantize --to mxfp8 --in m.safetensors \
  --only 'v' --out q.safetensors --report /dev/full

# META TENSORS BYTE...: a file with that metadata.
made() {
  st m.safetensors "{\"__metadata__\":{$1},$2}" 7f 3f 7f 3f 00 00 80 3f
}
out='--in m.safetensors --out y.safetensors'
codes='"w":{"dtype":"F8_E4M3","shape":[1,2],"data_offsets":[0,2]}'
scale='"w.scale":{"dtype":"F8_E8M0","shape":[1,1],"data_offsets":[2,3]}'
rest='"z":{"dtype":"U8","shape":[5],"data_offsets":[3,8]}'
made '"ulplab.quantizer.w":"mxfp8"' "$codes,$scale,$rest"
exits 0 "$ULPLAB" dequantize --from-metadata $out
rm y.safetensors
refused dequantize --from-metadata --from mxfp8 $out
refused dequantize --from-metadata --in m.safetensors --out y.npy
refused dequantize --from mxfp8 $out --scales s.npy
refused dequantize --from bf16/raw= $out
refused dequantize $out
refused dequantize --from e4m3/g=group:2/nested=e4m3 $out
refused dequantize --from mxfp4 $out
refused dequantize --from nvfp4@te $out
refused dequantize --from mxfp8/scale=f32 $out
refused dequantize --from-metadata --in i.safetensors --out y.safetensors
refused dequantize --from mxfp8 --in i.safetensors --out y.safetensors
refused dequantize --from-metadata --in x.npy --out y.safetensors
made '"ulplab.quantizer.w":"mxfp9"' "$codes,$scale,$rest"
refused dequantize --from-metadata $out
made '"ulplab.quantizer.w":"mxfp8/g=group:1"' "$codes,$scale,$rest"
refused dequantize --from-metadata $out
made '"ulplab.quantizer.w":"mxfp8","ulplab.packed.w":"yes"' \
  "$codes,$scale,$rest"
refused dequantize --from-metadata $out
made '"ulplab.quantizer.w":"mxfp8"' "$codes,$(echo "$scale" | sed s/w/x/),$rest"
refused dequantize --from-metadata $out
prints checkpoint-refused.txt cat ../refused
finish
