# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures Triton's tl.dot over K, as a user's kernel would call it, in the
container of gemm_record.py (op triton).

Options: block BM BN BK, and of tl.dot: imprecise, its max_num_imprecise_acc
(none leaves it out), and precision, its input_precision (f32 operands).
The header also says what the compiler made of it:
  ir TEXT      the distinct dot operations of the GPU dialect
  ptx TEXT     the distinct wgmma and mma instructions, with their count
  addf N       f32 additions in the PTX: those of a promoted accumulator
"""
import collections
import re

import torch
import triton
import triton.language as tl

import gemm_record
import recipes

MMA = re.compile(r"((?:wgmma\.mma_async|mma\.sync)[\w.:]*)")
IR = re.compile(r"(ttng\.warp_group_dot|tt\.dot)\b")


@triton.jit
def dot_kernel(a, b, d, M, N, K, BM: tl.constexpr, BN: tl.constexpr,
               BK: tl.constexpr, IMPRECISE: tl.constexpr,
               PRECISION: tl.constexpr):
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    k = tl.arange(0, BK)
    acc = tl.zeros((BM, BN), dtype=tl.float32)
    for start in range(0, K, BK):
        at = start + k
        x = tl.load(a + m[:, None] * K + at[None, :],
                    mask=(m[:, None] < M) & (at[None, :] < K), other=0.0)
        y = tl.load(b + n[None, :] * K + at[:, None],
                    mask=(n[None, :] < N) & (at[:, None] < K), other=0.0)
        if IMPRECISE >= 0:
            acc = tl.dot(x, y, acc, max_num_imprecise_acc=IMPRECISE,
                         input_precision=PRECISION)
        else:
            acc = tl.dot(x, y, acc, input_precision=PRECISION)
    out = d + m[:, None] * N + n[None, :]
    tl.store(out, acc, mask=(m[:, None] < M) & (n[None, :] < N))


def cases():
    found = []

    def add(kinds, shape, block, family, imprecise="none", precision="tf32",
            warps=4):
        number = 10001 + len(found)
        found.append(dict(
            case=number, op="triton", types=kinds + ("f32",), shape=shape,
            family=family, scale="none", seed=number,
            options=dict(block=" ".join(map(str, block)),
                         imprecise=imprecise, precision=precision,
                         warps=warps)))

    for kinds in (("e4m3", "e4m3"), ("e5m2", "e5m2"), ("e4m3", "e5m2")):
        same = kinds == ("e4m3", "e4m3")
        for imprecise in ("none", 0, 32, 64, 128) if same else ("none", 32):
            for k, bk in ((128, 128), (1024, 64), (2048, 128), (4112, 32)):
                if imprecise != "none" and imprecise > bk:
                    continue  # Triton refuses it
                family = "normal" if k % 3 else "positive"
                add(kinds, (64, 64, k), (64, 64, bk), family, imprecise)
        add(kinds, (100, 112, 1040), (64, 32, 64), "wide")
        add(kinds, (16, 16, 512), (16, 16, 64), "normal")
    for kind in ("bf16", "f16"):
        for k, bk in ((64, 32), (512, 64), (1000, 64), (4096, 128)):
            add((kind, kind), (128, 128, k), (64, 64, bk), "normal")
            add((kind, kind), (64, 64, k), (16, 16, bk), "cancel")
        add((kind, kind), (100, 72, 1024), (128, 64, 64), "outlier", warps=8)
    for precision in ("tf32", "tf32x3", "ieee"):
        for k, bk in ((32, 32), (256, 32), (1000, 64)):
            add(("f32", "f32"), (64, 64, k), (64, 64, bk), "normal",
                precision=precision)
            add(("f32", "f32"), (32, 32, k), (16, 16, bk), "cancel",
                precision=precision)
    return found


def specialised(options):
    """Arguments of the kernel's compile-time constants."""
    bm, bn, bk = (int(x) for x in options["block"].split())
    imprecise = options["imprecise"]
    return dict(BM=bm, BN=bn, BK=bk, PRECISION=options["precision"],
                IMPRECISE=-1 if imprecise == "none" else imprecise)


def counted(pattern, text):
    names = collections.Counter(
        " ".join(x.split()) for x in pattern.findall(text))
    return [f"{count} x {name}" for name, count in sorted(names.items())]


def compiled_info(kernel):
    asm = kernel.asm
    ptx, ir = asm.get("ptx", ""), asm.get("ttgir", "")
    attributes = re.findall(r"(maxNumImpreciseAcc = \d+|inputPrecision = \w+)",
                            ir)
    info = [("ir", text) for text in counted(IR, ir)]
    info += [("ir", text) for text in sorted(set(attributes))]
    info += [("ptx", text) for text in counted(MMA, ptx)]
    info.append(("addf", len(re.findall(r"\badd(?:\.rn)?\.f32\b", ptx))))
    return info


def run(case):
    m, n, k = case["shape"]
    ta, tb, _ = case["types"]
    seed, stream = case["seed"], recipes.STREAM
    a = recipes.tensor(recipes.codes(ta, case["family"], seed, stream["A"],
                                     m, k, "cuda"), ta)
    b = recipes.tensor(recipes.codes(tb, case["family"], seed, stream["B"],
                                     n, k, "cuda"), tb)
    d = torch.full((m, n), float("nan"), device="cuda")
    constants = specialised(case["options"])
    grid = (triton.cdiv(m, constants["BM"]), triton.cdiv(n, constants["BN"]))
    kernel = dot_kernel[grid](a, b, d, m, n, k, **constants,
                              num_warps=case["options"]["warps"])
    torch.cuda.synchronize()
    exact = a.float().double() @ b.float().double().t()
    error = ((d.double() - exact).norm() / exact.norm()).item()
    info = [("relerr", f"{error:.3g}")] + compiled_info(kernel)
    return info, recipes.raw_bits(d, "f32")


def capture(f, samples):
    failed, every = 0, cases()
    for case in every:
        try:
            info, bits = run(case)
            gemm_record.write(f, case, info, bits, samples)
        except Exception as e:  # every failure is a finding
            failed += 1
            error = [("error", f"{type(e).__name__}: {e}")]
            gemm_record.write(f, case, error)
    return len(every), failed
