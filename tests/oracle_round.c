/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rung that a mode chooses, and the code of a rung: overflow, special
 * codes and stochastic rounding.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

/* ---- choosing between two rungs --------------------------------------------- */

/* The lowest bit of a rung's code. */
static bool odd_code(const oracle_format *o, int64_t rank)
{
  if (o->kind == 'c')
    return o->book_code[rank - o->rmin] & 1;
  if (o->flush && rank) /* ranks skip the unused magnitudes */
    return (llabs(rank) - 1 + (1 << o->man_bits)) & 1;
  return rank & 1;
}

static int64_t other_parity(const oracle_format *o, int64_t lo, bool want_odd,
                            int64_t inward)
{
  bool a = odd_code(o, lo), b = odd_code(o, lo + 1);
  if (a == b) /* both even: zero and the least value of a flushed format */
    return inward;
  return a == want_odd ? lo : lo + 1;
}

int64_t oracle_choose(const oracle_format *o, const oracle_place *p,
                      ulp_mode mode, bool ties_up)
{
  int64_t lo = p->rank, hi = lo + 1;
  if (p->exact)
    return lo;
  if (lo < o->rmin - 1)
    return o->rmin - 1;
  if (lo > o->rmax)
    return o->rmax + 1;
  int64_t inward = p->negative ? hi : lo, outward = p->negative ? lo : hi;
  bool ends = o->kind == 'c' && (lo < o->rmin || lo == o->rmax);
  switch (mode) {
  case ULP_RTZ:
    return inward;
  case ULP_RU:
    return hi;
  case ULP_RD:
    return lo;
  case ULP_ODD:
    return ends ? inward : other_parity(o, lo, true, outward);
  default:
    break;
  }
  if (p->half)
    return p->half < 0 ? lo : hi;
  if (mode == ULP_RNA || (mode == ULP_RNE && ties_up))
    return outward;
  return mode == ULP_RNZ ? inward : other_parity(o, lo, false, inward);
}

/* ---- stochastic ------------------------------------------------------------------ */

void oracle_fraction(const oracle_format *o, const oracle_place *p,
                     mpfr_srcptr x, int64_t *down, int64_t *up, mpq_t v)
{
  mpfr_t a, b;
  mpq_t gap;
  mpfr_inits2(512, a, b, (mpfr_ptr)0);
  mpq_init(gap);
  *down = p->negative && !p->exact ? p->rank + 1 : p->rank;
  *up = *down + (p->negative ? -1 : 1);
  oracle_rung(o, *down, a);
  oracle_rung(o, *up, b);
  mpfr_get_q(gap, b);
  mpfr_get_q(v, a);
  mpq_sub(gap, gap, v); /* up - down */
  mpfr_set(b, x, MPFR_RNDN);
  mpq_t q;
  mpq_init(q);
  mpfr_get_q(q, b);
  mpq_sub(v, q, v); /* x - down */
  mpq_div(v, v, gap);
  mpq_clears(q, gap, (mpq_ptr)0);
  mpfr_clears(a, b, (mpfr_ptr)0);
}

/* floor(v 2^k), or to nearest even. */
static uint64_t scaled(const mpq_t v, unsigned k, bool nearest)
{
  mpz_t n, r;
  mpz_inits(n, r, (mpz_ptr)0);
  mpz_mul_2exp(n, mpq_numref(v), k);
  mpz_fdiv_qr(n, r, n, mpq_denref(v));
  mpz_mul_2exp(r, r, 1);
  int half = mpz_cmp(r, mpq_denref(v));
  uint64_t result = mpz_get_ui(n);
  if (nearest && (half > 0 || (half == 0 && result % 2)))
    result++;
  mpz_clears(n, r, (mpz_ptr)0);
  return result;
}

/* P3109 draft 4.7.4.  B: floor(v 2^(N+1)) + 2R + 1 >= 2^(N+1) holds for
 * 2R >= 2^(N+1) - 1 - floor(..), that is for floor((floor(..) + 1) / 2) of
 * the R. */
uint64_t oracle_sr_ups(const mpq_t v, int n, ulp_sr_variant variant)
{
  if (variant == ULP_SR_A)
    return scaled(v, (unsigned)n, false);
  if (variant == ULP_SR_B)
    return (scaled(v, (unsigned)n + 1, false) + 1) / 2;
  return scaled(v, (unsigned)n, true);
}
