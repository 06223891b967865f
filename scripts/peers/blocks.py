# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts that compare quantizers share: inputs, our program, counts.

    for name, x in blocks.inputs(10**7, block=32):
        ours = blocks.quantize(program, "mxfp8@torchao", x)
        report.compare("torchao", "mxfp8@torchao", name, x, 32, ours, theirs)

Arrays are f32 [rows, columns], a block's elements along the last axis.
`theirs` is a Quantized, too; what a reference does not return stays None.
"""
import dataclasses
import os
import subprocess
import tempfile

import numpy as np

COLUMNS = 1024
# Greatest values of element formats: where a scale that is amax / MAX rounds.
GREATEST = (448, 57344, 240, 7.5, 28, 6, 127, 127.5, 7, 15, 255)


@dataclasses.dataclass
class Quantized:
    """codes, scales, values: stored codes as unsigned or signed integers (or
    f32 scales), dequantized f32; zeros: zero points; G: the global scale."""
    codes: object = None
    scales: object = None
    values: object = None
    zeros: object = None
    G: object = None


# ---- our program ------------------------------------------------------------

def quantize(program, spec, x, *options, dequant=True, zeros=False, G=False):
    """ulplab quantize --to SPEC on the array x (f32)."""
    room = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=room) as folder:
        def path(name):
            return os.path.join(folder, name + ".npy")
        wanted = {"scales": "--scales"}
        wanted |= {"values": "--dequant"} if dequant else {}
        wanted |= {"zeros": "--zero-points"} if zeros else {}
        wanted |= {"G": "--global-scale"} if G else {}
        np.save(path("in"), np.ascontiguousarray(x, dtype=np.float32))
        command = [program, "quantize", "--to", spec, "--in", path("in"),
                   "--out", path("codes"), *map(str, options)]
        for name, option in wanted.items():
            command += [option, path(name)]
        subprocess.run(command, check=True)
        return Quantized(**{name: np.load(path(name))
                            for name in ["codes", *wanted]})


def global_scale(program, spec, x):
    """The global scale alone."""
    return np.float32(quantize(program, spec, x, dequant=False, G=True).G)


# ---- inputs -----------------------------------------------------------------

def bf16(x):
    """The nearest bf16 values, ties to even, as f32."""
    u = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    odd = (u >> np.uint32(16)) & np.uint32(1)
    r = (u + np.uint32(0x7FFF) + odd) & np.uint32(0xFFFF0000)
    nan = u & np.uint32(0xFFFF0000) | np.uint32(0x00400000)
    return np.where(np.isnan(x), nan, r).view(np.float32)


def _wide(rng, shape, exponent):
    x = rng.standard_normal(shape) * np.exp2(
        rng.uniform(-exponent, exponent, shape))
    return x


def _wide_blocks(rng, shape, exponent):
    """Magnitudes that differ between blocks, not within them."""
    x = rng.standard_normal(shape)
    return x * np.exp2(rng.uniform(-exponent, exponent, (shape[0], 1)))


def _critical(rng, n):
    """n magnitudes next to powers of two, ties of 0 to 5 kept bits, and
    multiples of greatest values: each with both neighbours."""
    k = rng.integers(-126, 127, n)
    whole = np.exp2(rng.integers(0, 7, n))  # bits kept, and one
    fraction = 1 + np.floor(rng.uniform(0, 1, n) * whole) / whole
    tie = fraction + rng.integers(0, 2, n) / (2 * whole)
    top = rng.choice(np.array(GREATEST), n)
    top = top / np.exp2(np.floor(np.log2(top)))
    m = np.where(rng.integers(0, 3, n) == 0, top, tie)
    with np.errstate(over="ignore"):
        x = (m * np.exp2(k.astype(float))).astype(np.float32)
    step = rng.integers(-1, 2, n).astype(np.int32)
    x = np.where(np.isfinite(x), x, np.float32(1))
    return (x.view(np.int32) + step).view(np.float32)


def _fill(rng, amax, block):
    """Blocks with these amax, at a random place with a random sign; the other
    elements from 0 to it, every other one a small fraction of it, which is a
    tie of some format or other."""
    n = len(amax)
    part = rng.uniform(-1, 1, (n, block))
    ties = rng.integers(-64, 65, (n, block)) / 64
    part = np.where(rng.integers(0, 2, (n, block)) == 0, part, ties)
    x = (amax.astype(np.float64)[:, None] * part).astype(np.float32)
    where = rng.integers(0, block, n)
    sign = np.where(rng.integers(0, 2, n) == 0, np.float32(1), np.float32(-1))
    x[np.arange(n), where] = amax * sign
    return x


def _zeros(rng, shape):
    kind = rng.integers(0, 4, (shape[0], 1))
    zero = np.where(rng.integers(0, 2, shape) == 0, 0.0, -0.0)
    few = np.where(rng.uniform(size=shape) < .1,
                   rng.standard_normal(shape), zero)
    return np.choose(kind, [np.zeros(shape), -np.zeros(shape), zero, few])


def _put(rng, x, values):
    """One of `values` in half of the blocks, two in some."""
    n, block = x.shape
    values = np.array(values, dtype=np.uint32).view(np.float32)
    for chance in (.5, .1):
        hit = np.flatnonzero(rng.uniform(size=n) < chance)
        x[hit, rng.integers(0, block, len(hit))] = rng.choice(values, len(hit))
    return x


NAN = (0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFFFFFFF)
INF = (0x7F800000, 0xFF800000)


def _subnormal(rng, n, block):
    step = rng.integers(-1, 2, n)
    u = (1 << rng.integers(0, 25, n)) + step * rng.integers(0, 2, n)
    u = np.where(rng.integers(0, 2, n) == 0, u,
                 rng.integers(0, 1 << 24, n)) & 0x7FFFFFFF
    return _fill(rng, u.astype(np.uint32).view(np.float32), block)


def _huge(rng, n, block):
    u = 0x7F7FFFFF - rng.integers(0, 1 << rng.integers(0, 24, n))
    return _fill(rng, u.astype(np.uint32).view(np.float32), block)


def _ties(rng, n, block):
    """Small whole numbers times a power of two: ties of every format."""
    k = np.exp2(rng.integers(-20, 20, (n, 1)).astype(float))
    return rng.integers(-512, 513, (n, block)) * k


def _generate(name, rng, n, block):
    shape = (n, block)
    normal = rng.standard_normal(shape).astype(np.float32)
    return {
        "gaussian": lambda: normal,
        "t3": lambda: rng.standard_t(3, shape),
        "2^40": lambda: _wide(rng, shape, 40),
        "2^120": lambda: _wide(rng, shape, 120),
        "blocks 2^120": lambda: _wide_blocks(rng, shape, 120),
        "bf16": lambda: bf16(normal),
        "bf16 2^40": lambda: bf16(_wide(rng, shape, 40).astype(np.float32)),
        "zeros": lambda: _zeros(rng, shape),
        "nan": lambda: _put(rng, normal, NAN),
        "inf": lambda: _put(rng, normal, INF),
        "inf, nan": lambda: _put(rng, normal, INF + NAN),
        "subnormal": lambda: _subnormal(rng, n, block),
        "critical amax": lambda: _fill(rng, _critical(rng, n), block),
        "ties": lambda: _ties(rng, n, block),
        "huge": lambda: _huge(rng, n, block),
    }[name]()


GENERAL = ("gaussian", "t3", "2^40", "2^120", "blocks 2^120", "bf16",
           "bf16 2^40")
SPECIAL = ("zeros", "nan", "inf", "inf, nan", "subnormal", "critical amax",
           "ties", "huge")


def inputs(total, block, kinds=GENERAL + SPECIAL, seed=1):
    """(name, f32 [rows, COLUMNS]), together about `total` elements: special
    kinds are a quarter of the size of general ones.  Blocks of up to COLUMNS
    elements that divide it."""
    parts = sum(4 if name in GENERAL else 1 for name in kinds)
    for name in kinds:
        weight = 4 if name in GENERAL else 1
        rows = -(-total * weight // (parts * COLUMNS))
        rng = np.random.default_rng([seed, (GENERAL + SPECIAL).index(name)])
        with np.errstate(over="ignore"):
            x = _generate(name, rng, rows * COLUMNS // block, block)
            yield name, np.ascontiguousarray(
                x.astype(np.float32).reshape(rows, COLUMNS))


# ---- counting ---------------------------------------------------------------

def differ(ours, theirs):
    """Which codes, or bits of floats, differ; NaN equals NaN."""
    ours, theirs = np.asarray(ours).ravel(), np.asarray(theirs).ravel()
    if ours.shape != theirs.shape:
        raise ValueError(f"{ours.shape} elements against {theirs.shape}")
    if ours.dtype.kind != "f":
        return ours != theirs
    bits = {2: np.uint16, 4: np.uint32, 8: np.uint64}[ours.dtype.itemsize]
    theirs = theirs.astype(ours.dtype)
    return (ours.view(bits) != theirs.view(bits)) & ~(
        np.isnan(ours) & np.isnan(theirs))


class Report:
    """The table (reference, row, elements, mismatches) and why they are."""

    FIELDS = ("codes", "scales", "values", "zeros")

    def __init__(self):
        self.rows, self.failed = {}, False

    def compare(self, reference, row, name, x, block, ours, theirs,
                classes=()):
        """Counts what differs.  classes: (explanation, explains) pairs, where
        explains(x, ours, theirs) says which of the n differing blocks it
        explains; x is [n, block], and ours and theirs have fields likewise.
        One scale a block of `block` consecutive elements."""
        key = (reference, row)
        total = self.rows.setdefault(
            key, {"elements": 0, "why": {}, **{f: 0 for f in self.FIELDS}})
        total["elements"] += np.size(x)
        bad = np.zeros(-(-np.size(x) // block), dtype=bool)
        for field in self.FIELDS:
            mine, other = getattr(ours, field), getattr(theirs, field)
            if mine is None or other is None:
                continue
            wrong = differ(mine, other)
            total[field] += int(wrong.sum())
            per_block = len(wrong) // len(bad) if len(wrong) > len(bad) else 1
            bad |= wrong.reshape(-1, per_block).any(axis=1)
        if bad.any():
            self._explain(key, name, x, block, bad, ours, theirs, classes)

    def _explain(self, key, name, x, block, bad, ours, theirs, classes):
        why = self.rows[key]["why"]
        where = np.flatnonzero(bad)
        with np.errstate(all="ignore"):
            picked = [self._pick(v, np.size(x) // block, where)
                      for v in (x, ours, theirs)]
            left = np.ones(len(where), dtype=bool)
            for text, explains in classes:
                mask = left & explains(*picked)
                if mask.any():
                    why[text] = why.get(text, 0) + int(mask.sum())
                left &= ~mask
        if left.any():
            why[""] = why.get("", 0) + int(left.sum())
            self.failed = True
            print(f"  {int(left.sum())} blocks unexplained:")
            self._show(key, name, int(where[left][0]), x, block, ours, theirs)

    def _pick(self, v, n, where):
        if v is None or isinstance(v, np.float32):
            return v
        if isinstance(v, Quantized):
            return Quantized(**{f: self._pick(getattr(v, f), n, where)
                                for f in self.FIELDS})
        return np.asarray(v).reshape(n, -1)[where]

    def _show(self, key, name, i, x, block, ours, theirs):
        """One block: what a row or a reference did otherwise."""
        n = np.size(x) // block
        one = [self._pick(v, n, [i]) for v in (ours, theirs)]
        values = np.asarray(x).reshape(n, -1)[i]
        print(f"  {key} on {name}: block {i} of amax "
              f"{float(np.abs(values).max()).hex()}")
        for field in self.FIELDS:
            mine, other = [getattr(v, field) for v in one]
            if mine is None or other is None:
                continue
            mine, other = mine.ravel(), other.ravel()
            for k in np.flatnonzero(differ(mine, other))[:3]:
                of = f" of {float(values[k]).hex()}" if mine.size > 1 else ""
                print(f"    {field}{of}: ours {mine[k]}, theirs {other[k]}")

    def print(self):
        print(f"{'reference':24} {'row':30} {'elements':>9} {'codes':>7} "
              f"{'scales':>7} {'values':>7} {'zeros':>6}  (mismatches)")
        for (reference, row), t in self.rows.items():
            print(f"{reference:24} {row:30} {t['elements']:>9} "
                  f"{t['codes']:>7} {t['scales']:>7} {t['values']:>7} "
                  f"{t['zeros']:>6}")
            for why, n in t["why"].items():
                print(f"    {n} blocks: {why or 'UNEXPLAINED'}")
        return self.failed
