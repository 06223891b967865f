#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""datapackage.json, validated by the package frictionless.

usage: frictionless_package.py [--build DIR] [--all] [FOLDER...]

DIR (default: .) is a build directory with the program `ulplab`.  Without
folders, a run, its shards and what `ulplab merge` makes of them are validated:
with --all, of every experiment (--quick; minutes).  A package must be valid,
its bytes, hashes, columns and the types of all cells; and one in which a cell,
a column or a byte was changed must not be.  One line a folder; exit 1 when
something differs.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

import peers

parser = argparse.ArgumentParser()
parser.add_argument("--build", default=".")
parser.add_argument("--all", action="store_true")
parser.add_argument("folders", nargs="*")
options = parser.parse_args()
folders = [os.path.abspath(f) for f in options.folders]
peers.enter(options.build, ["frictionless"])

from frictionless import Package  # noqa: E402

ULPLAB = os.path.abspath(os.path.join(options.build, "ulplab"))
failed = 0


def validate(folder):
    package = Package(os.path.join(folder, "datapackage.json"))
    return package.validate(), len(package.resources)


def expect(folder, valid, what=""):
    global failed
    report, count = validate(folder)
    good = report.valid == valid
    errors = report.flatten(["type", "message"])
    failed += not good
    print(f"{'ok' if good else 'DIFFERS'}: {folder} {what}: {count} resources, "
          f"{'valid' if report.valid else errors[0][0]}"
          f"{'' if good or report.valid else ': ' + str(errors[:3])}")


def run(name, folder, *words):
    os.makedirs(folder, exist_ok=True)
    subprocess.run([ULPLAB, "run", name, "--quick", *words], check=True,
                   stderr=subprocess.DEVNULL)


def change(folder, edit):
    """A copy in which `edit` changed the text of roofline.csv, with the digest
    and the size that then belong to it, unless edit is None."""
    copy = tempfile.mkdtemp(dir=scratch)
    for file in glob.glob(os.path.join(folder, "*")):
        with open(file, "rb") as source:
            data = source.read()
        if os.path.basename(file) == "roofline.csv":
            data = edit(data)
        with open(os.path.join(copy, os.path.basename(file)), "wb") as to:
            to.write(data)
    return copy


def without_digests(folder):
    path = os.path.join(folder, "datapackage.json")
    with open(path) as file:
        package = json.load(file)
    for resource in package["resources"]:
        del resource["bytes"], resource["hash"]
    with open(path, "w") as file:
        json.dump(package, file)
    return folder


def made():
    listed = json.loads(subprocess.run([ULPLAB, "list", "--output", "json"],
                                       check=True, capture_output=True).stdout)
    names = [row["name"] for row in listed] if options.all else [
        "roofline", "snr", "accumulate"]
    whole, shards = os.path.join(scratch, "w"), os.path.join(scratch, "s")
    for name in names:
        run(name, whole, "--out", f"{whole}/{name}.csv")
    for i in (1, 2):
        run("roofline", shards, "--out", f"{shards}/roofline.{i}.csv",
            "--shard", f"{i}/2")
    merged = os.path.join(scratch, "m")
    subprocess.run([ULPLAB, "merge", "--out", merged, shards], check=True)
    return [whole, shards, merged]


with tempfile.TemporaryDirectory() as scratch:
    if not folders:
        folders = made()
        edits = {
            "a byte": lambda t: t[:-2] + bytes([t[-2] ^ 1]) + b"\n",
            "a row less": lambda t: t[:t.rstrip().rindex(b"\n") + 1],
        }
        types = {
            "a text for a number": lambda t: t.replace(b"\n0,", b"\nzero,", 1),
            "another column": lambda t: t.replace(b"point,", b"dot,", 1),
            "a point twice": lambda t: t.replace(b"\n1,", b"\n0,", 1),
        }
        for what, edit in edits.items():
            expect(change(folders[2], edit), False, what)
        for what, edit in types.items():
            expect(without_digests(change(folders[2], edit)), False, what)
    for folder in folders:
        expect(folder, True)
sys.exit(failed > 0)
