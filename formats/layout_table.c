/* SPDX-License-Identifier: MIT
 *
 * The table of layouts.  Sources were read at the commits: pytorch/ao
 * 36027d8, NVIDIA/TransformerEngine d0067d0, vllm-project/compressed-tensors
 * ac8e2ba, bitsandbytes 95f9af3, openai/gpt-oss 7b58334, deepseek-ai/DeepGEMM
 * 54e2261, ggml-org/ggml d99724f, IST-DASLab/marlin 2f6d7c1, casper-hansen/
 * AutoAWQ 030fe2a, AutoGPTQ/AutoGPTQ 058fd80.
 */
#include "internal.h"
#include "layout.h"

#include <string.h>
#include <strings.h>

#define W(bits) (UINT64_C(1) << ((bits)-1))
#define UP_TO_8 UINT64_C(0xff)

static const ulp_layout table[] = {
    /* ---- neighbours in a byte ------------------------------------------- */
    {.name = "nibble-low",
     .aliases = "torchao-uint4 te-nvfp4 compressed-tensors-nvfp4 "
                "deepgemm-fp4",
     .map = "r | c",
     .source = "pytorch/ao torchao/prototype/mx_formats/kernels.py pack_uint4; "
               "TransformerEngine tests/pytorch/nvfp4/"
               "test_nvfp4_quantize_exact.py unpack_fp4; compressed-tensors "
               "compressors/nvfp4/helpers.py pack_fp4_to_uint8; DeepGEMM "
               "deep_gemm/utils/math.py per_token_cast_to_fp4",
     .widths = W(4),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 2},
    {.name = "nibble-high",
     .aliases = "",
     .map = "r | c",
     .source = "pytorch/ao before 28612d0 (October 2025), "
               "torchao/prototype/mx_formats/kernels.py pack_uint4",
     .widths = W(4),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 2,
     .high_first = true},
    /* Theirs pads with the code of the value 0, which is 7 in NF4. */
    {.name = "bitsandbytes",
     .aliases = "bitsandbytes-4bit",
     .map = "r | c",
     .source = "bitsandbytes backends/default/ops.py quantize_4bit; "
               "csrc/kernels.cu kQuantizeBlockwise",
     .widths = W(4),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 2,
     .head = 1,
     .tail = 1,
     .pads = true,
     .high_first = true,
     .flat = true},
    {.name = "bitsandbytes-cpu",
     .aliases = "",
     .map = "r/32 | c/2 r%16 c%2 r/16%2",
     .source = "bitsandbytes functional.py _convert_weight_packed_for_cpu",
     .widths = W(4),
     .word_bits = 8,
     .row_multiple = 32,
     .col_multiple = 2},
    {.name = "fp6-low",
     .aliases = "compressed-tensors-mxfp6",
     .map = "r | c",
     .source = "compressed-tensors 0.20.0 compressors/mxfp6/helpers.py "
               "pack_fp6_to_uint8",
     .widths = W(6),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 4},
    {.name = "torchao-fp6",
     .aliases = "torchao-uint6",
     .map = "r c/4 | 2+4: c%4[1023]; 0+2: c%4[3201]",
     .source = "pytorch/ao from 2948801 (March 2025) to fa2cb75 (December "
               "2025), torchao/prototype/mx_formats/kernels.py "
               "pack_uint6_pytorch",
     .widths = W(6),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 4},
    {.name = "fp6-llm",
     .aliases = "torchao-tc-fp6",
     .map = "| 4+2: r/64 c/16 r/32%2 r%8 c%8 r/8%2[10] r/16%2 c/8%2; "
            "0+4: r/64 c/16 r/32%2 r/16%2 r%8 c%8 r/8%2[10] c/8%2",
     .source = "pytorch/ao 0cfd2b9 torchao/dtypes/floatx/"
               "floatx_tensor_core_layout.py _pack_tc_fp6 (FP6-LLM, arXiv "
               "2401.14112)",
     .widths = W(6),
     .word_bits = 8,
     .row_multiple = 64,
     .col_multiple = 64,
     .high_first = true},
    /* ---- blocks ---------------------------------------------------------- */
    {.name = "gpt-oss",
     .aliases = "gpt-oss-mxfp4",
     .map = "r | c",
     .source = "openai/gpt-oss gpt_oss/torch/weights.py _get_mxfp4_tensor: "
               "the blocks; the scales are one E8M0 code (bias 127) a block, "
               "in order",
     .widths = W(4),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 32,
     .tail = 16},
    {.name = "ggml-q4_0",
     .aliases = "ggml-q4_1 ggml-iq4_nl ggml-mxfp4",
     .map = "r c/32 | c%16 c/16%2",
     .source = "ggml src/ggml-quants.c quantize_row_q4_0_ref, "
               "dequantize_row_mxfp4: qs",
     .widths = W(4),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 32},
    {.name = "ggml-q5_0",
     .aliases = "ggml-q5_1",
     .map = "r c/32 | 4+1: c%32; 0+4: c%16 c/16%2",
     .source = "ggml src/ggml-quants.c quantize_row_q5_0_ref: qh, qs",
     .widths = W(5),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 32},
    {.name = "ggml-nvfp4",
     .aliases = "",
     .map = "r c/16 | c%8 c/8%2",
     .source = "ggml src/ggml-quants.c quantize_row_nvfp4_ref: qs",
     .widths = W(4),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 64},
    {.name = "ggml-q2_k",
     .aliases = "",
     .map = "r c/256 | c/128%2 c%32 c/32%4",
     .source = "ggml src/ggml-quants.c dequantize_row_q2_K: qs",
     .widths = W(2),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 256},
    {.name = "ggml-q3_k",
     .aliases = "",
     .map = "r c/256 | 2+1: c%32 c/32%8; 0+2: c/128%2 c%32 c/32%4",
     .source = "ggml src/ggml-quants.c dequantize_row_q3_K: hmask, qs",
     .widths = W(3),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 256},
    {.name = "ggml-q4_k",
     .aliases = "",
     .map = "r c/256 | c/64%4 c%32 c/32%2",
     .source = "ggml src/ggml-quants.c quantize_row_q4_K_ref: qs",
     .widths = W(4),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 256},
    {.name = "ggml-q5_k",
     .aliases = "",
     .map = "r c/256 | 4+1: c%32 c/32%8; 0+4: c/64%4 c%32 c/32%2",
     .source = "ggml src/ggml-quants.c dequantize_row_q5_K: qh, qs",
     .widths = W(5),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 256},
    {.name = "ggml-q6_k",
     .aliases = "",
     .map = "r c/256 | 0+4: c/128%2 c/32%2 c%32 c/64%2; "
            "4+2: c/128%2 c%32 c/32%4",
     .source = "ggml src/ggml-quants.c dequantize_row_q6_K: ql, qh",
     .widths = W(6),
     .word_bits = 8,
     .row_multiple = 1,
     .col_multiple = 256},
    /* ---- 32-bit words ---------------------------------------------------- */
    {.name = "pack-int32",
     .aliases = "compressed-tensors-pack-quantized",
     .map = "r | c",
     .source = "compressed-tensors compressors/pack_quantized/helpers.py "
               "pack_to_int32, packed_dim 1 (weights)",
     .widths = UP_TO_8,
     .word_bits = 32,
     .row_multiple = 1,
     .col_multiple = 1,
     .offset = true},
    {.name = "pack-int32-rows",
     .aliases = "compressed-tensors-pack-zeros",
     .map = "c | r",
     .source = "compressed-tensors compressors/pack_quantized/helpers.py "
               "pack_to_int32, packed_dim 0 (zero points)",
     .widths = UP_TO_8,
     .word_bits = 32,
     .row_multiple = 1,
     .col_multiple = 1,
     .head = 1,
     .offset = true,
     .across = true},
    {.name = "awq",
     .aliases = "autoawq awq-gemm",
     .map = "r | c/8 c%2 c/2%4",
     .source = "casper-hansen/AutoAWQ awq/modules/linear/gemm.py "
               "WQLinear_GEMM.from_linear: qweight [in, out/8], qzeros; "
               "compressed-tensors entrypoints/convert/converters/autoawq.py "
               "AWQ_REVERSE_ORDER",
     .widths = W(4),
     .word_bits = 32,
     .row_multiple = 1,
     .col_multiple = 8},
    {.name = "gptq",
     .aliases = "gptq-qweight autogptq",
     .map = "c | r",
     .source = "AutoGPTQ auto_gptq/nn_modules/qlinear/qlinear_cuda.py "
               "QuantLinear.pack: qweight [in*bits/32, out]",
     .widths = W(2) | W(3) | W(4) | W(8),
     .word_bits = 32,
     .row_multiple = 32,
     .col_multiple = 1,
     .head = 1,
     .across = true},
    {.name = "gptq-qzeros",
     .aliases = "",
     .map = "r | c",
     .source = "AutoGPTQ auto_gptq/nn_modules/qlinear/qlinear_cuda.py "
               "QuantLinear.pack: qzeros [groups, out*bits/32], of zeros - 1",
     .widths = W(2) | W(3) | W(4) | W(8),
     .word_bits = 32,
     .row_multiple = 1,
     .col_multiple = 32},
    /* The kernel asks for more (in 128, out 256); the order does not. */
    {.name = "marlin",
     .aliases = "",
     .map = "r/16 | c/64 c%8 r/2%4 c/16%4 r%2 c/8%2 r/8%2",
     .source = "IST-DASLab/marlin marlin/__init__.py _get_perms, Layer.pack: "
               "B [in/16, out*2]; the matrix is [in, out]",
     .widths = W(4),
     .word_bits = 32,
     .row_multiple = 16,
     .col_multiple = 64,
     .head = 1,
     .offset = true},
    /* ---- scales ---------------------------------------------------------- */
    {.name = "marlin-scales",
     .aliases = "marlin-scales-group",
     .map = "r | c/64 c%8 c/8%8",
     .source = "IST-DASLab/marlin marlin/__init__.py _get_perms scale_perm: "
               "s [groups, out], group size 128",
     .widths = W(16),
     .row_multiple = 1,
     .col_multiple = 64},
    {.name = "marlin-scales-channel",
     .aliases = "",
     .map = "r | c/32 c/2%4 c/8%4 c%2",
     .source = "IST-DASLab/marlin marlin/__init__.py _get_perms "
               "scale_perm_single: s [1, out], group size -1",
     .widths = W(16),
     .row_multiple = 1,
     .col_multiple = 32},
    {.name = "swizzle-128x4",
     .aliases = "cublas-scales torchao-to_blocked te-swizzle",
     .map = "r/128 | c/4 r%32 r/32%4 c%4",
     .source = "cuBLAS, 1D block scaling factors layout; pytorch/ao "
               "torchao/prototype/mx_formats/utils.py to_blocked; "
               "TransformerEngine transformer_engine/jax/cpp_extensions/"
               "gemm.py swizzled_scale, common/swizzle/swizzle.cu",
     .widths = W(8),
     .word_bits = 8,
     .row_multiple = 128,
     .col_multiple = 4,
     .head = 32,
     .pads = true},
    {.name = "deepgemm-ue8m0",
     .aliases = "",
     .map = "c/4 | r c%4",
     .source = "DeepGEMM csrc/jit_kernels/impls/smxx_layout.hpp "
               "get_mn_major_tma_aligned_packed_ue8m0_tensor_torch; "
               "csrc/utils/math.hpp get_tma_aligned_size: the array as it "
               "lies in memory, [K/4, MN]",
     .widths = W(8),
     .word_bits = 32,
     .row_multiple = 4,
     .col_multiple = 4,
     .head = 1,
     .pads = true},
    {.name = "deepgemm-mn-major",
     .aliases = "",
     .map = "c | r",
     .source = "DeepGEMM csrc/jit_kernels/impls/smxx_layout.hpp "
               "get_mn_major_tma_aligned_tensor: the array as it lies in "
               "memory, [K, MN]",
     .widths = W(32),
     .row_multiple = 4,
     .col_multiple = 1,
     .head = 1,
     .pads = true},
};
enum { COUNT = sizeof table / sizeof table[0] };

size_t ulp_layout_count(void)
{
  return COUNT;
}

const ulp_layout *ulp_layout_row(size_t i)
{
  return i < COUNT ? &table[i] : NULL;
}

static const char *name_of(const void *list, size_t i)
{
  (void)list;
  return i < COUNT ? table[i].name : NULL;
}

/* Whether a list of words separated by blanks has this one. */
static bool has_word(const char *list, const char *word)
{
  size_t n = strlen(word);
  while (*list) {
    size_t length = strcspn(list, " ");
    if (length == n && strncasecmp(list, word, n) == 0) return true;
    list += length;
    list += strspn(list, " ");
  }
  return false;
}

ulp_status ulp_layout_find(const char *name, const ulp_layout **out,
                           const char **near)
{
  for (size_t i = 0; i < COUNT; i++) {
    const ulp_layout *l = &table[i];
    if (strcasecmp(l->name, name) == 0 || has_word(l->aliases, name)) {
      *out = l;
      return ULP_OK;
    }
  }
  if (near) *near = ulp_nearest(name, name_of, NULL);
  return ULP_ENAME;
}

unsigned ulp_layout_width(const ulp_layout *l)
{
  bool one = (l->widths & (l->widths - 1)) == 0;
  return one ? (unsigned)ulp_top_bit(l->widths) + 1 : 0;
}
