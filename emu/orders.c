/* SPDX-License-Identifier: MIT
 *
 * The orders of whole matrix products, one row each.  A row marked measured
 * was compared with the library's own results on the GPU, by the programs of
 * tests/gpu.
 */
#include "gemm.h"

#define FP8 "float8_e4m3fn|float8_e5m2"
#define HALVES "bfloat16|float16"
#define CAPTURE "cuBLASLt 13.1 on an H200, tests/vectors/h200/gemm: "
#define TRITON "Triton 3.6 on an H200, tests/vectors/h200/gemm: "
#define DEEPGEMM                                                               \
  "DeepGEMM 54e2261's kernels, nvcc 13.0.88, on an H200, e4m3 alone: "
#define CONTRACTED                                                             \
  "so contracted by nvcc 13.0, and shown on an H200, in tests/gpu/blockwise.cu"
#define LIBRARY(ARCH, INSTR, TYPES)                                            \
  .arch = (ARCH), .instr = (INSTR), .types = (TYPES), .c = ULP_C_EPILOGUE
#define CUTLASS(INSTR, TYPES, TILE, GRAIN, FINE)                               \
  LIBRARY("sm_90", INSTR, TYPES), .feed = ULP_FEED_HEAD, .tile = (TILE),       \
  .grain = (GRAIN), .fine = (FINE), .fast_promote = -1, .slices = 1,           \
  .evidence = ULP_MEASURED
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
     .rows = ULP_ROWS_B_A, .grain = 128, .slices = 1,
     .evidence = ULP_MEASURED,
     .source = CAPTURE "torch._scaled_mm, 5804768 outputs"},
    {.name = "cublaslt-fp8-blocks", LIBRARY("sm_90", "wgmma", FP8),
     .promote = 128, .fast_promote = -1, .first = ULP_FIRST_TAKEN,
     .blocks = ULP_BLOCKS_FMA, .grain = 512, .slices = 1,
     .evidence = ULP_MEASURED,
     .source = CAPTURE "torch._scaled_mm, scales of 1x128 by 128x128 or "
                       "back, 706048 outputs"},
    {.name = "cublaslt-bf16", LIBRARY("sm_90", "wgmma", "bfloat16"),
     .fast_promote = -1, .grain = 64, .slices = 1, .evidence = ULP_MEASURED,
     .source = CAPTURE "torch.mm, 1882688 outputs"},
    {.name = "cublaslt-f16", LIBRARY("sm_90", "wgmma", "float16"),
     .fast_promote = -1, .grain = 64, .slices = 1, .evidence = ULP_MEASURED,
     .source = CAPTURE "torch.mm, 1882688 outputs"},
    {.name = "cublaslt-tf32", LIBRARY("sm_90", "mma", "float32"),
     .convert = "tf32", .fast_promote = -1, .grain = 32, .slices = 1,
     .evidence = ULP_MEASURED,
     .source = CAPTURE "torch.mm, TF32 allowed, sm80_xmma and sm90_xmma: "
                       "134438 outputs"},
    {.name = "cublaslt-s8", LIBRARY("sm_90", "wgmma", "int8"),
     .fast_promote = -1, .grain = 128, .slices = 1, .evidence = ULP_MEASURED,
     .source = CAPTURE "torch._int_mm, 247392 outputs; exact in s32, so "
                       "every order gives these bits"},
    {.name = "cublaslt-gemv", .arch = "", .instr = "",
     .types = "bfloat16|float16", .kind = ULP_GEMM_LANES, .fast_promote = -1,
     .grain = 128, .slices = 1, .c = ULP_C_EPILOGUE,
     .evidence = ULP_MEASURED,
     .source = CAPTURE "torch.mm of one row, K = 100, gemvNSP_kernel: "
                       "256 outputs"},

    /* CUTLASS 2.x kernels inside cuBLASLt, by the K of their tile.  A slice is
     * a multiple of 128 bytes of K, or of 16 where K is none of 128. */
    {.name = "cutlass-tf32-16", CUTLASS("mma", "float32", 16, 32, 4),
     .convert = "tf32",
     .source = CAPTURE "s1688gemm_64x64_16x6: 593045 outputs"},
    {.name = "cutlass-tf32-32", CUTLASS("mma", "float32", 32, 32, 4),
     .convert = "tf32",
     .source = CAPTURE "s1688gemm_64x64_32x6: 607833 outputs"},
    {.name = "cutlass-s1688-32", CUTLASS("mma", HALVES, 32, 64, 8), .k = 8,
     .source = CAPTURE "cutlass_75_tensorop_s1688gemm: 936205 "
                       "outputs"},
    {.name = "cutlass-s16816-64", CUTLASS("mma", HALVES, 64, 64, 8),
     .source = CAPTURE "wmma_tensorop_s161616gemm, 64x1: 410637 "
                       "outputs"},
    {.name = "cutlass-s16816-128", CUTLASS("mma", HALVES, 128, 64, 8),
     .source = CAPTURE "wmma_tensorop_s161616gemm, 128x1 and 128x2: 144884 "
                       "outputs"},
    {.name = "cutlass-h16816-64", CUTLASS("mma", "float16", 64, 64, 8),
     .acc = "f16", .reduce = ULP_REDUCE_16_SUMS,
     .source = CAPTURE "tensorop_h16816gemm_64x64_64x6: 12288 "
                       "outputs"},
    {.name = "cutlass-h16816-128", CUTLASS("mma", "float16", 128, 64, 8),
     .acc = "f16", .reduce = ULP_REDUCE_16_SUMS,
     .source = CAPTURE "wmma_tensorop_h161616gemm, 128x1: 8192 "
                       "outputs"},
    {.name = "cutlass-simt", .arch = "", .instr = "", .types = "float32",
     .kind = ULP_GEMM_FMA, .fast_promote = -1, .grain = 32, .fine = 4,
     .slices = 1, .c = ULP_C_EPILOGUE, .evidence = ULP_MEASURED,
     .source = CAPTURE "cutlass_80_simt_sgemm_64x64_8x5: 16384 "
                       "outputs"},

    /* Triton's tl.dot in a loop over K, by what it was compiled to.  Of fp8,
     * promote is max_num_imprecise_acc; of tf32x3 it is the block of K. */
    {.name = "triton-fp8", LIBRARY("sm_90", "wgmma", FP8), .fast_promote = -1,
     .first = ULP_FIRST_ADDED, .grain = 128, .slices = 1,
     .evidence = ULP_MEASURED, .source = TRITON "wgmma; "
                      "152384 outputs"},
    {.name = "triton-fp8-mma", LIBRARY("sm_90", "mma", FP8),
     .convert = "f16", .feed = ULP_FEED_PAIRS, .fast_promote = -1,
     .grain = 128, .slices = 1, .evidence = ULP_MEASURED,
     .source = TRITON "widened to f16, mma.m16n8k16; "
                      "17152 outputs"},
    {.name = "triton-16", LIBRARY("sm_90", "wgmma", HALVES),
     .fast_promote = -1, .grain = 128, .slices = 1, .evidence = ULP_MEASURED,
     .source = TRITON "wgmma or mma.m16n8k16, the same bits; "
                      "178240 outputs"},
    {.name = "triton-tf32", LIBRARY("sm_90", "wgmma", "float32"),
     .convert = "tf32", .convert_mode = ULP_RTZ, .fast_promote = -1,
     .grain = 128, .slices = 1, .evidence = ULP_MEASURED,
     .source = TRITON "wgmma or mma.m16n8k8, which drop the low 13 bits; "
                      "15360 outputs"},
    {.name = "triton-tf32x3", LIBRARY("sm_90", "wgmma", "float32"),
     .convert = "tf32", .convert_mode = ULP_RNA, .feed = ULP_FEED_SPLIT,
     .promote = 32, .fast_promote = -1, .first = ULP_FIRST_ADDED,
     .grain = 128, .slices = 1, .evidence = ULP_MEASURED,
     .source = TRITON "wgmma or mma.m16n8k8; heads by cvt.rna; "
                      "15360 outputs"},

    /* Kernels that promote every four wgmma. */
    {.name = "cutlass-fp8-2xacc", LIBRARY("sm_90", "wgmma", FP8),
     .promote = 128, .fast_promote = 0, .first = ULP_FIRST_ADDED,
     .blocks = ULP_BLOCKS_FMA, .grain = 128, .slices = 1,
     .evidence = ULP_PUBLISHED,
     .source = "CUTLASS, mma_promotion_interval = 4; DeepSeek-V3, "
               "arXiv:2412.19437, 3.3.2: promotion every 128"},
    {.name = "deepgemm-1d1d", LIBRARY("sm_90", "wgmma", FP8), .promote = 128,
     .fast_promote = -1, .first = ULP_FIRST_ADDED, .blocks = ULP_BLOCKS_FMA,
     .grain = 128, .slices = 1, .evidence = ULP_MEASURED,
     .source = DEEPGEMM "final += sa * sb * p, 49078288 outputs"},
    {.name = "deepgemm-1d2d", LIBRARY("sm_90", "wgmma", FP8), .promote = 128,
     .fast_promote = -1, .first = ULP_FIRST_ADDED, .blocks = ULP_BLOCKS_FMA,
     .grain = 128, .slices = 1, .evidence = ULP_MEASURED,
     .source = DEEPGEMM "final += (sa * sb) * p, 66973200 outputs"},
    {.name = "te-blockwise", LIBRARY("sm_90", "wgmma", FP8), .promote = 128,
     .fast_promote = -1, .first = ULP_FIRST_ADDED,
     .blocks = ULP_BLOCKS_FMA_LEFT, .grain = 128, .slices = 1,
     .evidence = ULP_MEASURED,
     .source = "Transformer Engine, block GEMM: y = fma(p * sa, sb, y); "
               CONTRACTED "; cuBLASLt's Avec128_Bvec128, 152064 bf16 outputs"},
    {.name = "blockwise-mul-add", LIBRARY("sm_90", "wgmma", FP8),
     .promote = 128, .fast_promote = -1, .first = ULP_FIRST_ADDED,
     .blocks = ULP_BLOCKS_MUL_ADD, .grain = 128, .slices = 1,
     .evidence = ULP_MEASURED,
     .source = "tests/gpu/blockwise.cu on an H200: what a compiler without "
               "contraction makes of y += (sa * sb) * p"},

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
