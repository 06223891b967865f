/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lists of words in parameters, and sweeps over several lists.
 */
#ifndef ULPLAB_EXPERIMENTS_WORDS_H
#define ULPLAB_EXPERIMENTS_WORDS_H

#include "experiment.h"

/* Calls read(data, i, word) for the blank-separated words of a list, i from 0
 * on; stops at the first that fails. */
typedef ulp_status ulp_word_reader(void *data, size_t i, const char *word,
                                   ulp_error *e);
ULP_MUST_CHECK ulp_status ulp_words_read(const char *list,
                                         ulp_word_reader *read, void *data,
                                         ulp_error *e);
size_t ulp_words_count(const char *list);
/* Whether the list has the word; an empty list has all. */
bool ulp_words_have(const char *list, const char *word);

/* The formats of up to 16 bits, and the scale rules, of parameter --NAME; *out
 * is the caller's to free, also after a failure. */
ULP_MUST_CHECK ulp_status ulp_words_formats(ulp_format **out, size_t *count,
                                            const ulp_run *run,
                                            const char *name, ulp_error *e);
ULP_MUST_CHECK ulp_status ulp_words_rules(ulp_scale_spec **out, size_t *count,
                                          const ulp_run *run, const char *name,
                                          ulp_error *e);

/* A sweep over every combination of up to ULP_AXES choices; the last axis
 * varies fastest. */
enum { ULP_AXES = 6 };
typedef struct {
  size_t axes, size[ULP_AXES];
} ulp_sweep;
int64_t ulp_sweep_points(const ulp_sweep *s);
void ulp_sweep_at(const ulp_sweep *s, int64_t point, size_t at[ULP_AXES]);

/* The number of a name, for streams of random numbers: FNV-1a, 32 bits (Fowler,
 * Noll, Vo; draft-eastlake-fnv).  It does not change when a table grows. */
uint32_t ulp_name_hash(const char *name);

#endif
