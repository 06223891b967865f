#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# experiments/code_pairs and ulp_histogram: every row against a second
# description of the instructions, in f64; counts that add up, and that the
# parameters alone decide the bytes.
. "${srcdir:-.}/tests/experiments/common.sh"

same_bytes code_pairs --quick
same_bytes_seeded ulp_histogram --quick --data normal --rows 8 --lengths 96

# Worked by hand.  7 2^-9 times -9 2^-9 beside 1: 63 2^-18, of which wgmma keeps
# 2^-13, one of 1.97; the exact sum's last place in f32 is 2^-24.  Beside 65536
# it keeps multiples of 2^3, and mma.sync of 2^-9: nothing of that.
"$BIN/code_pairs" >all.csv || fault 'code_pairs'
for row in \
  'wgmma.m64n8k32.f32.e4m3.e4m3,measured,1,7,137,.*,0.9998779296875,1984' \
  'wgmma.m64n8k32.f32.e4m3.e4m3,measured,65536,7,137,.*,65536,0.06152343750*' \
  'mma.m16n8k32.f32.e4m3.e4m3.f32,measured,1,7,137,.*,0' \
  'exact,,65536,7,137,.*,65536,65536,0.06152343750*'; do
  grep -q ",$row\$" all.csv || fault "not in code_pairs: $row"
done

# All rows.  Products' exponents are the sums of their operands': of E4M3 no
# less than -6 each for wgmma, of f16, which has none of E4M3's subnormals, as
# they are (emu/records.c; MMA-Sim, arXiv:2511.10909).
cat >awk <<'END'
function decode(code,  sign, e, m) {
  sign = code >= 128 ? -1 : 1
  code %= 128
  e = int(code / 8)
  m = code % 8
  return sign * (e ? (8 + m) * 2 ^ (e - 10) : m * 2 ^ -9)
}
function size(x) { return x < 0 ? -x : x }
function exponent(x,  e) {
  x = size(x)
  for (e = 0; x >= 2; e++) x /= 2
  for (; x < 1; e--) x *= 2
  return e
}
function least(e, floor) { return e < floor ? floor : e }
function cut(x, unit) { return int(x / unit) * unit }
# c + a b with terms cut at 2^(E-F), then the sum to `bits` bits.
function fdpa(c, a, b, floor, F, bits,  ea, eb, ec, E, sum) {
  ea = least(exponent(a), floor)
  eb = least(exponent(b), floor)
  ec = exponent(c)
  E = ea + eb > ec ? ea + eb : ec
  sum = cut(c, 2 ^ (E - F)) + cut(a * b, 2 ^ (E - F))
  return sum == 0 ? 0 : cut(sum, 2 ^ (exponent(sum) - bits + 1))
}
BEGIN { FS = "," }
NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
  c = $at["companion"]; a = decode($at["a_code"]); b = decode($at["b_code"])
  exact = c + a * b
  if (a != $at["a"] || b != $at["b"] || exact != $at["exact"])
    print "row " $1 ": other numbers"
  name = $at["instruction"]
  unit = exact == 0 ? 1 : 2 ^ (exponent(exact) - 23)
  error = $at["error_ulp"]
  if (name ~ /^wgmma/) want = fdpa(c, a, b, -6, 13, 14)
  else if (name ~ /^mma/) want = fdpa(c, a, b, -100, 25, 24)
  else {
    want = $at["rounded"]
    if (size(error) > 0.5) print "row " $1 ": rounded by " error
  }
  if ($at["result"] != want)
    print "row " $1 ": " $at["result"] ", expected " want
  if (size(error * unit - (want - exact)) > 1e-9 * unit)
    print "row " $1 ": error " error
  seen[name]++
}
END { for (name in seen) rows += seen[name] == 8064; if (rows != 3) print rows }
END
LC_ALL=C awk -f awk all.csv >wrong
[ ! -s wrong ] || fault "$(head -n 3 wrong)"

# Histograms: each series adds up; the exact sum is in the middle; wgmma of
# positive numbers only loses; bins follow each other.
"$BIN/ulp_histogram" --quick --accumulators \
  'exact f32-rne hopper-wgmma hopper-wgmma-promote-128' >bins.csv ||
  fault 'ulp_histogram'
cat >awk <<'END'
BEGIN { FS = "," }
NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
  key = $at["operands"] " " $at["data"] " " $at["accumulator"]
  n = $at["count"]; b = $at["bin"]
  sum[key] += n; part[key] += $at["fraction"]
  outputs[key] = $at["outputs"] - $at["nonfinite"]
  if (n && b && $at["accumulator"] == "exact") print key ": an error"
  if (n && b > 0 && key ~ /e4m3 positive hopper-wgmma$/) print key ": outward"
  if (b > -32 && $at["bin_low"] != high + 1) print key ", " b ": a gap"
  high = $at["bin_high"]
  if (b == 0 && (high != 0 || $at["bin_low"] != 0)) print key ": no middle"
}
END {
  for (key in sum) {
    if (sum[key] != outputs[key] || outputs[key] != 1024) print key, sum[key]
    if (part[key] < 1 - 1e-9 || part[key] > 1 + 1e-9) print key, part[key]
    keys++
  }
  if (keys != 28) print keys " series"
}
END
LC_ALL=C awk -f awk bins.csv >wrong
[ ! -s wrong ] || fault "$(head -n 3 wrong)"

# NAME TEXT ARGUMENT...: refused with that text.
refuses() {
  name=$1 text=$2
  shift 2
  "$BIN/$name" "$@" >../out 2>../err
  [ $? = 2 ] && [ ! -s ../out ] && [ "$(wc -l <../err)" = 1 ] &&
    grep -qF -- "$text" ../err || fault "$name $*: $(cat ../err)"
}
refuses code_pairs 'expected exact or GPU:NAME' --instructions wgmma
refuses code_pairs "h2000" \
  --instructions h2000:wgmma.m64n8k32.f32.e4m3.e4m3
refuses code_pairs 'expected operands in e4m3' \
  --instructions h200:wgmma.m64n8k32.f32.e5m2.e4m3
refuses code_pairs 'expected the square of an E4M3 value' --companions '1 2'
refuses code_pairs "--step '0': expected" --step 0
refuses ulp_histogram "did you mean 'f32-rne'" --accumulators f32-rn
refuses ulp_histogram "--rows '5000': expected" --rows 5000

finish
