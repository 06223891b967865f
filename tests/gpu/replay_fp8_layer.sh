#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The matrix products of a layer of the reference model as torch._scaled_mm
# computed them on an H100, replayed: digests.tsv has the SHA-256 of each.
ulplab=${ULPLAB:-./ulplab}
srcdir=${srcdir:-.}
vectors=$srcdir/tests/vectors/model/fp8

for tool in xz sha256sum; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing" >&2
    exit 77
  }
done
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
layer=$folder/layer.safetensors
xz -dc "$vectors/layer.safetensors.xz" >"$layer" || exit 99

products=0
failures=0
tab=$(printf '\t')
while IFS=$tab read -r name m n k type accumulation digest repeats kernel; do
  [ "$name" != projection ] || continue
  case $type in
    float32) set -- --out-type f32; bytes=4 ;;
    bfloat16) set -- --out-type bf16; bytes=2 ;;
    *) echo "digests.tsv: $type: expected float32 or bfloat16" >&2; exit 99 ;;
  esac
  [ "$accumulation" != fast ] || set -- "$@" --fast-accum
  "$ulplab" gemm --gpu h100 --kernel cublaslt-fp8 \
    --type-a e4m3 --type-b e4m3 \
    --a "$layer:$name.a" --scale-a "$layer:$name.scale_a" \
    --b "$layer:$name.b" --scale-b "$layer:$name.scale_b" \
    "$@" --out "$folder/d.npy" || exit 1
  # The array is the end of the file.
  got=$(tail -c $((m * n * bytes)) "$folder/d.npy" | sha256sum)
  products=$((products + 1))
  [ "${got%% *}" = "$digest" ] || {
    failures=$((failures + 1))
    echo "$name ($m x $n x $k, $type, $accumulation; $kernel," \
      "repeats: $repeats): other bits"
  }
done <"$vectors/digests.tsv"
echo "$products products, $failures with other bits"
[ "$products" -eq 28 ] && [ "$failures" -eq 0 ]
