/* SPDX-License-Identifier: MIT
 *
 * The table of formats: one row a format, from which names, limits, codes,
 * help texts, CSV labels and tests are derived.  To add a format, add a row
 * (CONTRIBUTING.md says what else then notices it).
 */
#include "internal.h"

/* Documents, by the names used in the rows. */
#define IEEE_754 "IEEE 754-2019 table 3.5"
#define OFP8 \
  "OCP 8-bit Floating Point Specification (OFP8) 1.0, 2023, tables 1-2"
#define MX "OCP Microscaling Formats (MX) 1.0, 2023, section 5.3"
#define MX_SCALE "OCP Microscaling Formats (MX) 1.0, 2023, section 5.4.1"
#define MLDT "ml_dtypes README (github.com/jax-ml/ml_dtypes)"
#define FNUZ \
  "Noune et al. 2022, arXiv:2206.02915; LLVM APFloat Float8E*FNUZ; ml_dtypes"
#define BNB "bitsandbytes csrc/kernels.cu and functional.py"
#define P3109 "IEEE P3109 draft, Interim Report of 2026-06, section 4"

/* All the magnitude bits. */
#define ONES(E, M) ((UINT64_C(1) << ((E) + (M))) - 1)
/* Greatest finite code under each arrangement of the special codes. */
#define MAX_IEEE(E, M) (ONES(E, M) - (UINT64_C(1) << (M)))
#define MAX_TOPNAN(E, M) (ONES(E, M) - 1)

#define FLOAT_ROW(NAME, ALIASES, SIGN, E, M, BIAS, NAN_, INF_, ZERO, MAXCODE, \
                  BYTES, SHIFT, SOURCE)                                       \
  {                                                                           \
    .name = NAME, .aliases = ALIASES, .source = SOURCE, .kind = ULP_FLOAT,    \
    .bits = (SIGN) + (E) + (M), .exp_bits = (E), .man_bits = (M),             \
    .is_signed = (SIGN), .subnormals = (ZERO) != ULP_ZERO_NONE,               \
    .nan = ULP_NAN_##NAN_, .inf = ULP_INF_##INF_, .zero = (ZERO),             \
    .bias = (BIAS), .max_code = MAXCODE, .storage_bytes = (BYTES),            \
    .storage_shift = (SHIFT)                                                  \
  }

#define IEEE_ROW(NAME, ALIASES, E, M, BYTES, SHIFT, SOURCE)         \
  FLOAT_ROW(NAME, ALIASES, 1, E, M, (1 << ((E)-1)) - 1, IEEE, IEEE, \
            ULP_ZERO_SIGNED, MAX_IEEE(E, M), BYTES, SHIFT, SOURCE)

#define FINITE_ROW(NAME, ALIASES, E, M, SOURCE)                     \
  FLOAT_ROW(NAME, ALIASES, 1, E, M, (1 << ((E)-1)) - 1, NONE, NONE, \
            ULP_ZERO_SIGNED, ONES(E, M), 1, 0, SOURCE)

#define FNUZ_ROW(NAME, ALIASES, E, M, BIAS)                                 \
  FLOAT_ROW(NAME, ALIASES, 1, E, M, BIAS, NEGZERO, NONE, ULP_ZERO_UNSIGNED, \
            ONES(E, M), 1, 0, FNUZ)

/* binary8pPse: 8 - P exponent bits, bias 2^(7-P), NaN at 0x80, Inf on top. */
#define P3109_ROW(P)                                                    \
  FLOAT_ROW("binary8p" #P "se", "p3109_k8p" #P "se", 1, 8 - (P), (P)-1, \
            1 << (7 - (P)), NEGZERO, TOP, ULP_ZERO_UNSIGNED,            \
            ONES(8 - (P), (P)-1) - 1, 1, 0, P3109)

#define INT_ROW(NAME, ALIASES, B, SIGN, SYM, SOURCE)                         \
  {                                                                          \
    .name = NAME, .aliases = ALIASES, .source = SOURCE, .kind = ULP_INTEGER, \
    .bits = (B), .is_signed = (SIGN), .symmetric = (SYM),                    \
    .zero = ULP_ZERO_UNSIGNED, .storage_bytes = 1,                           \
    .max_code = (UINT64_C(1) << ((B) - (SIGN))) - 1                          \
  }

/* Two's complement, all codes; without the most negative one; unsigned, for
 * affine quantization with a zero point. */
#define INT_ROWS(B)                                                         \
  INT_ROW("int" #B, "s" #B, B, 1, 0, "two's complement"),                   \
      INT_ROW("int" #B "sym", "", B, 1, 1,                                  \
              "two's complement without -2^(b-1), so that q and -q exist"), \
      INT_ROW("uint" #B, "u" #B, B, 0, 0, "unsigned, used with a zero point")

#define BOOK_ROW(NAME, ALIASES, BITS, SIGN, ZERO, MAXCODE, BOOK, ORDER,       \
                 SOURCE)                                                      \
  {                                                                           \
    .name = NAME, .aliases = ALIASES, .source = SOURCE, .kind = ULP_CODEBOOK, \
    .bits = (BITS), .is_signed = (SIGN), .zero = (ZERO), .storage_bytes = 1,  \
    .max_code = (MAXCODE), .codebook = BOOK, .codebook_order = ORDER          \
  }

static const ulp_format table[] = {
    IEEE_ROW("float64", "f64 fp64 double binary64", 11, 52, 8, 0, IEEE_754),
    IEEE_ROW("float32", "f32 fp32 single binary32", 8, 23, 4, 0, IEEE_754),
    IEEE_ROW("tf32", "tensorfloat32", 8, 10, 4, 13,
             "PTX ISA, .tf32: f32's range, 10 bits of significand"),
    IEEE_ROW("float16", "f16 fp16 half binary16", 5, 10, 2, 0, IEEE_754),
    IEEE_ROW("bfloat16", "bf16", 8, 7, 2, 0,
             "Intel BFLOAT16 Hardware Numerics Definition, 2018"),
    IEEE_ROW(
        "fp22", "e8m13", 8, 13, 4, 10,
        "DeepSeek-V3 report section 3.5.2 (the FP8 accumulator of Hopper)"),

    FLOAT_ROW("float8_e4m3fn", "e4m3 e4m3fn fp8 fp8_e4m3", 1, 4, 3, 7, TOP,
              NONE, ULP_ZERO_SIGNED, MAX_TOPNAN(4, 3), 1, 0, OFP8),
    IEEE_ROW("float8_e5m2", "e5m2 fp8_e5m2", 5, 2, 1, 0, OFP8),
    FNUZ_ROW("float8_e4m3fnuz", "e4m3fnuz", 4, 3, 8),
    FNUZ_ROW("float8_e5m2fnuz", "e5m2fnuz", 5, 2, 16),
    FNUZ_ROW("float8_e4m3b11fnuz", "e4m3b11fnuz e4m3b11", 4, 3, 11),
    IEEE_ROW("float8_e4m3", "e4m3ieee", 4, 3, 1, 0, MLDT),
    IEEE_ROW("float8_e3m4", "e3m4", 3, 4, 1, 0, MLDT),
    FLOAT_ROW("float8_e8m0fnu", "e8m0 ue8m0 e8m0fnu", 0, 8, 0, 127, TOP, NONE,
              ULP_ZERO_NONE, MAX_TOPNAN(8, 0), 1, 0, MX_SCALE),
    FLOAT_ROW("float8_ue4m3", "ue4m3", 0, 4, 3, 7, TOP, NONE, ULP_ZERO_UNSIGNED,
              MAX_TOPNAN(4, 3), 1, 0,
              "PTX ISA, .ue4m3: E4M3 without its sign, bit 7 ignored"),
    FINITE_ROW("float6_e3m2fn", "e3m2 e3m2fn fp6_e3m2", 3, 2, MX),
    FINITE_ROW("float6_e2m3fn", "e2m3 e2m3fn fp6_e2m3", 2, 3, MX),
    FINITE_ROW("float4_e2m1fn", "e2m1 e2m1fn fp4 fp4_e2m1", 2, 1, MX),

    P3109_ROW(1),
    P3109_ROW(2),
    P3109_ROW(3),
    P3109_ROW(4),
    P3109_ROW(5),
    P3109_ROW(6),
    P3109_ROW(7),

    INT_ROWS(8),
    INT_ROWS(7),
    INT_ROWS(6),
    INT_ROWS(5),
    INT_ROWS(4),
    INT_ROWS(3),
    INT_ROWS(2),
    {.name = "int32",
     .aliases = "s32",
     .source = "two's complement; the sums of PTX's integer mma",
     .kind = ULP_INTEGER,
     .bits = 32,
     .is_signed = true,
     .zero = ULP_ZERO_UNSIGNED,
     .storage_bytes = 4,
     .max_code = INT32_MAX},
    {.name = "mxint8",
     .aliases = "",
     .source = MX,
     .kind = ULP_INTEGER,
     .bits = 8,
     .is_signed = true,
     .zero = ULP_ZERO_UNSIGNED,
     .bias = 6,
     .storage_bytes = 1,
     .max_code = 127},
    {.name = "mxint8sym",
     .aliases = "",
     .source = MX ", with the code of -2 unused as it allows",
     .kind = ULP_INTEGER,
     .bits = 8,
     .is_signed = true,
     .symmetric = true,
     .zero = ULP_ZERO_UNSIGNED,
     .bias = 6,
     .storage_bytes = 1,
     .max_code = 127},

    BOOK_ROW("nf4", "normalfloat4", 4, 1, ULP_ZERO_UNSIGNED, 15, ulp_book_nf4,
             NULL,
             "Dettmers et al. 2023 (QLoRA), arXiv:2305.14314, appendix E"),
    BOOK_ROW("bnb_fp4", "bnb-fp4", 4, 1, ULP_ZERO_SIGNED, 3, ulp_book_bnb_fp4,
             ulp_book_bnb_fp4_order, BNB),
    BOOK_ROW("bnb_dynamic8", "dynamic8", 8, 1, ULP_ZERO_UNSIGNED, 255,
             ulp_book_dynamic8, NULL, "Dettmers 2016, arXiv:1511.04561; " BNB),
    BOOK_ROW("bnb_dynamic8u", "dynamic8u", 8, 0, ULP_ZERO_UNSIGNED, 255,
             ulp_book_dynamic8u, NULL,
             "Dettmers et al. 2022, arXiv:2110.02861; " BNB),
};

size_t ulp_format_count(void) { return sizeof table / sizeof table[0]; }

const ulp_format *ulp_format_row(size_t i)
{
  return i < ulp_format_count() ? &table[i] : NULL;
}
