# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual environment of the peers' packages under the build directory.

The scripts beside this one call enter(): it makes the environment once and
starts the script again inside it.
"""
import os
import subprocess
import sys
import venv

PINNED = {"ml_dtypes": "0.6.0", "numpy": "2.4.6", "gfloat": "0.5.2",
          "mmasim": "2.1.1", "mmaemu": "0.1.0", "torch": "2.15.0",
          "torchao": "0.18.0", "compressed_tensors": "0.20.0",
          "bitsandbytes": "0.50.2", "gguf": "0.19.0",
          "safetensors": "0.8.0", "tokenizers": "0.23.3",
          "frictionless": "5.21.0"}


def enter(build, packages):
    """Runs the calling script in BUILD/peers with these packages."""
    try:
        for package in packages:
            __import__(package)
        return
    except ImportError:
        if os.environ.get("ULP_PEERS"):
            raise
    home = os.path.join(build, "peers")
    python = os.path.join(home, "bin", "python")
    if not os.path.exists(python):
        venv.create(home, with_pip=True)
    wanted = [f"{name}=={PINNED[name]}" for name in packages]
    subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    os.environ["ULP_PEERS"] = home
    os.execv(python, [python, *sys.argv])


def codes(encode, bits, *arguments, stdin=None):
    """The raw output of tests/encode_range as an array of codes."""
    import numpy
    kind = next(f"<u{size}" for size in (1, 2, 4, 8) if bits <= 8 * size)
    run = subprocess.run([encode, *map(str, arguments)], input=stdin,
                         stdout=subprocess.PIPE, check=True)
    return numpy.frombuffer(run.stdout, dtype=kind)


def text(encode, *arguments):
    """The lines that tests/encode_range prints."""
    run = subprocess.run([encode, *map(str, arguments)],
                         stdout=subprocess.PIPE, check=True)
    return run.stdout.decode().split("\n")[:-1]


def accepts(program, *arguments):
    """Whether a program exits with 0."""
    return subprocess.run([program, *map(str, arguments)], check=False,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def report(name, count, differences):
    """Prints one line, and one a class of differences: {why: number}.

    A class whose explanation is empty is unexplained; returns whether there
    is one.
    """
    print(f"{name:20} {count:>12} inputs, {sum(differences.values())} differ")
    for why, number in differences.items():
        print(f"  {number}: {why or 'UNEXPLAINED'}")
    sys.stdout.flush()
    return "" in differences
