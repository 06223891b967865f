/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dequantize_file.h: a whole .safetensors file of codes on its way back.
 */
#ifndef ULPLAB_CLI_DEQUANTIZE_FILE_H
#define ULPLAB_CLI_DEQUANTIZE_FILE_H

#include "checkpoint.h"

/* A tensor of codes, with what lies beside it. */
typedef struct {
  const ulp_tensor *codes, *scales, *global, *zeros, *nested,
      *offset; /* NULL: it has none */
  bool packed;
  ulp_quantizer q;
  ulp_blocks b;
  ulp_nested n; /* of scales that are quantized in turn */
  int64_t shape[ULP_MAX_DIMS]; /* of the values */
} dequantize_source;

typedef struct {
  const dequantize_request *rq;
  ulp_file *file;
  ulp_quantizer q; /* of --from */
  size_t count;
  size_t *by_name; /* numbers of tensors */
  bool *used; /* codes, or scales of some */
  size_t *number;
  cli_outputs set;
  checkpoint_file out;
} dequantize_work;

/* Finds what tensor i is, and marks what it uses; s->codes is NULL where it is
 * none of codes. */
ulp_status dequantize_find(dequantize_work *w, size_t i, dequantize_source *s,
                           ulp_error *e);

#endif
