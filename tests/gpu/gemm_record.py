# SPDX-License-Identifier: GPL-3.0-or-later
"""The container of captured GEMMs.

A file is a stream of records: a text header, one "key value" a line, then
"end", then (unless the header has a line "error") the array of outputs,
little-endian, of the third type: f32 s32 4 bytes, f16 bf16 2, e4m3 e5m2 1.

  ulplab-gemm 1
  case 17
  op scaled_mm | mm | int_mm | sdpa | triton | session | blockwise |
     deepgemm
  types e4m3 e5m2 f32          A, B, D
  shape 64 128 8192            M N K; A is [M, K], B [N, K], D = A B^T
  family outlier               of recipes.h, as are the seed's uses below
  seed 1017                    A: stream 1, B: 2, scales 4 and 5, bias 6
  scale none | tensor | row | 1x128_128x128 | ...
                               tensor: element 0 of each stream of scales;
                               row: element m, element n; blocks of 128 of K:
                               m * KB + kb and (n / 128) * KB + kb, KB =
                               ceil(K / 128); with 1x128 for B n * KB + kb,
                               with 128x128 for A (m / 128) * KB + kb
  option fast_accum 1          zero or more; with "echo 1" the inputs are
                               those of ulp_echo_code and ulp_echo_scale
  outputs all 8192             row-major; or "sampled 4096": element j is at
                               ulp_recipe_position(seed, j, M * N)
  digest 0123456789abcdef      over all M * N outputs: the sum modulo 2^64 of
                               mix64(index << 32 ^ bits)
  relerr 1.2e-7                |D - exact| / |exact|, Frobenius, for the eye
  repeat same | differs        a second run's bits
  kernel NAME                  each the profiler saw, in order
  lt TEXT                      what the library's log said of its algorithm
  error TEXT                   the exception, when there is no output
"""
import recipes


def line(text):
    return " ".join(str(text).split())[:1000]


def header(case, info):
    lines = ["ulplab-gemm 1", f"case {case['case']}", f"op {case['op']}"]
    if "types" in case:
        lines += [
            "types " + " ".join(case["types"]),
            "shape " + " ".join(str(x) for x in case["shape"]),
            f"family {case['family']}",
            f"seed {case['seed']}",
            f"scale {case['scale']}",
        ]
        lines += [f"option {k} {v}" for k, v in case["options"].items()]
    lines += [f"{key} {line(value)}" for key, value in info]
    return ("\n".join(lines) + "\nend\n").encode()


def write(f, case, info, bits=None, samples=4096):
    """bits: all outputs as int64 codes, row-major; None without output."""
    info = list(info)
    if bits is None:
        f.write(header(case, info))
        return
    bits = bits.reshape(-1)
    count = bits.numel()
    info.insert(0, ("digest", f"{recipes.digest(bits):016x}"))
    if count > samples:
        at = recipes.positions(case["seed"], samples, count, bits.device)
        bits = bits[at]
        info.insert(0, ("outputs", f"sampled {samples}"))
    else:
        info.insert(0, ("outputs", f"all {count}"))
    kind = case["types"][2]
    size = {"f32": 4, "s32": 4, "f16": 2, "bf16": 2}.get(kind, 1)
    array = bits.cpu().numpy().astype(f"<u{size}")
    f.write(header(case, info))
    f.write(array.tobytes())
