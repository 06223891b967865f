/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantizer_table.c: the quantizers of formats' standards and of
 * implementations.  A row is what its source computes, in the order in which
 * it computes it; scripts/peers compares the rows with the programs.
 *
 * Settings are separated by ';', see quantizer.h; formulas are in formula.h.
 */
#include "quantizer.h"

/* OCP MX v1.0: section 5.2 (scales), 6.3 (conversion), table 1 (formats).  A
 * block with a NaN or an Inf gets the scale NaN; one of zeros 2^-127. */
#define OCP_MX "rule=floor;over=all;special=ocp;scale-overflow=nan"
#define OCP_SOURCE "OCP Microscaling Formats (MX) v1.0, sections 5.2 and 6.3"

/* TorchAO: mx_formats/mx_tensor.py, to_mx; FLOOR unless asked otherwise. */
#define TORCHAO_MX \
  "rule=floor;over=all;special=torchao;scale-overflow=nan;apply=times;" \
  "factor=1 / s;whole=yes"
#define TORCHAO_SOURCE "TorchAO prototype/mx_formats/mx_tensor.py, to_mx"
/* _to_mx_rceil: the reciprocal of MAX is an f32. */
#define TORCHAO_RCEIL \
  "arithmetic=f32;raw=ceil2(a * (1 / MAX));over=all;special=torchao;" \
  "scale-overflow=nan;apply=times;factor=1 / s;whole=yes"
#define TORCHAO_RCEIL_SOURCE \
  "TorchAO prototype/mx_formats/mx_tensor.py, _to_mx_rceil"

/* The release 0.18: an Inf in the block is the binade above FLT_MAX, s is no
 * subnormal (but is in decoding), and a NaN s divides as 255 << 23, an Inf. */
#define TORCHAO_018_MX \
  "raw=min(pow2(a), 2^128) / TOP;over=all;special=torchao;" \
  "scale-overflow=nan;factor=finite(max(s, 2^-126), 1 / 0);whole=yes"
/* ceil(log2) in f32, an Inf saturated; 2^-127 multiplies as 1. */
#define TORCHAO_018_RCEIL \
  "arithmetic=f32;raw=ceil2log(a / MAX);over=all;special=torchao;" \
  "apply=times;factor=ok(s - 2^-127, 1 / s) * (s / s);whole=yes"
#define TORCHAO_018_SOURCE \
  "TorchAO 0.18.0 prototype/mx_formats/mx_tensor.py, to_mx"

/* Transformer Engine: common/util/ptx.cuh, float_to_e8m0 and exp2f_rcp; a NaN
 * is no maximum, an Inf gets the greatest scale. */
#define TE_MX \
  "arithmetic=f32;raw=ceil2(a * (1 / MAX));over=numbers;special=cuda;" \
  "apply=times;factor=1 / s"
#define TE_MX_SOURCE "Transformer Engine common/cast/mxfp8 and util/ptx.cuh"

/* microxcaling: mx/mx_ops.py, _quantize_mx, with its default round="nearest",
 * which is away from zero in ties; log2 is that of f32. */
#define MICROXCALING_MX \
  "raw=exp2log(a) / TOP;over=all;round=rna;special=ocp;scale-overflow=nan;" \
  "zero-sign=drop"
#define MICROXCALING_SOURCE "microxcaling mx/mx_ops.py, _quantize_mx"

/* compressed-tensors: EVEN with E2M1's one bit, whatever the element. */
#define COMPRESSED_MX \
  "arithmetic=f32;raw=max(even(a, 1) / TOP, 2^-127);over=all;" \
  "special=torchao;scale-overflow=nan"
#define COMPRESSED_MX_SOURCE \
  "compressed-tensors quantization/utils/mxfp_utils.py, generate_mx_scales"
#define COMPRESSED_INT \
  "arithmetic=f32;raw=max(abs(lo), hi) / ((MAX - MIN) / 2);over=all;" \
  "scale-overflow=ieee;zero-scale=1.1920928955078125e-07"
/* The zero point is that of the scale before a 0 becomes 2^-23, so of a
 * constant group NaN, which is stored as 0. */
#define COMPRESSED_AFFINE \
  "arithmetic=f32;raw=(hi - lo) / (MAX - MIN);" \
  "zero=finite(rne(min(max(MIN - lo / ((hi - lo) / (MAX - MIN)), MIN), " \
  "MAX)), 0);over=all;scale-overflow=ieee;" \
  "zero-scale=1.1920928955078125e-07"
#define COMPRESSED_SOURCE \
  "compressed-tensors quantization/utils/helpers.py, calculate_qparams"

/* TorchAO: quantization/quant_primitives.py, _choose_qparams_affine and
 * _quantize_affine_no_dtype_cast; eps is the least normal by default. */
#define TORCHAO_INT \
  "arithmetic=f32;over=all;apply=times;factor=1 / s;zero-point=after;" \
  "scale-overflow=ieee;whole=yes;"
#define TORCHAO_AFFINE \
  "raw=max((hi - lo) / (MAX - MIN), TINY);" \
  "zero=max(min(MIN - rne(lo / s), MAX), MIN)"
#define TORCHAO_INT_SOURCE \
  "TorchAO quantization/quant_primitives.py, _choose_qparams_affine"
/* fouroversix: quantize/pytorch/reference.py.  What it keeps beside the
 * scales is the amax A itself; `product` is the element's greatest value times
 * the scales', 448, or 256 where a block's scale may grow by 1.5.  torch.sign
 * is 0 of -0.  Errors are summed as torch sums 16 floats on x86: in eight
 * lanes (aten/native/cpu/SumKernel.cpp); 2-D blocks of 256: sum=32,8. */
#define FOUROVERSIX(most, product)                                    \
  "arithmetic=f32;global=A;raw=when(G, (a / " most ") * (" product   \
  " / G));apply=times;factor=when(s, 1 / (1 / (" product " / G) * s));" \
  "decode=q * s * G / " product ";over=all;special=torchao;zero-scale=0;" \
  "zero-sign=drop"
#define FOUROVERSIX_MX(most)                                          \
  "arithmetic=f32;raw=max(when(a / " most ", max(ceil2(a / " most     \
  "), 2^-126)), 2^-127);apply=times;factor=when(a / " most ", 1 / s);" \
  "over=all;special=torchao;scale-overflow=nan;zero-sign=drop"
#define FOUROVERSIX_SOURCE \
  "fouroversix quantize/pytorch/reference.py; arXiv:2512.02010"

/* NVFP4.  2688 = 448 * 6. */
#define NVFP4_SOURCE "NVIDIA, arXiv:2509.25149, appendix B"

/* Triton's "/" is div.full.f32 on NVIDIA GPUs, which multiplies by a
 * reciprocal: an H100 with Triton 3.6 gave a (1/448) where the kernel says
 * amax / 448., in every block of 10^7 elements.  Of x / s the reciprocal is
 * rcp.approx, which is not always the nearest. */
#define DEEPSEEK_DIVISION \
  "arithmetic=f32;over=numbers;special=cuda;apply=times;factor=1 / s"
#define DEEPSEEK_SOURCE \
  "DeepSeek-V3 inference/kernel.py, act_quant, run on an H100 by Triton 3.6"
/* ceil_to_ue8m0 keeps exponents from 1 to 254: an Inf or a NaN is 2^127.
 * per_block_cast is g=tile:128x128, per_channel_cast g=tile:128x1. */
#define DEEPGEMM_SOURCE "DeepGEMM deep_gemm/utils/math.py"
/* Weights are 128x128: g=tile:128x128.  The scale's bits below its exponent
 * are masked where it is to be a power of two. */
#define TE_BLOCK_POW2 \
  "arithmetic=f32;raw=1 / ok(a, pow2(min(MAX / a, HUGE)));apply=times;" \
  "factor=ok(a, pow2(min(MAX / a, HUGE)));over=numbers;special=cuda"
#define TE_BLOCK_F32 \
  "arithmetic=f32;raw=1 / ok(a, min(MAX / a, HUGE));apply=times;" \
  "factor=ok(a, min(MAX / a, HUGE));over=numbers;special=cuda"
#define TE_BLOCK_SOURCE \
  "Transformer Engine common/recipe/recipe_common.cuh, compute_scale_from_amax"

/* For observers (calibrate.h).  TE's delayed scaling keeps the factor that
 * elements are multiplied by, its `scale`, and so do these rows. */
#define TE_DELAYED(quotient) \
  "arithmetic=f32;raw=ok(a, min(" quotient ", HUGE));apply=times;" \
  "decode=1 / s;over=numbers;special=cuda"
#define TE_DELAYED_SOURCE \
  "Transformer Engine common/recipe/delayed_scaling.cu, kernel_bulk"
/* A number over a tensor is reciprocal() times it: torch/_tensor.py. */
#define TE_UNFUSED TE_DELAYED("1 / a * MAX")
#define TE_UNFUSED_SOURCE \
  "Transformer Engine pytorch/quantization.py, _default_sf_compute"
/* 2^-23 is torch.finfo(torch.float32).eps; aten/src/ATen/native/quantized,
 * quantize_val multiplies by the reciprocal and adds the zero point last. */
#define PYTORCH_SYMMETRIC \
  "arithmetic=f32;raw=max(max(abs(lo), hi) / ((MAX - MIN) / 2), 2^-23);" \
  "apply=times;factor=1 / s;over=all;scale-overflow=inf"
#define PYTORCH_AFFINE \
  "arithmetic=f32;raw=max((hi - lo) / (MAX - MIN), 2^-23);" \
  "zero=min(max(MIN - rne(lo / s), MIN), MAX);apply=times;factor=1 / s;" \
  "zero-point=after;over=all;scale-overflow=inf"
#define PYTORCH_SOURCE \
  "PyTorch torch/ao/quantization/observer.py, _calculate_qparams"
/* bitsandbytes.  Its CUDA kernels are built with --use_fast_math: subnormals
 * are zeros; the reciprocal is rcp.approx.ftz, which on an H100 is one unit of
 * the last place from the nearest, used here, for 1108522 of the 2^23
 * significands.  fmaxf leaves a NaN out; 1 / 0 is Inf and 0 * Inf the NaN that
 * is above no threshold. */
#define BNB_CUDA \
  "arithmetic=f32;subnormals=flush;raw=a;apply=times;factor=1 / s;" \
  "over=numbers;zero-scale=0;scale-overflow=inf"
#define BNB_SOURCE "bitsandbytes csrc/kernels.cu, kQuantizeBlockwise"
/* On CPUs 4 bits are PyTorch operations: a NaN spreads, bucketize has it last;
 * 8 bits are C++ with a table of 65536 entries. */
#define BNB_CPU_4BIT \
  "arithmetic=f32;raw=a;apply=times;factor=1 / max(s, 1e-38);over=all;" \
  "ties=f32-down;nan=last;zero-scale=0;scale-overflow=inf"
#define BNB_CPU_8BIT \
  "arithmetic=f32;raw=a;apply=times;factor=1 / s;over=numbers;" \
  "ties=f32-grid;zero-scale=0;scale-overflow=inf"
#define BNB_CPU_SOURCE "bitsandbytes backends/default/ops.py"
#define BNB_CPU_8BIT_SOURCE "bitsandbytes csrc/cpu_ops.cpp, quantize_cpu_impl"
/* functional.py, quantize_4bit with compress_statistics. */
#define BNB_DOUBLE(profile) \
  ";nested=dynamic8@" profile "/g=block:256;offset=mean"
#define BNB_DOUBLE_SOURCE \
  "bitsandbytes functional.py, quantize_4bit with compress_statistics; " \
  "arXiv:2305.14314, section 3"
/* _ops.py, int8_vectorwise_dequant.  Both __fdividef(127, s) and PyTorch's
 * 127.0 / tensor multiply a reciprocal. */
#define BNB_INT8 \
  ";factor=127 * (1 / s);decode=q * s * 7.874015718698502e-3;special=torchao"
#define BNB_CPU_INT8 \
  "arithmetic=f32;raw=a;apply=times;over=all;zero-scale=0;" \
  "scale-overflow=inf" BNB_INT8

static const ulp_quantizer_row rows[] = {
    /* ---- MX ---- */
    {"mxfp8", "mxfp8_e4m3", "ocp", "e4m3", "group:32", "e8m0", OCP_MX,
     OCP_SOURCE},
    {"mxfp8_e5m2", "", "ocp", "e5m2", "group:32", "e8m0", OCP_MX, OCP_SOURCE},
    {"mxfp6", "mxfp6_e2m3", "ocp", "e2m3", "group:32", "e8m0", OCP_MX,
     OCP_SOURCE},
    {"mxfp6_e3m2", "", "ocp", "e3m2", "group:32", "e8m0", OCP_MX, OCP_SOURCE},
    {"mxfp4", "", "ocp", "e2m1", "group:32", "e8m0", OCP_MX, OCP_SOURCE},
    {"mxint8", "", "ocp", "mxint8", "group:32", "e8m0", OCP_MX, OCP_SOURCE},
    /* Decoding: ldexp knows no NaN, so 0xff is 2^128.  Encoding is OCP's. */
    {"mxfp4", "", "gpt-oss", "e2m1", "group:32", "e8m0",
     OCP_MX ";decode=finite(s, 2^128)",
     "gpt-oss gpt_oss/torch/weights.py, _get_mxfp4_tensor"},

    {"mxfp8", "mxfp8_e4m3", "torchao", "e4m3", "group:32", "e8m0", TORCHAO_MX,
     TORCHAO_SOURCE},
    {"mxfp8_e5m2", "", "torchao", "e5m2", "group:32", "e8m0", TORCHAO_MX,
     TORCHAO_SOURCE},
    {"mxfp6", "mxfp6_e2m3", "torchao", "e2m3", "group:32", "e8m0", TORCHAO_MX,
     TORCHAO_SOURCE},
    {"mxfp6_e3m2", "", "torchao", "e3m2", "group:32", "e8m0", TORCHAO_MX,
     TORCHAO_SOURCE},
    {"mxfp4", "", "torchao", "e2m1", "group:32", "e8m0", TORCHAO_MX,
     TORCHAO_SOURCE},
    {"mxfp8", "mxfp8_e4m3", "torchao-rceil", "e4m3", "group:32", "e8m0",
     TORCHAO_RCEIL, TORCHAO_RCEIL_SOURCE},
    {"mxfp8_e5m2", "", "torchao-rceil", "e5m2", "group:32", "e8m0",
     TORCHAO_RCEIL, TORCHAO_RCEIL_SOURCE},
    {"mxfp6", "mxfp6_e2m3", "torchao-rceil", "e2m3", "group:32", "e8m0",
     TORCHAO_RCEIL, TORCHAO_RCEIL_SOURCE},
    {"mxfp6_e3m2", "", "torchao-rceil", "e3m2", "group:32", "e8m0",
     TORCHAO_RCEIL, TORCHAO_RCEIL_SOURCE},
    {"mxfp4", "", "torchao-rceil", "e2m1", "group:32", "e8m0", TORCHAO_RCEIL,
     TORCHAO_RCEIL_SOURCE},

    {"mxfp8", "mxfp8_e4m3", "torchao-0.18", "e4m3", "group:32", "e8m0",
     TORCHAO_018_MX, TORCHAO_018_SOURCE},
    {"mxfp8_e5m2", "", "torchao-0.18", "e5m2", "group:32", "e8m0",
     TORCHAO_018_MX, TORCHAO_018_SOURCE},
    {"mxfp6", "mxfp6_e2m3", "torchao-0.18", "e2m3", "group:32", "e8m0",
     TORCHAO_018_MX, TORCHAO_018_SOURCE},
    {"mxfp6_e3m2", "", "torchao-0.18", "e3m2", "group:32", "e8m0",
     TORCHAO_018_MX, TORCHAO_018_SOURCE},
    {"mxfp4", "", "torchao-0.18", "e2m1", "group:32", "e8m0", TORCHAO_018_MX,
     TORCHAO_018_SOURCE},
    {"mxfp8", "mxfp8_e4m3", "torchao-0.18-rceil", "e4m3", "group:32", "e8m0",
     TORCHAO_018_RCEIL, TORCHAO_018_SOURCE},
    {"mxfp8_e5m2", "", "torchao-0.18-rceil", "e5m2", "group:32", "e8m0",
     TORCHAO_018_RCEIL, TORCHAO_018_SOURCE},
    {"mxfp6", "mxfp6_e2m3", "torchao-0.18-rceil", "e2m3", "group:32", "e8m0",
     TORCHAO_018_RCEIL, TORCHAO_018_SOURCE},
    {"mxfp6_e3m2", "", "torchao-0.18-rceil", "e3m2", "group:32", "e8m0",
     TORCHAO_018_RCEIL, TORCHAO_018_SOURCE},
    {"mxfp4", "", "torchao-0.18-rceil", "e2m1", "group:32", "e8m0",
     TORCHAO_018_RCEIL, TORCHAO_018_SOURCE},

    {"mxfp8", "mxfp8_e4m3", "te", "e4m3", "group:32", "e8m0", TE_MX,
     TE_MX_SOURCE},
    {"mxfp8_e5m2", "", "te", "e5m2", "group:32", "e8m0", TE_MX, TE_MX_SOURCE},

    {"mxfp8", "mxfp8_e4m3", "microxcaling", "e4m3", "group:32", "e8m0",
     MICROXCALING_MX, MICROXCALING_SOURCE},
    {"mxfp8_e5m2", "", "microxcaling", "e5m2", "group:32", "e8m0",
     MICROXCALING_MX, MICROXCALING_SOURCE},
    {"mxfp6", "mxfp6_e2m3", "microxcaling", "e2m3", "group:32", "e8m0",
     MICROXCALING_MX, MICROXCALING_SOURCE},
    {"mxfp6_e3m2", "", "microxcaling", "e3m2", "group:32", "e8m0",
     MICROXCALING_MX, MICROXCALING_SOURCE},
    {"mxfp4", "", "microxcaling", "e2m1", "group:32", "e8m0", MICROXCALING_MX,
     MICROXCALING_SOURCE},
    {"mxint8", "", "microxcaling", "mxint8sym", "group:32", "e8m0",
     MICROXCALING_MX, MICROXCALING_SOURCE},

    {"mxfp8", "mxfp8_e4m3", "compressed-tensors", "e4m3", "group:32", "e8m0",
     COMPRESSED_MX, COMPRESSED_MX_SOURCE},
    {"mxfp4", "", "compressed-tensors", "e2m1", "group:32", "e8m0",
     COMPRESSED_MX ";zero-sign=drop", COMPRESSED_MX_SOURCE},

    {"mxfp4", "", "fouroversix", "e2m1", "group:32", "e8m0",
     FOUROVERSIX_MX("6"), FOUROVERSIX_SOURCE},
    {"mxfp4", "", "fouroversix-static4", "e2m1", "group:32", "e8m0",
     FOUROVERSIX_MX("4"), FOUROVERSIX_SOURCE},

    /* ---- NVFP4 ---- */
    {"nvfp4", "", "paper", "e2m1", "group:16", "e4m3",
     "arithmetic=f32;global=ok(A, 2688 / A);raw=(a / 6) * G;apply=times;"
     "factor=min(1 / (s * (1 / G)), HUGE);decode=s * (1 / G);over=numbers;"
     "special=cuda;zero-scale=0",
     NVFP4_SOURCE},
    {"nvfp4", "", "te", "e2m1", "group:16", "e4m3",
     "arithmetic=f32;global=ok(A, min(2688 / A, HUGE));"
     "raw=min(a * (G * (1 / 6)), HUGE);apply=times;"
     "factor=min(1 / (s * (1 / G)), HUGE);decode=s * (1 / G);over=numbers;"
     "special=cuda;zero-scale=0",
     "Transformer Engine pytorch/custom_recipes/reference_nvfp4.py"},
    {"nvfp4", "", "torchao", "e2m1", "group:16", "e4m3",
     "arithmetic=f32;global=A / 2688;"
     "raw=min(max((a / 6) / G, 2^-6), 448);apply=times;factor=(1 / G) / s;"
     "decode=s * G;over=all;special=torchao;zero-scale=0;whole=yes",
     "TorchAO prototype/mx_formats/nvfp4_tensor.py, nvfp4_quantize"},
    {"nvfp4", "", "torchao-single", "e2m1", "group:16", "e4m3",
     "arithmetic=f32;raw=min(max(a / 6, 2^-6), 448);apply=times;"
     "factor=1 / s;over=all;special=torchao;zero-scale=0;whole=yes",
     "TorchAO prototype/mx_formats/nvfp4_tensor.py, nvfp4_quantize without "
     "per_tensor_scale"},
    {"nvfp4", "", "compressed-tensors", "e2m1", "group:16", "e4m3",
     "arithmetic=f32;global=finite(1 / max(A, TINY) * 2688, 1);"
     "raw=G * (a / 6);factor=s / G;decode=s / G;over=all;special=torchao;"
     "zero-scale=0.125;zero-sign=drop",
     COMPRESSED_SOURCE},
    {"nvfp4", "fouroversix nvfp4_46", "fouroversix", "e2m1", "group:16",
     "e4m3",
     FOUROVERSIX("6", "1536") ";second=when(G, (a / 6) * (1536 / G) * 1.5);"
     "judge=mse;sum=8", FOUROVERSIX_SOURCE},
    {"nvfp4", "", "fouroversix-static6", "e2m1", "group:16", "e4m3",
     FOUROVERSIX("6", "2688"), FOUROVERSIX_SOURCE},
    {"nvfp4", "", "fouroversix-static4", "e2m1", "group:16", "e4m3",
     FOUROVERSIX("4", "1792"), FOUROVERSIX_SOURCE},
    {"nvfp6", "nvfp6_e2m3", "fouroversix", "e2m3", "group:16", "e4m3",
     FOUROVERSIX("7.5", "3360"), FOUROVERSIX_SOURCE},
    {"nvfp6_e3m2", "", "fouroversix", "e3m2", "group:16", "e4m3",
     FOUROVERSIX("28", "12544"), FOUROVERSIX_SOURCE},
    {"nvint4", "", "fouroversix", "int4sym", "group:16", "e4m3",
     FOUROVERSIX("7", "3136"), FOUROVERSIX_SOURCE},
    {"nvfp4", "", "te-4over6", "e2m1", "group:16", "e4m3",
     "arithmetic=f32;global=ok(A, min(2688 / A, HUGE));raw=(a / 6) * G;"
     "second=(a / 6) * G * 1.5;apply=times;"
     "factor=min(1 / (s * (1 / G)), HUGE);error=q * s * A / 2688;judge=mae;"
     "decode=s * (1 / G);over=numbers;special=cuda;zero-scale=0",
     "Transformer Engine pytorch/custom_recipes/reference_nvfp4.py, 4over6"},

    /* ---- FP8 with f32 scales ---- */
    {"fp8-block", "", "deepseek", "e4m3", "group:128", "float32",
     DEEPSEEK_DIVISION ";raw=max(a, 1e-4) * (1 / 448);scale-overflow=ieee",
     DEEPSEEK_SOURCE},
    {"fp8-block", "", "deepseek-ue8m0", "e4m3", "group:128", "e8m0",
     DEEPSEEK_DIVISION ";raw=ceil2log(max(a, 1e-4) * (1 / 448));"
     "factor=finite(1 / s, 0);scale-overflow=nan",
     DEEPSEEK_SOURCE},
    {"fp8-block", "", "deepgemm", "e4m3", "group:128", "float32",
     "arithmetic=f32;raw=max(a, 1e-4) / 448;apply=times;factor=1 / s;over=all;"
     "special=torchao;scale-overflow=ieee",
     DEEPGEMM_SOURCE},
    {"fp8-block", "", "deepgemm-ue8m0", "e4m3", "group:128", "e8m0",
     "arithmetic=f32;raw=finite(ceil2(max(a, 1e-4) / 448), 2^127);"
     "apply=times;factor=1 / s;over=all;special=torchao",
     DEEPGEMM_SOURCE},
    {"fp8-block", "", "te", "e4m3", "group:128", "float32", TE_BLOCK_POW2,
     TE_BLOCK_SOURCE},
    {"fp8-block", "", "te-f32", "e4m3", "group:128", "float32", TE_BLOCK_F32,
     TE_BLOCK_SOURCE},
    {"fp8-block_e5m2", "", "te", "e5m2", "group:128", "float32", TE_BLOCK_POW2,
     TE_BLOCK_SOURCE},
    {"fp8-block_e5m2", "", "te-f32", "e5m2", "group:128", "float32",
     TE_BLOCK_F32, TE_BLOCK_SOURCE},
    {"fp8-tensor", "", "te", "e4m3", "tensor", "float32", TE_BLOCK_F32,
     TE_BLOCK_SOURCE},
    {"fp8-tensor_e5m2", "", "te", "e5m2", "tensor", "float32", TE_BLOCK_F32,
     TE_BLOCK_SOURCE},
    {"fp8-delayed", "fp8-delayed_e4m3", "te", "e4m3", "tensor", "float32",
     TE_DELAYED("MAX / a"), TE_DELAYED_SOURCE},
    {"fp8-delayed_e5m2", "", "te", "e5m2", "tensor", "float32",
     TE_DELAYED("MAX / a"), TE_DELAYED_SOURCE},
    {"fp8-delayed", "fp8-delayed_e4m3", "te-unfused", "e4m3", "tensor",
     "float32", TE_UNFUSED, TE_UNFUSED_SOURCE},
    {"fp8-delayed_e5m2", "", "te-unfused", "e5m2", "tensor", "float32",
     TE_UNFUSED, TE_UNFUSED_SOURCE},
    {"fp4-block", "", "deepgemm", "e2m1", "group:128", "float32",
     "arithmetic=f32;raw=max(a, 1e-4) / 6;apply=times;factor=1 / s;over=all;"
     "ties=f32-low;scale-overflow=ieee",
     DEEPGEMM_SOURCE},
    {"fp4-block", "", "deepgemm-ue8m0", "e2m1", "group:128", "e8m0",
     "arithmetic=f32;raw=finite(ceil2(max(a, 1e-4) / 6), 2^127);"
     "apply=times;factor=1 / s;over=all;ties=f32-low",
     DEEPGEMM_SOURCE},

    /* ---- integers ---- */
    {"int8", "", "torchao", "int8", "channel", "float32",
     TORCHAO_INT "raw=max(max(-lo, hi) / ((MAX - MIN) / 2), 2^-23)",
     TORCHAO_INT_SOURCE ", with the eps of workflows/int8/int8_tensor.py"},
    {"int4", "", "torchao", "int4", "group:32", "float32",
     TORCHAO_INT "raw=max(max(-lo, hi) / ((MAX - MIN) / 2), TINY)",
     TORCHAO_INT_SOURCE},
    {"int8-affine", "", "torchao", "int8", "token", "float32",
     TORCHAO_INT TORCHAO_AFFINE, TORCHAO_INT_SOURCE},
    {"int4-affine", "", "torchao", "int4", "group:32", "float32",
     TORCHAO_INT TORCHAO_AFFINE, TORCHAO_INT_SOURCE},
    {"int8", "", "compressed-tensors", "int8", "channel", "float32",
     COMPRESSED_INT, COMPRESSED_SOURCE},
    {"int4", "", "compressed-tensors", "int4", "group:128", "float32",
     COMPRESSED_INT, COMPRESSED_SOURCE},
    {"int8-affine", "", "compressed-tensors", "int8", "tensor", "float32",
     COMPRESSED_AFFINE, COMPRESSED_SOURCE},
    {"int4-affine", "", "compressed-tensors", "int4", "group:128", "float32",
     COMPRESSED_AFFINE, COMPRESSED_SOURCE},
    {"int8", "", "pytorch", "int8", "tensor", "float32", PYTORCH_SYMMETRIC,
     PYTORCH_SOURCE},
    {"int8-affine", "", "pytorch", "int8", "tensor", "float32",
     PYTORCH_AFFINE, PYTORCH_SOURCE},
    {"uint8-affine", "", "pytorch", "uint8", "tensor", "float32",
     PYTORCH_AFFINE, PYTORCH_SOURCE},
    {"fp8-channel", "", "compressed-tensors", "e4m3", "channel", "float32",
     COMPRESSED_INT ";special=torchao", COMPRESSED_SOURCE},

    /* ---- bitsandbytes ---- */
    {"nf4", "", "bitsandbytes", "nf4", "block:64", "float32",
     BNB_CUDA ";ties=bnb", BNB_SOURCE ", dQuantizeNF4"},
    {"bnb-fp4", "bnb_fp4", "bitsandbytes", "bnb_fp4", "block:64", "float32",
     BNB_CUDA ";ties=bnb", BNB_SOURCE ", dQuantizeFP4"},
    {"dynamic8", "bnb_dynamic8", "bitsandbytes", "bnb_dynamic8", "block:4096",
     "float32", BNB_CUDA ";ties=f32-even", BNB_SOURCE ", dQuantize"},
    {"dynamic8u", "bnb_dynamic8u", "bitsandbytes", "bnb_dynamic8u",
     "block:4096", "float32", BNB_CUDA ";ties=f32-even",
     BNB_SOURCE ", dQuantize"},
    {"nf4-double", "", "bitsandbytes", "nf4", "block:64", "float32",
     BNB_CUDA ";ties=bnb" BNB_DOUBLE("bitsandbytes"), BNB_DOUBLE_SOURCE},
    {"bnb-fp4-double", "", "bitsandbytes", "bnb_fp4", "block:64", "float32",
     BNB_CUDA ";ties=bnb" BNB_DOUBLE("bitsandbytes"), BNB_DOUBLE_SOURCE},
    {"int8", "", "bitsandbytes", "int8", "token", "float32",
     BNB_CUDA BNB_INT8,
     "bitsandbytes csrc/kernels.cu, kInt8VectorQuant"},
    {"llm-int8", "", "bitsandbytes", "int8", "token", "float32",
     BNB_CUDA BNB_INT8 ";outlier=6",
     "bitsandbytes csrc/kernels.cu, kInt8VectorQuant, SPARSE_DECOMP; "
     "arXiv:2208.07339"},

    {"nf4", "", "bitsandbytes-cpu", "nf4", "block:64", "float32", BNB_CPU_4BIT,
     BNB_CPU_SOURCE ", quantize_4bit"},
    {"bnb-fp4", "bnb_fp4", "bitsandbytes-cpu", "bnb_fp4", "block:64",
     "float32", BNB_CPU_4BIT, BNB_CPU_SOURCE ", quantize_4bit"},
    {"dynamic8", "bnb_dynamic8", "bitsandbytes-cpu", "bnb_dynamic8",
     "block:4096", "float32", BNB_CPU_8BIT, BNB_CPU_8BIT_SOURCE},
    {"dynamic8u", "bnb_dynamic8u", "bitsandbytes-cpu", "bnb_dynamic8u",
     "block:4096", "float32", BNB_CPU_8BIT, BNB_CPU_8BIT_SOURCE},
    {"nf4-double", "", "bitsandbytes-cpu", "nf4", "block:64", "float32",
     BNB_CPU_4BIT BNB_DOUBLE("bitsandbytes-cpu"), BNB_DOUBLE_SOURCE},
    {"bnb-fp4-double", "", "bitsandbytes-cpu", "bnb_fp4", "block:64",
     "float32", BNB_CPU_4BIT BNB_DOUBLE("bitsandbytes-cpu"),
     BNB_DOUBLE_SOURCE},
    {"int8", "", "bitsandbytes-cpu", "int8", "token", "float32",
     BNB_CPU_INT8, BNB_CPU_SOURCE ", int8_vectorwise_quant"},
    {"llm-int8", "", "bitsandbytes-cpu", "int8", "token", "float32",
     BNB_CPU_INT8 ";outlier=6", BNB_CPU_SOURCE ", int8_vectorwise_quant"},
};

size_t ulp_quantizer_count(void) { return sizeof rows / sizeof rows[0]; }

const ulp_quantizer_row *ulp_quantizer_row_at(size_t i)
{
  return i < ulp_quantizer_count() ? &rows[i] : NULL;
}
