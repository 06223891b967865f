# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the captured GEMMs: recipes.h in PyTorch, bit for bit.

  python3 recipes.py > recipes.golden      what check_recipes compares with

Words of 64 bits are held as int64, whose arithmetic wraps on every device.
"""
import torch

GOLDEN = 0x9E3779B97F4A7C15
STREAM = dict(A=1, B=2, CHANNEL=3, SCALE_A=4, SCALE_B=5, BIAS=6, POSITION=7)
FAMILIES = ("normal", "positive", "outlier", "wide", "cancel")
# name: exponent bits, significand bits, least field and span of "wide"
TYPES = {
    "e4m3": (4, 3, 0, 15),
    "e5m2": (5, 2, 0, 31),
    "f16": (5, 10, 0, 22),
    "bf16": (8, 7, 107, 40),
    "f32": (8, 23, 107, 40),
    "s8": (0, 0, 0, 0),
}
BELOW = (2982, 20794, 40435, 52605, 59030, 62287, 63920)
TORCH_TYPES = {
    "e4m3": (torch.uint8, torch.float8_e4m3fn),
    "e5m2": (torch.uint8, torch.float8_e5m2),
    "f16": (torch.int16, torch.float16),
    "bf16": (torch.int16, torch.bfloat16),
    "f32": (torch.int32, torch.float32),
    "s8": (torch.uint8, torch.int8),
    "s32": (torch.int32, torch.int32),
}


def signed(x):
    """A 64-bit word as the int64 with its bits."""
    x &= (1 << 64) - 1
    return x - (1 << 64) if x >> 63 else x


def shift(x, n):
    """x >> n without copies of the sign."""
    return (x >> n) & ((1 << (64 - n)) - 1)


def mix64(x):
    x = (x ^ shift(x, 30)) * signed(0xBF58476D1CE4E5B9)
    x = (x ^ shift(x, 27)) * signed(0x94D049BB133111EB)
    return x ^ shift(x, 31)


def mix64_int(x):
    mask = (1 << 64) - 1
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & mask
    x = (x ^ x >> 27) * 0x94D049BB133111EB & mask
    return x ^ x >> 31


def word(seed, stream, index):
    key = mix64_int((seed * GOLDEN + stream) & (1 << 64) - 1)
    return mix64((index + 1) * signed(GOLDEN) + signed(key))


def integer_codes(family, stream, h, outlier, odd):
    v = (h & 63) + (h >> 6 & 63) + (h >> 12 & 63) + (h >> 18 & 63) - 126
    if family == "positive":
        v = v.abs()
    elif family == "outlier":
        small = torch.div(v, 8, rounding_mode="trunc")
        v = torch.where(outlier, v, small)
    elif family == "wide":
        v = h
    elif family == "cancel" and stream == STREAM["B"]:
        v = torch.where(odd, -v, v)
    return v & 255


def codes(kind, family, seed, stream, rows, columns, device="cpu"):
    """The codes of a [rows, columns] matrix, as int64."""
    exp_bits, man_bits, low_field, span = TYPES[kind]
    k = torch.arange(columns, dtype=torch.int64, device=device)
    index = torch.arange(rows, dtype=torch.int64, device=device)[:, None]
    odd = ((k & 1) == 1) if family == "cancel" else torch.zeros_like(k) == 1
    h = word(seed, stream, index * columns + k - odd.long())
    outlier = torch.zeros_like(k) == 1
    if family == "outlier" and stream == STREAM["A"]:
        outlier = (word(seed, STREAM["CHANNEL"], k) & 31) == 0
    if exp_bits == 0:
        return integer_codes(family, stream, h, outlier, odd)
    sign = torch.zeros_like(h) if family == "positive" else shift(h, 63)
    draw = h >> 32 & 0xFFFF
    low = h & ((1 << man_bits) - 1)
    if family == "wide":
        field = low_field + draw % span
    else:
        binade = 1 - sum((draw >= t).long() for t in BELOW)
        field = (1 << (exp_bits - 1)) - 1 + binade + 6 * outlier.long()
    if stream == STREAM["B"]:
        sign = sign ^ odd.long()
    else:
        low = low ^ ((h >> 62 & 1) * odd.long())
    return (((sign << exp_bits) | field) << man_bits) | low


def tensor(code, kind):
    """Codes as a tensor of the type itself."""
    raw, final = TORCH_TYPES[kind]
    bits = torch.iinfo(raw).bits
    if raw != torch.uint8:  # into the range of the signed integer
        code = ((code + (1 << (bits - 1))) & ((1 << bits) - 1)) - (
            1 << (bits - 1))
    return code.to(raw).view(final)


def raw_bits(x, kind):
    """The bits of a tensor of the type, as int64 without sign."""
    raw = TORCH_TYPES[kind][0]
    bits = torch.iinfo(raw).bits
    return x.contiguous().view(raw).long() & ((1 << bits) - 1)


def scales(seed, stream, count, device="cpu"):
    index = torch.arange(count, dtype=torch.int64, device=device)
    h = word(seed, stream, index)
    code = (124 + (h >> 32 & 0xFFFF) % 7) << 23 | (h & 0x7FFFFF)
    return tensor(code, "f32")


def digest(values):
    """Of all values, as unsigned integers, in row-major order."""
    values = values.reshape(-1)
    index = torch.arange(values.numel(), dtype=torch.int64,
                         device=values.device)
    return int(mix64((index << 32) ^ values).sum().item()) & (1 << 64) - 1


def positions(seed, samples, count, device="cpu"):
    j = torch.arange(samples, dtype=torch.int64, device=device)
    return shift(word(seed, STREAM["POSITION"], j), 16) % count


def print_golden():
    print("# SPDX-License-Identifier: GPL-3.0-or-later")
    print("# type family stream seed rows columns digest: from recipes.py")
    for i, kind in enumerate(TYPES):
        for j, family in enumerate(FAMILIES):
            for stream in (STREAM["A"], STREAM["B"]):
                seed, rows, columns = 100 * i + j, 37 + i, 130 + 2 * j
                c = codes(kind, family, seed, stream, rows, columns)
                print(kind, family, stream, seed, rows, columns,
                      f"{digest(c):016x}")
    for stream in (STREAM["SCALE_A"], STREAM["SCALE_B"]):
        bits = raw_bits(scales(7, stream, 1000), "f32")
        print("scale -", stream, 7, 1, 1000, f"{digest(bits):016x}")
    p = positions(11, 1000, 12345)
    print("position -", STREAM["POSITION"], 11, 12345, 1000,
          f"{digest(p):016x}")


if __name__ == "__main__":
    print_golden()
