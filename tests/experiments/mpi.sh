#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# scripts/cluster/mpi_shard.sh under Open MPI: what is merged is the whole run.
if ! mpirun --version 2>/dev/null | grep -q 'Open MPI'; then
  echo 'skipped: no mpirun of Open MPI here (Debian: openmpi-bin)'
  exit 77
fi
top=$(cd "${srcdir:-.}" && pwd)
. "${srcdir:-.}/tests/cli/common.sh"
export ULPLAB

# Root in a container, and fewer cores than processes, are no reason not to.
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM
shards() {
  mpirun --oversubscribe -n "$@"
}
shard="sh $top/scripts/cluster/mpi_shard.sh"
options='residual --quick --depths 1'
mkdir one
"$ULPLAB" run $options --out one/residual.csv || fault 'the whole run'
for n in 1 3; do
  shards $n $shard s$n $options || fault "mpirun -n $n"
  "$ULPLAB" merge --out m$n s$n || fault "merge of $n"
  cmp one/residual.csv m$n/residual.csv || fault "$n: other bytes"
done
shards 3 $shard s3 $options 2>../err || fault 'mpirun again'
[ "$(grep -c 'is there already' ../err)" = 3 ] || fault "$(cat ../err)"
shards 2 $shard s2 residual --quik >../out 2>../err && fault 'no error'
grep -q "did you mean --quick" ../err || fault "$(cat ../err)"
$shard none $options 2>../err
[ $? = 2 ] && grep -q 'expected: mpirun' ../err || fault 'without mpirun'
finish
