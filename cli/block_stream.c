/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * block_stream.c: a tensor through a quantizer, part by part.  A part is cut
 * by the blocks alone, and what is summed over it is summed in pieces of a
 * fixed size, so that nothing depends on the threads.
 */
#include "block_stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

ulp_status cli_blocks_begin(cli_blocks *s, const ulp_quantizer *q,
                            const ulp_tensor *x, const char *label,
                            int threads, ulp_error *e)
{
  ulp_error inner;
  *s = (cli_blocks){.q = q, .x = x, .threads = threads, .decodes = true};
  ulp_status status = ulp_blocks_make(&s->b, &q->granularity, q->axis, x->ndim,
                                      x->shape, &inner);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s: %s", label, inner.text);
  if (q->nested[0]) {
    status = ulp_nested_make(&s->n, q, &s->b, &inner);
    if (status != ULP_OK)
      return ulp_error_set(e, status, "%s: %s", label, inner.text);
  }
  return cli_blocks_check(q, &s->b, label, e);
}

/* ---- the first pass ----------------------------------------------------- */

static bool make_room(cli_blocks *s)
{
  int64_t largest = cli_largest_part(&s->b);
  size_t n = (size_t)(largest > CLI_CHUNK ? largest : CLI_CHUNK) + 8;
  size_t blocks = (size_t)s->b.blocks + 1;
  s->part = malloc(n * sizeof *s->part);
  s->values = malloc(n * sizeof *s->values);
  s->code = malloc(n * s->q->element.storage_bytes);
  if (!s->scale) s->scale = malloc(blocks * s->q->scale.storage_bytes);
  if (!s->zero && s->q->zero.count) s->zero = malloc(blocks * sizeof *s->zero);
  return s->part && s->values && s->code && s->scale &&
         (s->zero || !s->q->zero.count);
}

static void count(cli_blocks *s, const float *x, int64_t n)
{
  s->amax = ulp_quantizer_amax(s->q, s->amax, x, (size_t)n);
  for (int64_t i = 0; i < n; i++) {
    double magnitude = fabs((double)x[i]);
    s->nan += isnan(x[i]) != 0;
    s->inf += isinf(x[i]) != 0;
    if (magnitude > s->finite_amax && isfinite(x[i]))
      s->finite_amax = magnitude;
  }
}

static void find_amax(cli_blocks *s)
{
  for (int64_t i = 0; i < s->x->count; i += CLI_CHUNK) {
    int64_t n = s->x->count - i < CLI_CHUNK ? s->x->count - i : CLI_CHUNK;
    cli_floats_read(s->x, s->part, i, n);
    count(s, s->part, n);
  }
  if (!s->global_given) s->global = ulp_quantizer_global(s->q, s->amax);
}

/* ---- the parts ---------------------------------------------------------- */

static ulp_quantized arrays(const cli_blocks *s)
{
  size_t bytes = s->q->scale.storage_bytes;
  return (ulp_quantized){s->code, s->scale + (size_t)s->block * bytes,
                         s->zero ? s->zero + s->block : NULL};
}

/* The same as they are decoded. */
static ulp_quantized decoded_arrays(const cli_blocks *s)
{
  ulp_quantized in = arrays(s);
  if (s->through) in.scales = s->through + s->block;
  return in;
}

static ulp_status run_part(cli_blocks *s, bool decode)
{
  const ulp_quantized out = arrays(s), in = decoded_arrays(s);
  int64_t step = s->at.blocks / (8 * s->threads) + 1;
  ulp_status status = ULP_OK;
#pragma omp parallel for num_threads(s->threads) schedule(dynamic)
  for (int64_t first = 0; first < s->at.blocks; first += step) {
    int64_t n = s->at.blocks - first < step ? s->at.blocks - first : step;
    ulp_status one =
        ulp_quantize_blocks(s->q, &s->at, &out, s->part, s->amax, s->global,
                            first, n, (uint64_t)s->element);
    if (one == ULP_OK && decode)
      ulp_dequantize_blocks(s->q, &s->at, s->values, &in, s->global, first, n);
    if (one != ULP_OK) {
#pragma omp critical
      status = one;
    }
  }
  return status;
}

static ulp_status next(cli_blocks *s, bool decode, bool *more, ulp_error *e)
{
  *more = ulp_blocks_part(&s->b, CLI_PART, s->next++, &s->at, &s->element,
                          &s->block);
  if (!*more) return ULP_OK;
  cli_floats_read(s->x, s->part, s->element, s->at.elements);
  ulp_status status = run_part(s, decode);
  return status == ULP_OK
             ? ULP_OK
             : ulp_error_set(e, status, "%s: %s", s->q->name,
                             ulp_strerror(status));
}

ulp_status cli_blocks_next(cli_blocks *s, bool *more, ulp_error *e)
{
  return next(s, s->decodes, more, e);
}

/* Elements are quantized with the scales as they are, and decoded with what
 * their codes stand for, so the scales of all come first. */
static ulp_status nest(cli_blocks *s, ulp_error *e)
{
  const ulp_quantizer *q = &s->n.q;
  size_t blocks = (size_t)s->b.blocks, outer = (size_t)s->n.b.blocks;
  bool more = true;
  ulp_status status = ULP_OK;
  float *through = malloc((blocks + 1) * sizeof *through);
  s->scale_code = malloc(blocks * q->element.storage_bytes + 8);
  s->scale_scale = malloc(outer * q->scale.storage_bytes + 8);
  if (!through || !s->scale_code || !s->scale_scale) status = cli_no_memory(e);
  while (status == ULP_OK && more)
    status = next(s, false, &more, e);
  s->next = 0;
  if (status == ULP_OK) {
    const ulp_quantized out = {s->scale_code, s->scale_scale, NULL};
    memcpy(through, s->scale, blocks * sizeof *through);
    status = ulp_nested_quantize(&s->n, s->q, &out, through);
    if (status != ULP_OK)
      ulp_error_set(e, status, "%s", ulp_strerror(status));
  }
  s->through = through;
  return status;
}

ulp_status cli_blocks_survey(cli_blocks *s, ulp_error *e)
{
  if (!make_room(s)) return cli_no_memory(e);
  find_amax(s);
  return s->q->nested[0] ? nest(s, e) : ULP_OK;
}

/* ---- errors ------------------------------------------------------------- */

static bool find_kept(cli_blocks *s)
{
  if (s->kept_room < s->at.blocks) {
    free(s->kept);
    s->kept = malloc((size_t)s->at.blocks * sizeof *s->kept);
    s->kept_room = s->kept ? s->at.blocks : 0;
  }
  if (!s->kept) return s->at.blocks == 0;
  const ulp_quantized in = decoded_arrays(s);
#pragma omp parallel for num_threads(s->threads)
  for (int64_t i = 0; i < s->at.blocks; i++)
    s->kept[i] = ulp_block_clip_range(s->q, &in, s->global, i);
  return true;
}

ulp_status cli_blocks_errors(cli_blocks *s, ulp_error_sums *sums,
                             ulp_error *e)
{
  int64_t runs = ulp_block_runs(&s->at);
  int64_t step = s->at.block[2] ? CLI_CHUNK / s->at.block[2] + 1 : 1;
  int64_t pieces = runs / step + (runs % step != 0);
  ulp_error_sums *piece = calloc((size_t)pieces + 1, sizeof *piece);
  if (!piece || !find_kept(s)) {
    free(piece);
    return cli_no_memory(e);
  }
#pragma omp parallel for num_threads(s->threads) schedule(dynamic)
  for (int64_t i = 0; i < pieces; i++)
    ulp_block_errors_add(&piece[i], &s->at, s->kept, s->part, s->values,
                         i * step, i + 1 < pieces ? step : runs - i * step);
  for (int64_t i = 0; i < pieces; i++)
    ulp_error_sums_merge(sums, &piece[i]);
  free(piece);
  return ULP_OK;
}

void cli_blocks_end(cli_blocks *s)
{
  free(s->part);
  free(s->values);
  free(s->code);
  free(s->scale);
  free(s->zero);
  free(s->kept);
  free(s->through);
  free(s->scale_code);
  free(s->scale_scale);
  s->part = s->values = NULL;
  s->through = NULL;
  s->code = s->scale = s->scale_code = s->scale_scale = NULL;
  s->zero = NULL;
  s->kept = NULL;
}

void cli_codes_extend(const ulp_format *f, unsigned char *code, int64_t n)
{
  if (strcmp(cli_codes_type(f, false), "|i1")) return;
  for (int64_t i = 0; i < n; i++)
    if (code[i] >> (f->bits - 1)) code[i] |= (unsigned char)(0xff << f->bits);
}
