/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pack.c: `ulplab pack` and `ulplab unpack`, codes in the order in which they
 * are shipped and back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "layout.h"

typedef struct {
  bool given;
  int ndim;
  int64_t dim[ULP_MAX_DIMS];
} shape;

typedef struct {
  const char *command, *in, *out;
  const ulp_layout *layout;
  bool list;
  uint64_t bits; /* 0: not given */
  shape shape;   /* of the codes */
} request;

/* What a request comes to. */
typedef struct {
  int64_t matrices, rows, cols; /* matrices one after the other */
  unsigned bits;
  ulp_packed packed; /* one of them */
  shape packed_shape;
  bool sign_extend; /* codes are |i1 */
} job;

/* ---- options ------------------------------------------------------------ */

static const char *layout_name(size_t i)
{
  const ulp_layout *l = ulp_layout_row(i);
  return l ? l->name : NULL;
}

static ulp_status read_layout(void *target, const char *text, ulp_error *e)
{
  request *rq = target;
  rq->list = !strcmp(text, "list");
  if (rq->list || ulp_layout_find(text, &rq->layout, NULL) == ULP_OK)
    return ULP_OK;
  return cli_unknown(e, "layout", text, layout_name);
}

static ulp_status read_shape(void *target, const char *text, ulp_error *e)
{
  shape *s = target;
  const char *p = text;
  char *end = NULL;
  *s = (shape){.given = true};
  for (;; p = end + 1) {
    errno = 0;
    long long n = strtoll(p, &end, 10);
    if (*p < '0' || *p > '9' || errno || s->ndim == ULP_MAX_DIMS) break;
    s->dim[s->ndim++] = n;
    if (!*end) return ULP_OK;
    if (*end != 'x' && *end != ',') break;
  }
  return ulp_error_set(e, ULP_EINVAL,
                       "'%.60s' is no shape, expected up to %d dimensions "
                       "such as 128x64",
                       text, ULP_MAX_DIMS);
}

static int parse(request *rq, bool unpack, int argc, char **argv)
{
  cli_option options[] = {
      {"layout", "NAME", "which order; 'list' prints the table as CSV",
       read_layout, rq},
      {"bits", "N", "of a code (default: what the layout or the array says)",
       cli_read_u64, &rq->bits},
      {"in", unpack ? "P.npy" : "CODES.npy", "the array to read", cli_read_text,
       &rq->in},
      {"out", unpack ? "CODES.npy" : "P.npy", "where the result goes",
       cli_read_text, &rq->out},
      {"shape", "RxC", "the shape of the codes, any number of dimensions",
       read_shape, &rq->shape},
      {0}};
  if (!unpack) options[4].name = NULL;
  const cli_command command = {
      .name = rq->command,
      .synopsis = unpack
                      ? "--layout NAME --shape RxC --in P.npy --out CODES.npy "
                        "[--bits N]"
                      : "--layout NAME --in CODES.npy --out P.npy [--bits N]",
      .summary =
          unpack ? "The inverse of 'ulplab pack': codes one a byte (|i1 where "
                   "the layout ships offset binary, else |u1), scales as they "
                   "are. What pads the packed array is ignored."
                 : "Packs codes, one a byte, in the order of a public "
                   "implementation; also the scales that have an order of "
                   "their own. The last two dimensions are the rows and "
                   "columns of a matrix; those before them are a batch.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

static ulp_status check_request(const request *rq, bool unpack, ulp_error *e)
{
  const char *missing = !rq->layout                  ? "--layout NAME"
                        : unpack && !rq->shape.given ? "--shape RxC"
                        : !rq->in                    ? "--in"
                        : !rq->out                   ? "--out"
                                                     : NULL;
  if (missing) return ulp_error_set(e, ULP_EINVAL, "%s is missing", missing);
  return ULP_OK;
}

/* ---- the table ------------------------------------------------------------
 */

static const char *const columns[] = {
    "name",          "aliases",       "bits",   "word_bits",
    "rows_multiple", "cols_multiple", "pads",   "codes",
    "bit_order",     "map",           "source", NULL};

/* "1-8", "2 3 4 8". */
static const char *widths_text(const ulp_layout *l, char out[64])
{
  size_t used = 0;
  if (l->widths == 0xff) return "1-8";
  *out = 0;
  for (int n = 1; n <= 64 && used < 60; n++)
    if (l->widths >> (n - 1) & 1)
      used += (size_t)snprintf(out + used, 64 - used, used ? " %d" : "%d", n);
  return out;
}

static void layout_rows(cli_table *t, const void *data)
{
  char text[64];
  const ulp_layout *l;
  (void)data;
  for (size_t i = 0; (l = ulp_layout_row(i)) != NULL; i++) {
    cli_cell_text(t, l->name);
    cli_cell_text(t, l->aliases);
    cli_cell_text(t, widths_text(l, text));
    cli_cell_int(t, l->word_bits ? l->word_bits : ulp_layout_width(l));
    cli_cell_int(t, l->row_multiple);
    cli_cell_int(t, l->col_multiple);
    cli_cell_bool(t, l->pads);
    cli_cell_text(t, l->offset ? "offset binary" : "as they are");
    cli_cell_text(t, l->high_first ? "high first" : "low first");
    cli_cell_text(t, l->map);
    cli_cell_text(t, l->source);
  }
}

/* ---- shapes ----------------------------------------------------------------
 */

/* The matrices of an array of codes. */
static ulp_status split(job *j, const ulp_layout *l, const shape *s,
                        ulp_error *e)
{
  int64_t all = 1;
  j->matrices = j->rows = j->cols = 1;
  for (int i = 0; i < s->ndim; i++) {
    int64_t *n = l->flat || i == s->ndim - 1 ? &j->cols
                 : i == s->ndim - 2          ? &j->rows
                                             : &j->matrices;
    if (__builtin_mul_overflow(*n, s->dim[i], n) ||
        __builtin_mul_overflow(all, s->dim[i], &all))
      return ulp_error_set(e, ULP_EINVAL, "--shape: more than 2^63 codes");
  }
  return ULP_OK;
}

/* The packed shape: the batch, then a matrix's; a vector, and what is packed
 * as one, loses its row. */
static void join(job *j, const ulp_layout *l, const shape *s)
{
  shape *out = &j->packed_shape;
  *out = (shape){.given = true};
  for (int i = 0; i + 2 < s->ndim && !l->flat; i++)
    out->dim[out->ndim++] = s->dim[i];
  bool vector = s->ndim < 2 && !l->flat && j->packed.shape[0] == 1;
  for (int i = vector || l->flat; i < j->packed.ndim; i++)
    out->dim[out->ndim++] = j->packed.shape[i];
}

static ulp_status plan(job *j, const request *rq, const shape *s, ulp_error *e)
{
  char why[200];
  const ulp_layout *l = rq->layout;
  ulp_status status = split(j, l, s, e);
  if (status != ULP_OK) return status;
  status = ulp_layout_plan(l, &j->packed, j->bits, j->rows, j->cols, why,
                           sizeof why);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s: layout %s", rq->in, why);
  join(j, l, s);
  if (j->packed_shape.ndim > ULP_MAX_DIMS)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: the packed array has %d dimensions, expected up "
                         "to %d",
                         rq->in, j->packed_shape.ndim, ULP_MAX_DIMS);
  return ULP_OK;
}

/* The width of a code: as asked for, else the layout's only one, else the
 * elements' own. */
static ulp_status find_bits(job *j, const request *rq, const ulp_tensor *t,
                            ulp_error *e)
{
  char text[64];
  unsigned own = ulp_layout_width(rq->layout);
  if (rq->bits > 64)
    return ulp_error_set(e, ULP_EINVAL, "--bits: %llu, expected up to 64",
                         (unsigned long long)rq->bits);
  j->bits = rq->bits ? (unsigned)rq->bits : own;
  if (!j->bits && t->dtype->bits < 8) j->bits = t->dtype->bits;
  if (!j->bits)
    return ulp_error_set(e, ULP_EINVAL,
                         "--bits is missing: layout %s takes codes of %s bits",
                         rq->layout->name, widths_text(rq->layout, text));
  return ULP_OK;
}

/* ---- pack ------------------------------------------------------------------
 */

/* Bytes of an unpacked code. */
static unsigned code_bytes(unsigned bits)
{
  return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8;
}

static ulp_status check_codes(const job *j, const request *rq,
                              const ulp_tensor *t, ulp_error *e)
{
  unsigned have = t->dtype->bits, bits = j->bits;
  const char *type = t->dtype->npy;
  bool byte = !strcmp(type, "u1") || !strcmp(type, "i1");
  if (have == bits || (bits < 8 && byte)) return ULP_OK;
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: dtype '%s', expected %s for codes of %u bits",
                       rq->in, *type ? type : t->dtype->safetensors,
                       bits <= 8 ? "'|u1' or '|i1'" : "elements as wide", bits);
}

/* Whether all n bytes are codes, and nothing beside them. */
static ulp_status check_range(const job *j, const request *rq, const uint8_t *x,
                              int64_t first, int64_t n, ulp_error *e)
{
  int high = 1 << j->bits, low = j->sign_extend ? -(high / 2) : 0;
  if (j->sign_extend) high /= 2;
  for (int64_t i = 0; i < n; i++) {
    int value = j->sign_extend ? (int8_t)x[i] : x[i];
    if (value < low || value >= high)
      return ulp_error_set(e, ULP_EFORMAT,
                           "%s: element %lld is %d, expected a code of %u "
                           "bits, %d to %d",
                           rq->in, (long long)(first + i), value, j->bits, low,
                           high - 1);
  }
  return ULP_OK;
}

/* The type of the packed array: integers of a word, or the input's own. */
static void packed_type(const request *rq, const ulp_tensor *t, char out[8])
{
  unsigned word = rq->layout->word_bits;
  if (word)
    snprintf(out, 8, "%s", word == 8 ? "|u1" : "<i4");
  else
    snprintf(out, 8, "<%s",
             *t->dtype->npy ? t->dtype->npy : "u2" /* bfloat16 */);
}

static ulp_status pack_all(const job *j, const request *rq, const ulp_tensor *t,
                           ulp_output *out, uint8_t *codes, uint8_t *packed,
                           ulp_error *e)
{
  char type[8];
  int64_t n = j->rows * j->cols;
  packed_type(rq, t, type);
  ulp_npy_header(out, type, j->packed_shape.ndim, j->packed_shape.dim);
  for (int64_t i = 0; i < j->matrices; i++) {
    ulp_tensor_read_raw(t, codes, i * n, n);
    ulp_status status =
        j->bits < 8 ? check_range(j, rq, codes, i * n, n, e) : ULP_OK;
    if (status == ULP_OK && ulp_layout_pack(rq->layout, packed, codes, j->bits,
                                            j->rows, j->cols) != ULP_OK)
      status = ulp_error_set(e, ULP_EINVAL, "%s: not packed", rq->in);
    if (status != ULP_OK) return status;
    ulp_output_write(out, packed, j->packed.bytes);
  }
  return ULP_OK;
}

/* ---- unpack ----------------------------------------------------------------
 */

static ulp_status check_packed(const job *j, const request *rq,
                               const ulp_tensor *t, ulp_error *e)
{
  char want[200], have[200];
  const shape *s = &j->packed_shape;
  char kind = t->dtype->npy[0];
  bool integer = kind == 'i' || kind == 'u';
  if (t->dtype->bits != j->packed.word_bits ||
      (rq->layout->word_bits && !integer))
    return ulp_error_set(
        e, ULP_EFORMAT, "%s: dtype '%s', expected %s of %u bits", rq->in,
        kind ? t->dtype->npy : t->dtype->safetensors,
        rq->layout->word_bits ? "integers" : "elements", j->packed.word_bits);
  int64_t count =
      j->matrices * (int64_t)(j->packed.bytes * 8) / j->packed.word_bits;
  bool same = t->ndim == s->ndim &&
              !memcmp(t->shape, s->dim, sizeof *t->shape * (size_t)s->ndim);
  /* TorchAO and others hand scales on flattened. */
  if (same || (t->ndim == 1 && t->count == count)) return ULP_OK;
  cli_shape_text(want, sizeof want, s->ndim, s->dim);
  cli_shape_text(have, sizeof have, t->ndim, t->shape);
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: shape %s, expected %s for such codes in layout %s",
                       rq->in, have, want, rq->layout->name);
}

/* Two's complement of j->bits bits to that of a byte. */
static void extend(const job *j, uint8_t *codes, int64_t n)
{
  unsigned sign = 1u << (j->bits - 1);
  for (int64_t i = 0; i < n; i++)
    codes[i] = (uint8_t)((codes[i] ^ sign) - sign);
}

static void codes_type(const job *j, const ulp_tensor *t, char out[8])
{
  if (j->bits <= 8)
    snprintf(out, 8, "%s", j->sign_extend ? "|i1" : "|u1");
  else
    snprintf(out, 8, "<%s", *t->dtype->npy ? t->dtype->npy : "u2");
}

static ulp_status unpack_all(const job *j, const request *rq,
                             const ulp_tensor *t, ulp_output *out,
                             uint8_t *codes, uint8_t *packed, ulp_error *e)
{
  char type[8];
  int64_t n = j->rows * j->cols;
  int64_t words = (int64_t)(j->packed.bytes * 8) / j->packed.word_bits;
  codes_type(j, t, type);
  ulp_npy_header(out, type, rq->shape.ndim, rq->shape.dim);
  for (int64_t i = 0; i < j->matrices; i++) {
    ulp_tensor_read_raw(t, packed, i * words, words);
    if (ulp_layout_unpack(rq->layout, codes, packed, j->bits, j->rows,
                          j->cols) != ULP_OK)
      return ulp_error_set(e, ULP_EINVAL, "%s: not unpacked", rq->in);
    if (j->sign_extend) extend(j, codes, n);
    ulp_output_write(out, codes, (size_t)n * code_bytes(j->bits));
  }
  return ULP_OK;
}

/* ---- both ------------------------------------------------------------------
 */

typedef ulp_status worker(const job *j, const request *rq, const ulp_tensor *t,
                          ulp_output *out, uint8_t *codes, uint8_t *packed,
                          ulp_error *e);

static ulp_status work(const job *j, const request *rq, const ulp_tensor *t,
                       worker *all, ulp_error *e)
{
  ulp_output *out;
  ulp_status status = ulp_output_open(&out, rq->out, e);
  if (status != ULP_OK) return status;
  size_t n = (size_t)(j->rows * j->cols) * code_bytes(j->bits);
  uint8_t *codes = malloc(n ? n : 1);
  uint8_t *packed = malloc(j->packed.bytes ? j->packed.bytes : 1);
  status = codes && packed
               ? all(j, rq, t, out, codes, packed, e)
               : ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  free(packed);
  free(codes);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

static ulp_status pack(const request *rq, const ulp_tensor *t, ulp_error *e)
{
  job j = {.sign_extend = !strcmp(t->dtype->npy, "i1")};
  shape s = {.given = true, .ndim = t->ndim};
  memcpy(s.dim, t->shape, sizeof s.dim);
  ulp_status status = find_bits(&j, rq, t, e);
  if (status == ULP_OK) status = check_codes(&j, rq, t, e);
  if (status == ULP_OK) status = plan(&j, rq, &s, e);
  return status == ULP_OK ? work(&j, rq, t, pack_all, e) : status;
}

static ulp_status unpack(const request *rq, const ulp_tensor *t, ulp_error *e)
{
  job j = {.sign_extend = rq->layout->offset};
  ulp_status status = find_bits(&j, rq, t, e);
  if (status == ULP_OK) status = plan(&j, rq, &rq->shape, e);
  if (status == ULP_OK) status = check_packed(&j, rq, t, e);
  return status == ULP_OK ? work(&j, rq, t, unpack_all, e) : status;
}

static int run(bool unpacking, int argc, char **argv)
{
  request rq = {.command = unpacking ? "unpack" : "pack"};
  int status = parse(&rq, unpacking, argc, argv);
  if (status >= 0) return status;
  if (rq.list)
    return cli_print_table(rq.command, false, columns, layout_rows, NULL);
  ulp_error e;
  ulp_file *file;
  const ulp_tensor *t;
  if (check_request(&rq, unpacking, &e) != ULP_OK ||
      cli_array_open(&file, &t, rq.in, &e) != ULP_OK)
    return cli_fail(rq.command, &e);
  ulp_status done = unpacking ? unpack(&rq, t, &e) : pack(&rq, t, &e);
  ulp_file_close(file);
  return done == ULP_OK ? CLI_DONE : cli_fail(rq.command, &e);
}

int cli_pack(int argc, char **argv)
{
  return run(false, argc, argv);
}

int cli_unpack(int argc, char **argv)
{
  return run(true, argc, argv);
}
