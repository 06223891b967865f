#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The experiments on a language model, the reference model: model_perplexity,
# model_layers, model_context, model_sensitivity and model_outliers.
. "${srcdir:-.}/tests/experiments/common.sh"

# check FILE PROGRAM: awk over a CSV whose columns are at[NAME]; what it
# prints is wrong.
check() {
  awk -F , 'function far(what, got, want, most) {
    if (!(got <= want + most && got >= want - most))
      print what, got, "not", want
  }
  NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } '"$2" \
    "$1" >wrong || fault "$1: awk"
  [ ! -s wrong ] || fault "$1: $(head -n 5 wrong)"
}

cat >int4.plan <<'END'
linear weights=int4/g=group:32/rule=amax
END
echo 'residual step=bf16' >stream.plan
small='--windows 2 --length 16'
long='--windows 2 --length 140' # more than goes through the layers at once

tiny='--windows 3 --length 6'
# shellcheck disable=SC2086
{
  same_bytes model_perplexity $tiny --plans 'f32 stream.plan fp8-token' \
    --baseline f32
  same_bytes model_layers $tiny --plans 'f32 stream.plan'
  same_bytes model_context --windows 2 --length 70 \
    --stores 'kivi:2:32+window=32'
  same_bytes model_sensitivity $tiny --rules out=bf16
  same_bytes model_outliers $tiny
}

# What scripts/peers/model_bits.py (numpy, f64) gives of the same windows: as
# it is; with --int4 32; with --bf16-stream.  f32 as near as it is.
# shellcheck disable=SC2086
"$BIN/model_perplexity" $small --plans 'f64 f32 int4.plan stream.plan' \
  --baseline f32 >bits.csv || fault model_perplexity
check bits.csv '
{
  plan = $at["plan"]
  seen++
  far(plan " reference", $at["reference_bits"], 1.9338962279853138, 1e-12)
  far(plan " added", $at["added_bits"], $at["bits"] - $at["reference_bits"],
      1e-12)
  far(plan " perplexity", $at["perplexity"], exp($at["bits"] * log(2)), 1e-9)
}
plan == "f64" {
  if ($at["bits"] != $at["reference_bits"] || $at["kl"] != 0 ||
      $at["agreement"] != 1 || $at["logit_error"] != 0 ||
      $at["added_bits_ci95"] != 0) print "f64: not itself"
}
plan == "f32" {
  far("f32", $at["bits"], 1.9338962279853138, 1e-5)
  if (!($at["kl"] > 0 && $at["kl"] < 1e-9) || $at["agreement"] != 1)
    print "f32: " $at["kl"]
}
{ bits[plan] = $at["bits"]; kl[plan] = $at["kl"] }
plan ~ /int4/ {
  far("int4", $at["bits"], 2.1135930417640276, 1e-9)
  far("int4 kl", $at["kl"], 0.15520302875201558, 1e-9)
  far("int4 agreement", $at["agreement"], 0.84375, 1e-12)
}
plan ~ /stream/ {
  far("stream", $at["bits"], 1.9379712400602678, 1e-9)
  far("stream kl", $at["kl"], 0.00010164826435257714, 1e-12)
}
plan != "f64" {
  far("over bits", $at["bits_over_baseline"], bits[plan] - bits["f32"], 1e-12)
  far("over kl", $at["kl_over_baseline"], kl[plan] - kl["f32"], 1e-12)
}
END { if (seen != 4) print seen " rows" }'

# Its errors of the stream by depth, in all and of each layer alone.
# shellcheck disable=SC2086
"$BIN/model_layers" $small --plans 'f64 int4.plan' >layers.csv ||
  fault model_layers
# shellcheck disable=SC2086
"$BIN/model_layers" $long --plans stream.plan | tail -n +2 >>layers.csv ||
  fault model_layers
check layers.csv '
BEGIN {
  split("0 0.08611290883705926 0.1117115153174904 0.12905754160336066 " \
    "0.12665339637634593 0.14764794118346866 0.17721311505532553 " \
    "0.21168104767947074 0.23021621072943035 0 0.08611290883705926 " \
    "0.08153235571128131 0.0732760414979532 0.06001152886679576 " \
    "0.07171501962190444 0.07904399883056232 0.07838127100954055 " \
    "0.08069125948164226 0 0.002000138008152281 0.0027865483926259997 " \
    "0.0032904308244785492 0.0036595643680412807 0.004306779193629617 " \
    "0.005019240702501314 0.0058401497127964 0.006302305095584704 0 " \
    "0.002000138008152281 0.0021766851029833495 0.0022097855867887414 " \
    "0.0022348978320741435 0.002289121604775363 0.0023330748822123293 " \
    "0.002389930181269193 0.002211262764511819", want, " ")
}
{ plan = $at["plan"]; depth = $at["depth"]; seen++ }
plan == "f64" {
  if ($at["relative_error"] != 0 || $at["new_error"] != 0 ||
      $at["cosine"] != 1 || $at["snr_db"] != "INF") print "f64: " $0
}
plan != "f64" {
  from = plan ~ /int4/ ? 1 : 19
  far(plan " " depth, $at["relative_error"], want[from + depth], 1e-8)
  far(plan " new " depth, $at["new_error"], want[from + 9 + depth], 1e-8)
}
plan != "f64" && depth > 0 {
  far("dB", $at["snr_db"], -20 * log($at["relative_error"]) / log(10), 1e-9)
  a = $at["new_error"]; b = $at["inherited_error"]
  far("parts", $at["relative_error"] ^ 2,
      a * a + b * b + 2 * a * b * $at["new_inherited_cosine"], 1e-9)
  sum += (a * $at["stream_rms"]) ^ 2
  far("predicted", $at["predicted_error"] * $at["stream_rms"], sqrt(sum), 1e-9)
}
depth == 8 { sum = 0 }
END { if (seen != 27) print seen " rows" }'

# Bins partition what model_perplexity has whole.
# shellcheck disable=SC2086
"$BIN/model_context" $long --stores none --plans stream.plan \
  >context.csv || fault model_context
# shellcheck disable=SC2086
"$BIN/model_perplexity" $long --plans stream.plan \
  --baseline stream.plan >whole.csv || fault 'model_perplexity'
bits=$(awk -F , 'NR == 2 { print $5, $11 }' whole.csv)
check whole.csv '{
  far("bits", $at["bits"], 1.3965459040143147, 1e-8)
  far("kl", $at["kl"], 8.426116868409383e-05, 1e-10)
}'
check context.csv '
{
  n = $at["position_to"] - $at["position_from"] + 1
  bits += n * $at["bits"]; kl += n * $at["kl"]; all += n; seen++
}
END {
  split("'"$bits"'", want, " ")
  far("bits", bits / all, want[1], 1e-12)
  far("kl", kl / all, want[2], 1e-12)
  if (seen != 3 || all != 140) print seen " rows, " all
}'

# All of the model is all of it, whichever experiment asks.
# shellcheck disable=SC2086
"$BIN/model_sensitivity" $small --rules 'weights=int4/g=group:32/rule=amax' \
  >parts.csv || fault model_sensitivity
check parts.csv '
{
  kind = $at["kind"]; n[kind]++; parameters[kind] += $at["parameters"]
  share[kind] += $at["kl_share"]; saved[kind] += $at["bytes_saved"]
}
kind == "all" {
  far("kl", $at["kl"], 0.15520302875201558, 1e-9)
  far("added", $at["added_bits"], 2.1135930417640276 - 1.9338962279853138, 1e-9)
}
END {
  if (n["layer"] != 8 || n["place"] != 7 || n["all"] != 1) print "rows"
  for (k in n)
    if (parameters[k] != 5505024 || saved[k] != 5505024 * (16 - 5) / 8)
      print k, parameters[k], saved[k]
  far("layers", share["layer"], 1, 1e-12)
  far("places", share["place"], 1, 1e-12)
}'

# Kurtosis of what down multiplies, by the same script.
# shellcheck disable=SC2086
"$BIN/model_outliers" $long >outliers.csv || fault model_outliers
check outliers.csv '
BEGIN {
  split("227.29787506237852 133.94552641953447 131.4511108366256 " \
    "335.1036250551406 161.43930745627142 56.5514596923414 " \
    "50.34819764681113 76.517199811513", want, " ")
}
{ seen++ }
$at["place"] == "down" {
  far("kurtosis", $at["kurtosis"], want[$at["layer"] + 1], 1e-3)
  if ($at["channels"] != 640) print "channels"
}
{
  far("gain", $at["e4m3_gain_db"],
      $at["e4m3_tensor_snr_db"] - $at["int8_tensor_snr_db"], 1e-9)
  if ($at["tokens"] != 280) print "tokens"
}
END { if (seen != 33) print seen " rows" }'

# A model of another shape, whose tokens are no bytes: 6 heads, untied head.
tiny=$(cd "$here/../vectors/model/tiny" && pwd)
npy tokens.npy '<i4' '(12,)' 01 00 00 00 02 00 00 00 03 00 00 00 04 00 00 00 \
  05 00 00 00 06 00 00 00 07 00 00 00 08 00 00 00 09 00 00 00 0a 00 00 00 \
  0b 00 00 00 82 00 00 00
"$BIN/model_perplexity" --model "$tiny" --text tokens.npy --start none \
  --windows 2 --length 5 --plans f32 --baseline f32 >other.csv ||
  fault 'another model'
check other.csv '{
  if ($at["tokens"] != 10 || !($at["kl"] < 1e-9) || $at["agreement"] != 1)
    print $0
}'

# Text by tokenizer.json: one of bytes alone, in GPT-2's alphabet (bytes that
# print are themselves, the others 256 and up), gives what no tokenizer does.
reference=$here/../../models/reference
mkdir bpe outside
ln -s "$reference/config.json" "$reference/model.safetensors" bpe
ln -s "$reference/config.json" "$reference/model.safetensors" \
  outside
ln -s "$here/../vectors/tokenizer/llama3.json" outside/tokenizer.json
awk 'BEGIN {
  printf "{\"model\": {\"type\": \"BPE\", \"merges\": [], \"vocab\": {"
  for (i = 0; i < 256; i++) {
    prints = (i > 32 && i < 127) || (i > 160 && i != 173)
    printf "%s\"\\u%04x\": %d", i ? ", " : "", prints ? i : 256 + n++, i
  }
  print "}}, \"pre_tokenizer\": {\"type\": \"ByteLevel\",",
    "\"add_prefix_space\": false, \"use_regex\": false},",
    "\"decoder\": {\"type\": \"ByteLevel\"}}" }' >bpe/tokenizer.json
for folder in "$reference" bpe; do
  "$BIN/model_perplexity" --model "$folder" --text "$reference/heldout.txt" \
    --windows 2 --length 20 --plans f32 >"by.$(basename "$folder").csv" ||
    fault "$folder: text"
done
cmp by.reference.csv by.bpe.csv || fault 'a tokenizer of bytes is not bytes'

# What they refuse, in one line.
head -c 90 "$here/../../models/reference/heldout.txt" >short.txt
echo 'linear layers=7-8 weights=int8' >layer.plan
echo 'linear weights=int99' >quantizer.plan
mkdir empty
for wrong in 'perplexity --model nowhere' 'perplexity --model empty' \
  'perplexity --plans f63' 'layers --plans quantizer.plan' \
  'context --plans layer.plan' 'perplexity --text nowhere.txt' \
  'perplexity --text short.txt' \
  'layers --text short.txt --windows 1 --length 91' \
  'perplexity --reference f65' 'perplexity --baseline f65' \
  'perplexity --start 256' \
  'context --length 1' 'context --length 8193' 'layers --windows 0' \
  'layers --windows x' 'sensitivity --rules weights=int99' \
  'sensitivity --rules weights' 'context --stores int99' \
  'context --stores none' \
  'outliers --times 0' \
  'outliers --model nowhere' 'perplexity --text tokens.npy' \
  "perplexity --model outside --text $reference/heldout.txt" \
  "perplexity --model $tiny" "perplexity --model $tiny --text short.txt" \
  "perplexity --model $tiny --text tokens.npy --windows 3 --length 5"; do
  # shellcheck disable=SC2086
  "$BIN"/model_$wrong --quick >out 2>err
  [ $? = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] ||
    fault "$wrong: $(cat err)"
done
grep -q . err || fault 'nothing was refused'

finish
