#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The experiments on quantizers: snr's quantizers, scale_rules, granularity,
# clipping and int_vs_float.
BIN=$PWD/experiments
. "${srcdir:-.}/tests/cli/common.sh"

# check FILE PROGRAM: awk over a CSV whose columns are at[NAME]; what it
# prints is wrong.
check() {
  awk -F , "NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next } $2" \
    "$1" >wrong || fault "$1: awk"
  [ ! -s wrong ] || fault "$1: $(cat wrong)"
}

# NAME OPTIONS: the same bytes on 1 and 2 threads and as three shards.
same_bytes() {
  name=$1
  shift
  "$BIN/$name" "$@" --threads 1 >one.csv || fault "$name: a run"
  "$BIN/$name" "$@" --threads 2 | cmp one.csv - || fault "$name: threads"
  head -n 1 one.csv >whole
  for i in 1 2 3; do
    "$BIN/$name" "$@" --shard $i/3 | tail -n +2
  done | sort -t , -k 1n >>whole
  cmp one.csv whole || fault "$name: shards"
}

# ---- snr ------------------------------------------------------------------

same_bytes snr --quick --distributions 'gaussian student_t3' \
  --quantizers 'mxfp4@ocp nf4-double@bitsandbytes q4_k int8-affine@torchao'

# Figures in dB, computed in double precision by other programs than this one
# (numpy; the formats' papers): MXFP4 by three rules, NVFP4, NF4.
quantizers='mxfp4@ocp mxfp4@ocp/rule=even mxfp4@ocp/rule=rceil nvfp4@te'
quantizers="$quantizers nvfp4@fouroversix nf4@bitsandbytes e2m1/g=block:64"
"$BIN/snr" --distributions gaussian \
  --quantizers "$quantizers int4/g=block:64" >figures.csv || fault 'figures'
check figures.csv '
BEGIN {
  want["mxfp4@ocp"] = 18.79; want["mxfp4@ocp/rule=even"] = 19.03
  want["mxfp4@ocp/rule=rceil"] = 18.76; want["nvfp4@te"] = 20.43
  want["nvfp4@fouroversix"] = 21.22; want["nf4@bitsandbytes"] = 20.73
  want["e2m1/g=block:64"] = 19.52; want["int4/g=block:64"] = 19.36
}
{
  name = $at["format"]
  d = $at["snr_db"] - want[name]
  if (d > 0.05 || d < -0.05) print name " is off by " d
  seen++
}
END { if (seen != 8) print seen " figures, not 8" }'

# Bits with scales counted: 4 + 8/32; 4 + 8/16 + 32/2^14; 144 bytes for 256
# elements; 4 + 8/64 + (32 / 256) / 64 + 32/2^14 (QLoRA, section 3: 0.127 bits
# and the offset).
"$BIN/snr" --quick --distributions uniform --quantizers \
  'mxfp4@ocp nvfp4@te q4_k nf4-double@bitsandbytes' >bits.csv
check bits.csv '
BEGIN {
  want["mxfp4@ocp"] = 4.25; want["nvfp4@te"] = 4.5 + 32 / 16384
  want["q4_k"] = 4.5
  want["nf4-double@bitsandbytes"] = 4 + 8 / 64 + 32 / 256 / 64 + 32 / 16384
}
$at["bits_per_element"] != want[$at["format"]] { print $0 }'

# The front, found again: a row is on it when none is better.
"$BIN/snr" --quick --distributions 'gaussian laplace' >front.csv
check front.csv '
{
  n++; name[n] = $at["distribution"]; bits[n] = $at["bits_per_element"]
  snr[n] = $at["snr_db"] == "INF" ? 1e9 : $at["snr_db"]
  flag[n] = $at["pareto"]; on += flag[n]
}
END {
  for (i = 1; i <= n; i++) {
    front = 1
    for (k = 1; k <= n; k++)
      if (name[k] == name[i] && bits[k] <= bits[i] && snr[k] >= snr[i] &&
          (bits[k] < bits[i] || snr[k] > snr[i])) front = 0
    if (front != flag[i]) print "row " i ": " flag[i] ", not " front
  }
  if (on < 10) print on " rows on the front"
}'

# Exact: a block of 1.25, 0.25 and zeros.  amax 1.25 has the scale 2^-2, so
# 1.25 is 5 units, a tie that goes to 4 (even), and 0.25 is 1: the error is
# 0.25.  A scale of 2^-3 (floor taken a binade down) would clip to 6/8.
npy block.npy '<f4' '(1, 32)' 00 00 a0 3f 00 00 80 3e \
  $(awk 'BEGIN { for (i = 0; i < 120; i++) print "00" }')
"$BIN/snr" --tensor block.npy --quantizers 'mxfp4@ocp mxfp4@torchao q4_k' \
  >exact.csv || fault 'a tensor'
check exact.csv '
{
  d = $at["snr_db"] - 10 * log((1.5625 + 0.0625) / 0.0625) / log(10)
  if ($at["format"] == "q4_k") {
    if ($at["snr_db"] != "" || $at["samples"] != 0) print "q4_k fits"
  } else if (d > 1e-9 || d < -1e-9 || $at["samples"] != 32) print $0
}'

finish
