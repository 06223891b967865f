/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dequantize.c: `ulplab dequantize`, codes back to values.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct {
  const char *in, *out, *scales;
  ulp_format format;
  bool packed;
} request;

typedef struct {
  double y[CLI_CHUNK];
  unsigned char stored[CLI_CHUNK * 8];
  float narrow[CLI_CHUNK];
} chunk;

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"from", "FORMAT", "the format of the codes", cli_read_format,
       &rq->format},
      {"in", "Q.npy", "the array of codes", cli_read_text, &rq->in},
      {"out", "Y.npy", "where the values go", cli_read_text, &rq->out},
      {"scales", "S.npy",
       "the scale by which values are multiplied (default "
       "1)",
       cli_read_text, &rq->scales},
      {"global-scale", "G.npy", "not available in this version",
       cli_read_unavailable, NULL},
      {"packed", NULL, "codes lie without gaps, the first in the low bits",
       cli_read_flag, &rq->packed},
      {0}};
  const cli_command command = {
      .name = "dequantize",
      .synopsis = "--from FORMAT --in Q.npy --out Y.npy [OPTION]...",
      .summary = "Decodes an array of codes: value times scale, as <f4, or as "
                 "<f8 where that does not hold the format's range. Codes of "
                 "up to 8 bits are read from |u1 (integer formats: |i1 too), "
                 "of up to 16 from <u2 (float16: <f2 too), float32, tf32 and "
                 "fp22 from <f4, float64 from <f8.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

static ulp_status check_request(const request *rq, ulp_error *e)
{
  const char *missing = !rq->format.bits ? "--from FORMAT"
                        : !rq->in        ? "--in Q.npy"
                        : !rq->out       ? "--out Y.npy"
                                         : NULL;
  if (missing) return ulp_error_set(e, ULP_EINVAL, "%s is missing", missing);
  if (!ulp_fits_f64(&rq->format))
    return ulp_error_set(e, ULP_ERANGE,
                         "--from: the values of %s do not fit a float64",
                         rq->format.name);
  return ULP_OK;
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
                           "%s: %lld scales, expected one (one for each "
                           "channel, token or block is not available in this "
                           "version)",
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
    *last = *last / f->bits * 8 + *last % f->bits * 8 / f->bits;
    count = count / f->bits * 8 + count % f->bits * 8 / f->bits;
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

static ulp_status dequantize(const request *rq, const ulp_tensor *q,
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

int cli_dequantize(int argc, char **argv)
{
  request rq = {0};
  int status = parse(&rq, argc, argv);
  if (status >= 0) return status;
  ulp_error e;
  ulp_file *file;
  const ulp_tensor *q;
  if (check_request(&rq, &e) != ULP_OK ||
      cli_array_open(&file, &q, rq.in, &e) != ULP_OK)
    return cli_fail("dequantize", &e);
  ulp_status done = dequantize(&rq, q, &e);
  ulp_file_close(file);
  return done == ULP_OK ? CLI_DONE : cli_fail("dequantize", &e);
}
