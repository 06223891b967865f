#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# An H200's FP8 GEMMs with block scales, each kernel against each order:
# tests/gpu/blockwise.cu, each spelling of the promotion, and DeepGEMM's own.
# One case in ULPLAB_BLOCKWISE_EVERY; 1 takes them all.
srcdir=${srcdir:-.}

command -v xz >/dev/null || {
  echo "xz is missing; the vectors are compressed with it" >&2
  exit 77
}
status=0

replay() { # CAPTURE EVERY
  xz -dc "$srcdir/tests/vectors/h200/$1.gemm.xz" |
    tests/gpu/replay_blockwise --every "${ULPLAB_BLOCKWISE_EVERY:-$2}" || {
    echo "$1: not its orders" >&2
    status=1
  }
}
replay blockwise 7
replay deepgemm 17
exit $status
