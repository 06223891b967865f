# SPDX-License-Identifier: GPL-3.0-or-later
"""How an instruction computes one element of D, step by step."""
from __future__ import annotations

import ctypes
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Optional

import numpy as np

from . import _arrays, _library
from ._products import instruction, operands

_KINDS = ("product", "accumulator", "grouped", "sum")
_TERMS, _BLOCKS = (1024, 10), (256, 5)  # of flat.h: most rows, columns


@dataclass(frozen=True)
class Term:
    """One term of a block, exactly (-1)^negative significand 2^exponent."""

    kind: str  # "product" (of a group: what it adds), "accumulator"; of groups
               # also "grouped", a product in it, and "sum", theirs
    k: int     # of a group its first; -1: the accumulator
    negative: bool
    significand: int
    exponent: int
    vote: Optional[int]  # the exponent that competes for E; None: it does not
    kept: int            # after truncation, in units of 2^(E-F)
    cut: bool            # whether truncation dropped something

    @property
    def value(self) -> Fraction:
        """The exact value."""
        size = Fraction(self.significand) * Fraction(2) ** self.exponent
        return -size if self.negative else size


@dataclass(frozen=True)
class Block:
    """Products that are summed together, and what became of their sum."""

    terms: tuple[Term, ...]
    special: bool        # NaN or Inf decided; top, unit and total are None
    top: Optional[int]   # E, the greatest exponent
    unit: Optional[int]  # E - F: terms were cut to multiples of 2^unit
    total: Optional[int]  # the sum of the kept terms, in those units
    result: int          # its code in the accumulator's format


@dataclass(frozen=True)
class Trace:
    """One dot product."""

    blocks: tuple[Block, ...]  # empty: an instruction without such steps
    accumulator: str           # its format
    d: int                     # the code of the element of D
    format: str                # that code's


def _term(row: Any) -> Term:
    kind, _, k, negative, size, exponent, votes, vote, kept, cut = map(int, row)
    mask = (1 << 64) - 1
    return Term(_KINDS[kind], k, bool(negative), size & mask, exponent,
                vote if votes else None, kept & mask, bool(cut))


def _block(row: Any, terms: tuple[Term, ...]) -> Block:
    top, unit, total, result, special = map(int, row)
    result &= (1 << 64) - 1
    if special:
        return Block(terms, True, None, None, None, result)
    return Block(terms, False, top, unit, total, result)


def _row(x: Optional[_arrays.Array], i: int) -> Optional[int]:
    if x is None:
        return None
    return x.pointer + i * x.shape[1] * x.itemsize


def trace(gpu: str, instr: str, a: Any, b: Any, c: Any, i: int, j: int, *,
          meta: Any = None, scale_a: Any = None, scale_b: Any = None,
          strict: bool = False) -> Trace:
    """The steps of D[i][j] of mma(gpu, instr, a, b, c), with a [M, K], b
    [N, K] and c [M, N] or None."""
    p = instruction(gpu, instr)
    x = operands(p, a, b, c, meta, scale_a, scale_b)
    if x.batch:
        raise ValueError(f"a: shape {list(x.a.shape)}, expected 2 dimensions")
    if not (0 <= i < x.m and 0 <= j < x.n):
        raise ValueError(f"i, j: {i}, {j}, expected 0 to {x.m - 1} and 0 to "
                         f"{x.n - 1}")
    p.show_evidence(strict)
    d = ctypes.c_uint64()
    term, block = np.zeros(_TERMS, np.int64), np.zeros(_BLOCKS, np.int64)
    terms, blocks = ctypes.c_size_t(), ctypes.c_size_t()
    start = None if x.c is None else x.c.pointer + (i * x.n + j) * x.c.itemsize
    _library.call("ulp_flat_trace", p.handle, ctypes.addressof(d), _row(x.a, i),
                  _row(x.b, j), start, _row(x.meta, i), _row(x.scale_a, i),
                  _row(x.scale_b, j), term.ctypes.data, ctypes.byref(terms),
                  block.ctypes.data, ctypes.byref(blocks))
    rows = term[:terms.value]
    steps = tuple(_block(block[at], tuple(_term(row) for row in rows
                                          if row[1] == at))
                  for at in range(blocks.value))
    return Trace(steps, p.format("f") or "", d.value, p.format("d") or "")
