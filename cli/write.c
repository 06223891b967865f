/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * write.c: `ulplab write`, an array from numbers on the command line.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "block_stream.h"
#include "cli.h"

/* Enough for anything typed, and a guard against 1@1e18. */
enum { MOST = 1 << 24 };

typedef struct {
  const char *out;
  ulp_format format;
  ulp_rounding rounding;
  int ndim;
  int64_t shape[ULP_MAX_DIMS];
} request;

static ulp_status read_shape(void *target, const char *text, ulp_error *e)
{
  request *r = target;
  const char *at = text;
  for (r->ndim = 0; r->ndim < ULP_MAX_DIMS; at++) {
    char *end;
    errno = 0;
    long long n = *at >= '0' && *at <= '9' ? strtoll(at, &end, 10) : -1;
    if (n < 0 || errno) break;
    r->shape[r->ndim++] = n;
    at = end;
    if (!*at) return ULP_OK;
    if (*at != 'x') break;
  }
  return ulp_error_set(e, ULP_EINVAL,
                       "'%.60s' is no shape, expected sizes with an x between "
                       "them: 4x32",
                       text);
}

/* ---- numbers ------------------------------------------------------------ */

/* NUMBER or NUMBER@TIMES. */
static ulp_status read_number(const char *text, double *x, int64_t *times,
                              ulp_error *e)
{
  char *end, *last;
  *x = strtod(text, &end);
  *times = 1;
  bool number = end != text;
  if (number && *end == '@' && end[1] >= '0' && end[1] <= '9') {
    errno = 0;
    *times = strtoll(end + 1, &last, 10);
    number = !errno;
    end = last;
  }
  if (number && !*end && *times <= MOST) return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL,
                       "'%.60s' is no number, expected one as C writes it "
                       "(0.5, 0x1p-9, -inf, nan), or NUMBER@TIMES, up to %d "
                       "times",
                       text, MOST);
}

typedef struct {
  double *x;
  int64_t n;
} numbers;

static ulp_status add(numbers *all, double x, int64_t times, ulp_error *e)
{
  if (times > MOST - all->n)
    return ulp_error_set(e, ULP_EINVAL, "more than %d numbers", MOST);
  double *more = realloc(all->x, (size_t)(all->n + times + 1) * sizeof *more);
  if (!more) return cli_no_memory(e);
  all->x = more;
  for (int64_t i = 0; i < times; i++)
    all->x[all->n++] = x;
  return ULP_OK;
}

static ulp_status read_all(numbers *all, int argc, char **argv, ulp_error *e)
{
  ulp_status status = ULP_OK;
  for (int i = 0; i < argc && status == ULP_OK; i++) {
    double x;
    int64_t times;
    status = read_number(argv[i], &x, &times, e);
    if (status == ULP_OK) status = add(all, x, times, e);
  }
  return status;
}

/* ---- the array ---------------------------------------------------------- */

static ulp_status settle_shape(request *r, int64_t n, ulp_error *e)
{
  char text[80];
  int64_t product = 1;
  bool whole = true;
  if (r->ndim < 0) {
    r->ndim = 1;
    r->shape[0] = n;
  }
  for (int i = 0; i < r->ndim; i++)
    whole = whole && !__builtin_mul_overflow(product, r->shape[i], &product);
  if (whole && product == n) return ULP_OK;
  cli_shape_text(text, sizeof text, r->ndim, r->shape);
  return ulp_error_set(e, ULP_EINVAL,
                       "--shape: %s, expected one of %lld numbers", text,
                       (long long)n);
}

static ulp_status write_array(const request *r, const numbers *all,
                              ulp_error *e)
{
  const ulp_format *f = &r->format;
  size_t n = (size_t)all->n;
  void *codes = malloc(n * f->storage_bytes + 1);
  ulp_output *out;
  if (!codes) return cli_no_memory(e);
  ulp_status status =
      ulp_encode_array(f, codes, all->x, n, 1, &r->rounding, 0);
  if (status != ULP_OK)
    (void)ulp_error_set(e, status, "%s", ulp_strerror(status));
  if (status == ULP_OK) status = ulp_output_open(&out, r->out, e);
  if (status == ULP_OK) {
    cli_codes_extend(f, codes, all->n);
    ulp_npy_header(out, cli_codes_type(f, false), r->ndim, r->shape);
    ulp_output_write(out, codes, n * f->storage_bytes);
    status = ulp_output_commit(out, e);
  }
  free(codes);
  return status;
}

int cli_write(int argc, char **argv)
{
  request r = {.ndim = -1};
  const cli_option options[] = {
      {"out", "X.npy", "the array to write", cli_read_text, &r.out},
      {"type", "FORMAT", "of its elements (default float32)", cli_read_format,
       &r.format},
      {"shape", "MxN", "its shape (default: one dimension)", read_shape, &r},
      CLI_ROUNDING_OPTIONS(r.rounding, "what the profile does"),
      {0}};
  const cli_command command = {
      .name = "write",
      .synopsis = "--out X.npy [--type FORMAT] [--shape MxN] [--] NUMBER...",
      .summary = "Writes an array of the numbers on the command line: each is "
                 "read as an f64 and rounded once to the format. NUMBER@TIMES "
                 "is a number many times; -- goes before a negative one.",
      .options = options,
      .min_operands = 1,
      .max_operands = -1};
  int operands;
  int status = cli_parse(&command, argc, argv, &operands);
  if (status >= 0) return status;
  ulp_error e;
  numbers all = {NULL, 0};
  ulp_status s = ULP_OK;
  if (!r.out) return cli_failf("write", "--out X.npy is missing");
  if (!r.format.bits) s = cli_read_format(&r.format, "float32", &e);
  if (s == ULP_OK) s = read_all(&all, operands, argv, &e);
  if (s == ULP_OK) s = settle_shape(&r, all.n, &e);
  if (s == ULP_OK) s = write_array(&r, &all, &e);
  free(all.x);
  return s == ULP_OK ? CLI_DONE : cli_fail("write", &e);
}
