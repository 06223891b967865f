/* SPDX-License-Identifier: MIT
 *
 * ulplab/layout.h: the orders in which codes and scales are shipped.
 *
 * A layout takes a matrix of codes, rows x cols in C order, one code an
 * element, to packed bytes.  Each is a row of one table
 * (formats/layout_table.c) that names the file and the function it follows.
 * Nothing but the order is here: what the codes mean, and the scales beside
 * them, are other tables' business.
 *
 * The order is a map of digits.  Element (r, c) falls into digits "r/D%S"
 * and "c/D%S": (index / D) % S, where D is 1 if left out, and a digit without
 * "%S" takes all that the padded matrix leaves.  They stand from the slowest
 * to the fastest:
 *
 *     r/16 | c/64 c%8 r/2%4 c/16%4 r%2 c/8%2 r/8%2          (Marlin)
 *
 * Left of the '|' they number the lines, right of it the slots of a line.  A
 * line is a stream of bits, slot after slot, that begins at a whole word.
 * "[1023]" behind a digit gives the places of its values 0, 1, 2, ...; "4+1:"
 * before slots says that they hold one bit of each code, from bit 4 on, and
 * ';' that another such plane follows in the same line.
 */
#ifndef ULPLAB_LAYOUT_H
#define ULPLAB_LAYOUT_H

#include "formats.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *name;
  const char *aliases; /* other names, separated by blanks; may be "" */
  const char *map;     /* the order, as above */
  const char *source;  /* repository, file and function that it follows */
  uint64_t widths;     /* bit n-1: codes of n bits are allowed, n 1..64 */
  uint8_t word_bits;   /* of the packed integers: 8 or 32, or 0: those of a
                          code (scales of 16 and 32 bits) */
  uint16_t row_multiple, col_multiple; /* of the matrix */
  uint8_t head;    /* the packed array's first dimension is lines * head;
                      0: the matrix's rows */
  uint8_t tail;    /* its last dimension; 0: none, it has two */
  bool pads;       /* fills up with zeros to the multiples, else such a
                      matrix is refused */
  bool offset;     /* the codes are two's complement and are shipped with
                      2^(bits-1) added (offset binary) */
  bool high_first; /* bits fill each byte from its high end */
  bool across;     /* word w of line l is number w * lines + l: the lines
                      are the columns of the packed array */
  bool flat;       /* an array of any shape is packed as one row */
} ulp_layout;

/* The table: rows 0 .. ulp_layout_count()-1, NULL beyond. */
size_t ulp_layout_count(void);
const ulp_layout *ulp_layout_row(size_t i);
/* By name or alias, in any case; ULP_ENAME if there is none, and then *near
 * (may be NULL) is the nearest name, or NULL. */
ULP_MUST_CHECK ulp_status ulp_layout_find(const char *name,
                                          const ulp_layout **out,
                                          const char **near);

/* The only width of code that a layout takes, or 0 when it takes several. */
unsigned ulp_layout_width(const ulp_layout *l);

/* What a matrix becomes. */
typedef struct {
  uint64_t bytes;     /* of the packed matrix */
  unsigned word_bits; /* of its elements, little-endian */
  int ndim;           /* 2 or 3 */
  int64_t shape[3];
} ulp_packed;

/* The packed form of rows x cols codes of `bits` bits.  ULP_EINVAL when the
 * layout does not take them: then `why` (may be NULL), of why_size bytes, says
 * in one line what was expected. */
ULP_MUST_CHECK ulp_status ulp_layout_plan(const ulp_layout *l, ulp_packed *out,
                                          unsigned bits, int64_t rows,
                                          int64_t cols, char *why,
                                          size_t why_size);

/* Packs and unpacks a matrix of codes, which are elements of 1, 2, 4 or 8
 * bytes, the fewest that hold `bits`; higher bits are ignored on packing and
 * zero after unpacking.  `packed` has the bytes of the plan; what pads it is
 * zero after packing and ignored on unpacking, which is the exact inverse.
 * in and out do not overlap.  Return as ulp_layout_plan does. */
ULP_MUST_CHECK ulp_status ulp_layout_pack(const ulp_layout *l, uint8_t *packed,
                                          const void *codes, unsigned bits,
                                          int64_t rows, int64_t cols);
ULP_MUST_CHECK ulp_status ulp_layout_unpack(const ulp_layout *l, void *codes,
                                            const uint8_t *packed,
                                            unsigned bits, int64_t rows,
                                            int64_t cols);

#ifdef __cplusplus
}
#endif
#endif
