#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""MMA-Sim against our records, on random dot products.

usage: mma_sim.py [--build DIR] [--count N] [--only TEXT]

DIR (default: .) is a build directory where tests/peer_dots has been built;
MMA-Sim (Xie et al. 2025, arXiv:2511.10909) is installed under it by pip.  For
each instruction that both have, N outputs (default 500) of each of the
families below.  Bits are compared; of f64 and of AMD, whose NaNs are not
known, NaN equals NaN.  One class of differences has an explanation: where a
block of CDNA3's fp8 starts from a C of NaN or Inf, MMA-Sim takes it for a
small number and may drop it.  --only: instructions whose names hold TEXT.
Exit 1 when an output differs without one, 2 when nothing was compared.
"""
import argparse
import importlib.metadata
import os
import sys

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--count", type=int, default=500)
parser.add_argument("--only", default="")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "torch", "mmasim"])
# MMA-Sim compiles a part of itself with the ninja that pip installed.
os.environ["PATH"] = os.path.dirname(sys.executable) + ":" + os.environ["PATH"]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from mmasim import amd, nv_ptx  # noqa: E402
from mmasim.amd import isa_mfma  # noqa: E402
from mmasim.nv_ptx import isa_mma, isa_tcgen05mma, isa_wgmma  # noqa: E402

DOTS = os.path.join(options.build, "tests", "peer_dots")
# Bits of exponent and significand, of our codes.
FORMATS = {"f64": (11, 52), "f32": (8, 23), "tf32": (8, 10), "f16": (5, 10),
           "bf16": (8, 7), "e4m3": (4, 3), "e5m2": (5, 2), "fp8": (4, 3),
           "bf8": (5, 2), "e3m2": (3, 2), "e2m3": (2, 3), "e2m1": (2, 1),
           "xf32": (8, 10), "ue8m0": (8, 0), "ue4m3": (4, 3)}
FAMILIES = ["any bits", "ordinary", "small", "sparse", "wide", "cancelling"]
ARCHS = {"Volta": "sm_70", "Turing": "sm_75", "Ampere": "sm_80",
         "Ada Lovelace": "sm_89", "Hopper": "sm_90", "Blackwell": "sm_100",
         "RTX Blackwell": "sm_120", "CDNA1": "cdna1", "CDNA2": "cdna2",
         "CDNA3": "cdna3"}


def random_codes(rng, name, shape, family):
    exp, man = FORMATS[name]
    top, bias = (1 << exp) - 1, (1 << exp) >> 1
    e = rng.integers(0, top + 1, shape, dtype=np.uint64)
    if family in ("ordinary", "cancelling"):
        e = rng.integers(max(bias - 3, 0), min(bias + 3, top), shape,
                         dtype=np.uint64)
    elif family == "small":
        e = rng.integers(0, 3, shape, dtype=np.uint64)
    elif family == "wide":
        e = rng.integers(0, top, shape, dtype=np.uint64)
    m = rng.integers(0, 1 << man, shape, dtype=np.uint64)
    sign = rng.integers(0, 2, shape, dtype=np.uint64)
    code = sign << np.uint64(exp + man) | e << np.uint64(man) | m
    if name == "ue8m0":
        code = e
    if family == "sparse":
        code *= (rng.integers(0, 4, shape) == 0).astype(np.uint64)
    return code


def random_c(rng, name, count, family):
    """Zeros and values of every size in each family."""
    c = random_codes(rng, name, count, family)
    for i, other in enumerate(("any bits", "ordinary", "small", "wide")):
        c[i::8] = random_codes(rng, name, len(c[i::8]), other)
    c[4::8] = 0
    c[5::16] = np.uint64(1 << sum(FORMATS[name]))  # -0
    return c


def tensor(codes, name, kind):
    """Our codes as MMA-Sim takes them."""
    if name in ("tf32", "xf32"):
        codes = codes << np.uint64(13)
    bits = 8 * torch.empty(0, dtype=kind).element_size()
    return torch.from_numpy(codes.astype(f"u{bits // 8}")).view(kind)


def operand(codes, name, op, kind):
    if getattr(op, "packing", 1) == 2:
        codes = codes[:, 0::2] << np.uint64(4) | codes[:, 1::2]
    elif name == "e2m1":
        codes = codes << np.uint64(2)
    return tensor(codes, name, kind)


def their_codes(d):
    size = d.element_size()
    return d.contiguous().view(torch.uint8).numpy().view(f"<u{size}").reshape(-1)


def is_nan(codes, name):
    exp, man = FORMATS[name]
    low = codes & np.uint64((1 << (exp + man)) - 1)
    return low > np.uint64(((1 << exp) - 1) << man)


def cancel(theirs_of, c_name, c):
    """C = -(the result from 0), of which little or nothing is left."""
    zero = np.zeros_like(c)
    d = theirs_of(zero).astype(np.uint64)
    return np.where(is_nan(d, c_name), c, d ^ np.uint64(1 << sum(FORMATS[c_name])))


def compare(arch, ours, op, types, scale, loose):
    """Outputs compared, different and explained of one instruction."""
    size = peers.text(DOTS, arch, ours, "size")[0].split()
    k, scales = int(size[0]), int(size[1])
    total = wrong = explained = 0
    drops = types[1] in ("fp8", "bf8")
    for i, family in enumerate(FAMILIES):
        rng = np.random.default_rng([i, *ours.encode()])
        n = options.count
        a = random_codes(rng, types[1], (n, k), family)
        b = random_codes(rng, types[2], (n, k), family)
        c = random_c(rng, types[3], n, family)
        words, arguments = [], []
        if scales:
            for _ in range(2):
                s = random_codes(rng, scale, (n, scales), family)
                words.append(s)
                arguments.append(tensor(s, scale, op.s_type))

        def theirs_of(codes):
            return their_codes(op.dpa(operand(a, types[1], op, op.a_type),
                                      operand(b, types[2], op, op.b_type),
                                      tensor(codes, types[3], op.c_type),
                                      *arguments))
        if family == "cancelling" and types[0] == types[3]:
            c[:n // 2] = cancel(theirs_of, types[3], c)[:n // 2]
        theirs = theirs_of(c).astype(np.uint64)
        words = np.concatenate([a, b, c[:, None], *words], axis=1)
        got = peers.codes(DOTS, 64, arch, ours,
                          stdin=words.astype("<u8").tobytes())
        bad = got != theirs
        if loose:
            bad &= ~(is_nan(got, types[0]) & is_nan(theirs, types[0]))
        if drops:
            known = bad & (got & np.uint64(0x7f800000) == np.uint64(0x7f800000))
            explained, bad = explained + int(known.sum()), bad & ~known
        total, wrong = total + n, wrong + int(bad.sum())
        if bad.any():
            j = int(np.flatnonzero(bad)[0])
            print(f"  {arch} {ours} {family}: {int(bad.sum())} differ; output "
                  f"{j}: c {int(c[j]):x}, ours {int(got[j]):x}, theirs "
                  f"{int(theirs[j]):x}")
    return total, wrong, explained


def nvidia():
    for table, prefix, make, pick in (
            (isa_mma.mma_shape_and_type, "mma", nv_ptx.MMA, ""),
            (isa_wgmma.wgmma_shape_and_type, "wgmma", nv_ptx.WGMMA, "m64n8k"),
            (isa_tcgen05mma.tcgen05mma_shape_and_type, "tcgen05",
             nv_ptx.TCGen05MMA, "m128n8k"),
            (isa_mma.mma_block_scale_shape_and_type, "mma.block_scale",
             nv_ptx.MMABlockScale, ""),
            (isa_tcgen05mma.tcgen05mma_block_scale_shape_and_type,
             "tcgen05.block_scale", nv_ptx.TCGen05MMABlockScale, "m128n8k")):
        for arch, names in table.items():
            for name in names:
                if not name.startswith(pick):
                    continue
                types = [x for x in name.split(".") if x in FORMATS]
                scale = types.pop() if types[-1].startswith("ue") else None
                if len(types) == 3:
                    types.append(types[0])
                yield (arch, f"{prefix}.{name}", lambda a=arch, x=name, f=make:
                       f(a, x), types, scale, types[0] == "f64")


def mfma():
    for arch, names in isa_mfma.arch_mfma_suffix.items():
        for name in names:
            words = name.split("_")
            ab = [w for w in words[1:] if w in FORMATS]
            ab = ab or ["bf16" if "bf16" in name else words[1][-3:]]
            yield (arch, f"v_mfma_{name}", lambda a=arch, x=name:
                   amd.MFMA(a, x), [words[0], ab[0], ab[-1], words[0]], None,
                   True)


def main():
    print("MMA-Sim", importlib.metadata.version("mmasim"))
    outputs = different = instructions = 0
    missing = []
    for arch, name, make, types, scale, loose in (*nvidia(), *mfma()):
        if options.only not in name and options.only not in ARCHS[arch]:
            continue
        if not peers.accepts(DOTS, ARCHS[arch], name, "size"):
            missing.append(f"{ARCHS[arch]} {name}")
            continue
        total, wrong, known = compare(ARCHS[arch], name, make(), types, scale,
                                      loose)
        print(f"{ARCHS[arch]:7} {name:66} {total:7} outputs, {wrong} differ"
              + (f", {known} of the class above" if known else ""))
        sys.stdout.flush()
        outputs, different = outputs + total, different + wrong
        instructions += 1
    for name in missing:
        print(f"no record of ours: {name}")
    print(f"{instructions} instructions, {outputs} outputs, {different} differ")
    return 2 if instructions == 0 else different != 0


sys.exit(main())
