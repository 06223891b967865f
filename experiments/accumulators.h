/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The accumulators that experiments/accumulation compares, a row each.
 */
#ifndef ULPLAB_EXPERIMENTS_ACCUMULATORS_H
#define ULPLAB_EXPERIMENTS_ACCUMULATORS_H

#include "experiment.h"
#include "sum_errors.h"

typedef struct {
  const char *name;
  const char *operands;    /* of A and B: "e4m3|bf16" */
  const char *description;
  const char *gpu;         /* "": no hardware */
  const char *order;       /* of emu/orders.c; "model": the instruction;
                              NULL: steps, or the exact sum */
  const char *instr;       /* its operands' names are appended; or NULL */
  bool fast;
  int promote;             /* elements of K; 0: never; -1: the order's own */
  int slices;
  const char *step;        /* format of the accumulator of steps; NULL: the
                              exact sum */
  ulp_mode mode;           /* of a step */
} accumulator;

size_t accumulator_count(void);
const accumulator *accumulator_row(size_t i); /* NULL past the end */
const char *accumulator_name(const void *unused, size_t i);
/* An ulp_word_reader (words.h) that refuses what is no accumulator's name. */
ULP_MUST_CHECK ulp_status accumulator_check(void *unused, size_t i,
                                            const char *word, ulp_error *e);
/* Whether it takes operands of a type. */
bool accumulator_takes(const accumulator *a, const char *operand);
/* How it adds, ready to run. */
ULP_MUST_CHECK ulp_status accumulator_find(const accumulator *a,
                                           const char *operand, sum_way *out,
                                           ulp_error *e);

/* The same of an FDPA instruction of free choice, which also goes to *model;
 * *r must outlive both. */
ULP_MUST_CHECK ulp_status accumulator_model(const ulp_mma_record *r,
                                            const char *operand,
                                            ulp_mma *model, sum_way *out,
                                            ulp_error *e);

#endif
