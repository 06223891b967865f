#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers' throughput and ours on the same work, in turns: a CSV of ratios.

usage: bench.py [--build DIR] [--cpfloat PROGRAM] [--ggml LIBRARY]
                [--threads N] [--rounds R] [--only TEXT] [--out FILE.csv]

scripts/peers/bench.sh, which starts this, says what it needs.  A round is the
peer's work, repeated for at least a quarter of a second, and then the bench
of `ulplab bench` that is named; `ratio` is the median over the rounds (default
5) of ours / peer, ratio_low and ratio_high the least and the greatest.
Products run on N threads (default: all), conversions on one.  Where the peer's
bits are meant to be ours, the two are compared first, and a peer that gives
others is said to (`same`: yes, no, or empty where nothing is compared).
--ggml: ggml's libggml-base.  Bytes are of f32, read or written.
"""
import argparse
import csv
import ctypes
import importlib.metadata
import io
import os
import subprocess
import sys
import tempfile
import time
import warnings

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--cpfloat")
parser.add_argument("--cpfloat-version", default="")
parser.add_argument("--ggml")
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--only", default="")
parser.add_argument("--out")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "torch", "torchao", "mmasim", "mmaemu",
                            "ml_dtypes", "gfloat", "gguf"])
# MMA-Sim compiles a part of itself with the ninja that pip installed.
os.environ["PATH"] = os.path.dirname(sys.executable) + ":" + os.environ["PATH"]
warnings.simplefilter("ignore")

import gfloat  # noqa: E402
import gfloat.formats  # noqa: E402
import gguf  # noqa: E402
import ml_dtypes  # noqa: E402
import mmaemu  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from mmasim import nv_ptx  # noqa: E402

ULPLAB = os.path.join(options.build, "ulplab")
N = 1 << 22  # elements of a conversion
OURS = 1 << 24  # of `ulplab bench`
LEAST = 0.25  # seconds


class Job:
    """One row: f() does `units` of work; `check` says whether bits agree."""

    def __init__(self, peer, job, bench, unit, units, shape, f, check=None,
                 threads=1, arguments=(), seconds=None):
        self.__dict__.update(locals())

    def peer_value(self):
        """Units a second, of passes that take LEAST seconds together."""
        if self.seconds:  # the peer is a program that times itself
            return self.units / self.seconds()
        passes, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < LEAST or not passes:
            self.f()
            passes += 1
        return passes * self.units / spent

    def our_value(self):
        run = subprocess.run(
            [ULPLAB, "bench", self.bench, "--repeat", "1", "--threads",
             str(self.threads), *self.arguments],
            stdout=subprocess.PIPE, check=True)
        row, = csv.DictReader(io.StringIO(run.stdout.decode()))
        if row["unit"] != self.unit:
            sys.exit(f"{self.bench}: {row['unit']}, expected {self.unit}")
        return float(row["value"]), row["shape"]


def ours(subcommand, arguments, arrays, result):
    """`ulplab SUBCOMMAND` on arrays in files: {option: array}."""
    with tempfile.TemporaryDirectory() as home:
        words = [ULPLAB, subcommand, *arguments]
        for option, array in arrays.items():
            path = os.path.join(home, option + ".npy")
            np.save(path, array)
            words += [f"--{option}", path]
        path = os.path.join(home, "result.npy")
        subprocess.run([*words, result, path], check=True)
        return np.load(path)


# ---- products ---------------------------------------------------------------

def fp8(rng, *shape):
    x = rng.standard_normal(shape, dtype=np.float32)
    return torch.from_numpy(x).to(torch.float8_e4m3fn)


def raw(t):
    return t.contiguous().view(torch.uint8).numpy()


def product_jobs(rng):
    m, n, k = 256, 256, 1024
    a, b = fp8(rng, m, k), fp8(rng, n, k)
    for fast, bench in ((False, "fp8-128"), (True, "fp8-never")):
        def theirs(fast=fast):
            return mmaemu.accumulate(a, b, use_fast_accum=fast, splitk=1,
                                     profile="hopper")

        def check(fast=fast):
            d = ours("gemm", ["--gpu", "h200", "--kernel", "cublaslt-fp8",
                              "--type-a", "e4m3", "--type-b", "e4m3",
                              *(["--fast-accum"] if fast else [])],
                     {"a": raw(a), "b": raw(b)}, "--out")
            return np.array_equal(d.view(np.uint32),
                                  theirs().numpy().view(np.uint32))
        yield Job("mmaemu", f"FP8 GEMM, {'no ' if fast else ''}promotion",
                  bench, "MAC/s", m * n * k, f"{m}x{n}x{k}", theirs, check,
                  options.threads, ["--shape", f"{m}x{n}x{k}"])
    for name, bench in (("m64n256k32.f32.e4m3.e4m3", "wgmma-e4m3"),
                        ("m64n256k16.f32.bf16.bf16", "wgmma-bf16")):
        op = nv_ptx.WGMMA("Hopper", name)
        x = torch.from_numpy(rng.standard_normal((op.m, op.k), np.float32))
        y = torch.from_numpy(rng.standard_normal((op.k, op.n), np.float32))
        x, y = x.to(op.a_type), y.to(op.b_type)
        c = torch.zeros(op.m, op.n)

        def theirs(op=op, x=x, y=y, c=c):
            return op(x, y, c)

        def check(op=op, x=x, y=y, name=name, theirs=theirs):
            kind = np.uint8 if op.a_type.itemsize == 1 else np.uint16
            codes = [t.contiguous().view(torch.uint8).numpy().view(kind)
                     for t in (x, y.T)]
            d = ours("mma", ["--gpu", "h200", "--instr", f"wgmma.{name}"],
                     {"a": codes[0], "b": codes[1]}, "--out")
            return np.array_equal(d.view(np.uint32),
                                  theirs().numpy().view(np.uint32))
        yield Job("mmasim", f"wgmma.{name}", bench, "MAC/s",
                  op.m * op.n * op.k, f"{op.m}x{op.n}x{op.k}", theirs, check,
                  options.threads)
    # Its dot products, many at once: the fastest way to use it.
    op = nv_ptx.WGMMA("Hopper", "m64n8k32.f32.e4m3.e4m3")
    count = 1 << 16
    x, y, c = fp8(rng, count, 32), fp8(rng, count, 32), torch.zeros(count)
    yield Job("mmasim", "wgmma e4m3, dot products at once", "wgmma-e4m3",
              "MAC/s", count * 32, f"{count} of 32", lambda: op.dpa(x, y, c),
              None, options.threads)


# ---- conversions ------------------------------------------------------------

def our_codes(name, x):
    return ours("quantize", ["--to", name, "--overflow", "ieee", "--profile",
                             "ml_dtypes"], {"in": x}, "--out")


def conversion(peer, job, bench, f, check=None, units=4 * N, **more):
    return Job(peer, job, bench, "bytes/s", units, str(units // 4), f, check,
               **more)


def ml_dtypes_jobs(x):
    for kind, bench in (("float8_e4m3fn", "to-e4m3"),
                        ("float8_e5m2", "to-e5m2"),
                        ("float4_e2m1fn", "to-e2m1"),
                        ("bfloat16", "to-bf16")):
        to = getattr(ml_dtypes, kind)
        yield conversion("ml_dtypes", f"f32 to {kind}", bench,
                         lambda to=to: x.astype(to),
                         lambda to=to, kind=kind: np.array_equal(
                             our_codes(kind, x).view(np.uint8),
                             x.astype(to).view(np.uint8)))
    codes = x.astype(ml_dtypes.float8_e4m3fn)
    yield conversion("ml_dtypes", "float8_e4m3fn to f32", "from-e4m3",
                     lambda: codes.astype(np.float32))


def torch_jobs(x):
    t = torch.from_numpy(x)
    for kind, bench in (("float8_e4m3fn", "to-e4m3"),
                        ("float8_e5m2", "to-e5m2"), ("bfloat16", "to-bf16"),
                        ("float16", "to-f16")):
        to = getattr(torch, kind)
        yield conversion("torch", f"f32 to {kind}", bench,
                         lambda to=to: t.to(to))
    codes = t.to(torch.float8_e4m3fn)
    yield conversion("torch", "float8_e4m3fn to f32", "from-e4m3",
                     lambda: codes.to(torch.float32))


def torchao_jobs(x):
    from torchao.prototype.custom_fp_utils import _f32_to_floatx_unpacked
    from torchao.prototype.mx_formats import mx_tensor, nvfp4_tensor
    t = torch.from_numpy(x).reshape(-1, 4096)
    yield conversion("torchao", "f32 to MXFP8 with scales", "mxfp8",
                     lambda: mx_tensor.to_mx(t, torch.float8_e4m3fn, 32))
    yield conversion("torchao", "f32 to MXFP4 with scales", "mxfp4",
                     lambda: mx_tensor.to_mx(t, torch.float4_e2m1fn_x2, 32))
    yield conversion("torchao", "f32 to NVFP4 with scales", "nvfp4",
                     lambda: nvfp4_tensor.nvfp4_quantize(t, 16))
    yield conversion("torchao", "f32 to E2M1", "to-e2m1",
                     lambda: _f32_to_floatx_unpacked(t, 2, 1))
    yield conversion("torchao", "f32 to E3M2", "to-e3m2",
                     lambda: _f32_to_floatx_unpacked(t, 3, 2))


def gfloat_jobs(x):
    small = x[:N // 16].astype(np.float64)
    for info, bench in ((gfloat.formats.format_info_ocp_e4m3, "round-e4m3"),
                        (gfloat.formats.format_info_ocp_e5m2, "to-e5m2")):
        yield conversion("gfloat", f"rounded to {info.name}", bench,
                         lambda info=info: gfloat.round_ndarray(info, small),
                         units=4 * len(small))
    e4m3 = gfloat.formats.format_info_ocp_e4m3

    def codes():
        return gfloat.encode_ndarray(e4m3, gfloat.round_ndarray(e4m3, small))
    yield conversion("gfloat", "codes of ocp_e4m3", "to-e4m3", codes,
                     units=4 * len(small))


def gguf_jobs(x):
    rows = x[:N // 4].reshape(-1, 4096)
    kinds = gguf.GGMLQuantizationType
    for kind, bench in ((kinds.MXFP4, "mxfp4"), (kinds.BF16, "to-bf16")):
        yield conversion("gguf", f"f32 to ggml's {kind.name}", bench,
                         lambda kind=kind: gguf.quants.quantize(rows, kind),
                         units=4 * rows.size)


def ggml_jobs(x):
    if not options.ggml:
        print("bench.py: no --ggml LIBRARY: ggml's own code is skipped",
              file=sys.stderr)
        return
    lib = ctypes.CDLL(options.ggml)
    out = np.empty(8 * N, dtype=np.uint8)

    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)
    for function, job, bench in (
            ("quantize_row_mxfp4_ref", "f32 to MXFP4", "mxfp4"),
            ("ggml_fp32_to_fp16_row", "f32 to f16", "to-f16"),
            ("ggml_fp32_to_bf16_row", "f32 to BF16", "to-bf16")):
        call = getattr(lib, function)
        call.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
        call.restype = None
        yield conversion("ggml", job, bench, lambda call=call: call(
            pointer(x), pointer(out), N))


def cpfloat_jobs(x):
    if not options.cpfloat:
        print("bench.py: no --cpfloat: CPFloat is skipped", file=sys.stderr)
        return

    x = np.tile(x, OURS // N)  # both beyond the caches, or neither

    def run():
        return subprocess.run(
            [options.cpfloat, str(OURS), "5"], input=x.tobytes(), check=True,
            capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

    def seconds():
        return float(run().stderr)

    def check():
        got = np.frombuffer(run().stdout, np.float32)
        want = np.clip(x, -448, 448).astype(ml_dtypes.float8_e4m3fn)
        return np.array_equal(got, want.astype(np.float32))
    yield conversion("cpfloat", "f32 rounded to values of E4M3", "round-e4m3",
                     None, check, units=4 * OURS, seconds=seconds)
    yield conversion("cpfloat", "the same, against ours to codes", "to-e4m3",
                     None, None, units=4 * OURS, seconds=seconds)


def jobs():
    rng = np.random.default_rng(1)
    yield from product_jobs(rng)
    x = rng.standard_normal(N, dtype=np.float32)
    for group in (ml_dtypes_jobs, torch_jobs, torchao_jobs, gfloat_jobs,
                  gguf_jobs, ggml_jobs, cpfloat_jobs):
        yield from group(x)


# ---- rows -------------------------------------------------------------------

COLUMNS = ["peer", "version", "job", "bench", "threads", "unit", "peer_shape",
           "our_shape", "peer_value", "our_value", "ratio", "ratio_low",
           "ratio_high", "rounds", "same"]


def version(peer):
    try:
        return importlib.metadata.version(peer)
    except importlib.metadata.PackageNotFoundError:
        return options.cpfloat_version if peer == "cpfloat" else ""


def measure(job):
    torch.set_num_threads(job.threads)
    same = "" if job.check is None else "yes" if job.check() else "no"
    job.peer_value()  # warm-up
    theirs, mine = [], []
    for _ in range(options.rounds):
        theirs.append(job.peer_value())
        value, shape = job.our_value()
        mine.append(value)
    ratios = np.array(mine) / np.array(theirs)
    return [job.peer, version(job.peer), job.job, job.bench, job.threads,
            job.unit, job.shape, shape,
            *(f"{v:.4g}" for v in (np.median(theirs), np.median(mine),
                                   np.median(ratios), ratios.min(),
                                   ratios.max())),
            options.rounds, same]


def main():
    out = open(options.out, "w", newline="") if options.out else sys.stdout
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for job in jobs():
        if options.only in job.peer or options.only in job.job:
            table.writerow(measure(job))
            out.flush()


main()
