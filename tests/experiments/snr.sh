#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# experiments/snr: its figures, and that nothing but the seed and the
# parameters decides its bytes.
SNR=$PWD/experiments/snr
. "${srcdir:-.}/tests/cli/common.sh"

small="--quick --distributions gaussian"

# The same seed, the same bytes; another seed, others.
"$SNR" $small --threads 1 >one.csv || fault 'a quick run'
"$SNR" $small --threads 2 >two.csv || fault 'two threads'
"$SNR" $small --seed 2 >other.csv || fault 'another seed'
cmp one.csv two.csv || fault 'threads change the bytes'
cmp -s one.csv other.csv && fault 'the seed changes nothing'

# The shards, sorted by point, are the whole; so is a shard with no point.
head -n 1 one.csv >header
for i in 1 2 3; do
  "$SNR" $small --shard $i/3 >shard.csv || fault "shard $i"
  head -n 1 shard.csv | cmp - header || fault "the header of shard $i"
  tail -n +2 shard.csv >>rows
done
sort -t , -k 1n rows | cat header - | cmp one.csv - || fault shards
"$SNR" $small --formats int8 --scale-rules amax --shard 2/2 >empty.csv ||
  fault 'a shard without points'
cmp header empty.csv || fault 'a shard without points is not the header'

# A format's rows do not depend on what other formats are asked for.
"$SNR" $small --formats 'e2m1 int4' | grep ',int4,' |
  cut -d , -f 2-20 >few
grep ',gaussian,int4,' one.csv | cut -d , -f 2-20 | cmp few - ||
  fault 'formats see different numbers'

# Published figures, dB, for the Gaussian at the scale of least error; and the
# sample agrees with the integral of the density within its interval.
"$SNR" --distributions 'gaussian uniform' --scale-rules mse \
  --formats 'int8 e4m3 e2m1 int4 e2m3' >figures.csv || fault 'figures'
cat >awk <<'END'
BEGIN {
  FS = ","
  want["int8"] = 40.57; want["float8_e4m3fn"] = 31.56
  want["float4_e2m1fn"] = 18.97; want["int4"] = 19.26
  want["float6_e2m3fn"] = 30.81
}
NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
  d = $at["snr_db"] - $at["theory_snr_db"]
  if (d > 2.2 * $at["snr_db_ci95"] || -d > 2.2 * $at["snr_db_ci95"])
    print $at["distribution"], $at["format"] ": theory is off by", d
}
$at["samples"] != 1048576 { print "row", NR ": not 2^20 samples" }
$at["distribution"] == "gaussian" {
  d = $at["snr_db"] - want[$at["format"]]
  if (d > 0.05 || d < -0.05) print $at["format"] ": off by", d
  seen++
}
END { if (seen != 5) print seen, "figures, not 5" }
END
awk -f awk figures.csv >wrong
[ ! -s wrong ] || fault "$(cat wrong)"

# A tensor: 1.25 and 0.25 in int4 at scale 1 are 1 and 0; its file may have a
# colon in its name.
npy 'a:b.npy' '<f4' '(2,)' 00 00 a0 3f 00 00 80 3e
"$SNR" --tensor a:b.npy --formats int4 --scale-rules fixed:1 >tensor.csv ||
  fault 'a tensor'
cat >awk <<'END'
BEGIN { FS = ","; pi = 10 / log(10) }
NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
{
  d = $at["snr_db"] - pi * log((1.5625 + 0.0625) / (2 * 0.0625))
  if (d > 1e-9 || d < -1e-9) print "snr_db is", $at["snr_db"]
  if ($at["bias"] != -0.25) print "bias is", $at["bias"]
  if ($at["flushed_fraction"] != 0.5) print "flushed"
  if ($at["bits_per_element"] != 4 + 32 / 2) print "bits"
  if ($at["distribution"] != "a:b.npy") print "name"
  if ($at["amax"] != 1.25) print "amax"
  if ($at["theory_snr_db"] != "") print "theory"
}
END { if (NR != 2) print NR, "lines" }
END
awk -f awk tensor.csv >wrong
[ ! -s wrong ] || fault "$(cat wrong)"

# FILE:NAME, with colons in both; without the name, all tensors of floats.
head='{"i":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},'
head=$head'"v":{"dtype":"F16","shape":[1],"data_offsets":[2,4]},'
head=$head'"w:x":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}'
{ bytes "$(printf %x ${#head})" 00 00 00 00 00 00 00 && printf %s "$head" &&
  bytes 01 02 00 3c 00 00 a0 3f 00 00 80 3e; } >'c:d.safetensors'
"$SNR" --tensor c:d.safetensors:w:x --formats int4 --scale-rules fixed:1 |
  sed 's/,w:x,/,a:b.npy,/' | cmp tensor.csv - || fault 'a named tensor'
"$SNR" --tensor c:d.safetensors --formats int4 --scale-rules amax |
  cut -d , -f 1,2 >names
printf 'point,distribution\n0,v\n1,w:x\n' | cmp - names || fault 'all tensors'

finish
