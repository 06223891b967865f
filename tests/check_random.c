/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pcg32: O'Neill's published outputs, and jumping equals stepping.
 */
#include <check.h>
#include <stdlib.h>

#include "formats.h"

/* pcg-c's demo, "pcg32-demo" of pcg-random.org: seed 42, stream 54. */
static const uint32_t demo[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                0x83d2f293, 0xbfa4784b, 0xcbed606e};

START_TEST(published_outputs)
{
  ulp_pcg32 g = ulp_pcg32_seed(42, 54);
  for (size_t i = 0; i < sizeof demo / sizeof *demo; i++)
    ck_assert_uint_eq(ulp_pcg32_next(&g), demo[i]);
}
END_TEST

START_TEST(random_word_is_the_sequence)
{
  ulp_pcg32 g = ulp_pcg32_seed(42, 54);
  for (uint64_t i = 0; i < 1000; i++)
    ck_assert_uint_eq(ulp_random_word(42, 54, i, 0), ulp_pcg32_next(&g));
}
END_TEST

START_TEST(advance_equals_stepping)
{
  ulp_pcg32 walker = ulp_pcg32_seed(7, 3);
  for (uint64_t n = 0; n < 3000; n++) {
    ulp_pcg32 jumper = ulp_pcg32_seed(7, 3);
    ulp_pcg32_advance(&jumper, n);
    ck_assert_uint_eq(jumper.state, walker.state);
    ck_assert_uint_eq(jumper.increment, walker.increment);
    ulp_pcg32_next(&walker);
  }
}
END_TEST

START_TEST(advance_goes_back_and_round)
{
  ulp_pcg32 start = ulp_pcg32_seed(UINT64_MAX, UINT64_MAX), g = start;
  for (int i = 0; i < 100; i++)
    ulp_pcg32_next(&g);
  ulp_pcg32_advance(&g, -(uint64_t)100);
  ck_assert_uint_eq(g.state, start.state);
  /* the period is 2^64, so two halves come home, and n then -n too */
  ulp_pcg32_advance(&g, UINT64_C(1) << 63);
  ck_assert_uint_ne(g.state, start.state);
  ulp_pcg32_advance(&g, UINT64_C(1) << 63);
  ck_assert_uint_eq(g.state, start.state);
  for (uint64_t n = 1; n; n *= 3) {
    ulp_pcg32_advance(&g, n);
    ulp_pcg32_advance(&g, -n);
    ck_assert_uint_eq(g.state, start.state);
    if (n > UINT64_MAX / 3)
      break;
  }
}
END_TEST

/* Jumps add up: n + m at once, across 2^32 and 2^64. */
START_TEST(jumps_add_up)
{
  static const uint64_t far[] = {1, 0xFFFFFFFF, 0x100000000, 0x123456789ABCDEF,
                                 UINT64_MAX - 5, UINT64_MAX};
  for (size_t i = 0; i < 6; i++)
    for (size_t j = 0; j < 6; j++) {
      ulp_pcg32 a = ulp_pcg32_seed(1, 2), b = a;
      ulp_pcg32_advance(&a, far[i]);
      ulp_pcg32_advance(&a, far[j]);
      ulp_pcg32_advance(&b, far[i] + far[j]);
      ck_assert_uint_eq(a.state, b.state);
      ck_assert_uint_eq(ulp_random_word(1, 2, far[i] + far[j], 0),
                        ulp_pcg32_next(&b));
    }
}
END_TEST

START_TEST(later_words_differ)
{
  for (uint64_t i = 0; i < 100; i++) {
    ck_assert_uint_eq(ulp_random_word(9, 9, i, 1), ulp_random_word(9, 9, i, 1));
    ck_assert(ulp_random_word(9, 9, i, 1) != ulp_random_word(9, 9, i, 2) ||
              ulp_random_word(9, 9, i, 2) != ulp_random_word(9, 9, i, 3));
    ck_assert(ulp_random_word(9, 9, i, 1) != ulp_random_word(9, 8, i, 1) ||
              ulp_random_word(9, 9, i, 2) != ulp_random_word(9, 8, i, 2));
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("random");
  TCase *t = tcase_create("pcg32");
  tcase_add_test(t, published_outputs);
  tcase_add_test(t, random_word_is_the_sequence);
  tcase_add_test(t, advance_equals_stepping);
  tcase_add_test(t, advance_goes_back_and_round);
  tcase_add_test(t, jumps_add_up);
  tcase_add_test(t, later_words_differ);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
