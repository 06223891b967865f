#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What quantizers gave on an H100 (tests/vectors/README.md): the program must
# give the same codes and scales, every byte.
. "${srcdir:-.}/tests/cli/common.sh"
vectors=$here/../vectors/h100
command -v xz >/dev/null || {
  echo "xz is missing; the vectors are compressed with it" >&2
  exit 77
}
{ header '<f4' False '(512, 128)' && xz -dc "$vectors/quantizers.x.xz"; } >x.npy

# CAPTURE SPEC [BYTES-OF-SCALES]: codes, then scales, as the GPU wrote them.
replay() {
  xz -dc "$vectors/quantizers.$1.xz" >given || fault "$1: unreadable"
  exits 0 "$ULPLAB" quantize --to "$2" --in x.npy --out q.npy --scales s.npy
  case $1 in
  bnb.nf4 | bnb.fp4)
    exits 0 "$ULPLAB" pack --layout bitsandbytes --in q.npy --out p.npy
    mv p.npy q.npy
    ;;
  esac
  { tail -c +129 q.npy && tail -c +129 s.npy; } >own
  cmp given own || fault "$1: other bytes than the GPU's"
}
replay deepseek fp8-block@deepseek
replay bnb.nf4 nf4@bitsandbytes
replay bnb.fp4 bnb-fp4@bitsandbytes
replay bnb.dynamic8 dynamic8@bitsandbytes/g=block:256

# The kernel stores its powers of two as f32: the same numbers.
xz -dc "$vectors/quantizers.deepseek-ue8m0.xz" >given
exits 0 "$ULPLAB" quantize --to fp8-block@deepseek-ue8m0 --in x.npy \
  --out q.npy --scales s.npy
{ header '<f4' False '(512, 1)' && tail -c 2048 given; } >g.npy
exits 0 "$ULPLAB" quantize --to e8m0 --in g.npy --out t.npy
tail -c +129 q.npy | cmp - given 2>&1 | grep -q 'EOF on -' ||
  fault 'deepseek-ue8m0: other codes'
tail -c 512 s.npy >own && tail -c 512 t.npy | cmp - own ||
  fault 'deepseek-ue8m0: other scales'
finish
