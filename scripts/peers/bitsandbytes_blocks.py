#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""bitsandbytes' quantizers against ours: codes, absmax, values.

usage: bitsandbytes_blocks.py [--build DIR] [--elements N] [--device D] [ROW ...]

DIR (default: .) is a build directory.  N elements a row, default 10^7.  Exit
1 when a difference has no explanation here.  D:
  cpu    (default) profile bitsandbytes-cpu: backends/default/ops.py and
         csrc/cpu_ops.cpp
  cuda   profile bitsandbytes: csrc/kernels.cu; needs a GPU and CuPy
  model  the same, with those kernels written out in NumPy
"""
import argparse
import os
import sys
import tempfile

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--elements", type=int, default=10**7)
parser.add_argument("--device", choices=("cpu", "cuda", "model"),
                    default="cpu")
parser.add_argument("rows", nargs="*")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "torch", "bitsandbytes"])

import numpy as np  # noqa: E402
import torch  # noqa: E402
import bitsandbytes  # noqa: E402
import bitsandbytes.functional as F  # noqa: E402

import bitsandbytes_kernels as kernels  # noqa: E402
import blocks  # noqa: E402

PROGRAM = os.path.join(options.build, "ulplab")
CUDA = options.device == "cuda"
MODEL = options.device == "model"
PROFILE = "bitsandbytes-cpu" if options.device == "cpu" else "bitsandbytes"
DEVICE = "cuda" if CUDA else "cpu"  # of PyTorch
FP4 = (0.00260417, 0.0859375, 0.20833333, 0.29166667, 0.4166667, 0.583333,
       0.8333333)  # csrc/kernels.cu, dQuantizeFP4


# ---- what is explained ------------------------------------------------------

def reciprocals(a):
    """rcp.approx.ftz.f32 on this GPU."""
    import cupy
    kernel = cupy.RawKernel(r"""
    extern "C" __global__ void rcp(const float *x, float *y, long n) {
      long i = blockIdx.x * (long)blockDim.x + threadIdx.x;
      if (i < n) asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y[i]) : "f"(x[i]));
    }""", "rcp")
    x = cupy.asarray(np.ascontiguousarray(a, dtype=np.float32).ravel())
    y = cupy.empty_like(x)
    kernel((x.size // 256 + 1,), (256,), (x, y, x.size))
    return cupy.asnumpy(y).reshape(np.shape(a))


def same_scales(ours, theirs):
    return ~blocks.differ(ours.scales, theirs.scales)


def approximate(x, ours, theirs):
    """The same scale, of which rcp.approx is not the nearest reciprocal."""
    if not CUDA:
        return np.zeros(len(x), dtype=bool)
    s = theirs.scales.astype(np.float32).ravel()
    near = np.float32(1) / s
    return same_scales(ours, theirs) & (reciprocals(s) != near)


def no_number(x, ours, theirs):
    """NaN alone."""
    return np.isnan(x).all(axis=1) & (PROFILE == "bitsandbytes")


def zero_signs(x, ours, theirs):
    """The same codes, values that are zeros of other signs."""
    bad = blocks.differ(ours.values, theirs.values).reshape(len(x), -1)
    both = (ours.values == 0) & (theirs.values == 0)
    return (ours.codes == theirs.codes).all(axis=1) & (
        ~bad | both.reshape(len(x), -1)).all(axis=1)


CLASSES = [
    ("rcp.approx of the absmax, which --use_fast_math puts for 1 / absmax, is "
     "not the nearest f32 there, and a value lies at a threshold",
     approximate),
    ("the maximum of a block of NaN alone is where the kernel starts, -FLT_MAX "
     "(int8: -0); ours is 0", no_number),
    ("the sign of a zero: PyTorch's table of FP4 values has +0 twice, from "
     "Python's integer -0 (functional.py, get_4bit_type)", zero_signs),
]


# ---- inputs -----------------------------------------------------------------

def at_thresholds(rng, thresholds, n, block):
    """Elements next to a threshold times the amax, which is a power of two in
    half of the blocks; 0 to 3 neighbours away."""
    amax = np.exp2(rng.integers(-100, 100, (n, 1)))
    amax = amax * np.where(rng.integers(0, 2, (n, 1)) == 0, 1,
                           rng.uniform(1, 2, (n, 1)))
    amax = amax.astype(np.float32)
    t = rng.choice(np.asarray(thresholds, dtype=np.float32), (n, block))
    x = t * amax
    x = (x.view(np.int32) + rng.integers(-3, 4, x.shape).astype(np.int32)
         ).view(np.float32)
    x[~(np.abs(x) <= amax)] = 0
    x[np.arange(n), rng.integers(0, block, n)] = amax[:, 0]
    return x


def all_bf16(rng):
    """All 2^16 by pattern, then the finite ones shuffled by exponent."""
    u = np.arange(1 << 16, dtype=np.uint32)
    finite = rng.permutation(u[(u & 0x7F80) != 0x7F80])
    near = finite[np.argsort((finite & 0x7FFF) >> 9, kind="stable")]
    u = np.concatenate([u, finite, near])
    x = (u << np.uint32(16)).view(np.float32)
    return np.concatenate([x, np.zeros(-len(x) % (1 << 14), np.float32)])


def arrays(thresholds, block, unsigned=False, seed=1):
    """(name, f32) of blocks.inputs, thresholds and bf16; whole lines of 16
    rows, so that blocks of 4096 and of 256 scales of 64 are whole."""
    rng = np.random.default_rng([seed, block])
    kinds = list(blocks.inputs(options.elements * 9 // 10, min(block, 1024)))
    n = options.elements // 10 // block
    kinds.append(("thresholds", at_thresholds(rng, thresholds, n, block)))
    kinds.append(("all bf16", all_bf16(rng)))
    for name, x in kinds:
        x = x.ravel()
        x = x[:len(x) // (1 << 14) * (1 << 14)].reshape(-1, 1024)
        yield name, np.abs(x) if unsigned else x


# ---- theirs -----------------------------------------------------------------

def give(x, kind=torch.float32):
    return torch.from_numpy(x).to(DEVICE).to(kind)


def take(t):
    return t.detach().cpu().numpy()


def four_bits(x, kind, block, double=False):
    if MODEL:
        return kernels.four_bits(x, kind, block), None
    packed, state = F.quantize_4bit(give(x.reshape(1, -1)), blocksize=block,
                                    quant_type=kind,
                                    compress_statistics=double)
    p = take(packed).ravel()
    codes = np.stack([p >> 4, p & 15], axis=1)  # the first is the high one
    values = take(F.dequantize_4bit(packed, state))
    return blocks.Quantized(codes.reshape(x.shape), take(state.absmax),
                            values.reshape(x.shape)), state


def eight_bits(x, block, code):
    if MODEL:
        return kernels.eight_bits(x, block, take(code))
    q, state = F.quantize_blockwise(give(x.ravel()), code=code,
                                    blocksize=block)
    values = take(F.dequantize_blockwise(q, state))
    return blocks.Quantized(take(q).reshape(x.shape), take(state.absmax),
                            values.reshape(x.shape))


def int8(x, threshold):
    if MODEL:
        return kernels.int8(x, threshold), None
    q, stats, columns = F.int8_vectorwise_quant(give(x, torch.float16),
                                                threshold)
    values = F.int8_vectorwise_dequant(q, stats)
    return blocks.Quantized(take(q), take(stats), take(values)), columns


# ---- rows -------------------------------------------------------------------

def shaped(q, block):
    """One row a block."""
    return blocks.Quantized(
        q.codes.reshape(-1, block), q.scales.reshape(-1, 1),
        None if q.values is None else q.values.reshape(-1, block))


def compare(report, row, name, x, block, ours, theirs):
    report.compare(f"bitsandbytes {options.device}", row, name, x, block,
                   shaped(ours, block), shaped(theirs, block), CLASSES)


def midpoints(values):
    v = np.sort(np.asarray(values, dtype=np.float32))
    return (v[1:] + v[:-1]) / np.float32(2)


def compare_4bit(report, kind, block):
    values = take(F.get_4bit_type(kind, device=DEVICE))
    t = midpoints(values)
    if kind == "fp4":
        t = np.concatenate([t, FP4, -np.array(FP4)])
    name = "nf4" if kind == "nf4" else "bnb-fp4"
    row = f"{name}@{PROFILE}/g=block:{block}"
    for what, x in arrays(t, block):
        ours = blocks.quantize(PROGRAM, row, x)
        theirs, _ = four_bits(x, kind, block)
        compare(report, row, what, x, block, ours, theirs)


def compare_8bit(report, block, signed):
    code = F.create_dynamic_map(signed).to(DEVICE)
    row = f"dynamic8{'' if signed else 'u'}@{PROFILE}/g=block:{block}"
    for what, x in arrays(midpoints(take(code)), block, not signed):
        ours = blocks.quantize(PROGRAM, row, x)
        compare(report, row, what, x, block, ours, eight_bits(x, block, code))


def double(spec, x):
    """Ours with the nested scales and the offset."""
    with tempfile.TemporaryDirectory() as folder:
        nested = os.path.join(folder, "nested.npy")
        offset = os.path.join(folder, "offset.npy")
        q = blocks.quantize(PROGRAM, spec, x, "--nested-scales", nested,
                            "--scale-offset", offset)
        return q, np.load(nested), np.load(offset)


def compare_double(report, kind):
    """The offset apart: torch.mean's order of summation is its own, so codes
    are compared with its offset given to ours."""
    name = "nf4" if kind == "nf4" else "bnb-fp4"
    row = f"{name}-double@{PROFILE}"
    steps = {}
    values = take(F.get_4bit_type(kind, device=DEVICE))
    for what, x in arrays(midpoints(values), 64):
        theirs, state = four_bits(x, kind, 64, True)
        offset = take(state.offset)[()]
        _, _, mean = double(row, x)
        if not np.isfinite(offset):
            steps.setdefault("not finite in both" if not np.isfinite(mean)
                             else "not finite in theirs", []).append(what)
            continue
        step = abs(int(mean.view(np.int32)) - int(offset.view(np.int32)))
        steps.setdefault(f"{step} ulp", []).append(what)
        ours, nested, _ = double(f"{row}/offset={float(offset)!r}", x)
        compare(report, row, what, x, 64, ours, theirs)
        compare(report, f"{row}: absmax", what, take(state.absmax)
                .astype(np.float32), 256,
                blocks.Quantized(ours.scales, nested),
                blocks.Quantized(theirs.scales, take(state.state2.absmax)))
    print(f"{row}: our mean, rounded from f64, against torch.mean: {steps}")


def outliers(rng):
    """Gaussian, some columns twenty times as large, in f16."""
    x = rng.standard_normal((options.elements // 1024, 1024))
    x[:, rng.choice(1024, 6)] *= 20
    return x.astype(np.float16).astype(np.float32)


def compare_int8(report, row, threshold):
    rng = np.random.default_rng(7)
    kinds = [] if threshold else list(blocks.inputs(options.elements, 1024))
    for what, x in [*kinds, ("outlier columns", outliers(rng))]:
        with np.errstate(all="ignore"):
            x = x.astype(np.float16).astype(np.float32)
        theirs, columns = int8(x, threshold)
        ours = blocks.quantize(PROGRAM, f"{row}@{PROFILE}", x)
        if columns is not None:  # whole columns are the caller's affair
            ours.codes[:, take(columns)] = 0
            ours.values[:, take(columns)] = 0
        compare(report, f"{row}@{PROFILE}", what, x, 1024, ours, theirs)


ROWS = {
    **{f"nf4/{b}": lambda r, b=b: compare_4bit(r, "nf4", b)
       for b in (64, 32, 4096)},
    **{f"fp4/{b}": lambda r, b=b: compare_4bit(r, "fp4", b)
       for b in (64, 4096)},
    **{f"dynamic8/{b}": lambda r, b=b: compare_8bit(r, b, True)
       for b in (4096, 256)},
    **{f"dynamic8u/{b}": lambda r, b=b: compare_8bit(r, b, False)
       for b in (4096, 256)},
    "nf4-double": lambda r: compare_double(r, "nf4"),
    "fp4-double": lambda r: compare_double(r, "fp4"),
    "int8": lambda r: compare_int8(r, "int8", 0.0),
    "llm-int8": lambda r: compare_int8(r, "llm-int8", 6.0),
}


def main():
    print(f"bitsandbytes {bitsandbytes.__version__}, torch "
          f"{torch.__version__}, {options.device}")
    report = blocks.Report()
    for name in options.rows or ROWS:
        if not (MODEL and name.endswith("double")):  # its parts are rows
            ROWS[name](report)
    return report.print()


sys.exit(main())
