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
#include "records_amd.h"

#define MMA_SIM "Xie et al. 2025 (MMA-Sim), arXiv:2511.10909"
#define FASI "Fasi et al. 2021, PeerJ CS 7:e330; " MMA_SIM
/* Vectors that scripts/peers/khattak.py replays without a mismatch. */
#define VECTORS(N, FROM)                                                       \
  "Khattak and Mikaitis 2025 (MATLAB-tensor-core), " N                         \
  " public vectors of " FROM " replayed"
#define FASI_KHATTAK                                                           \
  "Fasi et al. 2021, PeerJ CS 7:e330; " VECTORS("20000", "an A100") "; " MMA_SIM
#define FASI_V100                                                              \
  "Fasi et al. 2021, PeerJ CS 7:e330; " VECTORS("10000", "a V100") "; " MMA_SIM
#define KHATTAK_A2 VECTORS("20000", "an A2") "; as Ampere's"
#define KHATTAK_ADA                                                            \
  VECTORS("70000", "an RTX 1000 Ada and an L40S") "; " MMA_SIM
#define KHATTAK_B200 VECTORS("20000", "a B200") "; " MMA_SIM
#define KHATTAK_FP8 VECTORS("20000", "a B200")

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

/* On an H200: driver 580.159.04, CUDA 13.0, ptxas 13.0.88. */
#define MEASURED(SASS)                                                         \
  .evidence = ULP_MEASURED, .machine = SASS,                                   \
  .source = "tests/vectors, H200, 2026-11-23; first published in " MMA_SIM

#define MEASURED_BITS(SASS)                                                    \
  .evidence = ULP_MEASURED, .machine = SASS,                                   \
  .source = "tests/vectors, H200, 2026-11-23; PTX ISA, mma"
#define BITS(OP, K)                                                            \
  .arch = "sm_90", .instr = "mma." OP ".popc", SHAPE(16, 8, K),                \
  TYPES("s32", "b1", "b1", "s32")

#define MMA(ARCH) .arch = (ARCH), .instr = "mma"
#define WGMMA(ARCH) .arch = (ARCH), .instr = "wgmma"
#define MMA_SP(ARCH) .arch = (ARCH), .instr = "mma.sp", .sparse = true
#define WGMMA_SP(ARCH) .arch = (ARCH), .instr = "wgmma.sp", .sparse = true

#define TCGEN05 .arch = "sm_100", .instr = "tcgen05"

/* Block scales.  The two rows of groups are open: MMA-Sim aligns to 35 bits,
 * another public model to 25. */
#define BLOCK_SCALED(ARCH, INSTR, M, N)                                        \
  {.arch = (ARCH), .instr = (INSTR), SHAPE(M, N, 32),                          \
   .ptx_kind = "mxf8f6f4", .scale = "ue8m0", .scale_block = 32,                \
   TYPES("f32", F8F6F4, F8F6F4, "f32"), FDPA(32, 25, -133), RZ32,              \
   PUBLISHED(MMA_SIM)},                                                        \
  {.arch = (ARCH), .instr = (INSTR), SHAPE(M, N, 64),                          \
   .ptx_kind = "mxf4", .scale = "ue8m0", GROUPS(32)},                          \
  {.arch = (ARCH), .instr = (INSTR), SHAPE(M, N, 64),                          \
   .ptx_kind = "mxf4nvf4", .scale = "ue8m0", GROUPS(32)},                      \
  {.arch = (ARCH), .instr = (INSTR), SHAPE(M, N, 64),                          \
   .ptx_kind = "mxf4nvf4", .scale = "ue4m3|ue8m0", GROUPS(16)}
#define GROUPS(SCALE_BLOCK)                                                    \
  .scale_block = (SCALE_BLOCK), TYPES("f32", "e2m1", "e2m1", "f32"),           \
  FDPA(64, 35, -139), .group = 16, RZ32, .evidence = ULP_OPEN, .machine = "",  \
  .source = MMA_SIM " (35 bits; others say 25)"

#define FP8 "e4m3|e5m2"
#define F8F6F4 "e4m3|e5m2|e3m2|e2m3|e2m1"
#define INT8 "s8|u8"
#define INT4 "s4|u4"

#define M8N8K4(ARCH, SOURCE)                                                   \
  {MMA(ARCH), SHAPE(8, 8, 4), TYPES("f32", "f16", "f16", "f32|f16"),           \
   FDPA(4, 23, ULP_NO_FLOOR), RZ32, PUBLISHED(SOURCE)},                        \
  {MMA(ARCH), SHAPE(8, 8, 4), TYPES("f16", "f16", "f16", "f16"),               \
   FDPA(4, 23, -19), RNE16, PUBLISHED(SOURCE)}

/* What every chip from Ampere on has: blocks of L 16-bit products, or L / 2 of
 * tf32, or all that the instruction has. */
#define WITHIN(K, L) ((K) < (L) ? (K) : (L))
#define DENSE_K(ARCH, K, TF32_K, L, F, E32, E16, SOURCE)                       \
  {MMA(ARCH), SHAPE(16, 8, K), TYPES("f32", "f16", "f16", "f32"),              \
   FDPA(WITHIN(K, L), F, E32), RZ32, PUBLISHED(SOURCE)},                       \
  {MMA(ARCH), SHAPE(16, 8, K), TYPES("f16", "f16", "f16", "f16"),              \
   FDPA(WITHIN(K, L), F, E16), RNE16, PUBLISHED(SOURCE)},                      \
  {MMA(ARCH), SHAPE(16, 8, K), TYPES("f32", "bf16", "bf16", "f32"),            \
   FDPA(WITHIN(K, L), F, E32), RZ32, PUBLISHED(SOURCE)},                       \
  {MMA(ARCH), SHAPE(16, 8, TF32_K), TYPES("f32", "tf32", "tf32", "f32"),       \
   FDPA(WITHIN(TF32_K, (L) / 2), F, E32), RZ32, PUBLISHED(SOURCE)}
#define DENSE(ARCH, L, F, E32, E16, SOURCE)                                    \
  DENSE_K(ARCH, 16, 8, L, F, E32, E16, SOURCE),                                \
  DENSE_K(ARCH, 8, 4, L, F, E32, E16, SOURCE)
#define CHAIN64(M, N, K)                                                       \
  SHAPE(M, N, K), TYPES("f64", "f64", "f64", "f64"), .kind = ULP_DOT_FMA,      \
  .block = 1, .acc = "f64", .acc_mode = ULP_RNE
#define F64(ARCH) {MMA(ARCH), CHAIN64(8, 8, 4), PUBLISHED(MMA_SIM)}

static const ulp_mma_record records[] = {
    /* ---- Volta ---------------------------------------------------------- */
    M8N8K4("sm_70", FASI_V100),

    /* ---- Turing --------------------------------------------------------- */
    {MMA("sm_75"), SHAPE(16, 8, 8), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 24, -132), RZ32, PUBLISHED(FASI)},
    {MMA("sm_75"), SHAPE(16, 8, 8), TYPES("f16", "f16", "f16", "f16"),
     FDPA(8, 24, -20), RNE16, PUBLISHED(FASI)},
    M8N8K4("sm_75", MMA_SIM),

    /* ---- Ampere: 8 products a block, k16 is two blocks ------------------- */
    DENSE("sm_80", 8, 24, -132, -20, FASI_KHATTAK),
    F64("sm_80"),
    {MMA("sm_80"), SHAPE(16, 8, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, mma")},
    {MMA("sm_80"), SHAPE(16, 8, 16), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, mma")},
    DENSE("sm_86", 8, 24, -132, -20, KHATTAK_A2),

    /* ---- Ada: as Ampere, with native fp8 --------------------------------- */
    DENSE("sm_89", 8, 24, -132, -20, KHATTAK_ADA),
    F64("sm_89"),
    {MMA("sm_89"), SHAPE(16, 8, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 13, -132), E8M13, PUBLISHED(KHATTAK_ADA)},
    {MMA("sm_89"), SHAPE(16, 8, 32), TYPES("f16", FP8, FP8, "f16"),
     FDPA(16, 13, -20), RNE16, PUBLISHED(KHATTAK_ADA)},
    {MMA("sm_89"), SHAPE(16, 8, 16), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 13, -132), E8M13, PUBLISHED(MMA_SIM)},
    {MMA("sm_89"), SHAPE(16, 8, 16), TYPES("f16", FP8, FP8, "f16"),
     FDPA(16, 13, -20), RNE16, PUBLISHED(MMA_SIM)},
    {MMA("sm_89"), SHAPE(16, 8, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, PUBLISHED("PTX ISA, mma")},

    /* ---- Hopper -------------------------------------------------------- */
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, MEASURED("HMMA.16816.F32")},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, MEASURED("HMMA.16816.F16")},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, MEASURED("HMMA.16816.F32.BF16")},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 25, -133), RZ32, MEASURED("HMMA.1688.F32")},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f16", "f16", "f16", "f16"),
     FDPA(8, 25, -21), RNE16, MEASURED("HMMA.1688.F16")},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(8, 25, -133), RZ32, MEASURED("HMMA.1688.F32.BF16")},
    {MMA("sm_90"), SHAPE(16, 8, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, MEASURED("HMMA.1688.F32.TF32")},
    {MMA("sm_90"), SHAPE(16, 8, 4), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(4, 25, -133), RZ32, MEASURED("HMMA.1684.F32.TF32")},
    {MMA("sm_90"), CHAIN64(8, 8, 4), MEASURED("DMMA.8x8x4")},
    {MMA("sm_90"), CHAIN64(16, 8, 4), MEASURED("DMMA.16x8x4")},
    {MMA("sm_90"), CHAIN64(16, 8, 8), MEASURED("DMMA.16x8x8")},
    {MMA("sm_90"), CHAIN64(16, 8, 16), MEASURED("DMMA.16x8x16")},
    /* Volta's shape is scalar code here. */
    {MMA("sm_90"), SHAPE(8, 8, 4), TYPES("f32", "f16", "f16", "f32"),
     .kind = ULP_DOT_FMA, .block = 1, .acc = "f32", .acc_mode = ULP_RNE,
     .c_last = true, MEASURED("FFMA x4, FADD")},
    {MMA("sm_90"), SHAPE(8, 8, 4), TYPES("f16", "f16", "f16", "f16"),
     .kind = ULP_DOT_FMA_PAIRS, .block = 2, .acc = "f32", .acc_mode = ULP_RNE,
     MEASURED("FMUL, FFMA, FADD, F2F")},
    {MMA("sm_90"), SHAPE(8, 8, 16), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IMMA.8816")},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IMMA.16816")},
    {MMA("sm_90"), SHAPE(16, 8, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IMMA.16832")},
    /* 4-bit integers are widened and multiplied as 8-bit ones. */
    {MMA("sm_90"), SHAPE(8, 8, 32), TYPES("s32", INT4, INT4, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IMMA.8816 x2")},
    {MMA("sm_90"), SHAPE(16, 8, 32), TYPES("s32", INT4, INT4, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IMMA.16816 x2")},
    {MMA("sm_90"), SHAPE(16, 8, 64), TYPES("s32", INT4, INT4, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IMMA.16832 x2")},
    /* Bits: a product is their and. */
    {BITS("and", 128), .kind = ULP_DOT_INTEGER,
     MEASURED_BITS("BMMA.168128.AND.POPC")},
    {BITS("and", 256), .kind = ULP_DOT_INTEGER,
     MEASURED_BITS("BMMA.168256.AND.POPC")},
    {BITS("xor", 128), .kind = ULP_DOT_XOR,
     MEASURED_BITS("BMMA.168128.AND.POPC x2")},
    {BITS("xor", 256), .kind = ULP_DOT_XOR,
     MEASURED_BITS("BMMA.168256.AND.POPC x2")},
    /* fp8 is not native: ptxas converts to f16, issues HMMA twice and adds C.
     */
    {MMA("sm_90"), SHAPE(16, 8, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 25, -133), RZ32, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, MEASURED("HMMA.16816.F32 x2, FADD")},
    {MMA("sm_90"), SHAPE(16, 8, 32), TYPES("f16", FP8, FP8, "f16"),
     FDPA(16, 25, -21), RNE16, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, MEASURED("HMMA.16816.F16 x2, HADD2")},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f32", FP8, FP8, "f32"),
     FDPA(8, 25, -133), RZ32, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, MEASURED("HMMA.1688.F32 x2, FADD")},
    {MMA("sm_90"), SHAPE(16, 8, 16), TYPES("f16", FP8, FP8, "f16"),
     FDPA(8, 25, -21), RNE16, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, MEASURED("HMMA.1688.F16 x2, HADD2")},
    /* Sparse: a block is the products of the stored elements. */
    {MMA_SP("sm_90"), SHAPE(16, 8, 32), TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, MEASURED("HMMA.SP.16832.F32")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 32), TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, MEASURED("HMMA.SP.16832.F16")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 32), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, MEASURED("HMMA.SP.16832.F32.BF16")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(8, 25, -133), RZ32, MEASURED("HMMA.SP.16816.F32")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(8, 25, -21), RNE16, MEASURED("HMMA.SP.16816.F16")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(8, 25, -133), RZ32, MEASURED("HMMA.SP.16816.F32.BF16")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 16), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, MEASURED("HMMA.SP.16816.F32.TF32")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(4, 25, -133), RZ32, MEASURED("HMMA.SP.1688.F32.TF32")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 64), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 25, -133), RZ32, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, MEASURED("HMMA.SP.16832.F32 x2, FADD")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IMMA.SP.16832")},
    {MMA_SP("sm_90"), SHAPE(16, 8, 64), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IMMA.SP.16864")},
    /* wgmma */
    {WGMMA("sm_90"), SHAPE(64, 0, 16), TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, MEASURED("HGMMA.64xNx16.F32")},
    {WGMMA("sm_90"), SHAPE(64, 0, 16), TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, MEASURED("HGMMA.64xNx16.F16")},
    {WGMMA("sm_90"), SHAPE(64, 0, 16), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, MEASURED("HGMMA.64xNx16.F32.BF16")},
    {WGMMA("sm_90"), SHAPE(64, 0, 8), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, MEASURED("HGMMA.64xNx8.F32.TF32")},
    {WGMMA("sm_90"), SHAPE(64, 0, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(32, 13, -133), E8M13, MEASURED("QGMMA.64xNx32.F32")},
    {WGMMA("sm_90"), SHAPE(64, 0, 32), TYPES("f16", FP8, FP8, "f16"),
     FDPA(32, 13, -21), RNE16, MEASURED("QGMMA.64xNx32.F16")},
    {WGMMA("sm_90"), SHAPE(64, 0, 32), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IGMMA.64xNx32")},
    {WGMMA_SP("sm_90"), SHAPE(64, 0, 32), TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, MEASURED("HGMMA.SP.64xNx32.F32")},
    {WGMMA_SP("sm_90"), SHAPE(64, 0, 32), TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, MEASURED("HGMMA.SP.64xNx32.F16")},
    {WGMMA_SP("sm_90"), SHAPE(64, 0, 32), TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, MEASURED("HGMMA.SP.64xNx32.F32.BF16")},
    {WGMMA_SP("sm_90"), SHAPE(64, 0, 16), TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, MEASURED("HGMMA.SP.64xNx16.F32.TF32")},
    {WGMMA_SP("sm_90"), SHAPE(64, 0, 64), TYPES("f32", FP8, FP8, "f32"),
     FDPA(32, 13, -133), E8M13, MEASURED("QGMMA.SP.64xNx64.F32")},
    {WGMMA_SP("sm_90"), SHAPE(64, 0, 64), TYPES("f16", FP8, FP8, "f16"),
     FDPA(32, 13, -21), RNE16, MEASURED("QGMMA.SP.64xNx64.F16")},
    {WGMMA_SP("sm_90"), SHAPE(64, 0, 64), TYPES("s32", INT8, INT8, "s32"),
     .kind = ULP_DOT_INTEGER, MEASURED("IGMMA.SP.64xNx64")},

    /* ---- Blackwell --------------------------------------------------------- */
    DENSE("sm_100", 16, 25, -133, -21, KHATTAK_B200),
    F64("sm_100"),
    /* fp8 as on Hopper: through f16. */
    {MMA("sm_100"), SHAPE(16, 8, 32), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 25, -133), RZ32, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, PUBLISHED(KHATTAK_FP8)},
    {MMA("sm_100"), SHAPE(16, 8, 32), TYPES("f16", FP8, FP8, "f16"),
     FDPA(16, 25, -21), RNE16, .order = ULP_BLOCKS_PAIRS, .convert = "f16",
     .c_last = true, PUBLISHED(KHATTAK_FP8)},
    /* tcgen05 */
    {TCGEN05, SHAPE(0, 0, 16), .ptx_kind = "f16",
     TYPES("f32", "f16", "f16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {TCGEN05, SHAPE(0, 0, 16), .ptx_kind = "f16",
     TYPES("f16", "f16", "f16", "f16"),
     FDPA(16, 25, -21), RNE16, PUBLISHED(MMA_SIM)},
    {TCGEN05, SHAPE(0, 0, 16), .ptx_kind = "f16",
     TYPES("f32", "bf16", "bf16", "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {TCGEN05, SHAPE(0, 0, 8), .ptx_kind = "tf32",
     TYPES("f32", "tf32", "tf32", "f32"),
     FDPA(8, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {TCGEN05, SHAPE(0, 0, 32), .ptx_kind = "f8f6f4",
     TYPES("f32", F8F6F4, F8F6F4, "f32"),
     FDPA(32, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {TCGEN05, SHAPE(0, 0, 32), .ptx_kind = "f8f6f4",
     TYPES("f16", F8F6F4, F8F6F4, "f16"),
     FDPA(32, 25, -21), RNE16, PUBLISHED(MMA_SIM)},
    BLOCK_SCALED("sm_100", "tcgen05.block_scale", 128, 0),

    /* ---- Blackwell's smaller chips ----------------------------------------- */
    DENSE("sm_120", 16, 25, -133, -21, MMA_SIM),
    F64("sm_120"),
    {MMA("sm_120"), SHAPE(16, 8, 16), TYPES("f32", FP8, FP8, "f32"),
     FDPA(16, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 16), TYPES("f16", FP8, FP8, "f16"),
     FDPA(16, 25, -21), RNE16, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 32), .ptx_kind = "f8f6f4",
     TYPES("f32", F8F6F4, F8F6F4, "f32"),
     FDPA(32, 25, -133), RZ32, PUBLISHED(MMA_SIM)},
    {MMA("sm_120"), SHAPE(16, 8, 32), .ptx_kind = "f8f6f4",
     TYPES("f16", F8F6F4, F8F6F4, "f16"),
     FDPA(32, 25, -21), RNE16, PUBLISHED(MMA_SIM)},
    BLOCK_SCALED("sm_120", "mma.block_scale", 16, 8),
};
enum { COUNT = sizeof records / sizeof records[0] };

size_t ulp_mma_count(void) { return COUNT + ulp_mma_amd_count(); }

const ulp_mma_record *ulp_mma_row(size_t i)
{
  return i < COUNT ? &records[i] : ulp_mma_amd_row(i - COUNT);
}

const char *ulp_evidence_name(ulp_evidence e)
{
  static const char *const name[] = {[ULP_MEASURED] = "measured",
                                     [ULP_PUBLISHED] = "published",
                                     [ULP_OPEN] = "open"};
  return (size_t)e < sizeof name / sizeof name[0] ? name[e] : "invalid";
}

const char *ulp_dot_kind_name(ulp_dot_kind k)
{
  static const char *const name[] = {
      [ULP_DOT_FDPA] = "fdpa",
      [ULP_DOT_FMA] = "fma",
      [ULP_DOT_FMA_PAIRS] = "fma_pairs",
      [ULP_DOT_EXACT] = "exact",
      [ULP_DOT_INTEGER] = "integer",
      [ULP_DOT_XOR] = "xor",
      [ULP_DOT_FLUSH] = "flush",
      [ULP_DOT_FLOOR] = "floor",
      [ULP_DOT_FLOOR_EVEN_ODD] = "floor_even_odd"};
  return (size_t)k < sizeof name / sizeof name[0] ? name[k] : "invalid";
}

const char *ulp_block_order_name(ulp_block_order o)
{
  static const char *const name[] = {[ULP_BLOCKS_ASCENDING] = "ascending",
                                     [ULP_BLOCKS_PAIRS] = "pairs"};
  return (size_t)o < sizeof name / sizeof name[0] ? name[o] : "invalid";
}
