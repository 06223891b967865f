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

bool ulp_matrix_is_integer(const ulp_matrix *x)
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
  if (x->direct && !ulp_matrix_is_integer(x)) {
    data.kind_a = x->kind_a;
    data.kind_b = x->kind_b;
  }
  return ulp_gemm_check(&x->gemm, &data, why, why_size);
}

/* ---- weights ------------------------------------------------------------ */

static ulp_status load_codes(ulp_matrix *x, const float *w, ulp_error *e)
{
  const ulp_quantizer *q = x->at->weights->quantizer;
  ulp_coded c;
  ulp_status s = ulp_coded_make(&c, q, w, x->n, x->k, 0, 1, e);
  x->codes = c.at.codes;
  c.at.codes = NULL;
  if (s == ULP_OK && x->scaled) {
    x->scale_codes = c.at.scales;
    x->global = c.global;
    c.at.scales = NULL;
  } else if (s == ULP_OK && !(x->scales = ulp_coded_factors(&c, q))) {
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  ulp_coded_free(&c);
  return s;
}

ulp_status ulp_matrix_load(ulp_matrix *x, const float *w, ulp_error *e)
{
  const int64_t shape[] = {(int64_t)x->n, (int64_t)x->k};
  const ulp_numbers *at = x->at;
  if (x->direct || x->scaled)
    return load_codes(x, w, e);
  float *own = NULL;
  if (at->weights) {
    own = malloc((x->n * x->k + 1) * sizeof *own);
    if (!own)
      return ulp_error_set(e, ULP_ENOMEM, "out of memory");
    ulp_status s = ulp_quantizer_values(at->weights->quantizer, 2, shape, own,
                                        w, 0, e);
    if (s != ULP_OK) {
      free(own);
      return s;
    }
  }
  const float *values = own ? own : w;
  if (at->product == ULP_SUM_KERNEL)
    x->codes = ulp_codes_in_type(&x->gemm.b, values, x->n * x->k);
  else
    x->panels = ulp_linear_pack(values, x->n, x->k);
  free(own);
  return x->codes || x->panels ? ULP_OK
                               : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

void ulp_matrix_free(ulp_matrix *x)
{
  free(x->panels);
  free(x->codes);
  free(x->scales);
  free(x->scale_codes);
  memset(x, 0, sizeof *x);
}
