/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All 2^32 f32 inputs to a format, to nearest even, against the oracle.
 *
 *   check_f32 [--stride N] [--overflow RULE] [FORMAT ...]
 *
 * The oracle's midpoints are computed once, by MPFR; then the inputs are
 * walked upward, and the expected code changes when a midpoint is passed.
 * A stride is made odd, so that it meets every pattern of low bits; make
 * check takes one input of 4099, make check-long (f32.long) all of them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

#ifdef ULP_LONG
static uint32_t stride = 1;
#else
static uint32_t stride = 4099;
#endif

static const char *const formats[] = {
    "float8_e4m3fn", "float8_e5m2",    "float6_e3m2fn", "float6_e2m3fn",
    "float4_e2m1fn", "float8_e8m0fnu", "float16",       "bfloat16",
    "tf32",          "fp22"};

typedef struct {
  const ulp_format *f;
  const oracle_format *o;
  ulp_rounding r;
} job;

typedef struct {
  uint64_t inputs, wrong;
  uint32_t first; /* the least wrong input */
} tally;

static const uint32_t inf_bits = 0x7F800000, chunk = 1u << 20;

static float from_bits(uint32_t bits)
{
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static void compare(const job *j, uint32_t bits, uint64_t want, tally *t)
{
  t->inputs++;
  if (ulp_encode_f32(j->f, from_bits(bits), &j->r, 0) == want)
    return;
  if (t->wrong++ == 0 || bits < t->first)
    t->first = bits;
}

/* The code of a positive x whose rung is known, and of -x. */
static void codes_of(const job *j, int64_t rung, uint64_t *plus,
                     uint64_t *minus)
{
  const ulp_profile *ocp = ulp_profile_row(0);
  oracle_place p = {.negative = false};
  *plus = oracle_finish(j->o, &p, rung, ULP_RNE, j->r.overflow, ocp);
  p.negative = true;
  if (j->o->sign)
    *minus = oracle_finish(j->o, &p, -rung, ULP_RNE, j->r.overflow, ocp);
  else
    *minus = oracle_encode(j->o, -1e-30, &j->r); /* below the range */
}

/* The finite inputs of magnitude bits [begin, end). */
static void walk(const job *j, uint32_t begin, uint32_t end, tally *t)
{
  const oracle_format *o = j->o;
  oracle_place p = oracle_search_f64(o, (double)from_bits(begin));
  int64_t rung = oracle_choose(o, &p, ULP_RNE, false);
  uint64_t plus, minus;
  codes_of(j, rung, &plus, &minus);
  for (uint32_t bits = begin; bits < end; bits += stride) {
    double x = (double)from_bits(bits);
    int64_t before = rung;
    while (rung <= o->rmax) {
      double middle = o->middle[rung - o->rmin + 1];
      if (x < middle || (x == middle && rung % 2 == 0))
        break;
      rung++;
    }
    if (rung != before)
      codes_of(j, rung, &plus, &minus);
    if (x == 0) {
      plus = oracle_encode(o, 0.0, &j->r);
      minus = oracle_encode(o, -0.0, &j->r);
    }
    compare(j, bits, plus, t);
    compare(j, bits | 0x80000000, minus, t);
    if (x == 0)
      codes_of(j, rung, &plus, &minus);
  }
}

static void specials(const job *j, tally *t)
{
  const ulp_profile *ocp = ulp_profile_row(0);
  for (uint64_t low = 0; low <= 0x7FFFFF; low += low ? stride : 1)
    for (uint32_t sign = 0; sign < 2; sign++)
      compare(j, sign << 31 | inf_bits | (uint32_t)low,
              oracle_special(j->o, low != 0, sign, low << 41, j->r.overflow,
                             ocp),
              t);
}

static tally run(const job *j)
{
  tally all = {0};
  uint32_t chunks = inf_bits / chunk;
#pragma omp parallel for schedule(dynamic)
  for (uint32_t k = 0; k < chunks; k++) {
    tally t = {0};
    uint32_t begin = k * chunk, late = begin % stride;
    walk(j, begin + (late ? stride - late : 0), begin + chunk, &t);
#pragma omp critical
    {
      if (t.wrong && (!all.wrong || t.first < all.first))
        all.first = t.first;
      all.inputs += t.inputs;
      all.wrong += t.wrong;
    }
  }
  specials(j, &all);
  return all;
}

static int check(const char *name, ulp_overflow overflow)
{
  ulp_format f;
  oracle_format o;
  if (ulp_format_find(name, &f, NULL, 0) != ULP_OK ||
      !oracle_find(f.name, &o)) {
    fprintf(stderr, "check_f32: no format '%s'\n", name);
    return 2;
  }
  oracle_prepare(&o);
  if (!o.middle || o.kind != 'f' || f.bits > 22) {
    fprintf(stderr, "check_f32: '%s' has no ladder of doubles\n", name);
    return 2;
  }
  job j = {&f, &o, {.mode = ULP_RNE, .overflow = overflow}};
  tally t = run(&j);
  printf("%-15s overflow=%-8s %10llu inputs, %llu differ from the oracle", name,
         ulp_overflow_name(overflow), (unsigned long long)t.inputs,
         (unsigned long long)t.wrong);
  if (t.wrong)
    printf(", the first at 0x%08x %a", t.first, (double)from_bits(t.first));
  printf("\n");
  fflush(stdout);
  oracle_clear(&o);
  return t.wrong != 0;
}

int main(int argc, char **argv)
{
  ulp_overflow overflow = ULP_OVERFLOW_DEFAULT;
  int i = 1, result = 0;
  for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
    if (!strcmp(argv[i], "--stride"))
      stride = (uint32_t)strtoul(argv[i + 1], NULL, 10) | 1;
    else if (strcmp(argv[i], "--overflow") ||
             ulp_overflow_find(argv[i + 1], &overflow) != ULP_OK)
      return fprintf(stderr, "check_f32: option '%s'\n", argv[i]), 2;
  }
  for (int k = i; k < argc; k++)
    result |= check(argv[k], overflow);
  for (size_t k = 0; i >= argc && k < sizeof formats / sizeof *formats; k++)
    result |= check(formats[k], overflow);
  return result;
}
