# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the captured vectors are, and what may be missing.

ULPLAB_VECTORS names the folder tests/vectors; ULPLAB the program, which the
tests that compare with it run.
"""
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
# recipes.py and gemm_record.py, which made the captured inputs.
sys.path.insert(1, str(HERE.parent.parent / "tests" / "gpu"))


@pytest.fixture(scope="session")
def vectors():
    """The folder of the captured vectors."""
    default = HERE.parent.parent / "tests" / "vectors"
    folder = pathlib.Path(os.environ.get("ULPLAB_VECTORS", default))
    if not folder.is_dir():
        pytest.skip(f"{folder}: no vectors; ULPLAB_VECTORS names them")
    return folder


@pytest.fixture(scope="session")
def program():
    """The program `ulplab`."""
    path = os.environ.get("ULPLAB")
    if not path:
        pytest.skip("ULPLAB does not name the program")
    return path
