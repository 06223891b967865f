/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dot products of one instruction, for the scripts of scripts/peers that
 * compare them with other people's.
 *
 * usage: peer_dots GPU INSTR [size] < CODES > RESULTS
 * size: prints k and the number of scales of a row of A (of B), no more.
 * CODES: little-endian words of 64 bits; an output takes k of A, k of B, one
 * of C, then the scales of A and of B where the instruction has them.
 * RESULTS: one word an output.  Each is computed by the reference and by the
 * fast path, this one without scales; exit 1 when they differ, 2 for a wrong argument or a stream cut
 * short.
 */
#include "emu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_K = 256 };

static uint64_t word(const unsigned char *p)
{
  uint64_t x = 0;
  for (int i = 7; i >= 0; i--)
    x = x << 8 | p[i];
  return x;
}

static void put(uint64_t x)
{
  for (int i = 0; i < 8; i++)
    putchar((int)(x >> 8 * i & 0xff));
}

/* The same output by the fast path, as a tile of one. */
static uint64_t fast(const ulp_mma *m, const uint64_t *a, const uint64_t *b,
                     uint64_t c)
{
  unsigned char x[8 * MAX_K], y[8 * MAX_K], z[8], d[8];
  for (size_t k = 0; k < (size_t)m->k; k++) {
    ulp_store_code(&m->a, x, k, a[k]);
    ulp_store_code(&m->b, y, k, b[k]);
  }
  ulp_store_code(&m->c, z, 0, c);
  if (ulp_mma_tile(m, d, x, y, z, 1, 1) != ULP_OK)
    exit(2);
  return ulp_load_code(&m->d, d, 0);
}

static int run(const ulp_mma *m)
{
  unsigned char bytes[8 * (4 * MAX_K + 1)];
  uint64_t code[4 * MAX_K + 1];
  size_t k = (size_t)m->k, scales = (size_t)m->scales;
  size_t n = 2 * k + 1 + 2 * scales, got;
  int status = 0;
  while ((got = fread(bytes, 1, 8 * n, stdin)) == 8 * n) {
    for (size_t i = 0; i < n; i++)
      code[i] = word(bytes + 8 * i);
    const uint64_t *a = code, *b = code + k, c = code[2 * k];
    const uint64_t *sa = code + 2 * k + 1, *sb = sa + scales;
    uint64_t d = scales ? ulp_mma_dot_scaled(m, a, b, c, sa, sb, NULL)
                        : ulp_mma_dot(m, a, b, c, NULL);
    if (!scales && d != fast(m, a, b, c)) {
      fprintf(stderr, "peer_dots: fast path: %" PRIx64 ", reference %" PRIx64
                      "\n", fast(m, a, b, c), d);
      status = 1;
    }
    put(d);
  }
  if (got) {
    fprintf(stderr, "peer_dots: stdin: expected outputs of %zu words\n", n);
    return 2;
  }
  return status;
}

int main(int argc, char **argv)
{
  ulp_mma m;
  char why[256];
  if (argc < 3 || argc > 4) {
    fprintf(stderr, "usage: peer_dots GPU INSTR [size] < CODES\n");
    return 2;
  }
  if (ulp_mma_find(argv[1], argv[2], &m, why, sizeof why) != ULP_OK) {
    fprintf(stderr, "peer_dots: %s\n", why);
    return 2;
  }
  if (argc == 4) {
    printf("%d %d\n", m.k, m.scales);
    return 0;
  }
  return run(&m);
}
