# SPDX-License-Identifier: GPL-3.0-or-later
"""bitsandbytes' CUDA kernels (csrc/kernels.cu, --use_fast_math) in NumPy.

Written from the source, the comparisons from the machine code that is shipped
(0.50.2, libbitsandbytes_cuda130.so, sm_90: FSETP.GT.FTZ, MUFU.RCP), with the
nearest reciprocal for MUFU.RCP.
"""
import numpy as np

from blocks import Quantized

F32 = np.float32
NF4 = np.array([0xBF591CD9, 0xBF1C5270, 0xBEEB8480, 0xBEADEA76, 0xBE703CEC,
                0xBE0D38BC, 0xBD3A7871, 0x3D22FAFF, 0x3DF64863, 0x3E5067E0,
                0x3E9582D4, 0x3EC753F9, 0x3F006D03, 0x3F248DAF, 0x3F5C89D9],
               dtype=np.uint32).view(F32)
FP4 = np.array([0x3B2AAAB9, 0x3DB00000, 0x3E555555, 0x3E955555, 0x3ED55556,
                0x3F155550, 0x3F555555], dtype=np.uint32).view(F32)
NF4_VALUES = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634,
    0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0], dtype=F32)
FP4_MAGNITUDES = np.array([0, 0.005208333333, 0.66666667, 1, 0.33333333, 0.5,
                           0.16666667, 0.25], dtype=F32)
FP4_VALUES = np.concatenate([FP4_MAGNITUDES, FP4_MAGNITUDES * F32(-1)])


def flush(x):
    """.FTZ of an operand or a result."""
    return np.where(np.abs(x) < F32(2.0**-126), np.copysign(F32(0), x), x)


def multiply(x, y):
    """mul.rn.ftz.f32: what is below 2^-126 once rounded to 24 bits is 0."""
    p = np.multiply(x, y, dtype=np.float64)
    tiny = np.abs(p) < 2.0**-126 * (1 - 2.0**-25)
    return np.where(tiny, np.copysign(0, p), p).astype(F32)


def reciprocal(a):
    return flush(F32(1) / flush(a))


def absmax(x):
    return np.fmax.reduce(flush(np.abs(x)), axis=1,
                          initial=F32(-np.finfo(F32).max))[:, None]


def dequantize(codes, values, a):
    return multiply(values[codes], a)


def nf4(y):
    """A tree of comparisons: what is above none of them is 0."""
    return sum((y > t).astype(np.uint8) for t in NF4)


def fp4(y):
    place = sum((np.abs(y) > t).astype(np.uint8) for t in FP4)
    code = np.array([0, 1, 6, 7, 4, 5, 2, 3], dtype=np.uint8)[place]
    return code + np.where(y < 0, 8, 0).astype(np.uint8)


def search(y, code):
    """dQuantize<0>."""
    pivot = np.full(y.shape, 127)
    upper = np.full(y.shape, 255)
    lower = np.zeros(y.shape, dtype=int)
    for step in (64, 32, 16, 8, 4, 2, 1):
        above = y > code[pivot]
        lower = np.where(above, pivot, lower)
        upper = np.where(above, upper, pivot)
        pivot = np.where(above, pivot + step, pivot - step)
    up = y > (code[upper] + code[pivot]) * F32(0.5)
    down = y < (code[lower] + code[pivot]) * F32(0.5)
    return np.where(y > code[pivot], np.where(up, upper, pivot),
                    np.where(down, lower, pivot)).astype(np.uint8)


def blockwise(x, block, encode, values):
    """kQuantizeBlockwise and kDequantizeBlockwise."""
    rows, codes = flush(x.reshape(-1, block)), np.empty(x.size, np.uint8)
    some = max(1, (1 << 20) // block)  # rows at a time, for memory
    with np.errstate(all="ignore"):
        a = absmax(rows)
        for i in range(0, len(rows), some):
            y = multiply(rows[i:i + some], reciprocal(a[i:i + some]))
            codes[i * block:(i + some) * block] = encode(y).ravel()
        values = dequantize(codes.reshape(rows.shape), values, a)
    return Quantized(codes.reshape(x.shape), a.ravel(),
                     values.reshape(x.shape))


def four_bits(x, kind, block):
    if kind == "nf4":
        return blockwise(x, block, nf4, NF4_VALUES)
    return blockwise(x, block, fp4, FP4_VALUES)


def eight_bits(x, block, code):
    return blockwise(x, block, lambda y: search(y, code), code)


def int8(x, threshold):
    """kInt8VectorQuant; _ops.py, int8_vectorwise_dequant."""
    inside = np.abs(x) < F32(threshold) if threshold else np.full(x.shape, True)
    with np.errstate(all="ignore"):
        a = np.fmax.reduce(np.where(inside, np.abs(x), F32(np.nan)), axis=1,
                           initial=F32(-0.0))[:, None]
        y = np.rint(multiply(x, multiply(F32(127), reciprocal(a))))
        y = np.where(np.isnan(y) | ~inside, 0, y).astype(np.int8)
        values = (y.astype(F32) * a) * F32(7.874015718698502e-3)
    return Quantized(y, a.ravel(), values)
