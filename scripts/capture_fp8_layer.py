#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seven matrix products of one layer of the reference model in FP8, as
torch._scaled_mm computes them on a GPU.

  capture_fp8_layer.py --model DIR --text FILE --out DIR [--layer 3]

The layer's real inputs for the first 256 bytes of the text after byte 0 (f32
forward), and its weights, each quantized to float8_e4m3fn with one scale
(amax / 448 in f32, which PyTorch on a GPU makes amax times the f32 nearest to
1/448; x / scale rounded to nearest even and saturated). Outputs
in f32 and bf16, with use_fast_accum and without. Writes

  layer.safetensors   per projection P: P.a [256, K] and P.b [N, K] (F8_E4M3),
                      P.scale_a, P.scale_b (F32), and of each output the rows
                      that KEEP names: P.d.f32.fast, P.d.f32.slow (F32)
  digests.tsv         SHA-256 of every whole output, row-major, little-endian,
                      and the kernel that ran; bf16 outputs too
  provenance.txt      GPU, driver, versions, date
"""
import argparse
import hashlib
import json
import os
import struct
import subprocess
import time

import torch

import train_reference_model as reference

PLACES = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
          "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj",
          "mlp.down_proj"]
TOKENS = 256
KEEP = slice(0, TOKENS, 8)
DTYPES = {torch.float8_e4m3fn: "F8_E4M3", torch.float32: "F32"}


def raw(t):
    return t.contiguous().cpu().view(torch.uint8).numpy().tobytes()


def write(path, tensors):
    header, blob, at = {}, [], 0
    for name, t in tensors.items():
        data = raw(t)
        header[name] = {"dtype": DTYPES[t.dtype], "shape": list(t.shape),
                        "data_offsets": [at, at + len(data)]}
        at += len(data)
        blob.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blob))


def quantize(x):
    scale = (x.abs().max() / 448.0).float().reshape(1)
    return (x / scale).clamp(-448, 448).to(torch.float8_e4m3fn), scale


@torch.no_grad()
def inputs(args, device):
    """{place: (activations [256, K], weights [N, K])}, f32."""
    model = reference.load(args.model).to(device)
    text = reference.read_bytes(args.text)[:TOKENS - 1].long()
    tokens = torch.cat((torch.zeros(1, dtype=torch.long), text)).to(device)
    layer, found = model.model.layers[args.layer], {}
    for place in PLACES:
        module = layer.get_submodule(place)
        module.register_forward_hook(
            lambda m, x, y, place=place: found.__setitem__(
                place, (x[0][0], m.weight)))
    cos, sin = model.rotary(TOKENS, model.model.embed_tokens.weight)
    model(tokens[None], cos, sin)
    return found


def product(a, b, sa, sb, dtype, fast):
    return torch._scaled_mm(a, b.t(), scale_a=sa, scale_b=sb,
                            out_dtype=dtype, use_fast_accum=fast)


def kernels(call):
    """What the profiler saw run, on a GPU."""
    if not torch.cuda.is_available():
        return "-"
    with torch.profiler.profile(
            activities=[torch.profiler.ProfilerActivity.CUDA]) as p:
        call()
        torch.cuda.synchronize()
    return " ".join(e.key for e in p.key_averages()
                    if e.key.startswith(("nvjet", "cutlass", "sm90"))) or "-"


def provenance():
    try:
        card = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version",
             "--format=csv,noheader"], capture_output=True, text=True,
            check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as e:
        card = f"nvidia-smi: {e}"
    pip = subprocess.run(["python3", "-m", "pip", "list"],
                         capture_output=True, text=True).stdout
    libraries = [" ".join(x.split()) for x in pip.splitlines()
                 if x.startswith(("nvidia-cublas", "torch "))]
    return "\n".join([f"GPU, driver: {card}",
                      f"torch {torch.__version__}, CUDA {torch.version.cuda}",
                      *libraries,
                      time.strftime("%Y-%m-%d", time.gmtime())]) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--layer", type=int, default=3)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    torch.set_float32_matmul_precision("highest")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tensors, rows = {}, []
    for place, (x, w) in inputs(args, device).items():
        name = place.split(".")[1]
        (a, sa), (b, sb) = quantize(x), quantize(w)
        tensors.update({f"{name}.a": a, f"{name}.b": b,
                        f"{name}.scale_a": sa, f"{name}.scale_b": sb})
        for dtype in (torch.float32, torch.bfloat16):
            for fast in (True, False):
                kind = str(dtype).replace("torch.", "")
                speed = "fast" if fast else "slow"
                try:
                    d = product(a, b, sa, sb, dtype, fast)
                    ran = kernels(lambda: product(a, b, sa, sb, dtype, fast))
                    digest = hashlib.sha256(raw(d)).hexdigest()
                    again = raw(product(a, b, sa, sb, dtype, fast)) == raw(d)
                    if dtype == torch.float32:
                        tensors[f"{name}.d.f32.{speed}"] = d[KEEP]
                except (RuntimeError, ValueError, NotImplementedError) as e:
                    digest, again = "-", "-"
                    ran = " ".join(str(e).split())[:200]
                rows.append([name, TOKENS, w.shape[0], w.shape[1], kind,
                             speed, digest, again, ran])
    with open(os.path.join(args.out, "digests.tsv"), "w") as f:
        f.write("projection\tm\tn\tk\toutput\taccumulation\tsha256\t"
                "repeats\tkernel\n")
        for row in rows:
            f.write("\t".join(map(str, row)) + "\n")
    write(os.path.join(args.out, "layer.safetensors"), tensors)
    with open(os.path.join(args.out, "provenance.txt"), "w") as f:
        f.write(provenance())
    for row in rows:
        print(*row[:6], row[6][:16], *row[7:])


if __name__ == "__main__":
    main()
