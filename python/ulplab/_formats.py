# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats: what their rows say, and the values of their codes."""
from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import _library

_KINDS = ("float", "integer", "codebook")
_FIELDS = 12  # ULP_FLAT_FIELDS


@dataclass(frozen=True)
class Format:
    """A number format; formats.h describes each field."""

    name: str
    source: str
    kind: str  # "float", "integer" or "codebook"
    bits: int
    exp_bits: int
    man_bits: int
    storage_bytes: int  # of an element in an array
    storage_shift: int
    is_signed: bool
    subnormals: bool
    bias: int
    has_nan: bool
    has_inf: bool
    max_code: int
    max: float
    lowest: float
    min_normal: float
    min_positive: float

    @property
    def fits_float32(self) -> bool:
        """Whether float32 holds every value."""
        if self.kind == "codebook":
            return True
        if self.kind == "integer":
            return self.bits <= 24
        least = self.min_normal * 2.0 ** -self.man_bits
        return self.man_bits <= 23 and self.max < 2.0**128 and (
            least >= 2.0**-149)

    def value(self, code: int) -> float:
        """The value of a code, such as a trace gives."""
        stored = np.array(code << self.storage_shift, dtype=np.uint64)
        stored = stored.astype(f"u{self.storage_bytes}")
        out = np.empty(1, dtype=np.float64)
        convert("float64", out.ctypes.data, self.name, stored.ctypes.data, 1)
        return float(out[0])

    def values(self) -> npt.NDArray[np.float64]:
        """The value of every code, by code.  For formats of up to 24 bits."""
        if self.bits > 24:
            raise ValueError(f"{self.name}: {self.bits} bits, expected up to "
                             "24")
        stored = np.arange(1 << self.bits, dtype=np.uint64)
        stored = (stored << np.uint64(self.storage_shift)).astype(
            f"u{self.storage_bytes}")
        out = np.empty(stored.size, dtype=np.float64)
        convert("float64", out.ctypes.data, self.name, stored.ctypes.data,
                out.size)
        return out


def convert(to: str, out: int, frm: str, codes: int, n: int,
            rounding: str = "rne", overflow: str | None = None,
            profile: str | None = None, sr_bits: int = 0, seed: int = 0,
            first_index: int = 0, threads: int = 0) -> None:
    """n stored elements at one address to another (ulp_flat_convert).

    The only place that knows how conversions are made.
    """
    text = _library.text
    _library.call("ulp_flat_convert", text(to), out, text(frm), codes, n,
                  text(rounding), text(overflow), text(profile), sr_bits,
                  seed & (1 << 64) - 1, first_index, threads)


@functools.lru_cache(maxsize=1024)
def format_info(name: str) -> Format:
    """The format of a name: a row of the table or one that describes itself,
    such as "e5m4fn".  ValueError says what was expected."""
    canonical = ctypes.create_string_buffer(64)
    source = ctypes.create_string_buffer(400)
    field = (ctypes.c_int64 * _FIELDS)()
    limit = (ctypes.c_double * 4)()
    _library.call("ulp_flat_format", _library.text(name), canonical, 64, source,
                  400, field, limit)
    kind, bits, exp, man, size, shift, signed, sub, bias, nan, inf, top = field
    return Format(canonical.value.decode(), source.value.decode(), _KINDS[kind],
                  bits, exp, man, size, shift, bool(signed), bool(sub), bias,
                  bool(nan), bool(inf), top & (1 << 64) - 1, *limit)


def formats() -> list[str]:
    """The names of the table's formats."""
    return _library.names("formats")


def profiles() -> list[str]:
    """Whose rules may hold where implementations disagree."""
    return _library.names("profiles")
