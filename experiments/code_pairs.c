/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/code_pairs: what a matrix instruction makes of one product
 * beside another, for every pair of E4M3 codes.
 *
 * A point is an instruction, a companion, a code of A and one of B, the last
 * varying fastest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "parameters.h"
#include "sum_errors.h"

enum { LAST_CODE = 0x7e, NEGATIVE = 0x80, MOST_K = 256 };

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"gpu", ULP_COL_STRING, "", "as asked for; empty for exact"},
    {"instruction", ULP_COL_STRING, "",
     "PTX name; exact: the exact sum, rounded once to f32"},
    {"evidence", ULP_COL_STRING, "",
     "how the arithmetic is known; empty for exact"},
    {"companion", ULP_COL_NUMBER, "1", "the other product of the block"},
    {"a_code", ULP_COL_INTEGER, "1", "code of a in E4M3"},
    {"b_code", ULP_COL_INTEGER, "1", "code of b in E4M3"},
    {"a", ULP_COL_NUMBER, "1", "its value"},
    {"b", ULP_COL_NUMBER, "1", "its value"},
    {"exact", ULP_COL_NUMBER, "1", "companion + a b"},
    {"rounded", ULP_COL_NUMBER, "1", "exact, rounded once to f32"},
    {"result", ULP_COL_NUMBER, "1", "what the instruction gives"},
    {"error_ulp", ULP_COL_NUMBER, "ulp",
     "result - exact, in units of the last place of exact in f32"},
    {0}};

static const ulp_parameter parameters[] = {
    {"instructions",
     "h200:wgmma.m64n8k32.f32.e4m3.e4m3 "
     "h200:mma.m16n8k32.f32.e4m3.e4m3.f32 exact",
     "exact, or GPU:NAME of instructions that `ulplab mma` has, of E4M3 with a "
     "result in f32; separated by blanks"},
    {"companions", "1 65536",
     "squares of E4M3 values, separated by blanks"},
    {"step", "",
     "every how many codes of A; of B, twice as many; without it, as the "
     "method says"},
    {0}};

typedef struct {
  char gpu[32], name[96];
  bool exact;
  ulp_mma mma;
} instruction;

typedef struct {
  instruction *instructions;
  size_t instruction_count;
  double *companions;
  size_t companion_count;
  int64_t step;
  ulp_format e4m3;
  ulp_sweep sweep;
} state;

/* ---- parameters ---------------------------------------------------------- */

static ulp_status read_instruction(void *array, size_t i, const char *word,
                                   ulp_error *e)
{
  instruction *in = (instruction *)array + i;
  const char *colon = strchr(word, ':');
  char why[240] = "";
  in->exact = strcmp(word, "exact") == 0;
  if (in->exact)
    return ULP_OK;
  if (!colon || (size_t)(colon - word) >= sizeof in->gpu ||
      strlen(colon + 1) >= sizeof in->name)
    return ulp_error_set(e, ULP_EINVAL, "'%.80s': expected exact or GPU:NAME",
                         word);
  (void)snprintf(in->gpu, sizeof in->gpu, "%.*s", (int)(colon - word), word);
  (void)snprintf(in->name, sizeof in->name, "%s", colon + 1);
  ulp_status s = ulp_mma_find(in->gpu, colon + 1, &in->mma, why, sizeof why);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s", why);
  const ulp_mma *m = &in->mma;
  if (strcmp(m->a.name, "float8_e4m3fn") != 0 ||
      strcmp(m->b.name, "float8_e4m3fn") != 0 ||
      strcmp(m->d.name, "float32") != 0 || m->k < 2 || m->k > MOST_K)
    return ulp_error_set(e, ULP_EINVAL, "'%.80s': expected operands in e4m3 "
                         "and a result in f32", word);
  return ULP_OK;
}

static uint64_t encode(const ulp_format *f, double x)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_SATURATE};
  uint8_t code = 0;
  /* An E4M3 code takes one byte; saturation and RNE are always allowed. */
  return ulp_encode_array(f, &code, &x, 1, 1, &rne, 0) == ULP_OK ? code : 0;
}

static ulp_status check_companions(const state *st, ulp_error *e)
{
  for (size_t i = 0; i < st->companion_count; i++) {
    double c = st->companions[i];
    double root = ulp_decode(&st->e4m3, encode(&st->e4m3, sqrt(c)));
    if (root * root != c || root == 0)
      return ulp_error_set(e, ULP_EINVAL, "--companions: %g: expected the "
                           "square of an E4M3 value above 0", c);
  }
  return ULP_OK;
}

/* ---- the grid ------------------------------------------------------------ */

/* Codes 1, 1 + step, ...: those with odd significands, which need all their
 * bits, where the step is even. */
static size_t codes_of(int64_t step)
{
  return (size_t)((LAST_CODE - 1) / step + 1);
}

/* B's go from the most negative to the greatest. */
static uint64_t b_code(const state *st, size_t i)
{
  size_t n = codes_of(2 * st->step);
  return i < n ? NEGATIVE | (1 + (n - 1 - i) * 2 * (size_t)st->step)
               : 1 + (i - n) * 2 * (size_t)st->step;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const int64_t steps[] = {16, 2, 1};
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_format_find("e4m3", &st->e4m3, NULL, 0);
  st->instructions = ulp_list_read(&st->instruction_count,
                                   sizeof *st->instructions, run,
                                   "instructions", read_instruction, &s, e);
  /* From the least square to the greatest. */
  st->companions = ulp_list_numbers(&st->companion_count, run, "companions",
                                    ulp_from_to(0x1p-18, 448 * 448), &s, e);
  if (s == ULP_OK)
    s = check_companions(st, e);
  if (s == ULP_OK)
    s = ulp_whole_parameter(&st->step, run, "step", steps, 1, 63, e);
  if (s != ULP_OK)
    return s;
  st->sweep = (ulp_sweep){4, {st->instruction_count, st->companion_count,
                              codes_of(st->step), 2 * codes_of(2 * st->step)}};
  run->points = ulp_sweep_points(&st->sweep);
  return ULP_OK;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  free(st->instructions);
  free(st->companions);
  free(st);
  run->state = NULL;
}

/* ---- a point ------------------------------------------------------------- */

/* root root + a b, the first two products of the instruction and so of its
 * first block (also where a block takes k modulo 4 in {0, 1} first); C and all
 * others are 0. */
static double run_instruction(const ulp_mma *m, uint64_t root, uint64_t a,
                              uint64_t b)
{
  uint64_t x[MOST_K] = {root, a}, y[MOST_K] = {root, b};
  return ulp_decode(&m->d, ulp_mma_dot(m, x, y, 0, NULL));
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  size_t at[ULP_AXES];
  (void)e;
  ulp_sweep_at(&st->sweep, index, at);
  const instruction *in = &st->instructions[at[0]];
  double companion = st->companions[at[1]];
  uint64_t ca = 1 + at[2] * (size_t)st->step, cb = b_code(st, at[3]);
  double a = ulp_decode(&st->e4m3, ca), b = ulp_decode(&st->e4m3, cb);
  /* Exact: multiples of 2^-18 below 2^19. */
  double exact = companion + a * b, rounded = (double)(float)exact;
  uint64_t root = encode(&st->e4m3, sqrt(companion));
  double result =
      in->exact ? rounded : run_instruction(&in->mma, root, ca, cb);
  const char *evidence =
      in->exact ? "" : ulp_evidence_name(in->mma.record->evidence);
  ulp_csv_string(row, in->gpu);
  ulp_csv_string(row, in->exact ? "exact" : in->name);
  ulp_csv_string(row, evidence);
  ulp_csv_number(row, companion);
  ulp_csv_integer(row, (int64_t)ca);
  ulp_csv_integer(row, (int64_t)cb);
  ulp_csv_number(row, a);
  ulp_csv_number(row, b);
  ulp_csv_number(row, exact);
  ulp_csv_number(row, rounded);
  ulp_csv_number(row, result);
  ulp_csv_number(row, (result - exact) / sum_f32_ulp(exact));
  return ULP_OK;
}

const ulp_experiment ulp_experiment_code_pairs = {
    .name = "code_pairs",
    .question = "For which pairs of FP8 numbers does a tensor core lose bits of "
                "their product beside another one, and in which direction?",
    .method =
        "A block of an instruction gets two products: the companion, and a b "
        "of a pair of E4M3 codes; its other products and C are 0.  The result "
        "(emu/, bit for bit) is compared with the exact sum, which f64 holds. "
        "a takes every second positive code from the least on, 63 of them, and "
        "b every fourth with either sign, 64 (--quick every 16th and 32nd, "
        "--full every one and every second): odd significands, which need all "
        "their bits.  Beside a companion of 1 small products are cut and great "
        "ones cut the companion; beside 65536, where an f32 ends at 2^-7, an "
        "instruction that keeps 25 bits errs too.  exact is the best that an "
        "f32 can do, half an ulp.",
    .source = "Fasi, Higham, Mikaitis, Pranesh 2021, Numerical behavior of "
              "NVIDIA tensor cores, PeerJ CS 7:e330; Xie et al. 2025, "
              "MMA-Sim, arXiv:2511.10909",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .prepare = prepare,
    .point = point,
    .release = release,
};
