# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantizers against NumPy, against the program and against themselves."""
import subprocess

import numpy as np
import pytest
import ulplab

ml_dtypes = pytest.importorskip("ml_dtypes")


def sample(shape=(32, 256)):
    rng = np.random.default_rng(9)
    x = rng.standard_normal(shape) * np.exp2(rng.integers(-6, 6, shape))
    return x.astype(np.float32)


def test_mxfp8_is_its_standard():
    """OCP MX 1.0, 6.3: a power of two from the greatest exponent."""
    x = sample().reshape(-1, 32)
    amax = np.abs(x).max(axis=1)
    exponent = np.floor(np.log2(amax)).astype(int) - 8  # of 448: emax 8
    scaled = np.clip(x / np.exp2(exponent)[:, None], -448, 448)
    codes = scaled.astype(ml_dtypes.float8_e4m3fn).view(np.uint8)
    q = ulplab.quantize(sample(), "mxfp8@ocp")
    np.testing.assert_array_equal(q.scales.ravel(), exponent + 127)
    np.testing.assert_array_equal(q.codes.reshape(-1, 32), codes)
    values = codes.view(ml_dtypes.float8_e4m3fn).astype(np.float32)
    np.testing.assert_array_equal(q.dequantize().reshape(-1, 32),
                                  values * np.exp2(exponent)[:, None])


def test_int8_of_channels_is_numpys():
    x = sample()
    q = ulplab.quantize(x, "int8sym/g=channel/rule=amax/arithmetic=f32")
    scale = np.abs(x).max(axis=1) / np.float32(127)
    np.testing.assert_array_equal(q.scales.ravel(), scale)
    assert q.codes.dtype == np.int8
    np.testing.assert_array_equal(
        q.codes, np.rint(x / scale[:, None]).astype(np.int8))
    np.testing.assert_array_equal(
        q.dequantize(), q.codes * scale[:, None])


def test_a_tensors_scale_is_a_scalar():
    x = sample()
    q = ulplab.quantize(x, "e4m3/rule=amax/arithmetic=f32")
    assert q.scales.shape == ()
    assert q.scales == np.abs(x).max() / np.float32(448)


@pytest.mark.parametrize("name", ulplab.quantizers())
def test_every_quantizer_comes_back(name):
    """Dequantized values are near, and all threads give the same bytes."""
    spec = name
    try:
        q = ulplab.quantize(sample(), spec, threads=1)
    except ValueError as refused:  # it takes whole tiles, or more dimensions
        pytest.skip(str(refused))
    again = ulplab.quantize(sample(), spec, threads=3)
    assert q.quantizer == again.quantizer
    for part in ("codes", "scales", "zero_points", "global_scale",
                 "nested_scales", "scale_offset"):
        one, two = getattr(q, part), getattr(again, part)
        assert (one is None) == (two is None)
        if one is not None:
            assert one.tobytes() == two.tobytes(), part
    y = q.dequantize(threads=2)
    assert y.shape == sample().shape and y.dtype == np.float32
    x, kept = sample(), slice(None)
    if "llm-int8" in name:  # whose outliers are kept elsewhere, as f16
        kept = np.abs(x) < 6
    error = np.linalg.norm((y - x)[kept]) / np.linalg.norm(x[kept])
    assert error < 0.9


SPECS = ["mxfp8@ocp", "mxfp4@ocp", "nvfp4@te", "nf4-double@bitsandbytes",
         "int4/g=group:64/scale=f16/rule=mse", "uint4/rule=minmax/g=group:32",
         "e4m3/g=tile:16x32/rule=amax"]


@pytest.mark.parametrize("spec", SPECS)
def test_the_program_writes_the_same_bytes(spec, program, tmp_path):
    np.save(tmp_path / "x.npy", sample())
    q = ulplab.quantize(sample(), spec)
    parts = {"scales": q.scales, "zero-points": q.zero_points,
             "global-scale": q.global_scale, "nested-scales": q.nested_scales,
             "scale-offset": q.scale_offset}
    parts = {name: x for name, x in parts.items() if x is not None}
    options = [f"--{name}={tmp_path / name}.npy" for name in parts]
    subprocess.run([program, "quantize", f"--to={spec}",
                    f"--in={tmp_path / 'x.npy'}", f"--out={tmp_path / 'q.npy'}",
                    f"--dequant={tmp_path / 'y.npy'}", *options], check=True)
    expected = {"q": q.codes, "y": q.dequantize(), **parts}
    for name, ours in expected.items():
        theirs = np.load(tmp_path / f"{name}.npy")
        assert theirs.tobytes() == ours.tobytes(), name
        assert theirs.shape == ours.shape or ours.ndim == 0, name


def test_tensors_give_tensors():
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(sample())
    q = ulplab.quantize(x, "mxfp8@ocp")
    assert q.codes.dtype == torch.float8_e4m3fn
    assert q.scales.dtype == getattr(torch, "float8_e8m0fnu", torch.uint8)
    n = ulplab.quantize(sample(), "mxfp8@ocp")
    assert q.codes.view(torch.uint8).numpy().tobytes() == n.codes.tobytes()
    y = q.dequantize()
    assert y.dtype == torch.float32
    assert y.numpy().tobytes() == n.dequantize().tobytes()
    half = ulplab.quantize(x.bfloat16(), "mxfp8@ocp")  # rounded to f32: exact
    same = ulplab.quantize(x.bfloat16().float(), "mxfp8@ocp")
    assert torch.equal(half.codes.float(), same.codes.float())


def test_parts_are_checked():
    q = ulplab.quantize(sample(), "nvfp4@te")
    call = ulplab.dequantize
    with pytest.raises(ValueError, match="global_scale is missing"):
        call(q.codes, q.quantizer, q.scales)
    with pytest.raises(ValueError, match="zero_points: .* has none"):
        call(q.codes, q.quantizer, q.scales, q.scales, q.global_scale)
    with pytest.raises(ValueError, match=r"scales: shape \[31, 16\]"):
        call(q.codes, q.quantizer, q.scales[1:], None, q.global_scale)
    with pytest.raises(TypeError, match="scales: dtype float32"):
        call(q.codes, q.quantizer, q.scales.astype(np.float32), None,
             q.global_scale)
