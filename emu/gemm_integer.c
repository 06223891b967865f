/* SPDX-License-Identifier: MIT
 *
 * Instructions of integers, and whole products of these, whose order does not
 * show: modulo 2^32.
 */
#include "gemm_run.h"

#include <stdlib.h>
#include <string.h>

#include "int_gemm.h"

/* What a byte stands for; bits that count unequal ones, XOR, become +-1. */
static ulp_int_side make_side(const ulp_format *f, const void *codes, bool xor)
{
  ulp_int_side s = {.codes = codes};
  for (size_t c = 0; c < 256; c++) {
    uint8_t byte = (uint8_t)c;
    int value = (int)ulp_decode(f, ulp_load_code(f, &byte, 0));
    s.value[c] = (int16_t)(xor ? 1 - 2 * value : value);
  }
  return s;
}

ulp_status ulp_gemm_integer(const ulp_gemm *g, const ulp_gemm_data *x,
                            size_t first_row, size_t rows)
{
  ulp_int_side a = make_side(&g->a, (const uint8_t *)x->a + first_row * x->k,
                             false);
  ulp_int_side b = make_side(&g->b, x->b, false);
  const uint32_t *c = x->c;
  uint32_t *d = x->d;
  size_t first = first_row * x->n, n = rows * x->n;
  if (c)
    memmove(d + first, c + first, n * sizeof *d);
  else
    memset(d + first, 0, n * sizeof *d);
  return ulp_int_product(d + first, &a, &b, rows, x->n, x->k) ? ULP_OK
                                                             : ULP_ENOMEM;
}

static uint32_t clamp(int64_t sum, bool finite)
{
  if (finite && sum > INT32_MAX)
    sum = INT32_MAX;
  if (finite && sum < INT32_MIN)
    sum = INT32_MIN;
  return (uint32_t)sum;
}

ulp_status ulp_tile_integer(const ulp_mma *m, void *d, const void *a,
                            const void *b, const void *c, size_t rows,
                            size_t cols)
{
  bool xor = m->record->kind == ULP_DOT_XOR;
  ulp_int_side x = make_side(&m->a, a, xor), y = make_side(&m->b, b, xor);
  uint32_t *sums = calloc(rows * cols + 1, sizeof *sums);
  bool done = sums && ulp_int_product(sums, &x, &y, rows, cols, (size_t)m->k);
  for (size_t i = 0; done && i < rows * cols; i++) {
    /* A product of k below 2^31: it did not wrap. */
    int64_t sum = (int32_t)sums[i];
    if (xor)
      sum = (m->k - sum) / 2;
    sum += (int32_t)(uint32_t)ulp_load_code(&m->c, c, i);
    ulp_store_code(&m->d, d, i, clamp(sum, m->satfinite));
  }
  free(sums);
  return done ? ULP_OK : ULP_ENOMEM;
}
