#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the `expected` table of check_sample.c from a second program.

The samples of (seed 42, stream 54), made with Python's integers and floats
and mpmath's logarithm, exponential and cube root in 200 bits, each rounded
once to f64: values 0, 1 and 5000, and a digest of the bits of the first 5001.
Needs mpmath.
"""
import math
import struct

import mpmath

MASK = 2**64 - 1
MULTIPLIER = 6364136223846793005
N = 5001
mpmath.mp.prec = 200


class Pcg32:
    def __init__(self, seed, stream):
        self.increment = (stream << 1 | 1) & MASK
        self.state = 0
        self.next()
        self.state = (self.state + seed) & MASK
        self.next()

    def next(self):
        old = self.state
        self.state = (old * MULTIPLIER + self.increment) & MASK
        x = ((old >> 18 ^ old) >> 27) & 0xFFFFFFFF
        turn = old >> 59
        return (x >> turn | x << (-turn & 31)) & 0xFFFFFFFF


def exact(function, x):
    return float(function(mpmath.mpf(x)))


def uniform(g):
    high = g.next()
    low = g.next() >> 12
    return (2 * (high << 20 | low) + 1) / 2**52 - 1


def disc(g):
    while True:
        u, v = uniform(g), uniform(g)
        w = u * u + v * v
        if w < 1:
            return u, v, w


def gaussian(g):
    out = []
    while len(out) < N:
        u, v, w = disc(g)
        factor = math.sqrt(-2 * exact(mpmath.log, w) / w)
        out += [u * factor, v * factor]
    return out[:N]


def laplace(g):
    u = uniform(g)
    return math.copysign(-exact(mpmath.log, abs(u)), u)


def student_t3(g):
    u, _, w = disc(g)
    root = exact(mpmath.cbrt, w)
    square = root * root
    return u * math.sqrt(3 * (1 - square) / square / w)


def lognormal(g):
    return [-exact(mpmath.exp, z) if g.next() >> 31 else exact(mpmath.exp, z)
            for z in gaussian(g)]


def outlier_channels(g):
    return [z * 20 if i % 4096 % 100 == 50 else z
            for i, z in enumerate(gaussian(g))]


def each(function):
    return lambda g: [function(g) for _ in range(N)]


for name, make in [("uniform", each(uniform)), ("gaussian", gaussian),
                   ("laplace", each(laplace)),
                   ("student_t3", each(student_t3)),
                   ("lognormal", lognormal),
                   ("outlier_channels", outlier_channels)]:
    x = make(Pcg32(42, 54))
    digest = 0
    for value in x:
        bits, = struct.unpack("<Q", struct.pack("<d", value))
        digest = (digest * MULTIPLIER + bits) & MASK
    print('    {"%s",\n     {%s, %s, %s},\n     UINT64_C(0x%016x)},'
          % (name, x[0].hex(), x[1].hex(), x[N - 1].hex(), digest))
