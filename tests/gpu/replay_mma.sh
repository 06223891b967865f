#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every matrix instruction that an H200 ran (tests/vectors/h200), against the
# fast path and the reference.  An instruction without a record is told, and
# fails: a capture that nothing is compared with shows nothing.
srcdir=${srcdir:-.}
vectors=$srcdir/tests/vectors/h200
failed=0

command -v xz >/dev/null || {
  echo "xz is missing; the vectors are compressed with it" >&2
  exit 77
}
for file in "$vectors"/*.vec.xz; do
  name=$(basename "$file" .vec.xz)
  xz -dc "$file" | tests/gpu/replay_mma --reference >"replay_$name.tmp" ||
    failed=1
  awk -v name="$name" '
    / no record: / { print; bad = 1 }
    / mismatches / { records++; outputs += $3; wrong += $5 }
    / mismatches / && $5 { print }
    END {
      printf "%-10s %5d records %9d outputs %6d mismatches\n", name, records,
        outputs, wrong
      exit bad || wrong || !outputs
    }' "replay_$name.tmp" || failed=1
  rm -f "replay_$name.tmp"
done
exit $failed
