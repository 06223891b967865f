/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace.c: `ulplab trace`, one dot product of an instruction, step by step.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "product.h"

/* Terms and blocks of one instruction: k products and a C for each block. */
enum { MAX_K = 256, MAX_STEPS = 2 * MAX_K };

typedef struct {
  const char *gpu, *instr;
  uint64_t row, col, batch;
  bool row_given, col_given, json;
  cli_product product;
  ulp_mma mma;
  uint64_t a[MAX_K], b[MAX_K], c, d;
  int k[MAX_K]; /* of each product, within the row */
  size_t terms, blocks;
  ulp_trace_term term[MAX_STEPS];
  ulp_trace_block block[MAX_K];
  size_t block_end[MAX_K]; /* terms up to and with this block */
} request;

typedef enum { TEXT, JSON } syntax;

static const char *syntax_name(size_t i)
{
  static const char *const names[] = {"text", "json"};
  return i < 2 ? names[i] : NULL;
}

static ulp_status read_syntax(void *target, const char *text, ulp_error *e)
{
  for (size_t i = 0; syntax_name(i); i++)
    if (!strcmp(text, syntax_name(i))) {
      *(bool *)target = i == JSON;
      return ULP_OK;
    }
  return cli_unknown(e, "output", text, syntax_name);
}

static ulp_status read_row(void *target, const char *text, ulp_error *e)
{
  ((request *)target)->row_given = true;
  return cli_read_u64(&((request *)target)->row, text, e);
}

static ulp_status read_col(void *target, const char *text, ulp_error *e)
{
  ((request *)target)->col_given = true;
  return cli_read_u64(&((request *)target)->col, text, e);
}

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"gpu", "GPU", "h200, a100, sm_90, ...: see 'ulplab gpus'",
       cli_read_text, &rq->gpu},
      {"instr", "INSTR", "PTX's name, as in 'ulplab mma'", cli_read_text,
       &rq->instr},
      CLI_PRODUCT_INPUTS(rq->product),
      CLI_PRODUCT_META(rq->product),
      {"row", "I", "row of D, from 0", read_row, rq},
      {"col", "J", "column of D, from 0", read_col, rq},
      {"batch", "B", "index in the batch, the last dimension fastest "
                     "(default 0)",
       cli_read_u64, &rq->batch},
      {"output", "SYNTAX", "text (default) or json", read_syntax, &rq->json},
      {"strict", NULL, "refuse what was not measured on a GPU", cli_read_flag,
       &rq->product.strict},
      {0}};
  const cli_command command = {
      .name = "trace",
      .synopsis = "--gpu GPU --instr INSTR --a A.npy --b B.npy [--c C.npy] "
                  "[--meta I.npy] --row I --col J [--output text|json]",
      .summary =
          "How a matrix instruction computes one element of D: the products' "
          "significands and exponents, the greatest exponent E, what is cut "
          "off below 2^(E-F), the sum and its rounding, block by block.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

/* ---- computing --------------------------------------------------------------- */

static void on_term(void *data, const ulp_trace_term *t)
{
  request *rq = data;
  if (rq->terms < MAX_STEPS) rq->term[rq->terms++] = *t;
}

static void on_block(void *data, const ulp_trace_block *b)
{
  request *rq = data;
  if (rq->blocks == MAX_K) return;
  rq->block_end[rq->blocks] = rq->terms;
  rq->block[rq->blocks++] = *b;
}

static ulp_status check(const request *rq, ulp_error *e)
{
  const cli_product *p = &rq->product;
  if (p->k != rq->mma.k || p->k > MAX_K)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: K%s = %lld, expected the instruction's k%s, %d",
                         p->a.path, p->sparse ? "/2" : "", (long long)p->k,
                         p->sparse ? "/2" : "", rq->mma.k);
  if (rq->row >= (uint64_t)p->m)
    return ulp_error_set(e, ULP_EINVAL,
                         "--row: %" PRIu64 ", expected 0 to %lld", rq->row,
                         (long long)p->m - 1);
  if (rq->col >= (uint64_t)p->n)
    return ulp_error_set(e, ULP_EINVAL,
                         "--col: %" PRIu64 ", expected 0 to %lld", rq->col,
                         (long long)p->n - 1);
  if (rq->batch >= (uint64_t)p->batches)
    return ulp_error_set(e, ULP_EINVAL,
                         "--batch: %" PRIu64 ", expected 0 to %lld", rq->batch,
                         (long long)p->batches - 1);
  return ULP_OK;
}

static ulp_status find(request *rq, ulp_error *e)
{
  ulp_status status = cli_find_instruction(&rq->product, rq->gpu, rq->instr,
                                           &rq->mma, e);
  if (status == ULP_OK && !(rq->row_given && rq->col_given))
    status = ulp_error_set(e, ULP_EINVAL, "%s is missing",
                           rq->row_given ? "--col J" : "--row I");
  return status;
}

static void compute(request *rq)
{
  const cli_product *p = &rq->product;
  const ulp_mma *m = &rq->mma;
  ulp_trace trace = {.term = on_term, .block = on_block, .data = rq};
  size_t k = (size_t)p->k, row = (size_t)rq->row * k;
  size_t col = (size_t)rq->col * k * (p->sparse ? 2 : 1);
  const unsigned char *at = p->meta.codes;
  for (size_t i = 0; i < k; i++) {
    rq->k[i] = p->sparse ? at[row + i] : (int)i;
    rq->a[i] = ulp_load_code(&m->a, p->a.codes, row + i);
    rq->b[i] = ulp_load_code(&m->b, p->b.codes, col + (size_t)rq->k[i]);
  }
  if (p->c.path)
    rq->c = ulp_load_code(&m->c, p->c.codes,
                          (size_t)rq->row * (size_t)p->n + (size_t)rq->col);
  rq->d = ulp_mma_dot(m, rq->a, rq->b, rq->c, &trace);
}

/* ---- text ---------------------------------------------------------------------- */

static void code_and_value(ulp_output *out, const ulp_format *f, uint64_t code)
{
  char name[CLI_NUMBER_SIZE], value[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "%s = %s", cli_code_name(f, code, name),
                    cli_code_decimal(f, code, value));
}

static void term_text(ulp_output *out, const request *rq,
                      const ulp_trace_term *t)
{
  char a[CLI_NUMBER_SIZE] = "", b[CLI_NUMBER_SIZE] = "";
  char x[CLI_NUMBER_SIZE] = "", y[CLI_NUMBER_SIZE] = "";
  char sign = t->negative ? '-' : '+';
  if (t->k >= 0) {
    cli_code_name(&rq->mma.a, rq->a[t->k], a);
    cli_code_name(&rq->mma.b, rq->b[t->k], b);
    cli_code_decimal(&rq->mma.a, rq->a[t->k], x);
    cli_code_decimal(&rq->mma.b, rq->b[t->k], y);
    ulp_output_printf(out, "  %3d", rq->k[t->k]);
  } else {
    ulp_output_printf(out, "  acc");
  }
  ulp_output_printf(out, "  %-10s %-21s %-10s %-21s ", a, x, b, y);
  if (t->significand == 0) {
    ulp_output_printf(out, "0\n");
    return;
  }
  ulp_output_printf(out,
                    "%c%" PRIu64 " * 2^%" PRId32 ", exponent %" PRId32
                    ", kept %c%" PRIu64 "%s\n",
                    sign, t->significand, t->exponent, t->vote, sign, t->kept,
                    t->cut ? " (cut)" : "");
}

static void block_text(ulp_output *out, const request *rq, size_t i)
{
  const ulp_trace_block *b = &rq->block[i];
  size_t from = i ? rq->block_end[i - 1] : 0;
  char value[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "\nblock %zu of %zu\n", i + 1, rq->blocks);
  if (b->special) {
    ulp_output_printf(out, "  NaN or Inf among the terms decides\n");
  } else {
    ulp_output_printf(out, "    k  %-32s %-32s product\n", "A", "B");
    for (size_t t = from; t < rq->block_end[i]; t++)
      term_text(out, rq, &rq->term[t]);
    ulp_output_printf(out,
                      "  E = %" PRId32 ", F = %d: kept in units of 2^%" PRId32
                      ", toward zero\n",
                      b->top, rq->mma.record->align, b->unit);
    ulp_output_printf(out, "  sum = %" PRId64 " * 2^%" PRId32 " = %s\n", b->sum,
                      b->unit,
                      cli_decimal(ldexp((double)b->sum, b->unit), value));
  }
  ulp_output_printf(out, "  rounded to %s, %s: ", rq->mma.acc.name,
                    ulp_mode_name(rq->mma.record->acc_mode));
  code_and_value(out, &rq->mma.acc, b->result);
  ulp_output_printf(out, "\n");
}

/* Kinds whose steps are not shown: what goes in. */
static void operands_text(ulp_output *out, const request *rq)
{
  const ulp_mma *m = &rq->mma;
  char x[CLI_NUMBER_SIZE], y[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "\n    k  A and B, of which %d at a time join C\n",
                    m->record->block);
  for (int k = 0; k < m->k; k++)
    ulp_output_printf(out, "  %3d  %-22s %s\n", k,
                      cli_decimal(ulp_decode(&m->a, rq->a[k]), x),
                      cli_decimal(ulp_decode(&m->b, rq->b[k]), y));
}

/* Instructions without blocks: their products, and what the chain holds. */
static void plain_text(ulp_output *out, const request *rq)
{
  const ulp_mma *m = &rq->mma;
  bool integer = m->record->kind == ULP_DOT_INTEGER;
  bool single = m->acc.man_bits == 23;
  double acc = integer              ? (double)(int32_t)(uint32_t)rq->c
               : m->record->c_last ? 0
                                   : ulp_decode(&m->c, rq->c);
  char x[CLI_NUMBER_SIZE], y[CLI_NUMBER_SIZE], z[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "\n    k  A, B, and %s\n",
                    integer ? "the exact sum so far"
                            : "fma(A, B, sum so far)");
  for (int k = 0; k < m->k; k++) {
    double a = ulp_decode(&m->a, rq->a[k]), b = ulp_decode(&m->b, rq->b[k]);
    acc = single && !integer ? (double)fmaf((float)a, (float)b, (float)acc)
                             : fma(a, b, acc);
    ulp_output_printf(out, "  %3d  %-22s %-22s %s\n", rq->k[k],
                      cli_decimal(a, x), cli_decimal(b, y),
                      cli_decimal(acc, z));
  }
  if (integer)
    ulp_output_printf(out, "  %s 32 bits\n",
                      m->satfinite ? "clamped to" : "modulo");
}

static void result_text(ulp_output *out, const request *rq)
{
  char name[CLI_NUMBER_SIZE];
  if (rq->mma.record->kind == ULP_DOT_INTEGER)
    ulp_output_printf(out, "\nD = %s = %" PRId32 "\n",
                      cli_code_name(&rq->mma.d, rq->d, name),
                      (int32_t)(uint32_t)rq->d);
  else {
    ulp_output_printf(out, "\nD = ");
    code_and_value(out, &rq->mma.d, rq->d);
    ulp_output_printf(out, "\n");
  }
}

static void print_text(ulp_output *out, const request *rq)
{
  const ulp_mma_record *r = rq->mma.record;
  ulp_output_printf(out, "%s on %s, D[%" PRIu64 "][%" PRIu64 "]\n", rq->instr,
                    r->arch, rq->row, rq->col);
  ulp_output_printf(out, "%s: %s\n", ulp_evidence_name(r->evidence),
                    r->source);
  if (r->kind != ULP_DOT_INTEGER) {
    ulp_output_printf(out, "C = ");
    code_and_value(out, &rq->mma.c, rq->c);
    ulp_output_printf(out, "%s\n",
                      r->c_last ? ", which joins at the end" : "");
  }
  if (r->convert)
    ulp_output_printf(out, "operands become %s first\n", r->convert);
  for (size_t i = 0; i < rq->blocks; i++)
    block_text(out, rq, i);
  if (rq->blocks == 0 && (r->kind == ULP_DOT_FMA ||
                          r->kind == ULP_DOT_INTEGER))
    plain_text(out, rq);
  else if (rq->blocks == 0)
    operands_text(out, rq);
  if (r->c_last)
    ulp_output_printf(out, "\nC joins by an addition in f32, rne\n");
  result_text(out, rq);
}

/* ---- JSON ---------------------------------------------------------------------- */

static json_t *code_json(const ulp_format *f, uint64_t code)
{
  char name[CLI_NUMBER_SIZE];
  return json_string(cli_code_name(f, code, name));
}

static json_t *term_json(const request *rq, const ulp_trace_term *t)
{
  json_t *o = json_object();
  if (t->k >= 0) {
    json_object_set_new(o, "k", json_integer(rq->k[t->k]));
    json_object_set_new(o, "a", code_json(&rq->mma.a, rq->a[t->k]));
    json_object_set_new(o, "b", code_json(&rq->mma.b, rq->b[t->k]));
  } else {
    json_object_set_new(o, "k", json_null());
  }
  json_object_set_new(o, "negative", json_boolean(t->negative));
  json_object_set_new(o, "significand",
                      json_integer((json_int_t)t->significand));
  json_object_set_new(o, "exponent", json_integer(t->exponent));
  json_object_set_new(o, "vote",
                      t->votes ? json_integer(t->vote) : json_null());
  json_object_set_new(o, "kept", json_integer((json_int_t)t->kept));
  json_object_set_new(o, "cut", json_boolean(t->cut));
  return o;
}

static json_t *block_json(const request *rq, size_t i)
{
  const ulp_trace_block *b = &rq->block[i];
  json_t *o = json_object(), *terms = json_array();
  for (size_t t = i ? rq->block_end[i - 1] : 0; t < rq->block_end[i]; t++)
    json_array_append_new(terms, term_json(rq, &rq->term[t]));
  json_object_set_new(o, "special", json_boolean(b->special));
  json_object_set_new(o, "terms", terms);
  if (!b->special) {
    json_object_set_new(o, "e", json_integer(b->top));
    json_object_set_new(o, "unit", json_integer(b->unit));
    json_object_set_new(o, "sum", json_integer(b->sum));
  }
  json_object_set_new(o, "format", json_string(rq->mma.acc.name));
  json_object_set_new(o, "round",
                      json_string(ulp_mode_name(rq->mma.record->acc_mode)));
  json_object_set_new(o, "result", code_json(&rq->mma.acc, b->result));
  return o;
}

static ulp_status print_json(ulp_output *out, const request *rq, ulp_error *e)
{
  const ulp_mma_record *r = rq->mma.record;
  json_t *o = json_object(), *blocks = json_array();
  json_object_set_new(o, "gpu", json_string(r->arch));
  json_object_set_new(o, "instruction", json_string(rq->instr));
  json_object_set_new(o, "evidence",
                      json_string(ulp_evidence_name(r->evidence)));
  json_object_set_new(o, "row", json_integer((json_int_t)rq->row));
  json_object_set_new(o, "col", json_integer((json_int_t)rq->col));
  json_object_set_new(o, "c", code_json(&rq->mma.c, rq->c));
  json_object_set_new(o, "c_last", json_boolean(r->c_last));
  json_object_set_new(o, "operands_become",
                      r->convert ? json_string(r->convert) : json_null());
  json_object_set_new(o, "align", json_integer(r->align));
  for (size_t i = 0; i < rq->blocks; i++)
    json_array_append_new(blocks, block_json(rq, i));
  json_object_set_new(o, "blocks", blocks);
  json_object_set_new(o, "d", code_json(&rq->mma.d, rq->d));
  char *text = json_dumps(o, JSON_INDENT(1));
  json_decref(o);
  if (!text)
    return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  ulp_output_printf(out, "%s\n", text);
  free(text);
  return ULP_OK;
}

/* ---- the command ------------------------------------------------------------------ */

static ulp_status trace(request *rq, ulp_error *e)
{
  cli_product *p = &rq->product;
  ulp_output *out;
  ulp_status status = find(rq, e);
  if (status == ULP_OK) status = cli_product_open(p, e);
  if (status == ULP_OK) status = check(rq, e);
  if (status == ULP_OK) status = cli_product_prepare(p, e);
  if (status == ULP_OK) status = cli_product_load(p, (int64_t)rq->batch, e);
  if (status == ULP_OK)
    status = cli_evidence("trace", rq->instr, rq->mma.record->evidence,
                          rq->mma.record->source, p->strict, e);
  if (status == ULP_OK) status = ulp_output_open(&out, NULL, e);
  if (status != ULP_OK) return status;
  compute(rq);
  if (rq->json)
    status = print_json(out, rq, e);
  else
    print_text(out, rq);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

int cli_trace(int argc, char **argv)
{
  ulp_error e;
  request *rq = calloc(1, sizeof *rq);
  if (!rq)
    return cli_failf("trace", "%s", ulp_strerror(ULP_ENOMEM));
  int status = parse(rq, argc, argv);
  if (status < 0) {
    ulp_status done = trace(rq, &e);
    cli_product_close(&rq->product);
    status = done == ULP_OK ? CLI_DONE : cli_fail("trace", &e);
  }
  free(rq);
  return status;
}
