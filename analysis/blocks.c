/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/blocks.c: which elements of an array share a scale.
 *
 * Every granularity is one shape of block over one three-dimensional view of
 * the array, so that what works on blocks knows no other cases.
 */
#include <string.h>

#include "quantizer.h"

/* A block that is all of a dimension is one, if of no element. */
static int64_t parts_of(int64_t size, int64_t part)
{
  return part ? size / part + (size % part != 0) : 1;
}

static void set(ulp_blocks *b, int dimension, int64_t size, int64_t block)
{
  b->size[dimension] = size;
  b->block[dimension] = block;
  b->grid[dimension] = parts_of(size, block);
}

/* The dimensions before and behind axis, as one number each. */
typedef struct {
  int64_t outer, length, inner;
} lines;

static lines lines_of(int axis, int ndim, const int64_t *shape)
{
  lines l = {1, shape[axis], 1};
  for (int i = 0; i < axis; i++)
    l.outer *= shape[i];
  for (int i = axis + 1; i < ndim; i++)
    l.inner *= shape[i];
  return l;
}

static void make_flat(ulp_blocks *b, int64_t count, int64_t n)
{
  set(b, 0, 1, 1);
  set(b, 1, 1, 1);
  set(b, 2, count, n);
}

/* n consecutive elements of each line along axis. */
static void make_group(ulp_blocks *b, lines l, int64_t n)
{
  bool last = l.inner == 1;
  set(b, 0, last ? 1 : l.outer, 1);
  set(b, 1, last ? l.outer : l.length, last ? 1 : n);
  set(b, 2, last ? l.length : l.inner, last ? n : 1);
}

static void make_channel(ulp_blocks *b, lines l)
{
  set(b, 0, l.outer, l.outer);
  set(b, 1, l.length, 1);
  set(b, 2, l.inner, l.inner);
}

static void make_tile(ulp_blocks *b, const ulp_granularity *g, int ndim,
                      const int64_t *shape)
{
  set(b, 0, lines_of(ndim - 2, ndim, shape).outer, 1);
  set(b, 1, shape[ndim - 2], g->rows);
  set(b, 2, shape[ndim - 1], g->cols);
}

/* The shape of the scales. */
static void make_shape(ulp_blocks *b, const ulp_granularity *g, int axis,
                       int ndim, const int64_t *shape)
{
  memcpy(b->shape, shape, sizeof *shape * (size_t)ndim);
  b->ndim = ndim;
  switch (g->kind) {
  case ULP_PER_TENSOR: b->ndim = 0; break;
  case ULP_PER_CHANNEL:
    b->ndim = 1;
    b->shape[0] = shape[axis];
    break;
  case ULP_PER_BLOCK:
    b->ndim = 1;
    b->shape[0] = b->grid[2];
    break;
  case ULP_PER_TOKEN:
    b->ndim = ndim - 1;
    for (int i = axis; i < ndim - 1; i++)
      b->shape[i] = shape[i + 1];
    break;
  case ULP_PER_GROUP: b->shape[axis] = parts_of(shape[axis], g->cols); break;
  case ULP_PER_TILE:
    b->shape[ndim - 2] = b->grid[1];
    b->shape[ndim - 1] = b->grid[2];
    break;
  }
}

ulp_status ulp_blocks_make(ulp_blocks *b, const ulp_granularity *g, int axis,
                           int ndim, const int64_t *shape, ulp_error *e)
{
  ulp_blocks out = {.elements = 1};
  char name[60];
  int need = g->kind == ULP_PER_TENSOR || g->kind == ULP_PER_BLOCK ? 0
             : g->kind == ULP_PER_TILE                             ? 2
                                                                   : 1;
  ulp_granularity_format(g, name, sizeof name);
  if (ndim < need)
    return ulp_error_set(e, ULP_EINVAL,
                         "granularity %s: the array has %d dimension%s, "
                         "expected %d or more",
                         name, ndim, ndim == 1 ? "" : "s", need);
  if (axis == ULP_AXIS_DEFAULT) axis = g->kind == ULP_PER_CHANNEL ? 0 : -1;
  if (need && (axis >= ndim || axis < -ndim))
    return ulp_error_set(e, ULP_EINVAL,
                         "axis %d, but the array has %d dimension%s", axis,
                         ndim, ndim == 1 ? "" : "s");
  if (need == 2 && axis != -1 && axis != ndim - 1)
    return ulp_error_set(e, ULP_EINVAL,
                         "granularity %s: axis %d, expected -1: tiles lie in "
                         "the last two dimensions",
                         name, axis);
  if (axis < 0) axis += ndim;
  for (int i = 0; i < ndim; i++)
    out.elements *= shape[i];
  switch (g->kind) {
  case ULP_PER_TENSOR: make_flat(&out, out.elements, out.elements); break;
  case ULP_PER_BLOCK: make_flat(&out, out.elements, g->cols); break;
  case ULP_PER_CHANNEL: make_channel(&out, lines_of(axis, ndim, shape)); break;
  case ULP_PER_TOKEN:
    make_group(&out, lines_of(axis, ndim, shape), shape[axis]);
    break;
  case ULP_PER_GROUP:
    make_group(&out, lines_of(axis, ndim, shape), g->cols);
    break;
  case ULP_PER_TILE: make_tile(&out, g, ndim, shape); break;
  }
  out.blocks = out.grid[0] * out.grid[1] * out.grid[2];
  make_shape(&out, g, axis, ndim, shape);
  *b = out;
  return ULP_OK;
}

/* Cuts one dimension, whose steps are `unit` elements, into parts of whole
 * blocks; part i. */
static bool cut(const ulp_blocks *b, int dimension, int64_t unit, int64_t most,
                int64_t i, ulp_blocks *part, int64_t *element, int64_t *block)
{
  int64_t step = b->block[dimension], wanted = unit ? most / unit : most;
  int64_t inner = 1; /* blocks in one step of the grid here */
  for (int d = dimension + 1; d < 3; d++)
    inner *= b->grid[d];
  if (wanted > step) step = wanted / step * step;
  if (step == 0 || i >= parts_of(b->size[dimension], step)) return false;
  int64_t from = i * step, left = b->size[dimension] - from;
  *part = *b;
  part->size[dimension] = left < step ? left : step;
  part->grid[dimension] =
      parts_of(part->size[dimension], b->block[dimension]);
  part->elements = part->size[0] * part->size[1] * part->size[2];
  part->blocks = part->grid[0] * part->grid[1] * part->grid[2];
  *element = from * unit;
  *block = from / b->block[dimension] * inner;
  return true;
}

/* Planes together; or, of one plane, rows together; or, of one row, columns. */
bool ulp_blocks_part(const ulp_blocks *b, int64_t most, int64_t i,
                     ulp_blocks *part, int64_t *element, int64_t *block)
{
  int64_t row = b->size[2], plane = b->size[1] * row;
  if (b->elements == 0 || b->elements <= most) {
    *part = *b;
    *element = *block = 0;
    return i == 0 && b->blocks > 0;
  }
  if (b->size[0] > 1) return cut(b, 0, plane, most, i, part, element, block);
  if (b->size[1] > 1) return cut(b, 1, row, most, i, part, element, block);
  return cut(b, 2, 1, most, i, part, element, block);
}

bool ulp_blocks_whole(const ulp_blocks *b)
{
  for (int d = 0; d < 3; d++)
    if (b->block[d] && b->size[d] % b->block[d])
      return false;
  return true;
}
