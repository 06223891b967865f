# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scales of a product an array holds, by its shape (as cli/scales.c)."""
from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Optional

from . import _arrays
from ._arrays import Array

NONE, ONE, ROWS, BLOCKS_1X128, BLOCKS_128X128 = range(5)
BLOCK = 128


def blocks(n: int) -> int:
    """How many blocks of 128 hold n."""
    return -(-n // BLOCK)


def one_batch(x: Optional[Array], i: int, batch: tuple[int, ...]
              ) -> Optional[int]:
    """The address of product i of an array of a batch."""
    if x is None:
        return None
    return x.pointer + i * prod(x.shape[len(batch):]) * x.itemsize


@dataclass(frozen=True)
class Scale:
    """Scales of one operand."""

    kind: int = NONE
    array: Optional[Array] = None

    def at(self, i: int, batch: tuple[int, ...]) -> Optional[int]:
        """The address of those of product i."""
        if self.kind == ONE:
            return _arrays.pointer(self.array)
        return one_batch(self.array, i, batch)


def scale_of(x: Any, batch: tuple[int, ...], rows: int, k: int,
             what: str) -> Scale:
    """One number, [rows], [rows, 1], [rows, K/128] or [rows/128, K/128],
    behind the batch."""
    if x is None:
        return Scale()
    found = _arrays.floats(x, what)
    kb = blocks(k)
    kinds = ((ROWS, (rows,)), (ROWS, (rows, 1)), (BLOCKS_1X128, (rows, kb)),
             (BLOCKS_128X128, (blocks(rows), kb)))
    if prod(found.shape) == 1:
        return Scale(ONE, found)
    for kind, shape in kinds:
        if found.shape == (*batch, *shape):
            return Scale(kind, found)
    raise ValueError(f"{what}: shape {list(found.shape)}, expected one number, "
                     f"[{rows}], [{rows}, {kb}] or [{blocks(rows)}, {kb}]"
                     + ", behind the batch" * bool(batch))


def settle(a: Scale, b: Scale, k: int) -> tuple[Scale, Scale]:
    """K of one block: a number or a row may be its scales, if the other
    operand has block scales."""
    def one(x: Scale, other: Scale) -> Scale:
        if k > BLOCK or other.kind < BLOCKS_1X128 or x.array is None:
            return x
        if x.kind == ROWS:
            return Scale(BLOCKS_1X128, x.array)
        if x.kind == ONE and len(x.array.shape) >= 2:
            return Scale(BLOCKS_128X128, x.array)
        return x

    return one(a, b), one(b, a)
