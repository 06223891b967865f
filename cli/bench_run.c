/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_run.c: two sides timed in turns.
 *
 * A machine's speed changes from second to second; two sides that run one
 * after the other have the same.  Hence rounds of one sample of each, and the
 * median of the ratios of pairs.
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

enum { MAX_ROUNDS = 1000 };

typedef struct {
  double wall, cpu; /* seconds of a pass */
} sample;

static double now(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Asked before any side sets another. */
ulp_isa bench_best_isa(void)
{
  static int best = -1;
  if (best < 0) best = (int)ulp_isa_now();
  return (ulp_isa)best;
}

static ulp_status time_passes(const bench_side *side, size_t size, int threads,
                              long passes, sample *out)
{
  ulp_status s = ulp_isa_set(side->isa);
  double cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
  for (long i = 0; s == ULP_OK && i < passes; i++)
    s = side->pass(side->data, size, threads);
  out->wall = (now(CLOCK_MONOTONIC) - wall) / (double)passes;
  out->cpu = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)passes;
  return s;
}

/* Threads that wait for work spin a while before they sleep: into the other
 * side's time, were it not for this. */
static void settle(int threads)
{
  const struct timespec pause = {.tv_nsec = 5000000};
  if (threads > 1) nanosleep(&pause, NULL);
}

/* How many passes make a sample long enough for the clock. */
static ulp_status count_passes(const bench *b, const bench_side *side,
                               size_t size, int threads, long *passes)
{
  double least = b->quick ? 0.001 : 0.02;
  sample t = {0};
  ulp_status s = time_passes(side, size, threads, 1, &t); /* warm-up */
  if (s == ULP_OK && t.wall < least)
    s = time_passes(side, size, threads, 1, &t);
  *passes = t.wall >= least ? 1 : (long)ceil(least / (t.wall + 1e-9));
  return s;
}

typedef struct {
  size_t size;
  int rounds;
  int64_t bytes;
  double wall, cpu, ceiling; /* seconds of a pass: medians */
  double ratio, ratio_low, ratio_high;
} result;

/* A pass as counted and timed by bench_peak_bytes. */
static ulp_status peak(const bench_case *c, size_t size, int64_t *bytes,
                       double *wall)
{
  ulp_status s;
  double start = now(CLOCK_MONOTONIC);
  *bytes = bench_peak_bytes(&c->ours, size, c->threads, &s);
  *wall = now(CLOCK_MONOTONIC) - start;
  return s;
}

/* The size that would take the limit if time grew with it as from nothing, in
 * whole grains. */
static size_t longer(const bench *b, const bench_case *c, size_t size,
                     double wall)
{
  double most = b->pass_limit / (wall + 1e-9) * (double)size;
  size_t grain = c->grain < c->size ? c->grain : c->size;
  if (most >= (double)c->size) return c->size;
  return (size_t)(most / (double)grain) * grain;
}

/* Finds the size whose pass takes no longer than the limit, in steps, as what
 * does not grow with it weighs more in the small; where the least takes
 * longer, fewer rounds, unless they were asked for. */
static ulp_status fit(const bench *b, const bench_case *c, result *r)
{
  size_t least = c->grain < c->size ? c->grain : c->size, next = least;
  sample t;
  ulp_status s = peak(c, least, &r->bytes, &t.wall);
  r->rounds = b->rounds;
  do {
    r->size = next;
    if (s == ULP_OK && t.wall < b->pass_limit) /* the first was the warm-up */
      s = time_passes(&c->ours, r->size, c->threads, 1, &t);
    if (s != ULP_OK) return s;
    next = longer(b, c, r->size, t.wall);
  } while (next >= 2 * r->size || (next == c->size && next > r->size));
  double part = b->pass_limit / (t.wall + 1e-9);
  if (r->size == least && part < 1 && !b->rounds_given)
    r->rounds = 1 + (int)(part * (b->rounds - 1));
  return r->size > least ? peak(c, r->size, &r->bytes, &t.wall) : ULP_OK;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *x, int n)
{
  qsort(x, (size_t)n, sizeof *x, compare);
  return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static ulp_status run_rounds(const bench *b, const bench_case *c, result *r)
{
  double wall[MAX_ROUNDS], cpu[MAX_ROUNDS], other[MAX_ROUNDS],
      ratio[MAX_ROUNDS];
  long ours = 1, theirs = 1;
  bool pair = c->ceiling.name != NULL;
  bool slow = r->rounds < b->rounds; /* warm, and long enough */
  ulp_status s = ULP_OK;
  if (!slow)
    s = count_passes(b, &c->ours, r->size, c->threads, &ours);
  if (s == ULP_OK && pair)
    s = count_passes(b, &c->ceiling, r->size, c->threads, &theirs);
  for (int i = 0; s == ULP_OK && i < r->rounds; i++) {
    sample x = {0}, y = {0};
    settle(c->threads);
    s = time_passes(&c->ours, r->size, c->threads, ours, &x);
    settle(c->threads);
    if (s == ULP_OK && pair)
      s = time_passes(&c->ceiling, r->size, c->threads, theirs, &y);
    wall[i] = x.wall;
    cpu[i] = x.cpu;
    other[i] = y.wall;
    ratio[i] = y.wall / x.wall;
  }
  if (s != ULP_OK) return s;
  r->wall = median(wall, r->rounds);
  r->cpu = median(cpu, r->rounds);
  r->ceiling = median(other, r->rounds);
  r->ratio = median(ratio, r->rounds);
  r->ratio_low = ratio[0];
  r->ratio_high = ratio[r->rounds - 1];
  return ULP_OK;
}

static void write_row(bench *b, const bench_case *c, const result *r)
{
  cli_table *t = &b->table;
  char shape[80];
  double units = (double)r->size * c->units;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(shape, sizeof shape, c->shape, r->size);
#pragma GCC diagnostic pop
  cli_cell_text(t, c->entry->name);
  cli_cell_text(t, c->entry->group);
  cli_cell_text(t, ulp_isa_name(c->ours.isa));
  cli_cell_int(t, c->threads);
  cli_cell_text(t, shape);
  cli_cell_text(t, c->data);
  cli_cell_number(t, units / r->wall);
  cli_cell_text(t, c->entry->unit);
  cli_cell_text(t, c->ceiling.name ? c->ceiling.name : "none");
  const double rest[] = {units / r->ceiling, r->ratio, r->ratio_low,
                         r->ratio_high};
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
    if (c->ceiling.name)
      cli_cell_number(t, rest[i]);
    else
      cli_cell_none(t);
  cli_cell_int(t, r->rounds);
  cli_cell_int(t, r->bytes);
  cli_cell_number(t, r->wall);
  cli_cell_number(t, r->cpu);
}

ulp_status bench_measure(bench *b, const bench_case *c, ulp_error *e)
{
  result r = {0};
  ulp_status s = fit(b, c, &r);
  r.bytes += (int64_t)(c->bytes * (double)r.size + c->bytes_held);
  if (s == ULP_OK) s = run_rounds(b, c, &r);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s: %s", c->entry->name, ulp_strerror(s));
  s = c->check(c->ours.data, r.size, e);
  if (s == ULP_ERANGE) b->different = true;
  if (s == ULP_OK) write_row(b, c, &r);
  if (!c->ceiling.name) b->no_ceiling = true;
  return s;
}
