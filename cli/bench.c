/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench.c: `ulplab bench`, throughput beside the machine's own ceilings.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "product.h"

/* A group's benches, and seconds that a pass of one may take: long enough for
 * the whole shape where a kernel is fast, and all groups within three minutes. */
static const struct {
  const bench_entry *entries;
  double pass_limit;
} tables[] = {
    {bench_gemms, 2.0},      {bench_data_kinds, 0.15}, {bench_mmas, 0.02},
    {bench_converts, 0.03},  {bench_blocks, 0.03},     {bench_isas, 0.6},
    {bench_convert_isas, 0.03}, {bench_growths, 0.2},  {bench_models, 0.2}};
enum { TABLES = sizeof tables / sizeof *tables };

#define BY_EFFORT UINT64_MAX /* --repeat not given */

typedef struct {
  const char *what, *output, *model;
  bool quick, list;
  uint64_t rounds;
  int threads;
  size_t shape[3]; /* M, N, K of --shape, or 0 */
} request;

static ulp_status read_shape(void *target, const char *text, ulp_error *e)
{
  enum { MOST = 1 << 20 };
  size_t *shape = target, x[3] = {0};
  int used = 0;
  bool good = sscanf(text, "%7zux%7zux%7zu%n", &x[0], &x[1], &x[2], &used) == 3;
  for (int i = 0; i < 3; i++)
    good = good && x[i] >= 1 && x[i] <= MOST;
  if (!good || text[used] || x[2] % 128)
    return ulp_error_set(e, ULP_EINVAL,
                         "'%.60s', expected MxNxK, as in 1024x1024x4096, each "
                         "1 to 1048576 and K a multiple of 128",
                         text);
  memcpy(shape, x, sizeof x);
  return ULP_OK;
}

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"quick", NULL, "small shapes, a few seconds in all", cli_read_flag,
       &rq->quick},
      {"threads", "N", "default: all", cli_read_threads, &rq->threads},
      {"repeat", "R", "rounds, each a pair of samples: 1 to 1000 (default 7; "
       "quick: 3)", cli_read_u64, &rq->rounds},
      {"shape", "MxNxK", "of products that are not swept, K a multiple of 128 "
       "(default 1024x1024x4096; quick: 128x128x512)", read_shape, rq->shape},
      {"output", "FILE.csv", "default: standard output", cli_read_text,
       &rq->output},
      {"model", "FOLDER", "the decoder of group model (default: the reference "
       "model)", cli_read_text, &rq->model},
      {"list", NULL, "the benches, and what each is", cli_read_flag,
       &rq->list},
      {0}};
  const cli_command command = {
      .name = "bench",
      .synopsis = "[WHAT] [OPTION]...",
      .summary =
          "Throughput, and in the same run that of a ceiling: the two run in "
          "turns; `ratio` is the median of the ratios of pairs, `ratio_low` "
          "and `ratio_high` the least and the greatest. WHAT is a bench or a "
          "group of --list; without it all run, in about three minutes. `value` "
          "and `ceiling_value` are in `unit`; `bytes` is the memory of the "
          "arrays and, beside them, of a pass; `wall_seconds` and "
          "`cpu_seconds` are of a pass. Where a pass would take too long the "
          "first number of `shape`, rows or elements, is smaller, and then "
          "`rounds`. Each result "
          "is compared with the reference: exit status 1 if it is another.",
      .options = options,
      .max_operands = 1};
  int operands = 0;
  int status = cli_parse(&command, argc, argv, &operands);
  if (operands) rq->what = argv[0];
  return status;
}

/* ---- the tables --------------------------------------------------------- */

/* Entry i of all tables, and its table's number. */
static const bench_entry *entry_at(size_t i, size_t *table)
{
  for (size_t t = 0; t < TABLES; t++)
    for (const bench_entry *x = tables[t].entries; x->name; x++)
      if (i-- == 0) {
        if (table) *table = t;
        return x;
      }
  return NULL;
}

/* The groups; a group's tables are neighbours. */
static const char *group_at(size_t i)
{
  for (size_t t = 0; t < TABLES; t++) {
    const char *group = tables[t].entries->group;
    bool again = t && !strcmp(group, tables[t - 1].entries->group);
    if (!again && i-- == 0) return group;
  }
  return NULL;
}

/* The words that WHAT may be: groups, then benches. */
static const char *word_at(const void *groups, size_t i)
{
  size_t n = *(const size_t *)groups;
  if (i < n) return group_at(i);
  const bench_entry *x = entry_at(i - n, NULL);
  return x ? x->name : NULL;
}

static bool is_wanted(const request *rq, const bench_entry *x)
{
  return !rq->what || strcmp(rq->what, x->name) == 0 ||
         strcmp(rq->what, x->group) == 0;
}

static void fill_list(cli_table *t, const void *data)
{
  const request *rq = data;
  const bench_entry *x;
  for (size_t i = 0; (x = entry_at(i, NULL)); i++) {
    if (!is_wanted(rq, x)) continue;
    cli_cell_text(t, x->name);
    cli_cell_text(t, x->group);
    cli_cell_text(t, x->unit);
    cli_cell_text(t, x->ceiling);
    cli_cell_text(t, x->what);
  }
}

static int list(const request *rq)
{
  static const char *const columns[] = {"bench", "group", "unit", "ceiling",
                                        "what", NULL};
  return cli_print_table("bench", false, columns, fill_list, rq);
}

/* ---- the run ------------------------------------------------------------ */

static ulp_status check_word(const char *what, ulp_error *e)
{
  const char *word;
  size_t groups = 0;
  while (group_at(groups))
    groups++;
  for (size_t i = 0; (word = word_at(&groups, i)); i++)
    if (strcmp(what, word) == 0) return ULP_OK;
  const char *near = ulp_nearest(what, word_at, &groups);
  return ulp_error_set(e, ULP_ENAME,
                       "unknown bench '%.60s', expected a group or a bench of "
                       "'ulplab bench --list'%s%s%s",
                       what, near ? "; the nearest is '" : "",
                       near ? near : "", near ? "'" : "");
}

static ulp_status check(const request *rq, ulp_error *e)
{
  if (rq->rounds == 0 || (rq->rounds > 1000 && rq->rounds != BY_EFFORT))
    return ulp_error_set(e, ULP_EINVAL, "--repeat: %llu, expected 1 to 1000",
                         (unsigned long long)rq->rounds);
  return rq->what ? check_word(rq->what, e) : ULP_OK;
}

static ulp_status run_all(bench *b, const request *rq, ulp_error *e)
{
  const bench_entry *x;
  ulp_status s = ULP_OK;
  size_t t = 0;
  for (size_t i = 0; s == ULP_OK && (x = entry_at(i, &t)); i++) {
    if (!is_wanted(rq, x)) continue;
    b->pass_limit = rq->quick ? 0.003 : tables[t].pass_limit;
    s = x->run(b, x, e);
  }
  return s;
}

static const char *const columns[] = {
    "bench",       "group",         "isa",          "threads",
    "shape",       "data",          "value",        "unit",
    "ceiling",     "ceiling_value", "ratio",        "ratio_low",
    "ratio_high",  "rounds",        "bytes",        "wall_seconds",
    "cpu_seconds", NULL};

static ulp_status work(bench *b, const request *rq, ulp_error *e)
{
  ulp_output *out;
  ulp_status s = ulp_output_open(&out, rq->output, e);
  if (s != ULP_OK) return s;
  (void)bench_blas_open();
  cli_table_begin(&b->table, out, false, columns);
  s = run_all(b, rq, e);
  if (s == ULP_OK) s = cli_table_end(&b->table, e);
  if (s == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return s;
}

static int run(const request *rq)
{
  size_t side = rq->quick ? 128 : 1024;
  bench b = {.quick = rq->quick,
             .threads = rq->threads,
             .rounds_given = rq->rounds != BY_EFFORT,
             .rounds = rq->rounds != BY_EFFORT ? (int)rq->rounds
                       : rq->quick             ? 3
                                               : 7,
             .m = rq->shape[0] ? rq->shape[0] : side,
             .n = rq->shape[1] ? rq->shape[1] : side,
             .k = rq->shape[2] ? rq->shape[2] : 4 * side,
             .model = rq->model,
             .seed = (uint64_t)time(NULL)};
  ulp_error e;
  ulp_status s = bench_data_begin(&b);
  s = s == ULP_OK ? work(&b, rq, &e) : cli_no_memory(&e);
  bench_data_end(&b);
  if (s == ULP_OK && b.no_ceiling)
    cli_warn("bench", "no OpenBLAS: matrix products have no ceiling (Debian: "
                      "libopenblas-dev, then configure again)");
  if (s == ULP_OK) return CLI_DONE;
  cli_fail("bench", &e);
  return b.different ? CLI_DIFFERENT : CLI_ERROR;
}

int cli_bench(int argc, char **argv)
{
  request rq = {.threads = cli_default_threads(), .rounds = BY_EFFORT};
  int status = parse(&rq, argc, argv);
  if (status >= 0) return status;
  ulp_error e;
  if (check(&rq, &e) != ULP_OK) return cli_fail("bench", &e);
  return rq.list ? list(&rq) : run(&rq);
}
