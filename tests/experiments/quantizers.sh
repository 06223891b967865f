#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The experiments on quantizers: snr's quantizers, scale_rules, granularity,
# clipping and int_vs_float.
. "${srcdir:-.}/tests/experiments/common.sh"

# check FILE PROGRAM: awk over a CSV whose columns are at[NAME]; what it
# prints is wrong.
check() {
  awk -F , "NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next } $2" \
    "$1" >wrong || fault "$1: awk"
  [ ! -s wrong ] || fault "$1: $(cat wrong)"
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

# ---- scale_rules ----------------------------------------------------------

same_bytes scale_rules --quick --elements e2m1 --distributions \
  'gaussian laplace'

# The figures again, from formulas instead of profiles.
"$BIN/scale_rules" --full --elements e2m1 --distributions gaussian \
  --rules 'floor even rceil amax 4over6' >rules.csv || fault scale_rules
check rules.csv '
BEGIN {
  want["e8m0 floor 32"] = 18.79; want["e8m0 even 32"] = 19.03
  want["e8m0 rceil 32"] = 18.76; want["e4m3 amax 16"] = 20.43
  want["e4m3 4over6 16"] = 21.22
}
{
  key = $at["scale_format"] " " $at["scale_rule"] " " $at["group"]
  if (!(key in want)) next
  d = $at["snr_db"] - want[key]
  if (d > 0.05 || d < -0.05) print key, d
  seen++
}
END { if (seen != 5) print seen " figures, not 5" }'

# What must be: a search is no worse than the rules it has among its
# candidates, nor (of these numbers) Four Over Six than its two; ceil and rceil
# never clip; E8M0 and E4M3 cost 8 bits a group, f32 32.
"$BIN/scale_rules" --quick --distributions 'gaussian student_t3' >must.csv
check must.csv '
{
  scale = $at["scale_format"]; rule = $at["scale_rule"]
  set = $at["distribution"] " " $at["element"] " " $at["group"]
  snr[scale " " rule " " set] = $at["snr_db"]
  bits = ($at["element"] ~ /8/ ? 8 : $at["element"] ~ /6/ ? 6 : 4)
  bits += (scale == "float32" ? 32 : 8) / $at["group"]
  if (scale == "e4m3") bits += 32 / $at["samples"]
  if ($at["bits_per_element"] != bits) print NR, $at["bits_per_element"]
  if (rule ~ /ceil/ && $at["clipped_fraction"] > 0) print set " clips"
  if (rule == "4over6") four[set]
  sets[set]
}
END {
  split("floor ceil rceil even", name, " ")
  for (s in sets) {
    for (i in name)
      if (snr["e8m0 mse " s] < snr["e8m0 " name[i] " " s]) print name[i], s
    if (snr["float32 mse " s] < snr["float32 amax " s]) print "f32", s
    if (snr["e4m3 mse " s] < snr["e4m3 amax " s]) print "e4m3", s
  }
  for (s in four) {
    if (snr["e4m3 4over6 " s] < snr["e4m3 amax " s]) print "4over6", s
    if (snr["e4m3 4over6 " s] < snr["e4m3 static4 " s]) print "static4", s
  }
}'

# ---- granularity ----------------------------------------------------------

same_bytes granularity --quick --formats int4 --matrices 'gaussian both' \
  --granularities 'tensor channel group:32'

# Steps of s leave a noise of s^2 / 12 as long as they are fine (W. R. Bennett,
# 1948), so one scale for the tensor leaves the ordinary elements
#   20 log10(rms / (amax / 127)) + 10 log10(12) dB;
# and where every line with a gain has scales of its own, they lose nothing
# by it.
"$BIN/granularity" --formats int8 --channels 0.01:2:4 --tokens 0.02:3:3 \
  --shape 256x1024 >fine.csv || fault granularity
check fine.csv '
{
  key = $at["matrix"] " " $at["granularity"]
  snr[key] = $at["ordinary_snr_db"]
  want = 20 * log($at["ordinary_rms"] * 127 / $at["amax"]) / log(10) + \
         10 * log(12) / log(10)
  d = snr[key] - want
  if ($at["granularity"] == "tensor" && (d > 0.1 || d < -0.1)) print key, d
  n = 256 * 1024
  if ($at["matrix"] ~ /outlier|both/) n = n * (1024 - 10) / 1024
  if ($at["matrix"] ~ /token|both/) n = n * (256 - 5) / 256
  if ($at["ordinary_samples"] != n) print key, $at["ordinary_samples"]
}
END {
  d = snr["outlier_channels channel"] - snr["gaussian channel"]
  if (d > 0.05 || d < -0.05) print "channels: " d
  d = snr["token_spikes token"] - snr["gaussian token"]
  if (d > 0.05 || d < -0.05) print "tokens: " d
  if (!(snr["both tensor"] < snr["gaussian tensor"] - 6)) print "no outliers"
}'

# ---- clipping -------------------------------------------------------------

same_bytes clipping --quick --distributions 'gaussian uniform'

# Uniform numbers on (-1, 1) in steps of s up to m s < 1: the part beyond
# h = (m + 1/2) s is clipped, 1 - h; the noise of that is the integral of
# (x - m s)^2 from h to 1, of the part within s/2 of 0 that of x^2, (s/2)^3 / 3.
"$BIN/clipping" --distributions uniform --formats int4sym \
  --reaches '0.95 0.8 0.6 0.4' --scale-rules fixed:0.1 --full >uniform.csv ||
  fault clipping
check uniform.csv '
function far(what, got, want) {
  if (got > want * 1.01 + 1e-4 || got < want * 0.99 - 1e-4)
    print "row " NR ": " what " " got ", not " want
}
{
  s = $at["scale"]; m = 7; h = (m + 0.5) * s
  clipped = ((1 - m * s) ^ 3 - (s / 2) ^ 3) / 3
  noise = clipped + (2 * m + 1) * (s / 2) ^ 3 / 3
  if (h >= 1) next
  far("clipped", $at["clipped_fraction"], 1 - h)
  far("flushed", $at["flushed_fraction"], s / 2)
  far("noise of clipped", $at["clipped_noise_share"], clipped / noise)
  far("noise of flushed", $at["flushed_noise_share"], (s / 2) ^ 3 / 3 / noise)
  far("snr", $at["snr_db"], 10 * log(1 / 3 / noise) / log(10))
  seen++
}
END { if (seen != 4) print seen " rows, not 4" }'

# ---- int_vs_float ---------------------------------------------------------

same_bytes int_vs_float --quick --bits '3 4' --distributions 'gaussian laplace'

# The sample agrees with theory, and with the published figures, where there
# are any; e1m2 is an integer with a sign, from -7 to 7.
"$BIN/int_vs_float" --distributions gaussian --bits '4 8' --full \
  --granularities tensor >ivf.csv || fault int_vs_float
check ivf.csv '
BEGIN {
  want["int8"] = 40.57; want["int4"] = 19.26; want["float4_e2m1fn"] = 18.97
  want["e2m1f"] = 18.97; want["e1m2f"] = 18.90
}
{
  d = $at["snr_db"] - $at["theory_snr_db"]
  if (d > 2.5 * $at["snr_db_ci95"] || d < -2.5 * $at["snr_db_ci95"])
    print $at["format"] " is off theory by " d
  if (!($at["format"] in want)) next
  d = $at["snr_db"] - want[$at["format"]]
  if (d > 0.05 || d < -0.05) print $at["format"], d
  seen++
}
END { if (seen != 4) print seen " figures, not 4" }'

# The differences, found again.
"$BIN/int_vs_float" --quick --bits '4 5' >margins.csv
check margins.csv '
{
  key = $at["distribution"] " " $at["bits"] " " $at["granularity"]
  snr = $at["snr_db"]
  if ($at["format"] ~ /^int/) integer[key] = snr
  d = snr - integer[key] - $at["over_integer_db"]
  if (d > 1e-9 || d < -1e-9) print key ": over_integer_db"
  if (!(key in best) || snr > best[key]) {
    second[key] = best[key]; best[key] = snr
  } else if (snr > second[key]) second[key] = snr
  if ($at["margin_db"] > 0) margin[key] = $at["margin_db"]
}
END {
  for (k in best) {
    d = best[k] - second[k] - margin[k]
    if (d > 1e-9 || d < -1e-9) print k ": margin " margin[k]
  }
}'

# What they refuse, in one line.
for wrong in 'snr --quantizers mxfp5' 'scale_rules --groups x' \
  'scale_rules --rules best' \
  'scale_rules --elements e9' 'granularity --channels 2:1:1' \
  'granularity --shape 4' 'granularity --matrices square' \
  'clipping --reaches 0' 'int_vs_float --bits 9'; do
  # shellcheck disable=SC2086
  "$BIN"/$wrong --quick >out 2>err
  [ $? = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] || fault "$wrong"
done

finish
