# SPDX-License-Identifier: GPL-3.0-or-later
"""NumPy arrays and tensors of PyTorch as the library sees them: a pointer, a
shape, and which format's codes they hold.

PyTorch and ml_dtypes are never imported here: who passes one of their objects
has imported them.
"""
from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from typing import Any, Optional, Sequence

import numpy as np

from ._formats import Format, format_info

# Unsigned integers (int16: PyTorch before 2.3 has no other) hold codes of
# whatever format the caller names.
_RAW = {"uint8", "uint16", "uint32", "uint64", "int16"}
_NATIVE = {"float16", "float32", "float64", "int8", "int32", "uint8"}
_CONTAINER = {1: "uint8", 2: "uint16", 4: "float32", 8: "float64"}


def _torch() -> Any:
    return sys.modules.get("torch")


def is_tensor(x: Any) -> bool:
    """Whether x is PyTorch's."""
    torch = _torch()
    return torch is not None and isinstance(x, torch.Tensor)


def dtype_name(dtype: Any) -> str:
    """The name of a dtype of PyTorch, NumPy or ml_dtypes, or of a format."""
    if isinstance(dtype, str):
        return dtype
    torch = _torch()
    if torch is not None and isinstance(dtype, torch.dtype):
        return str(dtype).partition(".")[2]
    return str(np.dtype(dtype).name)


@dataclass(frozen=True)
class Array:
    """Contiguous memory that `owner` keeps alive."""

    owner: Any
    pointer: int
    shape: tuple[int, ...]
    itemsize: int
    name: str  # of the dtype

    @property
    def type(self) -> Optional[str]:
        """The format that the dtype names; None: raw codes."""
        return None if self.name in _RAW else self.name


def _from_tensor(x: Any, what: str) -> Array:
    torch = _torch()
    if x.device.type != "cpu":
        raise TypeError(f"{what}: a tensor on {x.device}, expected one on the "
                        "CPU: .cpu()")
    if x.layout != torch.strided:
        raise TypeError(f"{what}: layout {x.layout}, expected strided memory")
    x = x.detach().resolve_neg().contiguous()
    return Array(x, x.data_ptr(), tuple(x.shape), x.element_size(),
                 dtype_name(x.dtype))


def _from_numpy(x: np.ndarray[Any, Any], what: str) -> Array:
    if not x.dtype.isnative:
        x = x.astype(x.dtype.newbyteorder("="))
    x = np.require(x, requirements=["C", "A"])
    return Array(x, x.ctypes.data, x.shape, x.itemsize, x.dtype.name)


def array(x: Any, what: str) -> Array:
    """x as memory; copied once if it is not contiguous."""
    if is_tensor(x):
        return _from_tensor(x, what)
    if isinstance(x, np.generic):
        x = np.asarray(x)
    if isinstance(x, np.ndarray):
        return _from_numpy(x, what)
    raise TypeError(f"{what}: {type(x).__name__}, expected a NumPy array or a "
                    "CPU tensor of PyTorch")


def floats(x: Any, what: str) -> Array:
    """Numbers as float32: scales."""
    if isinstance(x, (int, float)):
        x = np.float32(x)
    found = array(x, what)
    if found.name != "float32":
        raise TypeError(f"{what}: dtype {found.name}, expected float32")
    return found


def codes(x: Any, format: str, what: str) -> Array:
    """x as stored elements of a format."""
    found, f = array(x, what), format_info(format)
    same = found.type in (None, f.name) or (
        found.type == _container(f)) or (
        found.type == "int8" and f.kind == "integer")
    if not same or found.itemsize != f.storage_bytes:
        raise TypeError(f"{what}: dtype {found.name}, expected codes of "
                        f"{f.name}, {f.storage_bytes} "
                        f"byte{'s' * (f.storage_bytes > 1)} each")
    return found


def _container(f: Format) -> str:
    """A dtype that holds the codes of a format that has none of its own."""
    if f.kind == "integer" and f.is_signed and f.storage_bytes == 1:
        return "int8"
    return _CONTAINER[f.storage_bytes]


def _numpy_dtype(f: Format, ml_dtypes: Any) -> np.dtype[Any]:
    if f.name in _NATIVE:
        return np.dtype(f.name)
    foreign = getattr(ml_dtypes, f.name, None) if f.kind == "float" else None
    found: np.dtype[Any] = np.dtype(foreign or _container(f))
    return found


def _torch_dtype(f: Format) -> Any:
    torch = _torch()
    exact = getattr(torch, f.name, None)
    if isinstance(exact, torch.dtype) and f.kind != "codebook" and (
            f.bits >= 8 and exact.itemsize == f.storage_bytes):
        return exact
    name = _container(f)
    return getattr(torch, name, None) or torch.int16


def empty(shape: Sequence[int], format: str, *like: Any) -> Any:
    """A new array for codes, of the kind of the arguments."""
    f = format_info(format)
    if any(is_tensor(x) for x in like):
        return _torch().empty(tuple(shape), dtype=_torch_dtype(f))
    ml_dtypes = sys.modules.get("ml_dtypes")
    foreign = any(isinstance(x, np.ndarray) and x.dtype.name not in _NATIVE
                  and x.dtype.name not in _RAW for x in like)
    return np.empty(tuple(shape),
                    dtype=_numpy_dtype(f, ml_dtypes if foreign else None))


def writable(out: Any, shape: Sequence[int], format: str, what: str) -> Array:
    """The caller's own array for codes: written in place or refused."""
    found = codes(out, format, what)
    if found.pointer != _address(out):
        raise ValueError(f"{what}: expected contiguous, aligned memory in "
                         "native byte order, which can be written in place")
    if isinstance(out, np.ndarray) and not out.flags.writeable:
        raise ValueError(f"{what}: a read-only array")
    if found.shape != tuple(shape):
        raise ValueError(f"{what}: shape {list(found.shape)}, expected "
                         f"{list(shape)}")
    return found


def _address(x: Any) -> int:
    return int(x.data_ptr() if is_tensor(x) else x.ctypes.data)


def pointer(x: Optional[Array]) -> Optional[int]:
    """For ctypes; None is NULL."""
    return None if x is None else x.pointer


def shape_argument(shape: Sequence[int]) -> Any:
    """For ctypes."""
    return (ctypes.c_int64 * max(len(shape), 1))(*shape)
