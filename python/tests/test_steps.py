# SPDX-License-Identifier: GPL-3.0-or-later
"""trace and identify against what they explain."""
from fractions import Fraction

import captured
import numpy as np
import pytest
import ulplab

WGMMA = "wgmma.m64n8k32.f32.e4m3.e4m3"


def finite_codes(rng, shape):
    return rng.integers(0, 0x7f, shape, dtype=np.uint8) | (
        rng.integers(0, 2, shape, dtype=np.uint8) << 7)


@pytest.fixture
def tile():
    rng = np.random.default_rng(11)
    return (finite_codes(rng, (64, 32)), finite_codes(rng, (8, 32)),
            rng.standard_normal((64, 8)).astype(np.float32))


def test_the_steps_are_those_of_the_result(tile):
    a, b, c = tile
    d = ulplab.mma("h100", WGMMA, a, b, c)
    values = ulplab.format_info("e4m3").values()
    for i, j in ((0, 0), (5, 3), (63, 7)):
        t = ulplab.trace("h100", WGMMA, a, b, c, i, j)
        assert t.d == d.view(np.uint32)[i, j] and t.format == "float32"
        [block] = t.blocks
        assert not block.special
        products = {x.k: x for x in block.terms if x.kind == "product"}
        assert sorted(products) == list(range(32))
        for k, x in products.items():
            assert x.value == (Fraction(values[a[i, k]])
                               * Fraction(values[b[j, k]]))
        [start] = [x for x in block.terms if x.kind == "accumulator"]
        assert start.value == Fraction(float(c[i, j]))


def test_terms_are_cut_to_the_unit_and_summed(tile):
    a, b, c = tile
    t = ulplab.trace("h100", WGMMA, a, b, c, 1, 2)
    block = t.blocks[0]
    assert block.top == max(x.vote for x in block.terms if x.vote is not None)
    assert block.unit == block.top - 13  # Hopper's FP8: F = 13
    total = 0
    for x in block.terms:
        size = abs(x.value) / Fraction(2) ** block.unit
        assert x.kept == size.numerator // size.denominator
        assert x.cut == (x.kept != size)
        total += -x.kept if x.negative else x.kept
    assert total == block.total
    assert any(x.cut for x in block.terms)
    # fp22, toward zero
    exact = total * Fraction(2) ** block.unit
    value = Fraction(ulplab.format_info(t.accumulator).value(block.result))
    assert 0 <= exact / value - 1 < Fraction(1, 2**13)


def test_special_values_are_told(tile):
    a, b, c = tile
    a[0, 0] = 0x7f
    t = ulplab.trace("h100", WGMMA, a, b, c, 0, 0)
    assert t.blocks[0].special and t.blocks[0].top is None
    assert np.isnan(np.array([t.d], np.uint32).view(np.float32)[0])


def test_groups_are_shown():
    instr = ("mma.m16n8k64.kind::mxf4nvf4.block_scale.scale_vec::4X"
             ".f32.e2m1.e2m1.f32.ue4m3")
    rng = np.random.default_rng(2)
    a, b = (rng.integers(0, 16, (m, 64), dtype=np.uint8) for m in (16, 8))
    sa, sb = (rng.integers(0x30, 0x40, (m, 4), dtype=np.uint8)
              for m in (16, 8))
    t = ulplab.mma
    with pytest.warns(ulplab.EvidenceWarning):
        d = t("sm_120", instr, a, b, scale_a=sa, scale_b=sb)
    with pytest.warns(ulplab.EvidenceWarning):
        t = ulplab.trace("sm_120", instr, a, b, None, 4, 5, scale_a=sa,
                         scale_b=sb)
    assert t.d == d.view(np.uint32)[4, 5]
    values = ulplab.format_info("e2m1").values()
    exact = [Fraction(values[x]) * Fraction(values[y])
             for x, y in zip(a[4], b[5])]
    terms = [x for block in t.blocks for x in block.terms]
    grouped = {x.k: x.value for x in terms if x.kind == "grouped"}
    assert [grouped[k] for k in range(64)] == exact
    sums = {x.k: x.value for x in terms if x.kind == "sum"}
    assert sums == {k: sum(exact[k:k + 16]) for k in range(0, 64, 16)}


def test_sparse_steps_name_their_k():
    instr = "mma.sp.m16n8k32.f32.f16.f16.f32"
    rng = np.random.default_rng(8)
    a = rng.standard_normal((16, 16)).astype(np.float16)
    b = rng.standard_normal((8, 32)).astype(np.float16)
    meta = np.tile(np.arange(32, dtype=np.uint8).reshape(8, 4)[:, 1:3].ravel(),
                   (16, 1))
    d = ulplab.mma("h100", instr, a, b, meta=meta)
    t = ulplab.trace("h100", instr, a, b, None, 2, 3, meta=meta)
    assert t.d == d.view(np.uint32)[2, 3]
    found = {x.k: x.value for block in t.blocks for x in block.terms
             if x.kind == "product"}
    assert found == {int(k): Fraction(float(a[2, i])) * Fraction(float(b[3, k]))
                     for i, k in enumerate(meta[2])}


def test_trace_refuses_what_is_not_there(tile):
    a, b, c = tile
    with pytest.raises(ValueError, match="i, j: 64, 0"):
        ulplab.trace("h100", WGMMA, a, b, c, 64, 0)
    with pytest.raises(ValueError, match="i, j: 0, -1"):
        ulplab.trace("h100", WGMMA, a, b, c, 0, -1)


# ---- identify ----


def test_a_librarys_product_is_identified(vectors):
    """Captured D of cuBLASLt: its order is among the exact ones."""
    torch = pytest.importorskip("torch")
    recipes = pytest.importorskip("recipes")
    orders = captured.orders(vectors / "h200" / "gemm.orders")
    seen = set()
    for record in captured.products(vectors / "h200" / "gemm.captured.xz"):
        if "d" not in record.arrays or record.words("outputs")[0] != "all":
            continue
        m, n, k = map(int, record.words("shape"))
        ta, tb, td = record.words("types")
        order = orders[int(record.keys["case"])]
        if (record.keys["scale"] != "none" or "bias" in record.options
                or m * n * k > 1 << 21 or order[3] != "1"
                or (order[0], td) in seen):
            continue
        seen.add((order[0], td))
        seed, family = int(record.keys["seed"]), record.keys["family"]
        a, b = (recipes.tensor(recipes.codes(
            kind, family, seed, recipes.STREAM[s], rows, k), kind)
            for kind, s, rows in ((ta, "A", m), (tb, "B", n)))
        raw = record.arrays["d"].reshape(m, n).copy()
        signed = {2: np.int16, 4: np.int32}[raw.itemsize]
        d = torch.from_numpy(raw.view(signed)).view(recipes.TORCH_TYPES[td][1])
        found = ulplab.identify("h200", a, b, d, top=40)
        assert any(order[0] in c.kernels for c in found.exact), (
            record.keys["case"], order)
        if len(seen) == 4:
            break
    assert len(seen) == 4


def test_what_nothing_computes_is_near():
    rng = np.random.default_rng(12)
    a, b = finite_codes(rng, (48, 256)), finite_codes(rng, (32, 256))
    kinds = dict(type_a="e4m3", type_b="e4m3")
    d = ulplab.gemm("h100", "cublaslt-fp8", a, b, **kinds)
    assert ulplab.identify("h100", a, b, d, **kinds).exact
    d = d.copy()
    d[30, 7] += 1000
    found = ulplab.identify("h100", a, b, d, **kinds)
    assert found.exact == ()
    best = found.candidates[0]
    assert best.whole and best.mismatches == 1 and best.compared == d.size
    assert best.first_miss == (30, 7)
    assert best.given == d.view(np.uint32)[30, 7] != best.computed


def test_identify_knows_scales_and_top():
    rng = np.random.default_rng(13)
    a, b = finite_codes(rng, (64, 512)), finite_codes(rng, (64, 512))
    sa = rng.random((64, 4)).astype(np.float32) + 1
    sb = rng.random((1, 4)).astype(np.float32) + 1
    given = dict(type_a="e4m3", type_b="e4m3", scale_a=sa, scale_b=sb)
    d = ulplab.gemm("h100", "te-blockwise", a, b, **given)
    found = ulplab.identify("h100", a, b, d, **given, top=3)
    assert len(found.candidates) <= 3
    assert "te-blockwise" in found.exact[0].kernels
    assert "deepgemm-1d1d" not in found.exact[0].kernels
    with pytest.raises(TypeError, match="a: raw codes"):
        ulplab.identify("h100", a, b, d)
