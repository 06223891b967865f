#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The roofline against closed forms, and the ledger of claims: the same bytes,
# verdicts that follow from their evidence, and commands that give its figures.
. "${srcdir:-.}/tests/experiments/common.sh"

same_bytes roofline --gpus 'h100 4090' --models llama-3-8b --batches '1 64'
same_bytes claims --quick --sections '3.7 6.5 10.9'

# ---- the roofline again, from the shapes and the data sheets ----------------

# Weights of Llama-3-70B: 80 layers of q, o 8192^2, k, v 8192 x 1024, gate, up,
# down 8192 x 28672; embedding and lm_head 128256 x 8192; 161 norms.  H100:
# 3.35 TB/s, 989.5 and 1979 TFLOPS dense; A100: 2.039 TB/s, 312, 624 (INT8).
# Scales: 16 bits for 128 weights; 32 bits a row of 8192 (28672) weights.
"$BIN/roofline" --gpus 'a100 h100' --models llama-3-70b --contexts 4096 \
  --schemes 'bf16 w4a16 w8a8-fp8 w8a8-int8' --batches '1 32 512' \
  --kv 'bf16 e4m3/g=token/scale=float32' --overhead 0.25 >roof.csv ||
  fault roofline
awk -F , '
function far(name, want) {
  if ($at[name] - want > 1e-9 * want || want - $at[name] > 1e-9 * want)
    print "row " NR ": " name " " $at[name] ", not " want
}
function longer(a, b) { return a > b ? a : b }
NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
  rows++
  wide = 2 * 8192 * 8192 + 2 * 8192 * 1024 + 2 * 8192 * 28672
  down = 8192 * 28672
  layers = 80 * (wide + down); ends = 128256 * 8192
  scheme = $at["scheme"]; gpu = $at["gpu"]; kv = $at["kv"]; b = $at["batch"]
  a100 = gpu == "a100"
  bandwidth = a100 ? 2.039e12 : 3.35e12; bf16 = a100 ? 312e12 : 989.5e12
  bytes = 2 * layers; rate = bf16
  if (scheme == "w4a16") { bytes = layers * 4.125 / 8; rate = bf16 / 1.25 }
  if (scheme ~ /^w8a8/) {
    bytes = layers + 80 * (wide / 8192 + down / 28672) * 4
    rate = a100 ? 624e12 : 1979e12
    if (a100 && scheme == "w8a8-fp8") rate = bf16 / 1.25
  }
  far("weight_bits", 8 * bytes / layers)
  far("weight_bytes", bytes + 4 * ends + 2 * 161 * 8192)
  token = 2 * 80 * 8 * 128 * (kv == "bf16" ? 2 : 1 + 4 / 128)
  cache = b * 4096 * token
  far("kv_bytes", cache)
  fits = bytes + 4 * ends + 2 * 161 * 8192 + cache <= 80e9
  if ($at["fits"] != fits) print "row " NR ": fits"
  prefill = $at["phase"] == "prefill"
  tokens = prefill ? b * 4096 : b
  pairs = prefill ? 4096 * 4097 / 2 : 4096
  linear = 2 * tokens * layers
  attention = 4 * b * pairs * 80 * 8192
  moved = b * (4096 + (prefill ? 4096 : 1)) * token
  head = 2 * b * ends; headed = 2 * ends + 2 * tokens * 8192
  time = longer(linear / rate, bytes / bandwidth) + \
         longer(attention / bf16, moved / bandwidth) + \
         longer(head / bf16, headed / bandwidth)
  far("time_s", time)
  far("flops", linear + attention + head)
  far("bytes", bytes + moved + headed)
  far("linear_intensity", linear / bytes)
  far("tokens_per_s", tokens / time)
  if (scheme == "bf16" && kv == "bf16") {
    base[gpu, b, prefill] = time
    single[gpu, b, prefill] = longer(linear / rate, bytes / bandwidth)
  }
  far("speedup", base[gpu, b, prefill] / time)
  far("linear_speedup", single[gpu, b, prefill] / \
      longer(linear / rate, bytes / bandwidth))
  # where W4A16 has lost what it gained: bytes of BF16 = its operations
  if (scheme == "w4a16") far("crossover_tokens", bf16 / 1.25 / bandwidth)
  else if (scheme == "w8a8-int8" && $at["crossover_tokens"] != "")
    print "row " NR ": INT8 is always faster"
  if ($at["native"] != !(a100 && scheme == "w8a8-fp8")) print "row " NR
}
END { if (rows != 2 * 2 * 4 * 2 * 3) print rows " rows" }' roof.csv >wrong
[ ! -s wrong ] || fault "$(head -n 20 wrong)"

# ---- the ledger -------------------------------------------------------------

"$BIN/claims" --quick >ledger.csv || fault claims
cat >csv.awk <<'END_AWK'
# The fields of a line with quotes (RFC 4180) into f; their number.
function cut(line, f,    n, c, field, quoted, i) {
  n = 1; field = ""; quoted = 0
  for (i = 1; i <= length(line); i++) {
    c = substr(line, i, 1)
    if (c == "\"") {
      if (quoted && substr(line, i + 1, 1) == "\"") { field = field c; i++ }
      else quoted = !quoted
    } else if (c == "," && !quoted) { f[n++] = field; field = "" }
    else field = field c
  }
  f[n] = field
  return n
}
END_AWK

# A verdict is what its evidence says; a cited row has no figure; all have
# a method and a command; 75 claims at least, of which most are tested.
cat csv.awk - >verdicts.awk <<'END_AWK'
{ n = cut($0, f) }
NR == 1 { for (i = 1; i <= n; i++) at[f[i]] = i; width = n; next }
{
  id = f[at["id"]]; said = f[at["verdict"]]; text = f[at["evidence"]]
  if (n != width) print id ": " n " fields"
  yes = gsub(/: yes\)/, "", text); no = gsub(/: no\)/, "", text)
  want = yes + no == 0 ? "not testable here" : no == 0 ? "holds" : \
         yes == 0 ? "does not hold" : "conditional"
  if (said != want) print id ": " said ", not " want
  if (f[at["agree"]] != yes || f[at["probes"]] != yes + no) print id ": counts"
  if ((f[at["ours"]] == "") != (yes + no == 0)) print id ": ours"
  if ((f[at["kind"]] == "cited") != (f[at["formula"]] == "")) print id ": kind"
  if (f[at["method"]] == "" || f[at["source"]] == "") print id ": method"
  if (f[at["command"]] !~ /^ulplab run /) print id ": command"
  if (f[at["kind"]] == "measured") {
    measured++
    if (f[at["command"]] ~ /run claims/) print id ": no command"
  }
  rows++; count[said]++
}
END {
  if (rows < 75) print rows " rows"
  if (measured < 20) print measured " measured"
  if (count["not testable here"] > rows / 4) print "too few tested"
}
END_AWK
awk -f verdicts.awk ledger.csv >wrong
[ ! -s wrong ] || fault "$(head -n 20 wrong)"

# The page counts them the same, and its filters show as many rows.
cat csv.awk - >count.awk <<'END_AWK'
{ n = cut($0, f) }
NR == 1 { for (i = 1; i <= n; i++) at[f[i]] = i }
f[at["verdict"]] == want { rows++ }
END { print rows + 0 }
END_AWK
mkdir page
cp ledger.csv page/claims.csv
"$ULPLAB" report page >/dev/null || fault 'no page'
tr '\n' ' ' <page/index.html | sed 's/<tr/\n<tr/g; s/<div class="card"/\n&/g' >flat
for kind in 'holds holds' 'conditional conditional' 'fails does not hold' \
  'untested not testable here'; do
  id=${kind%% *} verdict=${kind#* }
  n=$(awk -v want="$verdict" -f count.awk ledger.csv)
  grep -qF "<b>$n</b><span>$verdict</span>" flat || fault "page: $n $verdict"
  [ "$(grep -c "^<tr class=\"$id\"" flat)" = "$n" ] || fault "rows: $verdict"
done

# Verdicts of which the reason is known otherwise.
cat csv.awk - >known.awk <<'END_AWK'
{ n = cut($0, f) }
NR == 1 { for (i = 1; i <= n; i++) at[f[i]] = i; next }
{
  ours[f[at["id"]]] = f[at["ours"]] + 0
  verdict[f[at["id"]]] = f[at["verdict"]]
}
function claim(id, said, low, high) {
  if (verdict[id] != said || ours[id] < low || ours[id] > high)
    print id ": " verdict[id] ", " ours[id]
}
END {
  claim("1", "does not hold", 989, 990)
  claim("12", "does not hold", 0.25, 0.25)
  claim("14", "holds", 4.25, 4.25)
  claim("19", "does not hold", 40.2, 41.1)    # Max: 40.57 dB
  claim("20", "does not hold", 18.9, 19.6)    # Max: 19.26 dB
  claim("22", "conditional", -9.5, -8.5)      # 31.56 - 40.57
  claim("31", "does not hold", 85.8, 86)
  claim("34", "holds", 3.93, 3.95)
  claim("38", "does not hold", 4, 4)
  claim("41", "holds", 100, 1e9)
  claim("43", "holds", 0.22, 0.28)
  claim("55", "does not hold", 0.0417, 0.0477) # sqrt(80) / 200 = 0.0447
  claim("63", "does not hold", 35, 40)
  claim("69", "does not hold", 0.9, 1.1)
}
END_AWK
awk -f known.awk ledger.csv >wrong
[ ! -s wrong ] || fault "$(cat wrong)"

# The commands that the ledger prints give its figures, digit by digit: of the
# rows whose figure is one cell.
cat csv.awk - >pick.awk <<'END_AWK'
{ n = cut($0, f) }
NR == 1 { for (i = 1; i <= n; i++) at[f[i]] = i; next }
f[at["id"]] == id {
  split(f[at["command"]], command, " && ")
  formula = f[at["formula"]]
  if (formula !~ /^\[run [^]]*\]$/) exit 1
  split(substr(formula, 2, length(formula) - 2), part, " *[|] *")
  print command[1] >"command"
  print part[2] >"where"
  print part[3] >"what"
  print f[at["ours"]] >"ours"
}
END_AWK
cat csv.awk - >cell.awk <<'END_AWK'
{ n = cut($0, f) }
NR == 1 {
  for (i = 1; i <= n; i++) at[f[i]] = i
  split(what, w, " ")
  conditions = split(where, condition, " ")
  next
}
{
  for (i = 1; i <= conditions; i++) {
    split(condition[i], pair, "=")
    value = substr(condition[i], length(pair[1]) + 2)
    if (f[at[pair[1]]] != value) next
  }
  x = f[at[w[1]]]
  if (!found++ || w[2] == "max" && x + 0 > best + 0) best = x
}
END { print best }
END_AWK
for id in 4 11 19 20 40 55 sr-needed tensor-outlier; do
  rm -f command where what ours
  if ! awk -v id="$id" -f pick.awk ledger.csv || [ ! -s command ]; then
    fault "claim $id: its figure is not one cell"
    continue
  fi
  sed "s|^ulplab |'$ULPLAB' |" command >program
  sh program >again.csv || fault "claim $id: $(cat command)"
  awk -v where="$(cat where)" -v what="$(cat what)" -f cell.awk again.csv |
    cmp - ours || fault "claim $id: not its figure"
done

# ---- what they refuse, in one line ------------------------------------------

refused() {
  "$BIN/$@" >out 2>err
  [ $? = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] || fault "$*"
}
refused claims --ids '19 190'
refused claims --sections 99
refused roofline --gpus v100
refused roofline --models llama-9
refused roofline --phases train
refused roofline --contexts 0
refused roofline --batches 1.5
refused roofline --schemes w3a16
refused roofline --schemes int3+f16
refused roofline --schemes int3/g=group:0+bf16
refused roofline --kv e4m9x
refused roofline --overhead -1
refused roofline --gpus ''

finish
