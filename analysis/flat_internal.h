/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files behind flat.h share.
 */
#ifndef ULPLAB_ANALYSIS_FLAT_INTERNAL_H
#define ULPLAB_ANALYSIS_FLAT_INTERNAL_H

#include "flat.h"
#include "gemm.h"

/* Writes the line, printf style, on failure; returns status. */
int ulp_flat_say(char *why, size_t why_size, ulp_status status,
                 const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A status whose phrase is all there is to say. */
int ulp_flat_status(char *why, size_t why_size, ulp_status status);

/* Integers of fewer than 8 bits extend their sign. */
void ulp_flat_extend(const ulp_format *f, void *codes, size_t n);

int ulp_flat_threads(int asked);

struct ulp_flat_product {
  bool is_mma;
  ulp_mma mma;
  ulp_gemm gemm;
};

/* Whether an instruction has what it takes, and `rows` rows of metadata that
 * name elements of B. */
ULP_MUST_CHECK int ulp_flat_mma_check(const ulp_flat_product *p, size_t rows,
                                      const uint8_t *meta, const void *sa,
                                      const void *sb, char *why,
                                      size_t why_size);

/* The data of a product whose kinds of scales are as numbered in flat.h. */
ULP_MUST_CHECK int ulp_flat_data(ulp_gemm_data *x, int kind_a, int kind_b,
                                 char *why, size_t why_size);

#endif
