/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * product.h: A, B, C and D of a matrix product in files, with their batch.
 */
#ifndef ULPLAB_CLI_PRODUCT_H
#define ULPLAB_CLI_PRODUCT_H

#include "cli.h"
#include "emu.h"

/* One array of [..., rows, cols], codes of one format. */
typedef struct {
  const char *path; /* NULL: not given */
  ulp_file *file;
  const ulp_tensor *tensor;
  ulp_format format;
  bool transposed;  /* stored as [..., cols, rows] */
  int64_t rows, cols;
  void *codes;      /* of one batch, stored elements, row-major */
} cli_matrix;

typedef struct {
  cli_matrix a, b, c, d; /* [m, k], [n, k], [m, n], [m, n]; d is read, too */
  cli_matrix meta;       /* [m, k], |u1: the k of A's elements, if sparse */
  cli_matrix scale_a, scale_b; /* [m, scales], [n, scales]: block scales */
  const char *layout;    /* of B: nk or kn */
  bool sparse;           /* A is [m, k] and B is [n, 2 k] */
  int scales;            /* block scales of a row; 0: it has none */
  int64_t m, n, k, batches; /* k: of A as stored */
  int threads;
  bool strict;
} cli_product;

#define CLI_PRODUCT_INPUTS(p)                                                  \
  {"a", "A.npy", "the array A, [..., M, K]", cli_read_text, &(p).a.path},      \
  {"b", "B.npy", "the array B, [..., N, K]", cli_read_text, &(p).b.path},      \
  {"c", "C.npy", "the array C, [..., M, N] (default: zeros)", cli_read_text,   \
   &(p).c.path},                                                               \
  {"b-layout", "LAYOUT", "nk (default), or kn: B is [..., K, N]",              \
   cli_read_text, &(p).layout}

#define CLI_PRODUCT_WORK(p)                                                    \
  {"threads", "N", "threads; the answer does not depend on them",              \
   cli_read_threads, &(p).threads},                                            \
  {"strict", NULL, "refuse what was not measured on a GPU", cli_read_flag,     \
   &(p).strict}

#define CLI_PRODUCT_META(p)                                                    \
  {"meta", "I.npy",                                                            \
   "of a sparse instruction: |u1, [..., M, K/2], the k of each element of A, " \
   "which is [..., M, K/2], too; ascending, 2 of every 4 (tf32: 1 of 2)",      \
   cli_read_text, &(p).meta.path}

#define CLI_PRODUCT_SCALES(p)                                                  \
  {"scale-a", "SA.npy",                                                        \
   "of an instruction with block scales: |u1, [..., M, K/block], the codes "   \
   "of A's scales, ue8m0 or ue4m3",                                            \
   cli_read_text, &(p).scale_a.path},                                          \
  {"scale-b", "SB.npy", "the same for B, [..., N, K/block]", cli_read_text,    \
   &(p).scale_b.path}

int cli_default_threads(void);

/* Opens the files that have a path, and checks that shapes and batches agree.
 * Formats are set by the caller in between. */
ulp_status cli_product_open(cli_product *p, ulp_error *e);
/* Checks dtypes against formats and makes room for one batch. */
ulp_status cli_product_prepare(cli_product *p, ulp_error *e);
/* Reads batch i. */
ulp_status cli_product_load(cli_product *p, int64_t i, ulp_error *e);
void cli_product_close(cli_product *p);

/* The header of an [..., M, N] array of f beside A's batch. */
void cli_product_header(const cli_product *p, ulp_output *o,
                        const ulp_format *f);

/* Warns that `what` was not measured, or refuses it if strict. */
ulp_status cli_evidence(const char *command, const char *what,
                        ulp_evidence evidence, const char *source, bool strict,
                        ulp_error *e);

/* Sparse A (sparse.c): whether --meta is there when it should be, has A's
 * shape, and (after loading a batch) holds what it may; and the elements of
 * B, [n, k], that a row of A meets. */
ulp_status cli_sparse_need(const cli_product *p, const char *instr,
                           ulp_error *e);
ulp_status cli_sparse_shape(const cli_product *p, ulp_error *e);
ulp_status cli_sparse_check(const cli_product *p, ulp_error *e);
void cli_sparse_pick(const cli_product *p, size_t row, void *out);

/* Block scales (block_scales.c): whether --scale-a and --scale-b are there
 * when they should be, and have a row for each of A and of B; the scales of
 * the batch from `row` on, or NULL. */
ulp_status cli_block_scales_need(const cli_product *p, const char *instr,
                                 ulp_error *e);
ulp_status cli_block_scales_shape(const cli_product *p, ulp_error *e);
const void *cli_block_scales(const cli_matrix *x, size_t row);

/* Finds an instruction, and sets the formats of what it reads. */
ulp_status cli_find_instruction(cli_product *p, const char *gpu,
                                const char *instr, ulp_mma *out, ulp_error *e);

/* An option that must have been given. */
ulp_status cli_need(const void *value, const char *option, ulp_error *e);

#endif
