/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The magnitudes of a format in order, from decoding its codes.
 */
#include "gaps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

/* ---- making them ------------------------------------------------------- */

static bool is_usable(const ulp_format *f)
{
  if (f->bits > 16)
    return false;
  return f->kind == ULP_INTEGER ||
         (f->kind == ULP_FLOAT && f->subnormals && f->zero != ULP_ZERO_NONE);
}

/* One more of the last binade's steps, as if the exponent had no end. */
static double next_beyond(const ulp_gaps *g)
{
  double max = g->value[g->count - 1];
  if (g->format.kind == ULP_INTEGER)
    return max + g->value[1];
  int exponent;
  frexp(max, &exponent);
  return max + ldexp(1, exponent - 1 - g->format.man_bits);
}

static int64_t magnitudes(const ulp_format *f, bool negative)
{
  bool one_more = negative && f->kind == ULP_INTEGER && !f->symmetric;
  return (int64_t)f->max_code + 1 + one_more;
}

ulp_status ulp_gaps_make(ulp_gaps *g, const char *format, bool negative,
                         ulp_error *e)
{
  char why[300] = "";
  *g = (ulp_gaps){.negative = negative};
  ulp_status s = ulp_format_find(format, &g->format, why, sizeof why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "--formats: %s", why);
  const ulp_format *f = &g->format;
  if (!is_usable(f))
    return ulp_error_set(e, ULP_EINVAL, "--formats: %s: expected an integer, "
                         "or a float with zero and subnormals, of up to 16 "
                         "bits", f->name);
  g->count = negative && !f->is_signed ? 0 : magnitudes(f, negative);
  g->value = calloc((size_t)g->count + 1, sizeof *g->value);
  if (!g->value)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (g->count == 0)
    return ULP_OK;
  for (int64_t i = 0; i < g->count; i++)
    g->value[i] = i <= (int64_t)f->max_code ? ulp_decode(f, (uint64_t)i)
                                            : -ulp_lowest(f);
  g->value[g->count] = next_beyond(g);
  g->normal = f->kind == ULP_INTEGER ? 1 : INT64_C(1) << f->man_bits;
  return ULP_OK;
}

void ulp_gaps_free(ulp_gaps *g)
{
  free(g->value);
  g->value = NULL;
}

static ulp_status add_format(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  ulp_gaps *gaps = data;
  ulp_status s = ulp_gaps_make(&gaps[2 * i], word, false, e);
  return s == ULP_OK ? ulp_gaps_make(&gaps[2 * i + 1], word, true, e) : s;
}

ulp_status ulp_gaps_read(ulp_gaps **out, size_t *formats, const char *list,
                         ulp_error *e)
{
  *formats = ulp_words_count(list);
  *out = calloc(2 * *formats + 1, sizeof **out);
  if (!*out)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  return ulp_words_read(list, add_format, *out, e);
}

void ulp_gaps_free_all(ulp_gaps *gaps, size_t formats)
{
  for (size_t i = 0; gaps && i < 2 * formats; i++)
    ulp_gaps_free(&gaps[i]);
  free(gaps);
}

/* ---- looking up -------------------------------------------------------- */

bool ulp_gap_range(const ulp_gaps *g, ulp_gap_part part, int64_t *first,
                   int64_t *last)
{
  switch (part) {
  case ULP_NORMAL_GAPS:
    *first = g->normal;
    *last = g->count - 2;
    break;
  case ULP_SUBNORMAL_GAPS:
    *first = 1;
    *last = g->normal - 1;
    break;
  case ULP_SUB_UNIT_GAP: *first = *last = 0; break;
  case ULP_OVERFLOW_GAP: *first = *last = g->count - 1; break;
  }
  return g->count > 1 && *first <= *last;
}

ulp_gap_place ulp_gap_find(const ulp_gaps *g, double magnitude)
{
  int64_t low = 0, high = g->count; /* value[low] <= magnitude < value[high] */
  while (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    if (g->value[middle] <= magnitude)
      low = middle;
    else
      high = middle;
  }
  double gap = g->value[low + 1] - g->value[low];
  return (ulp_gap_place){low, gap, (magnitude - g->value[low]) / gap};
}

ulp_gap_outcome ulp_gap_round(const ulp_gaps *g, const ulp_rounding *r,
                              const ulp_gap_place *at)
{
  int64_t i = at->index;
  if (i == g->count - 1)
    return (ulp_gap_outcome){i, i, 0};
  return (ulp_gap_outcome){
      i, i + 1, ulp_up_chance(r, i % 2 != 0, g->negative, at->fraction)};
}
