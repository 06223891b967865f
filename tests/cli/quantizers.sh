#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Quantizers on the command line: every row of the list there and back, the
# options that say what a text says, packing, threads, and what is refused.
. "${srcdir:-.}/tests/cli/common.sh"

# 8 x 128 numbers from 2^-4 to 2^4, of either sign, with a row of zeros.
numbers() {
  awk 'BEGIN {
    for (x = 7; n < 896; n++) {
      x = x * 16807 % 2147483647
      printf "%02x %02x %02x %02x ", x % 256, int(x / 256) % 256,
        128 * (int(x / 65536) % 2) + int(x / 131072) % 128,
        61 + int(x / 16777216) % 4 + 128 * (int(x / 1048576) % 2)
    }
    for (; n < 1024; n++) printf "00 00 00 00 "
  }'
}
# shellcheck disable=SC2046
npy x.npy '<f4' '(8, 128)' $(numbers)

# Every row: three outputs on any number of threads; dequantize gives what
# --dequant wrote.
"$ULPLAB" quantizers >list.csv || fault quantizers
sed 1d list.csv | cut -d, -f1,2 | tr , @ | grep -v '@ggml$' >names
[ "$(wc -l <names)" -ge 40 ] || fault "quantizers: $(wc -l <names) rows"
while read -r name; do
  extra= back=
  case $name in *affine*) extra='--zero-points z.npy' back=$extra ;; esac
  case $name in
    *double*)
      extra='--nested-scales t.npy --scale-offset o.npy' back=$extra
      ;;
  esac
  if "$ULPLAB" quantize --to "$name" --in x.npy --out q.npy \
    --global-scale g.npy >/dev/null 2>&1; then
    extra="$extra --global-scale g.npy" back="$back --global-scale g.npy"
  fi
  for threads in 1 3; do
    # shellcheck disable=SC2086
    "$ULPLAB" quantize --to "$name" --in x.npy --out q$threads.npy \
      --scales s$threads.npy --dequant y$threads.npy $extra \
      --threads $threads || fault "quantize --to $name"
  done
  for file in q s y; do
    cmp ${file}1.npy ${file}3.npy || fault "$name: threads change $file"
  done
  # shellcheck disable=SC2086
  "$ULPLAB" dequantize --from "$name" --in q1.npy --scales s1.npy $back \
    --out w.npy || fault "dequantize --from $name"
  cmp y1.npy w.npy || fault "$name: dequantize is not --dequant"
done <names

# Blocks that hold their scales: bytes, and back.
sed 1d list.csv | grep ',ggml,' >ggml
[ "$(wc -l <ggml)" -ge 15 ] || fault "ggml: $(wc -l <ggml) rows"
# shellcheck disable=SC2046
npy x256.npy '<f4' '(4, 256)' $(numbers)
while IFS=, read -r name _ _ group _ bits _; do
  exits 0 "$ULPLAB" quantize --to "$name@ggml" --in x256.npy --out q.npy \
    --dequant y.npy
  size=$(awk -v b="$bits" 'BEGIN { print 128 + 1024 * b / 8 }')
  [ "$(wc -c <q.npy)" = "$size" ] || fault "$name: $(wc -c <q.npy), not $size"
  exits 0 "$ULPLAB" dequantize --from "$name" --profile ggml --in q.npy \
    --out w.npy
  cmp y.npy w.npy || fault "$name: dequantize is not --dequant"
done <ggml

# Options say what a text says.
same() { # TEXT OPTION...
  text=$1
  shift
  exits 0 "$ULPLAB" quantize --to "$text" --in x.npy --out q1.npy \
    --scales s1.npy
  exits 0 "$ULPLAB" quantize "$@" --in x.npy --out q2.npy --scales s2.npy
  cmp q1.npy q2.npy && cmp s1.npy s2.npy || fault "$text is not $*"
}
same nvfp4@te --to nvfp4 --profile te
same mxfp4@torchao/rule=even --to mxfp4 --profile torchao --scale-rule even
same int4/g=group:32/rule=mse --to int4 --granularity group:32 --scale-rule mse
same int8/g=token --to int8 --granularity token
same int8/g=channel/axis=1 --to int8 --granularity channel --axis 1
same e2m1/g=tile:4x8/scale=e4m3 --to e2m1 --granularity tile:4x8 \
  --scale-format e4m3
same mxfp8/round=sr/seed=3 --to mxfp8 --round sr --seed 3
same mxfp8/special=cuda --to mxfp8 --profile cuda

# Packed: the same codes; half the bytes.
exits 0 "$ULPLAB" quantize --to mxfp4 --in x.npy --out q.npy --scales s.npy \
  --dequant y.npy
exits 0 "$ULPLAB" quantize --to mxfp4 --in x.npy --out p.npy --packed
[ "$(wc -c <p.npy)" = $((128 + 512)) ] || fault "--packed: $(wc -c <p.npy)"
exits 0 "$ULPLAB" dequantize --from mxfp4 --in p.npy --packed --scales s.npy \
  --out w.npy
cmp y.npy w.npy || fault "--packed: other values"

# Refused, in one line, with nothing left behind.
npy nan.npy '<f4' '(1, 32)' 00 00 c0 7f $(repeat() {
  i=0; while [ $i -lt 124 ]; do printf '00 '; i=$((i + 1)); done; }; repeat)
npy odd.npy '<f4' '(1, 3)' 00 00 80 3f 00 00 80 3f 00 00 80 3f
npy s3.npy '|u1' '(3,)' 00 00 00
refuse() { # WORD ARGUMENT...
  word=$1
  shift
  rm -f o.npy
  "$ULPLAB" "$@" --out o.npy >../out 2>../err
  status=$?
  [ $status = 2 ] && [ "$(wc -l <../err)" = 1 ] && [ ! -s ../out ] &&
    [ ! -e o.npy ] && grep -q -- "$word" ../err ||
    fault "$*: exit status $status, $(cat ../err)"
}
refuse 'expected paper' quantize --to nvfp4@foo --in x.npy
refuse 'expected ocp' quantize --to mxfp8 --profile foo --in x.npy
refuse "did you mean 'rule'" quantize --to mxfp8/rul=amax --in x.npy
refuse 'at character 6' quantize --to 'int4/raw=a / (b' --in x.npy
refuse '--scale-format' quantize --to e2m1 --scale-format foo --in x.npy
refuse '--granularity' quantize --to e2m1 --granularity group:0 --in x.npy
refuse '--scale-rule' quantize --to e2m1 --granularity token --scale-rule none \
  --in x.npy
refuse 'axis 5' quantize --to mxfp8 --axis 5 --in x.npy
refuse 'no such option' quantize --to q4_0 --in x.npy --scales s.npy
refuse 'multiple of 32' quantize --to q4_0 --in odd.npy
refuse 'multiple of 18' dequantize --from q4_0 --in s3.npy
refuse "expected '|u1'" dequantize --from q4_0 --in x.npy
refuse 'expected numbers' quantize --to q8_0 --strict --in nan.npy
refuse 'whole blocks' quantize --to mxfp8@torchao --in odd.npy
refuse 'no multiple of 8' quantize --to mxfp4 --packed --in odd.npy
refuse '1 NaN' quantize --to mxfp8 --strict --in nan.npy
refuse 'has none' quantize --to mxfp8 --global-scale g.npy --in x.npy
refuse 'has none' quantize --to mxfp8 --zero-points z.npy --in x.npy
refuse '--scales S.npy is missing' dequantize --from mxfp8 --in q.npy
refuse 'shape 3, expected 8x4' dequantize --from mxfp8 --scales s3.npy \
  --in q.npy
refuse "expected '|u1'" dequantize --from mxfp8 --scales x.npy --in q.npy
refuse 'is missing: nvfp4@te' dequantize --from nvfp4@te --scales s.npy \
  --in q.npy
refuse 'is missing: ' dequantize --from uint8 --granularity token \
  --scale-rule minmax --in q.npy
finish
