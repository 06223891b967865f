#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# scripts/cluster/slurm_array.sh, under the variables that Slurm sets: there
# is no Slurm here, so that sbatch itself is not tested.
top=$(cd "${srcdir:-.}" && pwd)
. "${srcdir:-.}/tests/cli/common.sh"
export ULPLAB

array="sh $top/scripts/cluster/slurm_array.sh"
options='residual --quick --depths 1'
mkdir one
"$ULPLAB" run $options --out one/residual.csv || fault 'the whole run'

# COUNT TASK: one task of an array.
task() {
  SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=$1 SLURM_ARRAY_TASK_COUNT=$1 \
    SLURM_ARRAY_TASK_ID=$2 SLURM_CPUS_PER_TASK=2 $array shards $options ||
    fault "task $2 of $1"
}
# At once, as nodes are.
for i in 1 2 3; do
  task 3 $i &
done
wait
"$ULPLAB" merge --out merged shards || fault merge
cmp one/residual.csv merged/residual.csv || fault 'other bytes'
# A task again: it is there.
task 3 2 2>../err
grep -q 'residual.2-of-3.csv is there already' ../err || fault "$(cat ../err)"
# Some of the tasks.
rm shards/residual.2-of-3.csv
SHARDS=3 SLURM_ARRAY_TASK_MIN=2 SLURM_ARRAY_TASK_MAX=2 \
  SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_ID=2 $array shards $options ||
  fault 'a task of its own'
"$ULPLAB" merge --out again shards || fault 'merge again'
cmp one/residual.csv again/residual.csv || fault 'other bytes again'
# What would make other shards than were meant.
for range in 0:2:3 2:2:1 1:5:3; do
  SLURM_ARRAY_TASK_MIN=${range%%:*} SLURM_ARRAY_TASK_COUNT=${range##*:}
  SLURM_ARRAY_TASK_MAX=${range#*:}
  SLURM_ARRAY_TASK_MAX=${SLURM_ARRAY_TASK_MAX%:*}
  export SLURM_ARRAY_TASK_MIN SLURM_ARRAY_TASK_MAX SLURM_ARRAY_TASK_COUNT
  SLURM_ARRAY_TASK_ID=2 $array none $options 2>../err
  [ $? = 2 ] || fault "$range: not refused"
  grep -q 'SHARDS=N' ../err || fault "$range: $(cat ../err)"
done
$array none $options 2>../err
[ $? = 2 ] && grep -q 'sbatch --array=1-N' ../err || fault 'without an array'
[ ! -e none ] || fault 'a refused task made a folder'
finish
