#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Scales of scales: written, read back, refused.
. "${srcdir:-.}/tests/cli/common.sh"

# Blocks of 64 of the whole numbers 0 .. 127, -128 .. -1: their amax are 63,
# 127, 128 and 64, the mean is 95.5, what is left -32.5, 31.5, 32.5 and -31.5.
# In the signed map -1 is code 0, 31.5/32.5 = .969 is 252 (.96484), 1 is 255
# and -.969 is 2.
i=0
header '|i1' False '(256,)' >k.npy
while [ $i -lt 256 ]; do
  bytes "$(printf %x $i)" >>k.npy
  i=$((i + 1))
done
exits 0 "$ULPLAB" dequantize --from int8 --in k.npy --out x.npy
to=nf4-double@bitsandbytes
exits 0 "$ULPLAB" quantize --to $to --in x.npy --out q.npy --scales s.npy \
  --nested-scales t.npy --scale-offset o.npy --dequant y.npy
exits 0 "$ULPLAB" dequantize --from $to --in q.npy --out z.npy --scales s.npy \
  --nested-scales t.npy --scale-offset o.npy
cmp y.npy z.npy || fault "$to: --dequant and dequantize differ"
for f in s t o; do
  show $f.npy
done >shown
cat >expected <<'EOF'
{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }
00 fc ff 02
{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }
00 00 02 42
{'descr': '<f4', 'fortran_order': False, 'shape': (), }
00 00 bf 42
EOF
diff -u expected shown || fault "$to: scales"

# Codes are those of quantizers whose scales are kept.
exits 0 "$ULPLAB" quantize --to nf4@bitsandbytes --in x.npy --out p.npy
cmp p.npy q.npy || fault "$to: other codes than nf4"
# Any quantizer of any scales.
any='int4/g=block:8/nested=e4m3,g=group:4/offset=none'
exits 0 "$ULPLAB" quantize --to "$any" --in x.npy --out q8.npy \
  --scales s8.npy --nested-scales t8.npy --dequant y8.npy
exits 0 "$ULPLAB" dequantize --from "$any" --in q8.npy --out z8.npy \
  --scales s8.npy --nested-scales t8.npy
cmp y8.npy z8.npy || fault "$any: --dequant and dequantize differ"

# What is missing, what is not there, what has another shape.
from() {
  refused dequantize --from $to --in q.npy --out r.npy "$@"
}
refused quantize --to nf4@bitsandbytes --in x.npy --out r.npy \
  --nested-scales u.npy
refused quantize --to "$any" --in x.npy --out r.npy --scale-offset u.npy
refused quantize --to e2m1 --in x.npy --out r.npy --nested-scales u.npy
from --scales s.npy --scale-offset o.npy
from --scales s.npy --nested-scales t.npy
from --nested-scales t.npy --scale-offset o.npy
from --scales t.npy --nested-scales t.npy \
  --scale-offset o.npy
from --scales s.npy --nested-scales s8.npy \
  --scale-offset o.npy
from --scales s.npy --nested-scales o.npy \
  --scale-offset o.npy
from --scales s.npy --nested-scales t.npy \
  --scale-offset x.npy
refused quantize --to nf4/nested=nf5 --in x.npy --out r.npy
prints refused-double.txt cat ../refused
finish
