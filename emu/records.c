/* SPDX-License-Identifier: MIT
 *
 * The matrix instructions, one row each.  Sources:
 *   Fasi, Higham, Mikaitis, Pranesh 2021, "Numerical behavior of NVIDIA
 *     tensor cores", PeerJ CS 7:e330 (V100, T4, A100)
 *   Khattak, Mikaitis 2025, MATLAB-tensor-core (V100 to B200)
 *   Xie et al. 2025, MMA-Sim, arXiv:2511.10909 (Volta to Blackwell, CDNA)
 * A row marked measured was compared with the GPU by this project's own
 * harness, tests/gpu; its vectors are under tests/vectors.
 */
#include "emu.h"

#define MMA_SIM "Xie et al. 2025 (MMA-Sim), arXiv:2511.10909"
#define FASI "Fasi et al. 2021, PeerJ CS 7:e330; " MMA_SIM
#define KHATTAK "Khattak and Mikaitis 2025 (MATLAB-tensor-core); " MMA_SIM

/* Output roundings. */
#define RZ32 .acc = "f32", .acc_mode = ULP_RTZ
#define E8M13 .acc = "fp22", .acc_mode = ULP_RTZ
#define RNE16 .acc = "f16", .acc_mode = ULP_RNE

#define SHAPE(M, N, K) .m = (M), .n = (N), .k = (K)
#define TYPES(D, A, B, C) .d = D, .a = A, .b = B, .c = C
#define FDPA(L, F, E0)                                                         \
  .kind = ULP_DOT_FDPA, .block = (L), .align = (F), .floor = (E0)
#define PUBLISHED(SOURCE)                                                      \
  .evidence = ULP_PUBLISHED, .machine = "", .source = (SOURCE)

#define MMA(ARCH) .arch = (ARCH), .instr = "mma"
#define WGMMA(ARCH) .arch = (ARCH), .instr = "wgmma"

#define FP8 "e4m3|e5m2"
#define INT8 "s8|u8"

static const ulp_mma_record records[] = {
    /* ---- Volta ---------------------------------------------------------- */
    {MMA("sm_70"), SHAPE(8, 8, 4), TYPES("f32", "f16", "f16", "f32|f16"),
     FDPA(4, 23, ULP_NO_FLOOR), RZ32, PUBLISHED(FASI)},
    {MMA("sm_70"), SHAPE(8, 8, 4), TYPES("f16", "f16", "f16", "f16"),
     FDPA(4, 23, ULP_NO_FLOOR), RNE16, PUBLISHED(FASI)},

    /* ---- Turing --------------------------------------------------------- */
    {MMA("sm_75"), SHAPE(16, 8, 8), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(FASI)},
    {MMA("sm_75"), SHAPE(16, 8, 8), TYPES("f16", "f16", "f16", "f16"),
     FDPA(8, 24, -19), RNE16, PUBLISHED(FASI)},

    /* ---- Ampere: 8 products a block, k16 is two blocks ------------------- */
    {MMA("sm_80"), SHAPE(16, 8, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(FASI)},
    {MMA("sm_80"), SHAPE(16, 8, 8), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(FASI)},
    {MMA("sm_80"), SHAPE(16, 8, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(8, 24, -20), RNE16, PUBLISHED(FASI)},
    {MMA("sm_80"), SHAPE(16, 8, 8), TYPES("f16", "f16", "f16", "f16"),
     FDPA(8, 24, -20), RNE16, PUBLISHED(FASI)},
    {MMA("sm_80"), SHAPE(16, 8, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(FASI)},
    {MMA("sm_80"), SHAPE(16, 8, 8), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(FASI)},
    {MMA("sm_80"), SHAPE(16, 8, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(4, 24, -132), RZ32, PUBLISHED(FASI)},
    {MMA("sm_80"), SHAPE(16, 8, 4), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(4, 24, -132), RZ32, PUBLISHED(FASI)},
    {MMA("sm_80"), SHAPE(8, 8, 4), TYPES("f64", "f64", "f64", "f64"),
     .kind = ULP_DOT_FMA, .block = 1, .acc = "f64", .acc_mode = ULP_RNE,
     PUBLISHED(MMA_SIM)},
    {MMA("sm_80"), SHAPE(16, 8, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, mma")},
    {MMA("sm_80"), SHAPE(16, 8, 16), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, mma")},

    /* ---- Ada: as Ampere, with native fp8 --------------------------------- */
    {MMA("sm_89"), SHAPE(16, 8, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_89"), SHAPE(16, 8, 8), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_89"), SHAPE(16, 8, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(8, 24, -20), RNE16, PUBLISHED(KHATTAK)},
    {MMA("sm_89"), SHAPE(16, 8, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_89"), SHAPE(16, 8, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(4, 24, -132), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_89"), SHAPE(16, 8, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 13, -132), E8M13, PUBLISHED(KHATTAK)},
    {MMA("sm_89"), SHAPE(16, 8, 32), TYPES("f16", FP8, FP8, "f16"),
     FDPA(16, 13, -20), RNE16, PUBLISHED(KHATTAK)},
    {MMA("sm_89"), SHAPE(16, 8, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, mma")},

    /* ---- Hopper ------------------------------------------------------------ */
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, PUBLISHED(KHATTAK)},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f16", "f16", "f16", "f16"),
     FDPA(8, 25, -21), RNE16, PUBLISHED(KHATTAK)},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(8, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_90"), SHAPE(16, 8, 4), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(4, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_90"), SHAPE(8, 8, 4), TYPES("f64", "f64", "f64", "f64"),
     .kind = ULP_DOT_FMA, .block = 1, .acc = "f64", .acc_mode = ULP_RNE,
     PUBLISHED(MMA_SIM)},
    {MMA("sm_90"), SHAPE(16, 8, 4), TYPES("f64", "f64", "f64", "f64"),
     .kind = ULP_DOT_FMA, .block = 1, .acc = "f64", .acc_mode = ULP_RNE,
     PUBLISHED(MMA_SIM)},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f64", "f64", "f64", "f64"),
     .kind = ULP_DOT_FMA, .block = 1, .acc = "f64", .acc_mode = ULP_RNE,
     PUBLISHED(MMA_SIM)},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f64", "f64", "f64", "f64"),
     .kind = ULP_DOT_FMA, .block = 1, .acc = "f64", .acc_mode = ULP_RNE,
     PUBLISHED(MMA_SIM)},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, mma")},
    {MMA("sm_90"), SHAPE(16, 8, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, mma")},
    /* Not native: ptxas converts to f16 and issues HMMA. */
    {MMA("sm_90"), SHAPE(16, 8, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 25, -133), RZ32, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, PUBLISHED(MMA_SIM)},
    {WGMMA("sm_90"), SHAPE(64, 0, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {WGMMA("sm_90"), SHAPE(64, 0, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, PUBLISHED(MMA_SIM)},
    {WGMMA("sm_90"), SHAPE(64, 0, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {WGMMA("sm_90"), SHAPE(64, 0, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {WGMMA("sm_90"), SHAPE(64, 0, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(32, 13, -133), E8M13, PUBLISHED(MMA_SIM)},
    {WGMMA("sm_90"), SHAPE(64, 0, 32), TYPES("f16", FP8, FP8, "f16"),
     FDPA(32, 13, -21), RNE16, PUBLISHED(MMA_SIM)},
    {WGMMA("sm_90"), SHAPE(64, 0, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, wgmma")},

    /* ---- Blackwell, unscaled ------------------------------------------------- */
    {MMA("sm_100"), SHAPE(16, 8, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_100"), SHAPE(16, 8, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, PUBLISHED(KHATTAK)},
    {MMA("sm_100"), SHAPE(16, 8, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_100"), SHAPE(16, 8, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, PUBLISHED(KHATTAK)},
    {MMA("sm_100"), SHAPE(16, 8, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 25, -133), RZ32, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(32, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 32), TYPES("f16", FP8, FP8, "f16"),
     FDPA(32, 25, -21), RNE16, PUBLISHED(MMA_SIM)},
};

size_t ulp_mma_count(void) { return sizeof records / sizeof records[0]; }

const ulp_mma_record *ulp_mma_row(size_t i)
{
  return i < ulp_mma_count() ? &records[i] : NULL;
}

const char *ulp_evidence_name(ulp_evidence e)
{
  static const char *const name[] = {[ULP_MEASURED] = "measured",
                                     [ULP_PUBLISHED] = "published",
                                     [ULP_OPEN] = "open"};
  return (size_t)e < sizeof name / sizeof name[0] ? name[e] : "invalid";
}
