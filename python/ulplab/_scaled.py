# SPDX-License-Identifier: GPL-3.0-or-later
"""torch._scaled_mm as a GPU computes it."""
from __future__ import annotations

from typing import Any, Optional

import numpy as np

from . import _arrays
from ._arrays import Array
from ._scales import BLOCKS_128X128, BLOCKS_1X128, ONE, ROWS, Scale, blocks
from ._products import check_shape, order, run

# Kinds of scales of A and of B in the order in which PyTorch tries them (ATen,
# native/cuda/ScaledBlas.cpp), with the kernel whose order reproduces what came
# out on an H200 (tests/vectors/h200/gemm.orders).
_KERNELS = {
    (ONE, ONE): "cublaslt-fp8",
    (ROWS, ROWS): "cublaslt-fp8",
    (BLOCKS_1X128, BLOCKS_128X128): "cublaslt-fp8-blocks",
    (BLOCKS_1X128, BLOCKS_1X128): "te-blockwise",
    (BLOCKS_128X128, BLOCKS_1X128): "cublaslt-fp8-blocks",
}
_FLOAT8 = ("float8_e4m3fn", "float8_e5m2")
_OUT = ("float32", "bfloat16", "float16")


def _matrix(x: Any, what: str, column_major: bool) -> Array:
    """[rows, K] as it lies; a column-major [K, rows] is the same memory."""
    if len(x.shape) != 2:
        raise ValueError(f"{what}: shape {list(x.shape)}, expected 2 "
                         "dimensions")
    y = x.T if column_major else x
    step = (y.stride(1) if _arrays.is_tensor(y)
            else y.strides[1] // y.itemsize)
    if y.shape[1] > 1 and step != 1:
        layout = "column" if column_major else "row"
        raise ValueError(f"{what}: expected it {layout}-major, as "
                         "torch._scaled_mm does" + ": b.t()" * column_major)
    found = _arrays.array(y, what)
    if found.name not in _FLOAT8:
        raise TypeError(f"{what}: dtype {found.name}, expected float8_e4m3fn "
                        "or float8_e5m2")
    return found


def _kinds(shape: tuple[int, ...], rows: int, k: int) -> set[int]:
    """What an array of scales may be, by its shape [rows..., K...]."""
    found = set()
    if np.prod(shape, dtype=int) == 1:
        found.add(ONE)
    for kind, expected in ((ROWS, (rows, 1)), (BLOCKS_1X128, (rows, blocks(k))),
                           (BLOCKS_128X128, (blocks(rows), blocks(k)))):
        if shape == expected:
            found.add(kind)
    return found


def _transposed(x: Any) -> Any:
    return x.T if len(x.shape) == 2 else x


def _scales(scale_a: Any, scale_b: Any, m: int, n: int,
            k: int) -> tuple[Scale, Scale]:
    a = _arrays.floats(scale_a, "scale_a")
    b = _arrays.floats(_transposed(scale_b), "scale_b")
    kinds_a, kinds_b = _kinds(a.shape, m, k), _kinds(b.shape, n, k)
    for kind_a, kind_b in _KERNELS:
        if kind_a in kinds_a and kind_b in kinds_b:
            return Scale(kind_a, a), Scale(kind_b, b)
    kb = blocks(k)
    raise ValueError(
        f"scale_a, scale_b: shapes {list(scale_a.shape)}, "
        f"{list(scale_b.shape)}, expected one number each; [{m}, 1] and "
        f"[1, {n}]; or [{m}, {kb}] and [{kb}, {blocks(n)}], [{m}, {kb}] and "
        f"[{kb}, {n}], [{blocks(m)}, {kb}] and [{kb}, {n}]")


def _bias(bias: Any, m: int, n: int, out: str) -> Optional[Array]:
    """Every row of C is the bias: m copies of it in float32."""
    if bias is None:
        return None
    found = _arrays.array(bias, "bias")
    check_shape(found, (n,), "bias")
    if out == "float32" or found.name not in ("bfloat16", "float16"):
        raise ValueError(f"bias: {found.name} with a result in {out}, expected "
                         "bfloat16 or float16 and no float32 result, as "
                         "torch._scaled_mm does")
    from ._convert import decode
    row = np.empty(n, dtype=np.float32)
    decode(bias, dtype="float32", out=row)
    return _arrays.array(np.tile(row, (m, 1)), "bias")


def _check(a: Array, b: Array, out: str, scale_result: Any) -> None:
    """What torch._scaled_mm refuses, and what is not emulated."""
    (m, k), n = a.shape, b.shape[0]
    if b.shape[1] != k:
        raise ValueError(f"mat2: shape [{b.shape[1]}, {n}], expected K = {k} "
                         "rows, as input has columns")
    if a.name == b.name == "float8_e5m2":
        raise ValueError("mat2: float8_e5m2 by float8_e5m2, which "
                         "torch._scaled_mm refuses")
    if k == 0 or k % 16 or n % 16:
        raise ValueError(f"mat2: shape [{k}, {n}], expected multiples of 16, "
                         "as torch._scaled_mm does")
    if out not in _OUT:
        raise ValueError(f"out_dtype: {out}, expected float32, bfloat16 or "
                         "float16: no result in float8 was measured")
    if scale_result is not None:
        raise ValueError("scale_result: expected None: it is of results in "
                         "float8 alone")


def scaled_mm(input: Any, mat2: Any, scale_a: Any, scale_b: Any,
              bias: Any = None, scale_result: Any = None,
              out_dtype: Any = None, use_fast_accum: bool = False, *,
              gpu: str = "h100", kernel: Optional[str] = None,
              split_k: int = 1, strict: bool = False,
              threads: int = 0) -> Any:
    """torch._scaled_mm(...) with the bits of a GPU: its arguments, then ours.

    input       [M, K], row-major, float8_e4m3fn or float8_e5m2
    mat2        [K, N], column-major (b.t() of a contiguous b); no copy is made
    scale_a, scale_b
                float32: one number each; [M, 1] and [1, N]; blocks along K of
                128, [M, K/128] and [K/128, N/128], [M, K/128] and [K/128, N],
                or [M/128, K/128] and [K/128, N], rounded up.  Their strides,
                which PyTorch prescribes, are not looked at
    bias        [N], bfloat16 or float16
    out_dtype   float32, bfloat16 or float16.  None is input's, as in PyTorch,
                and float8 is refused: nobody measured it
    use_fast_accum
                of scales that are no blocks
    gpu         "h100", "h200", ...
    kernel      another order than the one that cuBLASLt had for these scales
    split_k     slices of K.  cuBLASLt's heuristics, which choose more than one
                where M and N are small and K is long, are not emulated;
                identify() says how many a result has

    The result is [M, N]; with split_k as the GPU had it, its bits are those of
    torch._scaled_mm on an H100 and H200 with cuBLASLt 13.1
    (tests/vectors/README.md has what was compared).
    """
    a, b = _matrix(input, "input", False), _matrix(mat2, "mat2", True)
    out = a.name if out_dtype is None else _arrays.dtype_name(out_dtype)
    _check(a, b, out, scale_result)
    (m, k), n = a.shape, b.shape[0]
    scales = _scales(scale_a, scale_b, m, n, k)
    p = order(gpu, kernel or _KERNELS[scales[0].kind, scales[1].kind], a.name,
              b.name, out, use_fast_accum, -1, split_k, None)
    p.show_evidence(strict)
    d = _arrays.empty((m, n), out, input, mat2)
    run(p, a, b, _bias(bias, m, n, out), _arrays.array(d, "d"), *scales,
        threads)
    return d
