# SPDX-License-Identifier: GPL-3.0-or-later
"""What README.md says in Python runs: its block, and the lines that convert
PyTorch's files; tests/readme.sh runs its shell commands."""
import os
import pathlib
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

README = pathlib.Path(__file__).resolve().parent.parent.parent / "README.md"
TEXT = README.read_text() if README.is_file() else ""
pytestmark = pytest.mark.skipif(not TEXT, reason="no README.md beside us")


def test_python_blocks(tmp_path):
    pytest.importorskip("torch")
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.M | re.S)
    assert blocks
    path = os.pathsep.join(os.path.abspath(p) for p in sys.path)
    for block in blocks:
        done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path,
                              env={**os.environ, "PYTHONPATH": path},
                              capture_output=True, text=True, check=True)
        assert done.stdout.count("\n") >= 3


def test_conversion_lines(tmp_path):
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    lines = re.findall(r'^python3 (-c "import sys, torch.*)$', TEXT, re.M)
    assert len(lines) == 2
    state = {"w": torch.randn(3, 4).bfloat16()}
    torch.save(state, tmp_path / "model.pt")
    torch.save(state["w"], tmp_path / "x.pt")
    for line in lines:
        subprocess.run([sys.executable, *shlex.split(line)], cwd=tmp_path,
                       check=True)
    back = safetensors.load_file(tmp_path / "model.safetensors")
    assert torch.equal(back["w"], state["w"])
    assert np.array_equal(np.load(tmp_path / "x.npy"), state["w"].float().numpy())
