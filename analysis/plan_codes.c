/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arrays as kernels take them: codes and scales of a quantizer, or values in a
 * type.
 */
#include <stdlib.h>
#include <string.h>

#include "plan_internal.h"

void ulp_coded_free(ulp_coded *c)
{
  free(c->at.codes);
  free(c->at.scales);
}

static bool failed_blocks(const ulp_quantizer *q, ulp_coded *c, const float *x,
                          double amax, double global, uint64_t index,
                          int threads)
{
  enum { SOME = 1 << 14 }; /* elements a thread takes at once */
  int64_t each = c->b.elements / (c->b.blocks ? c->b.blocks : 1);
  int64_t some = each >= SOME ? 1 : SOME / (each ? each : 1);
  bool failed = false;
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(dynamic)                \
    if (c->b.elements > SOME && threads > 1)
#endif
  for (int64_t i = 0; i < c->b.blocks; i += some) {
    int64_t n = c->b.blocks - i < some ? c->b.blocks - i : some;
    if (ulp_quantize_blocks(q, &c->b, &c->at, x, amax, global, i, n, index) !=
        ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      failed = true;
    }
  }
  return failed;
}

/* What a scale of 1 stands for: 1, but for nvfp4's second level. */
static float scale_of_one(const ulp_quantizer *q, double global)
{
  double v[ULP_VARIABLES] = {[ULP_VAR_GLOBAL] = global, [ULP_VAR_SCALE] = 1,
                             [ULP_VAR_CODE] = 1};
  return q->decode.count
             ? (float)ulp_formula_eval(&q->decode, q->arithmetic, v) : 1;
}

ulp_status ulp_coded_make(ulp_coded *c, const ulp_quantizer *q, const float *x,
                          size_t rows, size_t cols, uint64_t index,
                          int threads, ulp_error *e)
{
  const int64_t shape[] = {(int64_t)rows, (int64_t)cols};
  memset(c, 0, sizeof *c);
  ulp_status s = ulp_blocks_make(&c->b, &q->granularity, q->axis, 2, shape, e);
  if (s != ULP_OK)
    return s;
  c->at.codes = malloc(rows * cols * q->element.storage_bytes + 8);
  c->at.scales = malloc((size_t)c->b.blocks * q->scale.storage_bytes + 8);
  if (!c->at.codes || !c->at.scales)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  double amax = q->global.count ? ulp_quantizer_amax(q, 0, x, rows * cols) : 0;
  double global = ulp_quantizer_global(q, amax);
  c->global = scale_of_one(q, global);
  return failed_blocks(q, c, x, amax, global, index, threads)
             ? ulp_error_set(e, ULP_ENOMEM, "out of memory") : ULP_OK;
}

float *ulp_coded_factors(const ulp_coded *c, const ulp_quantizer *q)
{
  size_t n = (size_t)c->b.blocks;
  float *out = malloc((n + 1) * sizeof *out);
  for (size_t i = 0; out && i < n; i++) {
    double s = ulp_decode(&q->scale, ulp_load_code(&q->scale, c->at.scales, i));
    double v[ULP_VARIABLES] = {[ULP_VAR_GLOBAL] = 1, [ULP_VAR_SCALE] = s};
    out[i] = (float)(q->decode.count
                         ? ulp_formula_eval(&q->decode, q->arithmetic, v) : s);
  }
  return out;
}

void *ulp_codes_in_type(const ulp_format *f, const float *x, size_t n)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_IEEE};
  void *out = malloc(n * f->storage_bytes + 8);
  for (size_t i = 0; out && i < n; i++)
    ulp_store_code(f, out, i, ulp_encode_f32(f, x[i], &rne, 0));
  return out;
}
