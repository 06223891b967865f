/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_memory.c: the memory that a pass takes beside its arrays.
 *
 * Linux counts the most that was resident (VmHWM) and starts anew when a 5 is
 * written to /proc/self/clear_refs: proc(5).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "bench.h"

/* A line of /proc/self/status, in bytes; 0: not there. */
static int64_t status_bytes(const char *name)
{
  FILE *f = fopen("/proc/self/status", "r");
  char line[200];
  long long kib = 0;
  size_t n = strlen(name);
  while (f && fgets(line, sizeof line, f))
    if (strncmp(line, name, n) == 0 && line[n] == ':')
      kib = atoll(line + n + 1);
  if (f) fclose(f);
  return kib * 1024;
}

static bool start_anew(void)
{
  FILE *f = fopen("/proc/self/clear_refs", "w");
  bool done = f && fputs("5\n", f) >= 0;
  if (f && fclose(f) != 0) done = false;
  return done;
}

int64_t bench_peak_bytes(const bench_side *side, size_t size, int threads,
                         ulp_status *status)
{
#ifdef __GLIBC__
  malloc_trim(0); /* what earlier work freed is not resident */
#endif
  bool counted = start_anew();
  int64_t before = status_bytes("VmRSS");
  *status = ulp_isa_set(side->isa);
  if (*status == ULP_OK) *status = side->pass(side->data, size, threads);
  int64_t most = status_bytes("VmHWM") - before;
  return counted && most > 0 ? most : 0;
}
