#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of tests/experiments/models.sh, by a second implementation.

  model_bits.py MODEL [--windows N] [--length N] [--int4 GROUP] [--bf16-stream]

Needs numpy alone.  A Llama in f64 on evenly spread windows of heldout.txt, each
after byte 0; --int4: the seven matrices of each layer to INT4, one scale (amax
/ 7, f32) for GROUP consecutive elements of a row; --bf16-stream: embedding rows
and the residual stream after each addition rounded to BF16.  Prints bits a
byte, KL to the model as it is, agreement, the stream's relative error by
depth, what each layer adds on the stream that it has, and the kurtosis of down's
inputs.
"""
import argparse
import json
import os

import numpy


def read_model(folder):
    with open(os.path.join(folder, "config.json")) as f:
        config = json.load(f)
    with open(os.path.join(folder, "model.safetensors"), "rb") as f:
        data = f.read()
    size = int.from_bytes(data[:8], "little")
    weights = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        bits = numpy.frombuffer(data[8 + size + first:8 + size + last], "<u2")
        wide = (bits.astype("<u4") << 16).view("<f4")
        weights[name] = wide.astype(float).reshape(entry["shape"])
    return config, weights


def int4(w, group):
    rows = w.astype(numpy.float32).reshape(-1, group)
    scale = numpy.abs(rows).max(1, keepdims=True) / numpy.float32(7)
    code = numpy.rint(rows.astype(float) / numpy.where(scale > 0, scale, 1))
    value = numpy.clip(code, -8, 7) * scale
    return value.astype(numpy.float32).astype(float).reshape(w.shape)


def bf16(x):
    """To nearest even, of normal numbers."""
    mantissa, exponent = numpy.frexp(x)
    return numpy.ldexp(numpy.rint(mantissa * 256), exponent - 8)


class Model:
    def __init__(self, config, weights, group=0, narrow=False):
        self.c, self.w = config, dict(weights)
        self.round = bf16 if narrow else lambda x: x
        for name in weights:
            if group and name.endswith("proj.weight"):
                self.w[name] = int4(weights[name], group)

    def norm(self, x, name):
        mean = (x * x).mean(-1, keepdims=True)
        return x / numpy.sqrt(mean + self.c["rms_norm_eps"]) * self.w[name]

    def turn(self, x):
        half = self.c["head_dim"] // 2
        step = self.c["rope_theta"] ** (-numpy.arange(half) / half)
        angle = numpy.arange(len(x))[:, None, None] * step
        a, b = x[..., :half], x[..., half:]
        cos, sin = numpy.cos(angle), numpy.sin(angle)
        return numpy.concatenate([a * cos - b * sin, b * cos + a * sin], -1)

    def attention(self, x, at):
        dim, n = self.c["head_dim"], len(x)
        q, k, v = ((x @ self.w[at + f"self_attn.{i}_proj.weight"].T)
                   .reshape(n, -1, dim) for i in "qkv")
        q, k = self.turn(q), self.turn(k)
        group = q.shape[1] // k.shape[1]
        out = numpy.empty(q.shape)
        hidden = numpy.triu(numpy.full((n, n), -numpy.inf), 1)
        for h in range(q.shape[1]):
            s = q[:, h] @ k[:, h // group].T / numpy.sqrt(dim) + hidden
            p = numpy.exp(s - s.max(1, keepdims=True))
            out[:, h] = p / p.sum(1, keepdims=True) @ v[:, h // group]
        return out.reshape(n, -1) @ self.w[at + "self_attn.o_proj.weight"].T

    def layer(self, x, i, down):
        at = f"model.layers.{i}."
        y = self.norm(x, at + "input_layernorm.weight")
        x = self.round(x + self.attention(y, at))
        y = self.norm(x, at + "post_attention_layernorm.weight")
        gate = y @ self.w[at + "mlp.gate_proj.weight"].T
        up = y @ self.w[at + "mlp.up_proj.weight"].T
        z = gate / (1 + numpy.exp(-gate)) * up
        down.append(z)
        return self.round(x + z @ self.w[at + "mlp.down_proj.weight"].T)

    def run(self, tokens):
        """Logits, the stream at each depth, and down's inputs."""
        x = self.round(self.w["model.embed_tokens.weight"][tokens])
        streams, down = [x], []
        for i in range(self.c["num_hidden_layers"]):
            streams.append(self.layer(streams[-1], i, down))
        y = self.norm(streams[-1], "model.norm.weight")
        return y @ self.w["model.embed_tokens.weight"].T, streams, down


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - numpy.log(numpy.exp(x).sum(-1, keepdims=True))


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("model")
    p.add_argument("--windows", type=int, default=2)
    p.add_argument("--length", type=int, default=48)
    p.add_argument("--int4", type=int, default=0)
    p.add_argument("--bf16-stream", action="store_true")
    a = p.parse_args()
    config, weights = read_model(a.model)
    with open(os.path.join(a.model, "heldout.txt"), "rb") as f:
        text = numpy.frombuffer(f.read(), numpy.uint8).astype(int)
    exact = Model(config, weights)
    other = Model(config, weights, a.int4, a.bf16_stream)
    slots, depths = len(text) // a.length, config["num_hidden_layers"] + 1
    bits, kl, agreed, power, total, new = [], [], [], *numpy.zeros((3, depths))
    kurtosis = []
    for i in range(a.windows):
        first = i * slots // a.windows * a.length
        target = text[first:first + a.length]
        tokens = numpy.concatenate([[0], target[:-1]])
        want, streams, down = exact.run(tokens)
        got, others, _ = other.run(tokens)
        p, q = log_softmax(want), log_softmax(got)
        bits.append(-q[numpy.arange(a.length), target].mean())
        kl.append((numpy.exp(p) * (p - q)).sum(1).mean())
        agreed.append((want.argmax(1) == got.argmax(1)).mean())
        kurtosis.append([len(z.ravel()) * (z ** 4).sum() / (z * z).sum() ** 2
                         for z in down])
        for k in range(depths):
            alone = (streams[0] if k == 0 else
                     exact.layer(others[k - 1], k - 1, []))
            power[k] += (streams[k] ** 2).sum()
            total[k] += ((others[k] - streams[k]) ** 2).sum()
            new[k] += ((others[k] - alone) ** 2).sum()
    print("bits", repr(numpy.mean(bits) / numpy.log(2)))
    print("kl", repr(numpy.mean(kl) / numpy.log(2)))
    print("agreement", repr(numpy.mean(agreed)))
    print("error", *numpy.sqrt(total / power))
    print("new", *numpy.sqrt(new / power))
    print("kurtosis", *numpy.mean(kurtosis, 0))


if __name__ == "__main__":
    main()
