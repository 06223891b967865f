/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/gsl_pcg.c: pcg32 as a generator of the GNU Scientific Library, so
 * that GSL's distributions and shuffles draw from the same bits.
 */
#include "analysis.h"

enum { DEMO_STREAM = 54 };

static void set(void *state, unsigned long seed)
{
  *(ulp_pcg32 *)state = ulp_pcg32_seed(seed, DEMO_STREAM);
}

static unsigned long get(void *state)
{
  return ulp_pcg32_next(state);
}

static double get_double(void *state)
{
  return ulp_pcg32_next(state) * 0x1p-32;
}

static const gsl_rng_type pcg32_type = {
    .name = "pcg32",
    .max = 0xffffffffUL,
    .min = 0,
    .size = sizeof(ulp_pcg32),
    .set = set,
    .get = get,
    .get_double = get_double,
};

const gsl_rng_type *const ulp_gsl_rng_pcg32 = &pcg32_type;

void ulp_gsl_rng_pcg32_seed(gsl_rng *r, uint64_t seed, uint64_t stream)
{
  *(ulp_pcg32 *)gsl_rng_state(r) = ulp_pcg32_seed(seed, stream);
}
