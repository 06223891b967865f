# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays to codes with a scale for each block, and back."""
from __future__ import annotations

import ctypes
import weakref
from dataclasses import dataclass
from typing import Any, Optional, Sequence

from . import _arrays, _library
from ._convert import decode

# The parts of flat.h, in its order, by the names of Quantized.
_PARTS = ("codes", "scales", "zero_points", "global_scale", "nested_scales",
          "scale_offset")


def quantizers() -> list[str]:
    """The quantizers of standards and implementations, NAME@PROFILE.

    Settings behind one change it ("mxfp4@ocp/rule=ceil"), and any element
    format with settings is one ("int4/g=group:128/scale=f16/rule=mse").
    """
    return _library.names("quantizers")


@dataclass(frozen=True)
class Quantized:
    """What a quantizer leaves of an array.  Parts it does not have are
    None."""

    quantizer: str  # as it was asked for
    codes: Any      # of the array's shape, one each
    scales: Any     # one a block; of a tensor's own scale a 0-d array
    zero_points: Any = None    # int32, of the shape of scales
    global_scale: Any = None   # float32, 0-d
    nested_scales: Any = None  # where scales are codes themselves (nf4-double)
    scale_offset: Any = None   # float32, 0-d, likewise

    def dequantize(self, *, out: Any = None, threads: int = 0) -> Any:
        """The values, float32."""
        return dequantize(self.codes, self.quantizer, self.scales,
                          self.zero_points, self.global_scale,
                          self.nested_scales, self.scale_offset, out=out,
                          threads=threads)


class _Quantizer:
    """A handle for arrays of one shape."""

    def __init__(self, spec: str, shape: Sequence[int]) -> None:
        handle = ctypes.c_void_p()
        _library.call("ulp_flat_quantizer_open", ctypes.byref(handle),
                      _library.text(spec), len(shape),
                      _arrays.shape_argument(shape))
        self.spec = spec
        self.handle = handle.value
        weakref.finalize(self, _library.plain, "ulp_flat_quantizer_close",
                         self.handle)

    def part(self, i: int) -> Optional[tuple[str, tuple[int, ...]]]:
        """Format and shape of a part, if there is one."""
        name = _library.plain("ulp_flat_quantizer_format", self.handle, i)
        if name is None:
            return None
        shape = (ctypes.c_int64 * 32)()
        n = _library.plain("ulp_flat_quantizer_shape", self.handle, i, shape)
        return name.decode(), tuple(shape[:n])


def _pointers(parts: Sequence[Optional[_arrays.Array]]) -> Any:
    return (ctypes.c_void_p * len(_PARTS))(
        *[_arrays.pointer(part) for part in parts])


def _float32(x: Any) -> Any:
    """x itself if it is float32, else its values rounded to it."""
    name = _arrays.array(x, "x").name
    return x if name == "float32" else decode(x, name, dtype="float32")


def quantize(x: Any, to: str, *, threads: int = 0) -> Quantized:
    """x in the codes and scales of a quantizer, in its own arithmetic.

    x   float32; other floats are rounded to it first, into a copy
    to  as `ulplab quantize --to`: "mxfp8@ocp", "nvfp4@te",
        "e4m3/g=tile:128x128/rule=amax".  A bare format has no scales: that is
        encode().
    """
    found = _arrays.array(_float32(x), "x")
    q = _Quantizer(to, found.shape)
    made: list[Any] = []
    for i in range(len(_PARTS)):
        part = q.part(i)
        made.append(None if part is None
                    else _arrays.empty(part[1], part[0], x))
    arrays = [None if part is None else _arrays.array(part, "out")
              for part in made]
    _library.call("ulp_flat_quantize", q.handle, _pointers(arrays),
                  found.pointer, threads)
    return Quantized(to, *made)


def _given(q: _Quantizer, i: int, x: Any) -> Optional[_arrays.Array]:
    part = q.part(i)
    if part is None:
        if x is None:
            return None
        raise ValueError(f"{_PARTS[i]}: {q.spec} has none")
    if x is None:
        raise ValueError(f"{_PARTS[i]} is missing: {q.spec} has it")
    found = _arrays.codes(x, part[0], _PARTS[i])
    if found.shape != part[1]:
        raise ValueError(f"{_PARTS[i]}: shape {list(found.shape)}, expected "
                         f"{list(part[1])}")
    return found


def dequantize(codes: Any, quantizer: str, scales: Any, zero_points: Any = None,
               global_scale: Any = None, nested_scales: Any = None,
               scale_offset: Any = None, *, out: Any = None,
               threads: int = 0) -> Any:
    """The values of codes under their scales, float32.

    The arguments are the fields of Quantized, which has this as a method.
    """
    q = _Quantizer(quantizer, _arrays.array(codes, "codes").shape)
    parts = [_given(q, i, x) for i, x in enumerate(
        (codes, scales, zero_points, global_scale, nested_scales,
         scale_offset))]
    shape = parts[0].shape if parts[0] is not None else ()
    if out is None:
        out = _arrays.empty(shape, "float32", codes)
    written = _arrays.writable(out, shape, "float32", "out")
    _library.call("ulp_flat_dequantize", q.handle, written.pointer,
                  _pointers(parts), threads)
    return out
