/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantize_file.h: a whole .safetensors file on its way through a quantizer.
 */
#ifndef ULPLAB_CLI_QUANTIZE_FILE_H
#define ULPLAB_CLI_QUANTIZE_FILE_H

#include "block_stream.h"
#include "checkpoint.h"

/* One tensor, and its numbers in the files that are written. */
typedef struct {
  const ulp_tensor *x;
  bool chosen;
  bool bits; /* its codes lie without gaps */
  size_t codes, scales, nested, offset, global, zeros, values;
} quantize_item;

typedef struct {
  const quantize_request *rq;
  ulp_file *file;
  ulp_quantizer q;
  char spec[800];
  quantize_item *items;
  size_t count;
  cli_outputs set;
  checkpoint_file codes, values;
  ulp_output *report;
  cli_table table;
} quantize_work;

/* Marks the tensors that are asked for (quantize_plan.c). */
ulp_status quantize_choose(quantize_work *w, ulp_error *e);
/* Announces all tensors to w->codes and w->values. */
ulp_status quantize_place(quantize_work *w, ulp_error *e);

#endif
