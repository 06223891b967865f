/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of element types that files hold.
 *
 * .npy: NumPy's array interface type strings.  safetensors: the Dtype list of
 * the reference implementation (safetensors/src/tensor.rs, 0.6), all but C64.
 * GGUF: enum ggml_type of ggml's include/ggml.h, all but the IQ1 to IQ3 types,
 * whose codebooks are not here.
 */
#include <string.h>

#include "tensor.h"

/* Elements of ggml's blocks, which decode to float32. */
#define BLOCK(name, type, block) {"", "", 32, "float32", name, type, block}

static const ulp_dtype rows[] = {
    /* npy, safetensors, bits, format, gguf, its number, block */
    {"f8", "F64", 64, "float64", "F64", 28, NULL},
    {"f4", "F32", 32, "float32", "F32", 0, NULL},
    {"f2", "F16", 16, "float16", "F16", 1, NULL},
    {"", "BF16", 16, "bfloat16", "BF16", 30, NULL},
    {"", "F8_E4M3", 8, "float8_e4m3fn", NULL, 0, NULL},
    {"", "F8_E5M2", 8, "float8_e5m2", NULL, 0, NULL},
    {"", "F8_E4M3FNUZ", 8, "float8_e4m3fnuz", NULL, 0, NULL},
    {"", "F8_E5M2FNUZ", 8, "float8_e5m2fnuz", NULL, 0, NULL},
    {"", "F8_E8M0", 8, "float8_e8m0fnu", NULL, 0, NULL},
    {"", "F6_E2M3", 6, "float6_e2m3fn", NULL, 0, NULL},
    {"", "F6_E3M2", 6, "float6_e3m2fn", NULL, 0, NULL},
    {"", "F4", 4, "float4_e2m1fn", NULL, 0, NULL},
    {"i1", "I8", 8, "int8", "I8", 24, NULL},
    {"u1", "U8", 8, "uint8", NULL, 0, NULL},
    {"i2", "I16", 16, NULL, "I16", 25, NULL},
    {"u2", "U16", 16, NULL, NULL, 0, NULL},
    {"i4", "I32", 32, NULL, "I32", 26, NULL},
    {"u4", "U32", 32, NULL, NULL, 0, NULL},
    {"i8", "I64", 64, NULL, "I64", 27, NULL},
    {"u8", "U64", 64, NULL, NULL, 0, NULL},
    {"b1", "BOOL", 8, NULL, NULL, 0, NULL},
    BLOCK("Q4_0", 2, "q4_0"),
    BLOCK("Q4_1", 3, "q4_1"),
    BLOCK("Q5_0", 6, "q5_0"),
    BLOCK("Q5_1", 7, "q5_1"),
    BLOCK("Q8_0", 8, "q8_0"),
    BLOCK("Q8_1", 9, "q8_1"),
    BLOCK("Q2_K", 10, "q2_k"),
    BLOCK("Q3_K", 11, "q3_k"),
    BLOCK("Q4_K", 12, "q4_k"),
    BLOCK("Q5_K", 13, "q5_k"),
    BLOCK("Q6_K", 14, "q6_k"),
    BLOCK("Q8_K", 15, "q8_k"),
    BLOCK("IQ4_NL", 20, "iq4_nl"),
    BLOCK("IQ4_XS", 23, "iq4_xs"),
    BLOCK("TQ1_0", 34, "tq1_0"),
    BLOCK("TQ2_0", 35, "tq2_0"),
    BLOCK("MXFP4", 39, "mxfp4"),
    BLOCK("NVFP4", 40, "nvfp4"),
    BLOCK("Q1_0", 41, "q1_0"),
    BLOCK("Q2_0", 42, "q2_0"),
};

const ulp_dtype *ulp_dtype_row(size_t i)
{
  return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}

const ulp_dtype *ulp_dtype_npy(const char *type)
{
  const ulp_dtype *d;
  for (size_t i = 0; (d = ulp_dtype_row(i)) != NULL; i++)
    if (d->npy[0] != '\0' && strcmp(d->npy, type) == 0) return d;
  return NULL;
}

const ulp_dtype *ulp_dtype_safetensors(const char *name)
{
  const ulp_dtype *d;
  for (size_t i = 0; (d = ulp_dtype_row(i)) != NULL; i++)
    if (d->safetensors[0] != '\0' && strcmp(d->safetensors, name) == 0)
      return d;
  return NULL;
}

const ulp_dtype *ulp_dtype_gguf(uint32_t type)
{
  const ulp_dtype *d;
  for (size_t i = 0; (d = ulp_dtype_row(i)) != NULL; i++)
    if (d->gguf != NULL && (uint32_t)d->gguf_type == type) return d;
  return NULL;
}

const char *ulp_dtype_name(const ulp_dtype *d)
{
  if (d->safetensors[0] != '\0') return d->safetensors;
  return d->gguf != NULL ? d->gguf : d->npy;
}
