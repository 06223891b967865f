#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# An experiment's command line and the files beside its output.
SNR=$PWD/experiments/snr
. "${srcdir:-.}/tests/cli/common.sh"

# TEXT ARGUMENT...: exit status 2, nothing printed, one line that has TEXT,
# no file left behind.
refuses() {
  text=$1
  shift
  ls -A >../before
  "$SNR" "$@" >../out 2>../err
  got=$?
  ls -A | cmp -s ../before - || fault "$*: files changed"
  [ $got = 2 ] || fault "$*: exit status $got, not 2"
  [ ! -s ../out ] || fault "$*: printed something"
  [ "$(wc -l <../err)" = 1 ] || fault "$*: not one line"
  grep -qF -- "$text" ../err || fault "$*: $(cat ../err)"
}

npy x.npy '<f4' '(2,)' 00 00 80 3f 00 00 00 40
npy none.npy '<f4' '(0,)'
npy index.npy '<i8' '(1,)' 01 00 00 00 00 00 00 00
mkdir foreign broken taken
echo '{"resources": 1}' >foreign/datapackage.json
echo '{' >broken/manifest.json

refuses "(did you mean --quick?)" --qick
refuses "unknown argument 'x'" x
refuses '--quick: takes no value' --quick=1
refuses '--quick and --full: expected one' --quick --full
refuses '--seed: expected a value' --seed
refuses '--seed -1: expected a whole number' --seed -1
refuses '--seed 18446744073709551616: expected' --seed 18446744073709551616
refuses '--threads 0: expected' --threads 0
refuses '--threads 2x: expected' --threads=2x
refuses '--shard 0/2: expected I/N' --shard 0/2
refuses '--shard 3/2: expected I/N' --shard 3/2
refuses '--shard 1: expected I/N' --shard 1
refuses "did you mean 'float8_e4m3fn'" --formats 'int8 float8_e4m3fm'
refuses 'float32 has 32 bits' --formats f32
refuses "did you mean 'amax'" --scale-rules amx
refuses '--scale-rules: expected a rule' --scale-rules ' '
refuses 'out of uniform, gaussian' --distributions gauss
refuses 'absent.npy:w: cannot open' --tensor absent.npy:w
refuses 'x.npy' --tensor x.npy:w
refuses 'expected a tensor of floats' --tensor none.npy
refuses 'expected a tensor of floats' --tensor index.npy
refuses 'absent: expected a folder' --quick --out absent/x.csv
refuses 'taken: cannot create' --quick --out taken
refuses 'describes the outputs' --quick --out ./manifest.json
refuses 'foreign/datapackage.json: expected a file that ulplab wrote' \
  --quick --out foreign/snr.csv
refuses 'broken/manifest.json: expected a file that ulplab wrote' \
  --quick --out broken/snr.csv
if [ -c /dev/full ]; then
  refuses '/dev/full: cannot write' --quick --formats int2 --out /dev/full
fi

# What it says about itself.
"$SNR" --describe >about || fault --describe
grep -q '^Question: ' about && grep -q '^Method: ' about || fault "$(cat about)"
"$SNR" --help | grep -q -- '--shard I/N' || fault --help
"$SNR" --version | grep -q '^snr (ulplab) [0-9]' || fault --version
"$ULPLAB" list | grep -q '^snr ' || fault 'ulplab list'
"$ULPLAB" run snr --describe | cmp about - || fault 'ulplab run snr'

# On stdout there is the CSV and nothing beside it.
tiny="--quick --formats int4 --distributions uniform"
ls -A >../before
"$SNR" $tiny >../stdout.csv || fault 'a run to stdout'
ls -A | cmp -s ../before - || fault 'a run to stdout leaves files'
"$SNR" $tiny --out /dev/stdout | cmp ../stdout.csv - || fault /dev/stdout

# Into a folder: three files; another CSV is added to their lists, the same
# one replaces its entry.
mkdir results
"$SNR" $tiny --seed 7 --out results/snr.csv || fault 'a run to a file'
"$SNR" $tiny --out results/b,c.csv || fault 'a second run to the folder'
"$SNR" $tiny --out results/snr.csv || fault 'the same run again'
cmp ../stdout.csv results/snr.csv || fault 'file and stdout differ'
[ "$(ls results | tr '\n' ' ')" = \
  'b,c.csv datapackage.json manifest.json snr.csv ' ] || fault "$(ls results)"
[ "$(grep -c '"path": "snr.csv"' results/datapackage.json)" = 1 ] ||
  fault 'one resource a file'
grep -q '"path": "b,c.csv"' results/datapackage.json || fault 'both resources'
digest=$(sha256sum <results/snr.csv | cut -d ' ' -f 1)
grep -q "\"hash\": \"sha256:$digest\"" results/datapackage.json || fault hash
grep -q "\"sha256\": \"$digest\"" results/manifest.json || fault sha256
[ "$(grep -c '"seed": "1"' results/manifest.json)" = 2 ] || fault 'seeds'

# The schema's fields are the header.  The first resource is b,c.csv's.
sed '/"schema"/,/\]/!d; /\]/q' results/datapackage.json |
  sed -n 's/.*"name": "\(.*\)",*/\1/p' | paste -s -d , - >fields
head -n 1 results/snr.csv | cmp fields - || fault 'fields are not the header'

finish
