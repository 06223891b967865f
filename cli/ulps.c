/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulps.c: distances between codes, and what `compare` counts.
 */
#include "ulps.h"

ulp_status ulps_line_init(ulps_line *l, const ulp_format *f)
{
  if (f->kind == ULP_CODEBOOK && f->bits > 8) return ULP_ERANGE;
  *l = (ulps_line){.format = *f};
  if (f->kind != ULP_CODEBOOK) return ULP_OK;
  /* A code's rank: how many different values are below its own. */
  unsigned n = 1u << f->bits;
  for (unsigned i = 0; i < n; i++)
    for (unsigned k = 0; k < n; k++) {
      bool below = f->codebook[k] < f->codebook[i];
      for (unsigned j = 0; below && j < k; j++)
        below =
            f->codebook[j] < f->codebook[k] || f->codebook[j] > f->codebook[k];
      l->rank[i] += below;
    }
  return ULP_OK;
}

/* The code's place on the line. */
static int64_t place(const ulps_line *l, uint64_t code)
{
  const ulp_format *f = &l->format;
  if (f->kind == ULP_CODEBOOK) return l->rank[code & (ULPS_RANKS - 1)];
  uint64_t sign = UINT64_C(1) << (f->bits - 1);
  if (!f->is_signed) return (int64_t)code;
  if (f->kind == ULP_INTEGER) return (int64_t)(code ^ sign) - (int64_t)sign;
  uint64_t magnitude = code & (sign - 1);
  /* Without subnormals the least normal follows zero. */
  uint64_t first = UINT64_C(1) << f->man_bits;
  if (!f->subnormals && f->zero != ULP_ZERO_NONE)
    magnitude = magnitude < first ? 0 : magnitude - first + 1;
  return code & sign ? -(int64_t)magnitude : (int64_t)magnitude;
}

uint64_t ulps_distance(const ulps_line *l, uint64_t a, uint64_t b)
{
  int64_t p = place(l, a), q = place(l, b);
  return p > q ? (uint64_t)p - (uint64_t)q : (uint64_t)q - (uint64_t)p;
}

unsigned ulps_bucket(uint64_t distance)
{
  if (distance <= 1) return (unsigned)distance;
  return 65u - (unsigned)__builtin_clzll(distance - 1);
}

static bool worse(const ulps_case *a, const ulps_case *b)
{
  if (a->one_nan != b->one_nan) return a->one_nan;
  return a->distance > b->distance;
}

/* Keeps the worst, of equals the first. */
static void keep(ulps_tally *t, const ulps_case *c)
{
  int at = t->worst_count;
  if (at == ULPS_WORST && !worse(c, &t->worst[at - 1])) return;
  if (at == ULPS_WORST)
    at--;
  else
    t->worst_count++;
  for (; at > 0 && worse(c, &t->worst[at - 1]); at--)
    t->worst[at] = t->worst[at - 1];
  t->worst[at] = *c;
}

void ulps_tally_add(ulps_tally *t, const ulps_line *l, int64_t index,
                    uint64_t x, uint64_t y)
{
  ulp_class cx = ulp_unpack(&l->format, x).cls;
  ulp_class cy = x == y ? cx : ulp_unpack(&l->format, y).cls;
  bool x_nan = cx == ULP_CLASS_NAN, y_nan = cy == ULP_CLASS_NAN;
  ulps_case c = {.index = index, .x = x, .y = y, .one_nan = x_nan != y_nan};
  t->count++;
  t->different += x != y;
  t->both_nan += x_nan && y_nan;
  t->nan_bits += x_nan && y_nan && x != y;
  t->x_nan += x_nan && !y_nan;
  t->y_nan += y_nan && !x_nan;
  if (!x_nan && !y_nan) {
    c.distance = ulps_distance(l, x, y);
    t->bucket[ulps_bucket(c.distance)]++;
    t->zero_sign += x != y && cx == ULP_CLASS_ZERO && cy == ULP_CLASS_ZERO;
  }
  if (x != y) keep(t, &c);
}
