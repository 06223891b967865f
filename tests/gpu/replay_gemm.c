/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Captured matrix products (gemm_record.py, on stdin) against the emulator's
 * orders, bit for bit.
 *
 *   replay_gemm ORDERS          each case by the order that the file names
 *   replay_gemm --whole ORDERS  D whole, so that every digest is compared
 *   replay_gemm --most N ...    at most N outputs of each case
 *   replay_gemm --blind ORDERS  what identify says of D, not told the order
 *   replay_gemm --search        finds the orders and writes such a file
 *
 * A line of ORDERS: case, order, fast, promote, slices, reduce; "-" is the
 * row's own.  "open" as the order: none fits; such cases are listed.
 * Exit 0 when all agree, 1 when some do not, 2 when a file is malformed.
 */
#include "gemm_blind.h"
#include "gemm_orders.h"
#include "gemm_search.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  bool search, whole, blind;
  size_t most;
  gemm_orders orders;
} replay;

/* By order, for the summary. */
typedef struct {
  char name[40];
  size_t cases, compared, wrong, digests;
} total;

enum { TOTALS = 64 };

/* ---- one case --------------------------------------------------------------------- */

static void describe(const gemm_case *c)
{
  printf("case %ld %s %s %s %s %zux%zux%zu %s", c->number, c->op, c->type[0],
         c->type[1], c->type[2], c->m, c->n, c->k, c->family);
  if (strcmp(c->scale, "none") != 0)
    printf(" scales %s%s", c->scale, c->biased ? " bias" : "");
  printf(" %s", c->kernel[0] ? c->kernel : "no kernel named");
}

static void print_result(const gemm_case *c, const gemm_setting *s,
                         const gemm_result *r)
{
  static const char *const digests[] = {", digest same", ", DIGEST DIFFERS",
                                        ""};
  describe(c);
  printf(": %s%s", s->name, s->fast ? " fast" : "");
  if (s->promote >= 0)
    printf(" promote %d", s->promote);
  if (s->slices > 1)
    printf(" slices %d", s->slices);
  if (s->reduce >= 0)
    printf(" reduce %s", ulp_gemm_reduce_name((size_t)s->reduce));
  printf(": %zu outputs, %zu differ%s\n", r->compared, r->wrong,
         digests[r->digest]);
  if (r->wrong)
    printf("  first at row %zu column %zu: GPU %llx, order %llx\n",
           r->first / c->n, r->first % c->n, (unsigned long long)r->given,
           (unsigned long long)r->computed);
}

static void add_total(total *t, const char *name, const gemm_result *r)
{
  size_t i = 0;
  while (i < TOTALS - 1 && t[i].name[0] && strcmp(t[i].name, name) != 0)
    i++;
  (void)snprintf(t[i].name, sizeof t[i].name, "%s", name);
  t[i].cases++;
  t[i].compared += r->compared;
  t[i].wrong += r->wrong + (r->digest == DIGEST_DIFFERS);
  t[i].digests += r->digest != DIGEST_NOT_COMPUTED;
}

static void write_order(const gemm_case *c, const gemm_setting *s,
                        const gemm_result *r, bool found)
{
  char promote[12] = "-";
  const char *reduce = "-";
  if (s->promote >= 0)
    (void)snprintf(promote, sizeof promote, "%d", s->promote);
  if (s->reduce >= 0)
    reduce = ulp_gemm_reduce_name((size_t)s->reduce);
  if (found)
    printf("%ld %s %d %s %d %s\n", c->number, s->name, s->fast, promote,
           s->slices, reduce);
  else
    printf("# nearest of %ld: %s, promote %s, slices %d, reduce %s: "
           "%zu of %zu differ\n%ld open\n",
           c->number, s->name, promote, s->slices, reduce, r->wrong,
           r->compared, c->number);
  fflush(stdout);
}

/* Only after D was computed whole and its digest is the GPU's.  False: the
 * right order is not among the exact matches. */
static bool blind(const gemm_case *c, const gemm_inputs *in, const char *name,
                  total *t)
{
  static const char *const says[] = {"blind: not among them",
                                     "blind: among them", "blind: first",
                                     "blind: the only one"};
  blind_result b;
  gemm_result none = {0};
  int said = 0;
  if (!gemm_blind(c, in, name, &b))
    return false;
  if (b.right)
    said = b.exact == 1 ? 3 : b.first ? 2 : 1;
  printf("  %s: %zu of %zu candidates fit", says[said], b.exact,
         b.candidates);
  if (said < 2 && b.exact)
    printf("; first: %s", b.leader);
  printf("\n");
  add_total(t, says[said], &none);
  fflush(stdout);
  return b.right;
}

/* 0 agrees, 1 does not, 2: cannot be compared. */
static int check_case(const replay *r, const gemm_case *c, total *t)
{
  gemm_setting s = {.name = "open"};
  gemm_result result = {0};
  gemm_inputs in;
  bool named = true;
  char why[240] = "out of memory, or an unknown type or family";
  bool ok = gemm_inputs_make(c, r->search || r->whole ? SIZE_MAX : r->most, &in);
  const gemm_setting *e = r->search ? NULL : gemm_orders_find(&r->orders, c->number);
  if (ok && r->search) {
    bool found = gemm_search(c, &in, &s, &result);
    write_order(c, &s, &result, found);
  } else if (ok && e && strcmp(e->name, "open") != 0) {
    s = *e;
    ok = gemm_match(c, &in, &s, r->most, r->whole, &result, why, sizeof why);
    if (ok)
      print_result(c, &s, &result);
    if (ok && r->blind)
      named = blind(c, &in, s.name, t);
    add_total(t, s.name, &result);
  } else if (ok) {
    describe(c);
    printf(": %s\n", e ? "open" : "NO ORDER GIVEN");
    add_total(t, e ? "open" : "no order given", &result);
  }
  gemm_inputs_free(&in);
  if (!ok)
    fprintf(stderr, "captured GEMMs: case %ld: %s\n", c->number, why);
  return !ok ? 2 : !named || result.wrong || result.digest == DIGEST_DIFFERS;
}

/* ---- all of them --------------------------------------------------------------------- */

static void print_totals(const total *t, size_t refused)
{
  for (size_t i = 0; i < TOTALS && t[i].name[0]; i++)
    printf("%-22s %4zu cases %8zu outputs %6zu mismatches %4zu digests\n",
           t[i].name, t[i].cases, t[i].compared, t[i].wrong, t[i].digests);
  printf("%zu cases that the library refused\n", refused);
}

static int replay_all(const replay *r)
{
  static total totals[TOTALS];
  gemm_case c;
  size_t refused = 0, seen = 0;
  int status = 0, got;
  ulp_error e;
  while ((got = gemm_case_read(stdin, &c, &e)) == 1) {
    refused += c.error[0] != '\0';
    if (c.outputs) {
      int one = check_case(r, &c, totals);
      status = one > status ? one : status;
      seen++;
    }
    gemm_case_free(&c);
  }
  gemm_case_free(&c);
  if (got < 0)
    fprintf(stderr, "%s\n", e.text);
  if (!r->search)
    print_totals(totals, refused);
  return got < 0 || seen == 0 ? 2 : r->search ? 0 : status;
}

int main(int argc, char **argv)
{
  replay r = {.most = SIZE_MAX};
  ulp_error e;
  int i = 1, status;
  for (; i < argc && argv[i][0] == '-'; i++)
    if (strcmp(argv[i], "--search") == 0)
      r.search = true;
    else if (strcmp(argv[i], "--blind") == 0)
      r.blind = r.whole = true;
    else if (strcmp(argv[i], "--whole") == 0)
      r.whole = true;
    else if (strcmp(argv[i], "--most") == 0 && i + 1 < argc)
      r.most = strtoul(argv[++i], NULL, 10);
    else
      break;
  if (argc - i != !r.search || r.most == 0) {
    fprintf(stderr, "usage: replay_gemm [--whole] [--most N] ORDERS <CAPTURE\n"
                    "       replay_gemm --search <CAPTURE >ORDERS\n");
    return 2;
  }
  if (!r.search && gemm_orders_read(&r.orders, argv[i], &e) != ULP_OK) {
    fprintf(stderr, "%s\n", e.text);
    return 2;
  }
  status = replay_all(&r);
  gemm_orders_free(&r.orders);
  return status;
}
