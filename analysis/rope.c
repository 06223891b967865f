/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rotary positions (J. Su et al., RoFormer, arXiv:2104.09864, equation 34):
 * pair i of a head, elements i and i + d/2 as transformers' rotate_half has
 * them, turns by position * theta^(-2 i / d).
 */
#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

#include "llama_internal.h"

/* The frequency of a pair: MPFR's, so that its bits are the same everywhere. */
static double power(double theta, int64_t i, int64_t head_dim)
{
  mpfr_t x, y;
  mpfr_inits2(120, x, y, (mpfr_ptr)0);
  mpfr_set_si(y, -2 * i, MPFR_RNDN);
  mpfr_div_si(y, y, head_dim, MPFR_RNDN);
  mpfr_set_d(x, theta, MPFR_RNDN);
  mpfr_pow(x, x, y, MPFR_RNDN);
  double out = mpfr_get_d(x, MPFR_RNDN);
  mpfr_clears(x, y, (mpfr_ptr)0);
  return out;
}

/* Llama 3.1's: wavelengths above original / low are stretched by `factor`, those
 * under original / high kept, those between blended
 * (transformers, modeling_rope_utils.py, _compute_llama3_parameters). */
static double stretched(const ulp_llama_config *c, double frequency)
{
  static const double two_pi = 0x1.921fb54442d18p+2;
  double wavelength = two_pi / frequency;
  double original = (double)c->original_positions;
  if (!c->llama3 || wavelength > original / c->low_factor)
    return frequency / c->factor;
  if (wavelength < original / c->high_factor)
    return frequency;
  double smooth = (original / wavelength - c->low_factor) /
                  (c->high_factor - c->low_factor);
  return (1 - smooth) * frequency / c->factor + smooth * frequency;
}

bool ulp_rope_make(ulp_rope *r, const ulp_llama_config *c)
{
  r->pairs = c->head_dim / 2;
  r->frequency = malloc((size_t)r->pairs * sizeof *r->frequency);
  for (int64_t i = 0; r->frequency && i < r->pairs; i++)
    r->frequency[i] = stretched(c, power(c->theta, i, c->head_dim));
  return r->frequency != NULL;
}

void ulp_rope_free(ulp_rope *r)
{
  free(r->frequency);
  r->frequency = NULL;
}

/* sin and cos of |r| <= pi / 4 by their Taylor series: the first terms left
 * out, r^19 / 19! and r^20 / 20!, are under 2^-60. */
static void by_series(double r, double *sine, double *cosine)
{
  static const double s[] = {1 / 355687428096000., -1 / 1307674368000.,
                             1 / 6227020800., -1 / 39916800., 1 / 362880.,
                             -1 / 5040., 1 / 120., -1 / 6.};
  static const double c[] = {-1 / 6402373705728000., 1 / 20922789888000.,
                             -1 / 87178291200., 1 / 479001600., -1 / 3628800.,
                             1 / 40320., -1 / 720., 1 / 24.};
  double x = r * r, u = s[0], v = c[0];
  for (int i = 1; i < 8; i++) {
    u = u * x + s[i];
    v = v * x + c[i];
  }
  *sine = r + r * x * u;
  *cosine = 1 - (x / 2 - x * x * v);
}

void ulp_turn(double angle, double *sine, double *cosine)
{
  /* pi / 2 in parts of 33 bits, whose products with k < 2^20 are exact
   * (Cody and Waite, ch. 11). */
  static const double part[] = {0x1.921fb544p+0, 0x1.0b4611a6p-34,
                                0x1.3198a2e037073p-69};
  double k = rint(angle * 0x1.45f306dc9c883p-1);
  double r = ((angle - k * part[0]) - k * part[1]) - k * part[2], s, c;
  by_series(r, &s, &c);
  switch ((int64_t)k & 3) {
  case 0: *sine = s; *cosine = c; break;
  case 1: *sine = c; *cosine = -s; break;
  case 2: *sine = -s; *cosine = -c; break;
  default: *sine = -c; *cosine = s; break;
  }
}

void ulp_rope_angles(const ulp_rope *r, double *turns, int64_t position)
{
  for (int64_t i = 0; i < r->pairs; i++)
    ulp_turn((double)position * r->frequency[i], &turns[2 * i],
             &turns[2 * i + 1]);
}

/* Every step in REAL. */
#define DEFINE_TURN(NAME, REAL)                                                \
  static void NAME(int64_t pairs, double *x, const double *turns)              \
  {                                                                            \
    for (int64_t i = 0; i < pairs; i++) {                                      \
      double a = x[i], b = x[i + pairs];                                       \
      double s = (double)(REAL)turns[2 * i];                                   \
      double c = (double)(REAL)turns[2 * i + 1];                               \
      x[i] = (double)(REAL)((double)(REAL)(a * c) - (double)(REAL)(b * s));    \
      x[i + pairs] =                                                           \
          (double)(REAL)((double)(REAL)(b * c) + (double)(REAL)(a * s));       \
    }                                                                          \
  }
DEFINE_TURN(turn_f64, double)
DEFINE_TURN(turn_f32, float)

static void turn_by_steps(int64_t pairs, double *x, const double *turns,
                          const ulp_step *f, uint64_t index)
{
  for (int64_t i = 0; i < pairs; i++, index += 8) {
    double a = x[i], b = x[i + pairs];
    double s = ulp_step_round(f, turns[2 * i], index);
    double c = ulp_step_round(f, turns[2 * i + 1], index + 1);
    double ac = ulp_step_round(f, a * c, index + 2);
    double bs = ulp_step_round(f, b * s, index + 3);
    double bc = ulp_step_round(f, b * c, index + 4);
    double as = ulp_step_round(f, a * s, index + 5);
    x[i] = ulp_step_round(f, ac - bs, index + 6);
    x[i + pairs] = ulp_step_round(f, bc + as, index + 7);
  }
}

void ulp_rope_turn(const ulp_rope *r, double *x, const double *turns,
                   const ulp_step *f, uint64_t index)
{
  if (ulp_step_is_f64(f))
    turn_f64(r->pairs, x, turns);
  else if (ulp_step_is_f32(f))
    turn_f32(r->pairs, x, turns);
  else
    turn_by_steps(r->pairs, x, turns, f, index);
}
