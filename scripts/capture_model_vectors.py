#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What transformers' LlamaForCausalLM (eager attention, CPU) computes of a
model: the logits and the greedy tokens that a decoder is tested against.

  capture_model_vectors.py reference --model DIR --text FILE --out F
  capture_model_vectors.py tiny --out DIR

`reference` asks the reference model about its held-out text; `tiny` makes a
random Llama of another shape (6 heads of 16, which is not hidden / heads = 8, 2
of keys and values, head not tied, llama3's scaling of the positions, F16
weights in two shards) and asks it likewise. F is a .safetensors file of

  N.tokens I32 [T], N.positions I32 [P], N.logits.f64 F64 [P, vocab],
  N.logits.f32 F32 [P, vocab], of the N-th prompt
  N.greedy.prompt I32, N.greedy.f64 and N.greedy.f32 I32: the tokens that
  follow, each the one with the greatest logit, without and with the cache;
  N.greedy.margin F64: the greatest logit less the second, in f64

f32 is the library as it is. It computes norms, softmax and positions in f32
whatever the type of the model, so for f64 those three are replaced by the same
formulas in f64.
"""
import argparse
import math
import os

import numpy
import safetensors.numpy
import torch
import transformers
from transformers.models.llama import modeling_llama as llama

POSITIONS = [0, 1, 2, 3, 7, 15, 31, 63, 100, 127, 128, 160, 191, 200, 254, 255]


def norm(self, x):
    y = x * torch.rsqrt(x.square().mean(-1, keepdim=True)
                        + self.variance_epsilon)
    return self.weight * y


def frequencies(c):
    """Of the rotary positions, in f64; llama3: the rule in transformers'
    modeling_rope_utils.py, _compute_llama3_parameters."""
    rope = c.rope_parameters
    step = torch.arange(0, c.head_dim, 2, dtype=torch.float64) / c.head_dim
    f = rope["rope_theta"] ** -step
    if rope["rope_type"] == "default":
        return f
    old = rope["original_max_position_embeddings"]
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    length = 2 * math.pi / f
    smooth = (old / length - low) / (high - low)
    between = (1 - smooth) * f / rope["factor"] + smooth * f
    return torch.where(length > old / low, f / rope["factor"],
                       torch.where(length < old / high, f, between))


def rotary(self, x, position_ids):
    angle = position_ids[..., None].double() * frequencies(self.config)
    angle = torch.cat((angle, angle), dim=-1)
    return angle.cos(), angle.sin()


def attention(module, query, key, value, mask, scaling, dropout=0.0, **_):
    key = llama.repeat_kv(key, module.num_key_value_groups)
    value = llama.repeat_kv(value, module.num_key_value_groups)
    scores = query @ key.transpose(2, 3) * scaling
    if mask is not None:
        scores = scores + mask
    weights = torch.softmax(scores, dim=-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


def in_f64(folder):
    model = open_model(folder).double()
    for module in model.modules():
        if isinstance(module, llama.LlamaRMSNorm):
            module.forward = norm.__get__(module)
        if isinstance(module, llama.LlamaRotaryEmbedding):
            ours = frequencies(module.config)
            off = (module.inv_freq.double() / ours - 1).abs().max()
            assert off < 1e-5, off
            module.forward = rotary.__get__(module)
    transformers.AttentionInterface.register("f64", attention)
    transformers.AttentionMaskInterface.register(
        "f64", transformers.masking_utils.eager_mask)
    model.set_attn_implementation("f64")
    return model


def open_model(folder):
    return transformers.LlamaForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()


def greedy(model, prompt, count):
    """With the cache, and the margins; then once without it, all at once."""
    tokens, margins, cache = list(prompt), [], None
    feed = torch.tensor([tokens])
    for _ in range(count):
        out = model(feed, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        top = out.logits[0, -1].double().topk(2)
        margins.append(float(top.values[0] - top.values[1]))
        tokens.append(int(top.indices[0]))
        feed = torch.tensor([tokens[-1:]])
    again = model(torch.tensor([tokens[:-1]])).logits[0].argmax(-1)
    assert again[len(prompt) - 1:].tolist() == tokens[len(prompt):]
    return tokens[len(prompt):], margins


def numbers(values):
    return numpy.array(values, dtype=numpy.int32)


@torch.no_grad()
def ask(folder, prompts, starts, count):
    """prompts: [(tokens, positions)]; starts: prompts of greedy decoding."""
    models = {"f64": in_f64(folder), "f32": open_model(folder)}
    found = {}
    for i, (tokens, positions) in enumerate(prompts):
        found[f"{i}.tokens"] = numbers(tokens)
        found[f"{i}.positions"] = numbers(positions)
        for name, model in models.items():
            logits = model(torch.tensor([tokens])).logits[0][positions]
            found[f"{i}.logits.{name}"] = logits.numpy()
        f64 = found[f"{i}.logits.f64"]
        off = numpy.abs(found[f"{i}.logits.f32"] - f64).max()
        print(f"prompt {i}: {len(tokens)} tokens, f32 off by {off:.2e} of "
              f"{numpy.abs(f64).max():.2f}")
    for i, prompt in enumerate(starts):
        found[f"{i}.greedy.prompt"] = numbers(prompt)
        for name, model in models.items():
            tokens, margins = greedy(model, prompt, count)
            found[f"{i}.greedy.{name}"] = numbers(tokens)
            if name == "f64":
                found[f"{i}.greedy.margin"] = numpy.array(margins)
        same = (found[f"{i}.greedy.f64"] == found[f"{i}.greedy.f32"]).all()
        print(f"greedy {i}: f32 {'agrees' if same else 'DIFFERS'}, least "
              f"margin {min(found[f'{i}.greedy.margin']):.2e}")
        print(bytes(x % 256 for x in found[f"{i}.greedy.f64"]))
    return found


def reference(args):
    with open(args.text, "rb") as f:
        text = f.read()
    starts = [0, len(text) * 9 // 20, len(text) * 3 // 4]
    prompts = [([0] + list(text[at:at + 255]), POSITIONS) for at in starts]
    prompts.append(([0] + list(text[:2047]), [1023, 1500, 2047]))
    found = ask(args.model, prompts,
                [[0] + list(text[at:at + 63]) for at in starts], 200)
    safetensors.numpy.save_file(found, args.out)


def make_tiny(folder):
    config = transformers.LlamaConfig(
        vocab_size=131, hidden_size=48, intermediate_size=96,
        num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
        head_dim=16, max_position_embeddings=512, rms_norm_eps=1e-6,
        tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
        rope_parameters={"rope_type": "llama3", "rope_theta": 10000.0,
                         "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0,
                         "original_max_position_embeddings": 64})
    model = transformers.LlamaForCausalLM(config)
    generator = torch.Generator().manual_seed(20261125)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            p.copy_(torch.randn(p.shape, generator=generator) * 0.2
                    + (1.0 if p.dim() == 1 else 0.0))
    model.half().save_pretrained(folder, max_shard_size="90KB")


def tiny(args):
    make_tiny(args.out)
    generator = torch.Generator().manual_seed(1)
    prompts = [torch.randint(131, (256,), generator=generator).tolist()
               for _ in range(2)]
    found = ask(args.out, [(p, POSITIONS) for p in prompts],
                [p[:32] for p in prompts], 64)
    safetensors.numpy.save_file(found,
                                os.path.join(args.out, "logits.safetensors"))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("reference")
    verb.add_argument("--model", required=True)
    verb.add_argument("--text", required=True)
    verb.add_argument("--out", required=True)
    verb = verbs.add_parser("tiny")
    verb.add_argument("--out", required=True)
    args = parser.parse_args()
    {"reference": reference, "tiny": tiny}[args.verb](args)


if __name__ == "__main__":
    main()
