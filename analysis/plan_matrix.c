/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A matrix of a model as a plan has it: quantized once, then multiplied by
 * activations in f64, in f32, or in the order of a kernel.
 */
#include <stdlib.h>
#include <string.h>

#include "llama_internal.h"
#include "plan_internal.h"

/* ---- what a kernel takes ------------------------------------------------ */

static bool listed(const char *list, const char *name)
{
  size_t n = strlen(name);
  for (const char *p = list; (p = strstr(p, name)) != NULL; p += n)
    if ((p == list || p[-1] == '|') && (p[n] == '\0' || p[n] == '|'))
      return true;
  return false;
}

static const ulp_gemm_order *order_of(const char *kernel)
{
  const ulp_gemm_order *o;
  for (size_t i = 0; (o = ulp_gemm_order_row(i)) != NULL; i++)
    if (strcmp(o->name, kernel) == 0)
      return o;
  return NULL;
}

/* int8 without -128 has int8's codes. */
static const char *type_name(const ulp_quantizer *q)
{
  return strcmp(q->element.name, "int8sym") == 0 ? "int8" : q->element.name;
}

/* Scales that a kernel of gemm.h may have, or NONE. */
static ulp_gemm_scales scales_of(const ulp_quantizer *q)
{
  const ulp_granularity *g = &q->granularity;
  bool last = q->axis == ULP_AXIS_DEFAULT || q->axis == -1 || q->axis == 1;
  bool first = q->axis == ULP_AXIS_DEFAULT || q->axis == 0 || q->axis == -2;
  if (q->global.count || q->zero.count || q->nested[0] ||
      ulp_formula_has(&q->decode, ULP_VAR_CODE))
    return ULP_SCALES_NONE;
  switch (g->kind) {
  case ULP_PER_TENSOR: return ULP_SCALES_ONE;
  case ULP_PER_TOKEN: return last ? ULP_SCALES_ROWS : ULP_SCALES_NONE;
  case ULP_PER_CHANNEL: return first ? ULP_SCALES_ROWS : ULP_SCALES_NONE;
  case ULP_PER_GROUP:
    return last && g->cols == ULP_SCALES_BLOCK ? ULP_SCALES_1X128
                                               : ULP_SCALES_NONE;
  case ULP_PER_TILE:
    return g->rows == ULP_SCALES_BLOCK && g->cols == ULP_SCALES_BLOCK
               ? ULP_SCALES_128X128 : ULP_SCALES_NONE;
  case ULP_PER_BLOCK: break;
  }
  return ULP_SCALES_NONE;
}

/* Whether both sides have formats and scales that the order takes. */
static bool is_direct(ulp_matrix *x, const ulp_gemm_order *o)
{
  const ulp_plan_setting *a = x->at->inputs, *b = x->at->weights;
  if (!a || !b || !*o->instr || !*o->types ||
      !listed(o->types, type_name(a->quantizer)) ||
      !listed(o->types, type_name(b->quantizer)))
    return false;
  x->kind_a = scales_of(a->quantizer);
  x->kind_b = scales_of(b->quantizer);
  return x->kind_a != ULP_SCALES_NONE && x->kind_b != ULP_SCALES_NONE;
}

/* The type in which a kernel takes values: none of fewer than 16 bits. */
static const char *value_type(const ulp_gemm_order *o)
{
  static const char *const types[] = {"bfloat16", "float16", "float32"};
  for (int i = 0; *o->types && i < 3; i++)
    if (listed(o->types, types[i]))
      return types[i];
  if (*o->types)
    return NULL;
  return *o->instr ? types[0] : types[2];
}

static bool is_integer(const ulp_matrix *x)
{
  return !x->scaled && x->gemm.c.kind == ULP_INTEGER;
}

/* Whether a kernel's D has the place's type; integers and `block-scale` are
 * rounded to it after their scales. */
static bool d_has_type(const char *name)
{
  return !name || strcmp(name, "float32") == 0 ||
         strcmp(name, "bfloat16") == 0 || strcmp(name, "float16") == 0;
}

static ulp_status find_scaled(ulp_matrix *x, char *why, size_t why_size)
{
  const ulp_numbers *at = x->at;
  x->scaled = true;
  if (at->inputs && at->weights)
    return ulp_scaled_find(&x->mma, at->gpu, at->inputs->quantizer,
                           at->weights->quantizer, why, why_size);
  snprintf(why, why_size, "block-scale: expected inputs= and weights= with "
                          "scales of blocks, such as mxfp8 or nvfp4");
  return ULP_EINVAL;
}

static ulp_status find_order(ulp_matrix *x, char *why, size_t why_size)
{
  const ulp_numbers *at = x->at;
  const ulp_gemm_order *o = order_of(at->kernel->text);
  x->direct = is_direct(x, o);
  const char *value = value_type(o);
  if (!x->direct && !value) {
    snprintf(why, why_size, "%s: expected inputs= and weights= of %s with "
                            "scales that it takes (of the tensor, of rows%s)",
             o->name, o->types,
             o->blocks == ULP_BLOCKS_REFUSED ? "" : ", or of 128");
    return ULP_EINVAL;
  }
  ulp_gemm_options options = {
      .type_a = x->direct ? type_name(at->inputs->quantizer) : value,
      .type_b = x->direct ? type_name(at->weights->quantizer) : value,
      .fast = at->fast, .promote = at->promote, .slices = at->slices};
  bool integer = x->direct && strcmp(options.type_a, "int8") == 0;
  if (!integer && !d_has_type(at->out_name)) {
    snprintf(why, why_size, "%s: out=%s, expected f32, bf16 or f16", o->name,
             at->out_name);
    return ULP_EINVAL;
  }
  options.out = integer ? NULL : at->out_name;
  return ulp_gemm_find(at->gpu, o->name, &options, &x->gemm, why, why_size);
}

/* Blocks of a quantizer's in an array of this shape. */
static ulp_status fits(const ulp_plan_setting *s, int64_t rows, int64_t cols,
                       char *why, size_t why_size)
{
  ulp_blocks b;
  ulp_error e;
  const int64_t shape[] = {rows, cols};
  if (!s || !s->quantizer)
    return ULP_OK;
  const ulp_quantizer *q = s->quantizer;
  ulp_status status =
      ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, &e);
  if (status == ULP_OK && q->whole_blocks && !ulp_blocks_whole(&b)) {
    snprintf(why, why_size, "%.80s takes whole blocks only, not [%lld, %lld]",
             q->name, (long long)rows, (long long)cols);
    return ULP_EINVAL;
  }
  if (status != ULP_OK)
    snprintf(why, why_size, "%.80s: %.300s", q->name, e.text);
  return status;
}

ulp_status ulp_matrix_find(ulp_matrix *x, const ulp_numbers *at, size_t n,
                           size_t k, char *why, size_t why_size)
{
  *x = (ulp_matrix){.at = at, .n = n, .k = k, .global = 1};
  ulp_status s = fits(at->weights, (int64_t)n, (int64_t)k, why, why_size);
  if (s == ULP_OK)
    s = fits(at->inputs, 1, (int64_t)k, why, why_size);
  if (s != ULP_OK || at->product != ULP_SUM_KERNEL)
    return s;
  if (strcmp(at->kernel->text, "block-scale") == 0)
    return find_scaled(x, why, why_size);
  s = find_order(x, why, why_size);
  if (s != ULP_OK)
    return s;
  ulp_gemm_data data = {.m = 1, .n = n, .k = k};
  if (x->direct && !is_integer(x)) {
    data.kind_a = x->kind_a;
    data.kind_b = x->kind_b;
  }
  return ulp_gemm_check(&x->gemm, &data, why, why_size);
}

/* ---- codes -------------------------------------------------------------- */

/* An array of codes, its scales and what the scales lack. */
typedef struct {
  ulp_blocks b;
  ulp_quantized at;
  float global;
} coded;

static void free_coded(coded *c)
{
  free(c->at.codes);
  free(c->at.scales);
}

static bool failed_blocks(const ulp_quantizer *q, coded *c, const float *x,
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

static ulp_status encode(coded *c, const ulp_quantizer *q, const float *x,
                         size_t rows, size_t cols, uint64_t index, int threads,
                         ulp_error *e)
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

/* Block scales as f32 factors of the codes. */
static float *factors(const coded *c, const ulp_quantizer *q)
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

/* Values in a kernel's type, rounded to nearest even. */
static void *in_type(const ulp_format *f, const float *x, size_t n)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_IEEE};
  void *out = malloc(n * f->storage_bytes + 8);
  for (size_t i = 0; out && i < n; i++)
    ulp_store_code(f, out, i, ulp_encode_f32(f, x[i], &rne, 0));
  return out;
}

/* ---- weights ------------------------------------------------------------ */

static ulp_status load_codes(ulp_matrix *x, const float *w, ulp_error *e)
{
  const ulp_quantizer *q = x->at->weights->quantizer;
  coded c;
  ulp_status s = encode(&c, q, w, x->n, x->k, 0, 1, e);
  x->codes = c.at.codes;
  c.at.codes = NULL;
  if (s == ULP_OK && x->scaled) {
    x->scale_codes = c.at.scales;
    x->global = c.global;
    c.at.scales = NULL;
  } else if (s == ULP_OK && !(x->scales = factors(&c, q))) {
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  free_coded(&c);
  return s;
}

ulp_status ulp_matrix_load(ulp_matrix *x, const float *w, ulp_error *e)
{
  const int64_t shape[] = {(int64_t)x->n, (int64_t)x->k};
  const ulp_numbers *at = x->at;
  if (x->direct || x->scaled)
    return load_codes(x, w, e);
  x->values = w;
  if (at->weights) {
    x->own = malloc((x->n * x->k + 1) * sizeof *x->own);
    if (!x->own)
      return ulp_error_set(e, ULP_ENOMEM, "out of memory");
    ulp_status s = ulp_quantizer_values(at->weights->quantizer, 2, shape,
                                        x->own, w, 0, e);
    if (s != ULP_OK)
      return s;
    x->values = x->own;
  }
  if (at->product != ULP_SUM_KERNEL)
    return ULP_OK;
  x->codes = in_type(&x->gemm.b, x->values, x->n * x->k);
  free(x->own);
  x->own = NULL;
  x->values = NULL;
  return x->codes ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

void ulp_matrix_free(ulp_matrix *x)
{
  free(x->own);
  free(x->codes);
  free(x->scales);
  free(x->scale_codes);
  memset(x, 0, sizeof *x);
}

/* ---- products ----------------------------------------------------------- */

static void finish(const ulp_numbers *at, double *y, size_t n, uint64_t index)
{
  bool step = at->step.format.man_bits != 52, out = at->out.format.man_bits != 52;
  for (size_t i = 0; (step || out) && i < n; i++) {
    double v = ulp_step_round(&at->step, y[i], index + i);
    y[i] = ulp_step_round(&at->out, v, index + i);
  }
}

/* Activations as the kernel has them. */
typedef struct {
  coded c;
  float *scales;
  void *codes;
} operand;

static ulp_status make_operand(operand *a, const ulp_matrix *w, const float *x,
                               size_t m, uint64_t index, int threads,
                               ulp_error *e)
{
  const ulp_plan_setting *inputs = w->at->inputs;
  if (!w->direct && !w->scaled) {
    a->codes = in_type(&w->gemm.a, x, m * w->k);
    return a->codes ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  ulp_status s = encode(&a->c, inputs->quantizer, x, m, w->k, index, threads,
                        e);
  if (s == ULP_OK && w->direct) {
    a->scales = factors(&a->c, inputs->quantizer);
    if (!a->scales)
      return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  return s;
}

/* Columns first .. first+count-1 of D into y, by a D of their own.  Operands are
 * decoded for each such part, so that there are as few as threads; scales of
 * 128 x 128 do not straddle two. */
static size_t columns_of(const ulp_matrix *w, int threads)
{
  size_t blocks = (w->n + ULP_SCALES_BLOCK - 1) / ULP_SCALES_BLOCK;
  size_t n = threads > 1 ? (size_t)threads : 1;
  return (blocks + n - 1) / n * ULP_SCALES_BLOCK;
}

/* 32-bit sums times the scales in f32, (d sb) sa: the order of the epilogue of
 * vLLM's CUTLASS kernels (csrc/cutlass_extensions/epilogue, ScaledEpilogue). */
static void scale_integers(const ulp_matrix *w, const operand *a, double *y,
                           const int32_t *d, size_t m, size_t first,
                           size_t count)
{
  for (size_t i = 0; i < m; i++) {
    float sa = a->scales[w->kind_a == ULP_SCALES_ROWS ? i : 0];
    for (size_t j = 0; j < count; j++) {
      float sb = w->scales[w->kind_b == ULP_SCALES_ROWS ? first + j : 0];
      y[i * w->n + first + j] = (double)((float)d[i * count + j] * sb * sa);
    }
  }
}

static ulp_status order_columns(const ulp_matrix *w, const operand *a,
                                double *y, size_t m, size_t first,
                                size_t count, void *d)
{
  size_t blocks = (w->k + ULP_SCALES_BLOCK - 1) / ULP_SCALES_BLOCK;
  ulp_gemm_data data = {
      .m = m, .n = count, .k = w->k, .d = d,
      .a = w->direct ? a->c.at.codes : a->codes,
      .b = (const char *)w->codes + first * w->k * w->gemm.b.storage_bytes};
  if (w->direct && !is_integer(w)) {
    data.kind_a = w->kind_a;
    data.kind_b = w->kind_b;
    data.scale_a = a->scales;
    data.scale_b =
        w->scales + (w->kind_b == ULP_SCALES_ONE ? 0
                     : w->kind_b == ULP_SCALES_ROWS ? first
                     : w->kind_b == ULP_SCALES_1X128
                         ? first * blocks
                         : first / ULP_SCALES_BLOCK * blocks);
  }
  ulp_status s = ulp_gemm_run(&w->gemm, &data, 0, m);
  if (s != ULP_OK)
    return s;
  if (is_integer(w)) {
    scale_integers(w, a, y, d, m, first, count);
    return ULP_OK;
  }
  for (size_t i = 0; i < m; i++)
    ulp_decode_array(&w->gemm.out, y + i * w->n + first,
                     (const char *)d + i * count * w->gemm.out.storage_bytes,
                     count, 1);
  return ULP_OK;
}

/* D of the instructions times what the scales lack, in f32. */
static ulp_status scaled_columns(const ulp_matrix *w, const operand *a,
                                 double *y, size_t m, size_t first,
                                 size_t count, float *d)
{
  float rest = a->c.global * w->global;
  ulp_scaled_data data = {.mma = &w->mma, .m = m, .n = w->n, .k = w->k,
                          .a = a->c.at.codes, .b = w->codes,
                          .sa = a->c.at.scales, .sb = w->scale_codes, .d = d};
  ulp_status s = ulp_scaled_run(&data, first, count);
  for (size_t i = 0; s == ULP_OK && i < m; i++)
    for (size_t j = 0; j < count; j++)
      y[i * w->n + first + j] = (double)(d[i * count + j] * rest);
  return s;
}

static ulp_status kernel(const ulp_matrix *w, const operand *a, double *y,
                         size_t m, int threads)
{
  ulp_status status = ULP_OK;
  size_t columns = columns_of(w, threads);
#ifdef _OPENMP
#pragma omp parallel for num_threads(threads) schedule(dynamic)                \
    if (threads > 1 && m * w->n * w->k > 1 << 16)
#endif
  for (size_t first = 0; first < w->n; first += columns) {
    size_t count = w->n - first < columns ? w->n - first : columns;
    float *d = malloc((m * count + 1) * sizeof *d);
    ulp_status s = !d ? ULP_ENOMEM
                   : w->scaled
                       ? scaled_columns(w, a, y, m, first, count, d)
                       : order_columns(w, a, y, m, first, count, d);
    free(d);
    if (s != ULP_OK) {
#ifdef _OPENMP
#pragma omp atomic write
#endif
      status = s;
    }
  }
  return status;
}

static ulp_status by_kernel(const ulp_matrix *w, double *y, const float *x,
                            size_t m, uint64_t index, int threads,
                            ulp_error *e)
{
  operand a = {0};
  ulp_status s = make_operand(&a, w, x, m, index, threads, e);
  if (s == ULP_OK && (s = kernel(w, &a, y, m, threads)) != ULP_OK)
    s = ulp_error_set(e, s, "%s", ulp_strerror(s));
  free_coded(&a.c);
  free(a.scales);
  free(a.codes);
  return s;
}

/* The values that the codes of x stand for. */
static ulp_status input_values(const ulp_matrix *w, float *x, size_t m,
                               uint64_t index, ulp_error *e)
{
  const int64_t shape[] = {(int64_t)m, (int64_t)w->k};
  return ulp_quantizer_values(w->at->inputs->quantizer, 2, shape, x, x, index,
                              e);
}

static ulp_status by_sums(const ulp_matrix *w, double *y, const double *x,
                          size_t m, int threads, ulp_error *e)
{
  return ulp_linear(y, x, w->values, m, w->n, w->k,
                    w->at->product == ULP_SUM_F32, threads) == ULP_OK
             ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

ulp_status ulp_matrix_multiply(const ulp_matrix *w, double *y, const double *x,
                               size_t m, uint64_t token, int threads,
                               ulp_error *e)
{
  bool coded_here = w->direct || w->scaled, kernel = w->codes != NULL;
  size_t count = m * w->k;
  ulp_status s = ULP_OK;
  if (!kernel && !w->at->inputs) {
    s = by_sums(w, y, x, m, threads, e);
  } else {
    float *narrow = malloc((count + 1) * sizeof *narrow);
    double *wide = kernel ? NULL : malloc((count + 1) * sizeof *wide);
    if (!narrow || (!kernel && !wide))
      s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
    for (size_t i = 0; s == ULP_OK && i < count; i++)
      narrow[i] = (float)x[i];
    if (s == ULP_OK && w->at->inputs && !coded_here)
      s = input_values(w, narrow, m, token * w->k, e);
    if (s == ULP_OK && kernel) {
      s = by_kernel(w, y, narrow, m, token * w->k, threads, e);
    } else if (s == ULP_OK) {
      for (size_t i = 0; i < count; i++)
        wide[i] = (double)narrow[i];
      s = by_sums(w, y, wide, m, threads, e);
    }
    free(narrow);
    free(wide);
  }
  if (s == ULP_OK)
    finish(w->at, y, m * w->n, token * w->n);
  return s;
}
