/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recipes.h gives what recipes.py gave (recipes.golden): each line says a
 * matrix and the digest of its codes.
 *
 *   check_recipes GOLDEN
 */
#include "recipes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  char type[16], family[16];
  int stream;
  uint64_t seed, rows, columns, digest;
} line;

static int family_of(const char *name)
{
  for (int i = 0; i < 5; i++)
    if (strcmp(name, ulp_family_names[i]) == 0)
      return i;
  return -1;
}

static uint64_t value(const line *l, uint64_t i)
{
  const ulp_recipe_type *t = ulp_recipe_type_find(l->type);
  if (t)
    return ulp_recipe_code(t, (ulp_family)family_of(l->family), l->seed,
                           l->stream, i / l->columns, l->columns,
                           i % l->columns);
  if (strcmp(l->type, "scale") == 0)
    return ulp_recipe_scale(l->seed, l->stream, i);
  return ulp_recipe_position(l->seed, i, l->rows);
}

static uint64_t digest(const line *l)
{
  uint64_t sum = 0;
  uint64_t count = ulp_recipe_type_find(l->type) ? l->rows * l->columns
                                                 : l->columns;
  for (uint64_t i = 0; i < count; i++)
    sum += ulp_digest_term(i, value(l, i));
  return sum;
}

int main(int argc, char **argv)
{
  char text[160];
  int lines = 0, wrong = 0;
  FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (!f) {
    fprintf(stderr, "usage: check_recipes GOLDEN (a file that can be read)\n");
    return 2;
  }
  while (fgets(text, sizeof text, f)) {
    line l;
    if (text[0] == '#')
      continue;
    if (sscanf(text,
               "%15s %15s %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNx64,
               l.type, l.family, &l.stream, &l.seed, &l.rows, &l.columns,
               &l.digest) != 7) {
      fprintf(stderr, "check_recipes: %s: expected 7 fields: %s", argv[1],
              text);
      return 2;
    }
    lines++;
    if (digest(&l) != l.digest) {
      printf("differs: %s", text);
      wrong++;
    }
  }
  fclose(f);
  printf("%d recipes, %d differ\n", lines, wrong);
  return wrong != 0 || lines == 0;
}
