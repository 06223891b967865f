#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab tokenize`, and `ulplab model --text`: tokens there and back.
. "${srcdir:-.}/tests/cli/common.sh"
vectors=$(cd "$here/../vectors" && pwd)

# What the library wrote is what is written: the header, too.
for name in llama3 smollm qwen2 gpt2-prefix; do
  file=$vectors/tokenizer/$name
  exits 0 "$ULPLAB" tokenize "$file.json" --text "$vectors/tokenizer/text.txt" \
    --out t.npy
  tail -c +129 t.npy >t.raw
  tail -c +129 "$file.npy" | cmp - t.raw || fault "$name: other tokens"
  exits 0 "$ULPLAB" tokenize "$file.json" --decode t.npy --out back.txt
  cmp back.txt "$file.txt" || fault "$name: decoded to something else"
done

# A folder, and what it is; a text's begin and end on request.
mkdir folder bytes
cp "$vectors/tokenizer/llama3.json" folder/tokenizer.json
"$ULPLAB" tokenize folder >../shown 2>&1
printf 'kind,vocabulary,merges,added_tokens\nbpe,906,642,8\n' | diff - ../shown ||
  fault "folder: not what was expected"
"$ULPLAB" tokenize bytes >../shown 2>&1
printf 'kind,vocabulary,merges,added_tokens\nbytes,256,0,0\n' | diff - ../shown ||
  fault "bytes: not what was expected"
printf 'a' >a.txt
exits 0 "$ULPLAB" tokenize folder --text a.txt --out t.npy
show t.npy | tail -n 1 | grep -q '^00 00 00 00 .. .. 00 00 01 00 00 00$' ||
  fault "no begin and end: $(show t.npy)"
exits 0 "$ULPLAB" tokenize folder --text a.txt --out plain.npy --plain
[ "$(wc -c <plain.npy)" = 132 ] || fault "--plain: $(show plain.npy)"
exits 0 "$ULPLAB" tokenize folder --decode t.npy --out b.txt --plain
cmp a.txt b.txt || fault "--decode --plain: not the text"
bytes 00 ff 80 >x.txt
exits 0 "$ULPLAB" tokenize bytes --text x.txt --out t.npy
exits 0 "$ULPLAB" tokenize bytes --decode t.npy --out b.txt
cmp x.txt b.txt || fault "bytes: not the text"

# A model's text is its tokens.
tiny=$vectors/model/tiny
mkdir tiny
cp "$tiny"/* tiny/
printf '%s' '{"model":{"vocab":{"a":97,"b":98,"ab":7},"merges":["a b"]},
"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
"decoder":{"type":"ByteLevel"}}' >tiny/tokenizer.json
printf 'aab' >aab.txt
npy want.npy '<i4' '(2,)' 61 00 00 00 07 00 00 00
exits 0 "$ULPLAB" model tiny --text aab.txt --logits l1.npy
exits 0 "$ULPLAB" model tiny --tokens want.npy --logits l2.npy
cmp l1.npy l2.npy || fault "model --text: not its tokens"

says() { # TEXT ARGUMENT...
  said=$1
  shift
  refused "$@"
  grep -qF -- "$said" ../err || fault "$*: $(cat ../err)"
}
says 'is not of bytes: expected --tokens' \
  model "$tiny" --text aab.txt --logits n.npy
says 'byte 1 of the text (0xff): expected UTF-8' \
  tokenize folder --text x.txt --out n.npy
printf '{"model":{"type":"WordPiece"}}' >w.json
says 'w.json: pre_tokenizer: expected a ByteLevel' tokenize w.json
says 'no-such: No such file or directory' tokenize no-such
says 'none.txt: No such file' tokenize folder --text none.txt --out n.npy
says '--text and --decode: expected one' \
  tokenize folder --text a.txt --decode t.npy --out n.npy
says 'expected --text or --decode with --out' tokenize folder --text a.txt
says 'expected --text or --decode with --out' tokenize folder --out n.npy
npy bad.npy '<i4' '(1,)' ff ff 00 00
says 'token 0 is 65535' tokenize folder --decode bad.npy --out n.txt
npy bad.npy '<f4' '(1,)' 00 00 80 3f
says 'expected one dimension of integers' \
  tokenize folder --decode bad.npy --out n.txt
finish
