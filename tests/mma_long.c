/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fast path of every record against the reference, at length:
 *   pairs   every pair of FP8 codes alone at every position of k, in every
 *           record and pairing of FP8 types, with C zero and C ordinary
 *   random  10^8 outputs of random tiles, over all records, pairings of
 *           operand types and families of inputs
 * Prints the counts; fails when an output differs or nothing was compared.
 * usage: mma.long [OUTPUTS [GPU]]: of `random`; records of one GPU only
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu.h"

enum { MAX_K = 256, ROWS = 32, COLS = 40, CODES = 256, SHOW = 20 };

typedef struct {
  long long outputs, wrong;
} count;

/* ---- records --------------------------------------------------------------- */

static int types_in(const char *list)
{
  int n = 1;
  for (; *list; list++)
    n += *list == '|';
  return n;
}

/* A record with its types number a, b and c. */
static bool get(size_t i, int a, int b, int c, ulp_mma *m)
{
  char name[128], why[200];
  const ulp_mma_record *r = ulp_mma_row(i);
  ulp_mma_row_name(r, a, b, c, name, sizeof name);
  if (ulp_mma_find(r->arch, name, m, why, sizeof why) == ULP_OK)
    return true;
  fprintf(stderr, "mma.long: %s\n", why);
  return false;
}

static void show(const ulp_mma *m, const char *what, size_t at,
                 uint64_t reference, uint64_t fast, long long wrong)
{
  if (wrong > SHOW)
    return;
#pragma omp critical
  printf("%s %s m%dn%dk%d %s by %s, C %s, %s, output %zu: reference %llx, "
         "fast %llx\n",
         m->record->arch, m->record->instr, m->m, m->n, m->k, m->a.name,
         m->b.name, m->c.name, what, at, (unsigned long long)reference,
         (unsigned long long)fast);
}

/* A tile of rows x cols both ways. */
static count compare(const ulp_mma *m, const char *what, const void *a,
                     const void *b, const void *c, void *d, size_t rows,
                     size_t cols)
{
  count n = {0};
  size_t k = (size_t)m->k;
  if (ulp_mma_tile(m, d, a, b, c, rows, cols) != ULP_OK) {
    n.wrong = 1;
    return n;
  }
  for (size_t at = 0; at < rows * cols; at++) {
    uint64_t x[MAX_K], y[MAX_K], want, got = ulp_load_code(&m->d, d, at);
    for (size_t i = 0; i < k; i++) {
      x[i] = ulp_load_code(&m->a, a, at / cols * k + i);
      y[i] = ulp_load_code(&m->b, b, at % cols * k + i);
    }
    want = ulp_mma_dot(m, x, y, ulp_load_code(&m->c, c, at), NULL);
    n.outputs++;
    if (want != got)
      show(m, what, at, want, got, ++n.wrong);
  }
  return n;
}

/* ---- pairs ----------------------------------------------------------------- */

static bool is_fp8(const ulp_format *f)
{
  return strcmp(f->name, "float8_e4m3fn") == 0 ||
         strcmp(f->name, "float8_e5m2") == 0;
}

typedef struct {
  unsigned char a[CODES * MAX_K], b[CODES * MAX_K];
  unsigned char c[CODES * CODES * 4], d[CODES * CODES * 4];
} pair_room;

/* All pairs at position k, C = 0 or 1.25 throughout. */
static count pairs_at(const ulp_mma *m, size_t k, bool ordinary)
{
  count n = {.wrong = 1};
  pair_room *room = calloc(1, sizeof *room);
  uint64_t c = ordinary ? ulp_encode_f64(&m->c, 1.25, &(ulp_rounding){0}, 0)
                        : 0;
  if (!room)
    return n;
  for (size_t code = 0; code < CODES; code++)
    room->a[code * (size_t)m->k + k] = room->b[code * (size_t)m->k + k] =
        (unsigned char)code;
  for (size_t i = 0; c && i < CODES * CODES; i++)
    ulp_store_code(&m->c, room->c, i, c);
  n = compare(m, ordinary ? "pairs, C = 1.25" : "pairs, C = 0", room->a,
              room->b, room->c, room->d, CODES, CODES);
  free(room);
  return n;
}

static count pairs_of(const ulp_mma *m)
{
  long long outputs = 0, wrong = 0;
#pragma omp parallel for schedule(dynamic) reduction(+ : outputs, wrong)
  for (int i = 0; i < 2 * m->k; i++) {
    count n = pairs_at(m, (size_t)(i / 2), i % 2);
    outputs += n.outputs;
    wrong += n.wrong;
  }
  return (count){outputs, wrong};
}

/* ---- random tiles ------------------------------------------------------------ */

typedef enum { ANY, FINITE, NORMAL, SUBNORMAL, SPARSE, WIDE, FAMILIES } family;
static const char *const family_names[] = {"any bits", "finite",
                                           "normal",   "subnormal",
                                           "mostly 0", "wide"};

static uint64_t bits(ulp_pcg32 *g)
{
  uint64_t high = ulp_pcg32_next(g);
  return high << 32 | ulp_pcg32_next(g);
}

/* An exponent field of the family's. */
static uint64_t field_of(const ulp_format *f, family which, ulp_pcg32 *g)
{
  uint64_t all = (UINT64_C(1) << f->exp_bits) - 1, r = ulp_pcg32_next(g);
  switch (which) {
  case NORMAL: return (uint64_t)f->bias + r % 8 - 4;
  case SUBNORMAL: return r % 4 == 0;
  case WIDE: return r % 2 ? r / 2 % 3 : all - r / 2 % 3;
  case ANY:
  case FINITE:
  case SPARSE:
  case FAMILIES: break;
  }
  return r;
}

static bool is_finite(const ulp_format *f, uint64_t code)
{
  ulp_class c = ulp_unpack(f, code).cls;
  return c < ULP_CLASS_INF;
}

static uint64_t random_code(const ulp_format *f, family which, ulp_pcg32 *g)
{
  uint64_t mask = f->bits == 64 ? UINT64_MAX : (UINT64_C(1) << f->bits) - 1;
  uint64_t fields = ((UINT64_C(1) << f->exp_bits) - 1) << f->man_bits;
  if (f->kind != ULP_FLOAT || which == ANY)
    return bits(g) & mask;
  if (which == SPARSE && ulp_pcg32_next(g) % 4)
    return 0;
  for (int tries = 0; tries < 16; tries++) {
    uint64_t code = (bits(g) & mask & ~fields) |
                    (field_of(f, which, g) << f->man_bits & fields);
    if (is_finite(f, code))
      return code;
  }
  return 0;
}

typedef struct {
  unsigned char a[ROWS * MAX_K * 8], b[COLS * MAX_K * 8];
  unsigned char c[ROWS * COLS * 8], d[ROWS * COLS * 8];
} tile_room;

static void fill(const ulp_format *f, unsigned char *array, size_t n,
                 family which, ulp_pcg32 *g)
{
  for (size_t i = 0; i < n; i++)
    ulp_store_code(f, array, i, random_code(f, which, g));
}

/* Tile `t` of an instruction; the same whatever the threads. */
static count random_tile(const ulp_mma *m, uint64_t stream, long long t)
{
  count n = {.wrong = 1};
  family which = (family)(t % FAMILIES);
  ulp_pcg32 g = ulp_pcg32_seed((uint64_t)t, stream);
  tile_room *room = malloc(sizeof *room);
  if (!room)
    return n;
  fill(&m->a, room->a, ROWS * (size_t)m->k, which, &g);
  fill(&m->b, room->b, COLS * (size_t)m->k, which, &g);
  fill(&m->c, room->c, ROWS * COLS,
       (family)(ulp_pcg32_next(&g) % FAMILIES), &g);
  n = compare(m, family_names[which], room->a, room->b, room->c, room->d,
              ROWS, COLS);
  free(room);
  return n;
}

static count random_tiles(const ulp_mma *m, uint64_t stream, long long tiles)
{
  long long outputs = 0, wrong = 0;
#pragma omp parallel for schedule(dynamic) reduction(+ : outputs, wrong)
  for (long long t = 0; t < tiles; t++) {
    count n = random_tile(m, stream, t);
    outputs += n.outputs;
    wrong += n.wrong;
  }
  return (count){outputs, wrong};
}

/* ---- all of it ------------------------------------------------------------------ */

static void add(count *sum, count n)
{
  sum->outputs += n.outputs;
  sum->wrong += n.wrong;
}

typedef struct {
  const char *arch; /* NULL: every record */
  long long instructions, fp8, tiles;
  count pairs, tile;
} totals;

/* Calls with tiles = 0 only count. */
static bool each(totals *t, bool run)
{
  for (size_t i = 0; i < ulp_mma_count(); i++) {
    const ulp_mma_record *r = ulp_mma_row(i);
    if (t->arch && strcmp(r->arch, t->arch) != 0)
      continue;
    int na = types_in(r->a), nb = types_in(r->b), nc = types_in(r->c);
    for (int which = 0; which < na * nb * nc; which++) {
      ulp_mma m;
      if (!get(i, which % na, which / na % nb, which / na / nb, &m))
        return false;
      bool fp8 = is_fp8(&m.a) && is_fp8(&m.b);
      t->instructions += !run;
      t->fp8 += !run && fp8;
      if (run && fp8)
        add(&t->pairs, pairs_of(&m));
      if (run)
        add(&t->tile, random_tiles(&m, i * 64 + (uint64_t)which, t->tiles));
    }
  }
  return true;
}

static int report(const char *what, long long instructions, count n)
{
  printf("%s: %lld instructions, %lld outputs, %lld differ\n", what,
         instructions, n.outputs, n.wrong);
  return n.wrong != 0 || n.outputs < instructions;
}

int main(int argc, char **argv)
{
  long long outputs = argc > 1 ? atoll(argv[1]) : 100 * 1000 * 1000;
  totals t = {.arch = argc > 2 ? ulp_gpu_find(argv[2]) : NULL};
  int failed;
  if (outputs < 1 || (argc > 2 && !t.arch) || !each(&t, false) ||
      t.instructions == 0 || (!t.arch && t.fp8 == 0)) {
    fprintf(stderr, "usage: mma.long [OUTPUTS [GPU]]\n");
    return 2;
  }
  t.tiles = outputs / (t.instructions * ROWS * COLS) + 1;
  t.tiles += FAMILIES - t.tiles % FAMILIES; /* each family as often */
  if (!each(&t, true))
    return 2;
  failed = report("every pair of FP8 codes", t.fp8, t.pairs);
  failed |= report("random tiles", t.instructions, t.tile);
  return failed;
}
