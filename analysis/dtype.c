/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of element types that files hold.
 *
 * .npy: NumPy's array interface type strings.  safetensors: the Dtype list of
 * the reference implementation (safetensors/src/tensor.rs, 0.6), all but C64.
 */
#include <string.h>

#include "tensor.h"

static const ulp_dtype rows[] = {
    /* npy, safetensors, bits, format */
    {"f8", "F64", 64, "float64"},
    {"f4", "F32", 32, "float32"},
    {"f2", "F16", 16, "float16"},
    {"", "BF16", 16, "bfloat16"},
    {"", "F8_E4M3", 8, "float8_e4m3fn"},
    {"", "F8_E5M2", 8, "float8_e5m2"},
    {"", "F8_E4M3FNUZ", 8, "float8_e4m3fnuz"},
    {"", "F8_E5M2FNUZ", 8, "float8_e5m2fnuz"},
    {"", "F8_E8M0", 8, "float8_e8m0fnu"},
    {"", "F6_E2M3", 6, "float6_e2m3fn"},
    {"", "F6_E3M2", 6, "float6_e3m2fn"},
    {"", "F4", 4, "float4_e2m1fn"},
    {"i1", "I8", 8, "int8"},
    {"u1", "U8", 8, "uint8"},
    {"i2", "I16", 16, NULL},
    {"u2", "U16", 16, NULL},
    {"i4", "I32", 32, NULL},
    {"u4", "U32", 32, NULL},
    {"i8", "I64", 64, NULL},
    {"u8", "U64", 64, NULL},
    {"b1", "BOOL", 8, NULL},
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
