#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# capture.sh: builds the program that runs every matrix instruction, reads
# each kernel's opcode from its machine code, and records vectors.
#
# usage: capture.sh build | check | vectors | group NAME TEXT ARGUMENT... |
#                  live COMMAND...
#   build    compile into $BUILD, and list the opcodes
#   check    the self-check of every instruction, or those named in INSTR
#   vectors  small records of every instruction, compressed, under $OUT
#   group    one compressed file, $OUT/NAME.vec.*: the instructions with TEXT
#            in their names, and more arguments of mma (--family, --tiles)
#   live     OUTPUTS of each instruction, piped to COMMAND
# Environment: OUT (.), BUILD (a folder in TMPDIR that stays), NVCC,
# CUOBJDUMP, SEED (1), OUTPUTS (10000000), INSTR (all), FAMILY (all),
# RECORD_BYTES (9000, of `vectors`), BUILT (not empty: compiled before).
set -eu

src=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-.}
BUILD=${BUILD:-${TMPDIR:-/tmp}/ulplab-gpu-mma}
SEED=${SEED:-1}
OUTPUTS=${OUTPUTS:-10000000}
RECORD_BYTES=${RECORD_BYTES:-9000}
units="mma options device record selfcheck workers families inputs
accumulators
mma_sync mma_quad mma_f64 mma_sp wgmma wgmma_fp8 wgmma_int wgmma_sp"

fail() {
  echo "capture.sh: $*" >&2
  exit 1
}

find_tools() {
  NVCC=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
  [ -x "$NVCC" ] || fail "no nvcc: set NVCC"
  PATH=$PATH:$(dirname "$NVCC")
  # Triton's package carries one where the toolkit has none.
  CUOBJDUMP=${CUOBJDUMP:-$(command -v cuobjdump || python3 -c '
import os, triton
print(os.path.join(os.path.dirname(triton.__file__),
                   "backends/nvidia/bin/cuobjdump"))' 2>/dev/null || :)}
  [ -x "$CUOBJDUMP" ] || fail "no cuobjdump: set CUOBJDUMP"
}

build() {
  [ -n "${BUILT:-}" ] && [ -x "$BUILD/mma" ] && return
  mkdir -p "$BUILD"
  flags="-std=c++17 -O2 -gencode=arch=compute_90a,code=sm_90a"
  flags="$flags -I$src/../../experiments"
  jobs=
  for unit in $units; do
    # shellcheck disable=SC2086
    "$NVCC" $flags -c -o "$BUILD/$unit.o" "$src/$unit.cu" &
    jobs="$jobs $!"
  done
  for job in $jobs; do
    wait "$job" || fail "compilation failed"
  done
  objects=
  for unit in $units; do
    objects="$objects $BUILD/$unit.o"
  done
  # shellcheck disable=SC2086
  "$NVCC" $flags -o "$BUILD/mma" $objects
  "$CUOBJDUMP" --dump-sass "$BUILD/mma" | awk -f "$src/opcodes.awk" |
    grep -E '^w?g?mma_' | sort >"$BUILD/opcodes"
  listed=$("$BUILD/mma" --list | wc -l)
  found=$(wc -l <"$BUILD/opcodes")
  [ "$listed" -eq "$found" ] ||
    fail "$listed instructions, but opcodes of $found"
}

# The program with what every record says about this machine.
mma() {
  driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader |
    head -1)
  cuda=$("$NVCC" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
  ptxas=$(ptxas --version | sed -n 's/.*, V\([0-9.]*\).*/\1/p')
  "$BUILD/mma" --sass "$BUILD/opcodes" --note "driver $driver" \
    --note "cuda $cuda" --note "ptxas $ptxas" \
    --note "date $(date -u +%Y-%m-%d)" --seed "$SEED" --keep-going "$@"
}

compress() {
  if command -v xz >/dev/null; then
    xz -9 -T0 >"$1.xz"
  elif command -v zstd >/dev/null; then
    zstd -q -19 -T0 >"$1.zst"
  else
    gzip -9 >"$1.gz"
  fi
}

# One compressed file: name, text in the instructions' names, arguments.
group() {
  name=$1 text=$2
  shift 2
  mma --out "$BUILD/$name.vec" --instr "$text" "$@" || failed=1
  [ -e "$BUILD/$name.vec" ] || fail "no vectors of $text"
  compress "$OUT/$name.vec" <"$BUILD/$name.vec"
  rm "$BUILD/$name.vec"
}

vectors() {
  failed=0
  mkdir -p "$OUT"
  cp "$BUILD/opcodes" "$OUT/opcodes.txt"
  small="--tiles 3 --record-bytes $RECORD_BYTES"
  # shellcheck disable=SC2086
  {
    group mma mma_m $small
    group mma_sp mma_sp_ $small
    group wgmma_n8 wgmma_SS_m64n8k $small
    group wgmma_rs wgmma_RS_ $small
    group wgmma_sp wgmma_SP_ $small
  }
  # n only repeats columns: one family shows the layout.
  group wgmma_n64 m64n64k --tiles 1 --family normal
  # The floor on the exponent shows in one output of ten of this family.
  group floor_ties mma --family floor_ties --tiles 12 --record-bytes 90000
  ls -l "$OUT" >&2
  [ "$failed" -eq 0 ] || fail "some instructions were not recorded"
}

# Fails when either side of the pipe does.
live() {
  rm -f "$BUILD/failed"
  { mma --out - --outputs "$OUTPUTS" --instr "${INSTR:-mma}" \
    ${FAMILY:+--family "$FAMILY"} || touch "$BUILD/failed"; } | "$@"
  [ ! -e "$BUILD/failed" ] || fail "some instructions were not recorded"
}

verb=${1:-}
[ $# -gt 0 ] && shift
find_tools
case $verb in
build) build && cat "$BUILD/opcodes" ;;
check) build && mma --check --instr "${INSTR:-mma}" ;;
vectors) build && vectors ;;
group)
  [ $# -ge 2 ] || fail "group needs a name and a text"
  failed=0
  build
  mkdir -p "$OUT"
  group "$@"
  [ "$failed" -eq 0 ] || fail "some instructions were not recorded"
  ;;
live)
  [ $# -gt 0 ] || fail "live needs a command that reads vectors"
  build
  live "$@"
  ;;
*)
  echo "usage: capture.sh build | check | vectors |" \
    "group NAME TEXT ARGUMENT... | live COMMAND..." >&2
  exit 2
  ;;
esac
