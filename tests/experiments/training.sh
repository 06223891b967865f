#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The experiments on training: gradients, master_weights, optimizer_states and
# delayed_scaling.  That nothing but the seed and the parameters decides their
# bytes; what they measure against the closed forms beside it, and against
# sizes, ranges and thresholds worked out here.
. "${srcdir:-.}/tests/experiments/common.sh"

same_bytes_seeded gradients --quick --centres '-5' --widths 1 \
  --layers 3:-2:1:0.5 \
  --formats 'e5m2 f16' --blocks nvfp4@te
same_bytes_seeded master_weights --quick --formats bf16 \
  --weights '1.25 gaussian:0.02' \
  --updates '0x1p-8 0x1p-10'
same_bytes_seeded optimizer_states --quick \
  --schemes 'bf16-sr dynamic8 dynamic8-sr int8' \
  --blocks 256 --widths 1 --steps 8
same_bytes_seeded delayed_scaling --quick --drifts 'steady spike:16:64' \
  --quantizers \
  'fp8-delayed@te' --schemes 'delayed:16 current' --steps 96

# FILE <awk: prints a line where a figure is wrong; v(column) is a field.
figures() {
  { echo 'BEGIN { FS = "," }'
    echo 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }'
    echo 'function v(name) { return $at[name] }'
    echo 'function far(a, b, by) { return a - b > by || b - a > by }'
    cat; } >awk
  awk -f awk "$1.csv" >wrong
  [ ! -s wrong ] || fault "$1: $(head -n 20 wrong)"
}

# ---- gradients ---------------------------------------------------------------

"$BIN/gradients" --quick >gradients.csv || fault gradients
# Counts against their closed forms: 4.5 standard errors, and 3 more where few
# are expected.  Stochastic rounding is right on average while nothing
# overflows.  The decades of a format by its greatest and least value.
figures gradients <<'END_AWK'
BEGIN {
  want["float8_e5m2"] = log(57344 * 2 ^ 16) / log(10)
  want["float8_e4m3fn"] = log(448 * 2 ^ 9) / log(10)
  want["float16"] = log(65504 * 2 ^ 24) / log(10)
  want["bfloat16"] = log((2 - 2 ^ -7) * 2 ^ 127 * 2 ^ 133) / log(10)
  want["int8"] = log(127) / log(10)
}
function off(column, p, n) {
  n = v("samples"); p = v("predicted_" column)
  if (p == "") return 0
  counts++
  return far(v(column) * n, p * n, 4.5 * sqrt(p * (1 - p) * n) + 3)
}
off("underflow_fraction") { print "underflow", $0 }
off("overflow_fraction") { print "overflow", $0 }
v("mode") == "sr" && v("overflow_fraction") == 0 && v("sum_bias_z") != "" {
  n++
  if (far(v("sum_bias_z"), 0, 4.5)) print "bias", $0
}
v("format") in want && far(v("format_decades"), want[v("format")], 1e-9) {
  print v("format"), v("format_decades")
}
# Nearest to what is small: all of it is lost.
v("mode") == "rne" && v("format") == "float8_e4m3fn" && v("centre") == -6 &&
v("scaling") == "none" && v("width") == 0.5 && v("profile") == "one" {
  seen++
  if (v("underflow_fraction") != 1 || v("sum_bias") != -1) print
}
# A power of two that BF16 and f16 do not notice, but for what underflows.
END { if (n < 400 || counts < 1500 || seen != 1) print n, counts, seen }
END_AWK

# Exact: 2^-17, half of E5M2's least value, is a tie that becomes 0; 3 * 2^-18
# becomes 2^-16; times 2^10 both arrive.
npy g.npy '<f4' '(1, 2)' 00 00 00 37 00 00 40 37
"$BIN/gradients" --tensor g.npy --formats e5m2 --scalings 'none loss:10' \
  --blocks '' --modes rne >exact.csv || fault 'a tensor'
figures exact <<'END_AWK'
{ n++ }
v("scaling") == "none" && (v("underflow_fraction") != 0.5 ||
  far(v("sum_bias"), (2 ^ -16 - 3 * 2 ^ -18 - 2 ^ -17) / (5 * 2 ^ -18), 1e-12)) {
  print
}
v("scaling") == "loss:10" && (v("underflow_fraction") != 0 ||
  v("sum_bias") != 0 || v("loss_scale") != 1024) { print }
END { if (n != 2) print n }
END_AWK

# ---- master_weights ----------------------------------------------------------

"$BIN/master_weights" --quick >weights.csv || fault master_weights
figures weights <<'END_AWK'
function off(n, p) {
  n = v("weights"); p = v("predicted_lost_fraction")
  if (p == "") return 0
  lost++
  return far(v("lost_fraction") * n, p * n, 4.5 * sqrt(p * (1 - p) * n) + 1e-6)
}
off() { print "lost", $0 }
v("predicted_least_update_kept") != "" {
  if (v("least_update_kept") != v("predicted_least_update_kept")) print
  least++
}
v("z") != "" { z++; squares += v("z") ^ 2; if (far(v("z"), 0, 4.5)) print "z", $0 }
v("scheme") == "rne" && v("weight") !~ /gauss/ && v("predicted_gain") != "" {
  if (far(v("gain"), v("predicted_gain"), 1e-9)) print "gain", $0
}
# BF16: 2^-9 of the weight, or less, moves none; more than 2^-8 moves each.
v("format") == "bfloat16" && v("scheme") == "rne" && v("weight") !~ /gauss/ {
  rows++
  r = v("relative_update")
  if (r <= 2 ^ -9 && (v("gain") != 0 || v("lost_fraction") != 1)) print "2^-9", $0
  if (r > 2 ^ -8 && v("lost_fraction") != 0) print "2^-8", $0
}
v("scheme") == "master" && far(v("gain"), 1, 1e-3) { print "master", $0 }
v("scheme") == "sr" && far(v("gain"), 1, 4.5 * v("predicted_deviation") / 8 + \
  2.3 * v("gain_ci95")) { print "sr", $0 }
END {
  if (lost < 400 || least < 100 || z < 150 || rows != 56) print lost, least, z, rows
  if (squares > 1.5 * z) print "mean z^2", squares / z
}
END_AWK

# ---- optimizer_states --------------------------------------------------------

"$BIN/optimizer_states" --quick --steps 16 >states.csv || fault optimizer_states
figures states <<'END_AWK'
BEGIN { # m and v, 4 bytes of scale a block each
  want["f32 0"] = 8; want["bf16 0"] = 4; want["dynamic8 64"] = 2 + 8 / 64
  want["dynamic8 256"] = 2 + 8 / 256; want["dynamic8 2048"] = 2 + 8 / 2048
  want["e4m3-f16 256"] = 3 + 8 / 256; want["dynamic8-bf16 256"] = 3 + 4 / 256
}
{
  key = v("scheme") " " v("block")
  if (key in want) {
    if (v("bytes_per_parameter") != want[key]) print key, v("bytes_per_parameter")
    sizes++
  }
  if (far(v("model_gigabytes_with_master") - v("model_gigabytes"), 280, 1e-9)) {
    print key, "master"
  }
}
# The guide's figures: 4 times BF16 parameters, 560 and 840 GB; 3.94 times.
v("scheme") == "f32" {
  if (v("over_bf16_parameters") != 4 || v("model_gigabytes") != 560) print
  if (v("model_gigabytes_with_master") != 840 || v("zeroed_v_fraction") > 0) print
  if (v("update_error") > 1e-6) print
}
key == "dynamic8 256" && far(v("smaller_than_f32"), 3.94, 0.01) { print }
# Moments that one rounding makes 0, the greatest of each block given; the
# random part of v is little beside the width.
v("given_zeroed_once_fraction") != "" {
  p = v("given_zeroed_once_fraction"); n = v("parameters"); once++
  if (far(v("zeroed_once_fraction"), p, 4.5 * sqrt(p * (1 - p) / n) + 0.02)) {
    print "once", $0
  }
}
# Blocks of 64, 64 of them: the order statistics.
v("block") == 64 && v("predicted_zeroed_once_fraction") != "" {
  if (far(v("zeroed_once_fraction"), v("predicted_zeroed_once_fraction"), \
    2.3 * v("zeroed_once_fraction_ci95") + 0.01)) print "order", $0
}
# What is kept by its root is not 0; larger blocks make more of it 0.
v("scheme") == "dynamic8-root" && v("zeroed_v_fraction") > 0.002 { print }
v("width") == 1 && v("process") == "steady" && v("scheme") == "dynamic8" {
  if (v("zeroed_v_fraction") <= last) print "blocks", $0
  last = v("zeroed_v_fraction"); blocks++
}
# BF16 to nearest does not decay; stochastically it does.
v("process") == "stop" && v("scheme") == "bf16" {
  if (v("v_stalled_fraction") != 1) print
  if (far(v("v_ratio"), v("stalled_v_ratio"), 1e-6)) print
}
v("process") == "stop" && v("scheme") == "bf16-sr" {
  if (far(v("v_ratio"), 1, 0.005)) print
}
END { if (sizes < 28 || once < 60 || blocks != 3) print sizes, once, blocks }
END_AWK

# ---- delayed_scaling ---------------------------------------------------------

"$BIN/delayed_scaling" --quick >delayed.csv || fault delayed_scaling
figures delayed <<'END_AWK'
# Exact drifts to the step; steady ones by chance: neighbours share a history,
# so a step counts for less.
v("predicted_exceeded_fraction") != "" && v("scheme") != "blocks" {
  p = v("predicted_exceeded_fraction"); n = v("steps"); counts++
  by = v("drift") == "steady" ? 6 * sqrt(p * (1 - p) / n) : 1e-9
  if (far(v("exceeded_fraction"), p, by)) print "exceeded", $0
}
# Integers lose 20 log10 of the headroom; floats next to nothing of it, but
# that the greatest element no longer falls on a value.
v("scheme") == "delayed" && v("in_range_lost_db") != "" {
  if (v("quantizer") ~ /int8/ && v("drift") ~ /grow|jump:16/) {
    if (far(v("in_range_lost_db"), v("uniform_lost_db"), 0.3)) print "int8", $0
    integers++
  }
  if (v("quantizer") ~ /fp8/ && v("drift") ~ /grow|jump:16/) {
    if (far(v("in_range_lost_db"), 0, 0.6)) print "fp8", $0
    floats++
  }
}
v("scheme") == "current" && (v("exceeded_fraction") > 0 || v("lost_db") != 0) {
  print "current", $0
}
# A growth of 1.5 a step is clipped in all steps whatever the history, and in
# none with a margin of 1 bit.
v("drift") == "grow:1.5" && v("scheme") == "delayed" {
  grown++
  if (v("exceeded_fraction") != (v("margin") == 0)) print
  if (v("margin") == 0 && v("clipped_steps_fraction") != 1) print
  if (far(v("greatest_excess"), 1.5 / 2 ^ v("margin"), 1e-6)) print
}
END {
  if (counts < 300 || integers < 20 || floats < 40 || grown != 33)
    print counts, integers, floats, grown
}
END_AWK

# ---- errors ------------------------------------------------------------------

one_line() {
  "$BIN/$@" >out 2>err
  [ $? = 2 ] || fault "$*: not exit status 2"
  [ "$(wc -l <err)" = 1 ] || fault "$*: $(cat err)"
  [ ! -s out ] || fault "$*: printed something"
}
one_line gradients --formats nf4
one_line gradients --scalings loss:25
one_line gradients --layers 3:1
one_line gradients --centres 1e
one_line gradients --blocks q4_k
one_line gradients --modes up
one_line gradients --formats '' --blocks ''
one_line master_weights --weights 1.001
one_line master_weights --weights gaussian:
one_line master_weights --updates 0.7
one_line master_weights --directions sideways
one_line master_weights --schemes mistress
one_line optimizer_states --schemes f33
one_line optimizer_states --blocks 1
one_line optimizer_states --betas 0.999:0.9
one_line optimizer_states --steps 1.5
one_line optimizer_states --parameters none
one_line optimizer_states --processes go
one_line delayed_scaling --drifts grow:0.5
one_line delayed_scaling --schemes minmax
one_line delayed_scaling --schemes delayed:0
one_line delayed_scaling --quantizers mxfp8@te
one_line delayed_scaling --steps 1
one_line delayed_scaling --elements 33
npy zero.npy '<f4' '(2,)' 00 00 00 00 00 00 00 00
one_line master_weights --tensor zero.npy
one_line optimizer_states --tensor zero.npy

# Tensors: all of a small one; the same bytes on any number of threads.
"$BIN/master_weights" --quick --tensor g.npy --threads 1 >t.csv || fault weights
"$BIN/master_weights" --quick --tensor g.npy --threads 2 | cmp t.csv - ||
  fault 'weights of a tensor'
"$BIN/optimizer_states" --quick --steps 4 --tensor g.npy >t.csv || fault states
[ "$(cut -d , -f 13 t.csv | sort -u | head -n 1)" = 2 ] || fault 'parameters'

finish
