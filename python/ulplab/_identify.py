# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel's order made given bits."""
from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Optional

from . import _arrays, _library
from ._scales import scale_of, settle
from ._products import check_shape, out_name, sizes

_FIELDS = 11  # ULP_FLAT_CAND_FIELDS
_text = _library.text


@dataclass(frozen=True)
class Candidate:
    """An order, and how it fared."""

    kernels: tuple[str, ...]  # all that compute so
    promote: int              # to f32 every so much of K; 0: never
    slices: int               # that K is cut into
    slice_k: int              # the length of one, at most
    reduce: str               # how they are added
    fast_accum: bool
    evidence: str             # "measured", "published" or "open"
    whole: bool               # all of D was compared, not only a sample
    compared: int
    mismatches: int
    first_miss: Optional[tuple[int, int]]  # row and column, if there is one
    given: Optional[int]      # the code of D there
    computed: Optional[int]

    @property
    def exact(self) -> bool:
        """Whether it gives all of D."""
        return self.whole and self.mismatches == 0


@dataclass(frozen=True)
class Identification:
    """The candidates, the exact ones first, then by mismatches."""

    candidates: tuple[Candidate, ...]

    @property
    def exact(self) -> tuple[Candidate, ...]:
        """Those that give every bit of D; no output of it tells them apart."""
        return tuple(c for c in self.candidates if c.exact)


def _candidate(handle: ctypes.c_void_p, i: int) -> Candidate:
    field = (ctypes.c_int64 * _FIELDS)()
    names = ctypes.create_string_buffer(2000)
    reduction, evidence = ctypes.c_char_p(), ctypes.c_char_p()
    if _library.plain("ulp_flat_candidate", handle, i, field, names, 2000,
                      ctypes.byref(reduction), ctypes.byref(evidence)):
        raise IndexError(i)
    (promote, slices, slice_k, fast, whole, compared, mismatches, row, col,
     given, computed) = field
    missed = row >= 0
    return Candidate(
        tuple(names.value.decode().split()), promote, slices, slice_k,
        (reduction.value or b"").decode(), bool(fast),
        (evidence.value or b"").decode(), bool(whole), compared, mismatches,
        (row, col) if missed else None, given if missed else None,
        computed if missed else None)


def identify(gpu: str, a: Any, b: Any, d: Any, c: Any = None, *,
             type_a: Optional[str] = None, type_b: Optional[str] = None,
             type_d: Optional[str] = None, scale_a: Any = None,
             scale_b: Any = None, top: int = 10,
             threads: int = 0) -> Identification:
    """Searches the kernels' orders for those that reproduce D = A B^T + C.

    gpu         that computed D
    a, b, d     [M, K], [N, K] and [M, N]
    c, scale_a, scale_b
                as in gemm()
    type_a, type_b, type_d
                formats of raw codes; None: the dtype's
    top         how many candidates to return, at most
    """
    arrays = []
    for x, given, what in ((a, type_a, "a"), (b, type_b, "b"),
                           (d, type_d, "d")):
        name = given or _arrays.array(x, what).type
        if name is None:
            raise TypeError(f"{what}: raw codes, expected their format as "
                            f"type_{what}")
        arrays.append((_arrays.codes(x, name, what), name))
    (x, type_a), (y, type_b), (z, type_d) = arrays
    batch, m, n, k = sizes(x, y)
    if batch:
        raise ValueError(f"a: shape {list(x.shape)}, expected 2 dimensions")
    check_shape(z, (m, n), "d")
    start = None if c is None else _arrays.codes(
        c, "int32" if type_d == "int32" else "float32", "c")
    if start is not None:
        check_shape(start, (m, n), "c")
    scales = settle(scale_of(scale_a, (), m, k, "scale_a"),
                    scale_of(scale_b, (), n, k, "scale_b"), k)
    handle = ctypes.c_void_p()
    _library.call(
        "ulp_flat_identify", ctypes.byref(handle), _text(gpu), _text(type_a),
        _text(type_b), _text(out_name(type_d)), m, n, k, x.pointer, y.pointer,
        _arrays.pointer(start), z.pointer, scales[0].kind,
        scales[0].at(0, ()), scales[1].kind, scales[1].at(0, ()), top, threads)
    try:
        count = _library.plain("ulp_flat_candidates_count", handle)
        return Identification(tuple(_candidate(handle, i)
                                    for i in range(count)))
    finally:
        _library.plain("ulp_flat_candidates_close", handle)
