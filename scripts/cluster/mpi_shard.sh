#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   mpirun -n 8 scripts/cluster/mpi_shard.sh DIR EXPERIMENT [OPTION]...
#
# One shard of the experiment in each process that Open MPI's mpirun starts,
# DIR/EXPERIMENT.I-of-N.csv; DIR is on a file system that all nodes see.  After
# them, `ulplab merge --out OUT DIR` makes OUT/EXPERIMENT.csv.  The same
# command again goes on where it was killed.
#
# THREADS is how many each process has, 1 unless set.  ULPLAB is the program,
# `ulplab` in the PATH unless set.
set -eu

# The variables: "Environment Variables" of Open MPI's mpirun(1).
if [ $# -lt 2 ] || [ -z "${OMPI_COMM_WORLD_RANK-}" ]; then
  echo "mpi_shard.sh: expected: mpirun -n N mpi_shard.sh" \
    "DIR EXPERIMENT [OPTION]... with Open MPI" >&2
  exit 2
fi
shard=$((OMPI_COMM_WORLD_RANK + 1)) shards=$OMPI_COMM_WORLD_SIZE
dir=$1 name=$2
shift 2
mkdir -p "$dir"
exec "${ULPLAB:-ulplab}" run "$name" "$@" --resume --threads "${THREADS:-1}" \
  --shard "$shard/$shards" --out "$dir/$name.$shard-of-$shards.csv"
