#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# `ulplab gpus`, `mma`, `gemm`, `identify` and `trace`: values known from
# paper, and each bad input.
. "${srcdir:-.}/tests/cli/common.sh"

# Warnings of what was not measured do not belong to these results.
quiet() { "$ULPLAB" "$@" 2>/dev/null; }

# COUNT BYTE...: the bytes that many times over.
repeat() {
  n=$1
  shift
  while [ "$n" -gt 0 ]; do
    printf '%s ' "$@"
    n=$((n - 1))
  done
}

# shellcheck disable=SC2046
{
  # f16: A the identity, B[j][k] = k + 1 but B[0][0] = -2: D = B^T + C.
  npy eye.npy '<u2' '(16, 16)' $(for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
    printf '00 3c '; repeat 16 00 00; done; printf '00 3c')
  row='3c 00 40 00 42 00 44 00 45 00 46 00 47 00 48 80 48 00 49 80 49 00 4a'
  row="$row 80 4a 00 4b 80 4b 00 4c"
  npy b.npy '<f2' '(8, 16)' 00 c0 ${row#3c } $(repeat 7 00 $row)
  npy c.npy '<f4' '(16, 8)' $(repeat 128 00 00 80 3f)
}
for instr in mma.m16n8k16.f32.f16.f16.f32 \
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32; do
  quiet mma --gpu h200 --instr $instr --a eye.npy --b b.npy --c c.npy \
    --out d.npy || fault "mma: exit status $?"
  # D[i][0] = i + 2 (D[0][0] = -1), every column the same but the first row.
  head -c 160 d.npy | tail -c 32 | od -An -v -tx1 | tr -d ' \n' >row0
  printf '000080bf%s' "$(repeat 7 00 00 00 40 | tr -d ' ')" | cmp - row0 ||
    fault "$instr: row 0"
  tail -c 32 d.npy | od -An -v -tx1 | tr -d ' \n' >row15
  repeat 8 00 00 88 41 | tr -d ' ' | cmp - row15 || fault "$instr: row 15"
done
# A batch of two, C left out: D is B transposed.
head -c 640 eye.npy | tail -c 512 >data
{ header '<u2' False '(2, 16, 16)' && cat data data; } >eye2.npy
head -c 384 b.npy | tail -c 256 >data
{ header '<f2' False '(2, 8, 16)' && cat data data; } >b2.npy
quiet mma --gpu h200 --instr mma.m16n8k16.f32.f16.f16.f32 --a eye2.npy \
  --b b2.npy --out d2.npy --threads 1 || fault "a batch: exit status $?"
tail -c +129 d2.npy | head -c 512 >one && tail -c 512 d2.npy | cmp - one ||
  fault 'a batch: two results of the same operands'

# One product of 448 * 448 = 200704 and 511 of 1, in e4m3.  The accumulator of
# wgmma keeps 14 bits: beside 2^17 its unit is 16, and 32 ones in one
# instruction are cut one by one.  So the chain ends with 200704; promotion
# every 128 adds three pieces of 128 to it, 201088; so do 4 slices; the exact
# sum is 201215; fused multiply-adds in f32 are exact here.
# shellcheck disable=SC2046
{
  npy p.npy '|u1' '(1, 512)' 7e $(repeat 511 38)
  npy pt.npy '|u1' '(512, 1)' 7e $(repeat 511 38)
}
fp8='--gpu h200 --type-a e4m3 --type-b e4m3 --a p.npy --b p.npy'
gives() { # HEX OPTION...
  want=$1
  shift
  # shellcheck disable=SC2086
  quiet gemm $fp8 "$@" --out g.npy || fault "$*: exit status $?"
  got=$(tail -c +129 g.npy | od -An -v -tx1 | tr -d ' \n')
  [ "$got" = "$want" ] || fault "$*: $got, expected $want"
}
gives 00004448 --kernel wgmma-chain
gives 00004448 --kernel cublaslt-fp8 --fast-accum
gives 00604448 --kernel cublaslt-fp8
gives 00604448 --kernel cublaslt-fp8 --fast-accum --split-k 4
gives 00404448 --kernel cublaslt-fp8 --fast-accum --split-k 2
gives 00404448 --kernel wgmma-chain --promote 256
gives c07f4448 --kernel exact
gives c07f4448 --kernel fma-chain
gives 4448 --kernel cublaslt-fp8 --out-type bf16
gives 007c --kernel exact --out-type f16
gives 00004448 --kernel model --block 32 --align 13 --accumulator fp22 \
  --floor -133
gives c07f4448 --kernel model --block 32 --align 25 --accumulator f32
gives 00604448 --kernel cublaslt-fp8 --b pt.npy --b-layout kn
npy half.npy '<f4' '()' 00 00 00 3f
npy rows.npy '<f4' '(1,)' 00 00 00 3f
npy blocks.npy '<f4' '(1, 4)' 00 00 00 3f 00 00 00 3f 00 00 00 3f 00 00 00 3f
gives 00604447 --kernel cublaslt-fp8 --scale-a half.npy --scale-b rows.npy
gives 00604447 --kernel cublaslt-fp8 --scale-a blocks.npy --scale-b blocks.npy
rm -f g.npy

# s8, exact: 127 * 127 * 4 + 5.
npy i.npy '|i1' '(1, 4)' 7f 7f 7f 7f
npy ci.npy '<i4' '(1, 1)' 05 00 00 00
exits 0 "$ULPLAB" gemm --gpu h200 --kernel cublaslt-s8 --a i.npy --b i.npy \
  --c ci.npy --out g.npy
[ "$(tail -c 4 g.npy | od -An -v -tx1 | tr -d ' \n')" = 09fc0000 ] ||
  fault 'cublaslt-s8'

# The fast order is found in the fast bits, nothing in broken ones.
# shellcheck disable=SC2086
{
  quiet gemm $fp8 --kernel cublaslt-fp8 --fast-accum --out fast.npy
  quiet identify $fp8 --d fast.npy --top 1 >found || fault "identify: $?"
  tail -n +2 found | grep -q '^exact,.*cublaslt-fp8.*,0,1,512,f32,' ||
    fault "identify: $(cat found)"
  npy bad.npy '<f4' '(1, 1)' 01 00 44 48
  quiet identify $fp8 --d bad.npy --top 1 >found
  [ $? = 1 ] || fault 'identify: an order for bits that have none'
  tail -n +2 found | grep -q '^near,.*,all,0,0,0,0x48440001,0x' ||
    fault "identify: $(cat found)"
  quiet identify $fp8 --d bad.npy --output json | grep -q '"match": "near"' ||
    fault 'identify --output json'
}

# Bits, a byte each.  A is all 1 but the last row, all 0; of four k B has three
# of 1; C is -1.  So 192 of 256 k are 1 in both, and 64 differ; in the last row
# none and 192.
# shellcheck disable=SC2046
{
  npy a1.npy '|u1' '(16, 256)' $(repeat 3840 01) $(repeat 256 00)
  npy b1.npy '|u1' '(8, 256)' $(repeat 512 01 01 01 00)
  npy c1.npy '<i4' '(16, 8)' $(repeat 128 ff ff ff ff)
  npy a1two.npy '|u1' '(16, 256)' $(repeat 4095 01) 02
}
b1='--gpu h200 --instr mma.m16n8k256.s32.b1.b1.s32'
# shellcheck disable=SC2086
for op in and xor; do
  io1='--a a1.npy --b b1.npy --c c1.npy'
  exits 0 "$ULPLAB" mma $b1.$op.popc $io1 --out ds.npy
  case $op in
  and) first='bf 00 00 00' last='ff ff ff ff' ;;
  xor) first='3f 00 00 00' last='bf 00 00 00' ;;
  esac
  tail -c +129 ds.npy | od -An -v -tx1 | tr -d ' \n' >bits
  { repeat 120 $first && repeat 8 $last; } | tr -d ' ' | cmp - bits ||
    fault "b1: $op"
  quiet trace $b1.$op.popc $io1 --row 15 --col 7 >bits
  case $op in and) last='= -1' ;; xor) last='= 191' ;; esac
  tail -1 bits | grep -q "^D = 0x.* $last\$" &&
    grep "^  255" bits | grep -q "  *${last#= }\$" ||
    fault "trace of $op: $(tail -5 bits)"
done

# Block scales.  nvf4: all 1, so that a group is 16; A's scales are 1, 2, 3 and
# 4 (the last row's 1 with bit 7, which is not read; the row before has halves of
# these), B's are 1 but 1/2 for the last column: D = 16 (1 + 2 + 3 + 4) = 160,
# or half, or a quarter.  mxf8: 32 products of 1, scales
# of 2 and 1/2, but 1 for the last column.
# shellcheck disable=SC2046
{
  npy a4.npy '|u1' '(16, 64)' $(repeat 1024 02)
  npy b4.npy '|u1' '(8, 64)' $(repeat 512 02)
  npy sa4.npy '|u1' '(16, 4)' $(repeat 14 38 40 44 48) 30 38 3c 40 b8 40 44 48
  npy sb4.npy '|u1' '(8, 4)' $(repeat 28 38) $(repeat 4 30)
  npy am.npy '|u1' '(16, 32)' $(repeat 512 38)
  npy bm.npy '|u1' '(8, 32)' $(repeat 256 3c)
  npy sam.npy '|u1' '(16, 1)' $(repeat 16 80)
  npy sbm.npy '|u1' '(8, 1)' $(repeat 7 7e) 7f
}
nvf4='--gpu rtx5090 --instr mma.m16n8k64.kind::mxf4nvf4.block_scale'
nvf4=$nvf4.scale_vec::4X.f32.e2m1.e2m1.f32.ue4m3
mxf8='--gpu rtx5090 --instr mma.m16n8k32.kind::mxf8f6f4.block_scale'
mxf8=$mxf8.f32.e4m3.e5m2.f32.ue8m0
io4='--a a4.npy --b b4.npy' io8='--a am.npy --b bm.npy'
s4='--scale-a sa4.npy --scale-b sb4.npy'
s8='--scale-a sam.npy --scale-b sbm.npy'
# shellcheck disable=SC2046,SC2086
{
  quiet mma $nvf4 $io4 $s4 --out ds.npy || fault "nvf4: exit status $?"
  tail -c +129 ds.npy | od -An -v -tx1 | tr -d ' \n' >nvf4
  full="$(repeat 7 00 00 20 43) 00 00 a0 42"
  half="$(repeat 7 00 00 a0 42) 00 00 20 42"
  { repeat 14 $full && echo $half $full; } | tr -d ' \n' | cmp - nvf4 ||
    fault 'nvf4'
  quiet mma $mxf8 $io8 $s8 --out ds.npy || fault "mxf8: exit status $?"
  [ "$(tail -c 32 ds.npy | od -An -v -tx1 | tr -d ' \n')" = \
    "$(repeat 7 00 00 00 42 | tr -d ' ')00008042" ] || fault 'mxf8'
  # A batch of two, the second with scales of 0 for the first row of B; 80
  # rows, which threads share in parts of 64, the last 16 with half the scales.
  tail -c +129 a4.npy >data
  { header '|u1' False '(2, 80, 64)' &&
    cat data data data data data data data data data data; } >a4x2.npy
  tail -c +129 sa4.npy >data
  bytes $(repeat 16 30 38 3c 40) >last
  { header '|u1' False '(2, 80, 4)' &&
    cat data data data data last data data data data last; } >sa4x2.npy
  tail -c +129 b4.npy >data
  { header '|u1' False '(2, 8, 64)' && cat data data; } >b4x2.npy
  tail -c +129 sb4.npy >data
  { header '|u1' False '(2, 8, 4)' && cat data && bytes 00 00 00 00 &&
    tail -c 28 data; } >sb4x2.npy
  quiet mma $nvf4 --a a4x2.npy --b b4x2.npy --scale-a sa4x2.npy \
    --scale-b sb4x2.npy --out ds.npy || fault "nvf4, batch: exit status $?"
  tail -c +129 ds.npy | od -An -v -tx1 | tr -d ' \n' >nvf4
  gone="00 00 00 00 ${full#00 00 20 43 }"
  lost="00 00 00 00 ${half#00 00 a0 42 }"
  { repeat 4 $(repeat 14 $full) $half $full && repeat 16 $half
    repeat 4 $(repeat 14 $gone) $lost $gone && repeat 16 $lost; } |
    tr -d ' ' | cmp - nvf4 || fault 'nvf4: a batch'
}

# Rounded to bf16, sums hide their order; on inputs made to tell them apart
# what each order makes of them is its own.  Warnings say both.
noise() { # COUNT: bytes that are e4m3 numbers near 1
  awk -v n="$1" 'BEGIN {
    for (x = 1; n > 0; n--) {
      x = x * 16807 % 2147483647
      printf "%02x ", 32 + x % 32 + 128 * (int(x / 1024) % 2)
    }
  }'
}
kernels_of() { # FILE CLASS: the exact rows that are of this d_apart
  awk -F, -v c="$2" '$1 == "exact" && (c == "any" || $NF == c) {
    print $2 "," $3 "," $5 "," $6 }' "$1" | sort
}
bf16='--gpu h200 --type-a e4m3 --type-b e4m3 --out-type bf16'
# shellcheck disable=SC2046,SC2086
{
  npy q.npy '|u1' '(4, 256)' $(noise 1024)
  quiet gemm $bf16 --kernel exact --a q.npy --b q.npy --out qd.npy
  "$ULPLAB" identify $bf16 --a q.npy --b q.npy --d qd.npy >/dev/null 2>../err
  grep -q 'rows give every bit of D.*--tell-apart' ../err ||
    fault "identify: $(cat ../err)"
  quiet identify $bf16 --a q.npy --b q.npy --d qd.npy --tell-apart ta \
    --top 8 >found || fault "identify --tell-apart: $?"
  [ "$(kernels_of found any | wc -l)" = 8 ] &&
    [ "$(kernels_of found 0 | wc -l)" = 2 ] && grep -q ',5$' found ||
    fault "identify --tell-apart: $(cat found)"
  [ "$(wc -c <ta/d.npy)" -eq $((128 + 6 * 32)) ] || fault 'ta/d.npy: its size'
  for class in 0 1 2 3 4 5; do
    { header '<u2' False '(4, 4)' && tail -c +$((129 + 32 * class)) \
      ta/d.npy | head -c 32; } >one.npy
    kernels_of found $class >../own
    quiet identify $bf16 --a ta/a.npy --b ta/b.npy --d one.npy --top 99 >again
    kernels_of found any >../all
    kernels_of again any | comm -12 ../all - | cmp -s - ../own ||
      fault "identify ta, class $class: $(cat again)"
  done
  "$ULPLAB" identify $fp8 --d bad.npy --tell-apart none >/dev/null 2>../err
  grep -q 'none: not written, no order matches' ../err && [ ! -e none ] ||
    fault "identify --tell-apart: $(cat ../err)"
}

traced() {
  for output in text json; do
    quiet trace --gpu a100 --instr mma.m16n8k16.f32.f16.f16.f32 --a eye.npy \
      --b b.npy --c c.npy --row 0 --col 0 --output $output
  done
  quiet trace --gpu h200 --instr wgmma.m64n8k32.f32.e4m3.e4m3 --a a64.npy \
    --b b64.npy --row 63 --col 7
  quiet trace --gpu h200 --instr mma.m16n8k32.f32.e4m3.e4m3.f32 --a a64.npy \
    --b b64.npy --row 63 --col 7
  quiet trace --gpu a100 --instr mma.m8n8k4.f64.f64.f64.f64 --a f64.npy \
    --b f64.npy --row 1 --col 1
  quiet trace --gpu a100 --instr mma.m16n8k16.s32.s8.s8.s32 --a i16.npy \
    --b i16.npy --row 0 --col 0
  traced_scales text
  # A line for each term and product.
  traced_scales json | tr -d ' \n' | sed 's/{"k"/\
{"k"/g;s/{"gpu"/\
{"gpu"/g'
}
# shellcheck disable=SC2086
traced_scales() { # SYNTAX
  quiet trace $nvf4 --a a4t.npy --b b4.npy $s4 --row 15 --col 7 --output "$1"
  quiet trace $mxf8 --a amt.npy --b bmt.npy --c c.npy $s8 --row 15 --col 7 \
    --output "$1"
  quiet trace $mxf8 $io8 --scale-a nanm.npy --scale-b sbm.npy --row 15 \
    --col 0 --output "$1"
}
# 448 * 448, a half of it negative, products that are cut, a subnormal, a NaN
# in the last row of A's second operand.
# shellcheck disable=SC2046
{
  npy a64.npy '|u1' '(64, 32)' $(repeat 63 $(repeat 32 00)) 7e fe 38 01 \
    $(repeat 28 30)
  npy b64.npy '|u1' '(8, 32)' $(repeat 7 $(repeat 32 00)) 7e 76 38 38 \
    $(repeat 27 08) 07
  npy f64.npy '<f8' '(8, 4)' $(repeat 32 00 00 00 00 00 00 f8 3f)
  npy i16.npy '|i1' '(16, 16)' $(repeat 256 80)
}
# nvf4: groups of 1 + 2 + ... , of pairs that cancel, of zeros, of -6.
# mxf8: 448 * 57344, 2^-9 * 2^-16 that is cut, 30 of 1.  A scale of NaN.
# shellcheck disable=SC2046
{
  npy a4t.npy '|u1' '(16, 64)' $(repeat 960 02) 00 01 02 03 04 05 06 07 \
    00 01 02 03 04 05 06 07 $(repeat 8 03 0b) $(repeat 16 00) $(repeat 16 0f)
  npy amt.npy '|u1' '(16, 32)' $(repeat 480 38) 7e 01 $(repeat 30 38)
  npy bmt.npy '|u1' '(8, 32)' $(repeat 224 3c) 7b 01 $(repeat 30 3c)
  npy nanm.npy '|u1' '(16, 1)' $(repeat 15 80) ff
}
# The machine instruction and the source of a record are its own business.
traced | sed 's/^\(measured\|published\|open\): .*/EVIDENCE/;
s/"evidence":\( *\)"[a-z]*"/"evidence":\1EVIDENCE/' >../traced
[ -z "$ULP_ACCEPT" ] || cp ../traced "$here/expected/trace.txt"
diff -u "$here/expected/trace.txt" ../traced || fault 'trace'

# C is the element's own: of each column another, and A is zeros.
# shellcheck disable=SC2046
npy zero.npy '<u2' '(16, 16)' $(repeat 512 00)
# shellcheck disable=SC2046
npy cols.npy '<f4' '(16, 8)' $(repeat 16 00 00 00 00 00 00 80 3f 00 00 00 40 \
  00 00 40 40 00 00 80 40 00 00 a0 40 00 00 c0 40 00 00 e0 40)
quiet trace --gpu h200 --instr mma.m16n8k16.f32.f16.f16.f32 --a zero.npy \
  --b b.npy --c cols.npy --row 1 --col 6 >cols.txt ||
  fault "trace with C: exit status $?"
tail -1 cols.txt | grep -q '^D = .* = 6$' ||
  fault "trace with C: $(cat cols.txt)"

# Sparse: A stores the first and the last of every four k, all 1, and B[j][k]
# is k + 1; so D is the sum of those k + 1.  tf32 stores one of two.
# shellcheck disable=SC2046
{
  npy as.npy '<u2' '(16, 8)' $(repeat 128 00 3c)
  npy bs.npy '<u2' '(8, 16)' $(repeat 8 00 $row)
  npy meta.npy '|u1' '(16, 8)' $(repeat 15 00 03 04 07 08 0b 0c 0f) \
    00 01 04 05 08 09 0c 0d
  npy at.npy '<f4' '(16, 4)' $(repeat 64 00 00 80 3f)
  npy bt.npy '<f4' '(8, 8)' $(repeat 8 00 00 80 3f 00 00 00 40 00 00 40 40 \
    00 00 80 40 00 00 a0 40 00 00 c0 40 00 00 e0 40 00 00 00 41)
  npy metat.npy '|u1' '(16, 4)' $(repeat 16 01 02 04 07)
}
sp='--gpu h200 --instr mma.sp.m16n8k16.f32.f16.f16.f32'
spt='--gpu h200 --instr mma.sp.m16n8k8.f32.tf32.tf32.f32'
# shellcheck disable=SC2086
{
  quiet mma $sp --a as.npy --b bs.npy --meta meta.npy --out ds.npy ||
    fault "mma.sp: exit status $?"
  # 1+4+5+8+9+12+13+16 = 68, and in the last row 1+2+5+6+9+10+13+14 = 60.
  [ "$(tail -c 64 ds.npy | od -An -v -tx1 | tr -d ' \n')" = \
    "$(repeat 8 00 00 88 42 | tr -d ' ')$(repeat 8 00 00 70 42 |
      tr -d ' ')" ] || fault 'mma.sp: f16'
  quiet mma $spt --a at.npy --b bt.npy --meta metat.npy --out ds.npy ||
    fault "mma.sp of tf32: exit status $?"
  # 2 + 3 + 5 + 8
  [ "$(tail -c 4 ds.npy | od -An -v -tx1 | tr -d ' \n')" = 00009041 ] ||
    fault 'mma.sp: tf32'
  quiet trace $sp --a as.npy --b bs.npy --meta meta.npy --row 15 --col 3 \
    >sparse.txt || fault "trace of mma.sp: exit status $?"
  grep -q '^   13  .* 14 ' sparse.txt && tail -1 sparse.txt |
    grep -q '^D = .* = 60$' || fault "trace of mma.sp: $(cat sparse.txt)"
}

# Tables: a header, and each row as many cells; the JSON says the same.
"$ULPLAB" gpus >gpus.csv || fault "gpus: exit status $?"
head -1 gpus.csv | grep -q '^gpu,products,instruction,m,n,k,' || fault gpus
grep -q '^sm_90,h200 .*,wgmma,64,8..256,32,f32,' gpus.csv || fault 'gpus: wgmma'
[ "$("$ULPLAB" gpus --output json | grep -c '"gpu"')" = \
  $(($(wc -l <gpus.csv) - 1)) ] || fault 'gpus: JSON and CSV differ'
"$ULPLAB" gemm --kernel list | grep -q '^cublaslt-fp8,sm_90,wgmma,' ||
  fault 'gemm --kernel list'

# What nobody measured: one warning; refused under --strict.
"$ULPLAB" mma --gpu a100 --instr mma.m16n8k16.f32.f16.f16.f32 --a eye.npy \
  --b b.npy --out d.npy 2>../err || fault 'mma on a100'
[ "$(wc -l <../err)" = 1 ] && grep -q '^ulplab mma: warning: ' ../err ||
  fault 'one warning'

rm -f ../refused
# shellcheck disable=SC2046
{
  npy b8.npy '<u2' '(8, 8)' $(repeat 128 00)
  npy other.npy '|u1' '(16, 8)' $(repeat 16 00 04 05 07 08 0b 0c 0f)
  npy twice.npy '|u1' '(16, 8)' $(repeat 16 00 03 04 07 0b 0b 0c 0f)
  npy four.npy '|u1' '(16, 4)' $(repeat 16 00 01 04 07)
}
f16='--instr mma.m16n8k16.f32.f16.f16.f32'
io='--a eye.npy --b b.npy --out o.npy'
# shellcheck disable=SC2086
{
  refused mma --gpu a100 $f16 $io --strict
  refused mma $f16 $io
  refused mma --gpu h200 $io
  refused mma --gpu h200 $f16 --a eye.npy --b b.npy
  refused mma --gpu h200 $f16 --b b.npy --out o.npy
  refused mma --gpu h2000 $f16 $io
  refused mma --gpu h200 --instr mma.m16n8k17.f32.f16.f16.f32 $io
  refused mma --gpu h200 --instr nonsense $io
  refused mma --gpu a100 --instr wgmma.m64n8k16.f32.f16.f16 $io
  refused mma --gpu h200 --instr mma.m16n8k8.f32.f16.f16.f32 $io
  refused mma --gpu h200 $f16 --a b.npy --b b.npy --out o.npy
  refused mma --gpu h200 $f16 --a eye.npy --b eye2.npy --out o.npy
  refused mma --gpu h200 $f16 --a eye2.npy --b b2.npy --c c.npy --out o.npy
  refused mma --gpu h200 $f16 --a eye.npy --b b.npy --c b.npy --out o.npy
  refused mma --gpu h200 --instr mma.m16n8k16.f32.bf16.bf16.f32 $io
  refused mma --gpu h200 $f16 $io --c eye.npy
  refused mma --gpu h200 $f16 $io --b-layout nm
  refused mma --gpu h200 $f16 --a eye.npy --b half.npy --out o.npy
  refused mma --gpu h200 $f16 --a eye.npy --b absent.npy --out o.npy
  refused mma --gpu h200 $f16 --a eye.npy --b b.npy --out absent/o.npy
  npy k0.npy '<u2' '(16, 0)'
  refused mma --gpu h200 $f16 --a k0.npy --b k0.npy --out o.npy
  refused gemm --gpu h200 --kernel cublaslt-f16 --a k0.npy --b k0.npy \
    --out o.npy
  refused gemm $fp8 --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp9 --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --gpu a100 --out o.npy
  refused gemm $fp8 --kernel cublaslt-bf16 --out o.npy
  refused gemm --gpu h200 --kernel cublaslt-fp8 --a p.npy --b p.npy --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --out-type e4m3 --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --promote 100 --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --promote -2 --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --split-k 0 --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --split-k x --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --reduce f16 --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --reduce 16-bit-sums --out o.npy
  refused gemm $fp8 --kernel wgmma-chain --fast-accum --out o.npy
  refused gemm $fp8 --kernel wgmma-chain --scale-a blocks.npy \
    --scale-b blocks.npy --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --scale-a blocks.npy --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --scale-a c.npy --out o.npy
  refused gemm $fp8 --kernel cublaslt-fp8 --scale-a p.npy --out o.npy
  refused gemm $fp8 --kernel model --out o.npy
  refused gemm $fp8 --kernel model --block 0 --align 1 --accumulator f32 \
    --out o.npy
  refused gemm $fp8 --kernel model --block 4 --align 99 --accumulator f32 \
    --out o.npy
  refused gemm $fp8 --kernel model --block 4 --align 9 --accumulator nf4 \
    --out o.npy
  refused gemm $fp8 --kernel cutlass-fp8-2xacc --strict --out o.npy
  refused identify $fp8
  refused identify $fp8 --d c.npy
  refused identify --gpu h200 --a p.npy --b p.npy --d bad.npy
  refused identify $fp8 --d bad.npy --out-type nf4
  refused identify $bf16 --a q.npy --b q.npy --d qd.npy \
    --tell-apart absent/ta
  refused identify $bf16 --a q.npy --b q.npy --d qd.npy \
    --tell-apart p.npy
  npy p2.npy '|u1' '(2, 1, 4)' 38 38 38 38 38 38 38 38
  npy d2.npy '<f4' '(2, 1, 1)' 00 00 80 40 00 00 80 40
  refused identify --gpu h200 --type-a e4m3 --type-b e4m3 --a p2.npy \
    --b p2.npy --d d2.npy --tell-apart ta2
  refused identify --gpu h2 --a p.npy --b p.npy --type-a e4m3 --type-b e4m3 \
    --d bad.npy
  npy i4.npy '|u1' '(1, 1)' 01
  refused identify --gpu a100 --type-a nf4 --type-b nf4 --a i4.npy --b i4.npy \
    --d bad.npy
  refused trace --gpu h200 $f16 --a eye.npy --b b.npy
  refused trace --gpu h200 $f16 --a eye.npy --b b.npy --row 0
  refused trace --gpu h200 $f16 --a eye.npy --b b.npy --row 16 --col 0
  refused trace --gpu h200 $f16 --a eye.npy --b b.npy --row 0 --col 8
  refused trace --gpu h200 $f16 --a eye.npy --b b.npy --row 0 --col 0 --batch 1
  refused trace --gpu h200 $f16 --a eye.npy --b b.npy --row 0 --col 0 \
    --output csv
  refused gpus --output text
  as='--a as.npy --b bs.npy --out o.npy'
  refused mma $sp $as
  refused trace $sp --a as.npy --b bs.npy --row 0 --col 0
  refused mma --gpu h200 $f16 $io --meta meta.npy
  refused mma $sp $as --meta metat.npy
  refused mma $sp $as --meta as.npy
  refused mma $sp --a eye.npy --b bs.npy --meta meta.npy --out o.npy
  refused mma $sp --a as.npy --b b8.npy --meta meta.npy --out o.npy
  refused mma $sp $as --meta other.npy
  refused mma $sp $as --meta twice.npy
  refused mma $spt --a at.npy --b bt.npy --meta four.npy --out o.npy
  refused mma $b1.and.popc --a a1two.npy --b b1.npy --out o.npy
  refused mma $b1 --a a1.npy --b b1.npy --out o.npy
  npy sa3.npy '|u1' '(16, 3)' $(repeat 48 38)
  npy sa4f.npy '<f4' '(16, 4)' $(repeat 64 00 00 80 3f)
  npy sa4i.npy '|i1' '(16, 4)' $(repeat 64 38)
  npy one.npy '|u1' '(4,)' 38 38 38 38
  refused mma $nvf4 $io4 --out o.npy
  refused mma $nvf4 $io4 --scale-a sa4.npy --out o.npy
  refused mma $nvf4 $io4 --scale-b sb4.npy --out o.npy
  refused trace $nvf4 $io4 --row 0 --col 0
  refused mma --gpu h200 $f16 $io --scale-a sa4.npy --scale-b sb4.npy
  refused mma --gpu h200 $f16 $io --scale-b sb4.npy
  refused trace --gpu h200 $f16 --a eye.npy --b b.npy --row 0 --col 0 \
    --scale-a sa4.npy
  for sa in sa3.npy sb4.npy sam.npy sa4f.npy sa4i.npy sa4x2.npy one.npy \
    absent.npy; do
    refused mma $nvf4 $io4 --scale-a $sa --scale-b sb4.npy --out o.npy
  done
  refused mma $nvf4 $io4 --scale-a sa4.npy --scale-b sa4.npy --out o.npy
  refused trace $mxf8 $io8 --scale-a sam.npy --scale-b sam.npy --row 0 --col 0
  refused mma $nvf4 $io4 $s4 --strict --out o.npy
}
sed "s/'[a-z]*' (.*), expected 'measured'/LEVEL (SOURCE), expected 'measured'/" \
  ../refused >../refused-products
[ -z "$ULP_ACCEPT" ] || cp ../refused-products "$here/expected/refused-products.txt"
diff -u "$here/expected/refused-products.txt" ../refused-products ||
  fault 'refused lines'
finish
