/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace_text.c: a dot product, step by step, for a terminal.
 */
#include <inttypes.h>
#include <math.h>

#include "trace.h"

static void code_and_value(ulp_output *out, const ulp_format *f, uint64_t code)
{
  char name[CLI_NUMBER_SIZE], value[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "%s = %s", cli_code_name(f, code, name),
                    cli_code_decimal(f, code, value));
}

static void operands_of(ulp_output *out, const cli_dot *dot, int k)
{
  const ulp_mma *m = &dot->mma;
  char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE];
  char x[CLI_NUMBER_SIZE], y[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "  %3d  %-10s %-21s %-10s %-21s ", dot->k[k],
                    cli_code_name(&m->a, dot->a[k], a),
                    cli_code_decimal(&m->a, dot->a[k], x),
                    cli_code_name(&m->b, dot->b[k], b),
                    cli_code_decimal(&m->b, dot->b[k], y));
}

/* "+3 * 2^-4", or "0". */
static void exactly(ulp_output *out, const ulp_trace_term *t)
{
  if (t->significand == 0)
    ulp_output_printf(out, "0");
  else
    ulp_output_printf(out, "%c%" PRIu64 " * 2^%" PRId32,
                      t->negative ? '-' : '+', t->significand, t->exponent);
}

/* "scales 0x7f = 1 and 0x80 = 2" of the block that holds k. */
static void scales_of(ulp_output *out, const cli_dot *dot, int k)
{
  char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE];
  char x[CLI_NUMBER_SIZE], y[CLI_NUMBER_SIZE];
  uint64_t sa = dot->sa[cli_trace_scale(dot, k)];
  uint64_t sb = dot->sb[cli_trace_scale(dot, k)];
  ulp_output_printf(out, "scales %s = %s and %s = %s",
                    cli_code_name(&dot->mma.scale, sa, a),
                    cli_decimal(cli_trace_scale_value(dot, sa), x),
                    cli_code_name(&dot->mma.scale, sb, b),
                    cli_decimal(cli_trace_scale_value(dot, sb), y));
}

/* Before the terms of a block of K that shares its scales. */
static void scale_heading(ulp_output *out, const cli_dot *dot, int k)
{
  int n = dot->mma.record->scale_block;
  if (dot->product.scales == 0 || k % n) return;
  ulp_output_printf(out, "  k from %d to %d, products times ", k, k + n - 1);
  scales_of(out, dot, k);
  ulp_output_printf(out, "\n");
}

/* The products of a group, their sum, and what begins the line of the term
 * that they become. */
static void group_text(ulp_output *out, const cli_dot *dot, int first)
{
  char value[CLI_NUMBER_SIZE];
  const ulp_trace_term *sum = &dot->sum[first];
  int end = first + dot->mma.record->group;
  for (int k = first; k < end; k++) {
    operands_of(out, dot, k);
    exactly(out, &dot->grouped[k]);
    ulp_output_printf(out, "\n");
  }
  double total = ldexp((double)sum->significand, sum->exponent);
  ulp_output_printf(out, "  k from %d to %d, sum ", first, end - 1);
  exactly(out, sum);
  ulp_output_printf(out, " = %s, times ",
                    cli_decimal(sum->negative ? -total : total, value));
  scales_of(out, dot, first);
  ulp_output_printf(out, "\n  %-71s", "term");
}

static void term_text(ulp_output *out, const cli_dot *dot,
                      const ulp_trace_term *t)
{
  if (t->k < 0) {
    ulp_output_printf(out, "  acc  %-10s %-21s %-10s %-21s ", "", "", "", "");
  } else if (dot->mma.record->group) {
    group_text(out, dot, t->k);
  } else {
    scale_heading(out, dot, t->k);
    operands_of(out, dot, t->k);
  }
  exactly(out, t);
  if (t->votes) /* a group that cancels does, too */
    ulp_output_printf(out,
                      ", exponent %" PRId32 ", kept %c%" PRIu64 "%s", t->vote,
                      t->negative ? '-' : '+', t->kept, t->cut ? " (cut)" : "");
  ulp_output_printf(out, "\n");
}

static void block_text(ulp_output *out, const cli_dot *dot, size_t i)
{
  const ulp_trace_block *b = &dot->block[i];
  size_t from = i ? dot->block_end[i - 1] : 0;
  char value[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "\nblock %zu of %zu\n", i + 1, dot->blocks);
  if (b->special) {
    ulp_output_printf(out, "  NaN or Inf among the terms decides\n");
  } else {
    ulp_output_printf(out, "    k  %-32s %-32s product\n", "A", "B");
    for (size_t t = from; t < dot->block_end[i]; t++)
      term_text(out, dot, &dot->term[t]);
    ulp_output_printf(out,
                      "  E = %" PRId32 ", F = %d: kept in units of 2^%" PRId32
                      ", toward zero\n",
                      b->top, dot->mma.record->align, b->unit);
    ulp_output_printf(out, "  sum = %" PRId64 " * 2^%" PRId32 " = %s\n", b->sum,
                      b->unit,
                      cli_decimal(ldexp((double)b->sum, b->unit), value));
  }
  ulp_output_printf(out, "  rounded to %s, %s: ", dot->mma.acc.name,
                    ulp_mode_name(dot->mma.record->acc_mode));
  code_and_value(out, &dot->mma.acc, b->result);
  ulp_output_printf(out, "\n");
}

/* Kinds whose steps are not shown: what goes in. */
static void operands_text(ulp_output *out, const cli_dot *dot)
{
  const ulp_mma *m = &dot->mma;
  char x[CLI_NUMBER_SIZE], y[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "\n    k  A and B, of which %d at a time join C\n",
                    m->record->block);
  for (int k = 0; k < m->k; k++)
    ulp_output_printf(out, "  %3d  %-22s %s\n", k,
                      cli_decimal(ulp_decode(&m->a, dot->a[k]), x),
                      cli_decimal(ulp_decode(&m->b, dot->b[k]), y));
}

static bool is_integer(const cli_dot *dot)
{
  ulp_dot_kind kind = dot->mma.record->kind;
  return kind == ULP_DOT_INTEGER || kind == ULP_DOT_XOR;
}

/* Instructions without blocks: their products, and what the chain holds. */
static void plain_text(ulp_output *out, const cli_dot *dot)
{
  const ulp_mma *m = &dot->mma;
  bool integer = is_integer(dot), differ = m->record->kind == ULP_DOT_XOR;
  bool single = m->acc.man_bits == 23;
  double acc = integer              ? (double)(int32_t)(uint32_t)dot->c
               : m->record->c_last ? 0
                                   : ulp_decode(&m->c, dot->c);
  char x[CLI_NUMBER_SIZE], y[CLI_NUMBER_SIZE], z[CLI_NUMBER_SIZE];
  ulp_output_printf(out, "\n    k  A, B, and %s\n",
                    differ    ? "how many differed so far, and C"
                    : integer ? "the exact sum so far"
                              : "fma(A, B, sum so far)");
  for (int k = 0; k < m->k; k++) {
    double a = ulp_decode(&m->a, dot->a[k]), b = ulp_decode(&m->b, dot->b[k]);
    acc = differ               ? acc + (a != b)
          : single && !integer ? (double)fmaf((float)a, (float)b, (float)acc)
                               : fma(a, b, acc);
    ulp_output_printf(out, "  %3d  %-22s %-22s %s\n", dot->k[k],
                      cli_decimal(a, x), cli_decimal(b, y),
                      cli_decimal(acc, z));
  }
  if (integer)
    ulp_output_printf(out, "  %s 32 bits\n",
                      m->satfinite ? "clamped to" : "modulo");
}

static void result_text(ulp_output *out, const cli_dot *dot)
{
  char name[CLI_NUMBER_SIZE];
  if (is_integer(dot))
    ulp_output_printf(out, "\nD = %s = %" PRId32 "\n",
                      cli_code_name(&dot->mma.d, dot->d, name),
                      (int32_t)(uint32_t)dot->d);
  else {
    ulp_output_printf(out, "\nD = ");
    code_and_value(out, &dot->mma.d, dot->d);
    ulp_output_printf(out, "\n");
  }
}

/* A row's block scales, all of them: a NaN among them leaves no terms. */
static void scales_text(ulp_output *out, const cli_dot *dot, const char *name,
                        const uint64_t *code)
{
  char text[CLI_NUMBER_SIZE], value[CLI_NUMBER_SIZE];
  if (dot->product.scales == 0) return;
  ulp_output_printf(out, "scales of %s: ", name);
  for (int i = 0; i < dot->product.scales; i++)
    ulp_output_printf(out, "%s%s = %s", i ? ", " : "",
                      cli_code_name(&dot->mma.scale, code[i], text),
                      cli_decimal(cli_trace_scale_value(dot, code[i]), value));
  ulp_output_printf(out, ", each of %d k\n", dot->mma.record->scale_block);
}

void cli_trace_text(ulp_output *out, const cli_dot *dot)
{
  const ulp_mma_record *r = dot->mma.record;
  ulp_output_printf(out, "%s on %s, D[%" PRIu64 "][%" PRIu64 "]\n", dot->instr,
                    r->arch, dot->row, dot->col);
  ulp_output_printf(out, "%s: %s\n", ulp_evidence_name(r->evidence),
                    r->source);
  if (!is_integer(dot)) {
    ulp_output_printf(out, "C = ");
    code_and_value(out, &dot->mma.c, dot->c);
    ulp_output_printf(out, "%s\n",
                      r->c_last ? ", which joins at the end" : "");
  }
  scales_text(out, dot, "A", dot->sa);
  scales_text(out, dot, "B", dot->sb);
  if (r->convert)
    ulp_output_printf(out, "operands become %s first\n", r->convert);
  for (size_t i = 0; i < dot->blocks; i++)
    block_text(out, dot, i);
  if (dot->blocks == 0 && (r->kind == ULP_DOT_FMA || is_integer(dot)))
    plain_text(out, dot);
  else if (dot->blocks == 0)
    operands_text(out, dot);
  if (r->c_last)
    ulp_output_printf(out, "\nC joins by an addition in f32, rne\n");
  result_text(out, dot);
}
