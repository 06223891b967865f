#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seeds of the fuzz corpora, tests/fuzz/corpus/*/seed-*.

Standard library only: the files are the formats' own words, not a writer's.
What the fuzzers found beside them is kept as it was found.
"""
import hashlib
import json
import pathlib
import struct

corpus = pathlib.Path(__file__).parent / "corpus"


def write(kind, name, data):
    folder = corpus / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


def npy(descr, shape, data, fortran=False, version=1, tail=" \n"):
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    header = (text + tail).encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def safetensors(header, data, pad=0):
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    text += b" " * pad
    return struct.pack("<Q", len(text)) + text + data


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


for kind, size in [("b1", 1), ("i1", 1), ("u1", 1), ("i2", 2), ("u2", 2),
                   ("f2", 2), ("i4", 4), ("u4", 4), ("f4", 4), ("i8", 8),
                   ("u8", 8), ("f8", 8)]:
    data = bytes(range(6 * size))
    little = f"'{'|' if size == 1 else '<'}{kind}'"
    write("npy", kind, npy(little, (2, 3), data))
    write("npy", f"{kind}-fortran", npy(f"'>{kind}'", (3, 2), data, True, 2))
write("npy", "scalar", npy("'<f4'", (), bytes(4), version=3))
write("npy", "empty", npy("'<f4'", (3, 0, 2), b""))
write("npy", "long", npy("'|u1'", "(2L, 1L)", b"ab"))
write("npy", "truncated", npy("'<f8'", (9, 9), bytes(5)))
write("npy", "overflow", npy("'<f8'", (2**62, 4), b""))
write("npy", "structured", npy("[('x', '<f4')]", (1,), bytes(4)))
write("npy", "object", npy("'|O'", (1,), bytes(8)))
write("npy", "dims", npy("'|u1'", (1,) * 33, bytes(1)))

for dtype, bits in [("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6),
                    ("U8", 8), ("I8", 8), ("F8_E5M2", 8), ("F8_E4M3", 8),
                    ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8),
                    ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16),
                    ("I32", 32), ("U32", 32), ("F32", 32), ("C64", 64),
                    ("F64", 64), ("I64", 64), ("U64", 64)]:
    write("safetensors", dtype, safetensors({"t": tensor(dtype, [2, 4], 0, bits)},
                                            bytes(range(bits))))
a, b = tensor("U8", [2], 0, 2), tensor("F32", [], 2, 6)
write("safetensors", "two", safetensors({"a": a, "b": b}, bytes(6), 5))
write("safetensors", "metadata",
      safetensors({"__metadata__": {"format": "pt"}, "b": b, "a": a}, bytes(6)))
write("safetensors", "none", safetensors({}, b""))
write("safetensors", "empty", safetensors(
    {"e": tensor("F64", [0, 3], 0, 0), "a": a}, bytes(2)))
write("safetensors", "hole", safetensors({"b": b}, bytes(6)))
write("safetensors", "overlap", safetensors(
    {"a": a, "b": tensor("U8", [2], 1, 3)}, bytes(3)))
write("safetensors", "twice", safetensors(
    '{"a":%s,"a":%s}' % (json.dumps(a), json.dumps(a)), bytes(2)))
write("safetensors", "overflow", safetensors(
    {"a": tensor("U8", [2**62, 8], 0, 2)}, bytes(2)))
write("safetensors", "escapes", safetensors(
    '{"\\u00e9\\n\\"":%s}' % json.dumps(a), bytes(2)))
write("safetensors", "nested", safetensors("{\"a\":" + "[" * 300, b""))



def text(s):
    return struct.pack("<Q", len(s)) + s.encode()


def gguf(tensors, metadata=(), version=3, align=32, data=b""):
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    head += b"".join(metadata)
    for name, shape, kind, offset in tensors:
        head += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape),
                                         *shape, kind, offset)
    return head + bytes(-len(head) % align) + data


# Type, elements and bytes of a block: ggml-common.h.
for kind, elements, size in [
        (0, 1, 4), (1, 1, 2), (2, 32, 18), (3, 32, 20), (6, 32, 22),
        (7, 32, 24), (8, 32, 34), (9, 32, 36), (10, 256, 84), (11, 256, 110),
        (12, 256, 144), (13, 256, 176), (14, 256, 210), (15, 256, 292),
        (20, 32, 18), (23, 256, 136), (24, 1, 1), (27, 1, 8), (28, 1, 8),
        (30, 1, 2), (34, 256, 54), (35, 256, 66), (39, 32, 17), (40, 64, 36),
        (41, 128, 18), (42, 64, 18)]:
    write("gguf", f"type{kind:02}", gguf([("t", (elements, 2), kind, 0)],
                                         data=bytes(range(size % 256)) +
                                         bytes(2 * size - size % 256)))
word = text("key") + struct.pack("<I", 8) + text("value")
words = text("keys") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("bc")
numbers = text("n") + struct.pack("<IIQ3I", 9, 5, 3, 1, 2, 3)
aligned = text("general.alignment") + struct.pack("<II", 4, 8)
ab = [("a", (2, 1), 0, 0), ("b", (), 1, 8)]
write("gguf", "none", gguf([]))
write("gguf", "metadata", gguf(ab, [word, words, numbers, aligned], 2, 8,
                               bytes(16)))
write("gguf", "overlap", gguf([("a", (9,), 0, 0), ("b", (1,), 0, 32)],
                              data=bytes(64)))
write("gguf", "twice", gguf([("a", (1,), 0, 0), ("a", (1,), 0, 32)],
                            data=bytes(64)))
write("gguf", "big-endian", b"GGUF" + struct.pack(">IQQ", 3, 0, 0))

for name in ["float8_e4m3fn", "e4m3", "E2M1", "bf16", "f32", "tf32", "int4sym",
             "nf4", "mxint8", "e8m0", "binary8p3se", "binary16p8uf",
             "binary3p1", "p3109_k8p4sf", "e5m2fnuz", "e3m4fn", "ue4m3",
             "e15m0f", "e1m14", "e5m3b-4fnuz", "e4m3:inf", "ue5m3:nan=top,nosub",
             "e6m9:bias=-16384,ieee", "e4m3:nan=negzero,noinf", "e2m3f:negzero",
             "e4m3f:nan=none,nonegzero", "e5m2:", "e16m1", "e0m3", "float9",
             "e8m7:sub,sub", ""]:
    write("name", name.replace(":", "_").replace("=", "_") or "empty",
          name.encode())

# Bytes of no particular kind, for operands.
body = bytes((37 * i * i + 11 * i) % 256 for i in range(400))


# Names, a line each, and bytes: fuzz_mma and fuzz_gemm.
def words(kind, name, lines, data):
    write(kind, name, "".join(line + "\n" for line in lines).encode() + data)


for gpu, instr in [
        ("h200", "mma.m16n8k16.f32.f16.f16.f32"),
        ("v100", "mma.m8n8k4.f32.f16.f16.f16"),
        ("T4", "mma.m16n8k8.f16.f16.f16.f16"),
        ("a100", "mma.m16n8k8.f32.tf32.tf32.f32"),
        ("l40s", "mma.m16n8k32.f16.e5m2.e4m3.f16"),
        ("sm_90", "mma.m8n8k4.f16.f16.f16.f16"),
        ("sm_90", "mma.m8n8k4.f64.f64.f64.f64"),
        ("h100", "mma.m16n8k32.f32.e4m3.e5m2.f32"),
        ("h200", "mma.sp.m16n8k64.f32.e4m3.e5m2.f32"),
        ("h200", "mma.sync.aligned.m16n8k16.row.col.satfinite.s32.u8.s8.s32"),
        ("gh200", "mma.m16n8k64.s32.s4.u4.s32"),
        ("hopper", "wgmma.mma_async.sync.aligned.m64n72k32.f32.e4m3.e5m2"),
        ("h200", "wgmma.m64n8k32.f16.e5m2.e5m2"),
        ("h200", "wgmma.m64n256k8.f32.tf32.tf32"),
        ("h200", "wgmma.sp.m64n8k64.s32.u8.s8"),
        ("b200", "mma.m16n8k16.f32.bf16.bf16.f32"),
        ("rtx5090", "mma.m16n8k32.f32.e5m2.e4m3.f32"),
        ("rtx5090", "mma.m16n8k32.kind::mxf8f6f4.block_scale.f32.e4m3.e2m1"
         ".f32.ue8m0"),
        ("rtx5090", "mma.m16n8k64.kind::mxf4.block_scale.f32.e2m1.e2m1.f32"),
        ("rtx5090", "mma.m16n8k64.kind::mxf4nvf4.block_scale.scale_vec::4X"
         ".f32.e2m1.e2m1.f32.ue4m3"),
        ("b200", "tcgen05.mma.cta_group::1.kind::mxf4nvf4.block_scale"
         ".block16.m128n64k64.f32.e2m1.e2m1.f32.ue8m0"),
        ("b200", "tcgen05.mma.m128n8k32.kind::mxf8f6f4.block_scale"
         ".f32.e5m2.e3m2"),
        ("h200", "mma.sync.aligned.m16n8k128.row.col.s32.b1.b1.s32.xor.popc"),
        ("h200", "mma.m16n8k256.s32.b1.b1.s32.and.popc"),
        ("h200", "wgmma.m64n12k32.f32.e4m3.e5m2"),
        ("h200", "mma.m16n8k16.f32.f16.f16.f32.f32.f32"),
        ("h200", "mma.m-6n8k16.f32.f16.f16"), ("h200", "mma.sp.sp.sp"),
        ("h2000", "mma"), ("", "")]:
    name = f"{gpu}-{instr}".replace("::", "").replace(".", "_")
    # One output where there are scales, so that they are among the bytes.
    tile = b"\x01\x01" if "block_scale" in instr else b"\x02\x09"
    words("mma", name[:60], [gpu, instr], tile + body)

# GPU, kernel, accumulator, types of A, B and D; then flags, [promotion],
# [slices], the model's five bytes; scales, M, N, K; and the data.
for i, (kernel, acc, a, b, d, head, tail) in enumerate([
        ("wgmma-chain", "", "e4m3", "e5m2", "", b"\0", b"\0\2\x0a\x50\0"),
        ("mma-chain", "", "f16", "f16", "f32", b"\0", b"\x19\2\x0a\x50\0"),
        ("mma-chain", "", "int8", "int8", "", b"\0", b"\0\2\x0a\x50\0"),
        ("cublaslt-fp8", "", "e4m3", "e4m3", "bf16", b"\0",
         b"\x06\2\x0a\x90\1"),
        ("cublaslt-fp8", "", "e5m2", "e4m3", "", b"\1", b"\x0c\2\x0a\x90\1"),
        ("cublaslt-fp8-blocks", "", "e4m3", "e4m3", "f32", b"\x04\x02\0",
         b"\x17\2\x0a\x40\2"),
        ("cublaslt-bf16", "", "", "", "bf16", b"\x2c\x03\0",
         b"\0\2\x0a\x50\2"),
        ("cublaslt-tf32", "", "", "", "", b"\x04\x02\0", b"\0\2\x0a\x47\1"),
        ("cublaslt-gemv", "", "f16", "f16", "", b"\0", b"\0\1\x0a\x64\0"),
        ("cutlass-tf32-32", "", "", "", "", b"\0", b"\0\2\x0a\x64\0"),
        ("cutlass-h16816-64", "", "", "", "f16", b"\x2c\x02\0",
         b"\0\2\x0a\xc8\0"),
        ("cutlass-simt", "", "", "", "f32", b"\x04\x03\0",
         b"\x32\2\x0a\x64\0"),
        ("triton-fp8-mma", "", "e4m3", "e5m2", "", b"\0", b"\0\2\x0a\x30\0"),
        ("triton-tf32x3", "", "", "", "", b"\0", b"\0\2\x0a\x30\0"),
        ("deepgemm-1d2d", "", "e4m3", "e4m3", "bf16", b"\0",
         b"\x17\2\x0a\x10\1"),
        ("te-blockwise", "", "e5m2", "e4m3", "", b"\0", b"\x12\2\x0a\x10\1"),
        ("fma-chain", "", "f32", "bf16", "f16", b"\0", b"\x1a\2\x0a\x30\0"),
        ("exact", "", "f32", "e4m3", "bf16", b"\0", b"\x18\2\x0a\x30\0"),
        ("model", "fp22", "e4m3", "e4m3", "", b"\0\x10\x0d\1\2",
         b"\0\2\x0a\x50\0"),
        ("model", "e5m6", "f16", "bf16", "f16", b"\x02\x40\0\x08\x0a\0\x20\0",
         b"\x17\2\x0a\x50\0")]):
    words("gemm", f"{i:02}-{kernel}", ["h200", kernel, acc, a, b, d],
          head + (b"" if kernel == "model" else b"\x10\x0d\1\2") + tail + body)

for number, text in enumerate([
        "mxfp8", "mxfp4@torchao/g=group:16", "nvfp4@te/round=sr/sr-bits=8",
        "nvfp4@fouroversix/judge=max", "int4/g=group:32/scale=f16/rule=mse:20",
        "uint4/g=channel/axis=1/rule=minmax/zero-point=after",
        "e2m1/g=tile:16x16/scale=e4m3/scale-round=ru/zero-scale=1",
        "int8/g=token/rule=percentile:99.9/over=all", "nf4@bitsandbytes",
        "bnb-fp4@bitsandbytes/g=block:32", "e5m2/scale=e8m0/rule=even",
        "e3m2/raw=ceil2(a * (1 / MAX))/factor=1 / s/apply=times",
        "int4/global=2688 / A/raw=min(max((a / 6) / G, 2^-6), 448)",
        "mxint8@ocp", "e4m3/overflow=nan/special=ml_dtypes/arithmetic=f32"]):
    write("quantizer", f"{number:02}", text.encode())


# A tokenizer.json, a NUL and a text.
def tokenizer(name, pre, said, **parts):
    byte = {"type": "ByteLevel", "add_prefix_space": "prefix" in name,
            "use_regex": "regex" in name}
    vocab = {c: i for i, c in enumerate(
        [*"abc01", "\u0120", "\u010a", "\u00c3", "\u00a9", "ab", "\u0120a"])}
    whole = {"model": {"type": "BPE", "vocab": vocab, "unk_token": "c",
                       "ignore_merges": "whole" in name,
                       "merges": ["a b", ["\u0120", "a"]]},
             "pre_tokenizer": {"type": "Sequence",
                               "pretokenizers": [*pre, byte]},
             "decoder": {"type": "ByteLevel"}, **parts}
    write("tokenizer", name, json.dumps(whole).encode() + b"\0" + said.encode())


def split(pattern, behavior, invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior,
            "invert": invert}


pattern = (r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
           r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
saying = "ab <s> a\u00e9 01 \n aab's"
tokenizer("regex", [], saying)
tokenizer("prefix-regex", [{"type": "Digits", "individual_digits": True}], saying)
tokenizer("whole", [split({"Regex": pattern}, "Isolated")], saying,
          added_tokens=[{"id": 11, "content": "<s>", "lstrip": True,
                         "rstrip": True, "special": True},
                        {"id": 12, "content": "\u00e9", "normalized": True}],
          normalizer={"type": "NFC"}, post_processor={
              "type": "TemplateProcessing", "single": [
                  {"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}],
              "special_tokens": {"<s>": {"ids": [11]}}})
for behavior in ["Removed", "Contiguous", "MergedWithPrevious",
                 "MergedWithNext"]:
    tokenizer(behavior, [split({"String": "a"}, behavior, True)], saying,
              normalizer={"type": "Sequence", "normalizers": [
                  {"type": "NFKD"}, {"type": "NFKC"}]})
tokenizer("empty", [split({"Regex": "b*(?=0)"}, "Isolated")], saying)


# Journals, and a manifest's entry with the rows of a shard.
def frame(kind, name, data):
    head = b"%c %d %d " % (kind.encode(), len(name), len(data))
    digest = hashlib.sha256(head + name + data).hexdigest()[:32].encode()
    return head + digest + b"\n" + name + data + b"\n"


magic = b"ulplab-partial 1\n"
rows = [frame("r", b"%d" % i, b'%d,"a\n""b",1\n' % i) for i in range(3)]
key = frame("k", b"run", b'{"experiment":"snr"}')
write("journal", "whole", magic + key + frame("i", b"x.npy", b"{}") +
      frame("u", b"source 0", bytes(range(64))) + b"".join(rows))
write("journal", "torn", magic + key + rows[0] + rows[1][:-9])
write("journal", "damaged", magic + key + rows[0].replace(b"a", b"b") + rows[1])
write("journal", "long", magic + b"r 18446744073709551615 1 " + b"0" * 32 +
      b"\n")
write("journal", "long2", magic + b"r 1 18446744073709551614 " + b"0" * 32 +
      b"\n1")
write("journal", "magic", magic[:9])
entry = {"experiment": "roofline", "version": "1", "git": "", "program": "",
         "seed": "1", "effort": "quick", "tensor": "", "parameters": {},
         "inputs": [], "points": 5, "shard": [2, 2]}
write("journal", "entry", json.dumps(entry).encode())
write("journal", "shard", json.dumps(entry).encode() + b"\0point,x\n1,2\n")
write("journal", "points", json.dumps(
    dict(entry, points=2**62, shard=[1, 1])).encode() + b"\0point\n")
write("journal", "fields", json.dumps(dict(entry, seed=1)).encode())
write("journal", "pair", json.dumps(dict(entry, shard=[3, 2])).encode())
