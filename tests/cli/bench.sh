#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab bench`: what is listed, that a short run of everything passes its
# own checks and writes rows that can be read, and what is refused.  How fast
# anything is, is not tested.
. "${srcdir:-.}/tests/cli/common.sh"

groups='gemm data mma convert blocks isa growth model'
"$ULPLAB" bench --list >../list || fault "--list: exit status $?"
[ "$(head -n 1 ../list)" = 'bench,group,unit,ceiling,what' ] ||
  fault "--list: $(head -n 1 ../list)"
[ "$(cut -d, -f1 ../list | sort | uniq -d)" = '' ] ||
  fault '--list: a name twice'
[ "$(sed 1d ../list | cut -d, -f2 | uniq | tr '\n' ' ')" = "$groups " ] ||
  fault "--list: groups $(sed 1d ../list | cut -d, -f2 | uniq)"
"$ULPLAB" bench mma --list | sed 1d | cut -d, -f2 | grep -qv '^mma$' &&
  fault '--list of a group: others, too'

# Fields of a row: whole, positive, in order; each bench that is listed.  What
# ceilings there are depends on OpenBLAS alone.
"$ULPLAB" bench --quick --model "$here/../vectors/model/tiny" \
  --output q.csv >../out 2>../err ||
  fault "--quick: exit status $?: $(cat ../err)"
[ ! -s ../out ] || fault "--output: printed $(head -n 1 ../out)"
columns=bench,group,isa,threads,shape,data,value,unit,ceiling,ceiling_value
columns=$columns,ratio,ratio_low,ratio_high,rounds,bytes,wall_seconds
[ "$(head -n 1 q.csv)" = "$columns,cpu_seconds" ] ||
  fault "--quick: columns $(head -n 1 q.csv)"
awk -F, 'NR > 1 {
  bad = NF != 17 || $4 < 1 || $5 !~ /^[1-9][0-9]*(x[1-9][0-9]*)*$/ ||
    !($7 > 0) || $14 < 1 || $14 > 3 || !($15 > 0) || !($16 > 0) || !($17 > 0)
  if ($9 == "none")
    bad = bad || $10 $11 $12 $13 != "" || ($8 != "MAC/s" && $8 != "tokens/s")
  else
    bad = bad || !($10 > 0) || !($11 > 0) || !($12 > 0) || !($13 > 0) ||
      $12 > $11 || $11 > $13
  if (bad) print
}' q.csv >../bad
[ ! -s ../bad ] || fault "--quick: $(head -n 3 ../bad)"
sed 1d q.csv | cut -d, -f1 | sort -u >../run
best=$(awk -F, '$1 == "fp8-128" { print $3 }' q.csv)
sed 1d ../list | cut -d, -f1,2 | # with no other instructions, no isa
  if [ "$best" = portable ]; then grep -v ',isa$'; else cat; fi |
  cut -d, -f1 | sort | diff - ../run || fault '--quick: not what is listed'
awk -F, '$2 == "data" { print $6 }' q.csv | sort -u | tr '\n' ' ' |
  grep -q '^all-positive outlier wide-exponent $' || fault 'kinds of data'
if grep -q ',OpenBLAS sgemm' q.csv; then
  [ ! -s ../err ] || fault "--quick: said $(cat ../err)"
else
  grep -q 'no OpenBLAS' ../err || fault '--quick: silent without OpenBLAS'
  [ "$(wc -l <../err)" = 1 ] || fault "--quick: said $(cat ../err)"
fi

# One bench on one thread, rounds as asked.
"$ULPLAB" bench to-e4m3 --quick --threads 1 --repeat 2 >../out 2>../err ||
  fault "to-e4m3: exit status $?"
[ "$(sed 1d ../out | cut -d, -f1,4,14)" = to-e4m3,1,2 ] ||
  fault "to-e4m3: $(cat ../out)"

says() { # TEXT ARGUMENT...
  said=$1
  shift
  refused "$@"
  grep -qF -- "$said" ../err || fault "$*: $(cat ../err)"
}
says "unknown bench 'gem'" bench gem
says "the nearest is 'gemm'" bench gem
says 'too many arguments' bench gemm mma
says '--repeat: 0, expected 1 to 1000' bench --repeat 0
says '--repeat: 1001, expected 1 to 1000' bench --repeat 1001
says '--threads: ' bench --threads 0
says "unknown option '--output-file'" bench --output-file x.csv
says 'no/such/folder.csv' bench to-e4m3 --quick --output no/such/folder.csv
says 'nowhere' bench prefill-f32 --quick --model nowhere --output n.csv
finish
