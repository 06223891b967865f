#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# blockwise.sh: compiles blockwise.cu, lists what its kernels became in machine
# code, and writes its capture.
#
# usage: blockwise.sh build | capture
#   build    compile into $BUILD, and list the opcodes
#   capture  that, then $OUT/blockwise.gemm and $OUT/blockwise.opcodes.txt
# Environment: OUT (.), BUILD (a folder in TMPDIR that stays), NVCC, CUOBJDUMP.
set -eu

src=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-.}
BUILD=${BUILD:-${TMPDIR:-/tmp}/ulplab-gpu-blockwise}

fail() {
  echo "blockwise.sh: $*" >&2
  exit 1
}

NVCC=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
[ -x "$NVCC" ] || fail "no nvcc: set NVCC"
PATH=$PATH:$(dirname "$NVCC")
# Triton's package carries one where the toolkit has none.
CUOBJDUMP=${CUOBJDUMP:-$(command -v cuobjdump || python3 -c '
import os, triton
print(os.path.join(os.path.dirname(triton.__file__),
                   "backends/nvidia/bin/cuobjdump"))' 2>/dev/null || :)}
[ -x "$CUOBJDUMP" ] || fail "no cuobjdump: set CUOBJDUMP"

build() {
  mkdir -p "$BUILD"
  "$NVCC" -std=c++17 -O2 -gencode=arch=compute_90a,code=sm_90a \
    -I"$src/../../experiments" -o "$BUILD/blockwise" "$src/blockwise.cu" || fail "compilation failed"
  "$CUOBJDUMP" --dump-sass "$BUILD/blockwise" | awk -f "$src/opcodes.awk" |
    sort >"$BUILD/opcodes"
  [ -s "$BUILD/opcodes" ] || fail "no opcodes"
}

capture() {
  driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader |
    head -1)
  cuda=$("$NVCC" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
  ptxas=$(ptxas --version | sed -n 's/.*, V\([0-9.]*\).*/\1/p')
  mkdir -p "$OUT"
  cp "$BUILD/opcodes" "$OUT/blockwise.opcodes.txt"
  "$BUILD/blockwise" "$OUT/blockwise.gemm" --note "driver $driver" \
    --note "cuda $cuda" --note "ptxas $ptxas" \
    --note "date $(date -u +%Y-%m-%d)"
}

case ${1:-} in
build) build && cat "$BUILD/opcodes" ;;
capture) build && capture ;;
*)
  echo "usage: blockwise.sh build | capture" >&2
  exit 2
  ;;
esac
