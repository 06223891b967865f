#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures library GEMMs on a GPU: inputs from recipes.py, outputs, digests
and the kernels that ran, in the container that gemm_record.py describes.

  gemm.py OUTPUT [--dry-run] [--only OP] [--samples 4096]
          [--profile-seconds 120] [--no-triton]

--dry-run computes in f64 on the CPU instead: it checks the recipes, the
container and the digests, and is no evidence of anything else.
OUTPUT.lt.gz is cuBLASLt's whole log.
A case that fails is written down with its exception, and the rest goes on.
"""
import argparse
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

# The log of cuBLASLt says which algorithm and split of K it ran; it must be
# asked for before the library is loaded.
LT_LOG = os.path.join(tempfile.gettempdir(), f"ulplab-lt-{os.getpid()}.log")
os.environ.setdefault("CUBLASLT_LOG_LEVEL", "5")
os.environ.setdefault("CUBLASLT_LOG_FILE", LT_LOG)

import torch  # noqa: E402

import gemm_cases  # noqa: E402
import gemm_record  # noqa: E402
import recipes  # noqa: E402

TYPES = {k: v[1] for k, v in recipes.TORCH_TYPES.items()}


def ceil_div(a, b):
    return (a + b - 1) // b


class Inputs:
    """A [M, K] and B [N, K] of a case, their scales and bias."""

    def __init__(self, case, device):
        m, n, k = case["shape"]
        ta, tb, _ = case["types"]
        seed, stream = case["seed"], recipes.STREAM
        family, self.scale = case["family"], case["scale"]
        self.shape = case["shape"]
        self.a = recipes.tensor(
            recipes.codes(ta, family, seed, stream["A"], m, k, device), ta)
        self.b = recipes.tensor(
            recipes.codes(tb, family, seed, stream["B"], n, k, device), tb)
        self.bias = None
        if "bias" in case["options"]:
            self.bias = recipes.tensor(
                recipes.codes("bf16", "normal", seed, stream["BIAS"], 1, n,
                              device)[0], "bf16")
        shape_a, shape_b = self.scale_shapes()
        self.sa = self.scales_of(seed, stream["SCALE_A"], shape_a, device)
        self.sb = self.scales_of(seed, stream["SCALE_B"], shape_b, device)

    def scale_shapes(self):
        m, n, k = self.shape
        blocks = ceil_div(k, 128)
        if self.scale in ("none", "tensor"):
            return (1, 1), (1, 1)
        if self.scale == "row":
            return (m, 1), (n, 1)
        kind_a, kind_b = self.scale.split("_")
        rows = {"1x128": lambda r: r, "128x128": lambda r: ceil_div(r, 128)}
        return (rows[kind_a](m), blocks), (rows[kind_b](n), blocks)

    def scales_of(self, seed, stream, shape, device):
        if self.scale == "none":
            return torch.ones(shape, device=device)
        count = shape[0] * shape[1]
        return recipes.scales(seed, stream, count, device).reshape(shape)

    def exact(self):
        """The product in f64, for the eye."""

        def scaled(x, s):
            x = x.to(torch.float32).double()
            if s.shape[1] > 1 or self.scale.count("x"):
                s = s.repeat_interleave(128, 1)[:, : x.shape[1]]
            if s.shape[0] not in (1, x.shape[0]) or (
                    s.shape[0] == 1 and self.scale.count("x")):
                s = s.repeat_interleave(128, 0)[: x.shape[0]]
            return x * s.double()

        d = scaled(self.a, self.sa) @ scaled(self.b, self.sb).t()
        return d if self.bias is None else d + self.bias.double()


# ---- the operations ----


def padded_128x128(s):
    """cuBLASLt wants the rows of 128x128 scales 4 elements apart."""
    rows, blocks = s.shape
    wide = torch.zeros(rows, ceil_div(blocks, 4) * 4, device=s.device)
    wide[:, :blocks] = s
    return wide[:, :blocks]


def scale_layouts(x):
    """The scale tensors of a case in the layouts that versions of PyTorch
    have accepted, B's transposed as B is."""
    if x.scale in ("none", "tensor"):
        return [(x.sa.reshape(()), x.sb.reshape(()))]
    if x.scale == "row":
        return [(x.sa.contiguous(), x.sb.t().contiguous())]

    def column_major(s):
        return s.t().contiguous().t()

    choices = []
    kind_a, kind_b = x.scale.split("_")
    for pad in (padded_128x128, lambda s: s.contiguous()):
        sa = pad(x.sa) if kind_a == "128x128" else column_major(x.sa)
        sb = pad(x.sb) if kind_b == "128x128" else column_major(x.sb)
        choices.append((sa, sb.t()))
    return choices


def run_scaled_mm(x, case):
    out, error = TYPES[case["types"][2]], None
    for number, (sa, sb) in enumerate(scale_layouts(x)):
        try:
            d = torch._scaled_mm(
                x.a, x.b.t(), scale_a=sa, scale_b=sb, bias=x.bias,
                out_dtype=out,
                use_fast_accum=bool(case["options"].get("fast_accum")))
            if number:
                case["options"]["scale_layout"] = number
            return d
        except (RuntimeError, ValueError) as e:
            error = error or e
    raise error


def set_flags(options, kind):
    matmul = torch.backends.cuda.matmul
    reduced = bool(options.get("reduced", 0))
    if kind == "bf16":
        matmul.allow_bf16_reduced_precision_reduction = reduced
    if kind == "f16":
        matmul.allow_fp16_reduced_precision_reduction = reduced
        if hasattr(matmul, "allow_fp16_accumulation"):
            matmul.allow_fp16_accumulation = bool(
                options.get("f16_accumulation", 0))
    if kind == "f32":
        matmul.allow_tf32 = bool(options.get("tf32", 0))
    torch.backends.cuda.preferred_blas_library(
        options.get("blas", "cublas"))


def run_mm(x, case):
    kind, _, out = case["types"]
    set_flags(case["options"], kind)
    b = x.b.t()
    if case["options"].get("layout") == "nn":
        b = b.contiguous()
    if kind == out:
        return torch.mm(x.a, b)
    return torch.mm(x.a, b, out_dtype=TYPES[out])


def run_int_mm(x, case):
    return torch._int_mm(x.a, x.b.t())


def run_sdpa(x, case):
    q = x.a[None, None]
    k = x.b[None, None]
    return torch.nn.functional.scaled_dot_product_attention(q, k, k)[0, 0]


OPERATIONS = dict(scaled_mm=run_scaled_mm, mm=run_mm, int_mm=run_int_mm,
                  sdpa=run_sdpa)


def run_dry(x, case):
    d = x.exact()
    if case["op"] == "sdpa":
        raise RuntimeError("not run on the CPU")
    if case["types"][2] == "s32":
        return d.round().to(torch.int64).to(torch.int32)
    return d.to(TYPES[case["types"][2]])


# ---- one case ----


def profiled(call):
    """The result and the names of the kernels, in order."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as p:
        result = call()
        torch.cuda.synchronize()
    events = [e for e in p.events() if "CUDA" in str(e.device_type)]
    events.sort(key=lambda e: e.time_range.start)
    return result, [e.name for e in events]


class LtLog:
    """The algorithms that cuBLASLt says it ran since the last look."""

    def __init__(self):
        self.at = 0

    def new_lines(self):
        try:
            with open(LT_LOG, errors="replace") as f:
                f.seek(self.at)
                text = f.read()
                self.at = f.tell()
        except OSError:
            return []
        found = []
        for t in text.splitlines():
            algorithm = re.search(r"algo=\[[^\]]*\]", t)
            if algorithm and algorithm.group() not in found:
                found.append(algorithm.group())
        return found[-4:]


def relative_error(d, exact):
    d, exact = d.double(), exact.double()
    bad = ~(torch.isfinite(d) & torch.isfinite(exact))
    d, exact = d.masked_fill(bad, 0), exact.masked_fill(bad, 0)
    size = exact.norm()
    return f"{((d - exact).norm() / size).item():.3g} of finite" if size else 0


class Runner:
    def __init__(self, arguments, device):
        self.arguments, self.device = arguments, device
        self.log, self.profile_spent = LtLog(), 0.0

    def run(self, case):
        """(info, bits or None)"""
        info, x = [], Inputs(case, self.device)
        dry = self.arguments.dry_run
        operation = run_dry if dry else OPERATIONS[case["op"]]
        self.log.new_lines()
        d = operation(x, case)
        if not dry:
            torch.cuda.synchronize()
        info += [("lt", t) for t in self.log.new_lines()]
        again = self.second(operation, x, case, info)
        bits = recipes.raw_bits(d, case["types"][2])
        same = torch.equal(bits, recipes.raw_bits(again, case["types"][2]))
        info.append(("repeat", "same" if same else "differs"))
        if case["op"] != "sdpa":
            info.append(("relerr", relative_error(d, x.exact())))
        return info, bits

    def second(self, operation, x, case, info):
        if (self.arguments.dry_run
                or self.profile_spent > self.arguments.profile_seconds):
            return operation(x, case)
        start = time.time()
        d, names = profiled(lambda: operation(x, case))
        self.profile_spent += time.time() - start
        info += [("kernel", name) for name in names]
        return d


def session(device):
    case = dict(case=0, op="session")
    info = [("torch", torch.__version__), ("python", sys.version),
            ("date", time.strftime("%Y-%m-%d", time.gmtime()))]
    if device == "cuda":
        info.append(("gpu", torch.cuda.get_device_name()))
        info.append(("cuda", torch.version.cuda))
        try:
            driver = subprocess.run(
                ["nvidia-smi", "--query-gpu=driver_version",
                 "--format=csv,noheader"], capture_output=True, text=True)
            info.append(("driver", driver.stdout))
        except OSError as e:
            info.append(("driver", f"unknown: {e}"))
        info.append(("cublaslt", cublaslt_version()))
    try:
        import triton
        info.append(("triton", triton.__version__))
    except ImportError as e:
        info.append(("triton", e))
    return case, info


def cublaslt_version():
    """Of the library that this process has loaded."""
    import ctypes

    torch.mm(torch.ones(16, 16, device="cuda"),
             torch.ones(16, 16, device="cuda"))
    try:
        with open("/proc/self/maps") as f:
            paths = {t.split()[-1] for t in f if "libcublasLt.so" in t}
        library = ctypes.CDLL(paths.pop())
        library.cublasLtGetVersion.restype = ctypes.c_size_t
        return library.cublasLtGetVersion()
    except (OSError, KeyError, AttributeError) as e:
        return f"unknown: {e}"


def capture(f, arguments, device):
    runner, failed = Runner(arguments, device), 0
    cases = [case for case in gemm_cases.library_cases()
             if arguments.only in (None, case["op"])]
    for case in cases:
        try:
            info, bits = runner.run(case)
            gemm_record.write(f, case, info, bits, arguments.samples)
        except Exception as e:  # every failure is a finding
            failed += 1
            error = [("error", f"{type(e).__name__}: {e}")]
            gemm_record.write(f, case, error)
    return len(cases), failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--samples", type=int, default=4096)
    parser.add_argument("--profile-seconds", type=float, default=120)
    parser.add_argument("--no-triton", action="store_true")
    arguments = parser.parse_args()
    device = "cpu" if arguments.dry_run else "cuda"
    start = time.time()
    with open(arguments.output, "wb") as f:
        gemm_record.write(f, *session(device))
        cases, failed = capture(f, arguments, device)
        print(f"library: {cases} cases, {failed} without output,"
              f" {time.time() - start:.0f} s", flush=True)
        if arguments.only in (None, "triton") and not (
                arguments.no_triton or arguments.dry_run):
            import triton_dot
            cases, failed = triton_dot.capture(f, arguments.samples)
            print(f"triton: {cases} cases, {failed} without output,"
                  f" {time.time() - start:.0f} s")
    if os.path.exists(LT_LOG):
        with open(LT_LOG, "rb") as log, gzip.open(
                arguments.output + ".lt.gz", "wb") as out:
            shutil.copyfileobj(log, out)
        os.remove(LT_LOG)


if __name__ == "__main__":
    main()
