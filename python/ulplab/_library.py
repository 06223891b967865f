# SPDX-License-Identifier: GPL-3.0-or-later
"""The library: where it is, which ABI it has, how its functions are called.

flat.h describes the functions; PROTOTYPES repeats what ctypes has to know.
"""
from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from ctypes import (c_char_p, c_double, c_int, c_int64, c_size_t, c_uint64,
                    c_void_p)
from typing import Any, Iterator, Optional

ABI_VERSION = 1  # ULP_ABI_VERSION of flat.h

_NAME = "libulplab-analysis.so"
_CORE = "libulplab.so"
_WHY_SIZE = 600
_HANDLE = ctypes.POINTER(c_void_p)
_NO_MEMORY = 5  # ULP_ENOMEM
_PRODUCT = [c_size_t, c_size_t, c_size_t]
_SCALES = [c_int, c_void_p, c_int, c_void_p]

# Arguments of functions that return a status and end with `why`.
_FAILING: dict[str, list[Any]] = {
    "ulp_flat_format": [c_char_p, c_char_p, c_size_t, c_char_p, c_size_t,
                        ctypes.POINTER(c_int64), ctypes.POINTER(c_double)],
    "ulp_flat_convert": [c_char_p, c_void_p, c_char_p, c_void_p, c_size_t,
                         c_char_p, c_char_p, c_char_p, c_int, c_uint64,
                         c_uint64, c_int],
    "ulp_flat_quantizer_open": [_HANDLE, c_char_p, c_int,
                                ctypes.POINTER(c_int64)],
    "ulp_flat_quantize": [c_void_p, ctypes.POINTER(c_void_p), c_void_p, c_int],
    "ulp_flat_dequantize": [c_void_p, c_void_p, ctypes.POINTER(c_void_p),
                            c_int],
    "ulp_flat_mma_open": [_HANDLE, c_char_p, c_char_p],
    "ulp_flat_gemm_open": [_HANDLE, c_char_p, c_char_p, c_char_p, c_char_p,
                           c_char_p, c_int, c_int, c_int, c_char_p],
    "ulp_flat_mma_run": [c_void_p, *_PRODUCT, *[c_void_p] * 7, c_int],
    "ulp_flat_gemm_run": [c_void_p, *_PRODUCT, *[c_void_p] * 4, *_SCALES,
                          c_int],
    "ulp_flat_trace": [c_void_p, *[c_void_p] * 8,
                       ctypes.POINTER(c_size_t), c_void_p,
                       ctypes.POINTER(c_size_t)],
    "ulp_flat_identify": [_HANDLE, *[c_char_p] * 4, *_PRODUCT,
                          *[c_void_p] * 4, *_SCALES, c_size_t, c_int],
}
# The others: result, arguments.
_PLAIN: dict[str, tuple[Any, list[Any]]] = {
    "ulp_flat_name": (c_int, [c_char_p, c_size_t, c_char_p, c_size_t]),
    "ulp_flat_quantizer_close": (None, [c_void_p]),
    "ulp_flat_quantizer_format": (c_char_p, [c_void_p, c_int]),
    "ulp_flat_quantizer_shape": (c_int, [c_void_p, c_int,
                                         ctypes.POINTER(c_int64)]),
    "ulp_flat_product_close": (None, [c_void_p]),
    "ulp_flat_product_format": (c_char_p, [c_void_p, c_int]),
    "ulp_flat_product_size": (c_int64, [c_void_p, c_int]),
    "ulp_flat_product_evidence": (c_char_p, [c_void_p]),
    "ulp_flat_product_source": (c_char_p, [c_void_p]),
    "ulp_flat_candidates_close": (None, [c_void_p]),
    "ulp_flat_candidates_count": (c_size_t, [c_void_p]),
    "ulp_flat_candidate": (c_int, [c_void_p, c_size_t,
                                   ctypes.POINTER(c_int64), c_char_p, c_size_t,
                                   ctypes.POINTER(c_char_p),
                                   ctypes.POINTER(c_char_p)]),
}


def _versions(folder: str, name: str) -> list[str]:
    """The library in a folder: the name alone, then with a version."""
    try:
        found = sorted(f for f in os.listdir(folder)
                       if f == name or f.startswith(name + "."))
    except OSError:
        return []
    return [os.path.join(folder, f) for f in found]


def _candidates() -> Iterator[str]:
    """Files to try, the most particular first."""
    named = os.environ.get("ULPLAB_LIBRARY")
    if named:  # and no other: what was asked for is not replaced in silence
        yield from _versions(named, _NAME) if os.path.isdir(named) else [named]
        return
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (here, os.path.join(sys.prefix, "lib"),
                   os.path.join(sys.prefix, "lib64"), "/usr/local/lib"):
        yield from _versions(folder, _NAME)
    found = ctypes.util.find_library("ulplab-analysis")
    if found:
        yield found


def _open(path: str) -> ctypes.CDLL:
    """The core beside it is opened first, for libraries that were moved and no
    longer find it by themselves."""
    if os.path.dirname(path):
        for core in _versions(os.path.dirname(path), _CORE)[:1]:
            ctypes.CDLL(core)
    return ctypes.CDLL(path)


def _load() -> tuple[ctypes.CDLL, str]:
    tried = []
    for path in _candidates():
        try:
            return _open(path), path
        except OSError as error:
            tried.append(f"{path}: {error}")
    named = os.environ.get("ULPLAB_LIBRARY")
    raise ImportError("ulplab: " + (
        "; ".join(tried) if tried else
        f"ULPLAB_LIBRARY={named}: no {_NAME} there" if named else
        f"no {_NAME}: expected one that 'make install' installed, or "
        "ULPLAB_LIBRARY, the file or its folder"))


def _check_abi(library: ctypes.CDLL, path: str) -> None:
    try:
        version = library.ulp_abi_version()
    except AttributeError:
        raise ImportError(
            f"ulplab: {path}: no ulp_abi_version, expected the library of "
            f"ABI {ABI_VERSION}") from None
    if version != ABI_VERSION:
        raise ImportError(
            f"ulplab: {path}: ABI version {version}, expected {ABI_VERSION}: "
            "the library and this package are of different releases")


def _declare(library: ctypes.CDLL) -> None:
    for name, arguments in _FAILING.items():
        getattr(library, name).argtypes = [*arguments, c_char_p, c_size_t]
    for name, (result, arguments) in _PLAIN.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments


_library, _path = _load()
_check_abi(_library, _path)
_declare(_library)


def library_path() -> str:
    """The file that was loaded."""
    return _path


def text(x: Optional[str]) -> Optional[bytes]:
    """A string for the library; None stays None."""
    return None if x is None else os.fsencode(x)


def plain(name: str, *arguments: Any) -> Any:
    """Calls a function that cannot fail, or says so by its result alone."""
    return getattr(_library, name)(*arguments)


def call(name: str, *arguments: Any) -> None:
    """Calls a function that can fail: ValueError with its own line."""
    why = ctypes.create_string_buffer(_WHY_SIZE)
    status = getattr(_library, name)(*arguments, why, _WHY_SIZE)
    if status == 0:
        return
    line = why.value.decode(errors="replace")
    raise (MemoryError if status == _NO_MEMORY else ValueError)(line)


def names(kind: str) -> list[str]:
    """All names of one of the library's lists."""
    found: list[str] = []
    name = ctypes.create_string_buffer(128)
    while plain("ulp_flat_name", text(kind), len(found), name, 128) == 0:
        found.append(name.value.decode())
    return found
