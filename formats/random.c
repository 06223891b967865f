/* SPDX-License-Identifier: MIT
 *
 * pcg32 (O'Neill 2014, 6.3: a 64-bit LCG whose state is output through an
 * xorshift and a random rotation), with jump-ahead.
 */
#include "formats.h"

/* Knuth's multiplier, MMIX: the paper's choice for 64 bits of state. */
static const uint64_t multiplier = UINT64_C(6364136223846793005);

ulp_pcg32 ulp_pcg32_seed(uint64_t seed, uint64_t stream)
{
  ulp_pcg32 g = {.state = 0, .increment = stream << 1 | 1};
  (void)ulp_pcg32_next(&g);
  g.state += seed;
  (void)ulp_pcg32_next(&g);
  return g;
}

uint32_t ulp_pcg32_next(ulp_pcg32 *g)
{
  uint64_t old = g->state;
  uint32_t shifted = (uint32_t)((old >> 18 ^ old) >> 27);
  uint32_t turn = (uint32_t)(old >> 59);
  g->state = old * multiplier + g->increment;
  return shifted >> turn | shifted << (-turn & 31);
}

/* One step is state -> a state + c; 2^k steps are such a map too.  Compose
 * those that the bits of `steps` name. */
void ulp_pcg32_advance(ulp_pcg32 *g, uint64_t steps)
{
  uint64_t a = multiplier, c = g->increment;
  uint64_t a_all = 1, c_all = 0;
  for (; steps; steps >>= 1) {
    if (steps & 1) {
      a_all *= a;
      c_all = c_all * a + c;
    }
    c *= a + 1;
    a *= a;
  }
  g->state = a_all * g->state + c_all;
}

uint32_t ulp_random_word(uint64_t seed, uint64_t stream, uint64_t index,
                         unsigned word)
{
  ulp_pcg32 g;
  if (word == 0) {
    g = ulp_pcg32_seed(seed, stream);
    ulp_pcg32_advance(&g, index);
  } else {
    /* Fibonacci hashing (Knuth, TAOCP 3, 6.4) spreads the indices. */
    g = ulp_pcg32_seed(seed ^ index * UINT64_C(0x9e3779b97f4a7c15), ~stream);
    ulp_pcg32_advance(&g, word - 1);
  }
  return ulp_pcg32_next(&g);
}
