/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulp_pcg32 against pcg32 of M. E. O'Neill's C++ headers (pcg-cpp 0.98).
 */
#include <pcg_random.hpp>

#include <cinttypes>
#include <cstdio>

#include "formats.h"

static int failures;

static void same(const char *what, std::uint64_t at, std::uint32_t got,
                 std::uint32_t expected)
{
  if (got == expected || failures++ > 10) return;
  std::fprintf(stderr,
               "%s, number %" PRIu64 ": %08" PRIx32 ", peer %08" PRIx32 "\n",
               what, at, got, expected);
}

static void sequence(std::uint64_t seed, std::uint64_t stream, std::uint64_t n)
{
  ulp_pcg32 g = ulp_pcg32_seed(seed, stream);
  pcg32 peer(seed, stream);
  for (std::uint64_t i = 0; i < n; i++)
    same("sequence", i, ulp_pcg32_next(&g), peer());
}

static void jumps(std::uint64_t seed, std::uint64_t stream)
{
  ulp_pcg32 g = ulp_pcg32_seed(seed, stream);
  pcg32 peer(seed, stream);
  for (std::uint64_t i = 0; i < 1000; i++) {
    std::uint64_t steps = (i * UINT64_C(0x9e3779b97f4a7c15)) >> (i % 64);
    ulp_pcg32_advance(&g, steps);
    peer.advance(steps);
    same("after a jump", i, ulp_pcg32_next(&g), peer());
    if (i % 3 == 0) {
      ulp_pcg32_advance(&g, 0 - (steps + 1));
      peer.backstep(steps + 1);
      same("after a jump back", i, ulp_pcg32_next(&g), peer());
    }
  }
}

int main()
{
  sequence(42, 54, 1000000);
  static const std::uint64_t edges[] = {0, 1, UINT64_C(1) << 63, UINT64_MAX,
                                        UINT64_C(0x123456789abcdef)};
  for (std::uint64_t seed : edges)
    for (std::uint64_t stream : edges) {
      sequence(seed, stream, 1000);
      jumps(seed, stream);
    }
  return failures ? 1 : 0;
}
