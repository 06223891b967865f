#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every bad command line and input: exit status 2, one line on stderr, no
# file left behind.  The lines are expected/refused.txt and
# refused-full.txt.
. "${srcdir:-.}/tests/cli/common.sh"

npy x.npy '<f4' '(2,)' 00 00 80 3f 00 00 00 40
npy y.npy '<f4' '(1, 2)' 00 00 80 3f 00 00 00 40
npy q.npy '|u1' '(3,)' 01 02 1f
npy two.npy '|u1' '(2,)' 01 02
npy i.npy '|i1' '(2,)' 07 10
npy u2.npy '<u2' '(1,)' 00 3c
npy t.npy '<f4' '(1,)' 01 00 80 3f
npy zero.npy '<f4' '()' 00 00 00 00
npy big.npy '<i8' '(1,)' 01 00 00 00 00 00 20 00
npy text.npy '<U4' '(1,)' 00 00 00 00
npy complex.npy '<c8' '(1,)' 00 00 00 00 00 00 00 00
npy long.npy '<f4' '(1,)' 00 00 80 3f 00
npy short.npy '<f4' '(2,)' 00 00 80 3f 00
npy huge.npy '<f4' '(4611686018427387904, 8)'
head -c 100 x.npy >cut.npy
: >empty.npy
echo 'no array at all' >noise.npy
# A header that promises 3 GiB before a file that is all hole.
{ header '<f4' False '(805306369,)'; } >sparse.npy
dd if=/dev/null of=sparse.npy bs=1 seek=3221225600 2>/dev/null
# .safetensors: offsets beyond the data; a header longer than the file.
head='{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
{ bytes "$(printf %x ${#head})" 00 00 00 00 00 00 00 && printf %s "$head" &&
  bytes 00 00 80 3f; } >short.safetensors
{ bytes ff ff ff 7f 00 00 00 00 && printf %s "$head"; } >lie.safetensors
head='{"a":{"dtype":"I32","shape":[0],"data_offsets":[0,0]},'
head=$head'"b":{"dtype":"I32","shape":[0],"data_offsets":[0,0]}}'
{ bytes "$(printf %x ${#head})" 00 00 00 00 00 00 00 && printf %s "$head"; } \
  >two.safetensors

# The command line.
refused
refused qantize
refused zzzzzzzz
refused --verson
ULPLAB_ISA=neon refused formats
refused formats --ouput csv
refused formats -x
refused formats --output xml
refused formats --output
refused formats e4m3
refused codes
refused codes e4m3 e5m2
refused codes e4m4zz
refused codes float8_e4m3f
refused codes e5m2:nann
refused codes e20m3
refused codes f32
refused codes --zzzzzzzz
refused write
refused write 1 2
refused write --out o.npy 1 zwei
refused write --out o.npy 1@
refused write --out o.npy 1@20000000
refused write --out o.npy 1@16777216 1
refused write --out o.npy --shape 2x 1 2
refused write --out o.npy --shape 3x99999999999 1 2
refused write --out o.npy --shape 2x2 1 2
refused write --out o.npy --type e4m9zz 1
refused show
refused show none.npy
refused show q.npy --type e2m1
refused show x.npy --type e4m3
refused show x.npy --packed
refused show big.npy
refused show two.safetensors
refused quantize --packed=yes
refused quantize --in x.npy --out o.npy
refused quantize --to e4m3 --out o.npy
refused quantize --to e4m3 --in x.npy
refused dequantize --from e4m3
refused list all
refused run
refused report

# Options of quantize.
q='--in x.npy --out o.npy --dequant d.npy --scales s.npy'
refused quantize --to e4m3x $q
refused quantize --to e4m3 $q --round rnx
refused quantize --to e4m3 $q --overflow satturate
refused quantize --to e4m3 $q --profile cudaa
refused quantize --to e4m3 $q --seed -1
refused quantize --to e4m3 $q --seed 18446744073709551616
refused quantize --to e4m3 $q --sr-bits 33
refused quantize --to e4m3 $q --sr-variant d
refused quantize --to e4m3 $q --scale-rule amx
refused quantize --to e4m3 $q --scale-rule fixed:0
refused quantize --to e4m3 $q --scale-rule percentile:101
refused quantize --to f32 $q --scale-rule mse
refused quantize --to e4m3 $q --granularity tile:3x
refused quantize --to e4m3 $q --axis 1
refused quantize --to e4m3 $q --global-scale g.npy
refused quantize --to bf16 $q --packed
refused quantize --to e2m3 $q --packed
refused quantize --to e15m0f $q
refused quantize --to e4m3 --in x.npy --out o.npy --dequant d.npy \
  --scales o.npy
refused quantize --to e4m3 --in x.npy --out o.npy --dequant ./o.npy
refused measure x.npy --threads 0
refused measure x.npy --format e4m3,,e5m2
refused measure x.npy --format e4m3,e9
refused measure x.npy --scale-rule amax,max --out o.csv

# Arrays.
for file in missing.npy . empty.npy noise.npy cut.npy short.npy long.npy \
  text.npy complex.npy huge.npy sparse.npy short.safetensors \
  lie.safetensors two.safetensors; do
  refused quantize --to e4m3 --in $file --out o.npy
done
refused quantize --to e4m3 --in big.npy --out o.npy
refused dequantize --from e4m3 --in u2.npy --out o.npy
refused dequantize --from int4 --in x.npy --out o.npy
refused dequantize --from f16 --in q.npy --out o.npy
refused dequantize --from bf16 --in x.npy --out o.npy
refused dequantize --from e2m1 --in q.npy --out o.npy
refused dequantize --from int4 --in i.npy --out o.npy
refused dequantize --from tf32 --in t.npy --out o.npy
refused dequantize --from e2m3 --in two.npy --out o.npy --packed
refused dequantize --from e2m1 --in u2.npy --out o.npy --packed
refused dequantize --from f32 --in x.npy --out o.npy --packed
refused dequantize --from e4m3 --in q.npy --out o.npy --scales x.npy
refused dequantize --from e4m3 --in q.npy --out o.npy --scales q.npy
refused dequantize --from e4m3 --in q.npy --out o.npy --scales zero.npy
refused dequantize --from e4m3 --in q.npy --out o.npy --global-scale zero.npy
refused compare x.npy
refused compare x.npy y.npy --type f32
refused compare x.npy q.npy
refused compare q.npy q.npy
refused compare q.npy q.npy --type e2m1
refused compare x.npy missing.npy
refused measure x.npy i.npy --out o.csv
refused measure x.npy short.safetensors
refused measure x.npy --out missing/o.csv

# Outputs.
refused quantize --to e4m3 --in x.npy --out missing/o.npy
refused quantize --to e4m3 --in x.npy --out o.npy --scales missing/s.npy
mkdir folder
refused quantize --to e4m3 --in x.npy --out folder
refused quantize --to e4m3 --in x.npy --out o.npy --dequant folder
rmdir folder
prints refused.txt cat ../refused

# A full disk.
: >../refused
if [ -c /dev/full ]; then
  refused quantize --to e4m3 --in x.npy --out o.npy --scales /dev/full
  # What was at a path before a failure stays there.
  echo before >o.npy
  refused quantize --to e4m3 --in x.npy --out o.npy --scales /dev/full
  [ "$(cat o.npy)" = before ] || fault "quantize: lost the earlier file"
  rm o.npy
  refused dequantize --from e4m3 --in q.npy --out /dev/full
  refused measure x.npy --out /dev/full
  for command in --help 'formats' 'codes e4m3' 'formats --help' '--version' \
    'list --version' 'compare x.npy x.npy'; do
    # shellcheck disable=SC2086
    "$ULPLAB" $command >/dev/full 2>../err
    [ $? = 2 ] || fault "$command: exit status not 2 on a full disk"
    cat ../err >>../refused
  done
  prints refused-full.txt cat ../refused
fi
finish
