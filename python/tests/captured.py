# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of what GPUs gave: tests/vectors/README.md, experiments/container.h
and tests/gpu/gemm_record.py describe the files."""
import lzma
from dataclasses import dataclass, field

import numpy as np

BYTES = {"f64": 8, "f32": 4, "tf32": 4, "s32": 4, "u32": 4, "f16": 2,
         "bf16": 2, "e4m3": 1, "e5m2": 1, "s8": 1, "u8": 1, "s4": 1, "u4": 1,
         "b1": 1}


@dataclass
class Record:
    """A header, a line of which is a key, and the arrays behind it."""

    keys: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    arrays: dict = field(default_factory=dict)

    def words(self, key):
        return self.keys[key].split()


def _header(stream, first):
    line = stream.readline()
    if not line:
        return None
    assert line == first, line
    record = Record()
    for raw in stream:
        if raw == b"end\n":
            return record
        key, _, value = raw.decode().rstrip("\n").partition(" ")
        if key == "option":
            name, _, value = value.partition(" ")
            record.options[name] = value
        else:
            record.keys.setdefault(key, value)
    raise AssertionError("a header without end")


def _array(stream, shape, kind):
    size = BYTES[kind]
    raw = stream.read(int(np.prod(shape)) * size)
    return np.frombuffer(raw, dtype=f"<u{size}").reshape(shape)


def instructions(path):
    """Records of matrix instructions, A [tiles, m, k] and so on, as codes."""
    with lzma.open(path) as stream:
        while (record := _header(stream, b"ulplab-vectors 1\n")) is not None:
            tiles = int(record.keys["tiles"])
            m, n, k = map(int, record.words("shape"))
            a, b, c, d = record.words("types")
            sparse = int(record.options.get("sparse", 0))
            record.arrays["a"] = _array(stream, (tiles, m, k >> sparse), a)
            record.arrays["b"] = _array(stream, (tiles, n, k), b)
            if sparse:
                record.arrays["meta"] = _array(stream, (tiles, m, k // 2), "u8")
            record.arrays["c"] = _array(stream, (tiles, m, n), c)
            record.arrays["d"] = _array(stream, (tiles, m, n), d)
            yield record


def products(path):
    """Records of a library's products; `d` holds the outputs that were
    kept, as codes."""
    with lzma.open(path) as stream:
        while (record := _header(stream, b"ulplab-gemm 1\n")) is not None:
            if "outputs" in record.keys and "error" not in record.keys:
                count = int(record.words("outputs")[1])
                record.arrays["d"] = _array(stream, (count,),
                                            record.words("types")[2])
            yield record


def orders(path):
    """Case number to order, fast, promote, slices, reduce; "-": its own."""
    with open(path) as lines:
        rows = [line.split() for line in lines if not line.startswith("#")]
    return {int(row[0]): row[1:] for row in rows}
