#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""MX, NVFP4 and integer quantizers of other programs against our rows.

usage: quantizers_mx.py [--build DIR] [--elements N] [--only TEXT]
                        [--torchao DIR] [--microxcaling DIR]

DIR of --build (default: .) holds the program ulplab.  About N elements
(default: 10^7) of the inputs of blocks.py go through each row and its
reference: an exact oracle of OCP MX in this file, TorchAO (the release in
peers.py, and with --torchao a checkout of its repository, which differs),
gfloat, ml_dtypes, and with --microxcaling a checkout of microxcaling.  --only:
the rows whose reference or name contains TEXT.  Codes, scales, zero points
and dequantized values are compared bit by bit (NaN equals NaN) where the
reference returns them.  Exit 1 when a difference has no explanation here.
"""
import argparse
import fractions
import importlib.metadata
import logging
import os
import sys
import warnings

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--elements", type=int, default=10**7)
parser.add_argument("--only", default="")
parser.add_argument("--torchao")
parser.add_argument("--microxcaling")
options = parser.parse_args()
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
if options.torchao:
    sys.path.insert(0, options.torchao)
peers.enter(options.build, ["numpy", "torch", "torchao", "gfloat",
                            "ml_dtypes"])

import gfloat.formats  # noqa: E402
import ml_dtypes  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

import blocks  # noqa: E402
from blocks import Quantized  # noqa: E402

PROGRAM = os.path.join(options.build, "ulplab")
# Our element: exponent bits, significand's trailing bits, greatest value.
FLOATS = {"e4m3": (4, 3, 448), "e5m2": (5, 2, 57344), "e2m3": (2, 3, 7.5),
          "e3m2": (3, 2, 28), "e2m1": (2, 1, 6)}
MX = {"mxfp8": "e4m3", "mxfp8_e5m2": "e5m2", "mxfp6": "e2m3",
      "mxfp6_e3m2": "e3m2", "mxfp4": "e2m1"}


def unpack_nibbles(packed):
    """Two codes a byte, the first in the low bits."""
    packed = np.asarray(packed)
    pairs = np.stack([packed & 15, packed >> 4], axis=-1)
    return pairs.reshape(*packed.shape[:-1], -1)


# ---- OCP MX v1.0, read from the document ------------------------------------

def code_values(element):
    """The values of codes 0, 1, ... without the sign, exactly (section 5.3:
    E4M3 but S.1111.111, E5M2 but S.11111.xx)."""
    exponent_bits, m, top = FLOATS[element]
    bias = 2**(exponent_bits - 1) - 1
    values = []
    for code in range(2**(exponent_bits + m)):
        e, t = code >> m, code & (2**m - 1)
        lead, e = (1, e) if e else (0, 1)
        value = (fractions.Fraction(lead * 2**m + t) *
                 fractions.Fraction(2)**(e - bias - m))
        if value <= top:
            values.append(value)
    return values


def encode_float(element, y):
    """(codes, values) of y, to nearest even, saturated.  y is a float times a
    power of two, and exact in f64, as are the formats' values and midpoints:
    comparing them rounds nothing."""
    values = code_values(element)
    between = np.array([float((a + b) / 2) for a, b in zip(values, values[1:])])
    low = np.searchsorted(between, np.abs(y), side="left")
    high = np.searchsorted(between, np.abs(y), side="right")
    code = np.where(low % 2 == 0, low, high)
    value = np.array([float(v) for v in values])[code]
    sign = np.signbit(y)
    return (code + (sign.astype(np.int64) << sum(FLOATS[element][:2])),
            np.where(sign, -value, value))


def encode_mxint8(y):
    """Two's complement, 6 bits behind the point; np.rint is to even."""
    code = np.clip(np.rint(y * 64), -128, 127).astype(np.int64)
    return code, code / 64


def ocp(element, x):
    """Section 6.3: X = 2^floor(log2 amax) / 2^emax, elements V / X rounded to
    nearest even and clamped.  With a NaN or an Inf X is NaN; of zeros it is
    its least (both left open: ours are those).  Returns the Quantized and
    which blocks are NaN."""
    v = x.reshape(-1, 32).astype(np.float64)
    amax = np.abs(v).max(axis=1)
    bad = ~np.isfinite(amax)
    emax = 0 if element == "mxint8" else int(
        np.frexp(FLOATS[element][2])[1]) - 1
    exponent = np.clip(np.frexp(amax)[1] - 1 - emax, -127, 127)
    exponent = np.where(amax == 0, -127, np.where(bad, 0, exponent))
    y = np.where(bad[:, None], 0, np.ldexp(v, -exponent[:, None]))
    code, value = (encode_mxint8(y) if element == "mxint8" else
                   encode_float(element, y))
    value = np.where(bad[:, None], np.nan, np.ldexp(value, exponent[:, None]))
    return Quantized(code, np.where(bad, 255, exponent + 127),
                     value.astype(np.float32)), bad


def run_ocp(row):
    def run(x, name):
        theirs, bad = ocp(MX.get(row, row), x)
        ours = blocks.quantize(PROGRAM, row + "@ocp", x)
        ours.codes = ours.codes.reshape(-1, 32).astype(np.int64)
        ours.codes[bad] = theirs.codes[bad] = 0  # of no value
        return ours, theirs
    return run


# ---- TorchAO ----------------------------------------------------------------

def as_torch(x, name):
    """bf16 by the bits: torch makes every NaN 0xFFFF on the way."""
    x = np.ascontiguousarray(x)
    if "bf16" not in name:
        return torch.from_numpy(x)
    half = (x.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    return torch.from_numpy(half).view(torch.bfloat16)


def run_torchao_mx(mode, element, spec):
    from torchao.prototype.mx_formats import config, constants, mx_tensor
    kind = {"e4m3": torch.float8_e4m3fn, "e5m2": torch.float8_e5m2,
            "e2m3": constants.DTYPE_FP6_E2M3, "e3m2": constants.DTYPE_FP6_E3M2,
            "e2m1": torch.float4_e2m1fn_x2}[element]
    rule = getattr(config.ScaleCalculationMode, mode.upper())

    def run(x, name):
        scale, codes = mx_tensor.to_mx(as_torch(x, name), kind, 32, rule)
        values = mx_tensor.to_dtype(codes, scale, kind, 32, torch.float32)
        codes = codes.view(torch.uint8).numpy()
        if element == "e2m1":
            codes = unpack_nibbles(codes)
        return blocks.quantize(PROGRAM, spec, x), Quantized(
            codes, scale.view(torch.uint8).numpy(), values.numpy())
    return run


def run_torchao_nvfp4(spec, two_levels):
    from torchao.prototype.mx_formats import nvfp4_tensor as nv

    def run(x, name):
        t = as_torch(x, name)
        G = None
        if two_levels:
            G = nv.per_tensor_amax_to_scale(torch.max(torch.abs(t)).float())
        scales, packed = nv.nvfp4_quantize(t, 16, G)
        tensor = nv.NVFP4Tensor(packed, scales, 16, torch.float32, G)
        theirs = Quantized(unpack_nibbles(packed.numpy()),
                           scales.view(torch.uint8).numpy(),
                           tensor.dequantize(torch.float32).numpy())
        return blocks.quantize(PROGRAM, spec, x), theirs
    return run


NAN_SCALE = (
    "the scale is NaN, all values are, and E2M1 has no code for it: TorchAO's "
    "codes, and the scale's sign, come from the NaN's bits (E4M3's is "
    "0x7ff00000 as f32; torch.max of f32 makes 0xffffffff of any or keeps it, "
    "as the length has it)")


def nan_scale(x, ours, theirs):
    return (((ours.scales & 127) == 127) & ((theirs.scales & 127) == 127) &
            np.isnan(ours.values) & np.isnan(theirs.values)).all(axis=1)


def run_torchao_affine(spec, bits, mapping, shape, eps):
    """f32 tensors alone: of bf16 ones TorchAO computes in bf16."""
    from torchao.quantization import quant_primitives as qp
    low, high = -2**(bits - 1), 2**(bits - 1) - 1

    def run(x, name):
        t = torch.from_numpy(np.ascontiguousarray(x))
        block = shape(x)
        s, z = qp.choose_qparams_affine(
            t, getattr(qp.MappingType, mapping), block, torch.int8, low, high,
            eps=eps, zero_point_dtype=torch.int8)
        q = qp.quantize_affine(t, block, s, z, torch.int8, low, high)
        y = qp.dequantize_affine(q, block, s, z, torch.int8, low, high)
        asymmetric = mapping == "ASYMMETRIC"
        theirs = Quantized(q.numpy(), s.numpy(), y.numpy(),
                           z.numpy().astype(np.int32) if asymmetric else None)
        return blocks.quantize(PROGRAM, spec, x, zeros=asymmetric), theirs
    return run


# ---- microxcaling -----------------------------------------------------------

def values_explained(*kinds):
    """Classes of blocks whose wrong values are all of these kinds: (text,
    explains(y, ours, theirs)), y = |x| / scale of the elements."""
    def of(count):
        def explains(x, ours, theirs):
            wrong = blocks.differ(ours.values, theirs.values).reshape(x.shape)
            scale = np.exp2(ours.scales.astype(np.float64) - 127)
            y = np.abs(x.astype(np.float64)) / scale
            for _, kind in kinds[:count]:
                wrong = wrong & ~kind(y, ours.values, theirs.values)
            return ~wrong.any(axis=1)
        return explains
    return [("; or ".join(text for text, _ in kinds[:i + 1]), of(i + 1))
            for i in range(len(kinds))]


def microxcaling_classes(element, rounding):
    """What no row says: floor(log2f(x)) of an element, and floor(x + 0.5)."""
    step = {"mxint8": 2.0**-6}.get(element)
    if step is None:
        exponent_bits, m, _ = FLOATS[element]
        step = 2.0**(2 - 2**(exponent_bits - 1) - m)

    def no_negative_zero(y, ours, theirs):
        return (ours == 0) & (theirs == 0)

    def half(y, ours, theirs):
        return y == float(np.float32(step) * np.nextafter(
            np.float32(.5), np.float32(0)))

    def rounded_log2(y, ours, theirs):
        exact = np.frexp(y)[1] - 1
        return np.floor(np.log2(y.astype(np.float32))) != exact
    kinds = []
    if element == "mxint8":
        kinds.append(("-0: microxcaling's values are floats, two's complement "
                      "has none", no_negative_zero))
    elif rounding == "floor":
        kinds.append(("log2 of an element just below a power of two rounds to "
                      "the whole number, and its last bit is cut off",
                      rounded_log2))
    if rounding != "floor":
        kinds.append(("the float before half of the least step rounds up: "
                      "floor(x + 0.5), and the sum rounds to 1", half))
    return values_explained(*kinds)


def run_microxcaling(element, rounding, spec):
    from mx.mx_ops import _quantize_mx
    name_of = {"e4m3": "fp8_e4m3", "e5m2": "fp8_e5m2", "e2m3": "fp6_e2m3",
               "e3m2": "fp6_e3m2", "e2m1": "fp4_e2m1", "mxint8": "int8"}

    def run(x, name):
        t = torch.from_numpy(np.ascontiguousarray(x))
        y = _quantize_mx(t, 8, name_of[element], axes=[-1], block_size=32,
                         round=rounding)
        return (blocks.quantize(PROGRAM, spec, x),
                Quantized(values=y.numpy()))
    return run


# ---- gfloat -----------------------------------------------------------------

GFLOAT = {"mxfp8": "mxfp8_e4m3", "mxfp8_e5m2": "mxfp8_e5m2",
          "mxfp6": "mxfp6_e2m3", "mxfp6_e3m2": "mxfp6_e3m2",
          "mxfp4": "mxfp4_e2m1", "mxint8": "mxint8"}


def run_gfloat(row, spec):
    info = getattr(gfloat.formats, "format_info_" + GFLOAT[row])

    def run(x, name):
        """f64 in, so that log2 does not round up to a whole number.  NaN:
        gfloat refuses where the element has none; no codes are compared."""
        v = x.reshape(-1, 32).astype(np.float64)
        scale = np.array([gfloat.compute_scale_amax(info.etype.emax, b)
                          for b in v])
        y = np.where(np.isnan(scale)[:, None], 0, v / scale[:, None])
        codes = gfloat.encode_ndarray(info.etype, gfloat.round_ndarray(
            info.etype, y, sat=True))
        table = np.array([gfloat.decode_float(info.etype, c).fval
                          for c in range(2**info.etype.k)])
        ours = blocks.quantize(PROGRAM, spec, x)
        ours.codes = ours.codes.astype(np.uint8).reshape(-1, 32)
        ours.codes[np.isnan(scale)] = codes[np.isnan(scale)]
        scales = gfloat.encode_ndarray(info.stype, scale)
        theirs = Quantized(codes.astype(np.uint8), scales.astype(np.uint8),
                           (table[codes] * scale[:, None]).astype(np.float32))
        return ours, theirs
    return run


# ---- ml_dtypes --------------------------------------------------------------

def run_ml_dtypes(element, dtype):
    def run(x, name):
        ours = blocks.quantize(PROGRAM, element + "/g=block:32/rule=floor/"
                               "scale=e8m0/special=ml_dtypes", x)
        s = ours.scales.view(ml_dtypes.float8_e8m0fnu).astype(np.float64)
        y = x.reshape(-1, 32).astype(np.float64) / s.reshape(-1, 1)
        top = FLOATS[element][2]
        theirs = np.where(np.isfinite(y), np.clip(y, -top, top), y)
        theirs = theirs.astype(dtype)
        return ours, Quantized(theirs.view(np.uint8))
    return run


# ---- what is compared -------------------------------------------------------

def add_ocp(jobs):
    for row in [*MX, "mxint8"]:
        jobs.append(("oracle of MX v1.0", row + "@ocp", 32, run_ocp(row), []))


def add_torchao(jobs):
    version = importlib.metadata.version("torchao")
    new = bool(options.torchao)
    who = "TorchAO " + ("checkout" if new else version)
    for row, element in MX.items():
        for mode, spec in torchao_specs(row, new).items():
            jobs.append((who, spec, 32,
                         run_torchao_mx(mode, element, spec), []))
    for spec, two in (("nvfp4@torchao", True), ("nvfp4@torchao-single", False)):
        jobs.append((who, spec, 16, run_torchao_nvfp4(spec, two),
                     [(NAN_SCALE, nan_scale)]))
    add_affine(jobs, who)


def torchao_specs(row, new):
    if new:
        return {"floor": f"{row}@torchao", "ceil": f"{row}@torchao/rule=ceil",
                "even": f"{row}@torchao/rule=even",
                "rceil": f"{row}@torchao-rceil"}
    name = f"{row}@torchao-0.18"
    return {"floor": name, "rceil": f"{name}-rceil",
            "ceil": f"{name}/raw=min(ceil2(a), 2^128) / TOP",
            "even": f"{name}/raw=min(even(a, M), 2^128) / TOP"}


def add_affine(jobs, who):
    def channel(x):
        return [1, x.shape[1]]

    def group(x):
        return [1, 32]
    eps = {"int8": torch.finfo(torch.float32).eps}
    for name, bits, mapping, shape in (
            ("int8", 8, "SYMMETRIC", channel), ("int4", 4, "SYMMETRIC", group),
            ("int8-affine", 8, "ASYMMETRIC", channel),
            ("int4-affine", 4, "ASYMMETRIC", group)):
        size = blocks.COLUMNS if shape is channel else 32
        jobs.append((who, name + "@torchao", size, run_torchao_affine(
            name + "@torchao", bits, mapping, shape, eps.get(name)), []))


def add_microxcaling(jobs):
    sys.path.insert(0, options.microxcaling)
    modes = {"nearest": "", "even": "/round=rne", "floor": "/round=rtz"}
    for row in [*MX, "mxint8"]:
        for rounding, setting in modes.items():
            spec = f"{row}@microxcaling{setting}"
            element = MX.get(row, row)
            jobs.append(("microxcaling", spec, 32,
                         run_microxcaling(element, rounding, spec),
                         microxcaling_classes(element, rounding)))


def add_others(jobs):
    for row in GFLOAT:
        spec = row + "@ocp/scale-overflow=saturate"
        jobs.append(("gfloat", spec, 32, run_gfloat(row, spec), []))
    for row, name in (("e4m3", "float8_e4m3fn"), ("e5m2", "float8_e5m2"),
                      ("e2m3", "float6_e2m3fn"), ("e3m2", "float6_e3m2fn"),
                      ("e2m1", "float4_e2m1fn")):
        jobs.append(("ml_dtypes", row, 32,
                     run_ml_dtypes(row, getattr(ml_dtypes, name)), []))


def variants(name, x):
    """The f32 input, and a quarter of it as bf16."""
    yield name, x
    if "bf16" not in name:
        yield name + " as bf16", blocks.bf16(x[:-(-len(x) // 4)])


def main():
    jobs, report = [], blocks.Report()
    add_ocp(jobs)
    add_torchao(jobs)
    if options.microxcaling:
        add_microxcaling(jobs)
    add_others(jobs)
    np.seterr(all="ignore")
    for reference, row, block, run, classes in jobs:
        if options.only not in f"{reference} {row}":
            continue
        for name, x in blocks.inputs(options.elements * 5 // 6, block):
            for kind, values in variants(name, x):
                ours, theirs = run(values, kind)
                report.compare(reference, row, kind, values, block, ours,
                               theirs, classes)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
