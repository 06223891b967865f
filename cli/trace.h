/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace.h: one dot product of an instruction and its steps, and the two ways
 * to print them.
 */
#ifndef ULPLAB_CLI_TRACE_H
#define ULPLAB_CLI_TRACE_H

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
  uint64_t sa[MAX_K], sb[MAX_K]; /* block scales, if any */
  size_t terms, blocks;
  ulp_trace_term term[MAX_STEPS];
  ulp_trace_term grouped[MAX_K]; /* products that are summed in groups, by k */
  ulp_trace_term sum[MAX_K];     /* of the group that begins at k */
  ulp_trace_block block[MAX_K];
  size_t block_end[MAX_K]; /* terms up to and with this block */
} cli_dot;

/* Which scales product k has; the value of a scale, of whose code UE4M3's bit
 * 7 is not looked at. */
int cli_trace_scale(const cli_dot *dot, int k);
double cli_trace_scale_value(const cli_dot *dot, uint64_t code);

/* As text for a terminal (trace_text.c), as JSON (trace_json.c). */
void cli_trace_text(ulp_output *out, const cli_dot *dot);
ulp_status cli_trace_json(ulp_output *out, const cli_dot *dot, ulp_error *e);

#endif
