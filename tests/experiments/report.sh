#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The page made from CSV files.
SNR=$PWD/experiments/snr
. "${srcdir:-.}/tests/cli/common.sh"

# TEXT DIR: refused with one line that has TEXT, and no page.
refuses() {
  "$ULPLAB" report "$2" >../out 2>../err
  got=$?
  [ $got = 2 ] || fault "$1: exit status $got, not 2"
  [ "$(wc -l <../err)" = 1 ] || fault "$1: not one line"
  grep -qF -- "$1" ../err || fault "not '$1': $(cat ../err)"
  for page in index methods; do
    [ ! -e "$2/$page.html" ] || fault "$1: $page.html was written"
  done
}

# PATTERN: is in the page.
shows() {
  grep -q -- "$1" run/index.html || fault "the page has no '$1'"
}

mkdir run empty bad
"$SNR" --quick --out run/snr.csv || fault 'a run'
"$ULPLAB" report run || fault 'a report'
best=$(awk -F , '$2 == "gaussian" && $6 == 8 && $8 == "mse" && $11 > best {
  best = $11 } END { printf "%.2f", best }' run/snr.csv)
shows "<span>8 bit: best</span><b>$best dB</b>"
shows '>ulplab run snr --quick --out snr.csv</code></pre>'
shows '<dt>seed</dt><dd>1</dd>'
# Links lead within the page or to a CSV file beside it, and only when clicked.
if cat run/index.html run/methods.html |
  sed 's/href="[a-z]*\(.html\)\{0,1\}#[a-z0-9_-]*"//g
    s/<a href="[a-z_]*.csv"//g; s/<a href="methods.html"//g' |
  grep -e 'src=' -e ' href="' -e '@import' -e 'url(h'; then
  fault 'the page fetches something'
fi
for name in accumulation roofline model_outliers; do
  shows "Not in this folder:.* $name.csv"
done
shows '<b>1 of [0-9]*</b>'
shows 'id="hardware"'
if command -v gnuplot >/dev/null; then
  shows '<svg'
  shows '>Pareto front<'
  # Each figure of a run that has all of what it shows is there, once.
  [ "$(grep -c '^<figure' run/index.html)" = \
    "$(grep -c '^<svg' run/index.html)" ] || fault 'figures without a picture'
  [ -s run/snr.gp ] && [ -s run/snr.svg ] || fault 'no script beside the page'
fi
cp run/index.html first.html
cp run/methods.html methods.html
"$ULPLAB" report run || fault 'a report again'
cmp first.html run/index.html || fault 'the page is not reproducible'
cmp methods.html run/methods.html || fault 'the methods are not reproducible'

# The page of methods: linked from the first screen, a row for each of what the
# program lists, and the same without results.
shows '<a href="methods.html">methods</a>'
"$ULPLAB" report --methods alone.html || fault 'methods alone'
cmp alone.html run/methods.html || fault 'other methods without results'
[ "$(wc -c <alone.html)" -lt 1000000 ] || fault 'methods.html: 1 MB or more'
# IDS COMMAND...: these tables have as many rows as the command prints, less a
# head.
lists() {
  ids=$1 rows=0
  shift
  for id in $ids; do
    rows=$((rows + $(awk -v id="<div id=\"$id\">" 'index($0, id) { inside = 1 }
      inside && /<tbody>/ { body = 1 } inside && body && /^<tr/ { n++ }
      inside && /<\/tbody>/ { exit } END { print n + 0 }' alone.html)))
  done
  want=$(($("$ULPLAB" "$@" | awk -f ../records.awk) - 1))
  [ "$rows" = "$want" ] || fault "methods: $ids: $rows rows, not $want"
}
# Lines of a CSV file that end outside of quotes.
echo '{ q += gsub(/"/, "") } q % 2 == 0 { n++ } END { print n }' >../records.awk
lists format-table formats --output csv
lists hardware gpus --output csv
lists 'quantizer-table packed-blocks' quantizers --output csv
lists order-table gemm --kernel list
lists plan-table plans --output csv
lists experiment-table list --output csv
refused report
refused report run --methods both.html
refused report --methods nowhere/m.html

# Without gnuplot the page says so.
mkdir nothing
PATH=$PWD/nothing "$ULPLAB" report run || fault 'a report without gnuplot'
shows 'picture is missing: gnuplot was not found'
[ ! -e run/snr.svg ] || fault 'an old picture was kept'

# Names are escaped; a manifest of other bytes is pointed out.
sed -i 's/,gaussian,/,<i>\&"amp;",/' run/snr.csv
sed -i 's/,<i>&"amp;",/,"<i>\&""amp;""",/' run/snr.csv
"$ULPLAB" report run || fault 'strange names'
shows '&lt;i&gt;&amp;&quot;amp;&quot;'
if grep -q '<i>' run/index.html; then fault 'a name is not escaped'; fi
shows 'has changed since its manifest'
rm run/manifest.json
"$ULPLAB" report run || fault 'a report without a manifest'
shows 'where it came from is not known'

# A run without the rows that a picture or a sentence is of: it is named, and
# the sentence is left out.
mkdir part
"$ULPLAB" run accumulation --quick --operands bf16 --data wide --lengths 32 \
  --accumulators 'f32-rne' --out part/accumulation.csv || fault 'a part'
"$ULPLAB" report part || fault 'a report of a part'
grep -q 'picture is missing: no row of accumulation.csv' part/index.html ||
  fault 'a picture without rows is not named'
if grep -q "Hopper&#39;s tensor core errs" part/index.html; then
  fault 'a sentence without its figures'
fi

# What is malformed makes no page.
head=$(head -n 1 run/snr.csv)
row=$(sed -n 2p run/snr.csv)
refuses 'empty: expected the CSV file of an experiment' empty
refuses 'absent: expected the CSV file of an experiment' absent
printf '%s\n' "$row" >bad/snr.csv
refuses "row 1, column 'point': expected the header 'point'" bad
printf '%s\n' "$head" >bad/snr.csv
refuses 'expected at least one row' bad
printf '%s\n%s,1\n' "$head" "$row" >bad/snr.csv
refuses "column 'pareto': expected the end of the row" bad
cut -d , -f 1-20 run/snr.csv >bad/snr.csv
refuses "row 1, column 'amax': expected more fields" bad
printf '%s\n%s\n' "$head" '0,uniform,int8' >bad/snr.csv
refuses "row 2, column 'format': expected more fields" bad
printf '%s\n%s\n' "$head" "$row" | sed '2s/^0,/zero,/' >bad/snr.csv
refuses "column 'point': expected an integer, found 'zero'" bad
printf '%s\n%s\n' "$head" "$row" | sed '2s/,[^,]*$/,1.5.5/' >bad/snr.csv
refuses "column 'pareto': expected an integer, found '1.5.5'" bad
printf '%s\n0,"uniform' "$head" >bad/snr.csv
refuses 'expected a closing quote' bad
printf '%s\n0,\000' "$head" >bad/snr.csv
refuses 'found a NUL byte' bad
printf '%s\n%s\n' "$head" "$row" >bad/snr.csv
echo '{"outputs": 3}' >bad/manifest.json
refuses "field 'outputs': expected an object" bad
echo '{' >bad/manifest.json
refuses 'bad/manifest.json: line' bad

finish
