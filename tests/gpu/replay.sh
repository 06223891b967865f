#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the GPU captures need of the CPU: the recipes of inputs are those of
# PyTorch, and the committed conversions are those of formats/, four blocks of
# 2^20 inputs of each 32-bit source.
srcdir=${srcdir:-.}
stride=${ULPLAB_CVT_STRIDE:-1024}
captures=$srcdir/tests/gpu/captures

tests/gpu/check_recipes "$srcdir/tests/gpu/recipes.golden" || exit 1

[ -f "$captures/cvt.digests" ] || {
  echo "no capture of conversions in $captures" >&2
  exit 77
}
tests/gpu/replay_cvt --stride "$stride" "$captures/cvt.digests"
