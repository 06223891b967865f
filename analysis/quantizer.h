/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/quantizer.h: arrays to codes with a scale for each block, in the
 * arithmetic of a named implementation.
 *
 * A quantizer is data: an element format, which elements share a scale, the
 * scale's format, and formulas (formula.h) that give the scale from a block's
 * values and an element from its scale.  The implementations that the suite
 * reproduces are rows of analysis/quantizer_table.c; any other is described
 * in one line of text, see ulp_quantizer_find.
 *
 * Values are f32; f64 arrays are rounded to f32 first.
 */
#ifndef ULPLAB_QUANTIZER_H
#define ULPLAB_QUANTIZER_H

#include "analysis.h"
#include "formula.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- blocks: which elements share a scale ------------------------------- */

/* An array seen as [planes, rows, cols], contiguous, cut into blocks of
 * block[0] x block[1] x block[2], the last ones of each dimension shorter (the
 * only ones, where the array is). */
typedef struct {
  int64_t size[3], block[3], grid[3];
  int64_t elements, blocks;  /* products of size and of grid */
  int ndim;                  /* the array of the scales: its shape */
  int64_t shape[ULP_MAX_DIMS];
} ulp_blocks;

/* The blocks of an array.  axis, negative from the end:
 *   tensor       one block; the scales are a scalar
 *   channel      one for each index of axis (default 0)
 *   token        one for each line along axis (default -1)
 *   group:N      N consecutive elements along axis (default -1)
 *   tile:RxC     R along the last but one dimension, C along the last
 *   block:N      N consecutive elements of the array made flat
 * ULP_EINVAL with one line in *e when axis or the dimensions do not fit. */
enum { ULP_AXIS_DEFAULT = 1000 };
ULP_MUST_CHECK ulp_status ulp_blocks_make(ulp_blocks *b,
                                          const ulp_granularity *g, int axis,
                                          int ndim, const int64_t *shape,
                                          ulp_error *e);
/* Whether none is shorter than the others. */
bool ulp_blocks_whole(const ulp_blocks *b);
/* Part i of at most `most` elements each (one whole line of blocks at least):
 * the blocks of a contiguous stretch of the array, with the number of its
 * first element and of its first block.  False past the last part. */
bool ulp_blocks_part(const ulp_blocks *b, int64_t most, int64_t i,
                     ulp_blocks *part, int64_t *element, int64_t *block);

/* ---- quantizers --------------------------------------------------------- */

/* What a block's amax, lo and hi are taken over. */
typedef enum {
  ULP_OVER_FINITE,  /* its finite values */
  ULP_OVER_NUMBERS, /* NaN left out, as fmax does */
  ULP_OVER_ALL      /* a NaN spreads, as in torch.amax */
} ulp_over;

/* Beside the rounding mode: nearest by midpoints, which are f32. */
typedef enum {
  ULP_TIES_MODE,     /* as `rounding` says */
  ULP_TIES_F32_DOWN, /* up only above the midpoint */
  ULP_TIES_F32_LOW,  /* the same of magnitudes, the sign apart */
  ULP_TIES_F32_EVEN, /* of two neighbours the one with an even place */
  ULP_TIES_F32_GRID, /* down, of the nearest of 65536 values from -1 to 1 */
  ULP_TIES_BNB       /* nf4 and bnb_fp4: constants of bitsandbytes' kernels */
} ulp_ties;

/* What is taken off the scales before they are quantized in turn. */
typedef enum { ULP_OFFSET_NONE, ULP_OFFSET_MEAN, ULP_OFFSET_GIVEN } ulp_offset;

/* Between two scales the one with the less error is taken, the first in
 * ties. */
typedef enum { ULP_JUDGE_MSE, ULP_JUDGE_MAE, ULP_JUDGE_MAX } ulp_judge;

/* The order in which errors are summed, which decides between scales whose
 * errors are near.  Each step makes of a list of numbers a shorter one: the
 * sums of every N neighbours, or N sums of every N-th number; what is left is
 * summed from its first to its last.  No steps: only that. */
enum { ULP_SUM_STEPS = 6, ULP_SUM_LANES = 64 };
typedef struct {
  int count;
  struct {
    bool neighbours;
    int n; /* up to ULP_SUM_LANES */
  } step[ULP_SUM_STEPS];
} ulp_sum_order;

typedef struct {
  char name[96];         /* canonical: finds it again */
  const char *profile, *source; /* source "": of no implementation */
  ulp_format element;
  ulp_rounding rounding; /* of elements */
  ulp_ties ties;
  bool nan_last;         /* of midpoints: NaN is the last code, not the first */
  bool flush;            /* subnormal f32 are zeros, as CUDA's ftz has it */
  double outlier;        /* as large: not in the amax, and code 0; 0: none */
  ulp_granularity granularity;
  int axis;
  bool whole_blocks;     /* the implementation refuses shorter ones */
  ulp_over over;
  ulp_arithmetic arithmetic;
  ulp_format scale;
  ulp_rounding scale_rounding;
  double zero_scale;     /* stands for a scale that is 0; or 0 */
  double percentile;     /* a is that of |x|; 100: the amax */
  int search;            /* candidates of a search; 0: none */
  ulp_judge search_for;
  bool divide;           /* an element is x / factor, else x * factor */
  bool zero_after;       /* the zero point is added after rounding */
  bool bare_zero;        /* a zero loses its sign, as in torch.sign */
  bool fixed;            /* scales and zero points are given, not chosen; a
                            factor that is a formula of a block is then the
                            step between codes, or its reciprocal */
  ulp_formula global;    /* G from A; none: 1 */
  ulp_formula raw;       /* the scale before it is rounded to its format */
  ulp_formula second;    /* another to choose from, if any */
  ulp_formula error;     /* value of a code when they are judged */
  ulp_judge judge;
  ulp_sum_order sum;     /* of the errors of both */
  ulp_formula factor;    /* from s, G (and a) */
  ulp_formula zero;      /* zero point, a whole number; none: 0 */
  ulp_formula decode;    /* a code's value is (q - zero) * decode, or decode
                            itself where that mentions q */
  char nested[100];      /* the quantizer of the scales (f32); "": none */
  ulp_offset offset;
  float offset_given;
} ulp_quantizer;

/* A row of the table: formulas as text, the rest by name; "" is the default
 * that quantizer_find.c states. */
typedef struct {
  const char *name, *aliases, *profile; /* profile "": the default one */
  const char *element, *granularity, *scale;
  const char *settings; /* "key=value ...", as in ulp_quantizer_find */
  const char *source;
} ulp_quantizer_row;

size_t ulp_quantizer_count(void);
const ulp_quantizer_row *ulp_quantizer_row_at(size_t i); /* NULL past the end */

/* NAME[@PROFILE][/KEY=VALUE]...: a row of the table (mxfp8, nvfp4@te), or the
 * name of any element format of up to 16 bits (int4, e2m1), which without a
 * profile is never a row's; with settings:
 *   g=tensor|channel|token|group:N|tile:RxC|block:N   axis=N
 *   scale=FORMAT     of the scales (default float32)
 *   rule=RULE        amax[:D], floor, ceil, rceil, even, minmax,
 *                    percentile:P, mse[:N], mae[:N]; D divides the amax
 *                    (default: the greatest value), N candidates
 *   round= overflow= sr-bits= seed=    of elements; scale-round=,
 *   scale-overflow=  of scales; special= names the profile of formats.h
 *   over=finite|numbers|all   zero-scale=X
 *   arithmetic=f32|f64|bf16   apply=times|over
 *   global= raw= second= error= factor= zero= decode=   formulas
 *   judge=mse|mae|max   zero-point=before|after   outlier=X
 *   ties=mode|f32-down|f32-low|f32-even|f32-grid|bnb   nan=first|last
 *   subnormals=keep|flush   zero-sign=keep|drop
 *   sum=STEP,STEP...    of the errors: xN sums N neighbours, N folds into N
 *                       sums of every N-th (ulp_sum_order)
 *   nested=SPEC      of the array of scales; ',' stands for '/' in SPEC
 *   offset=none|mean|X   taken off the scales before that
 * Later settings override earlier ones and the row's.  ULP_ENAME or ULP_EINVAL
 * with one line in *e. */
ULP_MUST_CHECK ulp_status ulp_quantizer_find(const char *spec,
                                             ulp_quantizer *out, ulp_error *e);
/* One setting of the list above, key and value. */
ULP_MUST_CHECK ulp_status ulp_quantizer_set(ulp_quantizer *q, const char *key,
                                            const char *value, ulp_error *e);

/* Bits an element costs, scales, zero points and global scale counted. */
double ulp_quantizer_bits(const ulp_quantizer *q, const ulp_blocks *b);
bool ulp_quantizer_has_scales(const ulp_quantizer *q);

/* ---- work --------------------------------------------------------------- */

typedef struct {
  void *codes;    /* blocks->elements stored elements of q->element */
  void *scales;   /* blocks->blocks stored elements of q->scale */
  int32_t *zeros; /* the same number; NULL: q has no zero points.  Of a fixed
                     q both are given */
} ulp_quantized;

/* Amax of n more values, as q counts it; begin with 0. */
double ulp_quantizer_amax(const ulp_quantizer *q, double amax, const float *x,
                          size_t n);
/* G of a tensor whose amax is A. */
double ulp_quantizer_global(const ulp_quantizer *q, double amax);

/* Blocks first .. first+n-1 of b, whose x holds b->elements values; index:
 * that of x[0] in the whole array, for stochastic rounding.  Different threads
 * take different blocks; the bytes do not depend on how. */
ULP_MUST_CHECK ulp_status ulp_quantize_blocks(const ulp_quantizer *q,
                                              const ulp_blocks *b,
                                              const ulp_quantized *out,
                                              const float *x, double amax,
                                              double global, int64_t first,
                                              int64_t n, uint64_t index);
/* The values of codes; y and the arrays of `in` do not overlap. */
void ulp_dequantize_blocks(const ulp_quantizer *q, const ulp_blocks *b,
                           float *y, const ulp_quantized *in, double global,
                           int64_t first, int64_t n);

/* ---- scales of scales --------------------------------------------------- */

/* The scales of a quantizer with `nested`, as an array of their own. */
typedef struct {
  ulp_quantizer q;
  ulp_blocks b; /* of the scales, made flat */
  float offset; /* known once they are quantized, or read */
} ulp_nested;

/* The one of the scales of b.  ULP_EINVAL with one line in *e when q has none,
 * or scales that are not f32. */
ULP_MUST_CHECK ulp_status ulp_nested_make(ulp_nested *n, const ulp_quantizer *q,
                                          const ulp_blocks *b, ulp_error *e);
/* Finds the offset and fills the arrays of `out`; then `scales` holds what
 * ulp_nested_dequantize makes of them. */
ULP_MUST_CHECK ulp_status ulp_nested_quantize(ulp_nested *n,
                                              const ulp_quantizer *q,
                                              const ulp_quantized *out,
                                              float *scales);
void ulp_nested_dequantize(const ulp_nested *n, float *scales,
                           const ulp_quantized *in);
/* ---- rotations ---------------------------------------------------------- */

/* y = x diag(s) H16 / 4 of every 16 neighbours, H16 Sylvester's Hadamard
 * matrix, s -1 where a bit of `minus` is set; each the exact value (in f64)
 * rounded once, to `to` (bf16 in the recipes) or, NULL, to f32.  y may be x.
 * ULP_EINVAL when n is no multiple of 16. */
ULP_MUST_CHECK ulp_status ulp_hadamard16(float *y, const float *x, size_t n,
                                         uint16_t minus, const ulp_format *to);
/* Transformer Engine's signs, + + + - + - - - - - - + - + - - (custom_recipes/
 * reference_nvfp4.py, get_wgrad_sign_vector). */
enum { ULP_HADAMARD16_TE = 0xd7e8 };

/* ---- what was lost ------------------------------------------------------ */

/* The x that block i keeps: ulp_clip_range at its scale and zero point.  All
 * of them where its scale is 0, which flushes and does not clip, or NaN. */
ulp_range ulp_block_clip_range(const ulp_quantizer *q, const ulp_quantized *in,
                               double global, int64_t i);
/* Elements of a block that are neighbours are a run; ulp_block_runs are all of
 * b, in the order of the array.  Adds runs first .. first+n-1; kept: of each
 * block of b. */
int64_t ulp_block_runs(const ulp_blocks *b);
void ulp_block_errors_add(ulp_error_sums *s, const ulp_blocks *b,
                          const ulp_range *kept, const float *x,
                          const float *y, int64_t first, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
