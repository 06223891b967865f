/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares captured matrix instructions (container.h, on stdin) with the
 * emulator, bit for bit: every output against the fast path, and every
 * tile of a record against the reference too when --reference is given.
 *
 * usage: replay_mma [--gpu NAME] [--reference] [--show N]
 * One line a record: instruction, family, outputs, mismatches.  Exit 0 when
 * all agree, 1 when some do not, 2 for a malformed stream.
 */
#include "vector_match.h"

#include <stdlib.h>
#include <string.h>

#include "threads.h"

typedef struct {
  const char *gpu;
  bool reference;
  long show;
  int threads;
} options;

/* What --show still has to show. */
static void show(void *data, const vector_record *r, const ulp_mma *m,
                 const vector_miss *x)
{
  long *left = data;
  if ((*left)-- > 0)
    fprintf(stderr,
            "  %s %s tile %zu row %zu col %zu: c %llx gpu %llx ulplab %llx\n",
            r->instr, r->family, x->tile, x->at / (size_t)m->n,
            x->at % (size_t)m->n, (unsigned long long)x->c,
            (unsigned long long)x->gpu, (unsigned long long)x->got);
}

static void replay(vector_record *r, const options *o, size_t *total_wrong)
{
  char why[256];
  long left = o->show;
  vector_result result;
  const vector_options v = {.gpu = o->gpu, .reference = o->reference,
                            .threads = o->threads, .show = show,
                            .data = &left};
  if (!vector_match(r, &v, &result, why, sizeof why)) {
    printf("%-44s %-16s no record: %s\n", r->instr, r->family, why);
    return;
  }
  printf("%-44s %-16s %10zu outputs %8zu mismatches  %s%s%s%s\n", r->instr,
         r->family, result.outputs, result.wrong, r->sass,
         r->scale_d_zero ? " scale_d=0" : "", r->neg_a ? " neg_a" : "",
         r->neg_b ? " neg_b" : "");
  fflush(stdout);
  *total_wrong += result.wrong;
}

int main(int argc, char **argv)
{
  options o = {.gpu = "h200", .show = 3, .threads = ulp_all_threads()};
  vector_record r;
  ulp_error e;
  size_t wrong = 0;
  int status;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--reference") == 0)
      o.reference = true;
    else if (strcmp(argv[i], "--gpu") == 0 && i + 1 < argc)
      o.gpu = argv[++i];
    else if (strcmp(argv[i], "--show") == 0 && i + 1 < argc)
      o.show = atol(argv[++i]);
    else {
      fprintf(stderr, "usage: replay_mma [--gpu NAME] [--reference] [--show N] "
                      "< VECTORS\n");
      return 2;
    }
  }
  while ((status = vector_read(stdin, &r, &e)) == 1) {
    replay(&r, &o, &wrong);
    vector_free(&r);
  }
  if (status < 0) {
    fprintf(stderr, "%s\n", e.text);
    return 2;
  }
  return wrong != 0;
}
