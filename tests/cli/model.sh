#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab model` and `ulplab plans`: checkpoints and plans that are not what
# they should be get exit status 2 and one line that says what was expected;
# a plan from a file is the plan of that text.
. "${srcdir:-.}/tests/cli/common.sh"
tiny=$here/../vectors/model/tiny

# LINE COMMAND...: refused with a line that has LINE in it, and no file left.
bad() {
  want=$1
  shift
  ls >../before
  "$@" >../out 2>../err
  status=$?
  ls >../after
  [ "$status" -eq 2 ] || fault "exit status $status, not 2: $*"
  [ "$(wc -l <../err)" -eq 1 ] || fault "not one line on stderr: $*"
  grep -qF -- "$want" ../err || fault "$*: $(cat ../err): expected '$want'"
  cmp -s ../before ../after || fault "files left behind: $*"
}

# A copy of the tiny model, to spoil.
copy() {
  rm -rf m && mkdir m && cp "$tiny"/config.json "$tiny"/model* m/ &&
    chmod u+w m/*
}

npy tokens.npy '<i4' '(3,)' 05 00 00 00 4d 00 00 00 82 00 00 00
npy far.npy '<i4' '(2,)' 05 00 00 00 83 00 00 00
run() { "$ULPLAB" model "$@" --tokens tokens.npy --logits l.npy; }

# Checkpoints.
bad 'config.json' run nowhere
copy && sed -i 's/model.layers.1.mlp.down_proj/model.layers.1.mlp.dwon_proj/' \
  m/model*-of-00002.safetensors m/*.index.json
bad 'down_proj' run m
copy && sed -i 's/"intermediate_size": 96/"intermediate_size": 80/' m/config.json
bad 'mlp.gate_proj.weight is [96, 48]: config.json says [80, 48]' run m
copy && head -c 30000 m/model-00002-of-00002.safetensors >m/cut &&
  mv m/cut m/model-00002-of-00002.safetensors
bad 'model-00002-of-00002.safetensors' run m
copy && rm m/model-00002-of-00002.safetensors
bad 'model-00002-of-00002.safetensors' run m
copy && rm m/model.safetensors.index.json
bad 'model.safetensors' run m
copy && sed -i 's/LlamaForCausalLM/GPT2LMHeadModel/; s/"llama"/"gpt2"/' \
  m/config.json
bad 'gpt2' run m
copy && sed -i 's/"hidden_size": 48/"hidden_size": "48"/' m/config.json
bad 'hidden_size' run m
copy && echo '{' >m/config.json
bad 'config.json' run m
copy && echo '[]' >m/model.safetensors.index.json
bad 'model.safetensors.index.json' run m

# Tokens.
bad 'token 1 is 131: expected 0 to 130' \
  "$ULPLAB" model "$tiny" --tokens far.npy --logits l.npy

# Plans.
bad "(did you mean 'fp8-token'?)" run "$tiny" --plan fp8-tokn
printf 'all step=f32\n\ngate layers=1 wights=int4\n' >bad.plan
bad "bad.plan:3: 'wights'" run "$tiny" --plan bad.plan
printf 'gate layers=1-7 weights=int4\n' >far.plan
bad 'far.plan:1: layer 7: the model has 2, 0 to 1' run "$tiny" --plan far.plan
head -c 100 "$tiny/model-00001-of-00002.safetensors" >binary.plan
bad 'binary.plan:1: ' run "$tiny" --plan binary.plan
bad 'plans' "$ULPLAB" plans nonsense
bad 'plans' "$ULPLAB" plans f64 f32

# The text of a plan, as a file, is the plan; an edited one is another.
for plan in f32 fp8-deepseek nvfp4 kv-kivi2; do
  "$ULPLAB" plans "$plan" >own.plan || fault "plans $plan"
  run "$tiny" --plan "$plan" || fault "model --plan $plan"
  mv l.npy named.npy
  run "$tiny" --plan own.plan --threads 1 || fault "model --plan own.plan"
  cmp -s named.npy l.npy || fault "$plan: its text gives other logits"
  echo 'down layers=1 weights=int4sym/g=channel inputs=none product=f32' \
    >>own.plan
  run "$tiny" --plan own.plan || fault "model --plan own.plan, edited"
  ! cmp -s named.npy l.npy || fault "$plan: the last line changed nothing"
done
[ "$("$ULPLAB" plans | wc -l)" -gt 20 ] || fault 'plans: fewer than 20 rows'
"$ULPLAB" plans | grep -q '^nvfp4,.*modelled, not bit-exact' ||
  fault 'plans: nvfp4 without a note'

finish
