#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that `ulplab quantize` writes, read and written again by safetensors.

usage: safetensors_files.py [--build DIR] [--seed S]

DIR (default: .) is a build directory with the program `ulplab`.  A file of
tensors of every dtype that the package safetensors writes from torch goes
through `ulplab quantize` by several quantizers.  The package must read the
result; what it saves of the same tensors must be the same bytes (but for the
order of __metadata__, which it does not define); and codes times scales, as
torch computes them, must be `--dequant`'s values, where the quantizer's
decoding is that product, and `ulplab dequantize`'s.  One line a comparison;
exit 1 when something differs.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--seed", type=int, default=5)
options = parser.parse_args()
peers.enter(options.build, ["numpy", "torch", "safetensors"])

import torch  # noqa: E402
from safetensors import safe_open  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

ULPLAB = os.path.abspath(os.path.join(options.build, "ulplab"))
folder = tempfile.TemporaryDirectory()
E2M1 = torch.tensor([0, .5, 1, 1.5, 2, 3, 4, 6])
E2M1 = torch.cat([E2M1, -E2M1])

# Options of quantize; the elements that share a scale along the last
# dimension (0: the tensor; -1: codes times scale is not how it decodes).
CASES = [("mxfp8", 32), ("mxfp4@torchao", 32), ("mxfp8_e5m2", 32),
         ("nvfp4@te", -1), ("e2m1/g=group:16/scale=e4m3", 16),
         ("e4m3", 0), ("e5m2fnuz/g=group:8", 8), ("e4m3fnuz", 0),
         ("int8/g=group:64/scale=bf16", 64), ("int4/g=group:128", 128),
         ("e2m3/g=group:32/scale=e8m0", 32), ("uint8/rule=minmax", -1),
         ("nf4@bitsandbytes", -1), ("f16/raw=", 0), ("bf16/g=token", -1)]


def path(name):
    return os.path.join(folder.name, name + ".safetensors")


def parse(name):
    """The header, with its order, and the data of a file."""
    with open(path(name), "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        text = file.read(length)
        data = file.read()
    header = json.loads(text)
    return header.pop("__metadata__", None), list(header.items()), data, length


def read(name):
    with safe_open(path(name), "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, \
            file.metadata()


def write_model():
    torch.manual_seed(options.seed)
    tensors = {"norm": torch.randn(64), "token": torch.randn(1000, 256),
               "conv.weight": torch.randn(8, 4, 3, 128, dtype=torch.float64),
               "odd": torch.randn(4, 129 * 2), "half": torch.randn(128, 128),
               "empty": torch.zeros(0, 128), "scalar": torch.tensor(2.0)}
    tensors["half"] = tensors["half"].half()
    tensors["wide"] = torch.randn(96, 384).bfloat16()
    kinds = ["bool", "uint8", "int8", "int16", "uint16", "int32", "uint32",
             "int64", "uint64", "float8_e4m3fn", "float8_e5m2",
             "float8_e8m0fnu", "float8_e4m3fnuz", "float8_e5m2fnuz"]
    for i, kind in enumerate(kinds):
        bits = torch.randint(0, 2, (3, 8 + i), dtype=torch.uint8)
        tensors[f"other.{kind}"] = bits.to(getattr(torch, kind))
    save_file(tensors, path("model"), {"format": "pt", "é": "\"\n\x01"})


def codes(tensor):
    """The values of a tensor of codes."""
    if tensor.dtype == torch.float4_e2m1fn_x2:
        pairs = tensor.view(torch.uint8)
        pairs = torch.stack([pairs & 15, pairs >> 4], -1).long()
        return E2M1[pairs].reshape(*tensor.shape[:-1], -1)
    return tensor.float()


def product(tensors, name, group):
    value = codes(tensors[name])
    scale = tensors.get(name + ".scale", torch.tensor(1.0)).float()
    if group > 0:
        scale = scale.repeat_interleave(group, -1)[..., :value.shape[-1]]
    return value * scale


def differing(a, b):
    return int((a.view(torch.int32) != b.view(torch.int32)).sum())


def compare(spec, group):
    """Lists what differs."""
    found = []
    run = [ULPLAB, "quantize", "--to", spec, "--in", path("model"), "--out",
           path("q"), "--dequant", path("y")]
    if "torchao" in spec:
        run += ["--except", "odd"]
    subprocess.run(run, check=True)
    subprocess.run([ULPLAB, "dequantize", "--from-metadata", "--in",
                    path("q"), "--out", path("z")], check=True)
    with open(path("y"), "rb") as y, open(path("z"), "rb") as z:
        if y.read() != z.read():
            found.append("dequantize and --dequant")
    for name in ("q", "y"):
        if not all(e["data_offsets"][0] % width(e["dtype"]) == 0
                   for _, e in parse(name)[1]):
            found.append(f"{name} is not aligned")
        if name == "q" and any(e["dtype"].startswith("F6")
                               for _, e in parse(name)[1]):
            continue  # torch has no such dtype
        tensors, metadata = read(name)
        save_file(tensors, path("again"), metadata)
        if parse(name) != parse("again"):
            found.append(f"{name} saved again")
    if group >= 0 and not spec.startswith("e2m3"):
        q, y = read("q")[0], read("y")[0]
        for key in y:
            if y[key].dtype == torch.float32 and "F6" not in spec and \
                    q[key].dtype not in (torch.float32, torch.float64) and \
                    y[key].numel() and not key.startswith("other"):
                wrong = differing(y[key], product(q, key, group))
                if wrong:
                    found.append(f"{wrong} values of {key}")
    return found


def width(dtype):
    return {"64": 8, "32": 4, "16": 2}.get(dtype[-2:], 1)


def main():
    write_model()
    total = 0
    for spec, group in CASES:
        found = compare(spec, group)
        print(f"{spec:32} {'; '.join(found) or 'the same'}")
        sys.stdout.flush()
        total += len(found)
    return total != 0


sys.exit(main())
