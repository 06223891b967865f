/* SPDX-License-Identifier: MIT
 *
 * A layout's map, read for one matrix.
 */
#ifndef ULPLAB_LAYOUT_MAP_H
#define ULPLAB_LAYOUT_MAP_H

#include "layout.h"

enum { ULP_MAP_DIGITS = 8, ULP_MAP_PLANES = 2 };

typedef struct {
  bool of_col;        /* else of the row */
  int64_t div, size;  /* the value is (index / div) % size */
  int64_t weight;     /* of one step */
  const char *places; /* of its values, as characters; NULL: in order */
} ulp_digit;

typedef struct {
  int count;
  int64_t size; /* all combinations */
  ulp_digit digit[ULP_MAP_DIGITS];
} ulp_digits;

typedef struct {
  unsigned low, bits; /* bits low .. low+bits-1 of a code */
  int64_t base;       /* bits of the line before the plane */
  ulp_digits slots;
} ulp_plane;

typedef struct {
  ulp_digits lines;
  int planes;
  ulp_plane plane[ULP_MAP_PLANES];
  int64_t line_bytes; /* a whole number of words */
} ulp_map;

/* Reads l->map for codes of `bits` bits; rows and cols are multiples of the
 * layout's, and the whole is known to fit an int64_t of bits. */
void ulp_map_read(ulp_map *m, const ulp_layout *l, unsigned bits, int64_t rows,
                  int64_t cols);

/* What row or column `index` adds to an element's number. */
int64_t ulp_digits_part(const ulp_digits *d, bool of_col, int64_t index);

#endif
