/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The values of parameters: numbers, whole numbers, shapes, and lists of them.
 * What is refused is refused in one line, "--NAME 'TEXT': expected ...".
 */
#ifndef ULPLAB_EXPERIMENTS_PARAMETERS_H
#define ULPLAB_EXPERIMENTS_PARAMETERS_H

#include "words.h"

/* ---- text --------------------------------------------------------------- */

/* Whether the text is a number and nothing else. */
bool ulp_number_of(double *out, const char *text);
/* Whether it is a whole one, from least to most; 1e3 is one. */
bool ulp_whole_of(int64_t *out, const char *text, int64_t least, int64_t most);
/* Whether it is n numbers with such a character between each two. */
bool ulp_numbers_of(double *out, size_t n, const char *text, char between);

/* ---- one value ---------------------------------------------------------- */

/* Of a number; an open end is not one of them. */
typedef struct {
  double low, high;
  bool open_low, open_high;
} ulp_bounds;
static inline ulp_bounds ulp_from_to(double low, double high)
{
  return (ulp_bounds){low, high, false, false};
}
static inline ulp_bounds ulp_between(double low, double high)
{
  return (ulp_bounds){low, high, true, true};
}

ULP_MUST_CHECK ulp_status ulp_number_read(double *out, const char *name,
                                          const char *text, ulp_bounds b,
                                          ulp_error *e);
ULP_MUST_CHECK ulp_status ulp_whole_read(int64_t *out, const char *name,
                                         const char *text, int64_t least,
                                         int64_t most, ulp_error *e);
/* The parameter's. */
ULP_MUST_CHECK ulp_status ulp_number_parameter(double *out, const ulp_run *run,
                                               const char *name,
                                               ulp_bounds b, ulp_error *e);
/* by_effort: where the text is empty; NULL: it may not be. */
ULP_MUST_CHECK ulp_status ulp_whole_parameter(int64_t *out, const ulp_run *run,
                                              const char *name,
                                              const int64_t by_effort[3],
                                              int64_t least, int64_t most,
                                              ulp_error *e);

/* An axis of a shape; by_effort: where the text is empty. */
typedef struct {
  const char *name; /* in capitals */
  int64_t by_effort[3], least, most;
} ulp_extent;
enum { ULP_EXTENTS = 3 }; /* at most */
ULP_MUST_CHECK ulp_status ulp_shape_parameter(int64_t *out, const ulp_run *run,
                                              const char *name,
                                              const ulp_extent *axes, size_t n,
                                              ulp_error *e);

/* ---- lists -------------------------------------------------------------- */

/* Each gives an array of *count elements, at least one, which is the caller's
 * to free, also after a failure.  *s is what came of it; when it is no longer
 * ULP_OK nothing is read, so that many can follow each other. */

/* Elements of `size` bytes, each read by read(array, i, word), whose message
 * does not have the parameter's name; NULL when out of memory. */
void *ulp_list_read(size_t *count, size_t size, const ulp_run *run,
                    const char *name, ulp_word_reader *read, ulp_status *s,
                    ulp_error *e);
double *ulp_list_numbers(size_t *count, const ulp_run *run, const char *name,
                         ulp_bounds b, ulp_status *s, ulp_error *e);
/* by_effort: where the list is empty; may be NULL. */
int64_t *ulp_list_wholes(size_t *count, const ulp_run *run, const char *name,
                         const char *const by_effort[3], int64_t least,
                         int64_t most, ulp_status *s, ulp_error *e);
/* Signed float formats of up to 24 digits. */
ulp_format *ulp_list_floats(size_t *count, const ulp_run *run,
                            const char *name, ulp_status *s, ulp_error *e);

#endif
