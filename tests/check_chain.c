/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The exact distribution of a rounded running sum, which
 * experiments/accumulate prints beside its samples: against closed forms and
 * published figures.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "chain.h"

static ulp_chain_moments sum(const char *format, const char *word,
                             const char *update, int64_t n)
{
  ulp_chain c;
  ulp_chain_moments m;
  ulp_error e;
  ulp_gaps g;
  ulp_mode_word mode;
  ck_assert_int_eq(ulp_gaps_make(&g, format, false, &e), ULP_OK);
  ck_assert_int_eq(ulp_mode_word_read(&mode, word, &e), ULP_OK);
  ck_assert_int_eq(ulp_chain_read(&c, update, &e), ULP_OK);
  ck_assert_int_eq(ulp_chain_expect(&m, &c, &g, &mode.rounding, n), ULP_OK);
  ulp_gaps_free(&g);
  return m;
}

/* Unbiased at every step, so on the whole, while nothing saturates; the
 * variance of one step is v (1 - v) gap^2, here v = 1/8; of the second, from
 * 1 or from 1 + gap, the same again. */
START_TEST(martingale)
{
  for (int64_t n = 1; n <= 4096; n *= 8) {
    ck_assert_double_eq_tol(sum("bf16", "sr", "0x1p-10", n).mean,
                            1 + ldexp((double)n, -10), 1e-11);
    ck_assert_double_eq_tol(sum("f16", "sr", "0x1.8p-14", n).mean,
                            1 + ldexp(1.5 * (double)n, -14), 1e-11);
  }
  for (int n = 1; n <= 2; n++)
    ck_assert_double_eq_tol(sum("bf16", "sr", "0x1p-10", n).deviation,
                            sqrt(n * 7 / 64.0) * 0x1p-7, 1e-15);
}
END_TEST

/* p-bit rounding to nearest adds u = 2^-k exactly until gap / 2 = u, where
 * the tie stays at the even power of 2: 2^p u.  N bits of variant A are dead
 * when gap 2^-N > u, at 2^(p + N) u. */
START_TEST(stalls)
{
  ck_assert_double_eq(sum("bf16", "rne", "0x1p-6", 1 << 12).mean, 4);
  ck_assert_double_eq(sum("bf16", "rne", "0x1p-8", 1 << 12).mean, 1);
  ck_assert_double_eq(sum("f16", "rne", "0x1p-8", 1 << 12).mean, 8);
  ck_assert_double_eq(sum("e4m3", "rne", "0x1p-3", 1 << 8).mean, 2);
  ck_assert_double_eq(sum("bf16", "sr:4A", "0x1p-12", 1 << 12).mean, 1);
  ck_assert_double_eq_tol(sum("bf16", "sr:4A", "0x1p-10", 1 << 14).mean, 4,
                          1e-9);
  ck_assert_double_eq_tol(sum("e4m3", "sr", "1", 1 << 12).mean, 448, 1e-9);
  /* less than E4M3's least value, and yet it arrives */
  ck_assert_double_eq_tol(sum("e4m3", "sr", "0x1p-12", 1 << 12).mean, 2,
                          1e-11);
}
END_TEST

/* N. J. Higham, S. Pranesh, SIAM J. Sci. Comput. 41(5), 2019: the harmonic
 * series stalls at 5.0625 after 65 terms in bf16, at 7.0859 after 513 in
 * f16, to the digits printed; the last term counted changes nothing. */
START_TEST(harmonic)
{
  double stalled = sum("bf16", "rne", "harmonic", 64).mean;
  ck_assert_double_eq(stalled, 5.0625);
  ck_assert_double_lt(sum("bf16", "rne", "harmonic", 63).mean, stalled);
  ck_assert_double_eq(sum("bf16", "rne", "harmonic", 2000).mean, stalled);
  stalled = sum("f16", "rne", "harmonic", 512).mean;
  ck_assert_double_eq_tol(stalled, 7.0859, 5e-5);
  ck_assert_double_lt(sum("f16", "rne", "harmonic", 511).mean, stalled);
  ck_assert_double_eq(sum("f16", "rne", "harmonic", 2000).mean, stalled);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("chain");
  TCase *c = tcase_create("chain");
  tcase_add_test(c, martingale);
  tcase_add_test(c, stalls);
  tcase_add_test(c, harmonic);
  suite_add_tcase(s, c);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
