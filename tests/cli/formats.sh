#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab formats` and `ulplab codes`: the words scripts rely on.
. "${srcdir:-.}/tests/cli/common.sh"

rows='name,|float32,|tf32,|float8_e4m3fn,|float8_e8m0fnu,|int4sym,|nf4,'
formats_csv() { "$ULPLAB" formats | grep -E "^($rows)"; }
prints formats.csv formats_csv
formats_json() {
  "$ULPLAB" formats --output json | grep -E '"name": "(tf32|int4sym|nf4)"'
}
prints formats.json formats_json
whole_json() { "$ULPLAB" formats --output=json | sed -n '1p;$p'; }
[ "$(whole_json | tr -d '\n')" = '[]' ] || fault "formats: no JSON array"

prints codes-e2m1.csv "$ULPLAB" codes e2m1
prints codes-e2m1.json "$ULPLAB" codes FLOAT4_E2M1FN --output json
prints codes-int3sym.csv "$ULPLAB" codes int3sym
prints codes-nf4.csv "$ULPLAB" codes nf4
ends() { "$ULPLAB" codes "$1" | sed -n "$2"; }
prints codes-e4m3fnuz.csv ends e4m3fnuz '1,3p;127,132p'
prints codes-e8m0.csv ends e8m0 '2,3p;128,130p;256,257p'
# Values that no double holds, subnormals that are never written.
prints codes-e15m0f.csv ends e15m0f '2,4p;32768,32770p'
prints codes-nosub.csv ends e3m2:nosub '2,8p'
[ "$("$ULPLAB" codes bf16 | wc -l)" = 65537 ] || fault "bf16: not all codes"

for command in formats codes quantize dequantize calibrate compare measure \
  list run report; do
  "$ULPLAB" $command --help | grep -q "^Usage: ulplab $command" ||
    fault "$command --help"
  "$ULPLAB" $command --version | grep -q "^ulplab $command [0-9]" ||
    fault "$command --version"
  "$ULPLAB" --help | grep -q "^  $command " || fault "--help: no $command"
done
finish
