# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix instructions and whole products by named kernels, bit for bit."""
from __future__ import annotations

import ctypes
import functools
import warnings
import weakref
from dataclasses import dataclass
from math import prod
from typing import Any, Optional, Sequence

from . import _arrays, _library
from ._arrays import Array
from ._scales import Scale, one_batch, scale_of, settle

_text = _library.text


class EvidenceWarning(UserWarning):
    """What is computed was not measured on a GPU."""


def gpus() -> list[str]:
    """The architectures; products have their names, too: "h100", "a100"."""
    return _library.names("gpus")


def kernels() -> list[str]:
    """The kernels whose orders are known; `ulplab gemm --kernel list` has
    more."""
    return _library.names("kernels")


class Product:
    """A handle of an instruction or of a kernel's order."""

    def __init__(self, function: str, name: str, *arguments: Any) -> None:
        handle = ctypes.c_void_p()
        _library.call(function, ctypes.byref(handle), *arguments)
        self.name = name
        self.handle = handle.value
        weakref.finalize(self, _library.plain, "ulp_flat_product_close",
                         self.handle)

    def format(self, of: str) -> Optional[str]:
        """Of "a", "b", "c", "d", block scales "s" or the accumulator "f"."""
        name = _library.plain("ulp_flat_product_format", self.handle, ord(of))
        return None if name is None else name.decode()

    def codes(self, x: Any, of: str, what: str) -> Array:
        """x as stored elements of that format."""
        name = self.format(of)
        if name is None:
            raise ValueError(f"{what}: {self.name} has none")
        if name == "b1":  # no row of the formats: a byte of 0 or 1
            name = "uint8"
        return _arrays.codes(x, name, what)

    def size(self, of: str) -> int:
        """An instruction's "m", "n", "k", scales a row "s", block "b", F
        "f"."""
        return int(_library.plain("ulp_flat_product_size", self.handle,
                                  ord(of)))

    def show_evidence(self, strict: bool) -> None:
        """Warns, or refuses, if it was not measured."""
        evidence = _library.plain("ulp_flat_product_evidence",
                                  self.handle).decode()
        if evidence == "measured":
            return
        source = _library.plain("ulp_flat_product_source", self.handle).decode()
        line = (f"{self.name}: not measured, its evidence is '{evidence}' "
                f"({source})")
        if strict:
            raise ValueError(line)
        warnings.warn(line, EvidenceWarning, stacklevel=3)


@functools.lru_cache(maxsize=128)
def instruction(gpu: str, instr: str) -> Product:
    """An instruction of a GPU."""
    return Product("ulp_flat_mma_open", instr, _text(gpu), _text(instr))


@functools.lru_cache(maxsize=128)
def order(gpu: str, kernel: str, type_a: Optional[str], type_b: Optional[str],
          type_d: Optional[str], fast: bool, promote: int, slices: int,
          reduce: Optional[str]) -> Product:
    """A kernel's order on a GPU."""
    return Product("ulp_flat_gemm_open", kernel, _text(gpu), _text(kernel),
                   _text(type_a), _text(type_b), _text(type_d), fast, promote,
                   slices, _text(reduce))


def out_name(dtype: Any) -> str:
    """The name that kernels have for a type of D."""
    name = _arrays.dtype_name(dtype)
    return "s32" if name == "int32" else name


def check_shape(x: Array, shape: Sequence[int], what: str) -> None:
    """ValueError unless x is of this shape."""
    if x.shape != tuple(shape):
        raise ValueError(f"{what}: shape {list(x.shape)}, expected "
                         f"{list(shape)}")


def sizes(a: Array, b: Array, expand: int = 1
          ) -> tuple[tuple[int, ...], int, int, int]:
    """The batch, M, N and K of A [..., M, K] and B [..., N, K].

    expand: elements of B for one of A, 2 of a sparse instruction.
    """
    for x, what in ((a, "a"), (b, "b")):
        if len(x.shape) < 2:
            raise ValueError(f"{what}: shape {list(x.shape)}, expected at "
                             "least 2 dimensions")
    *batch, m, k = a.shape
    check_shape(b, (*batch, b.shape[-2], k * expand), "b")
    return tuple(batch), m, b.shape[-2], k


# ---- one instruction ----


@dataclass(frozen=True)
class Operands:
    """What an instruction multiplies."""

    batch: tuple[int, ...]
    m: int
    n: int
    a: Array
    b: Array
    c: Optional[Array]
    meta: Optional[Array]
    scale_a: Optional[Array]
    scale_b: Optional[Array]


def operands(p: Product, a: Any, b: Any, c: Any, meta: Any, scale_a: Any,
             scale_b: Any) -> Operands:
    """Arrays of the instruction's formats and shapes, or an error."""
    x, y = p.codes(a, "a", "a"), p.codes(b, "b", "b")
    batch, m, n, k = sizes(x, y, p.size("x"))
    if k != p.size("k"):
        raise ValueError(f"a: K = {k}, expected {p.size('k')}, as {p.name} has")

    def others(z: Any, of: str, what: str,
               *shape: int) -> Optional[Array]:
        if z is None:
            return None
        found = (_arrays.codes(z, "uint8", what) if of == "meta"
                 else p.codes(z, of, what))
        check_shape(found, (*batch, *shape), what)
        return found

    return Operands(batch, m, n, x, y, others(c, "c", "c", m, n),
                    others(meta, "meta", "meta", m, k),
                    others(scale_a, "s", "scale_a", m, p.size("s")),
                    others(scale_b, "s", "scale_b", n, p.size("s")))


def mma(gpu: str, instr: str, a: Any, b: Any, c: Any = None, *,
        meta: Any = None, scale_a: Any = None, scale_b: Any = None,
        strict: bool = False, threads: int = 0) -> Any:
    """D = A B^T + C by a GPU's matrix instruction.

    gpu, instr  "h200", "wgmma.m64n8k32.f32.e4m3.e4m3": see `ulplab gpus`
    a, b        [..., M, K] and [..., N, K], codes of the instruction's types;
                K is its k, M and N are multiples of its m and n; f32 for tf32
    c           [..., M, N]; None: +0
    meta        of sparse instructions, whose A is [..., M, K/2]: uint8 of the
                same shape, the k of each of its elements, ascending, 2 of
                every 4 (tf32: 1 of 2)
    scale_a, scale_b
                of instructions with .block_scale: [..., M, K/block] and
                [..., N, K/block], codes of ue8m0 or ue4m3
    """
    p = instruction(gpu, instr)
    x = operands(p, a, b, c, meta, scale_a, scale_b)
    p.show_evidence(strict)
    d = _arrays.empty((*x.batch, x.m, x.n), p.format("d") or "", a, b, c)
    _library.call("ulp_flat_mma_run", p.handle, prod(x.batch), x.m, x.n,
                  *map(_arrays.pointer, (_arrays.array(d, "d"), x.a, x.b, x.c,
                                         x.meta, x.scale_a, x.scale_b)),
                  threads)
    return d


# ---- whole products ----


def run(p: Product, a: Array, b: Array, c: Optional[Array], d: Array,
        scale_a: Scale, scale_b: Scale, threads: int = 0) -> None:
    """D of a product, or of each of a batch, written in place."""
    batch, m, n, k = sizes(a, b)
    for i in range(prod(batch)):
        one = [one_batch(x, i, batch) for x in (d, a, b, c)]
        _library.call("ulp_flat_gemm_run", p.handle, m, n, k, *one,
                      scale_a.kind, scale_a.at(i, batch), scale_b.kind,
                      scale_b.at(i, batch), threads)


def gemm(gpu: str, kernel: str, a: Any, b: Any, c: Any = None, *,
         type_a: Optional[str] = None, type_b: Optional[str] = None,
         out_dtype: Any = None, scale_a: Any = None, scale_b: Any = None,
         fast_accum: bool = False, promote: Optional[int] = None,
         split_k: Optional[int] = None, reduce: Optional[str] = None,
         strict: bool = False, threads: int = 0) -> Any:
    """D = A B^T + C by a library's kernel: the chain of its instructions,
    promotions, slices, scales and the last rounding, in its order.

    kernel      "cublaslt-fp8", "deepgemm-1d1d", ...: see kernels()
    a, b        [..., M, K] and [..., N, K], K contiguous in both
    c           [..., M, N], float32 (int32 of an integer kernel); None: +0
    type_a, type_b
                formats of raw codes; None: the dtype's
    out_dtype   float32 (None), bfloat16 or float16; int32 of an integer kernel
    scale_a, scale_b
                float32: one number; [M] and [N]; [M, ceil(K/128)] or
                [ceil(M/128), ceil(K/128)], of B with N for M
    fast_accum  the kernel's fast accumulation
    promote     to f32 every so much of K, 0: never; None: the kernel's own
    split_k     slices of K; None: the kernel's own
    reduce      of slices: "f32", "16-bit-parts", "16-bit-sums"
    """
    x, y = _arrays.array(a, "a"), _arrays.array(b, "b")
    types = [_arrays.dtype_name(given) if given is not None else found.type
             for given, found in ((type_a, x), (type_b, y))]
    out = None if out_dtype is None else out_name(out_dtype)
    if promote is not None and promote < 0:
        raise ValueError(f"promote: {promote}, expected 0 or more")
    if split_k is not None and split_k < 1:
        raise ValueError(f"split_k: {split_k}, expected 1 or more")
    p = order(gpu, kernel, types[0], types[1], out, fast_accum,
              -1 if promote is None else promote, split_k or 0, reduce)
    x, y = p.codes(a, "a", "a"), p.codes(b, "b", "b")
    batch, m, n, k = sizes(x, y)
    z = None if c is None else p.codes(c, "c", "c")
    if z is not None:
        check_shape(z, (*batch, m, n), "c")
    scales = settle(scale_of(scale_a, batch, m, k, "scale_a"),
                    scale_of(scale_b, batch, n, k, "scale_b"), k)
    p.show_evidence(strict)
    d = _arrays.empty((*batch, m, n), p.format("d") or "", a, b, c)
    run(p, x, y, z, _arrays.array(d, "d"), *scales, threads)
    return d
