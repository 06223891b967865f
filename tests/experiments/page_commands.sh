#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every command that the page prints runs: those of its experiments give the
# bytes that the page was made from, in a folder that has nothing but the
# inputs which the page names; those of the ledger of claims give rows.  Of these
# one in ULPLAB_CLAIMS_EVERY is run, the first of them and so on; 1 for all.
BUILD=$PWD
SNR=$PWD/experiments/snr
. "${srcdir:-.}/tests/cli/common.sh"
PATH=$(dirname "$ULPLAB"):$PATH
export PATH

# What HTML has made of a text, undone.
plain() {
  sed "s/&lt;/</g; s/&gt;/>/g; s/&quot;/\"/g; s/&#39;/'/g; s/&amp;/\&/g"
}

# Runs whose commands are made in different ways: the program of an experiment,
# values with blanks, a file with a quote in its name, --out with =, a path from
# the root, a seed, the ledger.
mkdir -p run inputs
{ header '<f4' False '(64, 64)' && head -c 16384 /dev/zero | tr '\0' '?'; } \
  >"inputs/it's.npy"
"$SNR" --quick --tensor "inputs/it's.npy" --out run/snr.csv || fault snr
"$ULPLAB" run roofline --quick --gpus 'h100 4090' --models llama-3-8b \
  --batches '1 16' --out=run/roofline.csv || fault roofline
"$ULPLAB" run accumulate --quick --seed 7 --threads 2 \
  --out "$PWD/run/accumulate.csv" || fault accumulate
"$ULPLAB" run granularity --quick --shape 32x512 --out run/granularity.csv ||
  fault granularity
"$ULPLAB" run claims --quick --ids '41 19 2' --out run/claims.csv || fault claims
mkdir ledger
"$ULPLAB" run claims --quick --out ledger/claims.csv || fault 'the ledger'
"$ULPLAB" report run || fault 'a report'
"$ULPLAB" report ledger || fault 'a report of the ledger'

# ---- of experiments ---------------------------------------------------------

grep -o '<pre class="command"><code>.*</code></pre>' run/index.html |
  sed 's/<[^>]*>//g' | plain >commands
files=$(ls run/*.csv | wc -l)
[ "$(wc -l <commands)" = "$files" ] ||
  fault "$(wc -l <commands) commands of $files experiments"
n=0
while read -r command; do
  n=$((n + 1))
  mkdir -p again/$n/inputs && cp "inputs/it's.npy" again/$n/inputs
  where=again/$n
  (cd $where && sh -c "$command" >/dev/null) || fault "$command"
  file=$(cd $where && ls ./*.csv)
  cmp "run/$file" "$where/$file" || fault "$command: not the bytes of the page"
done <commands
[ "$(wc -l <commands)" = "$n" ] || fault "$n commands ran"
grep -q "in the folder that has inputs/it&#39;s.npy" run/index.html ||
  fault 'where a relative input is to be found is not said'

# ---- of claims --------------------------------------------------------------

# Each once; those on captures read them where the build does, from its folder.
# Of a claim alone, the row of the ledger again.
grep -o '<dt>command</dt><dd>[^<]*</dd>' ledger/index.html |
  sed 's/<dt>command//; s/<[^>]*>//g' | plain | sed 's/ && /\n/g' | sort -u >claim-commands
claims=$(wc -l <claim-commands)
[ "$claims" -gt 50 ] || fault "only $claims commands of claims"
every=${ULPLAB_CLAIMS_EVERY:-9}
awk -v every="$every" 'NR % every == 1 || every == 1' claim-commands >chosen
n=0
while read -r command; do
  n=$((n + 1))
  (cd "$BUILD" && sh -c "$command") >rows.csv 2>../err ||
    fault "$command: $(cat ../err)"
  [ "$(wc -l <rows.csv)" -gt 1 ] || fault "$command: no row"
  case $command in
    'ulplab run claims'*)
      sed '1d; s/^[0-9]*,//' rows.csv >row
      grep -qF -f row ledger/claims.csv || fault "$command: not the ledger's row" ;;
  esac
done <chosen
[ $((n * every)) -ge "$claims" ] || fault "$n of $claims commands ran"
echo "$files commands of experiments, $n of $claims commands of claims"
finish
