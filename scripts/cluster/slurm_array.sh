#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
#   sbatch --array=1-8 scripts/cluster/slurm_array.sh DIR EXPERIMENT [OPTION]...
#
# One shard of the experiment in each task of a Slurm array,
# DIR/EXPERIMENT.I-of-N.csv; DIR is on a file system that all nodes see.  After
# them, `ulplab merge --out OUT DIR` makes OUT/EXPERIMENT.csv.  A task that was
# killed goes on where it was when it is queued again: Slurm does that for
# nodes that fail, and for some of the tasks you do it with
#
#   SHARDS=8 sbatch --array=3,5 scripts/cluster/slurm_array.sh DIR ...
#
# ULPLAB is the program, `ulplab` in the PATH unless set.
#
#SBATCH --job-name=ulplab
#SBATCH --cpus-per-task=4
#SBATCH --requeue
set -eu

# The variables: https://slurm.schedmd.com/job_array.html
if [ $# -lt 2 ] || [ -z "${SLURM_ARRAY_TASK_ID-}" ]; then
  echo "slurm_array.sh: expected: sbatch --array=1-N slurm_array.sh" \
    "DIR EXPERIMENT [OPTION]..." >&2
  exit 2
fi
shards=${SHARDS-}
if [ -z "$shards" ]; then
  shards=$SLURM_ARRAY_TASK_COUNT
  if [ "$SLURM_ARRAY_TASK_MIN" != 1 ] ||
    [ "$SLURM_ARRAY_TASK_MAX" != "$shards" ]; then
    echo "slurm_array.sh: expected --array=1-N, or SHARDS=N for some of N" >&2
    exit 2
  fi
fi
dir=$1 name=$2
shift 2
mkdir -p "$dir"
exec "${ULPLAB:-ulplab}" run "$name" "$@" --resume \
  --threads "${SLURM_CPUS_PER_TASK:-1}" \
  --shard "$SLURM_ARRAY_TASK_ID/$shards" \
  --out "$dir/$name.$SLURM_ARRAY_TASK_ID-of-$shards.csv"
