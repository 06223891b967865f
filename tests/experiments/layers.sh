#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The experiments on layers: layer_compounding, residual and norms.
. "${srcdir:-.}/tests/experiments/common.sh"

same_bytes_seeded layer_compounding --quick --shape 4x16 --depth 16 \
  --schemes 'nvfp4 int8' \
  --residuals bf16 --modes 'rne sr'
same_bytes_seeded residual --quick --formats f16 --depths '1 32' \
  --updates '0x1p-6 0x1p-9'
same_bytes_seeded norms --quick --widths 64 --epsilons 1e-6 \
  --steps 'sum all outside'

# NAME <awk: prints a line where a figure is wrong. v(column) is a field, a
# number where it is compared with one.
figures() {
  { echo 'BEGIN { FS = "," }'
    echo 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }'
    echo 'function v(name) { return $at[name] }'
    echo 'function far(a, b, by) { return a - b > by || b - a > by }'
    echo 'function off(a, b, by) { return far(a, b, by * b) }'
    cat; } >awk
  awk -f awk "$1.csv" >wrong || fault "$1: awk"
  [ ! -s wrong ] || fault "$1: $(head -n 20 wrong)"
}

# ---- layer_compounding ------------------------------------------------------

# 0.5 % a layer: over 80, sqrt(1.000025^80 - 1) = 4.47 % at random, 1.005^80 - 1
# = 49.0 % if all of it is along the signal.  A random walk's exponent is 0.5;
# that of 1.005^n - 1 is fitted again here.
"$BIN/layer_compounding" --shape 32x64 --schemes int8/g=token \
  >layer_compounding.csv || fault 'layer_compounding'
figures layer_compounding <<'END_AWK'
v("stack") != "mirrors" { next }
{ n = v("depth"); e = v("relative_error"); p = v("predicted_relative_error") }
v("error") == "uncorrelated" {
  if (off(p, sqrt((1 + 0.005 ^ 2) ^ n - 1), 1e-9)) print "theory", $0
  if (n == 80 && far(e, 0.045, 0.003)) print
  if (far(v("exponent"), 0.5, 0.04)) print
  seen++
}
v("error") == "correlated" {
  if (off(p, 1.005 ^ n - 1, 1e-9) || off(e, p, 1e-9)) print
  if (n == 80 && far(e, 0.49, 0.01)) print
  if (n >= 4) {
    k++; sx += log(n); sy += log(e); sxx += log(n) ^ 2; sxy += log(n) * log(e)
  }
  exponent = v("exponent")
}
v("error") == "partial" { # a tenth of it along
  a = 1.0005 ^ n; b = (1.0005 ^ 2 + 0.99 * 0.005 ^ 2) ^ n
  if (off(p, sqrt(b - 2 * a + 1), 1e-9)) print "theory", $0
  if (off(e, p, 0.15)) print
}
END {
  slope = (k * sxy - sx * sy) / (k * sxx - sx * sx)
  if (k != 10 || far(exponent, slope, 1e-7) || slope < 1) print slope, exponent
  if (seen != 12) print seen, "rows"
}
END_AWK

# In blocks the stream's power is 1 + n after n layers, and a relative error is
# kept: one of the branch of layer l adds 0.005^2 / (1 + l).
figures layer_compounding <<'END_AWK'
v("stack") != "blocks" || v("error") != "uncorrelated" { next }
{
  n = v("depth"); sum = 0; layers = v("layers")
  first = layers == "middle" ? 64 : layers == "last" ? 127 : \
          layers == "inner" ? 3 : 1
  last = layers == "all" ? n : layers == "inner" ? 126 : first + 1
  for (l = first; l <= last && l <= n; l++)
    sum += v("site") == "stream" ? 1 : 1 / (1 + l)
  want = 0.005 * sqrt(sum)
  if (off(v("predicted_relative_error"), want, 0.01)) print "theory", want, $0
  if (off(v("relative_error"), want, 0.2)) print want, $0
  if (off(v("stream_rms"), sqrt(1 + n), 0.15)) print
  if (v("site") == "stream" && far(v("exponent"), 0.5, 0.05)) print
  seen++
}
END { if (seen != 72) print seen, "rows" }
END_AWK

# The stream itself: to nearest and stochastically a random walk, the second
# with twice the power; f16 has 3 bits more than bf16, f32 16; toward zero a
# bias.  The relative rms error to nearest of numbers with logarithms anywhere
# in a binade is 2^-7 / sqrt(12 * 1.5 / ln 2).
figures layer_compounding <<'END_AWK'
v("error") != "rounded" || v("depth") != 128 { next }
{
  s[v("mode"), v("residual")] = v("stream_error")
  if (off(v("relative_error"), v("predicted_relative_error"), 0.15)) print
  if (v("mode") != "rtz" && far(v("exponent"), 0.5, 0.07)) print
  if (v("mode") == "rtz" && (v("exponent") < 0.8 || v("exponent") > 1.05))
    print
  if (v("mode") == "rtz" && v("parallel_error") > -0.6 * v("relative_error"))
    print
  if (far(v("exponent"), v("predicted_exponent"), 0.07)) print
}
END {
  if (off(s["rne", "bfloat16"], 2 ^ -7 / sqrt(18 / log(2)), 0.1)) print "bf16"
  if (off(s["sr", "bfloat16"], s["rne", "bfloat16"] * sqrt(2), 0.03))
    print "sr"
  if (off(s["rne", "float16"], s["rne", "bfloat16"] / 8, 0.03)) print "f16"
  if (off(s["rne", "float32"], s["rne", "bfloat16"] / 65536, 0.03))
    print "f32"
}
END_AWK

# Quantized: what the layers' errors alone predict; the activations of int8 a
# token are off by step / sqrt(12), those of sr by step / sqrt(6), in both
# products.
figures layer_compounding <<'END_AWK'
v("error") != "quantized" || v("layers") != "all" { next }
v("outlier_gain") == 1 && v("depth") >= 8 {
  if (off(v("relative_error"), v("predicted_relative_error"), 0.2)) print
  p = v("branch_parallel") / v("branch_error")
  if (p > 0.1 || p < -0.1) print "biased", $0
}
v("depth") == 128 && v("residual") == "float32" {
  b[v("mode"), v("outlier_gain")] = v("branch_error")
}
END {
  # Half of the noise is the weights', or less: 1.22 to 1.41.
  ratio = b["sr", 1] / b["rne", 1]
  if (ratio < 1.2 || ratio > 1.42) print "sr", ratio
  if (b["rne", 64] < 4 * b["rne", 1]) print "outliers", b["rne", 64]
}
END_AWK

# ---- residual ---------------------------------------------------------------

# Every steady row to nearest is exact; half an ulp of the stream is the limit.
"$BIN/residual" --quick --depths '1 32 128' >residual.csv || fault 'residual'
figures residual <<'END_AWK'
{ sr = v("mode") == "sr"; d = v("depth") }
v("scheme") ~ /^(rne|clamp)$/ && v("pattern") == "steady" {
  exact++
  if (v("predicted_lost_fraction") != "" && \
      far(v("lost_fraction"), v("predicted_lost_fraction"), 1e-12)) print
  if (v("gain") != "" && far(v("gain"), v("predicted_gain"), 1e-12)) print
  if (v("gain") != "" && far(v("relative_error"), \
      v("predicted_relative_error"), 1e-9)) print
  if (far(v("overflow_fraction"), v("predicted_overflow_fraction"), 1e-12))
    print
}
v("scheme") == "rne" && v("pattern") == "steady" && v("update_ulps") < 0.5 {
  if (v("lost_fraction") != 1 || v("gain") != 0) print
}
v("scheme") == "rne" && v("pattern") == "steady" && v("stream") == 1 && \
d == 1 && v("update_ulps") > 0.5 && v("update_ulps") < 0.51 {
  above++
  if (v("lost_fraction") != 0 || off(v("gain"), 1 / v("update_ulps"), 1e-9))
    print
}
v("scheme") == "sr" && v("pattern") == "steady" && v("stream") >= 1 && \
v("overflow_fraction") == 0 {
  kept++
  r = v("update_ulps"); r = r < 1 ? r : 0.5 # else: no more than this
  by = 4.5 * 2 * sqrt(r * (1 - r) / (v("elements") * d)) / v("update_ulps")
  if (far(v("gain"), 1, by)) print
  if (far(v("lost_fraction"), v("predicted_lost_fraction"), 0.13)) print
}
v("scheme") == "kahan" && v("format") != "float32" && v("stream") == 1 {
  half = v("format") == "bfloat16" ? 2 ^ -8 : 2 ^ -11
  if (v("relative_error") > 1.01 * half) print
}
v("format") == "float32" && v("relative_error") != "" {
  if (v("relative_error") > 2e-6) print
}
v("scheme") == "rne" && v("pattern") == "random" && v("stream") == 1 && \
v("update") <= 2 ^ -8 {
  chance++
  if (far(v("lost_fraction"), v("predicted_lost_fraction"), 0.07)) print
  if (d > 1 && off(v("relative_error"), v("predicted_relative_error"), 0.15))
    print
}
v("format") == "float16" && v("stream") == 32768 && v("update") == 0.0625 && \
v("pattern") == "steady" && d == 128 {
  if (v("scheme") ~ /^(rne|sr)$/ && v("overflow_fraction") != 1) print
  if (v("scheme") == "clamp" && v("overflow_fraction") != 0) print
}
# Outputs below half of f16's least number, 2^-25, are gone before the sum.
v("format") == "float16" && v("stream") < 1 && v("pattern") == "steady" {
  if (v("flushed_fraction") != (v("stream") * v("update") <= 2 ^ -25)) print
}
END {
  if (exact != 648 || above < 2 || kept < 100 || chance < 50)
    print exact, above, kept, chance
}
END_AWK

# ---- norms ------------------------------------------------------------------

# Ones stall at 2^digits; f16's squares of 300 and of a massive activation are
# infinite and the rows 0; epsilon 1e-8 is 0 in f16; outside of the norm a
# format costs its own rounding; RMSNorm keeps a mean of 16 / sqrt(257).
"$BIN/norms" --quick >norms.csv || fault 'norms'
figures norms <<'END_AWK'
{ step = v("step"); e = v("relative_error"); f = v("format") }
v("norm") == "rms" && v("input") == "signs" && step == "sum" {
  n = v("width"); digits = f == "bfloat16" ? 8 : f == "float16" ? 11 : 4
  s = n < 2 ^ digits ? n : 2 ^ digits
  if (far(e, sqrt(n / s) - 1, 0.003 * sqrt(n / s - 1) + 1e-6)) print
  stalled++
}
v("norm") == "rms" && v("input") == "signs" && step == "sum_lanes" && \
f == "bfloat16" && e > 1e-6 { print }
v("norm") == "rms" && v("input") ~ /^(large|spike)$/ && f == "float16" {
  if (step ~ /^(square|sum|sum_lanes|all)$/ && (e != 1 || \
      v("zero_fraction") != 1)) print
  if (step ~ /^(input|output|outside)$/ && e > 2 ^ -11) print
}
v("norm") == "rms" && v("input") == "large" && f == "bfloat16" && \
step == "square" && e > 1e-4 { print }
v("input") == "zero" {
  nan = f == "float16" && v("epsilon") < 2 ^ -25 && step ~ /^(root|all)$/
  if (v("nonfinite_fraction") != nan) print
  if (v("nonfinite_fraction") != v("predicted_nonfinite_fraction")) print
}
v("input") == "gaussian" && step ~ /^(input|scale|output|outside)$/ && \
v("predicted_relative_error") != "" {
  outside++
  if (off(e, v("predicted_relative_error"), 0.12)) print
}
v("input") == "offset" && step == "output" && f != "float8_e4m3fn" {
  want = v("norm") == "rms" ? 16 / sqrt(257) : 0
  if (far(v("exact_output_mean"), want, 0.005)) print "exact", $0
  if (far(v("output_mean"), v("exact_output_mean"), 0.002)) print
}
v("role") == "remedy" != (step ~ /^(input|output|outside)$/) { print }
END { if (stalled != 18 || outside < 100) print stalled, outside }
END_AWK

# A tensor: (3, 4) is (0.84853, 1.13137); 8 bits, and 1 / sqrt(12.5) is
# 0.283203125: 0.8515625 (a tie to even) and 1.1328125.
npy t.npy '<f4' '(1, 2)' 00 00 40 40 00 00 80 40
"$BIN/norms" --tensor t.npy --norms rms --formats bf16 --steps all \
  --epsilons 1e-12 >t.csv || fault 'a tensor'
figures t <<'END_AWK'
{
  r = 1 / sqrt(12.5)
  d = sqrt(((0.8515625 - 3 * r) ^ 2 + (1.1328125 - 4 * r) ^ 2) / 2)
  if (off(v("relative_error"), d, 1e-6) || v("input") != "t.npy") print d, $0
}
END_AWK

# ---- errors -----------------------------------------------------------------

one_line() {
  "$BIN/$@" >out 2>err && fault "$* succeeded"
  [ "$(wc -l <err)" = 1 ] || fault "$*: $(cat err)"
  [ ! -s out ] || fault "$*: printed something"
}
one_line layer_compounding --schemes magic
one_line layer_compounding --modes up
one_line layer_compounding --modes ''
one_line layer_compounding --residuals int8
one_line layer_compounding --shape 8
one_line layer_compounding --shape 1x64
one_line layer_compounding --depth 4.5
one_line layer_compounding --error 2
one_line layer_compounding --correlation nan
one_line layer_compounding --gain 0
one_line residual --streams 3
one_line residual --updates 2
one_line residual --depths 1.5
one_line residual --schemes magic
one_line residual --patterns wild
one_line residual --formats e8m0
one_line norms --inputs wide
one_line norms --widths 0
one_line norms --epsilons -1
one_line norms --norms batch
one_line norms --steps some

finish
