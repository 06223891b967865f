#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains the reference model: a byte-level Llama (RMSNorm, rotary positions,
grouped-query attention, SwiGLU, head tied to the embedding), a token a byte.
Byte 0 never stands in the text: it is the token before a document.

  train_reference_model.py train --corpus DIR --out DIR [--seconds 420]
      DIR/train.bin, valid.bin and heldout.txt of scripts/prepare_corpus.py;
      writes config.json, model.safetensors (BF16, names of Hugging Face),
      training.csv and run.json.  --steps and --long-steps instead of --seconds
      repeat a run whose numbers run.json holds.
  train_reference_model.py evaluate --model DIR --text FILE [--context 1024]
      bits per byte: the text in windows of `context` bytes, each predicted
      after byte 0 and the bytes of its window before it, nothing else; the
      BF16 weights as they are stored, arithmetic in f32 (--dtype float64)

Needs PyTorch alone. Master weights, norms, softmax and the residual stream are
f32; matrix products and attention BF16 by autocast. AdamW, a warm-up and one
cosine over both phases: windows of 1024 bytes first, then of 8192, so that the
model has seen positions that far. The seed fixes first weights and data; the
sums of a GPU's backward passes need not come in one order.
"""
import argparse
import json
import math
import os
import struct
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 256,
    "hidden_size": 256,
    "intermediate_size": 640,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 32,
    "hidden_act": "silu",
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "rope_scaling": None,
    "attention_bias": False,
    "mlp_bias": False,
    "attention_dropout": 0.0,
    "tie_word_embeddings": True,
    "initializer_range": 0.02,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "use_cache": True,
    "torch_dtype": "bfloat16",
}


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True)
                               + self.eps) * self.weight


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.size = c["head_dim"]
        q = c["num_attention_heads"] * self.size
        kv = c["num_key_value_heads"] * self.size
        self.group = c["num_attention_heads"] // c["num_key_value_heads"]
        self.q_proj = nn.Linear(c["hidden_size"], q, bias=False)
        self.k_proj = nn.Linear(c["hidden_size"], kv, bias=False)
        self.v_proj = nn.Linear(c["hidden_size"], kv, bias=False)
        self.o_proj = nn.Linear(q, c["hidden_size"], bias=False)

    def heads(self, x):
        return x.unflatten(-1, (-1, self.size)).transpose(1, 2)

    def forward(self, x, cos, sin):
        q, k = self.heads(self.q_proj(x)), self.heads(self.k_proj(x))
        v = self.heads(self.v_proj(x))
        q, k = rotate(q, cos, sin).to(v.dtype), rotate(k, cos, sin).to(v.dtype)
        k = k.repeat_interleave(self.group, dim=1)
        v = v.repeat_interleave(self.group, dim=1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        h, i = c["hidden_size"], c["intermediate_size"]
        self.gate_proj = nn.Linear(h, i, bias=False)
        self.up_proj = nn.Linear(h, i, bias=False)
        self.down_proj = nn.Linear(i, h, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RMSNorm(c["hidden_size"],
                                                c["rms_norm_eps"])
        self.mlp = MLP(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Body(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.layers = nn.ModuleList(
            Layer(c) for _ in range(c["num_hidden_layers"]))
        self.norm = RMSNorm(c["hidden_size"], c["rms_norm_eps"])


class Llama(nn.Module):
    """The names of the parameters are those of Hugging Face's checkpoints."""

    def __init__(self, c):
        super().__init__()
        self.config = c
        self.model = Body(c)

    def rotary(self, length, like):
        size = self.config["head_dim"]
        step = torch.arange(0, size, 2, dtype=torch.float64) / size
        angle = torch.outer(torch.arange(length, dtype=torch.float64),
                            self.config["rope_theta"] ** -step)
        angle = torch.cat((angle, angle), dim=-1)
        return angle.cos().to(like), angle.sin().to(like)

    def forward(self, tokens, cos, sin):
        x = self.model.embed_tokens(tokens)
        for layer in self.model.layers:
            x = layer(x, cos, sin)
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)

    def initialize(self, generator):
        std = self.config["initializer_range"]
        depth = math.sqrt(2 * self.config["num_hidden_layers"])
        for name, p in self.named_parameters():
            if p.dim() == 2:
                out = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(p, std=std / depth if out else std,
                                generator=generator)


def save(model, folder):
    """Header, then the tensors: the .safetensors layout."""
    header, blob, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, p in sorted(model.state_dict().items()):
        data = p.detach().cpu().to(torch.bfloat16).contiguous()
        data = data.view(torch.int16).numpy().tobytes()
        header[name] = {"dtype": "BF16", "shape": list(p.shape),
                        "data_offsets": [at, at + len(data)]}
        at += len(data)
        blob.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(folder, "model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blob))
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(model.config, f, indent=2)
        f.write("\n")


def load(folder):
    with open(os.path.join(folder, "config.json")) as f:
        model = Llama(json.load(f))
    with open(os.path.join(folder, "model.safetensors"), "rb") as f:
        length, = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length))
        data = bytearray(f.read())
    state = {}
    for name, row in header.items():
        if name != "__metadata__":
            a, b = row["data_offsets"]
            state[name] = torch.frombuffer(
                data[a:b], dtype=torch.bfloat16).reshape(row["shape"]).float()
    model.load_state_dict(state)
    return model


def read_bytes(path):
    with open(path, "rb") as f:
        return torch.frombuffer(bytearray(f.read()), dtype=torch.uint8)


@torch.no_grad()
def bits_per_byte(model, text, context, batch=16, limit=None):
    """Of the whole text: the last window may be shorter."""
    weight = model.model.embed_tokens.weight
    cos, sin = model.rotary(context, weight)
    total, count = 0.0, 0
    windows = list(text.split(context))[:limit]
    full = [w for w in windows if len(w) == context]
    groups = [torch.stack(full[i:i + batch])
              for i in range(0, len(full), batch)]
    groups += [w[None] for w in windows if len(w) != context]
    for group in groups:
        target = group.to(weight.device).long()
        tokens = F.pad(target[:, :-1], (1, 0))
        n = target.shape[1]
        logits = model(tokens, cos[:n], sin[:n])
        loss = F.cross_entropy(logits.flatten(0, 1).double(),
                               target.flatten(), reduction="sum")
        total += loss.item()
        count += target.numel()
    return total / count / math.log(2)


class Trainer:
    def __init__(self, args):
        self.args = args
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        c = dict(CONFIG)
        if args.tiny:
            c.update(hidden_size=64, intermediate_size=128, head_dim=16,
                     num_hidden_layers=2, num_attention_heads=4,
                     num_key_value_heads=2)
        self.model = Llama(c)
        self.model.initialize(torch.Generator().manual_seed(args.seed))
        self.model.to(self.device)
        self.data = read_bytes(os.path.join(args.corpus, "train.bin"))
        self.valid = read_bytes(os.path.join(args.corpus, "valid.bin"))
        self.data = self.data.to(self.device)
        self.generator = torch.Generator(self.device).manual_seed(args.seed)
        matrices = [p for n, p in self.model.named_parameters()
                    if p.dim() == 2 and "embed" not in n]
        others = [p for n, p in self.model.named_parameters()
                  if p.dim() != 2 or "embed" in n]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": args.weight_decay},
             {"params": others, "weight_decay": 0.0}],
            lr=args.rate, betas=(0.9, 0.95), eps=1e-8,
            fused=self.device == "cuda")
        self.step_loss = self.loss
        if self.device == "cuda":
            self.step_loss = torch.compile(self.loss, dynamic=False)
        self.tables = {}

    def loss(self, tokens, cos, sin):
        with torch.autocast(self.device, dtype=torch.bfloat16):
            logits = self.model(tokens[:, :-1], cos, sin)
        return F.cross_entropy(logits.float().flatten(0, 1),
                               tokens[:, 1:].flatten())

    def backward(self, context, generator):
        if context not in self.tables:
            self.tables[context] = self.model.rotary(
                context, self.model.model.embed_tokens.weight)
        rows = self.args.tokens // context
        start = torch.randint(len(self.data) - context - 1, (rows, 1),
                              device=self.device, generator=generator)
        at = torch.arange(context + 1, device=self.device)
        loss = self.step_loss(self.data[start + at].long(),
                              *self.tables[context])
        loss.backward()
        return loss.detach()

    def seconds_a_step(self, context):
        """Compiles, then times steps that change nothing."""
        generator = torch.Generator(self.device).manual_seed(0)
        for part in range(2):
            begin = time.time()
            for _ in range(4 if part == 0 else 25):
                loss = self.backward(context, generator)
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.zero_grad()
            loss.item()
        return (time.time() - begin) / 25

    def plan(self):
        """(context, steps) of each phase."""
        a = self.args
        if a.seconds is None:
            return [(a.context, a.steps), (a.long_context, a.long_steps)]
        begin = time.time()
        short = self.seconds_a_step(a.context)
        long = self.seconds_a_step(a.long_context)
        left = a.seconds - (time.time() - begin)
        print(f"{short:.4f} s a step of {a.context}, {long:.4f} s of "
              f"{a.long_context}, {left:.0f} s left", flush=True)
        # A sixth of the time for long windows; 7 % for validation, the
        # optimizer and what else was not timed.
        left *= 0.93
        return [(a.context, max(1, int(left * 5 / 6 / short))),
                (a.long_context, max(1, int(left / 6 / long)))]

    def rate(self, step, steps):
        if step < self.args.warmup:
            return (step + 1) / self.args.warmup
        x = (step - self.args.warmup) / max(1, steps - self.args.warmup)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * x))

    def run(self):
        phases = self.plan()
        steps = sum(n for _, n in phases)
        torch.set_float32_matmul_precision("highest")
        log = open(os.path.join(self.args.out, "training.csv"), "w")
        log.write("step,bytes,context,seconds,rate,train_bpb,valid_bpb\n")
        begin, step, sum_loss, count, seen = time.time(), 0, 0.0, 0, 0
        for context, n in phases:
            for _ in range(n):
                rate = self.args.rate * self.rate(step, steps)
                for group in self.optimizer.param_groups:
                    group["lr"] = rate
                loss = self.backward(context, self.generator)
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.step()
                self.optimizer.zero_grad()
                sum_loss = sum_loss + loss
                count += 1
                step += 1
                seen += self.args.tokens
                if step % self.args.every and step != steps:
                    continue
                train = float(sum_loss) / count / math.log(2)
                valid = bits_per_byte(self.model, self.valid, 1024,
                                      limit=128)
                log.write(f"{step},{seen},{context},"
                          f"{time.time() - begin:.1f},{rate:.3e},"
                          f"{train:.4f},{valid:.4f}\n")
                log.flush()
                print(f"step {step}/{steps} {train:.4f} {valid:.4f} "
                      f"{time.time() - begin:.0f} s", flush=True)
                sum_loss, count = 0.0, 0
                if not math.isfinite(train):
                    sys.exit("the loss is not finite")
        log.close()
        save(self.model, self.args.out)
        self.report(phases, time.time() - begin)

    def report(self, phases, seconds):
        a = self.args
        model = load(a.out).to(self.device)
        text = read_bytes(os.path.join(a.corpus, "heldout.txt"))
        rows = {
            "seed": a.seed, "steps": phases[0][1],
            "long_steps": phases[1][1], "context": a.context,
            "long_context": a.long_context, "tokens_a_step": a.tokens,
            "rate": a.rate, "warmup": a.warmup,
            "weight_decay": a.weight_decay, "betas": [0.9, 0.95],
            "clip": 1.0, "train_bytes": len(self.data),
            "valid_bytes": len(self.valid), "heldout_bytes": len(text),
            "parameters": sum(p.numel() for p in model.parameters()),
            "training_seconds": round(seconds, 1),
            "torch": torch.__version__, "cuda": torch.version.cuda,
            "device": torch.cuda.get_device_name()
            if self.device == "cuda" else "cpu",
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "heldout_bpb_1024": bits_per_byte(model, text, 1024),
            "heldout_bpb_8192": bits_per_byte(model, text, 8192, 1),
            "valid_bpb_1024": bits_per_byte(model, self.valid, 1024),
        }
        with open(os.path.join(a.out, "run.json"), "w") as f:
            json.dump(rows, f, indent=2)
            f.write("\n")
        print(json.dumps(rows, indent=2))


def evaluate(args):
    model = load(args.model).to(getattr(torch, args.dtype))
    bits = bits_per_byte(model, read_bytes(args.text), args.context)
    print(f"{bits:.6f} bits per byte at {args.context} bytes of context")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    train = verbs.add_parser("train")
    train.add_argument("--corpus", required=True)
    train.add_argument("--out", required=True)
    train.add_argument("--seconds", type=float)
    train.add_argument("--steps", type=int, default=14000)
    train.add_argument("--long-steps", type=int, default=1500)
    train.add_argument("--context", type=int, default=1024)
    train.add_argument("--long-context", type=int, default=8192)
    train.add_argument("--tokens", type=int, default=65536)
    train.add_argument("--rate", type=float, default=3e-3)
    train.add_argument("--warmup", type=int, default=400)
    train.add_argument("--weight-decay", type=float, default=0.1)
    train.add_argument("--every", type=int, default=250)
    train.add_argument("--seed", type=int, default=20261125)
    train.add_argument("--tiny", action="store_true",
                       help="a toy for trying the script")
    check = verbs.add_parser("evaluate")
    check.add_argument("--model", required=True)
    check.add_argument("--text", required=True)
    check.add_argument("--context", type=int, default=1024)
    check.add_argument("--dtype", default="float32",
                       choices=["float32", "float64"])
    args = parser.parse_args()
    if args.verb == "evaluate":
        evaluate(args)
        return
    os.makedirs(args.out, exist_ok=True)
    Trainer(args).run()


if __name__ == "__main__":
    main()
