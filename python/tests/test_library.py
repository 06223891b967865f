# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading: ABI, where the library is, errors, threads."""
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import ulplab


def imported(tmp_path, **environment):
    """What importing the package says on stderr, in a fresh interpreter."""
    run = subprocess.run(
        [sys.executable, "-c", "import ulplab"], capture_output=True, text=True,
        env={**os.environ, **environment}, cwd=tmp_path)
    return run.returncode, run.stderr.strip().splitlines()[-1:]


def fake(tmp_path, source):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    path = tmp_path / "libulplab-analysis.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", path, "-x", "c", "-"],
                   input=source, text=True, check=True)
    return path


def test_another_abi_is_refused(tmp_path):
    path = fake(tmp_path, "int ulp_abi_version(void) { return 999; }")
    for named in (path, tmp_path):
        status, line = imported(tmp_path, ULPLAB_LIBRARY=str(named))
        assert status == 1
        assert line == [f"ImportError: ulplab: {path}: ABI version 999, "
                        f"expected {ulplab.ABI_VERSION}: the library and this "
                        "package are of different releases"]


def test_a_library_without_abi_is_refused(tmp_path):
    path = fake(tmp_path, "int another;")
    status, line = imported(tmp_path, ULPLAB_LIBRARY=str(path))
    assert status == 1 and "no ulp_abi_version" in line[0]


def test_a_missing_library_is_told(tmp_path):
    missing = str(tmp_path / "none.so")
    status, line = imported(tmp_path, ULPLAB_LIBRARY=missing)
    assert status == 1 and line[0].startswith(f"ImportError: ulplab: {missing}")
    status, line = imported(tmp_path, ULPLAB_LIBRARY=str(tmp_path))
    assert status == 1 and "no libulplab-analysis.so there" in line[0]


def test_prototypes_are_those_of_the_header():
    """Each function of flat.h is declared with as many arguments."""
    header = os.path.join(os.path.dirname(__file__), "..", "..", "analysis",
                          "flat.h")
    if not os.path.exists(header):
        pytest.skip("no flat.h: outside the tree")
    with open(header) as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    assert f"ULP_ABI_VERSION = {ulplab.ABI_VERSION} " in text
    found = dict(re.findall(r"\b(ulp_flat_\w+)\(([^;]*)\);", text))
    from ulplab import _library
    ours = {name: len(types) + 2 for name, types in _library._FAILING.items()}
    ours.update({name: len(types) for name, (_, types)
                 in _library._PLAIN.items()})
    assert ours == {name: len(types.split(","))
                    for name, types in found.items()}


@pytest.mark.parametrize("call, why", [
    (lambda x: ulplab.format_info("e4m4x"), "e4m4x"),
    (lambda x: ulplab.encode(x, "e4m3", rounding="up"), "rounding 'up'"),
    (lambda x: ulplab.encode(x, "e4m3", sr_bits=33, rounding="sr"), "33 rand"),
    (lambda x: ulplab.quantize(x, "e4m3"), "is a format"),
    (lambda x: ulplab.quantize(x, "mxfp9@ocp"), "mxfp9"),
    (lambda x: ulplab.mma("h900", "mma.m16n8k8.f32.tf32.tf32", x, x), "h900"),
    (lambda x: ulplab.gemm("h100", "cublaslt-fp", x, x), "did you mean"),
    (lambda x: ulplab.gemm("h100", "fma-chain", x, x, promote=-2), "promote"),
    (lambda x: ulplab.gemm("h100", "fma-chain", x, x[:, :2]), "b: shape"),
])
def test_errors_are_one_line(call, why):
    with pytest.raises(ValueError, match=why) as raised:
        call(np.ones((4, 4), dtype=np.float32))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("call, why", [
    (lambda: ulplab.encode([1.0, 2.0], "e4m3"), "list, expected a NumPy array"),
    (lambda: ulplab.encode(np.zeros(2, np.uint8), "e4m3"), "expected numbers"),
    (lambda: ulplab.decode(np.zeros(2, np.uint8)), "name of their format"),
    (lambda: ulplab.decode(np.zeros(2, np.uint16), "e4m3"), "1 byte each"),
    (lambda: ulplab.decode(np.zeros(2, np.float16), "bf16"), "float16"),
])
def test_types_are_told(call, why):
    with pytest.raises(TypeError, match=why):
        call()


def test_evidence_warns_or_refuses():
    a, b = np.zeros((16, 128), np.uint8), np.zeros((8, 128), np.uint8)
    arguments = ("h100", "cutlass-fp8-2xacc", a, b)
    types = dict(type_a="e4m3", type_b="e4m3")
    with pytest.warns(ulplab.EvidenceWarning, match="published") as seen:
        ulplab.gemm(*arguments, **types)
    assert seen[0].filename == __file__
    with pytest.raises(ValueError, match="not measured"):
        ulplab.gemm(*arguments, **types, strict=True)


def test_threads_give_the_same_bytes():
    rng = np.random.default_rng(1)
    a = rng.integers(0, 0x70, (96, 512), dtype=np.uint8)
    b = rng.integers(0, 0x70, (80, 512), dtype=np.uint8)
    kinds = dict(type_a="e4m3", type_b="e4m3")
    want = ulplab.gemm("h100", "cublaslt-fp8", a, b, **kinds, threads=1)
    found = []

    def work(threads):
        for _ in range(3):
            found.append(ulplab.gemm("h100", "cublaslt-fp8", a, b, **kinds,
                                     threads=threads))

    workers = [threading.Thread(target=work, args=(1 + i % 2,))
               for i in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 18
    assert all(d.tobytes() == want.tobytes() for d in found)


def test_the_interpreter_runs_on_meanwhile():
    a = np.full((64, 2048), 0x38, np.uint8)
    begun, done = threading.Event(), threading.Event()

    def work():
        begun.set()
        ulplab.gemm("h100", "exact", a, a, type_a="e4m3", type_b="e4m3",
                    threads=1)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    begun.wait()
    steps = 0
    while not done.is_set():  # each needs the interpreter's lock
        time.sleep(0.001)
        steps += 1
    worker.join()
    assert steps >= 5
