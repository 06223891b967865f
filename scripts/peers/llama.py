#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder against transformers' LlamaForCausalLM.

    scripts/peers/llama.py ULPLAB [FOLDER...]

Needs torch, transformers and numpy.  Each FOLDER is a checkpoint; without any,
random ones of several shapes are made (grouped heads, a head wider than
hidden / heads, an untied head, the rope of Llama 3.1, two shards).

transformers computes norms, softmax and rotary tables in float32 whatever the
dtype of the model; for the comparison in f64 these three are replaced here by
the same formulas in f64.  Prints the greatest difference of logits relative to
the greatest logit, in f64 (at most 1e-9) and f32 (1e-4), and whether 200 greedy
tokens are the same; exits 1 if not.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama as llama

BASE = dict(vocab_size=259, hidden_size=64, intermediate_size=176,
            num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=512, rms_norm_eps=1e-5)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0,
              high_freq_factor=4.0, original_max_position_embeddings=64)
SHAPES = {
    "grouped, tied": dict(tie_word_embeddings=True),
    "one head each, untied": dict(num_key_value_heads=4),
    "wide heads, llama3 rope": dict(num_attention_heads=6, head_dim=16,
                                    hidden_size=72, rope_scaling=LLAMA3),
    "linear rope, theta 500000": dict(rope_theta=500000.0, rope_scaling=dict(
        rope_type="linear", factor=4.0)),
}


def make(folder, options, seed):
    torch.manual_seed(seed)
    model = LlamaForCausalLM(LlamaConfig(**{**BASE, **options}))
    with torch.no_grad():
        for p in model.parameters():
            # beyond initialization's sizes, so that every part matters
            p.copy_(torch.randn_like(p) * (0.08 if p.ndim > 1 else 0.3)
                    + (0 if p.ndim > 1 else 1))
    model.to(torch.bfloat16).save_pretrained(
        folder, max_shard_size="200KB" if seed == 2 else "5GB")


class Norm64(torch.nn.Module):
    """LlamaRMSNorm without its conversion to float32."""

    def __init__(self, other):
        super().__init__()
        self.weight, self.eps = other.weight, other.variance_epsilon

    def forward(self, x):
        mean = x.pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(mean + self.eps))


def frequencies64(c):
    rope = getattr(c, "rope_parameters", None) or dict(
        c.rope_scaling or {}, rope_theta=c.rope_theta)
    d = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
    f = rope["rope_theta"] ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    kind = rope.get("rope_type", "default")
    if kind == "linear":
        f = f / rope["factor"]
    if kind == "llama3":
        length = rope["original_max_position_embeddings"]
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        wave = 2 * np.pi / f
        smooth = ((length / wave - low) / (high - low)).clamp(0, 1)
        f = (1 - smooth) * f / rope["factor"] + smooth * f
    return f


class Rope64(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.f = frequencies64(config)

    def forward(self, x, position_ids):
        angle = position_ids[:, :, None].double() * self.f
        both = torch.cat((angle, angle), dim=-1)
        return both.cos(), both.sin()


def attention64(module, query, key, value, attention_mask, scaling, **_):
    key = llama.repeat_kv(key, module.num_key_value_groups)
    value = llama.repeat_kv(value, module.num_key_value_groups)
    scores = query @ key.transpose(2, 3) * scaling
    n, m = scores.shape[-2:]
    mask = torch.ones(n, m, dtype=torch.bool).tril(m - n)
    p = scores.masked_fill(~mask, -torch.inf).softmax(-1)
    return (p @ value).transpose(1, 2).contiguous(), p


def in_f64(folder):
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float64)
    for layer in model.model.layers:
        layer.input_layernorm = Norm64(layer.input_layernorm)
        layer.post_attention_layernorm = Norm64(layer.post_attention_layernorm)
    model.model.norm = Norm64(model.model.norm)
    model.model.rotary_emb = Rope64(model.config)
    transformers.AttentionInterface.register("f64", attention64)
    model.config._attn_implementation = "f64"
    return model.eval()


def ulplab(program, folder, tokens, arithmetic, work):
    np.save(work / "t.npy", tokens.astype(np.int32))
    subprocess.run([program, "model", folder, "--tokens", work / "t.npy",
                    "--plan", arithmetic, "--logits", work / "l.npy",
                    "--generate", "200", "--out", work / "g.npy"], check=True)
    return np.load(work / "l.npy"), np.load(work / "g.npy")


def greedy(model, tokens, n):
    """Without a cache's approximations: one token at a time, with it."""
    ids, past, out = torch.tensor(tokens[None].astype(np.int64)), None, []
    for _ in range(n):
        r = model(ids, past_key_values=past, use_cache=True)
        past, ids = r.past_key_values, r.logits[:, -1:].argmax(-1)
        out.append(int(ids))
    return np.array(out)


@torch.no_grad()
def compare(program, name, folder, work):
    vocab = json.loads((pathlib.Path(folder) / "config.json").read_text())
    tokens = np.random.default_rng(1).integers(0, vocab["vocab_size"], 150)
    ok = True
    for arithmetic, limit in (("f64", 1e-9), ("f32", 1e-4)):
        model = (in_f64(folder) if arithmetic == "f64" else
                 LlamaForCausalLM.from_pretrained(
                     folder, dtype=torch.float32,
                     attn_implementation="eager").eval())
        want = model(torch.tensor(tokens[None])).logits[0].double().numpy()
        got, text = ulplab(program, folder, tokens, arithmetic, work)
        error = np.abs(got - want).max() / np.abs(want).max()
        same = (greedy(model, tokens, 200) == text).sum()
        print(f"{name}: {arithmetic}: logits {error:.2e} (limit {limit:.0e}), "
              f"{same} of 200 greedy tokens the same")
        ok &= error <= limit and same == 200
    return ok


def main():
    program, folders = os.path.abspath(sys.argv[1]), sys.argv[2:]
    ok = True
    with tempfile.TemporaryDirectory() as d:
        work = pathlib.Path(d)
        todo = [(f, f) for f in folders]
        for seed, (name, options) in enumerate(SHAPES.items()):
            if not folders:
                make(work / str(seed), options, seed)
                todo.append((name, str(work / str(seed))))
        for name, folder in todo:
            ok &= compare(program, name, folder, work)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
