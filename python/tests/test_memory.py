# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays are read and written where they lie."""
import tracemalloc

import numpy as np
import pytest
import ulplab
from ulplab import _arrays


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def test_arrays_are_not_copied():
    x = np.zeros((4, 6), dtype=np.float32)
    found = _arrays.array(x, "x")
    assert found.pointer == x.ctypes.data and found.owner is x
    assert np.shares_memory(found.owner, x)


def test_tensors_are_not_copied(torch):
    x = torch.zeros(4, 6, requires_grad=True)
    assert _arrays.array(x, "x").pointer == x.data_ptr()
    b = torch.zeros(6, 4).to(torch.float8_e4m3fn)
    assert _arrays.array(b.t().t(), "b").pointer == b.data_ptr()


def test_mat2_is_read_where_it_lies(torch):
    from ulplab import _scaled
    b = torch.zeros(32, 64).to(torch.float8_e4m3fn)
    assert _scaled._matrix(b.t(), "mat2", True).pointer == b.data_ptr()


def test_a_large_array_costs_no_memory():
    x = np.ones(1 << 22, dtype=np.float32)
    out = np.empty(x.shape, dtype=np.uint8)
    tracemalloc.start()
    ulplab.encode(x, "e4m3", out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20  # x has 16 MiB
    assert (out == 0x38).all()


def test_out_is_written_in_place(torch):
    x = torch.arange(8.0)
    out = torch.empty(8, dtype=torch.float8_e4m3fn)
    assert ulplab.encode(x, "e4m3", out=out) is out
    assert torch.equal(out.float(), x)
    # NumPy sees the tensor's memory, so the write shows there.
    seen = np.empty(8, dtype=np.float32)
    ulplab.decode(out, out=torch.from_numpy(seen))
    np.testing.assert_array_equal(seen, x.numpy())


def test_strided_arrays_are_copied_right(torch):
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    for view in (x.T, x[::2, ::-1], x.astype(">f4"), x[1:, 2]):
        np.testing.assert_array_equal(
            ulplab.decode(ulplab.encode(view, "bf16"), "bf16"), view)
        assert _arrays.array(view, "x").pointer != x.ctypes.data
    t = torch.from_numpy(x.copy())
    assert torch.equal(ulplab.encode(t.t(), "bf16").float(), t.t())


def test_unaligned_arrays_are_copied_right():
    raw = np.zeros(4 * 5 + 1, dtype=np.uint8)
    x = raw[1:].view(np.float32)
    x[:] = [1, 2, 3, 4, 5]
    assert not x.flags.aligned
    np.testing.assert_array_equal(ulplab.decode(ulplab.encode(x, "f16")), x)


def test_empty_and_scalar_arrays():
    assert ulplab.encode(np.zeros((0, 3), np.float32), "e4m3").shape == (0, 3)
    assert ulplab.encode(np.array(1.0), "e4m3").shape == ()
    assert ulplab.encode(np.float32(1), "e4m3") == 0x38


def test_out_that_cannot_be_written_is_refused():
    x = np.zeros((4, 4), dtype=np.float32)
    locked = np.zeros((4, 4), dtype=np.uint8)
    locked.flags.writeable = False
    for out, why in ((locked, "read-only"),
                     (np.zeros((4, 8), np.uint8)[:, ::2], "contiguous"),
                     (np.zeros((4, 5), np.uint8), r"\[4, 5\], expected")):
        with pytest.raises(ValueError, match=why):
            ulplab.encode(x, "e4m3", out=out)
    with pytest.raises(TypeError, match="float32, expected codes of"):
        ulplab.encode(x, "e4m3", out=x)


def test_tensors_elsewhere_are_refused(torch):
    with pytest.raises(TypeError, match="expected one on the CPU"):
        ulplab.encode(torch.zeros(4, device="meta"), "e4m3")
    with pytest.raises(TypeError, match="expected strided"):
        ulplab.encode(torch.eye(3).to_sparse(), "e4m3")
