# SPDX-License-Identifier: GPL-3.0-or-later
"""Instructions and kernels against what an H200 and an H100 gave."""
import hashlib
import inspect
import json
import lzma

import captured
import numpy as np
import pytest
import ulplab

MOST_TILES = 2  # of a record; tests/gpu/replay_mma.sh takes all
# One record in so many of each file.
FILES = {"mma.vec.xz": 3, "mma_sp.vec.xz": 5, "wgmma_n64.vec.xz": 4,
         "wgmma_n8.vec.xz": 11, "floor_ties.vec.xz": 5}


def negated(codes, on):
    top = codes.dtype.type(1 << (8 * codes.itemsize - 1))
    return codes ^ top if on else codes


@pytest.mark.parametrize("name", FILES)
def test_instructions_of_an_h200(vectors, name):
    compared = 0
    for i, record in enumerate(captured.instructions(vectors / "h200" / name)):
        if i % FILES[name]:
            continue
        instr, options = record.keys["instr"], record.options
        a, b, c, d = (record.arrays[x][:MOST_TILES] for x in "abcd")
        a = negated(a, int(options.get("neg_a", 0)))
        b = negated(b, int(options.get("neg_b", 0)))
        if int(options.get("scale_d", 1)) == 0:
            c = None
        if int(options.get("satfinite", 0)) and "satfinite" not in instr:
            instr += ".satfinite"
        kinds = {4: np.float32, 8: np.float64}
        a, b = (x.view(kinds.get(x.itemsize, x.dtype)) for x in (a, b))
        if instr.endswith((".s32", ".satfinite")) or ".s32." in instr:
            c = None if c is None else c.view(np.int32)
        elif c is not None:
            c = c.view(kinds.get(c.itemsize, c.dtype))
        meta = record.arrays.get("meta", None)
        if meta is not None:
            meta = meta[:MOST_TILES]
        ours = ulplab.mma("h200", instr, a, b, c, meta=meta)
        assert ours.shape == d.shape
        same = ours.view(d.dtype) == d
        if ours.dtype == np.float64:  # payloads are not modelled
            same |= np.isnan(ours) & np.isnan(d.view(np.float64))
        assert same.all(), (instr, record.keys["family"], np.argwhere(~same)[0])
        compared += d.size
    assert compared > 1000


def test_one_dot_product_by_hand():
    """Hopper's FP8: 2^0 and a product 2^-14 below, which is cut."""
    a, b = np.zeros((64, 32), np.uint8), np.zeros((8, 32), np.uint8)
    a[0, :2] = [0x38, 0x08]  # 1, 2^-6
    b[0, :2] = [0x38, 0x04]  # 1, 2^-7
    d = ulplab.mma("h100", "wgmma.m64n8k32.f32.e4m3.e4m3", a, b)
    assert d[0, 0] == 1 + 2.0**-13
    b[0, 1] = 0x02  # 2^-8: F = 13 drops it
    assert ulplab.mma("h100", "wgmma.m64n8k32.f32.e4m3.e4m3", a, b)[0, 0] == 1


def test_block_scales():
    instr = ("mma.m16n8k64.kind::mxf4nvf4.block_scale.scale_vec::4X"
             ".f32.e2m1.e2m1.f32.ue4m3")
    a, b = np.full((16, 64), 2, np.uint8), np.full((8, 64), 2, np.uint8)  # 1
    sa, sb = np.full((16, 4), 0x40, np.uint8), np.full((8, 4), 0x38, np.uint8)
    with pytest.warns(ulplab.EvidenceWarning):
        d = ulplab.mma("sm_120", instr, a, b, scale_a=sa, scale_b=sb)
    assert (d == 128).all()  # 64 products of 1, times 2, times 1
    with pytest.raises(ValueError, match="scale_b: shape"):
        ulplab.mma("sm_120", instr, a, b, scale_a=sa, scale_b=sa)
    with pytest.warns(ulplab.EvidenceWarning), pytest.raises(
            ValueError, match="block scales of A and of B"):
        ulplab.mma("sm_120", instr, a, b)


def test_metadata_are_checked():
    instr = "mma.sp.m16n8k32.f32.f16.f16.f32"
    a = np.ones((16, 16), np.float16)
    b = np.ones((8, 32), np.float16)
    meta = np.tile(np.arange(32, dtype=np.uint8).reshape(8, 4)[:, :2].ravel(),
                   (16, 1))
    assert (ulplab.mma("h100", instr, a, b, meta=meta) == 16).all()
    with pytest.raises(ValueError, match="expected metadata"):
        ulplab.mma("h100", instr, a, b)
    meta[3, 5] = 200  # beyond B
    with pytest.raises(ValueError, match="row 3, element 5 is 200"):
        ulplab.mma("h100", instr, a, b, meta=meta)
    meta[3, 5] = meta[3, 4]  # twice the same
    with pytest.raises(ValueError, match="row 3, element 5"):
        ulplab.mma("h100", instr, a, b, meta=meta)


def test_batches_are_products_one_by_one():
    rng = np.random.default_rng(3)
    a = rng.integers(0, 0x78, (2, 3, 40, 256), dtype=np.uint8)
    b = rng.integers(0, 0x78, (2, 3, 24, 256), dtype=np.uint8)
    sa = rng.random((2, 3, 40, 2)).astype(np.float32)
    sb = rng.random((2, 3, 1, 2)).astype(np.float32)
    kinds = dict(type_a="e4m3", type_b="e4m3", out_dtype="bf16")
    d = ulplab.gemm("h100", "deepgemm-1d2d", a, b, **kinds, scale_a=sa,
                    scale_b=sb)
    assert d.shape == (2, 3, 40, 24) and d.dtype == np.uint16
    for i in np.ndindex(2, 3):
        one = ulplab.gemm("h100", "deepgemm-1d2d", a[i], b[i], **kinds,
                          scale_a=sa[i], scale_b=sb[i])
        np.testing.assert_array_equal(d[i], one)


def test_integers_are_exact():
    rng = np.random.default_rng(4)
    a = rng.integers(-128, 128, (20, 64), dtype=np.int8)
    b = rng.integers(-128, 128, (24, 64), dtype=np.int8)
    d = ulplab.gemm("h100", "cublaslt-s8", a, b)
    np.testing.assert_array_equal(d, a.astype(np.int32) @ b.astype(np.int32).T)
    assert ulplab.gemm("h100", "cublaslt-s8", a, b,
                       out_dtype=np.int32).dtype == np.int32


def test_the_exact_order_is_the_rounded_sum():
    rng = np.random.default_rng(5)
    a = rng.standard_normal((4, 50)).astype(np.float16)
    b = rng.standard_normal((3, 50)).astype(np.float16)
    exact = a.astype(np.float64) @ b.astype(np.float64).T  # to 50 * 2^-53
    d = ulplab.gemm("h100", "exact", a, b)
    np.testing.assert_array_equal(d, exact.astype(np.float32))


# ---- torch._scaled_mm on GPUs ----


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def layer(vectors, torch):
    """The arrays of layer.safetensors.xz."""
    with lzma.open(vectors / "model" / "fp8" / "layer.safetensors.xz") as f:
        raw = f.read()
    size = int.from_bytes(raw[:8], "little")
    head, body = json.loads(raw[8:8 + size]), raw[8 + size:]
    kinds = {"F8_E4M3": torch.float8_e4m3fn, "F32": torch.float32}
    found = {}
    for name, entry in head.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            data = torch.frombuffer(bytearray(body[start:end]),
                                    dtype=kinds[entry["dtype"]])
            found[name] = data.reshape(entry["shape"])
    return found


def test_scaled_mm_of_a_layer_on_an_h100(vectors, torch):
    """All 28 results of PyTorch there, by their SHA-256."""
    arrays, count = layer(vectors, torch), 0
    with open(vectors / "model" / "fp8" / "digests.tsv") as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    for name, _, _, _, out, accumulation, digest, *_ in rows:
        d = ulplab.scaled_mm(
            arrays[f"{name}.a"], arrays[f"{name}.b"].t(),
            arrays[f"{name}.scale_a"], arrays[f"{name}.scale_b"],
            out_dtype=getattr(torch, out),
            use_fast_accum=accumulation == "fast", gpu="h100", strict=True)
        raw = d.view(torch.uint8).numpy().tobytes()
        assert hashlib.sha256(raw).hexdigest() == digest, (name, out)
        count += 1
    assert count == 28


def scaled_cases(vectors):
    """Products of torch._scaled_mm on an H200, the smaller ones, with the
    slices that cuBLASLt chose."""
    orders = captured.orders(vectors / "h200" / "gemm.orders")
    for record in captured.products(vectors / "h200" / "gemm.captured.xz"):
        if record.keys["op"] != "scaled_mm" or "d" not in record.arrays:
            continue
        m, n, k = map(int, record.words("shape"))
        if m * n * k <= 1 << 23:
            yield record, orders[int(record.keys["case"])], (m, n, k)


def scale_tensors(recipes, record, shape):
    """As tests/gpu/gemm.py laid them out for PyTorch."""
    (m, n, k), kind = shape, record.keys["scale"]
    blocks = -(-k // 128)
    shapes = {"1x128": lambda r: (r, blocks),
              "128x128": lambda r: (-(-r // 128), blocks)}
    if kind in ("none", "tensor"):
        sizes = ((), ())
    elif kind == "row":
        sizes = ((m, 1), (n, 1))
    else:
        of_a, of_b = kind.split("_")
        sizes = shapes[of_a](m), shapes[of_b](n)
    seed, found = int(record.keys["seed"]), []
    for size, stream in zip(sizes, ("SCALE_A", "SCALE_B")):
        count = int(np.prod(size, dtype=int))
        s = recipes.scales(seed, recipes.STREAM[stream], count).reshape(size)
        found.append(s * 0 + 1 if kind == "none" else s)
    return found[0], found[1].t() if found[1].ndim == 2 else found[1]


def test_scaled_mm_on_an_h200(vectors, torch):
    recipes = pytest.importorskip("recipes")
    kinds, count = set(), 0
    for record, order, shape in scaled_cases(vectors):
        (m, n, k), seed = shape, int(record.keys["seed"])
        ta, tb, td = record.words("types")
        a, b = (recipes.tensor(recipes.codes(
            kind, record.keys["family"], seed, recipes.STREAM[stream], rows,
            k), kind) for kind, stream, rows in ((ta, "A", m), (tb, "B", n)))
        bias = None
        if "bias" in record.options:
            bias = recipes.tensor(recipes.codes(
                "bf16", "normal", seed, recipes.STREAM["BIAS"], 1, n)[0],
                "bf16")
        sa, sb = scale_tensors(recipes, record, shape)
        d = ulplab.scaled_mm(
            a, b.t(), sa, sb, bias, out_dtype=recipes.TORCH_TYPES[td][1],
            use_fast_accum=bool(int(record.options["fast_accum"])),
            gpu="h200", split_k=int(order[3]))
        bits = recipes.raw_bits(d, td).reshape(-1)
        assert f"{recipes.digest(bits):016x}" == record.keys["digest"], (
            record.keys["case"], record.keys["scale"])
        how, number = record.words("outputs")
        at = (torch.arange(int(number)) if how == "all" else
              recipes.positions(seed, int(number), bits.numel()))
        np.testing.assert_array_equal(bits[at].numpy(), record.arrays["d"])
        kinds.add((record.keys["scale"], bias is not None))
        count += 1
    assert count > 30
    assert kinds >= {("none", False), ("tensor", False), ("row", False),
                     ("1x128_128x128", False), ("1x128_1x128", False),
                     ("128x128_1x128", False)}


def test_scaled_mm_has_pytorchs_arguments(torch):
    schema = torch.ops.aten._scaled_mm.default._schema
    names = [a.name for a in schema.arguments]
    ours = [p.name for p in inspect.signature(
        ulplab.scaled_mm).parameters.values()
        if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert ours == ["input", *names[1:]]  # PyTorch says input for self


def test_scaled_mm_refuses_what_pytorch_refuses(torch):
    a = torch.ones(32, 64).to(torch.float8_e4m3fn)
    b = torch.ones(16, 64).to(torch.float8_e4m3fn)
    one, f32 = torch.ones(()), dict(out_dtype=torch.float32)
    e5m2 = torch.ones(32, 64).to(torch.float8_e5m2)
    for arguments, options, why in [
            ((a, b, one, one), f32, "column-major"),
            ((a.t(), b.t(), one, one), f32, "row-major"),
            ((a, b[:, :32].contiguous().t(), one, one), f32, "expected K = 64"),
            ((a, b.t(), one, one), {}, "out_dtype: float8_e4m3fn"),
            ((a, b[:8].t(), one, one), f32, "multiples of 16"),
            ((e5m2, e5m2.t(), one, one), f32, "refuses"),
            ((a, b.t(), torch.ones(32, 1), one), f32, "scale_a, scale_b"),
            ((a, b.t(), one, one, torch.ones(16).bfloat16()), f32, "bias"),
            ((a, b.t(), one, one, None, one), f32, "scale_result")]:
        with pytest.raises(ValueError, match=why):
            ulplab.scaled_mm(*arguments, **options)
    with pytest.raises(TypeError, match="bfloat16, expected float8"):
        ulplab.scaled_mm(a.bfloat16(), b.t(), one, one, **f32)


def test_numpy_arrays_are_scaled_mm_too():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    a = np.ones((32, 64), ml_dtypes.float8_e4m3fn)
    b = np.ones((16, 64), ml_dtypes.float8_e4m3fn)
    d = ulplab.scaled_mm(a, b.T, 2.0, np.float32(1), out_dtype="bfloat16")
    assert d.dtype == ml_dtypes.bfloat16 and (d == 128).all()
