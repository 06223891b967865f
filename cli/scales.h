/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scales.h: the scale arrays of a matrix product.
 */
#ifndef ULPLAB_CLI_SCALES_H
#define ULPLAB_CLI_SCALES_H

#include "gemm.h"
#include "product.h"

/* Scales of A or of B: a number, or [..., rows], [..., rows, 1],
 * [..., rows, ceil(K/128)] or [..., ceil(rows/128), ceil(K/128)], with the
 * batch of A in front. */
typedef struct {
  const char *path; /* NULL: none */
  ulp_file *file;
  const ulp_tensor *tensor;
  ulp_gemm_scales kind;
  int64_t count; /* of one batch */
  bool shared;   /* one array for every batch */
  float *x;      /* of one batch */
} cli_scales;

#define CLI_SCALE_OPTIONS(sa, sb)                                              \
  {"scale-a", "S.npy",                                                         \
   "scales of A: one number, [M], or blocks, [M, ceil(K/128)]",                \
   cli_read_text, &(sa).path},                                                 \
  {"scale-b", "S.npy",                                                         \
   "scales of B: one number, [N], or blocks, [N, ceil(K/128)] or "             \
   "[ceil(N/128), ceil(K/128)]",                                               \
   cli_read_text, &(sb).path}

/* Opens both; an array that could be rows or blocks (K up to 128) is rows
 * unless the other one can only be blocks. */
ulp_status cli_scales_open(cli_scales *a, cli_scales *b, const cli_product *p,
                           ulp_error *e);
ulp_status cli_scales_load(cli_scales *s, int64_t batch, ulp_error *e);
void cli_scales_close(cli_scales *s);

/* The data of the batch that was loaded; d may be NULL. */
ulp_gemm_data cli_gemm_data(const cli_product *p, const cli_scales *a,
                            const cli_scales *b, void *d);

/* D's type where it was not given: that of the array's dtype. */
const char *cli_type_of(const cli_matrix *x, const char *asked);

#endif
