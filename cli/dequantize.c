/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dequantize.c: `ulplab dequantize`, codes back to values.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "product.h"
#include "quantize.h"

typedef dequantize_request request;

typedef struct {
  double y[CLI_CHUNK];
  unsigned char stored[CLI_CHUNK * 8];
  float narrow[CLI_CHUNK];
} chunk;

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"from", "FORMAT",
       "what the codes are: as 'ulplab quantize --to'; may be left out where "
       "the file says it",
       cli_read_text, &rq->from},
      {"in", "Q.npy",
       "the array of codes; of a .safetensors or .gguf file, FILE:NAME",
       cli_read_text, &rq->in},
      {"out", "Y.npy", "where the values go", cli_read_text, &rq->out},
      {"scales", "S.npy",
       "the scale by which values are multiplied (default 1), or those of "
       "blocks, as quantize wrote them",
       cli_read_text, &rq->scales},
      {"nested-scales", "T.npy", "the scales of scales, likewise",
       cli_read_text, &rq->nested},
      {"scale-offset", "O.npy", 
       "the number that was taken off the scales, likewise",
       cli_read_text, &rq->offset},
      {"global-scale", "G.npy", "the tensor's own scale, likewise",
       cli_read_text, &rq->global},
      {"zero-points", "Z.npy", "the zero points of blocks, likewise",
       cli_read_text, &rq->zeros},
      {"profile", "NAME", "of a quantizer: te, torchao, ...", cli_read_text,
       &rq->profile},
      {"granularity", "G",
       "tensor (default), channel, token, group:N, tile:RxC or block:N",
       cli_read_text, &rq->granularity},
      {"axis", "N", "as for quantize", cli_read_axis, &rq->axis},
      {"scale-format", "FORMAT", "of the scales of blocks: f32, e8m0, e4m3, ...",
       cli_read_text, &rq->scale_format},
      {"scale-rule", "RULE", "minmax, where there are zero points",
       cli_read_text, &rq->rule_text},
      {"threads", "N", "threads; the answer does not depend on them",
       cli_read_threads, &rq->threads},
      {"packed", NULL, "codes lie without gaps, the first in the low bits",
       cli_read_flag, &rq->packed},
      {"from-metadata", NULL,
       "of a whole file: each tensor by the quantizer that __metadata__ names",
       cli_read_flag, &rq->from_metadata},
      {0}};
  const cli_command command = {
      .name = "dequantize",
      .synopsis = "[--from FORMAT|--from-metadata] --in Q.npy|Q.safetensors "
                  "--out Y.npy|Y.safetensors [OPTION]...",
      .summary = "Decodes an array of codes: value times scale, as <f4, or as "
                 "<f8 where that does not hold the format's range. Codes of "
                 "up to 8 bits are read from |u1 (integer formats: |i1 too), "
                 "of up to 16 from <u2 (float16: <f2 too), float32, tf32 and "
                 "fp22 from <f4, float64 from <f8. Where --out is named "
                 ".safetensors, a whole file: each tensor that 'ulplab "
                 "quantize' made becomes F32 (with --from: each that has a "
                 "NAME.scale beside it), all others are copied untouched.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

static ulp_status check_request(const request *rq, ulp_error *e)
{
  if (rq->from_metadata && rq->from)
    return ulp_error_set(e, ULP_EINVAL,
                         "--from and --from-metadata: expected one of them");
  if (rq->from_metadata && rq->out && !cli_is_safetensors(rq->out))
    return ulp_error_set(e, ULP_EINVAL,
                         "--from-metadata: of whole files, expected --out "
                         "Y.safetensors");
  ulp_status status = cli_need(rq->in, "--in Q.npy", e);
  return status == ULP_OK ? cli_need(rq->out, "--out Y.npy", e) : status;
}

/* The one number of a scale file. */
static ulp_status read_scale(const char *path, double *scale, ulp_error *e)
{
  ulp_file *file;
  const ulp_tensor *t;
  *scale = 1;
  if (!path) return ULP_OK;
  ulp_status status = cli_array_open(&file, &t, path, e);
  if (status != ULP_OK) return status;
  if (t->dtype->npy[0] != 'f')
    status =
        ulp_error_set(e, ULP_EFORMAT, "%s: dtype '%s', expected a float scale",
                      path, t->dtype->npy);
  else if (t->count != 1)
    status = ulp_error_set(e, ULP_EFORMAT,
                           "%s: %lld scales, expected one (those of "
                           "channels, tokens or blocks need --granularity)",
                           path, (long long)t->count);
  else
    ulp_tensor_read_f64(t, scale, 0, 1);
  if (status == ULP_OK && !(*scale > 0 && isfinite(*scale)))
    status = ulp_error_set(e, ULP_EFORMAT,
                           "%s: scale %g, expected a finite one above 0", path,
                           *scale);
  ulp_file_close(file);
  return status;
}

static ulp_status stream(const request *rq, const ulp_tensor *q, double scale,
                         ulp_output *out, chunk *c, ulp_error *e)
{
  const ulp_format *f = &rq->format;
  int64_t shape[ULP_MAX_DIMS], count = q->count;
  memcpy(shape, q->shape, sizeof shape);
  if (rq->packed) {
    int64_t *last = &shape[q->ndim - 1];
    *last = cli_codes_held(f, *last);
    count = cli_codes_held(f, count);
  }
  bool wide = !cli_fits_f32(f, scale);
  ulp_npy_header(out, wide ? "<f8" : "<f4", q->ndim, shape);
  for (int64_t i = 0; i < count; i += CLI_CHUNK) {
    int64_t n = count - i < CLI_CHUNK ? count - i : CLI_CHUNK;
    ulp_status status =
        cli_codes_read(f, q, rq->packed, rq->in, c->stored, i, n, e);
    if (status != ULP_OK) return status;
    cli_codes_decode(f, c->y, c->stored, n, scale);
    cli_values_write(out, wide, c->y, c->narrow, (size_t)n);
  }
  return ULP_OK;
}

static ulp_status dequantize_tensor(const request *rq, const ulp_tensor *q,
                                    ulp_error *e)
{
  double scale;
  ulp_output *out;
  ulp_status status = cli_codes_check(&rq->format, q, rq->packed, rq->in, e);
  if (status == ULP_OK) status = read_scale(rq->scales, &scale, e);
  if (status == ULP_OK) status = ulp_output_open(&out, rq->out, e);
  if (status != ULP_OK) return status;
  chunk *c = malloc(sizeof *c);
  status = c ? stream(rq, q, scale, out, c, e)
             : ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  free(c);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

/* Whether all of it is said by a format and one scale. */
static bool one_scale(const request *rq)
{
  ulp_format f;
  return ulp_format_find(rq->from, &f, NULL, 0) == ULP_OK &&
         (!rq->granularity || !strcmp(rq->granularity, "tensor")) &&
         !rq->scale_format && !rq->global && !rq->zeros && !rq->nested &&
         !rq->offset &&
         !(rq->profile && cli_quantizer_has_profile(rq->from, rq->profile));
}

static ulp_status find_format(request *rq, ulp_error *e)
{
  ulp_error inner;
  ulp_status status = cli_read_format(&rq->format, rq->from, &inner);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "--from: %s", inner.text);
  if (!ulp_fits_f64(&rq->format))
    return ulp_error_set(e, ULP_ERANGE,
                         "--from: the values of %s do not fit a float64",
                         rq->format.name);
  return ULP_OK;
}

/* A type that names its format says what --from would; a plain integer may be
 * the code of anything. */
static ulp_status own_format(request *rq, const ulp_tensor *q, ulp_error *e)
{
  const ulp_dtype *d = q->dtype;
  if (d->format && (*d->npy == 'f' || !*d->npy)) rq->from = d->format;
  ulp_status status = cli_need(rq->from, "--from FORMAT", e);
  return status == ULP_OK ? find_format(rq, e) : status;
}

static ulp_status dequantize_opened(request *rq, const ulp_tensor *q,
                                    ulp_error *e)
{
  ulp_status status = rq->from ? ULP_OK : own_format(rq, q, e);
  if (status != ULP_OK) return status;
  const ulp_packed_block *packed = cli_packed_find(rq->from, rq->profile);
  if (packed) return dequantize_packed(rq, packed, q, e);
  return one_scale(rq) ? dequantize_tensor(rq, q, e)
                       : dequantize_blocks(rq, q, e);
}

static ulp_status dequantize(request *rq, ulp_error *e)
{
  ulp_file *file;
  const ulp_tensor *q;
  ulp_status status = check_request(rq, e);
  if (status == ULP_OK && cli_is_safetensors(rq->out))
    return dequantize_file(rq, e);
  if (status == ULP_OK && rq->from && one_scale(rq))
    status = find_format(rq, e);
  if (status == ULP_OK) status = cli_array_open(&file, &q, rq->in, e);
  if (status != ULP_OK) return status;
  status = dequantize_opened(rq, q, e);
  ulp_file_close(file);
  return status;
}

int cli_dequantize(int argc, char **argv)
{
  request rq = {.threads = cli_default_threads()};
  int status = parse(&rq, argc, argv);
  if (status >= 0) return status;
  ulp_error e;
  return dequantize(&rq, &e) == ULP_OK ? CLI_DONE : cli_fail("dequantize", &e);
}
