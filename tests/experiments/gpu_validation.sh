#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# experiments/gpu_validation: rows are computed from the captures, so that a
# bit changed in a capture is a mismatch, and a file that is not there has no
# rows.
program=$PWD/experiments/gpu_validation
. "${srcdir:-.}/tests/cli/common.sh"
vectors=$here/../vectors/h200
command -v xz >/dev/null || {
  echo 'xz is missing; the captures are compressed with it' >&2
  exit 77
}

# All captures: no mismatch, and no instruction without a row.
"$program" --most 8 --vectors "$vectors" >all.csv 2>err || fault "$(cat err)"
[ ! -s err ] || fault "$(cat err)"
grep -c '^[0-9]' all.csv >count
[ "$(cat count)" -gt 300 ] || fault "$(cat count) rows"

# FILE: sums of outputs compared, mismatches, digests that differ.  The last
# fields of a row have no commas; those before them may.
sums() {
  awk -F , 'NR > 1 { n += $(NF - 3); wrong += $(NF - 2); bad += $NF }
            END { print n + 0, wrong + 0, bad + 0 }' "$1"
}
set -- $(sums all.csv)
[ "$1" -gt 100000 ] && [ "$2" = 0 ] && [ "$3" = 0 ] || fault "all: $*"

# Threads and shards; one file alone, of which the others are missed aloud.
mkdir some
cp "$vectors/mma_sp.vec.xz" "$vectors/blockwise.gemm.xz" some
small="--vectors some --most 8"
# shellcheck disable=SC2086
{
  "$program" $small --threads 1 >one.csv 2>err || fault "$(cat err)"
  grep -q 'no gemm.captured.xz' err || fault 'a missing file, silently'
  [ "$(wc -l <err)" = 1 ] || fault 'more than a line'
  "$program" $small --threads 2 2>/dev/null | cmp one.csv - || fault 'threads'
  head -n 1 one.csv >header
  for i in 1 2 3; do
    "$program" $small --shard $i/3 2>/dev/null | tail -n +2
  done | sort -t , -k 1n | cat header - | cmp one.csv - || fault 'shards'
}
grep -q captured.xz one.csv && fault 'rows of a file that is not there'

# The last byte of D of the last record, changed: one mismatch.
xz -dc some/mma_sp.vec.xz >bytes
size=$(wc -c <bytes)
last=$(tail -c 1 bytes | od -An -tu1)
mkdir bad
{ head -c $((size - 1)) bytes && bytes "$(printf %x $((last ^ 1)))"; } |
  xz -1 >bad/mma_sp.vec.xz
"$program" --full --vectors bad >bad.csv 2>err || fault "$(cat err)"
set -- $(sums bad.csv)
[ "$2" = 1 ] || fault "a changed bit: $2 mismatches"

# Of the library's products too: a bit of the last product's last output.
cp "$vectors/gemm.captured.xz" "$vectors/gemm.orders" bad
xz -dc bad/gemm.captured.xz >bytes
size=$(wc -c <bytes)
last=$(tail -c 1 bytes | od -An -tu1)
rm bad/*.vec.xz
{ head -c $((size - 1)) bytes && bytes "$(printf %x $((last ^ 1)))"; } |
  xz -1 >bad/gemm.captured.xz
# The order of the last product alone is known: the rest has no rows.
number=$(LC_ALL=C awk '$1 == "case" { n = $2 } END { print n }' bytes)
grep "^$number " "$vectors/gemm.orders" >bad/gemm.orders
"$program" --full --vectors bad >bad.csv 2>err || fault "$(cat err)"
grep -q 'products without a known order' err || fault "$(cat err)"
[ "$(wc -l <bad.csv)" = 2 ] || fault 'one product is one row'
set -- $(sums bad.csv)
[ "$2" = 1 ] || fault "a changed output: $2 mismatches"

# TEXT FOLDER: refused.
refuses() {
  "$program" --vectors "$2" >out 2>err
  [ $? = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] &&
    grep -qF -- "$1" err || fault "$2: $(cat err)"
}
mkdir empty cut text other
xz -dc some/mma_sp.vec.xz |
  sed 's/^instr mma\.sp\.m16n8k16\./instr mma.sp.m16n8k32./' |
  xz -1 >other/mma_sp.vec.xz
head -c 1000 some/mma_sp.vec.xz >cut/mma_sp.vec.xz
echo text | xz >text/x.vec.xz
refuses 'expected the folder tests/vectors/h200' absent
refuses 'found none' empty
refuses 'cut/mma_sp.vec.xz: xz cannot read it' cut
refuses "not the instruction's" other
refuses "text/x.vec.xz: vectors: record" text

finish
