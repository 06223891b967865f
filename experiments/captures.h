/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All that a folder of captures holds (tests/vectors/README.md), in groups of
 * one instruction, or one kernel and order, of one file.
 */
#ifndef ULPLAB_EXPERIMENTS_CAPTURES_H
#define ULPLAB_EXPERIMENTS_CAPTURES_H

#include "experiment.h"
#include "gemm_orders.h"
#include "vector_match.h"

typedef struct {
  char file[64];    /* in the folder */
  char name[160];   /* the instruction, or the library's kernel */
  gemm_setting setting; /* of a GEMM; name "": an instruction */
  gemm_case gemm;       /* of a GEMM */
  vector_record vector; /* of an instruction */
  char gpu[64];
} capture;

typedef struct {
  capture *list; /* group by group */
  size_t count;
  size_t *first; /* of each group, and then `count` */
  size_t groups;
  size_t unknown; /* cases whose order nobody has named: left out */
  char missing[200]; /* files that a folder should have, or "" */
} captures;

ULP_MUST_CHECK ulp_status captures_read(captures *out, const char *folder,
                                        ulp_error *e);
void captures_free(captures *c);

#endif
