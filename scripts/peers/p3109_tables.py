#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our P3109 formats against the working group's own value tables.

usage: p3109_tables.py [--build DIR] [--most K] REPOSITORY

REPOSITORY is a clone (bare or not) of github.com/P3109/Public, whose
"Value Tables/Hexadecimal/K*/" are read from its HEAD.  A table has a line
"code,value,star if subnormal" for every code of a format; class and exact
value of every code are compared.  Tables of formats with K above --most
(default 16) are left out.  Exit 1 when a code differs.
"""
import argparse
import os
import re
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--most", type=int, default=16)
parser.add_argument("repository")
options = parser.parse_args()


def git(*arguments):
    return subprocess.run(["git", "-C", options.repository, *arguments],
                          check=True, stdout=subprocess.PIPE).stdout.decode()


def ours(name):
    """Of every code: class, and (significand, exponent) with the former odd."""
    encode = os.path.join(options.build, "tests", "encode_range")
    lines = subprocess.run([encode, name, "decode"], check=True,
                           stdout=subprocess.PIPE).stdout.decode().split("\n")
    for line in filter(None, lines):
        code, kind, significand, exponent = line.split()
        number = odd(abs(int(significand, 16)), int(exponent))
        sign = -1 if significand[0] == "-" else 1
        yield int(code, 16), kind, (sign * number[0], number[1])


def odd(significand, exponent):
    if significand == 0:
        return 0, 0
    shift = (significand & -significand).bit_length() - 1
    return significand >> shift, exponent + shift


HEX = re.compile(r"(-?)0x([0-9a-f]+)\.?([0-9a-f]*)p([+-]?\d+)")


def theirs(table):
    """The same of the working group's lines "0x01,0x0.8p-16,*"."""
    for line in table.split("\n")[1:]:
        if not line.strip():
            continue
        code, value, star = (part.strip() for part in line.split(","))
        if value in ("NaN", "Inf", "-Inf", "+Inf"):
            yield int(code, 16), value.strip("+-").lower(), value[0] == "-"
            continue
        sign, whole, part, exponent = HEX.fullmatch(value.lower()).groups()
        number = odd(int(whole + part, 16), int(exponent) - 4 * len(part))
        kind = "subnormal" if star else "normal" if number[0] else "zero"
        yield int(code, 16), kind, (-number[0] if sign else number[0], number[1])


def differences(name, table):
    count = wrong = 0
    for us, them in zip(ours(name), theirs(table), strict=True):
        count += 1
        same = us[:2] == them[:2] and (
            us[1] == "nan" or us[1] == "inf" or us[2] == them[2])
        if us[1] == "inf":  # the sign is the code's top bit
            same = same and them[2] == (name[-2] == "s" and
                                        us[0] >= 2 ** (bits(name) - 1))
        if not same:
            wrong += 1
            if wrong == 1:
                print(f"{name} 0x{us[0]:x}: ours {us[1:]}, table {them[1:]}")
    return count, wrong


def bits(name):
    return int(re.match(r"binary(\d+)", name).group(1))


def main():
    codes = wrong = formats = 0
    for path in git("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0"):
        name = os.path.basename(path).lower().removesuffix(".csv")
        if not re.fullmatch(r"binary\d+p\d+[su][ef]", name) or \
           not path.endswith(".csv") or bits(name) > options.most:
            continue
        count, differ = differences(name, git("show", "HEAD:" + path))
        if count != 2 ** bits(name):
            print(f"{name}: the table has {count} codes")
            differ += 1
        formats += 1
        codes += count
        wrong += differ
    print(f"{formats} value tables, {codes} codes, {wrong} differ")
    return wrong != 0 or formats == 0


sys.exit(main())
