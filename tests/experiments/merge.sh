#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ulplab merge: shards make the bytes of the whole run, or are refused.
BIN=$PWD/experiments
. "${srcdir:-.}/tests/cli/common.sh"

snr="$BIN/snr --quick --distributions gaussian --formats"
roofline="$BIN/roofline --quick"
mkdir one
$snr 'int4 int8' --out one/snr.csv || fault 'a run'
$roofline --out one/roofline.csv || fault 'another run'

# COUNT: shards of both experiments, a folder each, and all in one folder.
shards() {
  mkdir "all$1"
  for i in $(seq "$1"); do
    mkdir "d$1-$i"
    $snr 'int4 int8' --shard "$i/$1" --out "d$1-$i/snr.csv" &&
      $roofline --shard "$i/$1" --out "d$1-$i/roofline.csv" &&
      $snr 'int4 int8' --shard="$i/$1" --out="all$1/snr.$i.csv" ||
      fault "shard $i/$1"
  done
}

# DIR NAME: is the whole run's.
same() {
  cmp "one/$2.csv" "$1/$2.csv" || fault "$1/$2.csv: other bytes"
  digest=$(sha256sum <"$1/$2.csv" | cut -d ' ' -f 1)
  grep -q "\"sha256\": \"$digest\"" "$1/manifest.json" || fault "$1: sha256"
  grep -q "\"hash\": \"sha256:$digest\"" "$1/datapackage.json" ||
    fault "$1: hash"
}

# snr has 6 points: of 7 shards one is empty.
for n in 1 2 3 7; do
  shards $n
  "$ULPLAB" merge --out m$n d$n-* || fault "merge of $n"
  same m$n snr
  same m$n roofline
  [ "$(ls m$n | tr '\n' ' ')" = \
    'datapackage.json manifest.json roofline.csv snr.csv ' ] ||
    fault "$n: $(ls m$n)"
  "$ULPLAB" merge --out f$n all$n/*.csv || fault "merge of $n files"
  same f$n snr
  "$ULPLAB" merge --out g$n all$n || fault "merge of a folder with $n"
  same g$n snr
done
# In any order, beside other outputs, and merged again.
"$ULPLAB" merge --out all3 d3-3 all3/snr.2.csv all3/snr.1.csv all3/snr.3.csv \
  2>../err && fault 'a shard twice'
"$ULPLAB" merge --out all3 all3/snr.2.csv all3/snr.3.csv all3/snr.1.csv ||
  fault 'merge beside shards'
same all3 snr
"$ULPLAB" merge --out again all3/snr.csv || fault 'merge of a whole'
same again snr
# Fields with commas and quotes.
claims="$BIN/claims --quick --sections 2.1"
$claims --out one/claims.csv || fault claims
grep -q '"' one/claims.csv || fault 'claims has no quotes'
for i in 1 2; do
  $claims --shard $i/2 --out c$i.csv || fault "claims $i"
done
"$ULPLAB" merge --out mc c2.csv c1.csv || fault 'merge of claims'
same mc claims

# The entry is of the whole run, and has those of the shards.
json() {
  tr -d '\n ' <"$1/manifest.json"
}
json m3 | grep -q '"shard":\[1,1\],"shards":\[' || fault 'shard and shards'
[ "$(json m3 | grep -o '"shard":\[[123],3\]' | sort -u | wc -l)" = 3 ] ||
  fault 'the entries of shards'
json m3 | grep -q '"merged_by":\["ulplab","merge","--out","m3","d3-1"' ||
  fault 'merged_by'
json m3 | grep -q '"int4int8","--out","m3/snr.csv"\]' || fault 'the command'
"$ULPLAB" report m3 || fault 'a report of what was merged'
# It is what the whole run would leave: nothing is left to do.
if ! json m3 | grep -q '"program":""'; then
  $snr 'int4 int8' --out m3/snr.csv --resume 2>../err
  grep -q 'is there already' ../err || fault "merged, but: $(cat ../err)"
fi

# TEXT SHARD...: refused in one line that has TEXT; nothing is written.
refuses() {
  text=$1
  shift
  ls -A . out 2>/dev/null >../before
  "$ULPLAB" merge --out out "$@" >../out 2>../err
  got=$?
  [ $got = 2 ] || fault "$*: exit status $got"
  [ ! -s ../out ] || fault "$*: printed something"
  [ "$(wc -l <../err)" = 1 ] || fault "$*: not one line: $(cat ../err)"
  grep -qF -- "$text" ../err || fault "$*: not '$text': $(cat ../err)"
  ls -A . out 2>/dev/null | cmp -s ../before - || fault "$*: files changed"
}
# A shard 3/3 of another kind.
other() {
  rm -rf o
  mkdir o
  "$@" --shard 3/3 --out o/snr.csv || fault "$*"
}
two='all3/snr.1.csv all3/snr.2.csv'
refuses 'snr: expected 3 shards, 3/3 is not there' $two
refuses 'snr: expected 3 shards, 1/3 is not there' all3/snr.2.csv
refuses 'snr: expected 7 shards, 4/7 is not there' d7-1/snr.csv d7-2/snr.csv \
  d7-3/snr.csv d7-5/snr.csv d7-6/snr.csv d7-7/snr.csv
refuses 'roofline: expected 3 shards, 2/3' d3-1 all3/snr.2.csv d3-3
refuses 'shard 2/3 of snr: expected it once' $two all3/snr.3.csv d3-2/snr.csv
refuses 'expected one of 3 as' $two d7-3/snr.csv
refuses 'roofline: expected 3 shards, 1/3' $two d3-3/roofline.csv
other $snr 'int4 int8' --seed 7
refuses 'o/snr.csv: seed "7": expected "1" as in all3/snr.2.csv' $two o
other $BIN/snr --distributions gaussian --formats 'int4 int8'
refuses 'o/snr.csv: effort "normal": expected "quick" as in' $two o
other $BIN/snr --full --distributions gaussian --formats 'int4 int8'
refuses 'o/snr.csv: effort "full": expected "quick" as in' $two o
other $snr 'int4 int5'
refuses 'o/snr.csv: parameters {' $two o
other $snr 'int4 int8'
"$ULPLAB" merge --out ok $two o || fault 'not refused'
# EXPRESSION: edits the manifest.
edit() {
  other $snr 'int4 int8'
  sed -i "$1" o/manifest.json
}
edit 's/"version": ".*"/"version": "9.9"/'
refuses 'o/snr.csv: version "9.9": expected "' $two o
edit 's/"git": ".*"/"git": "0123abc"/'
refuses 'o/snr.csv: git "0123abc": expected "' $two o
for i in 1 2 3; do
  rm -rf p$i && cp -r d3-$i p$i
  sed -i 's/"git": ".*"/"git": "0123abc-dirty"/' p$i/manifest.json
done
"$ULPLAB" merge --out dirty p1 p2 p3 || fault 'one program'
sed -i 's/"program": "./"program": "x/' p3/manifest.json
refuses 'p3/roofline.csv: program "x' p1 p2 p3
sed -i 's/abc-dirty"/abc"/' p?/manifest.json
"$ULPLAB" merge --out clean p1 p2 p3 || fault 'two builds of a commit'
edit 's/"points": 6/"points": 9/'
refuses 'o/snr.csv: row 3: expected point 8' $two o
edit 's/"points": 6/"points": 3/'
refuses 'o/snr.csv: row 2: expected the end' $two o
edit 's/"points": 6/"points": 7/'
refuses 'o/snr.csv: points 7: expected 6 as in' $two o
edit 's/"points": 6/"points": 9007199254740992/'
refuses 'o/snr.csv: row' $two o
edit 's/"experiment": "snr"/"experiment": "clipping"/'
refuses 'o/snr.csv: expected the columns' $two o
edit 's/"experiment": "snr"/"experiment": "none"/'
refuses "its manifest's 'experiment': expected" $two o
edit '/"seed"/d'
refuses "its manifest's 'seed': expected a text" $two o
other $snr 'int4 int8'
sed -i 's/gaussian/gaussiam/' o/snr.csv
refuses 'o/snr.csv: expected the bytes of its manifest' $two o
rm o/snr.csv
refuses 'o/snr.csv: No such file' $two o
rm o/manifest.json
refuses 'o/manifest.json: expected an entry' $two o
echo '{' >o/manifest.json
refuses 'o/manifest.json: expected a file that ulplab wrote' $two o
cp all3/snr.3.csv o.csv
refuses 'manifest.json: expected an entry of o.csv' $two o.csv
refuses 'absent: expected the CSV file of a shard' absent
# Inputs: what both read has the same bytes.
npy x.npy '<f4' '(2,)' 00 00 80 3f 00 00 00 40
tensor="$BIN/snr --quick --formats int4 --tensor x.npy"
$tensor --shard 1/2 --out t1.csv || fault tensor
npy x.npy '<f4' '(2,)' 00 00 80 3f 00 00 40 40
$tensor --shard 2/2 --out t2.csv || fault tensor
refuses 't2.csv: input x.npy: expected the bytes' t1.csv t2.csv
$tensor --shard 1/2 --out t1.csv && $tensor --out one/snr.csv || fault tensor
"$ULPLAB" merge --out mt t1.csv t2.csv || fault 'merge of tensors'
same mt snr
# Of three, the second reads nothing.
for i in 1 2 3; do
  cp -r d3-$i i$i
  rm i$i/roofline.csv
  sed -i '/"roofline.csv": {/,/^    }/d; s/^    },$/    }/' i$i/manifest.json
  digit=$i
  [ $i = 2 ] ||
    sed -i "s/\"inputs\": \[\]/\"inputs\": [{\"path\":\"y\",\"sha256\":\"$digit\"}]/" \
      i$i/manifest.json
done
refuses 'i3/snr.csv: input y: expected the bytes that i1/snr.csv read' i1 i2 i3
# Where to.
mkdir out
cp all3/snr.1.csv one.csv
$snr 'int4 int8' --shard 1/3 --out out/snr.csv || fault 'a shard'
refuses 'out/snr.csv is a shard' out/snr.csv all3/snr.2.csv all3/snr.3.csv
rm -r out
"$ULPLAB" merge $two 2>../err
[ $? = 2 ] && grep -q -- '--out is missing' ../err || fault 'without --out'
"$ULPLAB" merge --out absent/out all3/snr.1.csv all3/snr.2.csv all3/snr.3.csv \
  2>../err
[ $? = 2 ] && grep -q 'cannot make the folder' ../err || fault 'a deep folder'
"$ULPLAB" merge --out one.csv all3/snr.1.csv all3/snr.2.csv all3/snr.3.csv \
  2>../err
[ $? = 2 ] && [ "$(wc -l <../err)" = 1 ] || fault 'a file as folder'

finish
