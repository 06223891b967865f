/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench.h: what the benches of `ulplab bench` share.
 *
 * A bench is a row of its group's table.  Its function makes the data and
 * gives bench_measure one case, or several, each of two sides: what is timed,
 * and the ceiling that it is timed against, in turns.
 */
#ifndef ULPLAB_CLI_BENCH_H
#define ULPLAB_CLI_BENCH_H

#include "cli.h"
#include "gemm.h"
#include "isa.h"
#include "normal_draws.h"

typedef struct bench bench;

typedef struct bench_entry {
  const char *name, *group, *unit, *ceiling, *what;
  ulp_status (*run)(bench *b, const struct bench_entry *x, ulp_error *e);
  const void *spec; /* of the group's own kind */
} bench_entry;

/* The tables, each ending in a row without a name. */
extern const bench_entry bench_gemms[], bench_data_kinds[], bench_mmas[],
    bench_converts[], bench_blocks[], bench_isas[], bench_convert_isas[],
    bench_growths[], bench_models[];

/* ---- timing (bench_run.c) ----------------------------------------------- */

/* Does `size` rows, elements or tokens of the work. */
typedef ulp_status bench_pass(void *data, size_t size, int threads);
/* Compares outputs of the last pass with the reference; ULP_ERANGE with one
 * line in *e where they differ. */
typedef ulp_status bench_check(void *data, size_t size, ulp_error *e);

typedef struct {
  const char *name; /* of a ceiling; NULL: there is none */
  bench_pass *pass;
  void *data;
  ulp_isa isa;
} bench_side;

typedef struct {
  const bench_entry *entry;
  const char *data;  /* which data: "normal", ... */
  const char *shape; /* "%zu" is the size: "%zux1024x4096" */
  size_t size, grain; /* the whole; what it is cut to multiples of */
  double units;      /* of one of `size` */
  double bytes;      /* of arrays, for one of `size`, */
  double bytes_held; /* and whatever the size */
  int threads;
  bench_side ours, ceiling;
  bench_check *check; /* of ours */
} bench_case;

struct bench {
  bool quick, rounds_given;
  int threads, rounds;
  size_t m, n, k;    /* of a product that is not swept */
  const char *model; /* folder; NULL: the reference model */
  double pass_limit; /* seconds that a pass should take at most */
  uint64_t seed;     /* of the outputs that are checked */
  ulp_normals normals; /* of which operands are made */
  bool no_ceiling;   /* a case had none */
  bool different;    /* a check found other bits than the reference's */
  cli_table table;
};

/* Times a case, checks it, and writes its row. */
ulp_status bench_measure(bench *b, const bench_case *c, ulp_error *e);
/* Bytes resident at the most during one call of `pass`, beyond those before;
 * 0 where the system does not tell. */
int64_t bench_peak_bytes(const bench_side *side, size_t size, int threads,
                         ulp_status *status);
/* What ULPLAB_ISA says, else the best of this machine. */
ulp_isa bench_best_isa(void);

/* ---- the ceiling (bench_blas.c) ----------------------------------------- */

bool bench_blas_open(void); /* false: it is not there */
const char *bench_blas_name(void); /* "OpenBLAS sgemm (CORE)", or NULL */
/* d[m, n] = a[m, k] b[n, k]^T; one row: its sgemv. */
void bench_sgemm(float *d, const float *a, const float *b, size_t m, size_t n,
                 size_t k, int threads);

/* ---- data (bench_data.c) ------------------------------------------------ */

typedef enum {
  BENCH_NORMAL,
  BENCH_WIDE,     /* times 2^u, u uniform over most of the format's range */
  BENCH_OUTLIER,  /* one column of 128 times 64 */
  BENCH_POSITIVE, /* the magnitudes */
  BENCH_DATA_KINDS
} bench_data_kind;
const char *bench_data_name(bench_data_kind kind);
/* Makes b->normals, once for all operands. */
ulp_status bench_data_begin(bench *b);
void bench_data_end(bench *b);

/* [rows, cols] stored elements of f, the caller's to free; integers are 32
 * times as large.  Different streams give different elements. */
ulp_status bench_codes(const bench *b, void **out, const ulp_format *f,
                       size_t rows, size_t cols, bench_data_kind kind,
                       uint64_t stream, ulp_error *e);
/* Normal numbers; never fails but for memory. */
ulp_status bench_floats(const bench *b, float **out, size_t n, uint64_t stream,
                        ulp_error *e);
/* A word by chance below n, another at each call. */
size_t bench_chance(uint64_t *seed, size_t n);

/* ---- references (bench_reference.c) ------------------------------------- */

/* D[i][j], by ulp_mma_dot and the definition of the order (emu/gemm.h).
 * ULP_EINVAL: an order that is not described there. */
ulp_status bench_gemm_output(const ulp_gemm *g, const ulp_gemm_data *x,
                             size_t i, size_t j, uint64_t *code);
/* The same of ulp_scaled_run. */
uint64_t bench_scaled_output(const ulp_scaled_data *x, size_t i, size_t j);
/* ULP_ERANGE with one line in *e. */
ulp_status bench_differs(ulp_error *e, const char *what, size_t i, size_t j,
                         uint64_t ours, uint64_t reference);

#endif
