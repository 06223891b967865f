/* SPDX-License-Identifier: MIT
 *
 * Reads the map of a layout: layout.h has its grammar.  The texts are the
 * table's own, so that a wrong one is a bug that tests/check_layout.c shows.
 */
#include "layout_map.h"

#include <stdlib.h>

static int64_t read_number(const char **p)
{
  char *end;
  int64_t n = strtol(*p, &end, 10);
  *p = end;
  return n;
}

/* One digit, at 'r' or 'c'. */
static ulp_digit read_digit(const char **p, int64_t rows, int64_t cols)
{
  ulp_digit d = {.of_col = *(*p)++ == 'c', .div = 1};
  if (**p == '/') ++*p, d.div = read_number(p);
  if (**p == '%')
    ++*p, d.size = read_number(p);
  else
    d.size = (d.of_col ? cols : rows) / d.div;
  if (**p == '[') {
    d.places = ++*p;
    while (*(*p)++ != ']')
      ;
  }
  return d;
}

/* Digits up to the next '|', ';' or the end. */
static void read_digits(ulp_digits *out, const char **p, int64_t rows,
                        int64_t cols)
{
  out->count = 0;
  for (; **p && **p != '|' && **p != ';'; ++*p) {
    while (**p == 'r' || **p == 'c')
      out->digit[out->count++] = read_digit(p, rows, cols);
    if (**p != ' ') break;
  }
  out->size = 1;
  for (int i = out->count - 1; i >= 0; i--) {
    out->digit[i].weight = out->size;
    out->size *= out->digit[i].size;
  }
}

void ulp_map_read(ulp_map *m, const ulp_layout *l, unsigned bits, int64_t rows,
                  int64_t cols)
{
  const char *p = l->map;
  int64_t used = 0, word = l->word_bits ? l->word_bits : bits;
  read_digits(&m->lines, &p, rows, cols);
  m->planes = 0;
  while (*p) {
    ulp_plane *plane = &m->plane[m->planes++];
    plane->low = 0;
    plane->bits = bits;
    p += 2; /* "| " or "; " */
    if (*p >= '0' && *p <= '9') {
      plane->low = (unsigned)read_number(&p);
      ++p;
      plane->bits = (unsigned)read_number(&p);
      p += 2;
    }
    plane->base = used;
    read_digits(&plane->slots, &p, rows, cols);
    used += plane->slots.size * plane->bits;
  }
  m->line_bytes = (used + word - 1) / word * word / 8;
}

int64_t ulp_digits_part(const ulp_digits *d, bool of_col, int64_t index)
{
  int64_t sum = 0;
  for (int i = 0; i < d->count; i++) {
    const ulp_digit *g = &d->digit[i];
    if (g->of_col != of_col) continue;
    int64_t value = index / g->div % g->size;
    sum += (g->places ? g->places[value] - '0' : value) * g->weight;
  }
  return sum;
}
