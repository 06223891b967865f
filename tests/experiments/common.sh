# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the tests of experiments share; sourced, from the build folder.
BIN=$PWD/experiments
. "${srcdir:-.}/tests/cli/common.sh"

# NAME ARGUMENT...: the same bytes on 1 and 2 threads and as three shards; the
# whole is left in one.csv.
same_bytes() {
  name=$1
  shift
  "$BIN/$name" "$@" --threads 1 >one.csv || fault "$name: a run"
  "$BIN/$name" "$@" --threads 2 | cmp one.csv - || fault "$name: threads"
  head -n 1 one.csv >whole
  for i in 1 2 3; do
    "$BIN/$name" "$@" --shard $i/3 >shard.csv || fault "$name: shard $i"
    tail -n +2 shard.csv
  done | sort -t , -k 1n >>whole
  cmp one.csv whole || fault "$name: shards"
}

# The same of what a seed decides.
same_bytes_seeded() {
  same_bytes "$@"
  shift
  "$BIN/$name" "$@" --seed 7 | cmp -s one.csv - &&
    fault "$name: the seed changes nothing"
}
