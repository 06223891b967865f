/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where blocks lie in an array: strips of blocks side by side.
 */
#ifndef ULPLAB_BLOCK_STRIP_H
#define ULPLAB_BLOCK_STRIP_H

#include "quantizer.h"

/* Blocks of one shape, the next one's lines behind the last one's.  Line l of
 * a block is row l % rows of its plane l / rows; elements of a line are
 * neighbours. */
typedef struct {
  size_t blocks;
  size_t lines, length, n; /* of each block; n = lines * length */
  int64_t rows, row_step, plane_step, at;
} ulp_strip;

/* The same blocks in the same order, and the same elements, seen so that as
 * many blocks as possible lie side by side. */
ulp_blocks ulp_blocks_side_by_side(const ulp_blocks *b);
/* Elements of the first block, of which none has more; how many blocks go
 * together, so that a batch stays in a near cache. */
int64_t ulp_blocks_longest(const ulp_blocks *b);
int64_t ulp_blocks_in_batch(const ulp_blocks *b);
/* Block i of b, and up to `most` in all that lie beside it and are as long. */
ulp_strip ulp_strip_of(const ulp_blocks *b, int64_t i, int64_t most);
/* The array's index of line l of the first block; that of block k is
 * k * length further. */
int64_t ulp_strip_line(const ulp_strip *s, size_t l);
/* Elements of `size` bytes, 1, 2 or 4, block by block: from the array to the
 * room, and back. */
void ulp_strip_gather(const ulp_strip *s, void *room, const void *array,
                      size_t size);
void ulp_strip_scatter(const ulp_strip *s, void *array, const void *room,
                       size_t size);
/* Either way where lines have one element (block_turn.c). */
void ulp_strip_turn(const ulp_strip *s, void *room, void *array, size_t size,
                    bool back);

#endif
