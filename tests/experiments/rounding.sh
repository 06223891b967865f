#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The experiments on rounding: their figures, that every row agrees with its
# prediction as often as it should, and that nothing but the seed and the
# parameters decides their bytes.
. "${srcdir:-.}/tests/experiments/common.sh"

# ---- the same bytes ----------------------------------------------------------

same_bytes_seeded rounding_bias --quick --formats 'e4m3 int8' \
  --modes 'rne sr sr:3B' \
  --distributions 'uniform laplace'
same_bytes_seeded rounding_noise --quick --formats 'e2m1 int4' --modes 'rd sr'
same_bytes_seeded sr_unbiasedness --quick --formats 'e5m2' --modes 'sr sr:2C'
same_bytes_seeded accumulate --quick --formats e4m3 --modes 'rne sr' \
  --updates '0x1p-6 harmonic'

# A row does not depend on what else is asked for.
"$BIN/accumulate" --quick --formats 'bf16 e4m3' --modes 'sr' \
  --updates '0x1p-6' | grep ',float8_e4m3fn,' | cut -d , -f 2- >few
grep ',sr,0x1p-6,' one.csv | cut -d , -f 2- | cmp few - ||
  fault 'accumulate: rows depend on each other'

# ---- agreement ---------------------------------------------------------------

# Each row is tested at the level of 3 standard errors, so of n right rows
# about 0.0027 n fail, fewer where the counts are coarse.  As in tests/sr.long
# what is asked is that as many as did are not improbable.  Rows that leave
# nothing to chance have no z and must all agree; no row may have strays.
cat >agree <<'END_AWK'
BEGIN { FS = "," }
NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
at["strays"] && $at["strays"] > 0 { print "point", $1 ": strays" }
$at["z"] == "" { certain++; if ($at["consistent"] != 1) print "point", $1 }
$at["z"] != "" {
  n++
  beyond += $at["consistent"] != 1
  wild = at["p_value"] ? $at["p_value"] < 1e-7 : $at["z"] ^ 2 > 5.3 ^ 2
  if (wild) print "point", $1 ": z", $at["z"]
  squares += $at["z"] ^ 2
}
END {
  p = 0.0027; tail = 1; term = exp(n * log(1 - p))
  for (i = 0; i < beyond; i++) {
    tail -= term
    term *= (n - i) * p / ((i + 1) * (1 - p))
  }
  if (tail < 1e-3) print beyond, "of", n, "rows beyond 3 standard errors"
  if (n < least || certain < sure) print n, "and", certain, "rows"
  if (squares > most * n) print "mean z^2", squares / n
}
END_AWK

# NAME LEAST SURE MOST: rows left to chance, rows that are not, mean z^2.
agrees() {
  "$BIN/$1" --quick >"$1.csv" || fault "$1: a quick run"
  awk -v least="$2" -v sure="$3" -v most="$4" -f agree "$1.csv" >wrong
  [ ! -s wrong ] || fault "$1: $(head -n 20 wrong)"
}
agrees rounding_bias 3000 8000 1.15
# Its modes share their numbers, so what one draw does is counted in many
# rows: figures below, not counts.
"$BIN/rounding_noise" --quick >rounding_noise.csv || fault 'noise'
agrees sr_unbiasedness 2000 1000 1.15
agrees accumulate 150 150 1.5

# ---- figures -----------------------------------------------------------------

# NAME <awk: prints a line where a figure is wrong. v(column) is a field.
figures() {
  { echo 'BEGIN { FS = "," }'
    echo 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }'
    echo 'function v(name) { return $at[name] }'
    echo 'function far(a, b, by) { return a - b > by || b - a > by }'
    cat; } >awk
  awk -f awk "$1.csv" >wrong
  [ ! -s wrong ] || fault "$1: $(head -n 20 wrong)"
}

# The power of the noise: stochastic rounding has twice that of rounding to
# nearest, the directed modes four times, within 2 % (RNE's own within 1 %);
# 6.02 dB a bit at full scale, from 3 bits to 8.
"$BIN/rounding_noise" --formats 'e4m3 e5m2 e2m1 bf16 f16 int8' \
  --modes 'rne rtz ru rd odd sr' >noise.csv || fault 'noise'
figures noise <<'END_AWK'
v("range") != "inside" { next }
v("mode") == "rne" && far(12 * v("noise_power"), 1, 0.01) { print }
v("mode") == "sr" { sr++; if (far(v("noise_over_rne"), 2, 0.04)) print }
v("mode") ~ /^(rtz|ru|rd|odd)$/ && far(v("noise_over_rne"), 4, 0.08) { print }
END { if (sr != 6) print sr, "rows of sr" }
END_AWK
figures rounding_noise <<'END_AWK'
v("z") > 4.5 || v("z") < -4.5 { print }
v("range") == "full_scale" && v("mode") == "rne" {
  b = v("format_bits"); y = v("snr_db")
  if (far(y, 20 * b * log(2) / log(10), 0.15)) print
  n++; sx += b; sy += y; sxx += b * b; sxy += b * y
}
END {
  slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
  if (n != 6 || far(slope, 6.02, 0.1)) print "slope", slope, "of", n
}
END_AWK

# The bias of each mode on uniform data, signs apart: directed modes half a
# gap; 3 bits of variant A 1/16 toward zero, B and C none.
"$BIN/rounding_bias" --formats e4m3 --regions distributions \
  --distributions uniform >bias.csv || fault 'bias'
figures bias <<'END_AWK'
BEGIN {
  want["rtz"] = -0.5; want["sr:3A"] = -0.0625; want["sr:8A"] = -1 / 512
}
{
  out = v("sign") == "+" ? 1 : -1 # away from zero
  w = v("mode") == "ru" ? out / 2 : v("mode") == "rd" ? -out / 2 : \
      want[v("mode")] + 0
  if (far(out * v("uniform_mean_error"), w, 1e-12)) print "theory", $0
  if (far(out * v("mean_error"), w, 2.3 * v("mean_error_ci95"))) print
  n++
}
END { if (n != 24) print n, "rows" }
END_AWK

# Between two neighbours: nearest modes at and beside the middle, in the
# normal, subnormal and lowest gaps; what lies above the greatest value.
figures rounding_bias <<'END_AWK'
v("fraction") == "" { next }
v("mode") == "rna" && v("fraction") == 0.5 && v("region") !~ /over/ {
  if (v("up_fraction") != 1) print
}
v("mode") == "rnz" && v("fraction") == 0.5 && v("up_fraction") != 0 { print }
v("mode") == "rne" && v("fraction") == 0.5 && v("region") == "sub_unit" {
  if (v("mean_error") != (v("sign") == "+" ? -0.5 : 0.5)) print
}
v("mode") == "rne" && v("fraction") > 0.5 && v("region") == "normal" {
  if (v("up_fraction") != 1) print
}
v("region") == "overflow_saturate" {
  n++
  if (v("mean_error") != (v("sign") == "+" ? -1 : 1) * v("fraction")) print
}
v("format") == "float16" && v("region") == "overflow_ieee" {
  # Inf from halfway on (IEEE 754 4.3.1), and by the random bits in sr.
  if (v("mode") == "rne" && v("up_fraction") != (v("fraction") >= 0.5)) print
  if (v("mode") == "sr" && far(v("up_fraction"), v("fraction"), 0.06)) print
}
END { if (n != 7 * 12 * 2 * 16) print n, "rows above the greatest value" }
END_AWK

# Stochastic rounding where it is not right on average.  2^-40 to E4M3 is 0
# with up to 29 bits (A and C: 30); the mean error above the greatest value is
# all of x's excess; the variance is v (1 - v) where the mean is right.
figures sr_unbiasedness <<'END_AWK'
v("region") == "dead_zone" && v("fraction") < 1e-7 && v("ups") != 0 { print }
v("format") == "float8_e4m3fn" && v("x") + 0 == 2 ^ -40 {
  dead++
  if (v("random_bits") > 0 && v("random_bits") <= 29 && \
      v("predicted_variance") != 0) print
}
v("region") == "overflow" && v("mean_error") != -v("fraction") { print }
v("unbiased") == 1 && v("region") != "overflow" {
  right++
  far_out += v("z_from_x") ^ 2 > 9
  if (far(v("variance"), v("exact_sr_variance"), 0.03)) print
}
# One bit of variant A at 1/8 and less never goes up.
v("random_bits") == 1 && v("variant") == "A" && v("fraction") < 0.5 {
  if (v("ups") != 0 || v("z_from_x") > 0) print
}
END {
  if (dead != 22) print dead, "rows of 2^-40"
  if (right < 200 || far_out > 5) print far_out, "of", right
}
END_AWK

# Small updates: rounding to nearest stalls, stochastic rounding does not; the
# harmonic series as published.
figures accumulate <<'END_AWK'
v("updates") != 4096 { next }
v("published_value") != "" {
  published++
  if (far(v("mean_value"), v("published_value"), 5e-5)) print
}
v("update") == "harmonic" { next }
v("mode") == "rne" && v("format") != "float16" {
  if (v("stalled_fraction") != 1 || v("gain_over_exact") > 0.1) print
}
v("mode") == "rne" && v("update") == "0x1p-12" && v("mean_value") != 1 { print }
v("mode") == "sr" { # only 2^-4 to E4M3, to 257 of 448, may saturate
  sr++
  by = v("format") == "float8_e4m3fn" && v("update") == "0x1p-4" ? 0.01 : 1e-9
  if (far(v("predicted_gain_over_exact"), 1, by)) print
  if (far(v("gain_over_exact"), 1, 0.06)) print
}
END {
  if (published != 2 || sr != 15) print published, "published", sr, "sr"
}
END_AWK

# ---- errors ------------------------------------------------------------------

one_line() {
  "$BIN/$@" >out 2>err && fault "$* succeeded"
  [ "$(wc -l <err)" = 1 ] || fault "$*: $(cat err)"
  [ ! -s out ] || fault "$*: printed something"
}
one_line rounding_bias --modes sr:99
one_line rounding_bias --regions nowhere
one_line rounding_bias --formats nf4
one_line rounding_bias --scale-rule big
one_line rounding_noise --formats uint8
one_line rounding_noise --formats e1m3
one_line sr_unbiasedness --modes rne
one_line accumulate --updates 1e-30
one_line accumulate --formats mxint8:2

# A tensor: 0.25 of the way from 1 to 2 in int4 at scale 1, of either sign.
npy t.npy '<f4' '(2,)' 00 00 a0 3f 00 00 a0 bf
"$BIN/rounding_bias" --tensor t.npy --formats int4 --modes 'rne ru' \
  --scale-rule fixed:1 | cut -d , -f 4-6,9,13 >tensor
cat >want <<'END_CSV'
region,mode,sign,samples,mean_error
t.npy,rne,+,1,-0.25
t.npy,rne,-,1,0.25
t.npy,ru,+,1,0.75
t.npy,ru,-,1,0.25
END_CSV
diff want tensor || fault 'a tensor'

finish
