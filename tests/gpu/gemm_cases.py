# SPDX-License-Identifier: GPL-3.0-or-later
"""Which library GEMMs gemm.py captures: lists of sizes, turned into cases."""
from recipes import FAMILIES

PAIRS = (("e4m3", "e4m3"), ("e5m2", "e4m3"), ("e4m3", "e5m2"))
# M x N: tiles, no multiples of tiles, one row, wide and tall.  FP8 wants N in
# multiples of 16.
FP8_MN = ((64, 64), (17, 16), (100, 112), (128, 256), (333, 336), (512, 512),
          (16, 32), (48, 80), (1, 16), (256, 128))
FP8_K = (16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 208, 256, 272, 384,
         400, 512, 640, 1024, 1040, 2000, 2048, 4096, 4112, 8192, 16384)
# Few tiles and a long K, so that the library splits K.
SPLIT = ((64, 64, 4096), (64, 64, 8192), (64, 64, 8208), (64, 64, 16384),
         (64, 128, 8192), (128, 64, 12288), (128, 128, 8192),
         (128, 128, 16384), (64, 256, 16384), (16, 16, 16384), (32, 32, 10000))
SCALED = ((64, 64, 256), (100, 112, 400), (333, 336, 1024), (17, 32, 4096),
          (128, 128, 2000), (256, 512, 640))
BLOCK = ((128, 128, 128), (128, 256, 512), (64, 128, 1024), (256, 384, 2048),
         (100, 128, 640), (336, 256, 4096), (128, 112, 400), (17, 144, 272),
         (64, 128, 8192))
WIDE_MN = ((64, 64), (17, 33), (100, 72), (128, 256), (333, 335), (512, 512),
           (256, 64), (1, 128))
WIDE_K = (8, 16, 24, 32, 40, 64, 96, 100, 128, 192, 256, 333, 512, 1000, 1024,
          2048, 4096, 8192, 16384)
TF32_K = (4, 8, 12, 16, 24, 32, 40, 48, 64, 96, 100, 128, 256, 512, 1000,
          1024, 2048, 4096, 8192)
TF32_MN = ((64, 64), (128, 128), (17, 33), (333, 100), (256, 512))


class Cases:
    def __init__(self):
        self.all = []

    def add(self, op, types, shape, family=None, scale="none", **options):
        number = len(self.all) + 1
        family = family or FAMILIES[number % len(FAMILIES)]
        self.all.append(dict(case=number, op=op, types=types, shape=shape,
                             family=family, scale=scale, seed=1000 + number,
                             options=options))


def fp8(cases):
    for i, k in enumerate(FP8_K):
        for fast in (1, 0):
            a, b = PAIRS[i % 3]
            m, n = FP8_MN[(i + fast) % len(FP8_MN)]
            out = ("f32", "f32", "bf16")[(i + fast) % 3]
            cases.add("scaled_mm", (a, b, out), (m, n, k), fast_accum=fast)
    for i, shape in enumerate(SPLIT):
        for fast in (1, 0):
            for family in ("normal", "positive"):
                a, b = PAIRS[i % 2]
                cases.add("scaled_mm", (a, b, "f32"), shape, family,
                          fast_accum=fast)


def scaled(cases):
    for i, shape in enumerate(SCALED):
        for fast in (1, 0):
            for out in ("f32", "bf16", "f16"):
                a, b = PAIRS[i % 3]
                cases.add("scaled_mm", (a, b, out), shape, scale="tensor",
                          fast_accum=fast)
            for out in ("bf16", "f32"):
                a, b = PAIRS[0]
                cases.add("scaled_mm", (a, b, out), shape, scale="row",
                          fast_accum=fast)
    for fast in (1, 0):
        cases.add("scaled_mm", ("e4m3", "e4m3", "bf16"), (64, 64, 16384),
                  scale="row", fast_accum=fast)
        cases.add("scaled_mm", ("e4m3", "e4m3", "bf16"), (128, 128, 512),
                  scale="tensor", fast_accum=fast, bias="bf16")
    for shape in BLOCK:
        for out in ("bf16", "f32"):
            cases.add("scaled_mm", ("e4m3", "e4m3", out), shape,
                      scale="1x128_128x128", fast_accum=0)
    for kind in ("1x128_1x128", "128x128_1x128"):
        for shape in BLOCK[1:5]:
            cases.add("scaled_mm", ("e4m3", "e4m3", "bf16"), shape,
                      scale=kind, fast_accum=0)


def wide(cases):
    for t in ("bf16", "f16"):
        for i, k in enumerate(WIDE_K):
            m, n = WIDE_MN[i % len(WIDE_MN)]
            cases.add("mm", (t, t, "f32"), (m, n, k),
                      layout="nn" if i % 4 == 3 else "tn")
        for shape in ((64, 64, 4096), (64, 64, 16384), (128, 64, 8192)):
            cases.add("mm", (t, t, "f32"), shape, "positive", layout="tn")
        for i, k in enumerate(WIDE_K[1::2] + (4096, 16384)):
            m, n = WIDE_MN[(i + 3) % len(WIDE_MN)]
            for reduced in (1, 0):
                cases.add("mm", (t, t, t), (m, n, k), "normal", layout="tn",
                          reduced=reduced)
        for shape in ((64, 64, 4096), (64, 64, 16384), (128, 64, 8192)):
            for reduced in (1, 0):
                cases.add("mm", (t, t, t), shape, layout="tn",
                          reduced=reduced)
        for shape in ((64, 64, 512), (64, 64, 8192), (100, 72, 1000)):
            cases.add("mm", (t, t, t), shape, layout="tn", reduced=0,
                      blas="cublaslt")
    for k in (16, 64, 256, 1024, 4096):
        cases.add("mm", ("f16", "f16", "f16"), (64, 64, k), "normal",
                  layout="tn", f16_accumulation=1)


def single(cases):
    for i, k in enumerate(TF32_K):
        for j in (0, 1):
            m, n = TF32_MN[(i * 2 + j) % len(TF32_MN)]
            cases.add("mm", ("f32", "f32", "f32"), (m, n, k), layout="tn",
                      tf32=1)
    for k in (8, 16, 32, 256):
        cases.add("mm", ("f32", "f32", "f32"), (64, 64, k), "normal",
                  layout="nn", tf32=1)
    for k in (16, 100, 1024, 4096):
        cases.add("mm", ("f32", "f32", "f32"), (64, 64, k), layout="tn",
                  tf32=0)
    for i, k in enumerate((16, 24, 32, 64, 256, 1000, 4096, 16384)):
        m, n = ((32, 16), (64, 64), (100, 72), (333, 336))[i % 4]
        cases.add("int_mm", ("s8", "s8", "s32"), (m, n, k))


def attention(cases):
    """Whether this build multiplies FP8 in scaled_dot_product_attention; the
    shape is sequence, sequence, head size."""
    for t in ("e4m3", "e5m2"):
        cases.add("sdpa", (t, t, t), (64, 64, 64), "normal")


def library_cases():
    cases = Cases()
    for part in (fp8, scaled, wide, single, attention):
        part(cases)
    return cases.all
