#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public vectors of Khattak and Mikaitis against our records.

usage: khattak.py DATA [--build DIR] [--instr GPU FORMAT D INSTR]...

DATA: the folder model_validation of their MATLAB-tensor-core repository
(github.com/north-numerical-computing/MATLAB-tensor-core): for each GPU and
format lines of A and B, f32 codes in hex, and of C and D, f32 codes in
binary.  A dot product shorter than the instruction's k is filled up with
zeros, as their CUDA programs do.  DIR (default: .) is a build directory
where tests/peer_dots has been built.

What each set was made with is in their CUDA programs and in their
Validate_TC_models.m: WMMA for f16, bf16 and tf32; mma.sync m16n8k32 for fp8.
Their d_H100_fp32 and d_H200_fp32 of fp8 came from wgmma with C absent, so C
is read as 0 there.  C is rounded to f16 (RNE) where D is f16.

--instr: replays a set through another instruction of the same GPU, as in
--instr H200 E4M3 fp16 wgmma.m64n8k32.f16.e4m3.e4m3 (3122 of 5000 match: that
set was made with mma.sync).

Prints one line a GPU and format: vectors, and how many match; then the first
that does not.  Exit 1 when a record does not match.
"""
import argparse
import os
import sys

import peers

parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("--build", default=".")
parser.add_argument("--instr", nargs=4, action="append", default=[],
                    metavar=("GPU", "FORMAT", "D", "INSTR"),
                    help="replay a set through another instruction")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "ml_dtypes"])

import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402

DOTS = os.path.join(options.build, "tests", "peer_dots")
KINDS = {"fp16": np.float16, "bf16": ml_dtypes.bfloat16, "tf32": np.float32,
         "E4M3": ml_dtypes.float8_e4m3fn, "E5M2": ml_dtypes.float8_e5m2}
NAMES = {"fp16": "f16", "bf16": "bf16", "tf32": "tf32", "E4M3": "e4m3",
         "E5M2": "e5m2"}
# The names of their folders, and ours.
GPUS = {"V100": "v100", "A2": "a2", "A100": "a100", "Ada": "rtx4090",
        "L40S": "l40s", "H100": "h100", "H200": "h200", "B200": "b200"}
SHAPES = {"fp16": "m16n8k16", "bf16": "m16n8k16", "tf32": "m16n8k8",
          "E4M3": "m16n8k32", "E5M2": "m16n8k32"}


def instruction(gpu, kind, out):
    """The instruction that made a set; and whether C was absent."""
    for g, f, d, name in options.instr:
        if (g, f, d) == (gpu, kind, out):
            return name, False
    x, d = NAMES[kind], {"fp32": "f32", "fp16": "f16"}[out]
    if gpu in ("H100", "H200") and kind.startswith("E") and out == "fp32":
        return f"wgmma.m64n8k32.f32.{x}.{x}", True
    shape = "m8n8k4" if gpu == "V100" else SHAPES[kind]
    return f"mma.{shape}.{d}.{x}.{x}.{d}", False


def hex_rows(path):
    with open(path) as f:
        rows = [[int(x, 16) for x in line.split()] for line in f if line.strip()]
    return np.array(rows, dtype=np.uint32).view(np.float32)


def binary_column(path):
    with open(path) as f:
        return np.array([int(line, 2) for line in f if line.strip()],
                        dtype=np.uint32).view(np.float32)


def codes(x, kind):
    """Codes of values that the format holds."""
    y = x.astype(kind)
    if not np.array_equal(y.astype(np.float32), x, equal_nan=True):
        sys.exit(f"values that {kind.__name__} does not hold")
    return y.view(f"u{y.itemsize}").astype(np.uint64)


def operands(path, kind):
    """Codes of a file of A or B; ours of tf32 lack f32's low 13 bits."""
    return codes(hex_rows(path), KINDS[kind]) >> (13 if kind == "tf32" else 0)


def filled(x, k):
    out = np.zeros((len(x), k), dtype=np.uint64)
    out[:, :x.shape[1]] = x
    return out


def replay(folder, gpu, kind, out):
    def path(what, form):
        return os.path.join(folder, f"{what}_{gpu}_{form}.txt")
    name, absent = instruction(gpu, kind, out)
    if not peers.accepts(DOTS, GPUS[gpu], name, "size"):
        print(f"{gpu:5} {kind:5} -> {out:5} {name:34} no record")
        return True
    k = int(peers.text(DOTS, GPUS[gpu], name, "size")[0].split()[0])
    a = operands(path("a", kind), kind)
    b = operands(path("b", kind), kind)
    c, d = binary_column(path("c", "fp32")), binary_column(path("d", out))
    kind_d = np.float16 if out == "fp16" else np.float32
    c = (np.zeros_like(c) if absent else c).astype(kind_d)
    c = c.view(f"u{c.itemsize}").astype(np.uint64)
    words = np.concatenate([filled(a, k), filled(b, k), c[:, None]], axis=1)
    ours = peers.codes(DOTS, 64, GPUS[gpu], name,
                       stdin=words.astype("<u8").tobytes())
    theirs = codes(d, kind_d)
    match = int((ours == theirs).sum())
    print(f"{gpu:5} {kind:5} -> {out:5} {name:34} {len(d):6} vectors, "
          f"{match} match")
    if match < len(d):
        i = int(np.flatnonzero(ours != theirs)[0])
        print(f"  vector {i}: c {int(c[i]):x}, theirs {int(theirs[i]):x}, "
              f"ours {int(ours[i]):x}")
    return match < len(d)


def main():
    failed = False
    for gpu in GPUS:
        for kind in KINDS:
            folder = os.path.join(options.data, gpu, kind)
            for out in ("fp32", "fp16"):
                if os.path.exists(os.path.join(folder, f"d_{gpu}_{out}.txt")):
                    failed |= replay(folder, gpu, kind, out)
    return failed


sys.exit(main())
