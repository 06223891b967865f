#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the GPU captures need of the CPU: the recipes of inputs are those of
# PyTorch, and an H200's conversions (tests/vectors/h200) are those of
# formats/: every output of the dump, and of the digests one block in
# ULPLAB_CVT_STRIDE of each 32-bit source, 1 for all of them.
srcdir=${srcdir:-.}
stride=${ULPLAB_CVT_STRIDE:-4096}
vectors=$srcdir/tests/vectors/h200
failed=0

tests/gpu/check_recipes "$srcdir/tests/gpu/recipes.golden" || exit 1

command -v xz >/dev/null || {
  echo "xz is missing; the vectors are compressed with it" >&2
  exit 77
}
for file in dump digests; do
  xz -dc "$vectors/cvt.$file.xz" |
    tests/gpu/replay_cvt --stride "$stride" - || failed=1
done
exit $failed
