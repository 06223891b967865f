/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/granularity.c: which elements of a tensor share a scale.
 */
#include <stdio.h>
#include <string.h>

#include "analysis.h"

static const char *const names[] = {
    [ULP_PER_TENSOR] = "tensor", [ULP_PER_CHANNEL] = "channel",
    [ULP_PER_TOKEN] = "token",   [ULP_PER_GROUP] = "group",
    [ULP_PER_TILE] = "tile",     [ULP_PER_BLOCK] = "block",
};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

static const char *name_of(const void *list, size_t i)
{
  (void)list;
  return i < NAME_COUNT ? names[i] : NULL;
}

/* Reads decimal digits as 1 .. 2^62; NULL when there is no such number. */
static const char *read_size(const char *text, int64_t *out)
{
  int64_t v = 0;
  const char *p = text;
  for (; *p >= '0' && *p <= '9'; p++) {
    if (v > (INT64_C(1) << 62) / 10) return NULL;
    v = v * 10 + (*p - '0');
  }
  *out = v;
  return v > 0 ? p : NULL;
}

static bool has_shape(ulp_granularity_kind kind)
{
  return kind >= ULP_PER_GROUP;
}

/* What follows the name: "", ":N" or ":RxC". */
static bool read_shape(const char *p, ulp_granularity *g)
{
  g->rows = g->cols = 0;
  if (!has_shape(g->kind)) return *p == '\0';
  if (*p++ != ':') return false;
  if (g->kind == ULP_PER_TILE) {
    p = read_size(p, &g->rows);
    if (!p || *p++ != 'x') return false;
  } else {
    g->rows = 1;
  }
  p = read_size(p, &g->cols);
  return p && *p == '\0';
}

ulp_status ulp_granularity_parse(const char *text, ulp_granularity *out,
                                 ulp_error *e)
{
  char word[16] = "";
  size_t length = strcspn(text, ":");
  if (length < sizeof word) memcpy(word, text, length);
  size_t i = 0;
  while (i < NAME_COUNT && strcmp(names[i], word) != 0)
    i++;
  const char *near = i < NAME_COUNT ? NULL : ulp_nearest(word, name_of, NULL);
  ulp_granularity g = {.kind = (ulp_granularity_kind)i};
  if (i == NAME_COUNT || !read_shape(text + length, &g))
    return ulp_error_set(e, i == NAME_COUNT ? ULP_ENAME : ULP_EINVAL,
                         "granularity '%.60s': expected tensor, channel, "
                         "token, group:N, tile:RxC or block:N%s%s%s",
                         text, near ? "; did you mean '" : "", near ? near : "",
                         near ? "'?" : "");
  *out = g;
  return ULP_OK;
}

void ulp_granularity_format(const ulp_granularity *g, char *out, size_t size)
{
  const char *name = names[g->kind];
  if (g->kind == ULP_PER_TILE)
    snprintf(out, size, "%s:%lldx%lld", name, (long long)g->rows,
             (long long)g->cols);
  else if (has_shape(g->kind))
    snprintf(out, size, "%s:%lld", name, (long long)g->cols);
  else
    snprintf(out, size, "%s", name);
}
