#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Matrix products of cuBLASLt and Triton on an H200, each in the order that
# gemm.orders names.  ULPLAB_GEMM_MOST outputs of each, at most; "all"
# computes every output, which takes minutes, and compares the digests too.
srcdir=${srcdir:-.}
vectors=$srcdir/tests/vectors/h200
most=${ULPLAB_GEMM_MOST:-200}

command -v xz >/dev/null || {
  echo "xz is missing; the vectors are compressed with it" >&2
  exit 77
}
case $most in
  all) set -- --whole ;;
  *) set -- --most "$most" ;;
esac
xz -dc "$vectors/gemm.captured.xz" |
  tests/gpu/replay_gemm "$@" "$vectors/gemm.orders"
