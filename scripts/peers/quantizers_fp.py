#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantizers of FP8, FP4 and integers against their reference programs.

usage: quantizers_fp.py [--build DIR] [--elements N] [--only TEXT]
         [--te DIR] [--fouroversix DIR] [--deepgemm DIR] [--gpt-oss DIR]
         [--vectors]

DIR (default: .) is a build directory with the program ulplab.  For every
reference and row about N elements (default 10^7) of the inputs that blocks.py
lists: codes, scales, zero points and, where the reference returns them,
values must be the same.  compressed-tensors is a package; the others are
compared when a checkout of theirs is named, of which the files with the
arithmetic are imported alone, without the packages around them:

  --te           Transformer Engine: tests/pytorch/references/
                 blockwise_quantizer_reference.py, and pytorch/custom_recipes/
                 reference_nvfp4.py
  --fouroversix  quantize/pytorch/reference.py, quantize/backend.py
  --deepgemm     deep_gemm/utils/math.py
  --gpt-oss      gpt_oss/torch/weights.py: all scales and codes decoded

DeepSeek-V3's act_quant is a Triton kernel, which needs a GPU: what is
compared here is its arithmetic, written again below.  All of it runs on the
CPU: on a GPU torch divides by a Python number by multiplying with the
reciprocal, and sums in another order.

With --vectors: instead, what the references return for one array, as digests:
the lines of tests/vectors/quantizers_fp.txt.

Exit 1 when a difference has no explanation here.
"""
import argparse
import ctypes
import dataclasses
import importlib
import os
import subprocess
import sys
import tempfile
import types

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--elements", type=float, default=1e7)
parser.add_argument("--only", default="")
parser.add_argument("--te")
parser.add_argument("--fouroversix")
parser.add_argument("--deepgemm")
parser.add_argument("--gpt-oss")
parser.add_argument("--vectors", action="store_true")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "torch", "compressed_tensors"])

import numpy as np  # noqa: E402
import torch  # noqa: E402

import blocks  # noqa: E402

PROGRAM = os.path.join(options.build, "ulplab")
NONFINITE = ("nan", "inf", "inf, nan")


# ---- importing files alone --------------------------------------------------

def package(name, folder=None):
    """An empty package: its own __init__ would import what needs CUDA."""
    module = types.ModuleType(name)
    module.__path__ = [folder] if folder else []
    sys.modules[name] = module
    return module


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# ---- cases ------------------------------------------------------------------

@dataclasses.dataclass
class Case:
    """A reference and the row that returns its bits.

    run(x) takes a tensor [rows, columns] and returns blocks.Quantized of
    arrays of the same shape, one scale a tile of `tile`.  shape: cuts the
    inputs, so that tiles at the edges are short.  why: (explanation, kinds of
    inputs or None for all, explains), see blocks.Report.compare.
    """
    reference: str
    spec: str
    run: object
    tile: tuple
    bf16: bool = False  # the tensor is bf16; inputs are rounded to it
    shape: tuple = ()
    why: tuple = ()
    kinds: tuple = blocks.GENERAL + blocks.SPECIAL
    zeros: bool = False


CASES = []


def case(*arguments, **keywords):
    CASES.append(Case(*arguments, **keywords))


def nonfinite(x, _ours, _theirs):
    return ~np.isfinite(x).all(axis=1)


def always(x, _ours, _theirs):
    return np.ones(len(x), dtype=bool)


def minus_zero(_x, ours, theirs):
    """Whether all that differs is E2M1's -0 of ours against 0."""
    wrong = ours.codes != theirs.codes
    return (~wrong | (ours.codes == 8) & (theirs.codes == 0)).all(axis=1) & (
        ours.scales == theirs.scales).all(axis=1)


def nan_bits(_x, ours, theirs):
    """Whether all that differs are NaNs of other bits: of E4M3 codes, of bf16
    scales."""
    codes = (ours.codes == theirs.codes) | (
        (ours.codes & 0x7F == 0x7F) & (theirs.codes & 0x7F == 0x7F))
    scales = ours.scales == theirs.scales
    if ours.scales.dtype == np.uint16:
        scales |= (ours.scales & 0x7FFF > 0x7F80) & (
            theirs.scales & 0x7FFF > 0x7F80)
    elif ours.scales.dtype.kind == "f":
        scales |= np.isnan(ours.scales) & np.isnan(theirs.scales)
    return codes.all(axis=1) & scales.all(axis=1)


NAN_BITS = (
    ("a NaN of another sign or other bits: which of two operands it comes "
     "from is the machine's choice", None, nan_bits),)


def integers(t):
    """The stored bits of a tensor of 8-bit floats."""
    return t.contiguous().view(torch.uint8).numpy()


def nibbles(packed):
    """Two codes a byte, the first in the low bits."""
    p = packed.contiguous().view(torch.uint8).numpy()
    out = np.empty((*p.shape[:-1], 2 * p.shape[-1]), dtype=np.uint8)
    out[..., 0::2], out[..., 1::2] = p & 15, p >> 4
    return out


def exponents(scale):
    """Powers of two as E8M0."""
    return (scale.contiguous().view(torch.int32) >> 23).to(torch.uint8).numpy()


# ---- Transformer Engine -----------------------------------------------------

def te_block(tile, kind, pow2):
    def run(x):
        reference = blockwise.BlockwiseQuantizerReference()
        r = reference.quantize(x, kind, quant_tile_shape=tile,
                               pow_2_scales=pow2, munge_scale_shapes=False)
        s = reference.scale_munger.munge_scale_shapes_for_backend(r, tile).scale
        y = reference.ref_dequantize_rowwise(r.data, tile, s, torch.float32)
        return blocks.Quantized(integers(r.data), r.scale.numpy(), y.numpy())
    return run


def te_nvfp4(tile, transposed=False, **keywords):
    def run(x):
        quantizer = nvfp4.NVFP4QuantizerRef(
            nvfp4.reference_utils.Fp4Formats.E2M1, quant_tile_shape=tile,
            rowwise=not transposed, columnwise=transposed, **keywords)
        r = quantizer.quantize(x)
        if transposed:
            return blocks.Quantized(nibbles(r.data_t), integers(r.scale_t))
        s = r.scale[::tile[0]] if tile[0] > 1 else r.scale
        return blocks.Quantized(nibbles(r.data), integers(s))
    return run


# What the Python references do and the kernels, whose arithmetic the rows
# hold, do not: torch.amax spreads a NaN, casts keep its sign, comparisons
# take -0 for 0.
PYTHON = "/over=all/special=torchao"
TE_BLOCK = (
    ("Inf or NaN in the block: the reference's scale is 0, NaN or an "
     "arbitrary power of two; the kernel's 1 (recipe_common.cuh), as ours",
     None, nonfinite),)
TE_BF16 = TE_BLOCK + (
    ("MAX / amax overflows: with bf16 tensors the scale is bf16's greatest "
     "value, not FLT_MAX", None,
     lambda x, _o, _t: np.abs(x).max(axis=1) < 2.0**-110),)
TE_NVFP4 = (
    ("a NaN or an Inf in the tensor: torch.max makes the global scale NaN; "
     "NaN elements become 0", NONFINITE, always),)
MINUS_ZERO = (
    ("-0 is 0 in the reference, whose comparisons do not see its sign; the "
     "kernel's cvt keeps it", None, minus_zero),)


def cases_te(folder):
    global blockwise, nvfp4
    sys.path.insert(0, os.path.join(folder, "tests", "pytorch"))
    blockwise = importlib.import_module(
        "references.blockwise_quantizer_reference")
    recipes = os.path.join(folder, "transformer_engine", "pytorch",
                           "custom_recipes")
    for name in ("transformer_engine", "transformer_engine.pytorch"):
        package(name)
    package("transformer_engine.pytorch.custom_recipes", recipes)
    package("transformer_engine.pytorch.tensor")
    package("transformer_engine.pytorch.tensor.utils").is_custom = None
    stub = package("transformer_engine.pytorch.quantized_tensor")

    class Quantizer:
        def __init__(self, rowwise, columnwise):
            self.rowwise_usage, self.columnwise_usage = rowwise, columnwise

    stub.QuantizedTensorStorage, stub.Quantizer = object, Quantizer
    nvfp4 = importlib.import_module(
        "transformer_engine.pytorch.custom_recipes.reference_nvfp4")

    for element, kind in (("", torch.float8_e4m3fn),
                          ("_e5m2", torch.float8_e5m2)):
        for profile, pow2 in (("te", True), ("te-f32", False)):
            for tile in ((1, 128), (128, 128)):
                spec = f"fp8-block{element}@{profile}"
                spec += "/g=tile:128x128" if tile[0] > 1 else ""
                run = te_block(tile, kind, pow2)
                case("TE blockwise", spec, run, tile, why=TE_BLOCK)
                case("TE blockwise bf16", spec, run, tile, bf16=True,
                     why=TE_BF16)
                case("TE blockwise, edges", spec, run, tile,
                     shape=(1000, 968), kinds=("gaussian", "t3", "2^40"))
    for name, spec, tile, keywords in (
            ("", "nvfp4@te", (1, 16), {}),
            ("2-D", "nvfp4@te/g=tile:16x16", (16, 16), {}),
            ("4over6 MAE", "nvfp4@te-4over6", (1, 16),
             {"nvfp4_use_4over6": True}),
            ("4over6 MSE", "nvfp4@te-4over6/judge=mse", (1, 16),
             {"nvfp4_use_4over6": True, "nvfp4_4over6_err_mode": "MSE"}),
            ("4over6 MAE 256",
             "nvfp4@te-4over6/global=ok(A, min(1536 / A, HUGE))"
             "/error=q * s * A / 1536", (1, 16),
             {"nvfp4_use_4over6": True, "nvfp4_e4m3_max": 256}),
            ("4over6 MAE 2-D",
             "nvfp4@te-4over6/g=tile:16x16/sum=x16,8,4,2", (16, 16),
             {"nvfp4_use_4over6": True}),
            ("4over6 MSE 2-D",
             "nvfp4@te-4over6/g=tile:16x16/sum=x16,8,4,2/judge=mse", (16, 16),
             {"nvfp4_use_4over6": True, "nvfp4_4over6_err_mode": "MSE"})):
        run = te_nvfp4(tile, **keywords)
        case(f"TE NVFP4 {name}", f"{spec}{PYTHON}/zero-sign=drop", run, tile,
             why=TE_NVFP4)
        if not keywords:
            case(f"TE NVFP4 {name}", spec, run, tile, why=TE_NVFP4 + MINUS_ZERO)
            case(f"TE NVFP4 {name}, edges", spec, run, tile,
                 shape=(1000, 968), kinds=("gaussian", "t3", "2^40"))
        if tile[0] == 1:
            case(f"TE NVFP4 {name} bf16", f"{spec}{PYTHON}/zero-sign=drop",
                 run, tile, bf16=True, why=TE_NVFP4,
                 kinds=("bf16", "bf16 2^40", "t3"))


# ---- Four Over Six ----------------------------------------------------------

def fouroversix_run(dtype, rule, square=False):
    def run(x):
        rows, columns = x.shape
        codes, scales, amax = four.quantize(
            x, fp4_format=dtype, scale_rule=rule, block_scale_2d=square,
            use_blackwell_scale_layout=False)
        raw = codes
        if dtype in (four.DataType.nvfp6_e2m3, four.DataType.nvfp6_e3m2):
            q = codes.numpy()
        else:
            q = nibbles(codes)
        if dtype == four.DataType.nvint4:
            q = (q.astype(np.int8) << 4) >> 4
        size = dtype.block_size
        s = integers(scales).reshape(rows, columns // size)
        y = None
        if dtype not in (four.DataType.nvfp6_e2m3, four.DataType.nvfp6_e3m2):
            tensor = types.SimpleNamespace(
                values=raw, scale_factors=scales.reshape(rows, -1), amax=amax,
                dtype=dtype, original_shape=x.shape, padded_shape=x.shape,
                scale_rule=rule, round_style=four.RoundStyle.nearest,
                scale_factors_are_in_blackwell_layout=False)
            y = backend.QuantizeBackendBase.dequantize(
                tensor, torch.float32, intermediate_dtype=torch.float32).numpy()
        return blocks.Quantized(q, s[::size] if square else s, y)
    return run


def unsaturated(_x, ours, theirs):
    """A scale among E4M3's least, which may be as much as half a unit below
    what it should be, so that an element exceeds 7."""
    return (np.minimum(ours.scales, theirs.scales) <= 3).all(axis=1)


FOUR = (
    ("a scale of at most 3 units of E4M3's least: elements of 7 and more "
     "become 8, which is no value of E2M1 and whose bits are cut to -0", None,
     unsaturated),
    ("the tensor's amax is below 2^-117, so that product / amax is Inf, and "
     "elements are Inf and 0 * Inf", ("subnormal",), always),
    ("a NaN or an Inf in the tensor: its amax is NaN or Inf, and the "
     "reference's codes are cut from the bits of a bf16 NaN", NONFINITE,
     always),)
FOUR_MX = (
    ("Inf or NaN in the block: the reference divides by Inf, adds 1 to the "
     "exponent 255 of a NaN and cuts codes from the bits of a bf16 NaN", None,
     nonfinite),)


def cases_fouroversix(folder):
    global four, backend
    home = os.path.join(folder, "src", "fouroversix")
    package("fouroversix", home)
    package("fouroversix.kernels", os.path.join(home, "kernels"))
    package("fouroversix.quantize", os.path.join(home, "quantize"))
    package("fouroversix.quantize.pytorch",
            os.path.join(home, "quantize", "pytorch"))
    four = importlib.import_module("fouroversix.quantize.pytorch.reference")
    backend = importlib.import_module("fouroversix.quantize.backend")
    backend.QuantizeBackendBase.dequantize_values = classmethod(
        backend.QuantizeBackendBase.dequantize_values.__func__)
    kinds, rules = four.DataType, four.ScaleRule
    for spec, dtype, rule in (
            ("nvfp4@fouroversix", kinds.nvfp4, rules.mse),
            ("nvfp4@fouroversix/judge=mae", kinds.nvfp4, rules.mae),
            ("nvfp4@fouroversix/judge=max", kinds.nvfp4, rules.abs_max),
            ("nvfp4@fouroversix-static6", kinds.nvfp4, rules.static_6),
            ("nvfp4@fouroversix-static4", kinds.nvfp4, rules.static_4),
            ("nvint4@fouroversix", kinds.nvint4, rules.static_6),
            ("nvfp6_e2m3@fouroversix", kinds.nvfp6_e2m3, rules.static_6),
            ("nvfp6_e3m2@fouroversix", kinds.nvfp6_e3m2, rules.static_6),
            ("mxfp4@fouroversix", kinds.mxfp4, rules.static_6),
            ("mxfp4@fouroversix-static4", kinds.mxfp4, rules.static_4)):
        size, mx = dtype.block_size, dtype == kinds.mxfp4
        case(f"fouroversix {rule.value}", spec, fouroversix_run(dtype, rule),
             (1, size), why=FOUR_MX if mx else FOUR)
        if "6_e" in spec or "judge" in spec:
            continue
        order = "/sum=32,8" if rule == rules.mse else ""
        case(f"fouroversix {rule.value} 2-D",
             f"{spec}/g=tile:{size}x{size}{order}",
             fouroversix_run(dtype, rule, True), (size, size),
             why=FOUR_MX if mx else FOUR)
        case(f"fouroversix {rule.value} bf16", spec,
             fouroversix_run(dtype, rule), (1, size), bf16=True,
             why=FOUR_MX if mx else FOUR, kinds=("bf16", "bf16 2^40", "t3"))


# ---- DeepGEMM, DeepSeek-V3 --------------------------------------------------

def deepgemm_run(function, ue8m0, fp4=False):
    def run(x):
        codes, scale = function(x, ue8m0)
        q = nibbles(codes) if fp4 else integers(codes)
        y = deepgemm.cast_back_from_fp4(codes, scale) if fp4 else None
        return blocks.Quantized(
            q, exponents(scale) if ue8m0 else scale.numpy(),
            y.numpy() if fp4 else None)
    return run


def cases_deepgemm(folder):
    global deepgemm
    deepgemm = load("deepgemm_math", os.path.join(folder, "deep_gemm", "utils",
                                                  "math.py"))
    for profile, ue8m0 in (("deepgemm", False), ("deepgemm-ue8m0", True)):
        spec = f"fp8-block@{profile}"
        why = NAN_BITS
        for name, function, tile in (
                ("per_token", deepgemm.per_token_cast_to_fp8, (1, 128)),
                ("per_block", deepgemm.per_block_cast_to_fp8, (128, 128)),
                ("per_channel", deepgemm.per_channel_cast_to_fp8, (128, 1))):
            g = f"/g=tile:{tile[0]}x{tile[1]}" if tile[0] > 1 else ""
            run = deepgemm_run(function, ue8m0)
            case(f"DeepGEMM {name}", spec + g, run, tile, why=why)
            case(f"DeepGEMM {name} bf16", spec + g, run, tile, bf16=True,
                 why=why, kinds=("bf16", "bf16 2^40", "t3", "critical amax"))
            if name != "per_channel":
                case(f"DeepGEMM {name}, edges", spec + g, run, tile,
                     shape=(1000, 968), kinds=("gaussian", "t3", "2^40"))
        case("DeepGEMM per_token fp4", f"fp4-block@{profile}",
             deepgemm_run(deepgemm.per_token_cast_to_fp4, ue8m0, True),
             (1, 128), why=why)


def deepseek_run(ue8m0):
    """inference/kernel.py, act_quant_kernel, with multiplication by the
    nearest reciprocal (Triton's division is div.full.f32, and so does an H100,
    but for the last place of 1 / s) and torch's log2; casts saturate, and a
    NaN loses against 1e-4, as on the GPU."""
    def run(x):
        v = x.float().reshape(*x.shape[:-1], -1, 128)
        a = torch.nan_to_num(v.abs(), nan=0, posinf=float("inf")).amax(-1)
        s = torch.maximum(a, torch.tensor(1e-4)) * torch.tensor(1 / 448)
        if ue8m0:
            s = torch.exp2(torch.ceil(torch.log2(s)))
        y = torch.clamp(v * (1 / s)[..., None], -448, 448)
        q = integers(y.to(torch.float8_e4m3fn)).copy()
        q[torch.isnan(y).numpy()] = 0x7F
        z = torch.from_numpy(q).view(torch.float8_e4m3fn).float()
        return blocks.Quantized(
            q.reshape(x.shape), exponents(s) if ue8m0 else s.numpy(),
            (z * s[..., None]).reshape(x.shape).numpy())
    return run


def cases_deepseek():
    case("DeepSeek-V3, modelled", "fp8-block@deepseek", deepseek_run(False),
         (1, 128))
    case("DeepSeek-V3, modelled", "fp8-block@deepseek-ue8m0",
         deepseek_run(True), (1, 128), why=(
             ("Inf in the block: E8M0 holds no 2^128", None, nonfinite),))


# ---- compressed-tensors -----------------------------------------------------

def compressed_run(strategy, tile, **keywords):
    """Weights: extremes as an observer takes them, calculate_qparams,
    quantize, dequantize; two levels with generate_gparam."""
    from compressed_tensors.compressors import mx_utils
    from compressed_tensors.compressors.nvfp4 import helpers as packing
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.lifecycle import forward
    from compressed_tensors.quantization.utils import (
        calculate_qparams, generate_gparam)
    group = {"group_size": tile[1]} if "group" in strategy else {}
    block = {"block_structure": list(tile)} if strategy == "block" else {}
    block |= {"dynamic": True} if strategy == "token" else {}
    args = QuantizationArgs(strategy=strategy, **group, **block, **keywords)
    fp4 = args.num_bits == 4 and args.type == "float"
    mx = args.scale_dtype == torch.uint8

    def extremes(x):
        if strategy == "tensor":
            return x.min().reshape(1), x.max().reshape(1)
        m, n = x.shape
        r, c = tile[0], tile[1] or n
        v = x.reshape(m // r, r, n // c, c)
        return v.amin(dim=(1, 3)), v.amax(dim=(1, 3))

    def run(x):
        low, high = extremes(x)
        gs = None
        if strategy == "tensor_group":
            gs = generate_gparam(x.min(), x.max())
        scale, zero = calculate_qparams(low, high, args, global_scale=gs)
        asymmetric = not args.symmetric
        given = {"scale": scale, "args": args, "global_scale": gs,
                 "zero_point": zero if asymmetric else None}
        if fp4:
            q = forward.quantize(x, **given)
            codes, stored = nibbles(packing.pack_fp4_to_uint8(q)), q
        else:
            stored = forward.quantize(x, dtype=args.pytorch_dtype(), **given)
            codes = (integers(stored) if args.type == "float"
                     else stored.numpy())
        y = forward.dequantize(stored, dtype=torch.float32, **given)
        s = scale
        if mx:
            s = mx_utils.compress_mx_scale(s, torch.uint8)
        elif args.scale_dtype is not None:
            s = s.to(args.scale_dtype).view(torch.uint8)
        s = s.view(torch.uint16) if s.dtype == torch.bfloat16 else s
        return blocks.Quantized(
            codes, s.numpy(), y.float().numpy(),
            zero.to(torch.int32).numpy() if asymmetric else None)
    return run


CT_MX = (
    ("the amax rounds to Inf: the reference stores 127 plus the integer of "
     "Inf, 127, and divides by Inf", None,
     lambda x, _o, _t: np.abs(x).max(axis=1) >= 1.75 * 2.0**127),)
CT_NONFINITE = (
    ("Inf or NaN in the block: a NaN becomes what the machine makes of "
     "(int8) NaN, and of a scale that is Inf or NaN", None, nonfinite),)
CT_TENSOR = (
    ("a NaN or an Inf in the tensor, whose amax it is", NONFINITE, always),)


def fp4_or_mx(spec):
    return "fp4" in spec or "mx" in spec


# What of it is computed in bf16 when the weights are; 2^-7 is bf16's eps.
CT_BF16 = "/arithmetic=bf16/scale=bfloat16/zero-scale=0.0078125"
CT_BF16_NVFP4 = ("/global=finite(bf16(bf16(1 / max(A, TINY)) * 2688), 1)"
                 "/raw=G * bf16(a / 6)")


def cases_compressed():
    for spec, strategy, tile, keywords in (
            ("int8@compressed-tensors/g=tensor", "tensor", (0, 0), {}),
            ("int8@compressed-tensors", "channel", (1, 0), {}),
            ("int8@compressed-tensors/g=token", "token", (1, 0), {}),
            ("int8@compressed-tensors/g=group:128", "group", (1, 128), {}),
            ("int8@compressed-tensors/g=tile:128x128", "block", (128, 128),
             {}),
            ("int4@compressed-tensors/g=channel", "channel", (1, 0),
             {"num_bits": 4}),
            ("int4@compressed-tensors", "group", (1, 128), {"num_bits": 4}),
            ("int4@compressed-tensors/g=group:32", "group", (1, 32),
             {"num_bits": 4}),
            ("int8-affine@compressed-tensors", "tensor", (0, 0),
             {"symmetric": False}),
            ("int8-affine@compressed-tensors/g=channel", "channel", (1, 0),
             {"symmetric": False}),
            ("int8-affine@compressed-tensors/g=token", "token", (1, 0),
             {"symmetric": False}),
            ("int4-affine@compressed-tensors", "group", (1, 128),
             {"symmetric": False, "num_bits": 4}),
            ("int4-affine@compressed-tensors/g=tile:128x128", "block",
             (128, 128), {"symmetric": False, "num_bits": 4}),
            ("fp8-channel@compressed-tensors/g=tensor", "tensor", (0, 0),
             {"type": "float"}),
            ("fp8-channel@compressed-tensors", "channel", (1, 0),
             {"type": "float"}),
            ("fp8-channel@compressed-tensors/g=tile:128x128", "block",
             (128, 128), {"type": "float"}),
            ("nvfp4@compressed-tensors", "tensor_group", (1, 16),
             {"type": "float", "num_bits": 4,
              "scale_dtype": torch.float8_e4m3fn,
              "zp_dtype": torch.float8_e4m3fn}),
            ("mxfp4@compressed-tensors", "group", (1, 32),
             {"type": "float", "num_bits": 4, "scale_dtype": torch.uint8}),
            ("mxfp8@compressed-tensors", "group", (1, 32),
             {"type": "float", "num_bits": 8, "scale_dtype": torch.uint8})):
        run = compressed_run(strategy, tile, **keywords)
        why = ((NAN_BITS if not fp4_or_mx(spec) else ()) +
               (CT_TENSOR if "tensor" in strategy else ()) + CT_NONFINITE +
               (CT_MX if "mx" in spec else ()))
        zeros = not keywords.get("symmetric", True)
        case("compressed-tensors", spec, run, tile, zeros=zeros, why=why)
        if "nvfp4" in spec:
            spec += CT_BF16_NVFP4
        else:
            spec += "/arithmetic=bf16" if "mx" in spec else CT_BF16
        case("compressed-tensors bf16", spec, run, tile, bf16=True,
             zeros=zeros, why=why)


# ---- the Hadamard transform: a function of the library -----------------------

def check_hadamard():
    """Of bf16 against NVFP4QuantizerRef._apply_rht: outputs that differ."""
    path = os.path.join(options.build, ".libs", "libulplab-analysis.so")
    library = ctypes.CDLL(path)
    formats = ctypes.create_string_buffer(4096)  # an ulp_format
    library.ulp_format_find(b"bf16", formats, None, 0)
    found = {}
    quantizer = nvfp4.NVFP4QuantizerRef(
        nvfp4.reference_utils.Fp4Formats.E2M1, with_rht=True)
    total = 0
    for kind, x in blocks.inputs(int(options.elements), 16,
                                 ("bf16", "bf16 2^40", "t3")):
        x = blocks.bf16(x)
        theirs = quantizer._apply_rht(torch.from_numpy(x.copy()).bfloat16())
        theirs = theirs.float().numpy()
        ours = np.empty_like(x)
        pointer = ctypes.POINTER(ctypes.c_float)
        library.ulp_hadamard16(
            ours.ctypes.data_as(pointer), x.ctypes.data_as(pointer),
            ctypes.c_size_t(x.size), ctypes.c_uint16(0xD7E8), formats)
        total += x.size
        wrong = blocks.differ(ours, theirs)
        zero = (ours == 0).ravel() & (theirs == 0).ravel()
        v = np.abs(x).reshape(-1, 16)
        rest = wrong & ~zero
        # Sums of f32 are exact while all terms are multiples of a unit of
        # which none is above 2^24 (16 terms: 2^20).
        least = np.where(v > 0, v, np.inf).min(axis=1) / 128
        inexact = np.repeat(v.max(axis=1) > least * 2.0**20, 16)
        for why, mask in (
                ("a zero has another sign", wrong & zero),
                ("torch's product rounds its sums to f32; ours is rounded "
                 "once", rest & inexact), ("", rest & ~inexact)):
            if mask.any():
                found[why] = found.get(why, 0) + int(mask.sum())
    return peers.report("TE Hadamard, bf16", total, found)


# ---- gpt-oss: decoding ------------------------------------------------------

def check_gpt_oss(folder):
    """All scales with all codes: 256 x 16 values."""
    if "safetensors" not in sys.modules:
        package("safetensors").safe_open = None
    weights = load("gpt_oss_weights",
                   os.path.join(folder, "gpt_oss", "torch", "weights.py"))
    packed = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    packed = packed.expand(256, 16, 16).contiguous()
    scales = torch.arange(256, dtype=torch.uint8)[:, None].expand(256, 16)
    checkpoint = object.__new__(weights.Checkpoint)
    checkpoint.tensor_name_to_file = {"b": "", "s": ""}
    checkpoint._get_tensor = lambda name: {
        "b": packed, "s": scales.contiguous()}[name]
    theirs = checkpoint._get_mxfp4_tensor("b", "s").float().numpy()
    with tempfile.TemporaryDirectory() as d:
        def path(name):
            return os.path.join(d, name)
        np.save(path("q.npy"), nibbles(packed).reshape(256, 512))
        np.save(path("s.npy"), scales.numpy())
        subprocess.run([PROGRAM, "dequantize", "--from", "mxfp4", "--in",
                        path("q.npy"), "--scales", path("s.npy"), "--out",
                        path("y.npy")], check=True)
        ours = np.load(path("y.npy"))
    wrong = blocks.differ(ours, theirs).reshape(ours.shape)
    found = {}
    for why, mask in (
            ("scale 255: E8M0's NaN; gpt-oss takes it as 2^128, of which "
             "bf16 makes Inf", wrong[255:]), ("", wrong[:255])):
        if mask.any():
            found[why] = int(mask.sum())
    return peers.report("gpt-oss mxfp4", ours.size, found)


# ---- running ----------------------------------------------------------------

def lay(x, tile):
    """Values [blocks, R * C] as a matrix whose tiles they are."""
    r, c = tile
    across = max(blocks.COLUMNS // c, 1)
    x = x.reshape(-1)
    down = x.size // (r * c * across)
    v = x[:down * across * r * c].reshape(down, across, r, c)
    return np.ascontiguousarray(
        v.transpose(0, 2, 1, 3).reshape(down * r, across * c))


def tiles(v, tile):
    """Back; short tiles at the edges are filled up with zeros."""
    r, c = tile
    m, n = v.shape
    v = np.pad(v, ((0, -m % r), (0, -n % c)))
    m, n = v.shape
    v = v.reshape(m // r, r, n // c, c).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(v).reshape(-1, r * c)


def in_tiles(q, tile):
    return blocks.Quantized(**{
        name: tiles(v, tile) if name in ("codes", "values") and v is not None
        else v for name, v in vars(q).items()})


def run_case(report, c, kind, x):
    tile = (c.tile[0] or x.shape[0], c.tile[1] or x.shape[1])
    if tile[0] > 1 and c.tile[0]:
        x = lay(x, tile)
        if x.size == 0:
            return
    if c.shape:
        x = np.ascontiguousarray(x[:c.shape[0], :c.shape[1]])
    if c.bf16:
        x = blocks.bf16(x)
    t = torch.from_numpy(x.copy())
    theirs = c.run(t.bfloat16() if c.bf16 else t)
    given = x
    ours = blocks.quantize(PROGRAM, c.spec, given,
                           dequant=theirs.values is not None, zeros=c.zeros)
    ours, theirs = in_tiles(ours, tile), in_tiles(theirs, tile)
    classes = [(text, explains) for text, kinds, explains in c.why
               if kinds is None or kind in kinds]
    report.compare(c.reference, c.spec, kind, tiles(x, tile),
                   tile[0] * tile[1], ours, theirs, classes)


# ---- vectors ----------------------------------------------------------------

def digest(array, bits=8):
    """FNV-1a, 64 bits, of the stored bytes; codes without sign extension."""
    h = 0xCBF29CE484222325
    if bits < 8:
        array = array & ((1 << bits) - 1)
    for byte in np.ascontiguousarray(array).tobytes():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h


def sample():
    """ulp_sample("student_t3", 256 * 256, seed 3, stream 7), as f32."""
    library = ctypes.CDLL(os.path.join(options.build, ".libs",
                                       "libulplab-analysis.so"))
    x = np.empty(256 * 256)
    library.ulp_sample(b"student_t3", x.ctypes.data_as(ctypes.c_void_p),
                       ctypes.c_size_t(x.size), ctypes.c_bool(True),
                       ctypes.c_uint64(3), ctypes.c_uint64(7))
    return x.astype(np.float32).reshape(256, 256)


def vectors():
    print("# scripts/peers/quantizers_fp.py --vectors: digests of codes and "
          "scales")
    print("# input codes scales zeros reference: quantizer")
    lines = set()
    x = sample()
    for c in CASES:
        if c.shape:
            continue
        t = torch.from_numpy(blocks.bf16(x) if c.bf16 else x.copy())
        q = c.run(t.bfloat16() if c.bf16 else t)
        bits = 4 if any(k in c.spec for k in ("int4", "fp4")) else 8
        zeros = digest(q.zeros.astype("<i4")) if c.zeros else 0
        lines.add(f"{'bf16' if c.bf16 else 'f32'} {digest(q.codes, bits):016x}"
                  f" {digest(q.scales):016x} {zeros:016x} {c.reference}: "
                  f"{c.spec}")
    print("\n".join(sorted(lines)))


def main():
    report = blocks.Report()
    torch.set_grad_enabled(False)
    cases_compressed()
    cases_deepseek()
    for name, add in (("te", cases_te), ("fouroversix", cases_fouroversix),
                      ("deepgemm", cases_deepgemm)):
        if getattr(options, name):
            add(getattr(options, name))
        else:
            print(f"--{name} not given: not compared")
    if options.vectors:
        return vectors()
    for c in CASES:
        if options.only not in f"{c.reference} {c.spec}":
            continue
        size = min(c.tile[0] * c.tile[1] or blocks.COLUMNS, blocks.COLUMNS)
        with np.errstate(all="ignore"):
            for kind, x in blocks.inputs(int(options.elements), size, c.kinds):
                run_case(report, c, kind, x)
        print(f"{c.reference} {c.spec}: done", file=sys.stderr, flush=True)
    print("torch", torch.__version__, "NumPy", np.__version__)
    failed = report.print()
    if options.te and options.only in "Hadamard":
        failed |= check_hadamard()
    if options.gpt_oss and options.only in "gpt-oss":
        failed |= check_gpt_oss(options.gpt_oss)
    return failed


sys.exit(main())
