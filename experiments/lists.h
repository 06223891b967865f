/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parameters that are lists, as arrays.
 *
 * Each gives an array of *count elements, at least one, which is the caller's
 * to free, also after a failure.  *s is what came of it; when it is no longer
 * ULP_OK nothing is read, so that many can follow each other.
 */
#ifndef ULPLAB_EXPERIMENTS_LISTS_H
#define ULPLAB_EXPERIMENTS_LISTS_H

#include "words.h"

/* Elements of `size` bytes, each read by read(array, i, word); NULL when out
 * of memory. */
void *ulp_list_read(size_t *count, size_t size, const ulp_run *run,
                    const char *name, ulp_word_reader *read, ulp_status *s,
                    ulp_error *e);
/* Numbers from low to high. */
double *ulp_list_numbers(size_t *count, const ulp_run *run, const char *name,
                         double low, double high, ulp_status *s, ulp_error *e);
/* Whole ones. */
double *ulp_list_integers(size_t *count, const ulp_run *run, const char *name,
                          double low, double high, ulp_status *s,
                          ulp_error *e);
/* Signed float formats of up to 24 digits. */
ulp_format *ulp_list_floats(size_t *count, const ulp_run *run,
                            const char *name, ulp_status *s, ulp_error *e);
/* A parameter that is one number. */
ulp_status ulp_number_parameter(double *out, const ulp_run *run,
                                const char *name, double low, double high,
                                ulp_error *e);

#endif
