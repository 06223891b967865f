/* SPDX-License-Identifier: MIT
 *
 * The table of packed blocks, and arrays of them.
 */
#include "ggml.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The suffix of ggml's functions is written as there: q4_K. */
#define GGML(name, aliases, suffix, elements, bytes)                           \
  {                                                                            \
#name, aliases,                                                            \
        "ggml src/ggml-quants.c, quantize_row_" suffix "_ref and "             \
        "dequantize_row_" suffix,                                              \
        elements, bytes, ulp_ggml_##name##_encode, ulp_ggml_##name##_decode    \
  }

static const ulp_packed_block rows[] = {
    GGML(q4_0, "ggml_q4_0", "q4_0", 32, 18),
    GGML(q4_1, "ggml_q4_1", "q4_1", 32, 20),
    GGML(q5_0, "ggml_q5_0", "q5_0", 32, 22),
    GGML(q5_1, "ggml_q5_1", "q5_1", 32, 24),
    GGML(q8_0, "ggml_q8_0", "q8_0", 32, 34),
    GGML(q8_1, "ggml_q8_1", "q8_1", 32, 36),
    GGML(q2_k, "ggml_q2_k", "q2_K", 256, 84),
    GGML(q3_k, "ggml_q3_k", "q3_K", 256, 110),
    GGML(q4_k, "ggml_q4_k", "q4_K", 256, 144),
    GGML(q5_k, "ggml_q5_k", "q5_K", 256, 176),
    GGML(q6_k, "ggml_q6_k", "q6_K", 256, 210),
    GGML(q8_k, "ggml_q8_k", "q8_K", 256, 292),
    GGML(mxfp4, "ggml_mxfp4", "mxfp4", 32, 17),
    GGML(nvfp4, "ggml_nvfp4", "nvfp4", 64, 36),
    GGML(q1_0, "ggml_q1_0", "q1_0", 128, 18),
    GGML(q2_0, "ggml_q2_0", "q2_0", 64, 18),
    GGML(tq1_0, "ggml_tq1_0", "tq1_0", 256, 54),
    GGML(tq2_0, "ggml_tq2_0", "tq2_0", 256, 66),
    GGML(iq4_nl, "ggml_iq4_nl", "iq4_nl", 32, 18),
    GGML(iq4_xs, "ggml_iq4_xs", "iq4_xs", 256, 136),
};

size_t ulp_packed_block_count(void)
{
  return sizeof rows / sizeof rows[0];
}

const ulp_packed_block *ulp_packed_block_row(size_t i)
{
  return i < ulp_packed_block_count() ? &rows[i] : NULL;
}

static bool is_called(const ulp_packed_block *b, const char *name)
{
  size_t n = strlen(name);
  if (strcasecmp(b->name, name) == 0) return true;
  for (const char *p = b->aliases; n > 0 && *p != '\0'; p += *p == ' ') {
    size_t length = strcspn(p, " ");
    if (length == n && strncasecmp(p, name, n) == 0) return true;
    p += length;
  }
  return false;
}

static const char *name_of(const void *list, size_t i)
{
  (void)list;
  return i < ulp_packed_block_count() ? rows[i].name : NULL;
}

ulp_status ulp_packed_block_find(const char *name, const ulp_packed_block **out,
                                 char *why, size_t why_size)
{
  for (size_t i = 0; i < ulp_packed_block_count(); i++)
    if (is_called(&rows[i], name)) {
      *out = &rows[i];
      return ULP_OK;
    }
  const char *nearest = ulp_nearest(name, name_of, NULL);
  if (why != NULL)
    snprintf(why, why_size, "no packed block '%.40s'; expected one such as %s",
             name, nearest != NULL ? nearest : rows[0].name);
  return ULP_ENAME;
}

double ulp_packed_bits_per_element(const ulp_packed_block *b)
{
  return 8.0 * b->bytes / b->elements;
}

void ulp_packed_encode(const ulp_packed_block *b, uint8_t *out, const float *x,
                       size_t n)
{
  for (; n > 0; n--, out += b->bytes, x += b->elements)
    b->encode(out, x);
}

void ulp_packed_decode(const ulp_packed_block *b, float *out, const uint8_t *in,
                       size_t n)
{
  for (; n > 0; n--, in += b->bytes, out += b->elements)
    b->decode(out, in);
}
