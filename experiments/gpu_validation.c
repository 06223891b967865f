/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/gpu_validation: what a GPU gave against what the emulator says.
 *
 * A point is an instruction, or a kernel and the order that stands for it, of
 * one file of captures.  Every figure is computed from the files; what cannot
 * be computed has no row, and the run says so.
 */
#include <stdlib.h>
#include <string.h>

#include "captures.h"
#include "parameters.h"

/* Where the sources were when this was compiled, from the build folder. */
#ifndef ULP_VECTORS
#define ULP_VECTORS "tests/vectors/h200"
#endif

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"source_file", ULP_COL_STRING, "", "the capture, in the folder"},
    {"gpu", ULP_COL_STRING, "", "as its driver names it"},
    {"subject", ULP_COL_STRING, "",
     "the PTX instruction, or the kernel that the profiler saw"},
    {"order", ULP_COL_STRING, "",
     "the order of emu/orders.c compared with; empty for an instruction"},
    {"machine_instruction", ULP_COL_STRING, "",
     "SASS: of an instruction as captured, of a kernel its order's record"},
    {"evidence", ULP_COL_STRING, "",
     "how the project's table says that the arithmetic is known"},
    {"records", ULP_COL_INTEGER, "1",
     "families and variants of an instruction, or products of a kernel"},
    {"k_least", ULP_COL_INTEGER, "1", "least K of them"},
    {"k_most", ULP_COL_INTEGER, "1", "greatest K of them"},
    {"outputs_captured", ULP_COL_INTEGER, "1", "outputs that the file holds"},
    {"outputs_compared", ULP_COL_INTEGER, "1", "outputs computed again here"},
    {"mismatches", ULP_COL_INTEGER, "1", "outputs of which a bit differs"},
    {"digests_compared", ULP_COL_INTEGER, "1",
     "products whose whole D was computed and its digest compared"},
    {"digest_mismatches", ULP_COL_INTEGER, "1", "digests that differ"},
    {0}};

static const ulp_parameter parameters[] = {
    {"vectors", ULP_VECTORS, "folder of captures: tests/vectors/h200"},
    {"most", "",
     "outputs of each record or product to compare, at most; without it, as "
     "the method says"},
    {0}};

typedef struct {
  captures all;
  size_t most_vector, most_gemm; /* outputs of a record; SIZE_MAX: all */
} state;

/* ---- what is asked ----------------------------------------------------- */

static ulp_status read_most(state *st, const ulp_run *run, ulp_error *e)
{
  static const size_t vector[] = {512, SIZE_MAX, SIZE_MAX};
  static const size_t gemm[] = {16, 256, SIZE_MAX};
  const char *word = ulp_run_parameter(run, "most");
  int64_t most;
  st->most_vector = vector[run->effort];
  st->most_gemm = gemm[run->effort];
  if (!*word)
    return ULP_OK;
  ulp_status s = ulp_whole_read(&most, "most", word, 1, INT64_C(1) << 53, e);
  if (s == ULP_OK)
    st->most_vector = st->most_gemm = (size_t)most;
  return s;
}

static void note_absences(ulp_run *run, const captures *all)
{
  if (*all->missing)
    ulp_text_printf(&run->notes, "no %s in --vectors: no rows of it. ",
                    all->missing);
  if (all->unknown)
    ulp_text_printf(&run->notes, "%zu products without a known order: no rows "
                    "of them. ", all->unknown);
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_most(st, run, e);
  const char *vectors = ulp_run_parameter(run, "vectors");
  if (s == ULP_OK)
    s = captures_read(&st->all, vectors, e);
  if (s == ULP_OK)
    s = ulp_run_input(run, vectors, e);
  if (s != ULP_OK)
    return s;
  note_absences(run, &st->all);
  run->points = (int64_t)st->all.groups;
  return ULP_OK;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  captures_free(&st->all);
  free(st);
  run->state = NULL;
}

/* ---- one group --------------------------------------------------------- */

typedef struct {
  size_t records, captured, compared, wrong, digests, digests_wrong;
  size_t k_least, k_most;
  const ulp_mma_record *record; /* or NULL: no tensor core */
  ulp_evidence evidence;
} tally;

static void note_k(tally *t, size_t k)
{
  t->k_least = t->records == 0 || k < t->k_least ? k : t->k_least;
  t->k_most = k > t->k_most ? k : t->k_most;
}

/* "NVIDIA H200" -> "H200" */
static const char *short_name(const char *gpu)
{
  const char *blank = strrchr(gpu, ' ');
  return blank ? blank + 1 : gpu;
}

static ulp_status take_vector(tally *t, capture *c, size_t most, ulp_error *e)
{
  vector_record *r = &c->vector;
  size_t outputs = (size_t)(r->m * r->n), tiles = most / outputs + 1;
  vector_options o = {.gpu = short_name(c->gpu), .threads = 1,
                      .tiles = tiles < (size_t)r->tiles ? (long)tiles : 0};
  vector_result result;
  ulp_mma m;
  char why[240];
  if (!vector_match(r, &o, &result, why, sizeof why) ||
      ulp_mma_find(o.gpu, r->instr, &m, why, sizeof why) != ULP_OK)
    return ulp_error_set(e, ULP_ENAME, "%s: %s", c->file, why);
  note_k(t, (size_t)r->k);
  t->records++;
  t->captured += (size_t)r->tiles * outputs;
  t->compared += result.outputs;
  t->wrong += result.wrong;
  t->record = m.record;
  t->evidence = m.record->evidence;
  return ULP_OK;
}

static ulp_status take_gemm(tally *t, capture *c, size_t most, ulp_error *e)
{
  gemm_case *g = &c->gemm;
  gemm_inputs in = {0};
  gemm_result result;
  char why[240] = "out of memory, or an unknown type or family";
  g->threads = 1;
  bool ok = gemm_inputs_make(g, most, &in) &&
            gemm_match(g, &in, &c->setting, most, false, &result, why,
                       sizeof why);
  gemm_inputs_free(&in);
  if (!ok)
    return ulp_error_set(e, ULP_EINVAL, "%s: case %ld: %s", c->file, g->number,
                         why);
  note_k(t, g->k);
  t->records++;
  t->captured += g->outputs;
  t->compared += result.compared;
  t->wrong += result.wrong;
  t->digests += result.digest != DIGEST_NOT_COMPUTED;
  t->digests_wrong += result.digest == DIGEST_DIFFERS;
  t->record = result.record;
  t->evidence = result.evidence;
  return ULP_OK;
}

static void print_tally(ulp_text *row, const tally *t)
{
  const size_t counts[] = {t->records, t->k_least, t->k_most, t->captured,
                           t->compared, t->wrong, t->digests,
                           t->digests_wrong};
  ulp_csv_string(row, ulp_evidence_name(t->evidence));
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
    ulp_csv_integer(row, (int64_t)counts[i]);
}

/* A group is one thread's alone: matching changes its records. */
static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  state *st = run->state;
  const captures *all = &st->all;
  size_t first = all->first[index], end = all->first[index + 1];
  capture *c = &all->list[first];
  bool gemm = *c->setting.name != '\0';
  tally t = {0};
  ulp_status s = ULP_OK;
  for (size_t i = first; s == ULP_OK && i < end; i++)
    s = gemm ? take_gemm(&t, &all->list[i], st->most_gemm, e)
             : take_vector(&t, &all->list[i], st->most_vector, e);
  if (s != ULP_OK)
    return s;
  ulp_csv_string(row, c->file);
  ulp_csv_string(row, c->gpu);
  ulp_csv_string(row, c->name);
  ulp_csv_string(row, c->setting.name);
  ulp_csv_string(row, !gemm ? c->vector.sass : t.record ? t.record->machine
                                                        : "");
  print_tally(row, &t);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_gpu_validation = {
    .name = "gpu_validation",
    .question = "Does the emulator give the bits that a GPU gave, instruction "
                "by instruction and kernel by kernel?",
    .method =
        "Reads the captures of a folder (tests/vectors/README.md says how "
        "they were made), computes their outputs again, instructions by the "
        "emulator's fast path and products in the order that gemm.orders "
        "names, or that the kernel's machine code shows, and compares bits; "
        "f64 NaNs count as equal.  Of each record and product: --quick about "
        "512 outputs of an instruction and 16 of a product, then all and 256, "
        "--full all that were captured.",
    .source = "tests/vectors/h200: NVIDIA H200, driver 580.159.04, CUDA 13.0, "
              "2026-11-23; programs in tests/gpu",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
