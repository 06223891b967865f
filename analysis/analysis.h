/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/analysis.h: measuring what a format does to numbers.
 *
 * On top of formats.h (the codes) and tensor.h (the files): a one-pass
 * summary of a tensor, scales chosen from it, error statistics, and
 * reproducible samples from known distributions.
 */
#ifndef ULPLAB_ANALYSIS_H
#define ULPLAB_ANALYSIS_H

#include <gsl/gsl_rng.h>

#include "formats.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- summary: one streamed pass over a tensor --------------------------- */

/* Counts, moments and a histogram of |x| whose bins are 2^-12 of their value
 * wide (the leading bits of the f64), from 2^-150 to 2^128; smaller
 * magnitudes fall in the first bin, larger ones in the last.  Each bin keeps
 * count, sum and sum of squares, so the squared error of any quantizer is
 * exact but for the bins that a decision boundary cuts.  One thread adds;
 * when it is done, any number may ask. */
typedef struct ulp_summary ulp_summary;
ulp_summary *ulp_summary_new(void); /* NULL when out of memory */
void ulp_summary_free(ulp_summary *s);
void ulp_summary_reset(ulp_summary *s);
void ulp_summary_add(ulp_summary *s, const double *x, size_t n);

typedef struct {
  uint64_t count, nan, inf, zero; /* count: all elements */
  double amax, min, max;          /* of the finite ones; 0 when there are none */
  double mean, rms;               /* of the finite ones */
} ulp_moments;
ulp_moments ulp_summary_moments(const ulp_summary *s);
/* The value below which p percent of the finite |x| lie, interpolated in its
 * bin, so right to 2^-12 of itself; never above amax.  p in [0, 100]. */
double ulp_summary_percentile(const ulp_summary *s, double p);

/* ---- scales ------------------------------------------------------------- */

/* x is encoded as x / scale.  max = ulp_max(f), emax = floor(log2 max). */
typedef enum {
  ULP_SCALE_NONE,       /* 1 */
  ULP_SCALE_FIXED,      /* the parameter */
  ULP_SCALE_AMAX,       /* amax / max */
  ULP_SCALE_PERCENTILE, /* percentile(parameter) / max */
  ULP_SCALE_MSE,        /* least squared error of RNE with saturation */
  ULP_SCALE_FLOOR,      /* 2^(floor(log2 amax) - emax), OCP MX v1.0 6.3 */
  ULP_SCALE_CEIL,       /* 2^(ceil(log2 amax) - emax) */
  ULP_SCALE_RCEIL,      /* 2^ceil(log2(amax / max)) */
  ULP_SCALE_EVEN        /* 2^(floor(log2 of amax rounded to man_bits) - emax);
                           integers: to the bits below max's leading one;
                           codebooks: to none */
} ulp_scale_rule;

typedef struct {
  ulp_scale_rule rule;
  double parameter;
} ulp_scale_spec;

const char *ulp_scale_rule_name(size_t i); /* NULL past the end */
/* "amax", "mse", "percentile:99.9", "fixed:0.25", ... */
ULP_MUST_CHECK ulp_status ulp_scale_parse(const char *text, ulp_scale_spec *out,
                                          ulp_error *e);
/* Writes the spec as ulp_scale_parse reads it. */
void ulp_scale_format(const ulp_scale_spec *spec, char *out, size_t size);
/* The scale for a tensor of which only the summary is known; an all-zero (or
 * empty, or all-NaN) one gets 1.  Under every rule but NONE and FIXED the
 * result is an f32, rounded to nearest, from 2^-126 to FLT_MAX (for powers of
 * two to 2^127); what lies outside gets the limit.  A percentile of 0 (more
 * zeros than that) stands for amax.  MSE is amax for formats of more than 16
 * bits, and NaN, which ulp_encode_array refuses, when out of memory. */
double ulp_scale_choose(const ulp_format *f, const ulp_scale_spec *spec,
                        const ulp_summary *s);
/* Mean squared error that f would leave at this scale, RNE and saturating,
 * estimated from the summary.  NaN for f of more than 16 bits, for a summary
 * without finite elements, and when out of memory. */
double ulp_scale_mse(const ulp_format *f, double scale, const ulp_summary *s);

/* ---- granularity: how many elements share a scale ----------------------- */

typedef enum {
  ULP_PER_TENSOR, ULP_PER_CHANNEL, ULP_PER_TOKEN, ULP_PER_GROUP, ULP_PER_TILE,
  ULP_PER_BLOCK
} ulp_granularity_kind;
typedef struct {
  ulp_granularity_kind kind;
  int64_t rows, cols; /* GROUP, BLOCK: 1 x N; TILE: R x C; else 0 */
} ulp_granularity;
/* "tensor", "channel", "token", "group:N", "tile:RxC", "block:N"; quantizer.h
 * says which elements these are. */
ULP_MUST_CHECK ulp_status ulp_granularity_parse(const char *text,
                                                ulp_granularity *out,
                                                ulp_error *e);
/* Writes g as ulp_granularity_parse reads it. */
void ulp_granularity_format(const ulp_granularity *g, char *out, size_t size);

/* ---- error statistics --------------------------------------------------- */

/* Sums over pairs (x, y) with x finite, in double-double, so that their order
 * of magnitude is right to the last digit printed.  Plain data: zero it to
 * begin; adding chunk by chunk in a fixed order gives the same bits. */
typedef struct { double hi, lo; } ulp_dd;
typedef struct {
  uint64_t count;     /* finite x */
  uint64_t clipped;   /* x beyond the range, by more than rounding reaches */
  uint64_t flushed;   /* x != 0 but y == 0 */
  uint64_t exact;     /* y == x */
  uint64_t nonfinite; /* finite x that became NaN or Inf (not in the sums) */
  double max_error;   /* max |y - x| */
  ulp_dd x2, e2, e1, x4, e4, x2e2; /* sums of x^2, e^2, e, ... ; e = y - x */
  ulp_dd e2_clipped;  /* the part of e2 due to clipped elements */
} ulp_error_sums;
/* The x that are not clipped: up to half a unit in the last place beyond the
 * greatest and the lowest value of f, times scale. */
typedef struct { double low, high; } ulp_range;
ulp_range ulp_clip_range(const ulp_format *f, double scale);
void ulp_error_sums_add(ulp_error_sums *s, const double *x, const double *y,
                        size_t n, ulp_range kept);

/* Adds what `more` has seen, as if after s; in the same order the same bits. */
void ulp_error_sums_merge(ulp_error_sums *s, const ulp_error_sums *more);

typedef struct {
  double snr_db;         /* 10 log10(sum x^2 / sum e^2); +Inf when e = 0; NaN
                            when no element was measured */
  double snr_db_ci95;    /* half width of the 95% interval, delta method for
                            independent elements; 0 when snr_db is not
                            finite */
  double bias;           /* mean e */
  double bias_ci95;
  double rmse, max_error;
  double clipped, flushed;    /* fractions of count */
  double clipped_noise_share; /* of e^2 */
} ulp_error_report;
ulp_error_report ulp_error_sums_report(const ulp_error_sums *s);

/* Encodes, decodes and measures x (n values) against itself: the error of
 * format f at a scale.  `work` holds 2n doubles.  index: of x[0], for SR. */
ULP_MUST_CHECK ulp_status ulp_measure_chunk(ulp_error_sums *sums,
                                            const ulp_format *f, double scale,
                                            const ulp_rounding *r,
                                            const double *x, size_t n,
                                            uint64_t index, double *work);

/* ---- random numbers and samples ----------------------------------------- */

/* pcg32 as a GSL generator ("pcg32"): gsl_rng_set(r, seed) is
 * ulp_pcg32_seed(seed, 54), the stream of O'Neill's demo programs. */
extern const gsl_rng_type *const ulp_gsl_rng_pcg32;
/* Restarts r, which must be of that type, at (seed, stream). */
void ulp_gsl_rng_pcg32_seed(gsl_rng *r, uint64_t seed, uint64_t stream);

/* One row a distribution.  Samples are f64 whose every bit is the same on
 * every machine: logarithms, exponentials and cube roots are MPFR's, correctly
 * rounded, the rest is + - * / sqrt. */
typedef struct {
  const char *name;        /* "gaussian" */
  const char *description; /* density and parameters, one line */
} ulp_distribution;
const ulp_distribution *ulp_distribution_row(size_t i); /* NULL past the end */
/* Fills out[0..n-1], rounded to f32 if round_f32, from (seed, stream). */
ULP_MUST_CHECK ulp_status ulp_sample(const char *distribution, double *out,
                                     size_t n, bool round_f32, uint64_t seed,
                                     uint64_t stream);

#ifdef __cplusplus
}
#endif
#endif
