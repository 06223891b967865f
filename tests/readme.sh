#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every command of README.md runs, in its order, on files that are there; but
# for those that other tests or the machine's own set-up run, each of which
# must be named here.
. "${srcdir:-.}/tests/cli/common.sh"
top=${here%/tests/cli}
PATH=$(dirname "$ULPLAB"):$PATH

# FILE SHAPE N [TYPE]: an array of numbers of both signs.
array() {
  # shellcheck disable=SC2046
  ulplab write --out "$1" --shape "$2" --type "${4:-float32}" -- \
    $(awk -v n="$3" 'BEGIN { for (i = 0; i < n; i++)
      print (i * 7919 % 2003 - 1001) / (1 + i % 17 * 40) }')
}
for name in x b1 b2 step1 step2 x2; do array $name.npy 32x64 2048; done
array a.npy 64x32 2048 e4m3
array b.npy 16x32 512 e4m3
array int4.npy 64x64 4096 int4
ulplab quantize --to e4m3 --in x2.npy --out other.npy
mkdir models llama-folder
cp "$top"/models/reference/* llama-folder
ln -s ../llama-folder models/reference
ln -s llama-folder/model.safetensors model.safetensors
echo 'The quick brown fox' | tee t.txt >words.txt

ran=0 elsewhere=0
awk -f "$top/tests/readme.awk" "$top/README.md" >../commands
while IFS= read -r command; do
  case $command in
  scripts/run | scripts/check) ;;         # .ci/run, and by hand
  *'pkg-config'*) ;;                      # tests/install, make installcheck
  'python3 -c "import sys, torch'*) ;;    # needs PyTorch
  'ulplab bench'*) ;;                     # tests/cli/bench.sh, --quick
  *'pip install'*) ;;                     # scripts/check_python
  mpirun* | *sbatch*) ;;                  # tests/experiments/{mpi,slurm}.sh
  *)
    sh -c "$command" >../out 2>../err </dev/null
    status=$? # compare says 1: different
    [ $status = 0 ] || { [ $status = 1 ] && [ ! -s ../err ]; } ||
      fault "$command: exit status $status: $(head -n 1 ../err)"
    ran=$((ran + 1))
    continue ;;
  esac
  elsewhere=$((elsewhere + 1))
done <../commands
echo "$ran commands ran, $elsewhere are run elsewhere"
[ $ran -ge 30 ] || fault "only $ran commands ran"
finish
