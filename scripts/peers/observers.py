#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observers: PyTorch's, and Transformer Engine's delayed scaling, against ours.

usage: observers.py [--build DIR] [--elements N] [--seed S]
                    [--transformer-engine DIR]

DIR (default: .) is a build directory with the program `ulplab`.  N (default
10^7) random elements in batches go through `ulplab calibrate` and the peer's
observer; scales and zero points are compared bit by bit, then the codes of
`ulplab quantize --use-scales` with torch.quantize_per_tensor's.  Delayed
scaling is the code of a source tree of Transformer Engine, if one is given:
its Python on the CPU, every step's scale.  HistogramObserver is an algorithm
of its own (2048 linear bins that are resampled as the range grows, a greedy
search); ours is another, so what is printed is the error that each leaves.
Exit 1 when something differs.
"""
import argparse
import ast
import csv
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import warnings

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--elements", type=int, default=10**7)
parser.add_argument("--seed", type=int, default=4)
parser.add_argument("--transformer-engine")
options = parser.parse_args()
peers.enter(options.build, ["numpy", "torch"])

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.ao.quantization import observer as torch_observers  # noqa: E402

warnings.simplefilter("ignore")
ULPLAB = os.path.abspath(os.path.join(options.build, "ulplab"))
BATCHES, ROWS = 20, 64
COLS = max(1, options.elements // (BATCHES * ROWS))
generator = np.random.default_rng(options.seed)
folder = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(folder.name, name)


def batches(kind):
    """Arrays whose ranges differ from batch to batch."""
    for i in range(BATCHES):
        shape = (ROWS, COLS)
        x = {"gaussian": generator.standard_normal,
             "heavy": lambda s: generator.standard_t(2, s),
             "positive": lambda s: 3 + generator.random(s),
             "tiny": lambda s: 1e-7 * generator.standard_normal(s),
             "wide": lambda s: np.exp(20 * generator.standard_normal(s)),
             "special": generator.standard_normal}[kind](shape)
        x = (x * 2.0**generator.integers(-3, 4)).astype(np.float32)
        if kind == "special" and i == 7:
            x[1, 0], x[2, 0], x[3, 0] = np.inf, -np.inf, 0
        yield x


def save(arrays):
    names = [path(f"{i}.npy") for i in range(len(arrays))]
    for name, array in zip(names, arrays):
        np.save(name, array)
    return names


def calibrate(spec, observer, names, affine, *more):
    outputs = ["--scales", path("s.npy")]
    if affine:
        outputs += ["--zero-points", path("z.npy")]
    subprocess.run([ULPLAB, "calibrate", "--to", spec, "--observer", observer,
                    *outputs, *more, *names], check=True)
    scales = np.load(path("s.npy")).reshape(-1)
    zeros = np.load(path("z.npy")).reshape(-1) if affine else None
    return scales, np.zeros(len(scales), "i4") if zeros is None else zeros


def differing(ours, theirs):
    """How many scales or zero points differ; one NaN is like another."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    return int((~same).sum())


def codes(name, spec, affine, x, scale, zero, dtype):
    """Codes that differ from torch.quantize_per_tensor's."""
    given = ["--use-scales", path("s.npy")]
    if affine:
        given += ["--use-zero-points", path("z.npy")]
    subprocess.run([ULPLAB, "quantize", "--to", spec, "--in", name, "--out",
                    path("q.npy"), *given], check=True)
    theirs = torch.quantize_per_tensor(torch.tensor(x), float(scale),
                                       int(zero), dtype)
    return int((np.load(path("q.npy")) != theirs.int_repr().numpy()).sum())


TENSOR = [("int8@pytorch", torch.qint8, torch.per_tensor_symmetric),
          ("int8-affine@pytorch", torch.qint8, torch.per_tensor_affine),
          ("uint8-affine@pytorch", torch.quint8, torch.per_tensor_affine)]
CHANNEL = {torch.per_tensor_symmetric: torch.per_channel_symmetric,
           torch.per_tensor_affine: torch.per_channel_affine}
CONSTANTS = [0.01, 0.1, 0.5, 1]


def peers_of(dtype, scheme):
    """Name, our observer, our options, theirs."""
    o = torch_observers
    yield "MinMaxObserver", "minmax", [], o.MinMaxObserver(dtype, scheme)
    for c in CONSTANTS:
        yield (f"MovingAverageMinMaxObserver {c}", f"average:{c}", [],
               o.MovingAverageMinMaxObserver(c, dtype, scheme))
    for axis in (0, 1):
        more = ["--granularity", "channel", "--axis", str(axis)]
        yield (f"PerChannelMinMaxObserver {axis}", "minmax", more,
               o.PerChannelMinMaxObserver(axis, dtype, CHANNEL[scheme]))
        yield (f"MovingAveragePerChannelMinMax {axis}", "average:0.01", more,
               o.MovingAveragePerChannelMinMaxObserver(
                   0.01, axis, dtype, CHANNEL[scheme]))


def compare(kind):
    arrays = list(batches(kind))
    names = save(arrays)
    total = 0
    for spec, dtype, scheme in TENSOR:
        affine = "affine" in spec
        for name, observer, more, theirs in peers_of(dtype, scheme):
            for x in arrays:
                theirs(torch.tensor(x))
            scale, zero = (t.numpy() for t in theirs.calculate_qparams())
            ours = calibrate(spec, observer, names, affine, *more)
            # Beside a scale that is no number theirs is a NaN cast to int,
            # which C++ leaves undefined; ours is 0.
            zero = np.where(np.isfinite(scale), zero, ours[1])
            bad = [differing(ours[0], scale),
                   differing(ours[1], zero.astype("i4"))]
            if not more and np.isfinite(scale).all():
                bad.append(codes(names[0], spec, affine, arrays[0], scale[0],
                                 zero[0], dtype))
            print(f"{kind:10}{spec:22}{name:35}{len(scale):>8} {bad}")
            sys.stdout.flush()
            total += sum(bad)
    return total


def error(x, scale):
    """Mean squared error of int8 at this scale."""
    q = np.clip(np.rint(x / scale), -128, 127) * scale
    return float(((q - x)**2).mean())


def histograms(kind):
    """Not compared: the algorithms differ."""
    arrays = list(batches(kind))
    names = save(arrays)
    theirs = torch_observers.HistogramObserver(
        dtype=torch.qint8, qscheme=torch.per_tensor_symmetric)
    for x in arrays:
        theirs(torch.tensor(x))
    x = np.concatenate(arrays).astype(np.float64)
    scale = float(theirs.calculate_qparams()[0][0])
    print(f"{kind:10}HistogramObserver: scale {scale:.6g}, mean squared error "
          f"{error(x, scale):.6g}")
    for observer in ("minmax", "percentile:99.99", "mse"):
        scale = float(calibrate("int8@pytorch", observer, names, False)[0][0])
        print(f"{kind:10}{observer}: scale {scale:.6g}, mean squared error "
              f"{error(x, scale):.6g}")


# ---- Transformer Engine ------------------------------------------------------


def functions(tree):
    """TE's own functions, without the package, which needs a GPU."""
    source = os.path.join(tree, "transformer_engine/pytorch/quantization.py")
    wanted = ("_update_amax_history", "_default_get_amax_and_update_history",
              "_default_sf_compute")
    with open(source, encoding="utf-8") as file:
        nodes = ast.parse(file.read()).body
    nodes = [n for n in nodes
             if isinstance(n, ast.FunctionDef) and n.name in wanted]
    for node in nodes:
        node.decorator_list = []
    space = {"torch": torch}
    exec("from typing import Tuple", space)
    exec(compile(ast.Module(nodes, []), source, "exec"), space)
    return space


def amaxes():
    """Amaxes of a training run with accidents: zeros, Inf, NaN, tiny ones."""
    a = np.exp(3 * generator.standard_normal(300)).astype(np.float32)
    for value, share in ((0, .2), (np.inf, .05), (np.nan, .05), (1e-40, .05)):
        a[generator.random(300) < share] = value
    return a


def unfused(te, a, length, algorithm, margin, top):
    history = torch.zeros(length, 1)
    scale = torch.ones(1)
    for amax in a:
        history[0] = float(amax)
        history, window = te["_default_get_amax_and_update_history"](
            history, algorithm)
        scale = te["_default_sf_compute"](window, scale, top, margin)
        yield scale.item()


def fused(a, length, algorithm, margin, top):
    """delayed_scaling.cu's kernel_bulk, transcribed: it needs a GPU."""
    history, scale = np.zeros(length, np.float32), np.float32(1)
    for amax in a:
        if amax != 0:
            history = np.append(history[1:], amax)
            window = amax if algorithm == "most_recent" else np.fmax.reduce(
                history, initial=np.float32(0))
            if np.isfinite(window) and window > 0:
                scale = np.float32(top * 2.0**-margin) / window
            if np.isinf(scale):
                scale = np.finfo(np.float32).max
        yield float(scale)


def history(spec, observer, names):
    calibrate(spec, observer, names, False, "--history", path("h.csv"))
    with open(path("h.csv"), encoding="utf-8") as file:
        return [float(row["next"]) for row in csv.DictReader(file)]


def delayed(te):
    a = amaxes()
    names = save([np.array([-v, v / 2], dtype=np.float32) for v in a])
    total = 0
    for element, top in (("", 448), ("_e5m2", 57344)):
        for length in (1, 4, 31, 1024):
            for end in ("max:0", "most_recent:0", "max:2"):
                algorithm, margin = end.split(":")
                rest = (a, length, algorithm, int(margin), top)
                for name, profile, theirs in (
                        ("delayed", "te", fused(*rest)),
                        ("delayed-unfused", "te-unfused", unfused(te, *rest))):
                    spec = f"fp8-delayed{element}@{profile}/over=all"
                    observer = f"{name}:{length}:{end}"
                    ours = history(spec, observer, names)
                    theirs = list(theirs)
                    bad = sum(x != y for x, y in zip(ours, theirs))
                    print(f"{spec:38}{observer:32}{len(theirs):>5} [{bad}]")
                    sys.stdout.flush()
                    total += bad
    return total


def main():
    for package in ("torch", "numpy"):
        print(package, importlib.metadata.version(package))
    print(f"{BATCHES} batches of {ROWS}x{COLS}, seed {options.seed}\n"
          "scales that differ, zero points, codes of the first batch")
    total = 0
    for kind in ("gaussian", "heavy", "positive", "tiny", "wide", "special"):
        total += compare(kind)
    for kind in ("gaussian", "heavy"):
        histograms(kind)
    if options.transformer_engine:
        total += delayed(functions(options.transformer_engine))
    print(f"{total} differ")
    return total != 0


sys.exit(main())
