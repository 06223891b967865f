# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers to codes and back, without scales."""
from __future__ import annotations

from math import prod
from typing import Any, Optional

from . import _arrays
from ._formats import convert, format_info


def encode(x: Any, to: str, *, rounding: str = "rne",
           overflow: Optional[str] = None, profile: Optional[str] = None,
           sr_bits: int = 0, seed: int = 0, first_index: int = 0,
           out: Any = None, threads: int = 0) -> Any:
    """The codes of x in a format, each value rounded once.

    x           floats of any dtype the table has (float64, float32, float16,
                bfloat16, float8_*, ...) or int32, int8; any shape
    to          a format's name, or a dtype
    rounding    "rne", "rna", "rnz", "rtz", "ru", "rd", "odd" or "sr"
    overflow    "saturate", "inf", "nan" or "ieee"; None: the profile's
    profile     whose rule holds: "ocp" (None), "ieee", "cuda", "ml_dtypes",
                "torchao", "p3109"
    sr_bits     of "sr": 1 to 32 random bits, 0: as many as it takes
    seed, first_index
                of "sr": element i draws number first_index + i of the seed
    out         an array of the shape of x to write the codes to
    """
    f = format_info(_arrays.dtype_name(to))
    found = _arrays.array(x, "x")
    if found.type is None:
        raise TypeError(f"x: dtype {found.name}, expected numbers")
    if out is None:
        out = _arrays.empty(found.shape, f.name, x)
    written = _arrays.writable(out, found.shape, f.name, "out")
    convert(f.name, written.pointer, found.type, found.pointer,
            prod(found.shape), rounding, overflow, profile, sr_bits, seed,
            first_index, threads)
    return out


def decode(codes: Any, type: Optional[str] = None, *,
           dtype: Optional[Any] = None, out: Any = None,
           threads: int = 0) -> Any:
    """The values of codes.

    codes   of any dtype whose size is that of the format's codes
    type    the format; None: the dtype names it
    dtype   of the values: None is float32 where it holds them all, or else
            float64; anything narrower rounds to nearest even
    out     an array of the shape of codes to write the values to
    """
    name = _arrays.array(codes, "codes").type if type is None else (
        _arrays.dtype_name(type))
    if name is None:
        raise TypeError("codes: raw ones, expected the name of their format as "
                        "type")
    f = format_info(name)
    found = _arrays.codes(codes, f.name, "codes")
    to = format_info(("float32" if f.fits_float32 else "float64")
                     if dtype is None else _arrays.dtype_name(dtype))
    if out is None:
        out = _arrays.empty(found.shape, to.name, codes)
    written = _arrays.writable(out, found.shape, to.name, "out")
    convert(to.name, written.pointer, f.name, found.pointer, prod(found.shape),
            threads=threads)
    return out
