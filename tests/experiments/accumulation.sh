#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# experiments/accumulation, accumulator_width and promotion_interval: an
# H200's own figures, what theory says of growth, and that nothing but the
# seed and the parameters decides the bytes.
. "${srcdir:-.}/tests/experiments/common.sh"
vectors=$here/../vectors/h200

few='--quick --rows 4 --repetitions 2 --data positive'
# shellcheck disable=SC2086
{
  same_bytes_seeded accumulation $few --lengths '32 256 96 512'
  same_bytes_seeded accumulator_width $few --lengths '96 256'
  same_bytes_seeded promotion_interval $few --lengths '160 512'
}

# Somebody's own weights: 8 rows of 96.
npy w.npy '<f4' '(8, 96)' $(awk 'BEGIN {
  for (i = 0; i < 768; i++) print i % 7 ? "00 00 80 3f" : "00 00 c0 bf" }')
own='--quick --tensor w.npy --rows 4 --repetitions 2 --operands e4m3'
# shellcheck disable=SC2086
for name in accumulation accumulator_width promotion_interval; do
  same_bytes_seeded $name $own
  grep -q ',normal w.npy,' one.csv || fault "$name: no weights"
  "$BIN/$name" $own --lengths 128 2>err
  [ $? = 2 ] && grep -q 'rows of 96' err || fault "$name: K beyond the rows"
  "$BIN/$name" $own --repetitions 3 2>err
  [ $? = 2 ] && grep -q '8 rows, expected' err || fault "$name: too few rows"
done

# An accumulator's rows do not depend on which others are asked for.
"$BIN/accumulation" --quick --lengths 512 --operands e4m3 >all.csv
"$BIN/accumulation" --quick --lengths 512 --operands e4m3 \
  --accumulators 'ada-mma' | grep ada-mma | cut -d , -f 2- >alone
grep ,ada-mma, all.csv | cut -d , -f 2- | cmp alone - ||
  fault 'accumulators see different numbers'

# SEED ACCUMULATOR: one captured product of 64 x 64 x 4096, all positive.
captured() {
  "$BIN/accumulation" --seed "$1" --operands e4m3 --data positive \
    --rows 64 --lengths 4096 --repetitions 1 --accumulators "$2"
}
# COLUMN FILE: its value in the first row.
value() {
  awk -F , -v name="$1" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR == 2 { print $at[name] }' "$2"
}
# FIGURE EXPECTED WITHIN
near() {
  awk -v x="$1" -v y="$2" -v d="$3" 'BEGIN { exit !(x > y - d && x < y + d) }'
}
captured 1054 hopper-wgmma >fast.csv || fault 'fast accumulation'
captured 1056 hopper-wgmma-promote-128 >slow.csv || fault 'promotion'
# Issue 5: what the H200 gave on these inputs.
near "$(value relative_frobenius fast.csv)" 7.1e-2 0.3e-2 ||
  fault "fast: $(value relative_frobenius fast.csv)"
near "$(value relative_frobenius slow.csv)" 6.5e-4 0.4e-4 ||
  fault "promoted: $(value relative_frobenius slow.csv)"
# The same bits: the digests that were captured with the outputs.
if command -v xz >/dev/null; then
  xz -dc "$vectors/gemm.captured.xz" | LC_ALL=C awk '
    $1 == "seed" && ($2 == 1054 || $2 == 1056) { seed = $2 }
    $1 == "digest" && seed { print seed, $2; seed = 0 }' >digests
  printf '1054 %s\n1056 %s\n' "$(value digest fast.csv)" \
    "$(value digest slow.csv)" | cmp digests - ||
    fault 'not the bits of the GPU'
else
  echo 'xz is missing: the digests are those of tests/check_sums.c alone'
fi
# promotion_interval says the same of the same inputs.
"$BIN/promotion_interval" --seed 1056 --operands e4m3 --data positive \
  --rows 64 --lengths 4096 --repetitions 1 >interval.csv || fault 'intervals'
grep -q ",4096,measured,128,31,.*$(value digest slow.csv)" interval.csv ||
  fault 'promotion_interval is not accumulation'

# Growth on positive numbers: about K^1/2 to nearest, about K^1 toward zero;
# the square root of K bounds the one and not the other.  Nothing passes its
# worst-case bound.
lengths='256 512 1024 2048 4096 8192 16384 32768 65536 131072'
"$BIN/accumulation" --operands bf16 --data positive \
  --accumulators 'f32-rne f32-rz' --lengths "$lengths" >growth.csv ||
  fault 'growth'
"$BIN/accumulation" --quick --lengths '32 64 256 1024' >bounds.csv ||
  fault 'bounds'
cat >awk <<'END'
BEGIN { FS = "," }
FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{ name = $at["accumulator"]; e = $at["relative_frobenius"] }
$at["statistic"] == "error" && $at["nonfinite"] == 0 {
  errors++
  if ($at["worst_case_bound"] != "INF" && e > $at["worst_case_bound"] + 0)
    print name, $at["k"] ": beyond the worst case"
}
FILENAME == "growth.csv" && $at["statistic"] == "error" && $at["k"] >= 1024 {
  if ((name == "f32-rne") != (e < $at["probabilistic_bound"] + 0))
    print name, $at["k"] ": the probabilistic bound is wrong"
}
FILENAME == "growth.csv" && $at["statistic"] == "growth" {
  b = $at["growth_exponent"]; ci = $at["growth_exponent_ci95"]
  want = name == "f32-rne" ? 0.5 : 1
  if (b < want - 0.15 || b > want + 0.15 || ci > 0.2)
    print name ": grows as K^" b " +-" ci
  growths++
}
END { if (growths != 2 || errors < 100) print growths, errors, "rows" }
END
awk -f awk growth.csv bounds.csv >wrong
[ ! -s wrong ] || fault "$(cat wrong)"

# Widths: an error halves with a bit, so that a tenth takes 3 or 4; more bits
# are needed toward zero than to nearest, and never more than the worst case
# says.
"$BIN/accumulator_width" --quick --operands bf16 --data positive \
  --blocks 1 --lengths 1024 --repetitions 4 >width.csv || fault 'widths'
cat >awk <<'END'
BEGIN { FS = "," }
NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
  bits = $at["fraction_bits"]; mode = $at["rounding"]; t = $at["target"]
  if ($at["relative_frobenius"] > t || $at["relative_frobenius_narrower"] <= t)
    print mode, t ": not the least width"
  if ($at["worst_case_bits"] != "" && bits > $at["worst_case_bits"])
    print mode, t ": beyond the worst case"
  if (last == mode && (bits < before + 2 || bits > before + 5))
    print mode, t ": " bits " bits after " before
  before = bits; last = mode
  if (mode == "rne") rne[t] = bits
  else if (bits <= rne[t]) print t ": no more bits toward zero"
  rows++
}
END { if (rows != 8) print rows, "rows" }
END
awk -f awk width.csv >wrong
[ ! -s wrong ] || fault "$(cat wrong)"

# NAME TEXT ARGUMENT...: refused with that text.
refuses() {
  name=$1 text=$2
  shift 2
  "$BIN/$name" "$@" >../out 2>../err
  [ $? = 2 ] && [ ! -s ../out ] && [ "$(wc -l <../err)" = 1 ] &&
    grep -qF -- "$text" ../err || fault "$name $*: $(cat ../err)"
}
refuses accumulation "did you mean 'f32-rne'" --accumulators f32-rn
refuses accumulation 'expected e4m3' --operands s8
refuses accumulation 'expected normal' --data gaussian
refuses accumulation "--lengths '0': expected" --lengths 0
refuses accumulation "--lengths '12x': expected" --lengths 12x
refuses accumulation "--rows '5000': expected" --rows 5000
refuses accumulation '--data: expected a name' --data ' '
refuses accumulation "--lambda '-1': expected" --lambda -1
refuses accumulator_width "--blocks '300': expected" --blocks 300
refuses accumulator_width "--targets '2': expected" --targets 2
refuses promotion_interval "--lambda 'x': expected" --lambda x

finish
