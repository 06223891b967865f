#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packed blocks (formats/packed.h) against ggml, through two peers.

usage: ggml.py [--build DIR] [--lib LIBGGML] [--elements N] [BLOCK ...]

The peers are PyPI's gguf package, NumPy code by ggml's authors, and with --lib
a shared library with ggml's quantize_row_*_ref and dequantize_row_* (its
libggml-base, compiled without fused multiply-adds: -O2 -ffp-contract=off).
DIR (default: .) is a build directory with .libs/libulplab.so.  N elements
(default 10^7) of each input are encoded by both, and the peer's blocks decoded
by both; the input `bytes` is blocks of random bytes, decoded.

A line for each block, peer and input that differ: bytes, blocks and decoded
elements, and why.  Exit 1 when a difference has no explanation here.
"""
import argparse
import ctypes
import os
import sys

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--lib")
parser.add_argument("--elements", type=int, default=10**7)
parser.add_argument("blocks", nargs="*")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "gguf"])

import gguf  # noqa: E402
import numpy as np  # noqa: E402

CHUNK = 1 << 19


class Block(ctypes.Structure):
    """ulp_packed_block."""
    _fields_ = [("name", ctypes.c_char_p), ("aliases", ctypes.c_char_p),
                ("source", ctypes.c_char_p), ("elements", ctypes.c_int),
                ("bytes", ctypes.c_int), ("encode", ctypes.c_void_p),
                ("decode", ctypes.c_void_p)]


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


# ---- the three implementations: (n, elements) <-> (n, bytes) ----------------

class Ours:
    def __init__(self):
        self.lib = ctypes.CDLL(os.path.join(options.build, ".libs",
                                            "libulplab.so"))
        self.lib.ulp_packed_block_row.restype = ctypes.POINTER(Block)
        self.lib.ulp_packed_block_row.argtypes = [ctypes.c_size_t]
        self.lib.ulp_packed_block_count.restype = ctypes.c_size_t

    def rows(self):
        for i in range(self.lib.ulp_packed_block_count()):
            yield self.lib.ulp_packed_block_row(i).contents

    def encode(self, block, x):
        out = np.zeros((len(x), block.bytes), np.uint8)
        self.lib.ulp_packed_encode(ctypes.byref(block), pointer(out),
                                   pointer(x), ctypes.c_size_t(len(x)))
        return out

    def decode(self, block, data):
        out = np.zeros((len(data), block.elements), np.float32)
        self.lib.ulp_packed_decode(ctypes.byref(block), pointer(out),
                                   pointer(data), ctypes.c_size_t(len(data)))
        return out


class Library:
    name = "libggml"

    def __init__(self, path):
        self.lib = ctypes.CDLL(path)

    def function(self, pattern, block):
        """quantize_row_q4_K_ref of q4_k; None when there is none."""
        name = block.name.decode()
        name = name[:-1] + "K" if name.endswith("_k") else name
        return getattr(self.lib, pattern.format(name), None)

    def encode(self, block, x):
        quantize = self.function("quantize_row_{}_ref", block)
        out = np.zeros((len(x), block.bytes), np.uint8)
        if quantize is None:
            return None
        quantize(pointer(x), pointer(out), ctypes.c_int64(x.size))
        return out

    def decode(self, block, data):
        dequantize = self.function("dequantize_row_{}", block)
        out = np.zeros((len(data), block.elements), np.float32)
        if dequantize is None:
            return None
        dequantize(pointer(data), pointer(out), ctypes.c_int64(out.size))
        return out


class Package:
    name = "gguf"

    @staticmethod
    def kind(block):
        return getattr(gguf.GGMLQuantizationType,
                       block.name.decode().upper(), None)

    def call(self, function, block, array):
        try:
            with np.errstate(all="ignore"):
                return function(array, self.kind(block))
        except (NotImplementedError, AttributeError, KeyError):
            return None

    def encode(self, block, x):
        return self.call(gguf.quants.quantize, block, x)

    def decode(self, block, data):
        return self.call(gguf.quants.dequantize, block, data)


# ---- inputs -----------------------------------------------------------------

def scaled(x, rng, low, high):
    """Each run of 256 times its own power of two."""
    powers = 2.0 ** rng.integers(low, high, len(x) // 256)
    return (x * powers.repeat(256)).astype(np.float32)


def sprinkled(x, rng, *values):
    for v in values:
        x[rng.random(len(x)) < 0.002] = v
    return x


def gaussian(n, rng):
    return rng.standard_normal(n).astype(np.float32)


def patterns(n, rng):
    return rng.integers(0, 1 << 32, n, dtype=np.uint64).astype(
        np.uint32).view(np.float32)


def bf16(n, rng):
    return (gaussian(n, rng).view(np.uint32) & 0xFFFF0000).view(np.float32)


def zeros(n, rng):
    x = gaussian(n, rng).reshape(-1, 16)
    x[rng.random(len(x)) < 0.4] = 0
    x[rng.random(len(x)) < 0.1] = -0.0
    x.reshape(-1, 256)[rng.random(n // 256) < 0.1] = 0
    return x.reshape(-1)


def ties(n, rng):
    """Small integers: amax often twice, with either sign, quotients halfway."""
    return scaled(rng.integers(-8, 9, n), rng, -20, 20)


INPUTS = {
    "gaussian": gaussian,
    "student-t3": lambda n, rng: rng.standard_t(3, n).astype(np.float32),
    "wide": lambda n, rng: (rng.standard_normal(n) * 2.0 **
                            rng.uniform(-40, 40, n)).astype(np.float32),
    "bf16": bf16,
    "zeros": zeros,
    "ties": ties,
    "subnormal": lambda n, rng: scaled(gaussian(n, rng), rng, -149, -110),
    "huge": lambda n, rng: scaled(gaussian(n, rng), rng, 90, 127),
    "nan": lambda n, rng: sprinkled(gaussian(n, rng), rng, np.nan),
    "inf": lambda n, rng: sprinkled(gaussian(n, rng), rng, np.inf, -np.inf),
    "patterns": patterns,
}


# ---- what explains a difference ---------------------------------------------

def magnitude(x):
    return np.fmax.reduce(np.abs(x), axis=1)


def both_zeros(x):
    zero, minus = x == 0, np.signbit(x)
    return (zero & minus).any(axis=1) & (zero & ~minus).any(axis=1)


# Peer, blocks ("" for all), explanation, and which blocks of elements x it
# explains.
ENCODED = [
    ("libggml", "iq4_nl",
     "all elements below 1e-15: ggml stores codes it has not set",
     lambda x: magnitude(x) < 1e-15),
    ("gguf", "q4_0 q4_1 q5_0 q5_1 q8_0 tq1_0 tq2_0 mxfp4",
     "NaN: NumPy's max, min and argmax give NaN, ggml's comparisons pass it "
     "over or begin anew",
     lambda x: np.isnan(x).any(axis=1)),
    ("gguf", "q4_0 q5_0",
     "zero block that begins with -0: NumPy's extreme is -0, ggml's +0",
     lambda x: (magnitude(x) == 0) & np.signbit(x[:, 0])),
    ("gguf", "q4_1 q5_1",
     "minimum 0 of a block with +0 and -0: ggml's is the first, NumPy's any",
     lambda x: (x.min(axis=1) == 0) & both_zeros(x)),
]
DECODED = []


def split(classes, block, peer, where, x):
    """{why: number of the blocks `where`}, "" for no explanation."""
    found, left = {}, where.copy()
    for of, names, why, explains in classes:
        if of != peer or names and block not in names.split():
            continue
        mask = left & explains(x)
        if mask.any():
            found[why] = int(mask.sum())
        left &= ~mask
    if left.any():
        found[""] = int(left.sum())
    return found


# ---- comparing --------------------------------------------------------------

class Tally:
    """Of one block, peer and input."""

    def __init__(self):
        self.elements = self.bytes = self.blocks = self.values = 0
        self.encoded = self.decoded = False
        self.why = {}

    def note(self, found):
        for why, n in found.items():
            self.why[why] = self.why.get(why, 0) + n


def show(what, block, differ, *arrays):
    i = int(np.flatnonzero(differ)[0])
    print(f"  {what} {block.name.decode()}, first:")
    for a in arrays:
        print("   ", a[i].tobytes().hex() if a.dtype == np.uint8
              else " ".join(float(v).hex() for v in a[i][:32]))


def compare_decoded(tally, ours, peer, block, data):
    theirs = peer.decode(block, data)
    if theirs is None:
        return
    tally.decoded = True
    mine = ours.decode(block, data)
    theirs = np.ascontiguousarray(theirs).reshape(mine.shape)
    differ = mine.view(np.uint32) != theirs.view(np.uint32)
    differ &= ~(np.isnan(mine) & np.isnan(theirs))
    if not differ.any():
        return
    tally.values += int(differ.sum())
    found = split(DECODED, block.name.decode(), peer.name,
                  differ.any(axis=1), data)
    tally.note(found)
    if "" in found:
        show("decode", block, differ.any(axis=1), data, mine, theirs)


def compare_encoded(tally, ours, peer, block, x):
    """The peer's blocks; None when it has no encoder."""
    theirs = peer.encode(block, x)
    if theirs is None:
        return None
    tally.encoded = True
    mine = ours.encode(block, x)
    theirs = np.ascontiguousarray(theirs).reshape(mine.shape)
    differ = (mine != theirs)
    if differ.any():
        tally.bytes += int(differ.sum())
        tally.blocks += int(differ.any(axis=1).sum())
        found = split(ENCODED, block.name.decode(), peer.name,
                      differ.any(axis=1), x)
        tally.note(found)
        if "" in found:
            show("encode", block, differ.any(axis=1), x, mine, theirs)
    return theirs


def line(name, peer, what, tally):
    if not tally.encoded and not tally.decoded:
        return
    cells = [tally.bytes if tally.encoded else "-",
             tally.blocks if tally.encoded else "-",
             tally.values if tally.decoded else "-"]
    print(f"{name:8} {peer:8} {what:11} {tally.elements:>9} "
          f"{cells[0]:>9} {cells[1]:>8} {cells[2]:>9}")
    for why, n in tally.why.items():
        print(f"  {n} blocks: {why or 'UNEXPLAINED'}")
    sys.stdout.flush()


def run(ours, peer, block, what):
    rng = np.random.default_rng([20, sum(map(ord, what))])
    tally = Tally()
    while tally.elements < options.elements:
        n = min(CHUNK, options.elements - tally.elements + 255) // 256 * 256
        if what == "bytes":
            data = rng.integers(0, 256, (n // block.elements, block.bytes),
                                dtype=np.uint8)
        else:
            x = INPUTS[what](n, rng).reshape(-1, block.elements)
            data = compare_encoded(tally, ours, peer, block, x)
            if data is None:
                return tally
        compare_decoded(tally, ours, peer, block, data)
        tally.elements += n
    return tally


def main():
    ours = Ours()
    compared = [Package()] + ([Library(options.lib)] if options.lib else [])
    print(f"{'block':8} {'peer':8} {'input':11} {'elements':>9} {'bytes':>9} "
          f"{'blocks':>8} {'values':>9}")
    failed = False
    for block in ours.rows():
        if options.blocks and block.name.decode() not in options.blocks:
            continue
        for peer in compared:
            for what in [*INPUTS, "bytes"]:
                tally = run(ours, peer, block, what)
                line(block.name.decode(), peer.name, what, tally)
                failed |= "" in tally.why
    return failed


sys.exit(main())
