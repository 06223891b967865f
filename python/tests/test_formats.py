# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats against ml_dtypes, NumPy and PyTorch's casts on the CPU."""
import numpy as np
import pytest
import ulplab

ml_dtypes = pytest.importorskip("ml_dtypes")

TYPES = ["float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn",
         "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz",
         "float8_e8m0fnu", "float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn",
         "bfloat16"]
SEED = 20261125


def hard_floats(n=1 << 20):
    """Every bfloat16, every float16 and random bit patterns, as float32."""
    rng = np.random.default_rng(SEED)
    words = np.arange(1 << 16, dtype=np.uint32)
    patterns = np.concatenate([
        words << 16, words << 16 | 0x8000,
        rng.integers(0, 1 << 32, n, dtype=np.uint32)])
    halves = words.astype(np.uint16).view(np.float16)
    with np.errstate(all="ignore"):
        return np.concatenate([patterns.view(np.float32),
                               halves.astype(np.float32)])


def codes_of(name):
    f = ulplab.format_info(name)
    return np.arange(1 << f.bits, dtype=f"u{f.storage_bytes}")


def assert_same_values(ours, theirs):
    nan = np.isnan(theirs)
    np.testing.assert_array_equal(np.isnan(ours), nan)
    np.testing.assert_array_equal(ours[~nan].view(np.uint64),
                                  theirs[~nan].view(np.uint64))


@pytest.mark.parametrize("name", TYPES)
def test_values_of_all_codes_are_those_of_ml_dtypes(name):
    kind = getattr(ml_dtypes, name)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        theirs = codes_of(name).view(kind).astype(np.float64)
    assert_same_values(ulplab.format_info(name).values(), theirs)


@pytest.mark.parametrize("name", TYPES)
def test_limits_are_those_of_finfo(name):
    f = ulplab.format_info(name)
    info = ml_dtypes.finfo(getattr(ml_dtypes, name))
    assert f.max == float(info.max)
    assert f.min_normal == float(info.smallest_normal)
    assert f.bits == info.bits


@pytest.mark.parametrize("name", TYPES)
def test_f32_is_encoded_as_ml_dtypes_casts(name):
    x = hard_floats()
    with np.errstate(all="ignore"):
        theirs = x.astype(getattr(ml_dtypes, name))
    ours = ulplab.encode(x, name, profile="ml_dtypes")
    theirs = theirs.view(ours.dtype)
    differ = ours != theirs
    if name == "float8_e8m0fnu":
        # Nearest is 2^-127; ml_dtypes gives 2^-126
        # (scripts/peers/ml_dtypes_f32.py).
        bits = x.view(np.uint32)
        known = (bits > 0x00400000) & (bits < 0x00600000)
        assert (ours[differ] == 0).all() and (theirs[differ] == 1).all()
        assert not (differ & ~known).any()
        differ &= ~known
    assert not differ.any(), (x[differ][:3], ours[differ][:3],
                              theirs[differ][:3])


def test_float16_is_numpys_cast():
    x = hard_floats()
    x = x[~np.isnan(x)]
    with np.errstate(all="ignore"):
        theirs = x.astype(np.float16)
    ours = ulplab.encode(x, "float16", profile="ieee")
    assert ours.dtype == np.float16
    np.testing.assert_array_equal(ours.view(np.uint16), theirs.view(np.uint16))


TORCH = ["float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2",
         "float8_e5m2fnuz", "bfloat16", "float16"]


def rule_of_torch(torch, dtype):
    """Beyond the range PyTorch's casts give Inf or, where there is none, NaN;
    but float8_e4m3fn saturates, Inf too, in newer versions (2.15 does)."""
    if torch.tensor(1e9).to(dtype).float().isnan() or dtype.itemsize == 2 or (
            dtype == torch.float8_e5m2):
        return dict(overflow="ieee", profile="ieee")
    return dict(overflow="saturate", profile="ocp")


@pytest.mark.parametrize("name", TORCH)
def test_torch_casts_on_the_cpu(name):
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(hard_floats())
    dtype = getattr(torch, name)
    theirs = x.to(dtype)
    ours = ulplab.encode(x, dtype, **rule_of_torch(torch, dtype))
    assert ours.dtype == dtype
    word = torch.uint8 if dtype.itemsize == 1 else torch.int16
    nan = theirs.to(torch.float32).isnan()
    assert torch.equal(ours.to(torch.float32).isnan(), nan)
    assert torch.equal(ours.view(word)[~nan], theirs.view(word)[~nan])


@pytest.mark.parametrize("name", [
    n for n in ulplab.formats() if ulplab.format_info(n).bits <= 16])
def test_codes_come_back(name):
    f = ulplab.format_info(name)
    values = f.values()
    back = ulplab.encode(values, name, profile="ocp")
    again = ulplab.decode(back, name, dtype="float64")
    # Inf may saturate, and codes that are unused are not written.
    number = np.isfinite(values) & (values >= f.lowest)
    assert number.sum() > len(values) / 2
    np.testing.assert_array_equal(again[number], values[number])


def test_every_mode_lies_next_to_x():
    x = np.random.default_rng(SEED).standard_normal(4096)
    grid = np.unique(ulplab.format_info("e4m3").values()[:127])
    grid = np.concatenate([-grid[::-1], grid])
    above = grid[np.searchsorted(grid, x, side="left")]
    below = grid[np.searchsorted(grid, x, side="right") - 1]

    def rounded(mode):
        return ulplab.decode(ulplab.encode(x, "e4m3", rounding=mode), "e4m3",
                             dtype="float64")

    np.testing.assert_array_equal(rounded("ru"), above)
    np.testing.assert_array_equal(rounded("rd"), below)
    np.testing.assert_array_equal(rounded("rtz"), np.where(x < 0, above, below))
    near = np.where(above - x < x - below, above, below)
    np.testing.assert_array_equal(rounded("rne"), near)  # none is a tie


def test_stochastic_rounding_depends_on_seed_and_index_alone():
    x = np.random.default_rng(SEED).standard_normal((1 << 19) + 321)
    x = x.astype(np.float32)  # three parts of flat.c, CHUNK
    kind = dict(rounding="sr", sr_bits=8, seed=7)
    whole = ulplab.encode(x, "e2m1", **kind, threads=1)
    np.testing.assert_array_equal(
        whole, ulplab.encode(x, "e2m1", **kind, threads=3))
    np.testing.assert_array_equal(
        whole[5000:], ulplab.encode(x[5000:], "e2m1", first_index=5000, **kind))
    other = ulplab.encode(x, "e2m1", rounding="sr", sr_bits=8, seed=8)
    assert (whole != other).any()


def test_integers_keep_their_sign():
    x = np.array([-8, -1, 0, 7], dtype=np.int32)
    codes = ulplab.encode(x, "int4")
    assert codes.dtype == np.int8
    np.testing.assert_array_equal(codes, x)
    np.testing.assert_array_equal(ulplab.decode(codes, "int4"), x)


def test_an_invented_format():
    f = ulplab.format_info("e5m4fn")
    assert (f.exp_bits, f.man_bits, f.has_nan, f.has_inf) == (5, 4, True, False)
    assert len(f.values()) == 1024


def test_decode_says_by_dtype_what_it_holds():
    x = np.array([1.5, -2, 448], dtype=ml_dtypes.float8_e4m3fn)
    np.testing.assert_array_equal(ulplab.decode(x), [1.5, -2, 448])
    assert ulplab.decode(x).dtype == np.float32
    assert ulplab.decode(np.array([0.1])).dtype == np.float64
    like = ulplab.encode(x, "e5m2")  # like in, like out
    assert like.dtype == ml_dtypes.float8_e5m2
