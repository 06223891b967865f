/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/block_strip.c: where blocks lie in an array, and their elements
 * one behind the other.
 */
#include <string.h>

#include "block_strip.h"

/* ---- places ------------------------------------------------------------- */

static void move(ulp_blocks *b, int to, int from)
{
  b->size[to] = b->size[from];
  b->block[to] = b->block[from];
  b->grid[to] = b->grid[from];
}

static void make_one(ulp_blocks *b, int dimension)
{
  b->size[dimension] = b->block[dimension] = b->grid[dimension] = 1;
}

static bool is_one(const ulp_blocks *b, int dimension)
{
  return b->size[dimension] == 1 && b->block[dimension] == 1;
}

/* Of rows that are whole blocks, one behind the other, one row. */
static void join_rows(ulp_blocks *b)
{
  if (b->block[0] != 1 || b->block[1] != 1 || b->size[2] % b->block[2] != 0)
    return;
  b->size[2] = b->elements;
  b->grid[2] = b->blocks;
  make_one(b, 0);
  make_one(b, 1);
}

ulp_blocks ulp_blocks_side_by_side(const ulp_blocks *b)
{
  ulp_blocks v = *b;
  if (v.elements == 0) return v;
  for (int i = 0; i < 2 && is_one(&v, 2); i++) {
    move(&v, 2, 1);
    move(&v, 1, 0);
    make_one(&v, 0);
  }
  join_rows(&v);
  return v;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t extent(const ulp_blocks *b, int dimension)
{
  return least(b->size[dimension], b->block[dimension]);
}

int64_t ulp_blocks_longest(const ulp_blocks *b)
{
  return extent(b, 0) * extent(b, 1) * extent(b, 2);
}

/* Of narrow blocks of many lines more than one cache line's, since each row
 * is far from the next, if their elements stay in the second cache. */
int64_t ulp_blocks_in_batch(const ulp_blocks *b)
{
  enum { BATCH = 4096, TALL = 1 << 19, LINE = 64 };
  int64_t n = ulp_blocks_longest(b), width = extent(b, 2);
  if (n == 0) return 1;
  int64_t most = BATCH / n;
  if (n > width && most * width < LINE)
    most = least(TALL / n, LINE / width);
  return most < 1 ? 1 : least(most, ULP_FORMULA_LANES);
}

ulp_strip ulp_strip_of(const ulp_blocks *b, int64_t i, int64_t most)
{
  int64_t from[3], length[3], column = i % b->grid[2], whole;
  int64_t at[3] = {i / (b->grid[1] * b->grid[2]), i / b->grid[2] % b->grid[1],
                   column};
  for (int d = 0; d < 3; d++) {
    from[d] = at[d] * b->block[d];
    length[d] = least(b->size[d] - from[d], b->block[d]);
  }
  ulp_strip s = {.blocks = 1,
                 .lines = (size_t)(length[0] * length[1]),
                 .length = (size_t)length[2],
                 .rows = length[1],
                 .row_step = b->size[2],
                 .plane_step = b->size[1] * b->size[2]};
  s.n = s.lines * s.length;
  s.at = (from[0] * b->size[1] + from[1]) * b->size[2] + from[2];
  if (s.n == 0) return s;
  whole = b->size[2] / b->block[2]; /* blocks of the row */
  if (column < whole) s.blocks = (size_t)least(whole - column, most);
  return s;
}

int64_t ulp_strip_line(const ulp_strip *s, size_t l)
{
  int64_t line = (int64_t)l;
  if (line < s->rows) return s->at + line * s->row_step; /* no division */
  return s->at + line / s->rows * s->plane_step + line % s->rows * s->row_step;
}

/* ---- lines -------------------------------------------------------------- */

static void copy(const ulp_strip *s, char *room, char *array, size_t size,
                 bool back)
{
  size_t line = s->length * size, block = s->n * size;
  for (size_t l = 0; l < s->lines; l++) {
    char *there = array + ulp_strip_line(s, l) * (int64_t)size;
    for (size_t i = 0; i < s->blocks; i++) {
      char *here = room + i * block + l * line;
      if (back)
        memcpy(there + i * line, here, line);
      else
        memcpy(here, there + i * line, line);
    }
  }
}

void ulp_strip_gather(const ulp_strip *s, void *room, const void *array,
                      size_t size)
{
  void *from = (void *)(uintptr_t)array; /* is only read */
  if (s->length == 1)
    ulp_strip_turn(s, room, from, size, false);
  else
    copy(s, room, from, size, false);
}

void ulp_strip_scatter(const ulp_strip *s, void *array, const void *room,
                       size_t size)
{
  void *from = (void *)(uintptr_t)room;
  if (s->length == 1)
    ulp_strip_turn(s, from, array, size, true);
  else
    copy(s, from, array, size, true);
}
