/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The oracle: what a number must become, told by a second method.
 *
 * It shares no code and no table with formats/.  A format is described here
 * by the codes that its specification prints (the greatest finite code, the
 * code of infinity), every finite code's value is put on a ladder in
 * ascending order, and a number is rounded by searching the ladder and
 * comparing with the exact midpoint of the two neighbours.  Values,
 * midpoints and probabilities are exact: MPFR with checked ternary values,
 * and GMP rationals.  Doubles are used only where MPFR has shown them exact.
 *
 * From formats.h it takes the enums and the fields of ulp_profile: they are
 * the question, not the answer.
 */
#ifndef ULPLAB_TESTS_ORACLE_H
#define ULPLAB_TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#define MPFR_USE_INTMAX_T
#include <gmp.h>
#include <mpfr.h>

#include "formats.h"

typedef struct {
  /* ---- the description, from the specification ---- */
  char name[ULP_NAME_SIZE];
  char kind; /* 'f' float, 'i' integer, 'c' codebook */
  int bits, exp_bits, man_bits, bias;
  bool sign;
  uint64_t max_mag;   /* code of the greatest finite value, sign bit clear */
  uint64_t inf_mag;   /* code of +Inf; 0: there is none */
  char negative_zero; /* '0' it is -0, 'n' NaN, 'u' unused, '-' unsigned */
  bool no_zero;       /* exponent field 0 is an ordinary binade */
  bool flush;         /* magnitudes 1 .. 2^man_bits - 1 are unused */
  bool symmetric;     /* integer: the most negative code is unused */
  const char *greatest; /* decimal, as the specification prints it; or NULL */
  const char *least;    /* the least positive value, the same way */
  const char *source;
  /* ---- the ladder, made by oracle_prepare ---- */
  int64_t rmin, rmax; /* ranks of the lowest and the greatest finite value */
  double *value;      /* by rank - rmin + 1, one more at each end; or NULL */
  double *middle;     /* middle[k] lies between value[k] and value[k + 1] */
  double *book;       /* codebook: by code */
  int *book_code;     /* codebook: code by rank - rmin */
  int book_negative_zero; /* codebook: the code of -0; 0: there is none */
} oracle_format;

/* The description of a format by its name (any row of the table), or false:
 * then a test that walks the table must fail. */
bool oracle_find(const char *name, oracle_format *o);
/* P3109 draft: Binary{K, P, signedness, domain}. */
void oracle_p3109(oracle_format *o, int k, int p, bool is_signed, bool extended);
/* [u]eEmM in one of four styles: "" (IEEE), "fn", "fnuz", "f". */
void oracle_invented(oracle_format *o, bool is_signed, int e, int m, int bias,
                     const char *style);

/* Fills the ladder; builds the double arrays for formats of up to 22 bits
 * whose values and midpoints MPFR shows to be exact doubles. */
void oracle_prepare(oracle_format *o);
void oracle_clear(oracle_format *o);

/* ---- codes --------------------------------------------------------------- */

ulp_class oracle_class(const oracle_format *o, uint64_t code);
/* The value of a finite or unused code. */
void oracle_value(const oracle_format *o, uint64_t code, mpfr_t out);
/* The sign bit (of a float) or sign of the value. */
bool oracle_negative(const oracle_format *o, uint64_t code);
/* The value on a rung; rmin - 1 and rmax + 1 are where a float would go on. */
void oracle_rung(const oracle_format *o, int64_t rank, mpfr_t out);

/* ---- rounding -------------------------------------------------------------- */

/* Where a finite x lies: rungs at or below and above. */
typedef struct {
  bool negative; /* the sign of x, of a zero too */
  bool exact;    /* x is the rung `rank` */
  int64_t rank;  /* greatest rung <= x, rmin - 2 when below all of them */
  int half;      /* x compared with the middle of rank and rank + 1 */
} oracle_place;

oracle_place oracle_search(const oracle_format *o, mpfr_srcptr x);
oracle_place oracle_search_f64(const oracle_format *o, double x);

/* The rung chosen in a deterministic mode; beyond [rmin, rmax] is overflow.
 * ties_up: ulp_profile's binade_ties_up. */
int64_t oracle_choose(const oracle_format *o, const oracle_place *p,
                      ulp_mode mode, bool ties_up);
/* The code for the rung, overflow and all. */
uint64_t oracle_finish(const oracle_format *o, const oracle_place *p,
                       int64_t rung, ulp_mode mode, ulp_overflow overflow,
                       const ulp_profile *profile);
/* What becomes of Inf and NaN; payload left-aligned at bit 63. */
uint64_t oracle_special(const oracle_format *o, bool nan, bool negative,
                        uint64_t payload, ulp_overflow overflow,
                        const ulp_profile *profile);

/* Everything at once, for any double. */
uint64_t oracle_encode(const oracle_format *o, double x, const ulp_rounding *r);

/* ---- stochastic rounding ---------------------------------------------------- */

/* The two rungs that SR chooses between (toward zero, away) and the exact
 * discarded fraction v in [0, 1) between them. */
void oracle_fraction(const oracle_format *o, const oracle_place *p,
                     mpfr_srcptr x, int64_t *down, int64_t *up, mpq_t v);
/* Of R = 0 .. 2^n - 1, how many go up: those with R >= 2^n - the result. */
uint64_t oracle_sr_ups(const mpq_t v, int n, ulp_sr_variant variant);

#endif
