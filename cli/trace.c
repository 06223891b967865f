/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace.c: `ulplab trace`, one dot product of an instruction, step by step.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

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
  ((cli_dot *)target)->row_given = true;
  return cli_read_u64(&((cli_dot *)target)->row, text, e);
}

static ulp_status read_col(void *target, const char *text, ulp_error *e)
{
  ((cli_dot *)target)->col_given = true;
  return cli_read_u64(&((cli_dot *)target)->col, text, e);
}

static int parse(cli_dot *dot, int argc, char **argv)
{
  const cli_option options[] = {
      {"gpu", "GPU", "h200, a100, sm_90, ...: see 'ulplab gpus'",
       cli_read_text, &dot->gpu},
      {"instr", "INSTR", "PTX's name, as in 'ulplab mma'", cli_read_text,
       &dot->instr},
      CLI_PRODUCT_INPUTS(dot->product),
      CLI_PRODUCT_META(dot->product),
      CLI_PRODUCT_SCALES(dot->product),
      {"row", "I", "row of D, from 0", read_row, dot},
      {"col", "J", "column of D, from 0", read_col, dot},
      {"batch", "B", "index in the batch, the last dimension fastest "
                     "(default 0)",
       cli_read_u64, &dot->batch},
      {"output", "SYNTAX", "text (default) or json", read_syntax, &dot->json},
      {"strict", NULL, "refuse what was not measured on a GPU", cli_read_flag,
       &dot->product.strict},
      {0}};
  const cli_command command = {
      .name = "trace",
      .synopsis = "--gpu GPU --instr INSTR --a A.npy --b B.npy [--c C.npy] "
                  "[--meta I.npy] [--scale-a SA.npy --scale-b SB.npy] "
                  "--row I --col J [--output text|json]",
      .summary =
          "How a matrix instruction computes one element of D: the products' "
          "significands and exponents, the greatest exponent E, what is cut "
          "off below 2^(E-F), the sum and its rounding, block by block.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

/* ---- computing -------------------------------------------------------- */

static void on_term(void *data, const ulp_trace_term *t)
{
  cli_dot *dot = data;
  if (dot->terms < MAX_STEPS) dot->term[dot->terms++] = *t;
}

static void on_block(void *data, const ulp_trace_block *b)
{
  cli_dot *dot = data;
  if (dot->blocks == MAX_K) return;
  dot->block_end[dot->blocks] = dot->terms;
  dot->block[dot->blocks++] = *b;
}

static void on_group(void *data, const ulp_trace_term *product, int n,
                     const ulp_trace_term *sum)
{
  cli_dot *dot = data;
  if (sum->k + n > MAX_K) return;
  memcpy(dot->grouped + sum->k, product, sizeof *product * (size_t)n);
  dot->sum[sum->k] = *sum;
}

int cli_trace_scale(const cli_dot *dot, int k)
{
  return k / dot->mma.record->scale_block;
}

double cli_trace_scale_value(const cli_dot *dot, uint64_t code)
{
  const ulp_format *f = &dot->mma.scale;
  return ulp_decode(f, code & ((UINT64_C(1) << (f->exp_bits + f->man_bits)) -
                               1));
}

static ulp_status check(const cli_dot *dot, ulp_error *e)
{
  const cli_product *p = &dot->product;
  if (p->k != dot->mma.k || p->k > MAX_K)
    return ulp_error_set(e, ULP_EFORMAT,
                         "%s: K%s = %lld, expected the instruction's k%s, %d",
                         p->a.path, p->sparse ? "/2" : "", (long long)p->k,
                         p->sparse ? "/2" : "", dot->mma.k);
  if (dot->row >= (uint64_t)p->m)
    return ulp_error_set(e, ULP_EINVAL,
                         "--row: %" PRIu64 ", expected 0 to %lld", dot->row,
                         (long long)p->m - 1);
  if (dot->col >= (uint64_t)p->n)
    return ulp_error_set(e, ULP_EINVAL,
                         "--col: %" PRIu64 ", expected 0 to %lld", dot->col,
                         (long long)p->n - 1);
  if (dot->batch >= (uint64_t)p->batches)
    return ulp_error_set(e, ULP_EINVAL,
                         "--batch: %" PRIu64 ", expected 0 to %lld", dot->batch,
                         (long long)p->batches - 1);
  return ULP_OK;
}

static ulp_status find(cli_dot *dot, ulp_error *e)
{
  ulp_status status = cli_find_instruction(&dot->product, dot->gpu, dot->instr,
                                           &dot->mma, e);
  if (status == ULP_OK && !(dot->row_given && dot->col_given))
    status = ulp_error_set(e, ULP_EINVAL, "%s is missing",
                           dot->row_given ? "--col J" : "--row I");
  return status;
}

static void compute(cli_dot *dot)
{
  const cli_product *p = &dot->product;
  const ulp_mma *m = &dot->mma;
  ulp_trace trace = {
      .term = on_term, .block = on_block, .group = on_group, .data = dot};
  size_t k = (size_t)p->k, row = (size_t)dot->row * k;
  size_t col = (size_t)dot->col * k * (p->sparse ? 2 : 1);
  const unsigned char *at = p->meta.codes;
  for (size_t i = 0; i < k; i++) {
    dot->k[i] = p->sparse ? at[row + i] : (int)i;
    dot->a[i] = ulp_load_code(&m->a, p->a.codes, row + i);
    dot->b[i] = ulp_load_code(&m->b, p->b.codes, col + (size_t)dot->k[i]);
  }
  if (p->c.path)
    dot->c = ulp_load_code(&m->c, p->c.codes,
                          (size_t)dot->row * (size_t)p->n + (size_t)dot->col);
  const void *sa = cli_block_scales(&p->scale_a, (size_t)dot->row);
  const void *sb = cli_block_scales(&p->scale_b, (size_t)dot->col);
  for (size_t i = 0; i < (size_t)p->scales; i++) {
    dot->sa[i] = ulp_load_code(&m->scale, sa, i);
    dot->sb[i] = ulp_load_code(&m->scale, sb, i);
  }
  dot->d = ulp_mma_dot_scaled(m, dot->a, dot->b, dot->c, sa ? dot->sa : NULL,
                              sb ? dot->sb : NULL, &trace);
}

/* ---- the command ------------------------------------------------------ */

static ulp_status trace(cli_dot *dot, ulp_error *e)
{
  cli_product *p = &dot->product;
  ulp_output *out;
  ulp_status status = find(dot, e);
  if (status == ULP_OK) status = cli_product_open(p, e);
  if (status == ULP_OK) status = check(dot, e);
  if (status == ULP_OK) status = cli_product_prepare(p, e);
  if (status == ULP_OK) status = cli_product_load(p, (int64_t)dot->batch, e);
  if (status == ULP_OK)
    status = cli_evidence("trace", dot->instr, dot->mma.record->evidence,
                          dot->mma.record->source, p->strict, e);
  if (status == ULP_OK) status = ulp_output_open(&out, NULL, e);
  if (status != ULP_OK) return status;
  compute(dot);
  if (dot->json)
    status = cli_trace_json(out, dot, e);
  else
    cli_trace_text(out, dot);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

int cli_trace(int argc, char **argv)
{
  ulp_error e;
  cli_dot *dot = calloc(1, sizeof *dot);
  if (!dot)
    return cli_failf("trace", "%s", ulp_strerror(ULP_ENOMEM));
  int status = parse(dot, argc, argv);
  if (status < 0) {
    ulp_status done = trace(dot, &e);
    cli_product_close(&dot->product);
    status = done == ULP_OK ? CLI_DONE : cli_fail("trace", &e);
  }
  free(dot);
  return status;
}
