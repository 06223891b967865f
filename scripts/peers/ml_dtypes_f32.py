#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""f32 inputs to every float type of ml_dtypes, and NumPy's f16, against ours.

usage: ml_dtypes_f32.py [--build DIR] [--step N] [TYPE ...]

DIR (default: .) is a build directory where tests/encode_range has been
built.  Every N-th of the 2^32 bit patterns is converted (default 1: all),
to nearest even, under the profile ml_dtypes.  Exit 1 when a difference has
no explanation here.
"""
import argparse
import os
import sys

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--step", type=int, default=1)
parser.add_argument("types", nargs="*")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "ml_dtypes"])

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402

TYPES = {  # ours is called the same; the bits of a code
    "float8_e3m4": 8, "float8_e4m3": 8, "float8_e4m3b11fnuz": 8,
    "float8_e4m3fn": 8, "float8_e4m3fnuz": 8, "float8_e5m2": 8,
    "float8_e5m2fnuz": 8, "float8_e8m0fnu": 8, "float6_e2m3fn": 6,
    "float6_e3m2fn": 6, "float4_e2m1fn": 4, "bfloat16": 16, "float16": 16}
BLOCK = 1 << 24


# Every difference belongs to one of these: name, explanation, and which of
# the differing (patterns, ours, theirs) it explains.
CLASSES = [
    ("float16",
     "NaN payloads: NumPy keeps the upper ten bits, signalling NaNs included "
     "(npy_floatbits_to_halfbits); our profile makes the default NaN, as "
     "ml_dtypes' own types do",
     lambda x, ours, theirs: (x & 0x7FFFFFFF) > 0x7F800000),
    ("float8_e8m0fnu",
     "f32 subnormals between 2^-127 and 1.5*2^-127, not included: nearest is "
     "2^-127 (0x00), ml_dtypes gives 2^-126 (0x01)",
     lambda x, ours, theirs: (x > 0x00400000) & (x < 0x00600000) &
     (ours == 0) & (theirs == 1)),
]


def compare(name, bits, start, count):
    encode = os.path.join(options.build, "tests", "encode_range")
    ours = peers.codes(encode, bits, name, "ml_dtypes", "default", "rne", "f32",
                       start, count, options.step)
    patterns = np.arange(start, start + count * options.step, options.step,
                         dtype=np.uint64).astype(np.uint32)
    kind = np.float16 if name == "float16" else getattr(ml_dtypes, name)
    with np.errstate(all="ignore"):
        theirs = patterns.view(np.float32).astype(kind).view(ours.dtype)
    where = np.flatnonzero(ours != theirs)
    x, ours, theirs = patterns[where], ours[where], theirs[where]
    found, left = {}, np.ones(len(x), dtype=bool)
    for of, why, explains in CLASSES:
        mask = left & explains(x, ours, theirs) & (of == name)
        if mask.any():
            found[why] = int(mask.sum())
        left &= ~mask
    if left.any():
        found[""] = int(left.sum())
        print(f"  0x{x[left][0]:08x}: ours 0x{ours[left][0]:x}, "
              f"theirs 0x{theirs[left][0]:x}")
    return found


def main():
    print(f"ml_dtypes {ml_dtypes.__version__}, NumPy {np.__version__}, "
          f"one input of {options.step}")
    failed = False
    total = (2**32 + options.step - 1) // options.step
    for name in options.types or TYPES:
        differences = {}
        for first in range(0, total, BLOCK):
            count = min(BLOCK, total - first)
            for reason, n in compare(name, TYPES[name], first * options.step,
                                     count).items():
                differences[reason] = differences.get(reason, 0) + n
        failed |= peers.report(name, total, differences)
    return failed


sys.exit(main())
