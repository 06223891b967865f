/* SPDX-License-Identifier: MIT
 *
 * ulplab/gemm.h: whole matrix products, in the order a named kernel computes
 * them.
 *
 * An order is a row of emu/orders.c.  D[i][j] is computed thus: K is cut into
 * slices (split-K); a slice is a chain of instructions, its accumulator taken
 * out into f32 every `promote` elements of K; slices are added, scaled, and
 * rounded once to the type of D.  K reaches the instructions as `feed` says,
 * filled up with zeros to multiples of their k.  All arithmetic outside the
 * instruction is f32, to nearest even.
 */
#ifndef ULPLAB_GEMM_H
#define ULPLAB_GEMM_H

#include "emu.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  ULP_GEMM_CHAIN, /* instructions of a record */
  ULP_GEMM_FMA,   /* f32 fused multiply-adds, k ascending, from C or +0 */
  ULP_GEMM_LANES, /* 32 chains of those, each taking 4 of K in turn; then lane
                     i adds lane i + 16, then i + 8, 4, 2, 1 */
  ULP_GEMM_EXACT  /* the exact sum, scales and C included, rounded once */
} ulp_gemm_kind;

/* How the first piece becomes y; it can show only in the sign of a zero. */
typedef enum { ULP_FIRST_TAKEN, ULP_FIRST_ADDED } ulp_gemm_first;

/* How a piece p under block scales joins y.  Without them: y + p. */
typedef enum {
  ULP_BLOCKS_REFUSED,  /* the kernel has no block scales */
  ULP_BLOCKS_FMA,      /* fma(p, sa sb, y) */
  ULP_BLOCKS_FMA_LEFT, /* fma(p sa, sb, y) */
  ULP_BLOCKS_MUL_ADD   /* y + (sa sb) p, rounded twice */
} ulp_gemm_blocks;

/* How the scales of rows of A and B join y. */
typedef enum {
  ULP_ROWS_PRODUCT, /* y (sa sb) */
  ULP_ROWS_B_A      /* (y sb) sa, rounded twice */
} ulp_gemm_rows;

/* In which order a slice's K reaches the instructions. */
typedef enum {
  ULP_FEED_ASCENDING,
  ULP_FEED_HEAD,  /* first what K leaves modulo `tile`, filled up to the
                     instruction's k, then whole tiles */
  ULP_FEED_PAIRS, /* of 32 first those with k mod 4 in {0, 1} */
  ULP_FEED_SPLIT  /* x = h + t, h rounded to `convert`, t cut to it; every
                     `promote` of K three times: t by h, h by t, h by h */
} ulp_gemm_feed;

typedef enum {
  ULP_REDUCE_F32,      /* f32 partials, forward from slice 0 */
  ULP_REDUCE_16_PARTS, /* partials rounded to D's type, their sum in f32 */
  ULP_REDUCE_16_SUMS   /* and the running sum rounded to it too */
} ulp_gemm_reduce;

/* Where C joins. */
typedef enum {
  ULP_C_START,   /* the first accumulator */
  ULP_C_EPILOGUE /* an f32 add after the scales */
} ulp_gemm_c;

enum { ULP_SCALES_BLOCK = 128 };

typedef struct {
  const char *name;
  const char *arch;    /* "": any that has the instruction */
  const char *instr;   /* "mma", "wgmma"; "" for FMA, EXACT and the model; its
                          k is the greatest the architecture has for the
                          types */
  int k;               /* its k, where that is not the greatest; or 0 */
  const char *types;   /* of A and B, in any pairing; "": any float */
  const char *convert; /* operands are rounded to this first; or NULL */
  ulp_mode convert_mode;
  const char *acc;     /* result of the instruction; NULL: f32 or s32 */
  ulp_gemm_kind kind;
  ulp_gemm_feed feed;
  int tile;
  int promote;         /* elements of K; 0: never */
  int fast_promote;    /* the same with fast accumulation; -1: no such mode */
  ulp_gemm_first first;
  ulp_gemm_blocks blocks;
  ulp_gemm_rows rows;
  int grain;           /* a slice is ceil(ceil(K/grain)/S)*grain long */
  int fine;            /* the grain where K is no multiple of `grain`; 0: the
                          same */
  int slices;          /* S unless asked otherwise */
  ulp_gemm_reduce reduce;
  ulp_gemm_c c;
  ulp_evidence evidence;
  const char *source;
} ulp_gemm_order;

size_t ulp_gemm_order_count(void);
const ulp_gemm_order *ulp_gemm_order_row(size_t i); /* NULL past the end */
/* The row's name, for lists and ulp_nearest. */
const char *ulp_gemm_order_name(size_t i);
const char *ulp_gemm_reduce_name(size_t i);

/* An order ready to run. */
typedef struct {
  const ulp_gemm_order *order;
  ulp_mma mma;       /* CHAIN */
  ulp_format a, b;   /* of the arrays */
  ulp_format c, out; /* c: float32, or int32 of an integer kernel */
  int promote, slices;
  ulp_gemm_reduce reduce;
} ulp_gemm;

/* What is asked of an order beyond its row; {0} with promote -1 for nothing. */
typedef struct {
  const char *type_a, *type_b; /* NULL: the only ones the row allows */
  const char *out;             /* NULL: f32, or s32 of an integer kernel */
  bool fast;
  int promote;                 /* -1: as the row says */
  int slices;                  /* 0: as the row says */
  const ulp_gemm_reduce *reduce;  /* NULL: as the row says */
  const ulp_mma *model;        /* the instruction of order "model" */
} ulp_gemm_options;

/* On failure `why` holds one line. */
ULP_MUST_CHECK ulp_status ulp_gemm_find(const char *gpu, const char *kernel,
                                        const ulp_gemm_options *options,
                                        ulp_gemm *out, char *why,
                                        size_t why_size);

/* The weaker evidence of the order and of its instruction. */
ulp_evidence ulp_gemm_evidence(const ulp_gemm *g);
/* The length in k of a slice for a K. */
size_t ulp_gemm_slice(const ulp_gemm *g, size_t k);

/* An instruction that is no hardware's: the fields of FDPA in *r (block,
 * align, floor, acc, acc_mode; k is one block), which must outlive *out.  For
 * sweeps of the width of accumulators: "fp22", "e8m10", "f16", "f32". */
ULP_MUST_CHECK ulp_status ulp_mma_model(ulp_mma *out, const ulp_mma_record *r,
                                        const ulp_format *a,
                                        const ulp_format *b, char *why,
                                        size_t why_size);

typedef enum {
  ULP_SCALES_NONE,
  ULP_SCALES_ONE,   /* one number */
  ULP_SCALES_ROWS,  /* one a row of A (of B) */
  ULP_SCALES_1X128, /* one a row and 128 of K */
  ULP_SCALES_128X128
} ulp_gemm_scales;

typedef struct {
  size_t m, n, k;
  const void *a, *b; /* [m, k] and [n, k], stored elements of g->a, g->b */
  const void *c;     /* [m, n] of g->c, or NULL */
  void *d;           /* [m, n] of g->out */
  ulp_gemm_scales kind_a, kind_b;
  const float *scale_a, *scale_b; /* row-major */
} ulp_gemm_data;

/* Rows first_row .. first_row+rows-1 of D; callers on several threads take
 * different rows, and the bytes do not depend on how.  ULP_EINVAL: K is 0 or
 * scales that the order does not have (ulp_gemm_check says which). */
ULP_MUST_CHECK ulp_status ulp_gemm_run(const ulp_gemm *g,
                                       const ulp_gemm_data *x,
                                       size_t first_row, size_t rows);
/* How many rows a caller on so many threads should take at a time: B is decoded
 * or packed in each call, but of order "exact", so that these are as few as
 * there are threads. */
size_t ulp_gemm_part(const ulp_gemm *g, size_t m, int threads);
ULP_MUST_CHECK ulp_status ulp_gemm_check(const ulp_gemm *g,
                                         const ulp_gemm_data *x, char *why,
                                         size_t why_size);

/* ---- block scales ------------------------------------------------------- */

/* A product by an instruction with scales of blocks, again and again over K
 * from +0; zeros, with scales of 1, fill the last. */
typedef struct {
  const ulp_mma *mma;
  size_t m, n, k;
  const void *a, *b;   /* stored elements, [m, k] and [n, k] */
  const void *sa, *sb; /* codes of scales, [m, blocks] and [n, blocks] */
  float *d;            /* [m, count] */
} ulp_scaled_data;
/* Columns first .. first+count-1 of D.  ULP_EINVAL: no such instruction. */
ULP_MUST_CHECK ulp_status ulp_scaled_run(const ulp_scaled_data *x,
                                         size_t first, size_t count);

#ifdef __cplusplus
}
#endif
#endif
