/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_data.c: operands, picked by chance from a list of codes.
 */
#include <math.h>
#include <stdlib.h>

#include "bench.h"

enum { SEED = 8, OUTLIER_EVERY = 128, OUTLIER_AT = 17, OUTLIER_TIMES = 64 };

const char *bench_data_name(bench_data_kind kind)
{
  static const char *const names[] = {[BENCH_NORMAL] = "normal",
                                      [BENCH_WIDE] = "wide-exponent",
                                      [BENCH_OUTLIER] = "outlier",
                                      [BENCH_POSITIVE] = "all-positive"};
  return names[kind];
}

ulp_status bench_data_begin(bench *b)
{
  return ulp_normals_make(&b->normals, SEED);
}

void bench_data_end(bench *b) { ulp_normals_free(&b->normals); }

size_t bench_chance(uint64_t *seed, size_t n)
{
  uint64_t word = ulp_random_word(SEED, 3, (*seed)++, 0);
  return (size_t)(word * n >> 32);
}

/* How far exponents go beyond a normal number's own: up to three binades
 * below the greatest of the format, as far down, and at most 30. */
static int spread(const ulp_format *f)
{
  if (f->kind != ULP_FLOAT) return 0;
  int top = (int)floor(log2(ulp_max(f))) - 3;
  return top < 0 ? 0 : top > 30 ? 30 : top;
}

static double value(const ulp_format *f, double x, bench_data_kind kind,
                    uint64_t index)
{
  int r = spread(f);
  if (f->kind == ULP_INTEGER) x *= 32;
  if (!f->is_signed || kind == BENCH_POSITIVE) x = fabs(x);
  if (kind == BENCH_WIDE)
    x = ldexp(x, (int)(ulp_random_word(SEED, 2, index, 0) %
                       (uint32_t)(2 * r + 1)) - r);
  return kind == BENCH_OUTLIER ? x * OUTLIER_TIMES : x;
}

/* A list of codes, as stored. */
static void make_list(char *list, const ulp_normals *normals,
                      const ulp_format *f, bench_data_kind kind)
{
  const ulp_rounding r = {.overflow = ULP_OVERFLOW_SATURATE};
  for (size_t i = 0; i < ULP_POOL; i++) {
    double x = value(f, ulp_normal_at(normals, SEED, 1, i), kind, i);
    ulp_store_code(f, list, i, ulp_encode_f64(f, x, &r, i));
  }
}

/* out[first], out[first + step], ...: elements of the list by chance; a
 * linear congruential generator is chance enough (Knuth, TAOCP 2, 3.3.4). */
#define DEFINE_PICK(NAME, TYPE)                                                \
  static void NAME(void *out, const void *list, size_t n, size_t first,        \
                   size_t step, uint64_t state)                                \
  {                                                                            \
    TYPE *to = out;                                                            \
    const TYPE *from = list;                                                   \
    for (size_t i = first; i < n; i += step) {                                 \
      state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;    \
      to[i] = from[state >> 48];                                               \
    }                                                                          \
  }
DEFINE_PICK(pick1, uint8_t)
DEFINE_PICK(pick2, uint16_t)
DEFINE_PICK(pick4, uint32_t)
DEFINE_PICK(pick8, uint64_t)

static void pick(const ulp_format *f, void *out, const void *list, size_t n,
                 size_t first, size_t step, uint64_t stream)
{
  switch (f->storage_bytes) {
  case 1: pick1(out, list, n, first, step, stream); break;
  case 2: pick2(out, list, n, first, step, stream); break;
  case 4: pick4(out, list, n, first, step, stream); break;
  default: pick8(out, list, n, first, step, stream);
  }
}

ulp_status bench_codes(const bench *b, void **out, const ulp_format *f,
                       size_t rows, size_t cols, bench_data_kind kind,
                       uint64_t stream, ulp_error *e)
{
  bench_data_kind most = kind == BENCH_OUTLIER ? BENCH_NORMAL : kind;
  size_t n = rows * cols;
  void *list = malloc((size_t)ULP_POOL * f->storage_bytes);
  void *codes = malloc(n * f->storage_bytes + 64);
  if (!list || !codes) {
    free(list);
    free(codes);
    return cli_no_memory(e);
  }
  make_list(list, &b->normals, f, most);
  pick(f, codes, list, n, 0, 1, stream);
  if (kind == BENCH_OUTLIER) {
    make_list(list, &b->normals, f, kind);
    size_t every = cols < OUTLIER_EVERY ? cols : OUTLIER_EVERY;
    for (size_t i = 0; i < rows; i++)
      pick(f, (char *)codes + i * cols * f->storage_bytes, list, cols,
           OUTLIER_AT % every, every, stream + i + 1);
  }
  free(list);
  *out = codes;
  return ULP_OK;
}

ulp_status bench_floats(const bench *b, float **out, size_t n, uint64_t stream,
                        ulp_error *e)
{
  ulp_format f32;
  void *codes = NULL;
  ulp_status s = ulp_format_find("float32", &f32, NULL, 0);
  if (s == ULP_OK)
    s = bench_codes(b, &codes, &f32, 1, n, BENCH_NORMAL, stream, e);
  if (s == ULP_OK) *out = codes;
  return s;
}
