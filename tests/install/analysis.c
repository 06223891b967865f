/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program outside the tree that uses the installed analysis library: the
 * signal-to-noise ratio of a Gaussian in E4M3.  make installcheck compiles it
 * with the flags of pkg-config ulplab-analysis.
 */
#include <stdio.h>

#include <ulplab/analysis.h>

enum { N = 10000 };

static int fail(ulp_status status)
{
  fprintf(stderr, "%s\n", ulp_strerror(status));
  return 1;
}

int main(void)
{
  static double x[N], work[2 * N];
  ulp_format e4m3;
  ulp_rounding nearest = {.mode = ULP_RNE};
  ulp_error_sums sums = {0};

  ulp_status status = ulp_format_find("e4m3", &e4m3, NULL, 0);
  if (status == ULP_OK)
    status = ulp_sample("gaussian", x, N, true, 1, 1);
  if (status == ULP_OK)
    status = ulp_measure_chunk(&sums, &e4m3, 1.0, &nearest, x, N, 0, work);
  if (status != ULP_OK)
    return fail(status);

  double snr = ulp_error_sums_report(&sums).snr_db;
  printf("E4M3 on a Gaussian, scale 1: %.2f dB\n", snr);
  /* About 31.5 dB; anything near says that the pieces fit together. */
  return !(snr > 30 && snr < 33);
}
