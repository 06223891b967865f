#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# An H200's FP8 GEMMs with block scales (tests/gpu/blockwise.cu), each
# spelling of the promotion against each order.  One case in
# ULPLAB_BLOCKWISE_EVERY; 1 takes them all.
srcdir=${srcdir:-.}

command -v xz >/dev/null || {
  echo "xz is missing; the vectors are compressed with it" >&2
  exit 77
}
xz -dc "$srcdir/tests/vectors/h200/blockwise.gemm.xz" |
  tests/gpu/replay_blockwise --every "${ULPLAB_BLOCKWISE_EVERY:-7}"
