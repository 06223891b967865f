#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The experiments on attention and the head: context_length, softmax, logits.
. "${srcdir:-.}/tests/experiments/common.sh"

# check FILE PROGRAM: awk over a CSV whose columns are at[NAME]; what it
# prints is wrong.
check() {
  awk -F , "function v(name) { return \$at[name] }
    function far(a, b, by) { return a > b * (1 + by) || a < b * (1 - by) }
    NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next } $2" \
    "$1" >wrong || fault "$1: awk"
  [ ! -s wrong ] || fault "$1: $(cat wrong)"
}

same_bytes_seeded context_length --quick --contexts '512 1024' --queries 3 \
  --schemes 'k-noise-1% kivi2 nvfp4 int8sym/g=token+exact'
same_bytes_seeded softmax --quick --contexts 1024 \
  --cases 'bf16 p-mxfp8 exp-e4m3'
same_bytes_seeded logits --quick --vocabulary 512 --positions 20 \
  --heads 'exact+bf16 int4sym/g=group:32+f32'

# A row does not depend on what else is asked for.
"$BIN/context_length" --quick --contexts '512 1024' --queries 3 \
  --schemes 'kivi2 bf16' --keys outliers | cut -d , -f 2- |
  grep ',kivi2,' >few
"$BIN/context_length" --quick --contexts '512 1024' --queries 3 \
  --schemes 'int4-token kivi2' | cut -d , -f 2- |
  grep '^outliers.*,kivi2,' | cmp few - ||
  fault 'context_length: rows depend on each other'

# ---- context_length -------------------------------------------------------

# What theory says, within a few per cent.  A quarter of the queries and heads
# of a whole run, so single rows stray; exponents are of three contexts.
"$BIN/context_length" --contexts '1024 4096 16384' --heads 2 --queries 6 \
  --schemes 'k-noise-1% int8-token int4-token int4-channel kivi2' \
  >context.csv || fault context_length
check context.csv '
far(v("score_error"), v("predicted_score_error"), 0.12) {
  print "score", $0
}
v("keys") == "plain" {
  if (far(v("score_max_error"), v("predicted_score_max_error"), 0.2))
    print "greatest", $0
  if (v("pattern") == "flat" &&
      far(v("output_error"), v("predicted_output_error"), 0.2))
    print "output", $0
  if (v("pattern") == "flat" && far(v("kl"), v("predicted_kl"), 0.1))
    print "kl", $0
}
# 1 % of noise in keys is 1 % of scores, at any length (deviation of scores: 1).
v("scheme") == "k-noise-1%" && v("pattern") == "flat" &&
v("keys") == "plain" {
  noise++
  if (far(v("key_error"), 0.01, 0.01) || far(v("score_error"), 0.01, 0.03))
    print "noise", $0
  if (v("score_exponent") > 0.02 || v("score_exponent") < -0.02)
    print "noise grows", $0
}
# Scales of a token do not know the context; those of a channel grow with
# its greatest value, sqrt(2 ln N).
v("scheme") ~ /token$/ && v("pattern") == "flat" {
  if (v("score_exponent") > 0.02 || v("score_exponent") < -0.02)
    print "token scales grow", $0
}
v("scheme") == "int4-channel" && v("pattern") == "flat" {
  if (v("score_exponent") < 0.04 || v("score_exponent") > 0.08)
    print "channel scales", $0
}
# A scale of a channel does not see the gain of another.
v("scheme") == "int4-channel" && v("context") == 16384 {
  set = v("pattern")
  if (v("keys") == "plain") plain[set] = v("score_error")
  else if (far(v("score_error"), plain[set], 1e-6)) print "gain", $0
}
v("scheme") == "int4-token" && v("keys") == "outliers" &&
v("pattern") == "passkey" && v("moved") < 0.5 { print "retrieval", $0 }
v("scheme") == "int8-token" && v("pattern") == "passkey" && v("moved") > 0 {
  print "retrieval", $0
}
END { if (noise != 3) print noise " rows of noise" }'

# Keys of ones: every scheme that holds 1 exactly leaves them alone.
{ header '<f4' False '(512, 8)'
  awk 'BEGIN { for (i = 0; i < 4096; i++) printf "\\000\\000\\200\\077" }' |
    { read -r all; printf "$all"; }; } >ones.npy
"$BIN/context_length" --tensor ones.npy --quick --contexts 512 \
  --schemes 'int4-token bf16 kivi2 fp8-tensor' >ones.csv || fault 'a tensor'
check ones.csv '
v("key_error") > 1e-7 || v("samples") != 4 { print $0 }
END { if (NR != 9) print NR - 1 " rows" }'

# ---- softmax --------------------------------------------------------------

# Equal scores: a running sum in p bits stops at 2^p, so the weights are N / 2^p
# too large; and weights of 2^-14 are 0 in E4M3, whose least value is 2^-9.
"$BIN/softmax" --quick >softmax.csv || fault softmax
check softmax.csv '
v("rows") == "equal" && v("context") == 16384 {
  n = 16384; want["bf16"] = n / 256 - 1; want["f16"] = n / 2048 - 1
  want["e4m3"] = n / 16 - 1; want["e5m2"] = n / 8 - 1; want["f32"] = 0
  want["bf16-f32-sum"] = 0; want["f16-f32-sum"] = 0; want["online-bf16"] = 0
  if (v("case") in want) {
    seen++
    if (v("row_sum_error") != want[v("case")]) print $0
  }
  if (v("case") == "p-e4m3" && v("broken_rows") != 1) print $0
}
v("predicted_flushed_fraction") != "" {
  d = v("flushed_fraction") - v("predicted_flushed_fraction")
  if (d > 0.02 || d < -0.02) print "flushed", $0
  flushed++
}
v("output_error") > 1e-5 && v("rows") != "peaked" && v("rows") != "equal" {
  if (far(v("output_error"), v("predicted_output_error"), 0.35))
    print "output", $0
}
v("case") == "f16-no-max" && v("rows") != "wide" &&
v("broken_rows") != (v("rows") == "peaked") {
  print "f16 without max", $0
}
# 2^14 small terms after a great one: half a step of 2^-23 each at the worst.
v("case") == "f32" && v("output_error") > 2 ^ -10 { print "f32", $0 }
v("rows") == "flat" && v("context") == 16384 {
  lost[v("case")] = v("lost_mass"); error[v("case")] = v("output_error")
}
END {
  if (seen != 8 || flushed < 20) print seen, flushed
  if (lost["p-e4m3"] < 0.9 || lost["exp-e4m3-x256"] > 1e-4) print "E4M3"
  if (error["bf16-f32-sum"] > 0.02 || error["bf16"] < 1) print "bf16 sums"
}'

# ---- logits ---------------------------------------------------------------

"$BIN/logits" --quick --positions 256 >logits.csv || fault logits
check logits.csv '
far(v("logit_error"), v("predicted_logit_error"), 0.05) { print "error", $0 }
# In Wilson'"'"'s interval but for one row in twenty.
{
  rows++
  outside += v("flipped_low") > v("predicted_flipped") + 0.004 ||
             v("flipped_high") < v("predicted_flipped")
}
v("weights") == "exact" && v("part") == "head" && v("kl") > 1e-4 { print $0 }
v("weights") == "int8sym/g=channel" && v("flipped") > 0.03 { print $0 }
END { if (rows < 20 || outside > 3) print outside " of " rows " outside" }'

# From 8 to 16 the steps of e4m3 are 1, of bf16 2^-4, of f16 2^-7: the wider,
# the more logits are the same.
"$BIN/logits" --quick --vocabulary 2048 --dim 64 --positions 400 \
  --heads 'exact+bf16 exact+f16 exact+e4m3' --embeddings none >ties.csv
check ties.csv '
{
  d = v("tied") - v("predicted_tied")
  if (d > 0.06 || d < -0.06) print "ties", $0
  tied[v("storage")] = v("tied")
}
END {
  if (!(tied["float8_e4m3fn"] > tied["bfloat16"] &&
        tied["bfloat16"] >= tied["float16"])) print "ties"
}'

# What they refuse, in one line.
for wrong in 'context_length --schemes int9' 'context_length --contexts 1000' \
  'context_length --contexts 1024\ 512' 'context_length --schemes kivi:9:2+exact' \
  'context_length --gain 3' 'context_length --keys some' \
  'context_length --margin x' 'context_length --queries 41' \
  'context_length --schemes noise:2+exact' \
  'softmax --cases steps:bf16' 'softmax --cases bf17' 'softmax --rows round' \
  'softmax --contexts 2' 'softmax --samples 1' 'softmax --cases p:int99' \
  'softmax --cases steps:f32:f32:f32:f32:f32:online=0' \
  'logits --heads int8' 'logits --heads int8+f99' 'logits --share 0' \
  'logits --top 33' 'logits --vocabulary 3'; do
  eval "set -- $wrong"
  program=$1
  shift
  "$BIN/$program" --quick "$@" >out 2>err
  [ $? = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] || fault "$wrong"
done

finish
