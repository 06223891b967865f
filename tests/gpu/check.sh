#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# check.sh: everything that tests/gpu captures, run live on this machine's
# Hopper GPU and compared with the emulator at once; nothing is kept.
#
# usage: check.sh [PART]...     PART: mma cvt blockwise gemm; all without any
# Exit 0 when all of it agrees, 1 when something does not, 77 when there is
# no GPU to compare with: then nothing was compared, and a line says so.
# Environment: PROGRAMS (tests/gpu), the folder of the replay programs;
# OUTPUTS (10000000), of each matrix instruction; STRIDE (16), one block of
# STRIDE of each conversion from 32 bits; NVCC, CUOBJDUMP, PYTHON, SEED.
set -u

src=$(cd "$(dirname "$0")" && pwd)
PROGRAMS=${PROGRAMS:-tests/gpu}
STRIDE=${STRIDE:-16}
OUTPUTS=${OUTPUTS:-10000000}
PYTHON=${PYTHON:-python3}
NVCC=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
export OUTPUTS NVCC
failed=0 not_run=

skip() {
  echo "check-gpu: SKIPPED, nothing was compared: $*"
  exit 77
}

command -v nvidia-smi >/dev/null || skip "no nvidia-smi, so no NVIDIA GPU"
gpus=$(nvidia-smi -L 2>/dev/null) || skip "nvidia-smi lists no GPU"
[ -n "$gpus" ] || skip "nvidia-smi lists no GPU"
nvidia-smi --query-gpu=compute_cap --format=csv,noheader | grep -qx 9.0 ||
  skip "no GPU of compute capability 9.0 among: $(echo "$gpus" | tr '\n' ';')"
[ -x "$NVCC" ] || skip "no nvcc (set NVCC)"
for program in replay_mma replay_cvt replay_blockwise replay_gemm; do
  [ -x "$PROGRAMS/$program" ] || {
    echo "check-gpu: $PROGRAMS/$program is not built" >&2
    exit 1
  }
done

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
BUILD=$work/build
export BUILD
echo "$gpus"

fail() {
  echo "check-gpu: $1: FAILED" >&2
  failed=1
}

# The self-check of every instruction, then OUTPUTS of each.  mma counts what
# replay_mma prints: "INSTR FAMILY OUTPUTS outputs MISMATCHES mismatches".
mma() {
  sh "$src/capture.sh" check >"$work/selfcheck" ||
    { tail -5 "$work/selfcheck"; return 1; }
  BUILT=1 sh "$src/capture.sh" live "$PROGRAMS/replay_mma" >"$work/mma" ||
    status=1
  awk '
    / no record: / { print; bad = 1 }
    / mismatches / { instr[$1]; outputs += $3; wrong += $5 }
    / mismatches / && $5 { print }
    END {
      for (i in instr) n++
      printf "mma: %d instructions, %.0f outputs, %d mismatches\n", n,
        outputs, wrong
      exit bad || wrong || !outputs
    }' "$work/mma" && [ "${status:-0}" -eq 0 ]
}

cvt() {
  "$NVCC" -O2 -std=c++17 -gencode=arch=compute_90a,code=sm_90a \
    -I"$src/../../experiments" -o "$work/cvt" "$src/cvt.cu" &&
    "$work/cvt" "$work/digests" "$work/dump" &&
    "$PROGRAMS/replay_cvt" --stride "$STRIDE" "$work/dump" "$work/digests"
}

blockwise() {
  OUT=$work sh "$src/blockwise.sh" capture &&
    "$PROGRAMS/replay_blockwise" --whole <"$work/blockwise.gemm"
}

# The library picks its kernels: with another version of it, or another GPU,
# a case may take another order than the file of orders says.
gemm() {
  "$PYTHON" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null ||
    {
      echo "check-gpu: gemm: NOT RUN: no PyTorch that sees the GPU"
      not_run=gemm
      return
    }
  orders=$src/../vectors/h200/gemm.orders
  "$PYTHON" "$src/gemm.py" "$work/gemm" >"$work/gemm.log" 2>&1 ||
    { tail -5 "$work/gemm.log"; return 1; }
  "$PROGRAMS/replay_gemm" "$orders" <"$work/gemm"
}

[ $# -gt 0 ] || set -- mma cvt blockwise gemm
for part; do
  case $part in
  mma) mma || fail mma ;;
  cvt) cvt || fail cvt ;;
  blockwise) blockwise || fail blockwise ;;
  gemm) gemm || fail gemm ;;
  *)
    echo "usage: check.sh [mma | cvt | blockwise | gemm]..." >&2
    exit 2
    ;;
  esac
done
[ "$failed" -eq 0 ] &&
  echo "check-gpu: no difference in: $*${not_run:+; not run: $not_run}"
exit "$failed"
