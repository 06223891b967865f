/* SPDX-License-Identifier: MIT
 *
 * The orders of whole matrix products, one row each.  A row marked measured
 * was compared with the library's own results on the GPU, by the programs of
 * tests/gpu.
 */
#include "gemm.h"

#define FP8 "float8_e4m3fn|float8_e5m2"
#define DEEPSEEK "DeepSeek-V3, arXiv:2412.19437, 3.3.2: promotion every 128"
#define LIBRARY(ARCH, INSTR, TYPES)                                            \
  .arch = (ARCH), .instr = (INSTR), .types = (TYPES), .c = ULP_C_EPILOGUE
#define PLAIN .arch = "", .types = "", .fast_promote = -1, .grain = 128,       \
  .slices = 1, .c = ULP_C_START

static const ulp_gemm_order orders[] = {
    /* The instruction alone, again and again. */
    {.name = "wgmma-chain", .instr = "wgmma", PLAIN, .evidence = ULP_MEASURED,
     .source = "the record of the instruction; C is the first accumulator"},
    {.name = "mma-chain", .instr = "mma", PLAIN, .evidence = ULP_MEASURED,
     .source = "the record of the instruction; C is the first accumulator"},

    /* cuBLASLt on Hopper (nvjet kernels).  Fast accumulation never promotes;
     * block scales are always applied every 128. */
    {.name = "cublaslt-fp8", LIBRARY("sm_90", "wgmma", FP8), .promote = 128,
     .fast_promote = 0, .first = ULP_FIRST_TAKEN, .blocks = ULP_BLOCKS_FMA,
     .grain = 128, .slices = 1, .evidence = ULP_PUBLISHED,
     .source = "cuBLASLt 13.0 through torch._scaled_mm; " DEEPSEEK},
    {.name = "cublaslt-bf16", LIBRARY("sm_90", "wgmma", "bfloat16"),
     .fast_promote = -1, .grain = 64, .slices = 1, .evidence = ULP_PUBLISHED,
     .source = "cuBLASLt 13.0 through torch.matmul"},
    {.name = "cublaslt-f16", LIBRARY("sm_90", "wgmma", "float16"),
     .fast_promote = -1, .grain = 64, .slices = 1, .evidence = ULP_PUBLISHED,
     .source = "cuBLASLt 13.0 through torch.matmul"},
    /* cutlass_80_tensorop_s1688gemm with a split-K reduction: up to 16 slices,
     * of 32 or more. */
    {.name = "cublaslt-tf32", LIBRARY("sm_90", "mma", "float32"),
     .convert = "tf32", .fast_promote = -1, .grain = 32, .slices = 16,
     .evidence = ULP_PUBLISHED,
     .source = "cuBLASLt 13.0 through torch.matmul, TF32 allowed"},
    {.name = "cublaslt-s8", LIBRARY("sm_90", "wgmma", "int8"),
     .fast_promote = -1, .grain = 128, .slices = 1, .evidence = ULP_PUBLISHED,
     .source = "exact in s32, so every order gives these bits"},

    /* Kernels that promote every four wgmma. */
    {.name = "cutlass-fp8-2xacc", LIBRARY("sm_90", "wgmma", FP8),
     .promote = 128, .fast_promote = 0, .first = ULP_FIRST_ADDED,
     .blocks = ULP_BLOCKS_FMA, .grain = 128, .slices = 1,
     .evidence = ULP_PUBLISHED,
     .source = "CUTLASS, mma_promotion_interval = 4; " DEEPSEEK},
    {.name = "deepgemm-1d1d", LIBRARY("sm_90", "wgmma", FP8), .promote = 128,
     .fast_promote = -1, .first = ULP_FIRST_ADDED, .blocks = ULP_BLOCKS_FMA,
     .grain = 128, .slices = 1, .evidence = ULP_OPEN,
     .source = "DeepGEMM: final += sa * sb * p, taken as contracted; "
               DEEPSEEK},
    {.name = "deepgemm-1d2d", LIBRARY("sm_90", "wgmma", FP8), .promote = 128,
     .fast_promote = -1, .first = ULP_FIRST_ADDED, .blocks = ULP_BLOCKS_FMA,
     .grain = 128, .slices = 1, .evidence = ULP_OPEN,
     .source = "DeepGEMM: final += (sa * sb) * p, taken as contracted; "
               DEEPSEEK},
    {.name = "te-blockwise", LIBRARY("sm_90", "wgmma", FP8), .promote = 128,
     .fast_promote = -1, .first = ULP_FIRST_ADDED,
     .blocks = ULP_BLOCKS_FMA_LEFT, .grain = 128, .slices = 1,
     .evidence = ULP_OPEN,
     .source = "Transformer Engine, block GEMM: y = fma(p * sa, sb, y)"},

    /* What no tensor core does. */
    {.name = "fma-chain", .instr = "", PLAIN, .kind = ULP_GEMM_FMA,
     .evidence = ULP_MEASURED, .source = "IEEE 754-2019, 5.4.1"},
    {.name = "exact", .instr = "", PLAIN, .kind = ULP_GEMM_EXACT,
     .evidence = ULP_MEASURED,
     .source = "the exact sum, rounded once: Kulisch 2013, Computer "
               "Arithmetic and Validity, ch. 8"},
    {.name = "model", .instr = "", PLAIN, .blocks = ULP_BLOCKS_FMA,
     .evidence = ULP_MEASURED,
     .source = "no hardware: block, align, accumulator and promotion as asked"},
};

size_t ulp_gemm_order_count(void) { return sizeof orders / sizeof orders[0]; }

const ulp_gemm_order *ulp_gemm_order_row(size_t i)
{
  return i < ulp_gemm_order_count() ? &orders[i] : NULL;
}

const char *ulp_gemm_order_name(size_t i)
{
  return i < ulp_gemm_order_count() ? orders[i].name : NULL;
}

const char *ulp_gemm_reduce_name(size_t i)
{
  static const char *const name[] = {[ULP_REDUCE_F32] = "f32",
                                     [ULP_REDUCE_16_PARTS] = "16-bit-parts",
                                     [ULP_REDUCE_16_SUMS] = "16-bit-sums"};
  return i < sizeof name / sizeof name[0] ? name[i] : NULL;
}
