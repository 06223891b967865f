/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Captures of block-scaled FP8 kernels (stdin), those of blockwise.cu or of
 * DeepGEMM, against their orders, each against each: which kernel is which
 * order, and whether the inputs tell the orders apart.
 *
 *   replay_blockwise [--whole] [--every N]
 *
 * --whole: every output, by the digests; --every N: one case in N.
 *
 * Exit 0 when each kernel of the set is its order and no other, 1 when not or
 * when one is missing, 2 when the stream is malformed.
 */
#include <stdlib.h>
#include <string.h>

#include "gemm_match.h"

enum { FMA = 1, LEFT = 2, MUL_ADD = 4, ANY = FMA | LEFT | MUL_ADD };

/* The orders, and what each does with block scales. */
static const struct {
  const char *name;
  int does;
} orders[] = {{"deepgemm-1d1d", FMA},
              {"deepgemm-1d2d", FMA},
              {"cutlass-fp8-2xacc", FMA},
              {"te-blockwise", LEFT},
              {"blockwise-mul-add", MUL_ADD}};
enum { ORDERS = sizeof orders / sizeof orders[0] };

/* The kernels by the set that captured them, and what their machine code
 * does. */
static const struct {
  const char *op, *name;
  int does;
} variants[] = {{"blockwise", "fma_product", FMA},
                {"blockwise", "product_first", FMA},
                {"blockwise", "left_to_right", FMA},
                {"blockwise", "piece_first", LEFT},
                {"blockwise", "rounded_twice", MUL_ADD},
                {"blockwise", "plain", ANY},
                {"deepgemm", "sm90_fp8_gemm_1d1d_impl", FMA},
                {"deepgemm", "sm90_fp8_gemm_1d2d_impl", FMA}};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

typedef struct {
  size_t cases, outputs, wrong, same_cases;
} tally;

static int variant_of(const gemm_case *c)
{
  for (int v = 0; v < VARIANTS; v++)
    if (strcmp(c->op, variants[v].op) == 0 &&
        strcmp(c->kernel, variants[v].name) == 0)
      return v;
  return -1;
}

/* False with one line: the order does not run. */
static bool compare(const gemm_case *c, const gemm_inputs *in, int order,
                    bool whole, tally *t)
{
  gemm_setting s = {.promote = -1, .reduce = -1};
  gemm_result r;
  char why[200];
  (void)snprintf(s.name, sizeof s.name, "%s", orders[order].name);
  if (!gemm_match(c, in, &s, c->outputs, whole, &r, why, sizeof why)) {
    fprintf(stderr, "replay_blockwise: case %ld: %s\n", c->number, why);
    return false;
  }
  if (r.digest == DIGEST_DIFFERS && r.wrong == 0)
    r.wrong = 1; /* one that was not sampled, at least */
  t->cases++;
  t->outputs += r.digest == DIGEST_NOT_COMPUTED ? r.compared : c->m * c->n;
  t->wrong += r.wrong;
  t->same_cases += r.wrong == 0;
  return true;
}

static bool run_case(const gemm_case *c, bool whole,
                     tally all[VARIANTS][ORDERS])
{
  gemm_inputs in;
  int v = variant_of(c);
  bool ok = v >= 0 && c->outputs > 0 && gemm_inputs_make(c, SIZE_MAX, &in);
  if (!ok) {
    fprintf(stderr, "replay_blockwise: case %ld: kernel '%s' or its inputs\n",
            c->number, c->kernel);
    return false;
  }
  for (int o = 0; ok && o < ORDERS; o++)
    ok = compare(c, &in, o, whole && (variants[v].does & orders[o].does),
                 &all[v][o]);
  gemm_inputs_free(&in);
  return ok;
}

static bool is_in_stream(tally all[VARIANTS][ORDERS], const char *op)
{
  bool in = false;
  for (int v = 0; v < VARIANTS; v++)
    in = in || (all[v][0].cases > 0 && strcmp(variants[v].op, op) == 0);
  return in;
}

/* Whether each kernel of the sets in the stream is its orders, and is not the
 * others. */
static bool report(tally all[VARIANTS][ORDERS])
{
  bool ok = true, any = false;
  for (int v = 0; v < VARIANTS; v++)
    for (int o = 0; is_in_stream(all, variants[v].op) && o < ORDERS; o++) {
      const tally *t = &all[v][o];
      bool expected = (variants[v].does & orders[o].does) != 0;
      bool good = t->cases > 0 && expected == (t->wrong == 0);
      printf("%-23s %-18s %3zu cases %8zu outputs: %zu cases the same, "
             "%zu outputs differ%s\n",
             variants[v].name, orders[o].name, t->cases, t->outputs,
             t->same_cases, t->wrong,
             good       ? expected ? "" : " (another order)"
             : expected ? " WRONG"
                        : " NOT TOLD APART");
      ok = ok && good;
      any = true;
    }
  return ok && any;
}

/* 0, or 2 with one line on stderr. */
static int read_all(bool whole, long every, tally all[VARIANTS][ORDERS])
{
  gemm_case c;
  ulp_error e;
  int got;
  while ((got = gemm_case_read(stdin, &c, &e)) == 1) {
    bool ok = c.number % every != 0 || run_case(&c, whole, all);
    gemm_case_free(&c);
    if (!ok)
      return 2;
  }
  gemm_case_free(&c);
  if (got < 0)
    fprintf(stderr, "%s\n", e.text);
  return got < 0 ? 2 : 0;
}

int main(int argc, char **argv)
{
  static tally all[VARIANTS][ORDERS];
  bool whole = false;
  long every = 1;
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--whole") == 0)
      whole = true;
    else if (strcmp(argv[i], "--every") == 0 && i + 1 < argc)
      every = strtol(argv[++i], NULL, 10);
    else
      every = 0;
  if (every < 1) {
    fprintf(stderr,
            "usage: replay_blockwise [--whole] [--every N] <CAPTURE\n");
    return 2;
  }
  if (read_all(whole, every, all) != 0)
    return 2;
  return report(all) ? 0 : 1;
}
