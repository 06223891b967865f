/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `identify` on a captured case.
 */
#ifndef ULPLAB_GPU_GEMM_BLIND_H
#define ULPLAB_GPU_GEMM_BLIND_H

#include "gemm_case.h"

typedef struct {
  size_t candidates, exact; /* tried; that give every output */
  bool right, first;        /* the order named is among those, and leads */
  char leader[80];          /* of those: the first, and its cuts */
} blind_result;

/* in->d holds all of D.  name: the order that made it.  False: `identify`
 * refused, or there was no memory. */
bool gemm_blind(const gemm_case *c, const gemm_inputs *in, const char *name,
                blind_result *r);

#endif
