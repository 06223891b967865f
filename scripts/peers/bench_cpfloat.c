/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CPFloat's own job, for scripts/peers/bench.sh: f32 rounded to values of
 * E4M3, nearest even, its parameters of "e4m3" (OCP's range, saturating).
 *
 * usage: bench_cpfloat ELEMENTS PASSES < raw f32 > raw f32
 * Prints the seconds of the fastest pass on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cpfloat_binary32.h"

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
  size_t n = argc == 3 ? (size_t)atoll(argv[1]) : 0;
  float *x = malloc((n + 1) * sizeof *x), *y = malloc((n + 1) * sizeof *y);
  if (!n || !x || !y || fread(x, sizeof *x, n, stdin) != n) return 2;
  optstruct *o = init_optstruct();
  o->precision = 4;
  o->emin = -6;
  o->emax = 8;
  o->subnormal = CPFLOAT_SUBN_USE;
  o->round = CPFLOAT_RND_NE;
  o->flip = CPFLOAT_SOFTERR_NO;
  o->explim = CPFLOAT_EXPRANGE_TARG;
  o->infinity = CPFLOAT_INF_NO;
  o->saturation = CPFLOAT_SAT_USE;
  double best = 1e300;
  for (int i = 0; i <= atoi(argv[2]); i++) { /* the first warms up */
    double t = now();
    if (cpfloatf(y, x, n, o) != 0) return 3;
    t = now() - t;
    if (i && t < best) best = t;
  }
  fprintf(stderr, "%.9g\n", best);
  return fwrite(y, sizeof *y, n, stdout) == n ? 0 : 2;
}
