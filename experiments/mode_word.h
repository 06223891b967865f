/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rounding modes as parameters spell them, and what theory says of each.
 *
 * Nothing here calls the code that rounds: it is the other side of the
 * comparison.
 */
#ifndef ULPLAB_EXPERIMENTS_MODE_WORD_H
#define ULPLAB_EXPERIMENTS_MODE_WORD_H

#include "experiment.h"

enum { ULP_MODE_WORD_SIZE = 16 };
typedef struct {
  char word[ULP_MODE_WORD_SIZE];
  ulp_rounding rounding; /* mode, sr_bits and sr_variant; the rest is 0 */
} ulp_mode_word;

/* "rne", ...; "sr" is exact stochastic rounding, "sr:8B" has 8 random bits
 * and P3109's variant B (without a letter: A). */
ULP_MUST_CHECK ulp_status ulp_mode_word_read(ulp_mode_word *out,
                                             const char *word, ulp_error *e);
/* All words of a list; *out is the caller's to free, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_mode_words_read(ulp_mode_word **out,
                                              size_t *count, const char *list,
                                              ulp_error *e);

/* The chance that a magnitude at fraction v, 0 <= v < 1, of the way from one
 * magnitude to the next goes up; `odd`: the lower one has the odd code. */
double ulp_up_chance(const ulp_rounding *r, bool odd, bool negative, double v);

/* The same, averaged over v uniform on (0, 1) and over both parities: mean
 * and mean square of the error, in gaps, away from zero being positive. */
typedef struct {
  double mean, square;
} ulp_uniform_error;
ulp_uniform_error ulp_uniform_error_of(const ulp_rounding *r, bool negative);

/* The probability of a count at least as far out as `ups` of n draws that go
 * up with chance p: the lesser of the two exact binomial tails, doubled. */
double ulp_binomial_test(int64_t ups, int64_t n, double p);
/* Both tails of the normal distribution beyond 3 standard errors. */
extern const double ulp_three_sigma_tail;

/* The stream of random numbers of what a text describes. */
uint64_t ulp_text_stream(const char *text);

#endif
