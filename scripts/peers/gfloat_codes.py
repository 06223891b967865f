#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""gfloat against ours: all codes, and all bf16 values rounded every way.

usage: gfloat_codes.py [--build DIR] [--step N]

DIR (default: .) is a build directory where tests/encode_range has been
built.  For each of gfloat's formats of up to 16 bits: the value of every
code; then every N-th bf16 value (default 1: all) in five modes, saturating
and not, and stochastically with all 3-bit random numbers in P3109's variants
A, B and C.  Values are compared, so NaN equals NaN.  Exit 1 when a
difference has no explanation here.
"""
import argparse
import importlib.metadata
import os
import sys

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--step", type=int, default=1)
options = parser.parse_args()
peers.enter(options.build, ["numpy", "gfloat"])

import gfloat  # noqa: E402
import gfloat.formats  # noqa: E402
import numpy as np  # noqa: E402

ENCODE = os.path.join(options.build, "tests", "encode_range")
NAMES = {"ocp_e2m1": "e2m1", "ocp_e2m3": "e2m3", "ocp_e3m2": "e3m2",
         "ocp_e4m3": "e4m3", "ocp_e5m2": "e5m2", "ocp_e8m0": "e8m0",
         "binary16": "f16", "bfloat16": "bf16"}
MODES = {"rne": "TiesToEven", "rna": "TiesToAway", "rtz": "TowardZero",
         "ru": "TowardPositive", "rd": "TowardNegative"}
VARIANTS = {"A": "StochasticFastest", "B": "StochasticFast", "C": "Stochastic"}


def our_name(info):
    if info.name.startswith("p3109_k"):
        return "binary" + info.name[len("p3109_k"):]
    return NAMES.get(info.name)


def decode(name):
    """Our values by code."""
    lines = peers.text(ENCODE, name, "decode")
    values = np.empty(len(lines))
    for line in lines:
        code, kind, significand, exponent = line.split()
        number = np.ldexp(float(abs(int(significand, 16))), int(exponent))
        if kind in ("inf", "nan"):
            number = float(kind)
        values[int(code, 16)] = -number if significand[0] == "-" else number
    return values


def same(a, b):
    return (a == b) & (np.signbit(a) == np.signbit(b)) | np.isnan(a) & np.isnan(b)


def check_codes(info, values):
    theirs = np.array([gfloat.decode_float(info, code).fval
                       for code in range(len(values))])
    return int((~same(values, theirs)).sum())


# What the two define differently: explanation, and which of the differing
# (x, ours, theirs) it explains, for a format and a saturation.
CLASSES = [
    ("a P3109 finite format beyond its range, not saturating: the draft's "
     "4.7.5 gives the greatest value, gfloat NaN",
     lambda info, sat, x, ours, theirs:
     info.name.startswith("p3109") & (not sat) & np.isnan(theirs) &
     (np.abs(ours) == info.max)),
    ("a negative value to a format without sign: the draft's 4.7.5 gives "
     "NaN, or the least value when rounded inward or saturating; gfloat "
     "rounds it as if it were in range",
     lambda info, sat, x, ours, theirs: (not info.is_signed) & (x < 0)),
    ("0, or less than 2^-127, to E8M0: ours is its least value (0: NaN when "
     "not saturating), gfloat's is not a value of the format",
     lambda info, sat, x, ours, theirs:
     (info.name == "ocp_e8m0") & (x < 2.0**-127) & (theirs < 2.0**-126)),
]


def classify(found, info, sat, x, ours, theirs, what):
    bad = ~same(ours, theirs)
    x, ours, theirs = x[bad], ours[bad], theirs[bad]
    left = np.ones(len(x), dtype=bool)
    for why, explains in CLASSES:
        mask = left & explains(info, sat, x, ours, theirs)
        if mask.any():
            found[why] = found.get(why, 0) + int(mask.sum())
        left &= ~mask
    if left.any():
        found[""] = found.get("", 0) + int(left.sum())
        print(f"  {what} {float(x[left][0]).hex()}: ours {ours[left][0]}, "
              f"theirs {theirs[left][0]}")


def bf16_values(info):
    bits = np.arange(0, 65536, options.step, dtype=np.uint32) << 16
    x = bits.view(np.float32).astype(np.float64)
    return x if info.num_nans else x[~np.isnan(x)]


def check_rounding(info, name, values, found):
    x = bf16_values(info)
    profile = "p3109" if info.name.startswith("p3109") else "ocp"
    count = 0
    jobs = [(mode, getattr(gfloat.RoundMode, theirs), 0)
            for mode, theirs in MODES.items()]
    jobs += [(f"sr:{v}:3:{r}", getattr(gfloat.RoundMode, theirs), r)
             for v, theirs in VARIANTS.items() for r in range(8)]
    for mode, rounding, random in jobs:
        for sat in (False, True):
            if not sat and info.num_nans == 0:
                continue  # gfloat refuses
            codes = peers.codes(ENCODE, info.k, name, profile,
                                "saturate" if sat else "ieee", mode, "f64",
                                stdin=x.tobytes())
            theirs = gfloat.round_ndarray(
                info, x, rounding, sat,
                np.full(x.shape, random, dtype=np.int64), 3)
            classify(found, info, sat, x, values[codes], theirs,
                     f"{name} {mode} {'saturating' if sat else ''}")
            count += len(x)
    return count


def main():
    print("gfloat", importlib.metadata.version("gfloat"))
    failed = False
    np.seterr(all="ignore")
    for info in gfloat.formats.sample_formats:
        name = our_name(info)
        if name is None or info.k > 16:
            print(f"{info.name}: not compared")
            continue
        values, found = decode(name), {}
        wrong = check_codes(info, values)
        print(f"{info.name:20} {len(values):>12} codes, {wrong} differ")
        count = check_rounding(info, name, values, found)
        failed |= peers.report(info.name, count, found) | (wrong != 0)
    return failed


sys.exit(main())
