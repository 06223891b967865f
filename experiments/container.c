/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "container.h"

#include <stdlib.h>
#include <string.h>

size_t vector_type_bytes(const char *type)
{
  static const struct {
    const char *name;
    size_t bytes;
  } types[] = {
      {"f64", 8},  {"f32", 4},  {"tf32", 4}, {"s32", 4},  {"u32", 4},
      {"f16", 2},  {"bf16", 2}, {"e4m3", 1}, {"e5m2", 1}, {"s8", 1},
      {"u8", 1},   {"s4", 1},   {"u4", 1},   {"b1", 1},
  };
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
    if (strcmp(type, types[i].name) == 0)
      return types[i].bytes;
  return 0;
}

static void read_option(vector_record *r, const char *value)
{
  char name[32];
  int on;
  if (sscanf(value, "%31s %d", name, &on) != 2)
    return;
  if (strcmp(name, "scale_d") == 0)
    r->scale_d_zero = on == 0;
  else if (strcmp(name, "neg_a") == 0)
    r->neg_a = on;
  else if (strcmp(name, "neg_b") == 0)
    r->neg_b = on;
  else if (strcmp(name, "satfinite") == 0)
    r->satfinite = on;
  else if (strcmp(name, "sparse") == 0)
    r->sparse = on;
}

static void copy(char *to, size_t size, const char *from)
{
  (void)snprintf(to, size, "%s", from);
}

static void read_key(vector_record *r, const char *key, const char *value)
{
  if (strcmp(key, "instr") == 0)
    copy(r->instr, sizeof r->instr, value);
  else if (strcmp(key, "family") == 0)
    copy(r->family, sizeof r->family, value);
  else if (strcmp(key, "sass") == 0)
    copy(r->sass, sizeof r->sass, value);
  else if (strcmp(key, "gpu") == 0)
    copy(r->gpu, sizeof r->gpu, value);
  else if (strcmp(key, "driver") == 0)
    copy(r->driver, sizeof r->driver, value);
  else if (strcmp(key, "tiles") == 0)
    r->tiles = atol(value);
  else if (strcmp(key, "shape") == 0)
    (void)sscanf(value, "%d %d %d", &r->m, &r->n, &r->k);
  else if (strcmp(key, "types") == 0)
    (void)sscanf(value, "%7s %7s %7s %7s", r->type[0], r->type[1], r->type[2],
                 r->type[3]);
  else if (strcmp(key, "option") == 0)
    read_option(r, value);
}

/* An array of count elements; NULL when it is cut short. */
static unsigned char *read_array(FILE *in, size_t count, const char *type)
{
  size_t bytes = vector_type_bytes(type);
  unsigned char *p = bytes ? malloc(count * bytes + 1) : NULL;
  if (p && fread(p, bytes, count, in) != count) {
    free(p);
    return NULL;
  }
  return p;
}

static int malformed(const vector_record *r, const char *what, ulp_error *e)
{
  ulp_error_set(e, ULP_EFORMAT, "vectors: record '%s' (%s): %s", r->instr,
                r->family, what);
  return -1;
}

static bool plausible(const vector_record *r)
{
  return r->tiles > 0 && r->tiles < 100000000 && r->m > 0 && r->m <= 64 &&
         r->n > 0 && r->n <= 256 && r->k > 0 && r->k <= 256;
}

int vector_read(FILE *in, vector_record *r, ulp_error *e)
{
  char line[256];
  size_t t, m, n, k, stored;
  memset(r, 0, sizeof *r);
  if (!fgets(line, sizeof line, in))
    return 0;
  if (strcmp(line, "ulplab-vectors 1\n") != 0)
    return malformed(r, "expected 'ulplab-vectors 1'", e);
  while (strcmp(line, "end\n") != 0) {
    char *value;
    if (!fgets(line, sizeof line, in))
      return malformed(r, "header without 'end'", e);
    line[strcspn(line, "\n")] = '\0';
    value = strchr(line, ' ');
    if (value)
      *value++ = '\0';
    else if (strcmp(line, "end") == 0)
      break;
    read_key(r, line, value ? value : "");
  }
  if (!plausible(r))
    return malformed(r, "tiles or shape out of range", e);
  t = (size_t)r->tiles, m = (size_t)r->m, n = (size_t)r->n, k = (size_t)r->k;
  stored = r->sparse ? k / 2 : k;
  r->a = read_array(in, t * m * stored, r->type[0]);
  r->b = r->a ? read_array(in, t * n * k, r->type[1]) : NULL;
  if (r->b && r->sparse)
    r->index = read_array(in, t * m * stored, "u8");
  r->c = r->b ? read_array(in, t * m * n, r->type[2]) : NULL;
  r->d = r->c ? read_array(in, t * m * n, r->type[3]) : NULL;
  if (!r->d || (r->sparse && !r->index)) {
    vector_free(r);
    return malformed(r, "arrays cut short or of an unknown type", e);
  }
  return 1;
}

void vector_free(vector_record *r)
{
  free(r->a);
  free(r->b);
  free(r->index);
  free(r->c);
  free(r->d);
  r->a = r->b = r->index = r->c = r->d = NULL;
}
