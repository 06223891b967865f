#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab measure` and `ulplab dequantize` on a GGUF file of two tensors.
. "${srcdir:-.}/tests/cli/common.sh"

# Little-endian numbers of 4 and 8 bytes, below 256.
word() { bytes "$(printf %x "$1")" 00 00 00; }
long() { word "$1" && word 0; }
# NAME COLUMNS ROWS TYPE OFFSET, after a length and two dimensions.
info() {
  long ${#1} && printf %s "$1" && word 2
  long "$2" && long "$3" && word "$4" && long "$5"
}
fill() { # N BYTE...
  i=$1
  shift
  while [ "$i" -gt 0 ]; do bytes "$@" && i=$((i - 1)); done
}
{
  printf GGUF && word 3 && long 2 && long 0
  info w:1 32 1 2 0 # Q4_0
  info x 2 1 0 32   # F32
  fill 20 00       # 108 bytes so far: the data begin at 128
  bytes 00 40 && fill 16 f8 && fill 14 00
  bytes 00 00 c0 3f 00 00 80 ff
} >m.gguf
size=$(wc -c <m.gguf)
[ "$size" -eq 168 ] || fault "m.gguf: $size bytes"

# d = 2, codes 8 and 15: 0 and 14; then 1.5 and -Inf.
npy w.npy '<f4' '(1, 32)' \
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
  00 00 60 41 00 00 60 41 00 00 60 41 00 00 60 41 \
  00 00 60 41 00 00 60 41 00 00 60 41 00 00 60 41 \
  00 00 60 41 00 00 60 41 00 00 60 41 00 00 60 41 \
  00 00 60 41 00 00 60 41 00 00 60 41 00 00 60 41
npy x.npy '<f4' '(1, 2)' 00 00 c0 3f 00 00 80 ff
for name in w:1 x; do
  exits 0 "$ULPLAB" dequantize --in m.gguf:$name --out y.npy
  cmp y.npy "${name%:1}.npy" || fault "dequantize: other bytes of $name"
done
prints gguf.csv "$ULPLAB" measure m.gguf --format int8 --scale-rule none

head -c 160 m.gguf >cut.gguf
{ printf GGUF && word 1 && long 0 && long 0; } >old.gguf
printf GGUF >short.gguf
refused dequantize --in m.gguf --out y2.npy
refused dequantize --in m.gguf:w --out y2.npy
refused dequantize --in cut.gguf:x --out y2.npy
refused dequantize --from int4 --in m.gguf:x --out y2.npy
npy b.npy '|u1' '(1,)' 01 # of which format?
refused dequantize --in b.npy --out y2.npy
refused measure old.gguf
refused measure short.gguf
prints gguf-refused.txt cat ../refused
finish
