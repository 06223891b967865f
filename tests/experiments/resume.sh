#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs that are killed (-9) and go on: the bytes are those of a run that was
# left alone, and nothing stale is among them.
BIN=$PWD/experiments
. "${srcdir:-.}/tests/cli/common.sh"

seed=${SEED:-$(date +%s)}
echo "SEED=$seed"
# MOST: a number from 1 to MOST.
random() {
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  echo $((seed / 65536 % $1 + 1))
}

# KIND FILE: how many frames it has.
frames() {
  n=$(grep -ac "^$1 [0-9]* [0-9]* [0-9a-f]*\$" "$2" 2>/dev/null)
  echo "${n:-0}"
}

# KIND COUNT OUT COMMAND...: starts it, and kills it once OUT.partial has so
# many frames; 1: it was done before.
kill_at() {
  kind=$1 count=$2 out=$3
  shift 3
  "$@" --out "$out" 2>>log &
  pid=$!
  while kill -0 $pid 2>/dev/null &&
    [ "$(frames "$kind" "$out.partial")" -lt "$count" ]; do
    sleep 0.01
  done
  kill -9 $pid 2>/dev/null
  wait $pid 2>/dev/null
  [ $? = 137 ] && [ -e "$out.partial" ]
}

# The same, again until it was caught.
catch() {
  for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill_at "$@" && return
  done
  fault "never caught: $*"
}

# TEXT EXPECTED OUT COMMAND...: goes on, says TEXT, makes the bytes EXPECTED
# and removes the journal.
resumes() {
  text=$1 expected=$2 out=$3
  shift 3
  "$@" --out "$out" --resume 2>../err || fault "$*: $(cat ../err)"
  [ -z "$text" ] || grep -qF -- "$text" ../err ||
    fault "$*: not '$text': $(cat ../err)"
  cmp "$expected" "$out" || fault "$*: other bytes after '$text'"
  [ ! -e "$out.partial" ] || fault "$*: the journal is left"
}

# At random moments, until it is done.
residual="$BIN/residual --quick"
$residual --out whole.csv || fault 'a run'
kills=0 rows=0 option=
while kill_at r $((rows + $(random 600))) k.csv $residual $option; do
  kills=$((kills + 1))
  rows=$(frames r k.csv.partial)
  option=--resume
done
[ $kills -ge 2 ] || fault "only $kills kills"
[ "$(grep -c 'parts are kept$' log)" -ge $((kills - 1)) ] ||
  fault "not kept: $(cat log)"
cmp whole.csv k.csv || fault "other bytes after $kills kills"
[ ! -e k.csv.partial ] || fault 'the journal is left'
grep -q '"kept": [1-9]' manifest.json || fault 'the manifest does not say so'

# Torn at the end, cut anywhere, damaged in the middle.
part="$residual --shard 3/20 --threads 1"
$part --out part.csv || fault 'a shard'
catch r 20 t.csv $part
cp t.csv.partial journal
size=$(wc -c <journal)
printf 'r 3 9 0123' >>t.csv.partial
resumes ": $(frames r journal) rows and 0 parts are kept" part.csv t.csv $part
for cut in 0 1 16 17 18 $(random "$size") $(random "$size") $(random "$size") \
  $((size - 1)); do
  rm -f t.csv
  head -c "$cut" journal >t.csv.partial
  resumes '' part.csv t.csv $part
done
for i in 1 2 3; do
  rm -f t.csv
  at=$(random $((size - 17)))
  { head -c $((16 + at)) journal && printf '\0' &&
    tail -c +$((18 + at)) journal; } >t.csv.partial
  resumes '' part.csv t.csv $part
done
# A row that is whole but for one digit of its text is not taken, nor what
# follows it.
rm -f t.csv
awk '/^r / { n++ } { if (n == 3 && !/^r /) sub(/[0-9]$/, "x"); print }' \
  journal >t.csv.partial
cmp -s journal t.csv.partial && fault 'nothing was damaged'
resumes ': 2 rows and' part.csv t.csv $part

# Of another run: begun anew.
for other in seed=--seed effort= parameters= shard= program=; do
  rm -f t.csv
  cp journal t.csv.partial
  case $other in
  seed*) set -- $part --seed 7 ;;
  effort*) set -- "$BIN/residual" --shard 3/2000 ;;
  parameters*) set -- $part --depths 1 ;;
  shard*) set -- $residual --shard 4/20 ;;
  program*) set -- "$ULPLAB" run residual --quick --shard 3/20 ;;
  esac
  "$@" >alone.csv || fault "$*"
  resumes "it has another ${other%%=*}; begun anew" alone.csv t.csv "$@"
done
# Without --resume, too.
rm -f t.csv
cp journal t.csv.partial
$part --out t.csv 2>../err || fault 'a run that forgets'
[ ! -s ../err ] || fault "it says: $(cat ../err)"
cmp part.csv t.csv || fault 'other bytes of a run that forgets'

# Somebody else's file is refused, and left as it is.
rm -f t.csv
echo mine >t.csv.partial
ls -A >../before
$part --out t.csv --resume 2>../err
[ $? = 2 ] || fault 'a file of somebody else was taken'
grep -q 't.csv.partial: expected a file that ulplab wrote' ../err ||
  fault "$(cat ../err)"
[ "$(cat t.csv.partial)" = mine ] || fault 'a file of somebody else was changed'
ls -A | cmp -s ../before - || fault 'files changed'
rm t.csv.partial
$part --resume >../out 2>../err
[ $? = 2 ] && grep -q -- '--resume: expected --out FILE.csv' ../err ||
  fault '--resume on stdout'

# Two runs of one output.
$residual --out two.csv &
first=$!
while [ ! -e two.csv.partial ] && kill -0 $first 2>/dev/null; do
  sleep 0.01
done
kill -STOP $first
$residual --out two.csv --resume 2>../err
[ $? = 2 ] || fault 'two runs of one output'
grep -q 'expected no other run' ../err || fault "two runs: $(cat ../err)"
kill -CONT $first
wait $first || fault 'the first of two'
cmp whole.csv two.csv || fault 'other bytes of the first of two'

# What is prepared before the first row is kept in parts.
snr="$BIN/snr --quick --formats e2m3"
$snr --out snr.csv || fault 'snr'
catch u 2 u.csv $snr
resumes 'rows and ' snr.csv u.csv $snr
grep -q 'and 0 parts' ../err && fault "no parts: $(cat ../err)"

# An input that has changed.
{ header '<f4' False '(64, 4096)' && head -c 1048576 /dev/zero |
  tr '\0' '\101'; } >x.npy
norms="$BIN/norms --quick --threads 1 --tensor x.npy"
catch i 1 n.csv $norms
cp n.csv.partial kept
$norms >before.csv || fault 'norms'
resumes 'parts are kept' before.csv n.csv $norms
rm n.csv
cp kept n.csv.partial
cp x.npy old.npy
printf '\102' | dd of=x.npy bs=1 seek=5000 conv=notrunc 2>/dev/null
$norms >after.csv || fault 'norms again'
cmp -s before.csv after.csv && fault 'the input changes nothing'
resumes 'x.npy has changed; begun anew' after.csv n.csv $norms

# An output that is there is left alone; one that is not what this run would
# make is made.
touch -d '2001-01-01' n.csv
resumes 'n.csv is there already' after.csv n.csv $norms
[ "$(date -r n.csv +%Y)" = 2001 ] || fault 'it was written again'
cp old.npy x.npy
resumes '' before.csv n.csv $norms
[ "$(date -r n.csv +%Y)" != 2001 ] || fault 'a changed input was not noticed'
for change in 'seed' 'file'; do
  $part --out t.csv || fault 'a shard'
  set -- $part
  case $change in
  seed) set -- $part --seed 7 ;;
  file) echo >>t.csv ;;
  esac
  "$@" >alone.csv || fault 'a shard alone'
  resumes '' alone.csv t.csv "$@"
  grep -q there ../err && fault "$change: it was taken for done"
done

# A run that fails leaves nothing.
ls -A >../before
"$BIN/snr" --quick --formats nonsense --out f.csv 2>../err
[ $? = 2 ] || fault 'nonsense'
ls -A | cmp -s ../before - || fault "a failed run left $(ls -A)"

finish
