/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ways to quantize a linear layer, and remedies for outliers in it.
 */
#include "remedies.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ulp_layer_scheme schemes[] = {
    {"w8a8-int8-tensor", "int8/g=tensor", "int8/g=tensor"},
    {"w8a8-int8-token", "int8/g=token", "int8/g=token"},
    {"w8a8-e4m3-tensor", "e4m3/g=tensor", "e4m3/g=tensor"},
    {"w8a8-e4m3-token", "e4m3/g=token", "e4m3/g=token"},
    {"w8a8-mxfp8", "mxfp8@ocp", "mxfp8@ocp"},
    {"w4a16-int4-g128", "", "int4/g=group:128"},
    {"w4a4-int4-token", "int4/g=token", "int4/g=token"},
    {"w4a4-int4-g128", "int4/g=group:128", "int4/g=group:128"},
    {"w4a4-nvfp4", "nvfp4@te", "nvfp4@te"},
};

const ulp_layer_scheme *ulp_layer_scheme_row(size_t i)
{
  return i < sizeof schemes / sizeof schemes[0] ? &schemes[i] : NULL;
}

/* ---- names -------------------------------------------------------------- */

static const struct {
  const char *name;
  double parameter, low, high; /* low > high: takes none */
} names[] = {
    [ULP_REMEDY_NONE] = {"none", NAN, 1, 0},
    [ULP_REMEDY_SMOOTHQUANT] = {"smoothquant", 0.5, 0, 1},
    [ULP_REMEDY_AWQ] = {"awq", NAN, 1, 0},
    [ULP_REMEDY_HADAMARD] = {"hadamard", NAN, 1, 0},
    [ULP_REMEDY_LLM_INT8] = {"llm.int8", 6, 0, 0x1p60},
    [ULP_REMEDY_GPTQ] = {"gptq", NAN, 1, 0},
    [ULP_REMEDY_GPTQ_INVERSE] = {"gptq-inverse", NAN, 1, 0},
    [ULP_REMEDY_GPTQ_CHOLESKY] = {"gptq-cholesky", NAN, 1, 0},
    [ULP_REMEDY_GPTQ_LOWER] = {"gptq-lower", NAN, 1, 0},
    [ULP_REMEDY_HADAMARD_GPTQ] = {"hadamard+gptq", NAN, 1, 0},
};
enum { REMEDIES = sizeof names / sizeof names[0] };

ulp_status ulp_remedy_read(ulp_remedy *out, const char *word, ulp_error *e)
{
  size_t n = strcspn(word, ":");
  for (int i = 0; i < REMEDIES; i++) {
    if (strncmp(names[i].name, word, n) != 0 || names[i].name[n])
      continue;
    char *end = NULL;
    *out = (ulp_remedy){(ulp_remedy_kind)i, names[i].parameter, names[i].name};
    if (!word[n])
      return ULP_OK;
    out->parameter = strtod(word + n + 1, &end);
    if (word[n + 1] && !*end && out->parameter >= names[i].low &&
        out->parameter <= names[i].high)
      return ULP_OK;
  }
  return ulp_error_set(e, ULP_ENAME, "remedy '%.40s': expected none, "
                       "smoothquant[:ALPHA], awq, hadamard, "
                       "llm.int8[:THRESHOLD], gptq, hadamard+gptq, "
                       "gptq-inverse, gptq-cholesky or gptq-lower", word);
}

bool ulp_remedy_applies(const ulp_remedy *r, const ulp_layer_scheme *s)
{
  switch (r->kind) {
  case ULP_REMEDY_SMOOTHQUANT:
  case ULP_REMEDY_LLM_INT8: return *s->x;
  case ULP_REMEDY_GPTQ_INVERSE:
  case ULP_REMEDY_GPTQ_CHOLESKY:
  case ULP_REMEDY_GPTQ_LOWER: return !*s->x;
  default: return true;
  }
}

/* ---- what calibration gives --------------------------------------------- */

static const double damping = 0.01; /* gptq.py, percdamp */

static size_t square(const ulp_layer *l)
{
  return (size_t)(l->channels * l->channels) * sizeof(double);
}

static bool is_power_of_two(int64_t n)
{
  return n > 0 && !(n & (n - 1));
}

/* H' of x Q is Q^T H Q: rows rotated, turned over, and rows rotated again. */
static ulp_status rotate_hessian(double *h, int64_t n, uint64_t seed)
{
  ulp_status s = ULP_OK;
  for (int twice = 0; s == ULP_OK && twice < 2; twice++) {
    s = ulp_hadamard_rows(h, n, n, seed);
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < i; j++) {
        double t = h[i * n + j];
        h[i * n + j] = h[j * n + i];
        h[j * n + i] = t;
      }
  }
  return s;
}

ulp_status ulp_layer_prepare(ulp_layer *l, bool rotated, ulp_error *e)
{
  int64_t n = l->channels;
  l->hessian = malloc(square(l));
  l->factor = malloc(square(l));
  ulp_status s = l->hessian && l->factor ? ULP_OK : ULP_ENOMEM;
  if (s == ULP_OK) {
    ulp_hessian(l->hessian, l->seen, l->seen_tokens, n);
    s = ulp_gptq_factor(l->factor, l->hessian, n, damping);
  }
  if (s == ULP_OK && rotated && is_power_of_two(n)) {
    l->rotated = malloc(square(l));
    s = l->rotated ? ULP_OK : ULP_ENOMEM;
    if (s == ULP_OK) {
      memcpy(l->rotated, l->hessian, square(l));
      s = rotate_hessian(l->rotated, n, l->seed);
    }
    if (s == ULP_OK)
      s = ulp_gptq_factor(l->rotated, l->rotated, n, damping);
  }
  return s == ULP_OK ? s : ulp_error_set(e, s, "the Hessian: %s",
                                         ulp_strerror(s));
}

void ulp_layer_release(ulp_layer *l)
{
  free(l->hessian);
  free(l->factor);
  free(l->rotated);
  l->hessian = l->factor = l->rotated = NULL;
}

/* ---- transformations ---------------------------------------------------- */

static ulp_status scale_channels(ulp_layer_result *out, const ulp_layer *l,
                                 const ulp_remedy *r, ulp_error *e)
{
  int64_t n = l->channels;
  double *stat = malloc((size_t)n * 3 * sizeof *stat), *s = stat + 2 * n;
  ulp_awq_choice choice;
  ulp_status status = ULP_OK;
  if (!stat)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (r->kind == ULP_REMEDY_SMOOTHQUANT) {
    ulp_channel_amax(stat, l->seen, l->seen_tokens, n);
    ulp_channel_amax(stat + n, l->w, l->outputs, n);
    ulp_smoothquant_factors(s, stat, stat + n, n, r->parameter);
    out->setting = r->parameter;
  } else {
    enum { TOKENS = 128 }; /* that judge; all count in the mean */
    int64_t some = l->seen_tokens < TOKENS ? l->seen_tokens : TOKENS;
    ulp_channel_mean(stat, l->seen, l->seen_tokens, n);
    status = ulp_awq_search(s, &choice, stat, l->seen, some, l->w,
                            l->outputs, n, &out->ws, ULP_AWQ_CANDIDATES, e);
    out->setting = choice.ratio;
  }
  if (status == ULP_OK) {
    ulp_channels_over(out->x, out->x, s, l->tokens, n);
    ulp_channels_times(out->w, out->w, s, l->outputs, n);
  }
  free(stat);
  return status;
}

static ulp_status rotate(ulp_layer_result *out, const ulp_layer *l)
{
  out->fits = is_power_of_two(l->channels);
  if (!out->fits)
    return ULP_OK;
  ulp_status s = ulp_hadamard_rows(out->x, l->tokens, l->channels, l->seed);
  return s == ULP_OK
             ? ulp_hadamard_rows(out->w, l->outputs, l->channels, l->seed)
             : s;
}

static ulp_status set_apart(ulp_layer_result *out, const ulp_layer *l,
                            const ulp_remedy *r)
{
  out->apart = malloc((size_t)l->channels);
  if (!out->apart)
    return ULP_ENOMEM;
  out->apart_count = ulp_llm_int8_outliers(out->apart, l->x, l->tokens,
                                           l->channels, r->parameter);
  out->setting = r->parameter;
  return ULP_OK;
}

static ulp_status transform(ulp_layer_result *out, const ulp_layer *l,
                            const ulp_remedy *r, ulp_error *e)
{
  ulp_status s = ULP_OK;
  switch (r->kind) {
  case ULP_REMEDY_SMOOTHQUANT:
  case ULP_REMEDY_AWQ: return scale_channels(out, l, r, e);
  case ULP_REMEDY_HADAMARD:
  case ULP_REMEDY_HADAMARD_GPTQ: s = rotate(out, l); break;
  case ULP_REMEDY_LLM_INT8: s = set_apart(out, l, r); break;
  default: break;
  }
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s: %s", r->word,
                                         ulp_strerror(s));
}

/* ---- quantization ------------------------------------------------------- */

/* Channels apart are rounded to f16, which holds them to 2^-11. */
static void put_apart(double *q, const double *x, const unsigned char *apart,
                      int64_t rows, int64_t channels, const ulp_format *f16)
{
  const ulp_rounding r = {.mode = ULP_RNE, .overflow = ULP_OVERFLOW_SATURATE};
  for (int64_t i = 0; i < rows * channels; i++)
    if (apart[i % channels])
      q[i] = ulp_decode(f16, ulp_encode_f64(f16, x[i], &r, 0));
}

static ulp_status quantize(double *q, double *bits, const double *x,
                           int64_t rows, int64_t channels,
                           const ulp_quantizer *how,
                           const ulp_layer_result *r, ulp_error *e)
{
  const int64_t shape[] = {rows, channels};
  ulp_blocks b;
  ulp_status s = ulp_blocks_make(&b, &how->granularity, how->axis, 2, shape, e);
  if (s != ULP_OK)
    return s;
  double share = (double)r->apart_count / (double)channels;
  *bits = ulp_quantizer_bits(how, &b) * (1 - share) + 16 * share;
  if (!r->apart)
    return ulp_matrix_values(q, x, rows, channels, how, e);
  ulp_format f16;
  s = ulp_format_find("float16", &f16, NULL, 0);
  for (int64_t i = 0; i < rows * channels; i++)
    q[i] = r->apart[i % channels] ? 0 : x[i];
  if (s == ULP_OK)
    s = ulp_matrix_values(q, q, rows, channels, how, e);
  if (s == ULP_OK)
    put_apart(q, x, r->apart, rows, channels, &f16);
  return s;
}

/* The matrix that stands in for the factor of H^-1; the caller's to free. */
static double *misread_factor(const ulp_layer *l, ulp_remedy_kind kind)
{
  int64_t n = l->channels;
  double *u = malloc(square(l)), mean = 0;
  if (!u)
    return NULL;
  if (kind == ULP_REMEDY_GPTQ_INVERSE) { /* U^T U, of which rows are read */
    memset(u, 0, square(l));
    for (int64_t k = 0; k < n; k++)
      for (int64_t i = k; i < n; i++)
        for (int64_t j = i; j < n; j++)
          u[i * n + j] += l->factor[k * n + i] * l->factor[k * n + j];
    return u;
  }
  for (int64_t i = 0; i < n; i++)
    mean += l->hessian[i * n + i] / (double)n;
  memcpy(u, l->hessian, square(l));
  for (int64_t i = 0; i < n; i++)
    u[i * n + i] += damping * mean;
  if (ulp_cholesky(u, u, n) != ULP_OK) {
    free(u);
    return NULL;
  }
  for (int64_t i = 0; kind == ULP_REMEDY_GPTQ_LOWER && i < n; i++)
    for (int64_t j = i + 1; j < n; j++)
      u[i * n + j] = 0; /* right of the diagonal a lower factor has nothing */
  return u;
}

static ulp_status compensate(ulp_layer_result *out, const ulp_layer *l,
                             const ulp_remedy *r, ulp_error *e)
{
  const double *u = l->factor;
  double *misread = NULL;
  if (r->kind == ULP_REMEDY_HADAMARD_GPTQ)
    u = l->rotated;
  else if (r->kind != ULP_REMEDY_GPTQ)
    u = misread = misread_factor(l, r->kind);
  ulp_status s = u ? ulp_gptq_values(out->wq, out->w, l->outputs, l->channels,
                                     u, &out->ws, e)
                   : ulp_error_set(e, ULP_ENOMEM, "%s: no factor", r->word);
  free(misread);
  return s;
}

static ulp_status quantize_both(ulp_layer_result *out, const ulp_layer *l,
                                const ulp_layer_scheme *scheme,
                                const ulp_remedy *r, ulp_error *e)
{
  out->x_bits = 16;
  memcpy(out->xq, out->x,
         (size_t)(l->tokens * l->channels) * sizeof *out->x);
  ulp_status s = ULP_OK;
  if (*scheme->x)
    s = quantize(out->xq, &out->x_bits, out->x, l->tokens, l->channels,
                 &out->xs, out, e);
  if (s == ULP_OK)
    s = quantize(out->wq, &out->w_bits, out->w, l->outputs, l->channels,
                 &out->ws, out, e);
  return s == ULP_OK && r->kind >= ULP_REMEDY_GPTQ ? compensate(out, l, r, e)
                                                   : s;
}

static bool make_room(ulp_layer_result *out, const ulp_layer *l)
{
  size_t nx = (size_t)(l->tokens * l->channels) * sizeof *out->x;
  size_t nw = (size_t)(l->outputs * l->channels) * sizeof *out->w;
  out->x = malloc(nx);
  out->xq = malloc(nx);
  out->w = malloc(nw);
  out->wq = malloc(nw);
  if (!out->x || !out->xq || !out->w || !out->wq)
    return false;
  memcpy(out->x, l->x, nx);
  memcpy(out->w, l->w, nw);
  return true;
}

ulp_status ulp_layer_quantize(ulp_layer_result *out, const ulp_layer *l,
                              const ulp_layer_scheme *scheme,
                              const ulp_remedy *r, ulp_error *e)
{
  *out = (ulp_layer_result){.setting = NAN, .fits = true};
  ulp_status s = make_room(out, l) ? ULP_OK
                                   : ulp_error_set(e, ULP_ENOMEM,
                                                   "out of memory");
  if (s == ULP_OK)
    s = ulp_quantizer_find(scheme->w, &out->ws, e);
  if (s == ULP_OK && *scheme->x)
    s = ulp_quantizer_find(scheme->x, &out->xs, e);
  if (s == ULP_OK)
    s = transform(out, l, r, e);
  return s == ULP_OK && out->fits ? quantize_both(out, l, scheme, r, e) : s;
}

void ulp_layer_result_free(ulp_layer_result *out)
{
  free(out->x);
  free(out->w);
  free(out->xq);
  free(out->wq);
  free(out->apart);
}
