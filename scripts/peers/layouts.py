#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts: torchao, compressed-tensors, bitsandbytes and gguf against ours.

usage: layouts.py [--build DIR] [--elements N] [--seed S]

DIR (default: .) is a build directory with the program `ulplab`.  About N
(default 10^7) random codes go through `ulplab pack`; the peer packs the same
codes, or unpacks our bytes, and what differs is counted.  Each array is
unpacked again by `ulplab unpack`.  One line a comparison; exit 1 when
something differs.
"""
import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--elements", type=int, default=10**7)
parser.add_argument("--seed", type=int, default=4)
options = parser.parse_args()
PACKAGES = ["numpy", "torch", "torchao", "compressed_tensors", "bitsandbytes",
            "gguf"]
peers.enter(options.build, PACKAGES)

import bitsandbytes.functional as bnb  # noqa: E402
import gguf  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from compressed_tensors.compressors.mxfp6 import helpers as mxfp6  # noqa: E402
from compressed_tensors.compressors.nvfp4 import helpers as nvfp4  # noqa: E402
from compressed_tensors.compressors.pack_quantized.helpers import (  # noqa: E402
    pack_to_int32, unpack_from_int32)
from compressed_tensors.entrypoints.convert import (  # noqa: E402
    AutoAWQConverter)
from torchao.prototype.mx_formats import kernels, utils  # noqa: E402

ULPLAB = os.path.abspath(os.path.join(options.build, "ulplab"))
ROWS = max(1, options.elements // (256 * 4096)) * 256
COLS = 4096
E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6], dtype=np.float32)
E2M1 = np.concatenate([E2M1, -E2M1])
E2M3 = np.array([m / 8 for m in range(8)] +
                [(1 + m / 8) * 2**e for e in range(3) for m in range(8)],
                dtype=np.float32)
E2M3 = np.concatenate([E2M3, -E2M3])
generator = np.random.default_rng(options.seed)
folder = tempfile.TemporaryDirectory()


def codes(bits, signed=False, shape=(ROWS, COLS)):
    low = -(1 << bits - 1) if signed else 0
    return generator.integers(low, low + (1 << bits), size=shape,
                              dtype=np.int8 if signed else np.uint8)


def ulplab(command, layout, array, *more):
    paths = [os.path.join(folder.name, name) for name in ("in.npy", "out.npy")]
    np.save(paths[0], array)
    subprocess.run([ULPLAB, command, "--layout", layout, "--in", paths[0],
                    "--out", paths[1], *map(str, more)], check=True)
    return np.load(paths[1])


def pack(layout, array, bits):
    """Our packed array, once it has been seen to unpack to what it was."""
    packed = ulplab("pack", layout, array, "--bits", bits)
    back = ulplab("unpack", layout, packed, "--bits", bits, "--shape",
                  "x".join(map(str, array.shape)))
    assert back.dtype == array.dtype and (back == array).all(), layout
    return packed


def differing(ours, theirs):
    """Elements that differ; all, when the shapes do."""
    theirs = theirs.numpy() if isinstance(theirs, torch.Tensor) else theirs
    if ours.shape != theirs.shape:
        return max(ours.size, theirs.size)
    return int((ours != theirs).sum())


def torchao_uint4(layout):
    x = codes(4)
    packed = pack(layout, x, 4)
    yield "pack_uint4", differing(packed, kernels.pack_uint4(torch.tensor(x)))
    yield "unpack_uint4", differing(
        x, kernels.unpack_uint4(torch.tensor(packed)))


def torchao_scales(layout):
    for rows, cols in ((ROWS, COLS), (ROWS - 77, 129), (1, 1)):
        x = codes(8, shape=(rows, cols))
        packed, name = pack(layout, x, 8), f"{rows}x{cols}"
        yield f"to_blocked {name}", differing(
            packed.ravel(), utils.to_blocked(torch.tensor(x)))
        yield f"from_blocked {name}", differing(
            x, utils.from_blocked(torch.tensor(packed.ravel()), rows, cols))


def tensors_nvfp4(layout):
    x = codes(4)
    values = torch.tensor(E2M1[x])
    yield "pack_fp4_to_uint8", differing(pack(layout, x, 4),
                                         nvfp4.pack_fp4_to_uint8(values))


def tensors_mxfp6(layout):
    x = codes(6)
    values = torch.tensor(E2M3[x])
    yield "pack_fp6_to_uint8", differing(pack(layout, x, 6),
                                         mxfp6.pack_fp6_to_uint8(values))


def tensors_int32(layout):
    axis = 0 if layout.endswith("rows") else 1
    for bits in range(1, 9):
        x = codes(bits, True, (ROWS - 3, 517))
        packed = pack(layout, x, bits)
        yield f"pack_to_int32 {bits} bits", differing(
            packed, pack_to_int32(torch.tensor(x), bits, axis))
        yield f"unpack_from_int32 {bits} bits", differing(
            x, unpack_from_int32(torch.tensor(packed), bits, x.shape, axis))


def tensors_awq(layout):
    x = codes(4)
    packed = torch.tensor(pack(layout, x, 4))
    theirs, _ = AutoAWQConverter.unpack_awq(packed, None, 4)
    theirs, _ = AutoAWQConverter.reverse_awq_order(theirs, None, 4)
    yield "unpack_awq, reverse_awq_order", differing(x, theirs & 15)


def nf4(x):
    """Their quantization of NF4 values whose codes are x."""
    values = bnb.get_4bit_type("nf4", device="cpu")[x.long()]
    return bnb.quantize_4bit(values, blocksize=64, quant_type="nf4")


def bitsandbytes_4bit(layout):
    x = codes(4)
    x[:, ::64] = 15  # each block has a 1, so that the values are their codes
    theirs, _ = nf4(torch.tensor(x))
    yield "quantize_4bit nf4", differing(pack(layout, x, 4), theirs)
    odd = x.ravel()[:ROWS * COLS - 1]
    theirs, _ = nf4(torch.tensor(odd))
    # They pad the values with 0, whose NF4 code is 7; we, the codes.  Nobody
    # reads it.
    assert theirs[-1] & 15 == 7
    theirs[-1] &= 0xf0
    yield "quantize_4bit nf4, odd, no pad", differing(pack(layout, odd, 4),
                                                      theirs)


def bitsandbytes_cpu(layout):
    x = codes(4)
    x[:, ::64] = 15
    theirs, _ = bnb._convert_weight_packed_for_cpu(*nf4(torch.tensor(x)))
    yield "_convert_weight_packed_for_cpu", differing(pack(layout, x, 4),
                                                      theirs)


ONE = [0x00, 0x3c]  # a float16
K_SCALES = [1] * 4 + [0] * 4 + [1] * 4  # eight scales of 1, eight minima of 0
MXFP4 = 2 * E2M1
# Layout: bits, bytes before and behind ours in a block whose scales are 1, its
# type in gguf, the value of each code.
BLOCKS = {
    "ggml-q4_0": (4, ONE, [], "Q4_0", np.arange(16) - 8),
    "ggml-mxfp4": (4, [128], [], "MXFP4", MXFP4),
    "ggml-nvfp4": (4, [0x40] * 4, [], "NVFP4", MXFP4),
    "ggml-q5_0": (5, ONE, [], "Q5_0", np.arange(32) - 16),
    "ggml-q2_k": (2, [1] * 16, ONE + [0, 0], "Q2_K", np.arange(4)),
    "ggml-q3_k": (3, [], [0x11] * 8 + [0xaa] * 4 + ONE, "Q3_K",
                  np.arange(8) - 4),
    "ggml-q4_k": (4, ONE + [0, 0] + K_SCALES, [], "Q4_K", np.arange(16)),
    "ggml-q5_k": (5, ONE + [0, 0] + K_SCALES, [], "Q5_K", np.arange(32)),
    "ggml-q6_k": (6, [], [1] * 16 + ONE, "Q6_K", np.arange(64) - 32),
}


def gguf_blocks(layout):
    bits, before, behind, name, values = BLOCKS[layout]
    kind = gguf.GGMLQuantizationType[name]
    size, length = gguf.GGML_QUANT_SIZES[kind]
    x = codes(bits)
    ours = pack(layout, x, bits).reshape(x.size // size, -1)
    blocks = np.empty((len(ours), length), dtype=np.uint8)
    blocks[:, :len(before)] = before
    blocks[:, len(before):len(before) + ours.shape[1]] = ours
    blocks[:, len(before) + ours.shape[1]:] = behind
    theirs = gguf.quants.dequantize(blocks.reshape(ROWS, -1), kind)
    yield f"dequantize {name}", differing(values.astype(np.float32)[x], theirs)


COMPARISONS = [
    ("torchao", torchao_uint4, ["nibble-low"]),
    ("torchao", torchao_scales, ["swizzle-128x4"]),
    ("compressed_tensors", tensors_nvfp4, ["nibble-low"]),
    ("compressed_tensors", tensors_mxfp6, ["fp6-low"]),
    ("compressed_tensors", tensors_int32, ["pack-int32", "pack-int32-rows"]),
    ("compressed_tensors", tensors_awq, ["awq"]),
    ("bitsandbytes", bitsandbytes_4bit, ["bitsandbytes"]),
    ("bitsandbytes", bitsandbytes_cpu, ["bitsandbytes-cpu"]),
    ("gguf", gguf_blocks, list(BLOCKS)),
]


def main():
    for package in PACKAGES:
        print(package, importlib.metadata.version(package))
    print(f"about {ROWS * COLS} codes each, seed {options.seed}\n")
    print(f"{'peer':19}{'layout':17}{'function':34}differ")
    total = 0
    for peer, compare, layouts in COMPARISONS:
        for layout in layouts:
            for function, count in compare(layout):
                print(f"{peer:19}{layout:17}{function:34}{count:>6}")
                sys.stdout.flush()
                total += count
    return total != 0


sys.exit(main())
