/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The vector container that the programs of tests/gpu write: records, each a
 * text header of "key value" lines closed by "end", then raw little-endian
 * arrays A [tiles, m, k], B [tiles, n, k], C and D [tiles, m, n], and for
 * sparse instructions I [tiles, m, k/2] after B.
 */
#ifndef ULPLAB_TESTS_CONTAINER_H
#define ULPLAB_TESTS_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tensor.h"

typedef struct {
  char instr[96], family[48], sass[64], gpu[64], driver[32];
  char type[4][8]; /* A B C D */
  long tiles;
  int m, n, k;
  bool scale_d_zero, neg_a, neg_b, satfinite, sparse;
  unsigned char *a, *b, *index, *c, *d;
} vector_record;

/* Reads the next record: 1 done, 0 at the end of the stream, -1 malformed
 * (one line in *e).  The arrays are malloc'ed. */
int vector_read(FILE *in, vector_record *r, ulp_error *e);
void vector_free(vector_record *r);

/* Bytes of one element of a type as the container stores it; 0 if unknown. */
size_t vector_type_bytes(const char *type);

#endif
