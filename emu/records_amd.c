/* SPDX-License-Identifier: MIT
 *
 * AMD's matrix instructions, one row each, by the names of the "CDNA" ISA
 * guides; "_4b" and the like count independent products, each of which is
 * m x n x k.  Source: Xie et al. 2025 (MMA-Sim), arXiv:2511.10909; CDNA1's
 * and CDNA2's of 16 bits also in Khattak and Mikaitis 2025.
 */
#include "records_amd.h"

#define MMA_SIM "Xie et al. 2025 (MMA-Sim), arXiv:2511.10909"
#define BOTH "Khattak and Mikaitis 2025 (MATLAB-tensor-core); " MMA_SIM

/* TYPE as in the name, with what stands before it. */
#define MFMA(ARCH, D, M, N, K, TYPE, A, B)                                     \
  .arch = (ARCH), .instr = "v_mfma_" D "_" #M "x" #N "x" #K TYPE, .m = (M),    \
  .n = (N), .k = (K), .d = D, .a = A, .b = B, .c = D, .machine = "",           \
  .evidence = ULP_PUBLISHED
#define KIND(KIND_, BLOCK, ACC, SOURCE)                                        \
  .kind = (KIND_), .block = (BLOCK), .acc = ACC, .acc_mode = ULP_RNE,          \
  .source = SOURCE

/* A chain of fused multiply-adds. */
#define F32(ARCH, M, N, K, TYPE)                                               \
  {MFMA(ARCH, "f32", M, N, K, TYPE, "f32", "f32"),                             \
   KIND(ULP_DOT_FMA, 1, "f32", MMA_SIM)}
#define F64(ARCH, M, N, K, TYPE)                                               \
  {MFMA(ARCH, "f64", M, N, K, TYPE, "f64", "f64"),                             \
   KIND(ULP_DOT_FMA, 1, "f64", MMA_SIM)}
#define CDNA1(M, N, K, T, BLOCK)                                               \
  {MFMA("cdna1", "f32", M, N, K, T, T, T),                                     \
   KIND(ULP_DOT_EXACT, BLOCK, "f32", BOTH)}
#define CDNA2(M, N, K, T, SUFFIX, BLOCK)                                       \
  {MFMA("cdna2", "f32", M, N, K, T SUFFIX, T, T),                              \
   KIND(ULP_DOT_FLUSH, BLOCK, "f32", BOTH)}
#define CDNA3(M, N, K, TYPE, T, BLOCK)                                         \
  {MFMA("cdna3", "f32", M, N, K, TYPE, T, T),                                  \
   KIND(ULP_DOT_FLOOR, BLOCK, "f32", MMA_SIM)}
#define CDNA3_FP8(M, N, K, TYPE, A, B)                                         \
  {MFMA("cdna3", "f32", M, N, K, TYPE, A, B),                                  \
   KIND(ULP_DOT_FLOOR_EVEN_ODD, 16, "f32", MMA_SIM)}
#define CDNA3_FP8_SHAPE(M, N, K)                                               \
  CDNA3_FP8(M, N, K, "_fp8_fp8", "e4m3fnuz", "e4m3fnuz"),                      \
  CDNA3_FP8(M, N, K, "_fp8_bf8", "e4m3fnuz", "e5m2fnuz"),                      \
  CDNA3_FP8(M, N, K, "_bf8_fp8", "e5m2fnuz", "e4m3fnuz"),                      \
  CDNA3_FP8(M, N, K, "_bf8_bf8", "e5m2fnuz", "e5m2fnuz")

static const ulp_mma_record records[] = {
    /* MI100: what is summed exactly is 4 products of f16, 2 of bf16. */
    F32("cdna1", 32, 32, 2, "f32"),
    F32("cdna1", 32, 32, 1, "f32"),
    F32("cdna1", 16, 16, 4, "f32"),
    F32("cdna1", 16, 16, 1, "f32"),
    F32("cdna1", 4, 4, 1, "f32"),
    CDNA1(32, 32, 8, "f16", 4),
    CDNA1(32, 32, 4, "f16", 4),
    CDNA1(16, 16, 16, "f16", 4),
    CDNA1(16, 16, 4, "f16", 4),
    CDNA1(4, 4, 4, "f16", 4),
    CDNA1(32, 32, 4, "bf16", 2),
    CDNA1(32, 32, 2, "bf16", 2),
    CDNA1(16, 16, 8, "bf16", 2),
    CDNA1(16, 16, 2, "bf16", 2),
    CDNA1(4, 4, 2, "bf16", 2),
    /* MI210, MI250: bf16 without "_1k" in pairs. */
    F64("cdna2", 16, 16, 4, "f64"),
    F64("cdna2", 4, 4, 4, "f64"),
    F32("cdna2", 32, 32, 2, "f32"),
    F32("cdna2", 32, 32, 1, "f32"),
    F32("cdna2", 16, 16, 4, "f32"),
    F32("cdna2", 16, 16, 1, "f32"),
    F32("cdna2", 4, 4, 1, "f32"),
    CDNA2(32, 32, 8, "f16", "", 4),
    CDNA2(32, 32, 4, "f16", "", 4),
    CDNA2(16, 16, 16, "f16", "", 4),
    CDNA2(16, 16, 4, "f16", "", 4),
    CDNA2(4, 4, 4, "f16", "", 4),
    CDNA2(32, 32, 4, "bf16", "", 2),
    CDNA2(32, 32, 2, "bf16", "", 2),
    CDNA2(16, 16, 8, "bf16", "", 2),
    CDNA2(16, 16, 2, "bf16", "", 2),
    CDNA2(4, 4, 2, "bf16", "", 2),
    CDNA2(32, 32, 8, "bf16", "_1k", 4),
    CDNA2(32, 32, 4, "bf16", "_1k", 4),
    CDNA2(16, 16, 16, "bf16", "_1k", 4),
    CDNA2(16, 16, 4, "bf16", "_1k", 4),
    CDNA2(4, 4, 4, "bf16", "_1k", 4),
    /* MI300 */
    F64("cdna3", 16, 16, 4, "_f64"),
    F64("cdna3", 4, 4, 4, "_4b_f64"),
    F32("cdna3", 32, 32, 1, "_2b_f32"),
    F32("cdna3", 16, 16, 1, "_4b_f32"),
    F32("cdna3", 4, 4, 1, "_16b_f32"),
    F32("cdna3", 32, 32, 2, "_f32"),
    F32("cdna3", 16, 16, 4, "_f32"),
    CDNA3(16, 16, 8, "_xf32", "tf32", 4),
    CDNA3(32, 32, 4, "_xf32", "tf32", 4),
    CDNA3(32, 32, 4, "_2b_f16", "f16", 4),
    CDNA3(16, 16, 4, "_4b_f16", "f16", 4),
    CDNA3(4, 4, 4, "_16b_f16", "f16", 4),
    CDNA3(32, 32, 8, "_f16", "f16", 8),
    CDNA3(16, 16, 16, "_f16", "f16", 8),
    CDNA3(32, 32, 4, "_2b_bf16", "bf16", 4),
    CDNA3(16, 16, 4, "_4b_bf16", "bf16", 4),
    CDNA3(4, 4, 4, "_16b_bf16", "bf16", 4),
    CDNA3(32, 32, 8, "_bf16", "bf16", 8),
    CDNA3(16, 16, 16, "_bf16", "bf16", 8),
    CDNA3_FP8_SHAPE(16, 16, 32),
    CDNA3_FP8_SHAPE(32, 32, 16),
};

size_t ulp_mma_amd_count(void) { return sizeof records / sizeof records[0]; }

const ulp_mma_record *ulp_mma_amd_row(size_t i)
{
  return i < ulp_mma_amd_count() ? &records[i] : NULL;
}
