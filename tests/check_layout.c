/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Layouts: every row of the table is a permutation of bits, and the one that
 * a second description gives, which is written from the row's source and not
 * from its map.  A row that is not described here fails.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

/* A matrix to be packed: rows and cols as given and up to the multiples. */
typedef struct {
  int64_t r, c, rows, cols;
  int bits;
} matrix;

/* The number of the packed bit that holds bit k of code (r, c). */
typedef int64_t place(const matrix *m, int64_t r, int64_t c, int k);

/* ---- second descriptions --------------------------------------------------
 */

/* What runs through all codes in order, low bits first. */
static int64_t in_order(const matrix *m, int64_t r, int64_t c, int k)
{
  return (r * m->cols + c) * m->bits + k;
}

/* bitsandbytes: byte i is code 2i << 4 | code 2i+1. */
static int64_t nibble_high(const matrix *m, int64_t r, int64_t c, int k)
{
  return (r * m->cols + c) / 2 * 8 + (c % 2 ? 0 : 4) + k;
}

/* bitsandbytes, _convert_weight_packed_for_cpu: 32 rows of one pair of
 * columns are 64 codes, of which the first 32 are low nibbles. */
static int64_t bnb_cpu(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t group = r / 32 * (m->cols / 2) + c / 2, q = r % 32 * 2 + c % 2;
  return (group * 32 + q % 32) * 8 + q / 32 * 4 + k;
}

/* pack_uint6_pytorch: byte 0 is 0's upper four bits, then 1's; byte 1 is 3's,
 * then 2's; byte 2 is the lower two of 0, 1, 3, 2, from its top. */
static int64_t torchao_fp6(const matrix *m, int64_t r, int64_t c, int k)
{
  static const int upper[] = {4, 0, 8, 12}, lower[] = {22, 20, 16, 18};
  int64_t group = (r * m->cols + c) / 4 * 24;
  return group + (k >= 2 ? upper[c % 4] + k - 2 : lower[c % 4] + k);
}

/* _pack_tc_floatx, pass 1: 16 x 16 tiles become 32 lanes of pairs; passes 2
 * and 3: words of a lane, their fields interleaved, bytes reversed. */
static int64_t fp6_llm(const matrix *m, int64_t r, int64_t c, int k)
{
  static const int order2[] = {1, 5, 9, 13, 3, 7, 11, 15,
                               0, 4, 8, 12, 2, 6, 10, 14};
  static const int order4[] = {1, 5, 3, 7, 0, 4, 2, 6};
  int y = k >= 4 ? 2 : 4, fields = 8 / y;
  const int *order = y == 2 ? order2 : order4;
  int64_t all = m->rows * m->cols;
  int64_t p = r / 64 * (m->cols / 16) + c / 16;
  p = (p * 4 + r / 16 % 4) * 2 + c / 8 % 2;
  p = (p * 2 + r / 8 % 2) * 64 + r % 8 * 8 + c % 8;
  int64_t lane = p / 2 % 32, field = p / 64 * 2 + p % 2;
  int64_t byte = field / fields;
  int u = (int)(byte % 4 * fields + field % fields);
  int v = 0;
  while (order[v] != u)
    v++;
  int64_t at = (byte / 4 * 32 + lane) * 4 + 3 - v / fields;
  int shift = 8 - (v % fields + 1) * y;
  return (y == 4 ? all * 2 : 0) + at * 8 + shift + (y == 2 ? k - 4 : k);
}

/* ggml: a block of n codes is n/2 bytes, code j with code j + n/2. */
static int64_t halves(int64_t i, int n, int k)
{
  return i / n * n * 4 + i % (n / 2) * 8 + (i % n >= n / 2 ? 4 : 0) + k;
}

static int64_t q4_0(const matrix *m, int64_t r, int64_t c, int k)
{
  return halves(r * m->cols + c, 32, k);
}

static int64_t nvfp4(const matrix *m, int64_t r, int64_t c, int k)
{
  return halves(r * m->cols + c, 16, k);
}

static int64_t q4_k(const matrix *m, int64_t r, int64_t c, int k)
{
  return halves(r * m->cols + c, 64, k);
}

/* qh[4], bit j is code j's highest; qs[16]. */
static int64_t q5_0(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t i = r * m->cols + c, block = i / 32 * 160;
  return k == 4 ? block + i % 32 : block + 32 + halves(i % 32, 32, k);
}

/* The two lowest bits of the K-quants: 32 bytes hold 128 codes. */
static int64_t pairs(int64_t i, int k)
{
  return i / 128 * 256 + i % 32 * 8 + i % 128 / 32 * 2 + k;
}

static int64_t q2_k(const matrix *m, int64_t r, int64_t c, int k)
{
  return pairs(r * m->cols + c, k);
}

/* hmask[32], bit j of byte l is that of code 32 j + l; qs[64]. */
static int64_t q3_k(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t i = (r * m->cols + c) % 256, block = (r * m->cols + c) / 256 * 768;
  return k == 2 ? block + i % 32 * 8 + i / 32 : block + 256 + pairs(i, k);
}

/* qh[32] as hmask, qs[128]. */
static int64_t q5_k(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t i = (r * m->cols + c) % 256, block = (r * m->cols + c) / 256 * 1280;
  return k == 4 ? block + i % 32 * 8 + i / 32 : block + 256 + halves(i, 64, k);
}

/* ql[128]: q1 and q3 share byte l, q2 and q4 byte l + 32; qh[64]. */
static int64_t q6_k(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t i = (r * m->cols + c) % 256, block = (r * m->cols + c) / 256 * 1536;
  int64_t half = i / 128, q = i % 128 / 32, l = i % 32;
  if (k >= 4) return block + 1024 + half * 256 + l * 8 + q * 2 + k - 4;
  return block + (half * 64 + q % 2 * 32 + l) * 8 + q / 2 * 4 + k;
}

/* pack_to_int32: ceil(cols * bits / 32) words a row, no gaps between codes. */
static int64_t int32(const matrix *m, int64_t r, int64_t c, int k)
{
  return r * ((m->cols * m->bits + 31) / 32 * 32) + c * m->bits + k;
}

/* The same of the transposed matrix, transposed back. */
static int64_t int32_rows(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t at = r * m->bits + k;
  return (at / 32 * m->cols + c) * 32 + at % 32;
}

/* order_map of WQLinear_GEMM.from_linear. */
static int64_t awq(const matrix *m, int64_t r, int64_t c, int k)
{
  static const int order[] = {0, 2, 4, 6, 1, 3, 5, 7};
  int i = 0;
  while (order[i] != c % 8)
    i++;
  return (r * m->cols + c) / 8 * 32 + i * 4 + k;
}

/* QuantLinear.pack: the word and bit of number j of 32. */
static int gptq_bit(int bits, int j, int k)
{
  if (bits != 3) return j * bits + k;
  if (j < 10) return 3 * j + k;
  if (j == 10) return k < 2 ? 30 + k : 32;
  if (j < 21) return 32 + 3 * (j - 11) + 1 + k;
  if (j == 21) return k < 1 ? 63 : 64 + k - 1;
  return 64 + 3 * (j - 22) + 2 + k;
}

static int64_t gptq(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t at = gptq_bit(m->bits, (int)(r % 32), k);
  return ((r / 32 * m->bits + at / 32) * m->cols + c) * 32 + at % 32;
}

static int64_t qzeros(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t at = gptq_bit(m->bits, (int)(c % 32), k);
  return (r * m->cols + c) / 32 * (32 * m->bits) + at;
}

/* _get_perms: entry n of the permutation of 1024, interleaved. */
static int marlin_perm(int n)
{
  static const int interleave[] = {0, 2, 4, 6, 1, 3, 5, 7};
  int i = n / 32, j = n / 8 % 4, at = interleave[n % 8];
  int rows[] = {2 * (i % 4), 2 * (i % 4) + 1, 2 * (i % 4 + 4),
                2 * (i % 4 + 4) + 1};
  return 16 * rows[at % 4] + i / 4 + 8 * (at / 4) + 256 * j;
}

static int64_t marlin(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t tiled = r / 16 * (m->cols * 16) + c / 16 * 256 + r % 16 * 16 + c % 16;
  int n = 0;
  while (marlin_perm(n) != tiled % 1024)
    n++;
  return (tiled / 1024 * 1024 + n) * 4 + k;
}

static int64_t marlin_scales(const matrix *m, int64_t r, int64_t c, int k)
{
  int n = 0;
  while (n / 8 + 8 * (n % 8) != c % 64)
    n++;
  return (r * m->cols + c / 64 * 64 + n) * 16 + k;
}

static int64_t marlin_single(const matrix *m, int64_t r, int64_t c, int k)
{
  static const int j[] = {0, 1, 8, 9, 16, 17, 24, 25};
  int n = 0;
  while (2 * (n / 8) + j[n % 8] != c % 32)
    n++;
  return (r * m->cols + c / 32 * 32 + n) * 16 + k;
}

/* cuBLAS: (outer % 32) * 16 + (outer / 32) * 4 + inner in a tile of 512. */
static int64_t swizzle(const matrix *m, int64_t r, int64_t c, int k)
{
  int64_t tile = r / 128 * (m->cols / 4) + c / 4, outer = r % 128;
  return (tile * 512 + outer % 32 * 16 + outer / 32 * 4 + c % 4) * 8 + k;
}

static int64_t ue8m0(const matrix *m, int64_t r, int64_t c, int k)
{
  return (c / 4 * m->rows + r) * 32 + c % 4 * 8 + k;
}

static int64_t mn_major(const matrix *m, int64_t r, int64_t c, int k)
{
  return (c * m->rows + r) * 32 + k;
}

static const struct {
  const char *name;
  place *of;
} described[] = {
    {"nibble-low", in_order},
    {"nibble-high", nibble_high},
    {"bitsandbytes", nibble_high},
    {"bitsandbytes-cpu", bnb_cpu},
    {"fp6-low", in_order},
    {"torchao-fp6", torchao_fp6},
    {"fp6-llm", fp6_llm},
    {"gpt-oss", in_order},
    {"ggml-q4_0", q4_0},
    {"ggml-q5_0", q5_0},
    {"ggml-nvfp4", nvfp4},
    {"ggml-q2_k", q2_k},
    {"ggml-q3_k", q3_k},
    {"ggml-q4_k", q4_k},
    {"ggml-q5_k", q5_k},
    {"ggml-q6_k", q6_k},
    {"pack-int32", int32},
    {"pack-int32-rows", int32_rows},
    {"awq", awq},
    {"gptq", gptq},
    {"gptq-qzeros", qzeros},
    {"marlin", marlin},
    {"marlin-scales", marlin_scales},
    {"marlin-scales-channel", marlin_single},
    {"swizzle-128x4", swizzle},
    {"deepgemm-ue8m0", ue8m0},
    {"deepgemm-mn-major", mn_major},
};

static place *description(const char *name)
{
  for (size_t i = 0; i < sizeof described / sizeof *described; i++)
    if (!strcmp(described[i].name, name)) return described[i].of;
  ck_abort_msg("%s is not described in this test", name);
  return NULL;
}

/* ---- matrices -------------------------------------------------------------
 */

static int64_t up(int64_t n, int64_t multiple)
{
  return (n + multiple - 1) / multiple * multiple;
}

static int code_bytes(int bits)
{
  return bits <= 8 ? 1 : bits / 8;
}

/* Random codes, the same each time; bits above the width are garbage that
 * packing must ignore. */
static uint8_t *random_codes(const matrix *m, bool clean)
{
  size_t n = (size_t)(m->r * m->c) * (size_t)code_bytes(m->bits);
  uint8_t *codes = malloc(n + 1);
  for (size_t i = 0; i < n; i++)
    codes[i] = (uint8_t)(ulp_random_word(4, 1, i, 0) &
                         (clean && m->bits < 8 ? (1u << m->bits) - 1 : 255));
  return codes;
}

static int bit_of(const uint8_t *bytes, int64_t at)
{
  return bytes[at / 8] >> (at % 8) & 1;
}

/* Every bit of every code lies where it is described, once, and what is left
 * over is zero. */
static void check_places(const ulp_layout *l, const matrix *m, place *of,
                         const uint8_t *codes, const uint8_t *packed,
                         uint64_t bytes)
{
  uint8_t *taken = calloc(bytes + 1, 1);
  for (int64_t i = 0; i < m->r * m->c * m->bits; i++) {
    int64_t e = i / m->bits;
    int k = (int)(i % m->bits);
    int64_t at = of(m, e / m->c, e % m->c, k);
    int want = bit_of(codes, e * code_bytes(m->bits) * 8 + k);
    if (l->offset && k == m->bits - 1) want = !want;
    ck_assert_msg(at >= 0 && (uint64_t)at < bytes * 8 && !bit_of(taken, at) &&
                      bit_of(packed, at) == want,
                  "%s, %d bits, %lldx%lld: bit %d of code %lld", l->name,
                  m->bits, (long long)m->r, (long long)m->c, k, (long long)e);
    taken[at / 8] |= (uint8_t)(1 << at % 8);
  }
  for (uint64_t b = 0; b < bytes; b++)
    ck_assert_uint_eq(packed[b] & ~taken[b], 0);
  free(taken);
}

/* Sets what the codes do not fill. */
static void fill_gaps(const matrix *m, place *of, uint8_t *packed,
                      uint64_t bytes)
{
  uint8_t *gaps = malloc(bytes + 1);
  memset(gaps, 255, bytes);
  for (int64_t i = 0; i < m->r * m->c * m->bits; i++) {
    int64_t e = i / m->bits, at = of(m, e / m->c, e % m->c, (int)(i % m->bits));
    gaps[at / 8] &= (uint8_t) ~(1 << at % 8);
  }
  for (uint64_t b = 0; b < bytes; b++)
    packed[b] |= gaps[b];
  free(gaps);
}

static void check_matrix(const ulp_layout *l, int bits, int64_t r, int64_t c)
{
  place *of = description(l->name);
  matrix m = {r, c, up(r, l->row_multiple), up(c, l->col_multiple), bits};
  ulp_packed plan;
  char why[200] = "";
  ck_assert_msg(ulp_layout_plan(l, &plan, (unsigned)bits, r, c, why,
                                sizeof why) == ULP_OK,
                "%s", why);
  uint8_t *codes = random_codes(&m, false), *clean = random_codes(&m, true);
  uint8_t *packed = malloc(plan.bytes + 1), *back = random_codes(&m, false);
  size_t size = (size_t)(r * c) * (size_t)code_bytes(bits);
  packed[plan.bytes] = 0x5a;
  ck_assert(ulp_layout_pack(l, packed, codes, (unsigned)bits, r, c) == ULP_OK);
  ck_assert_uint_eq(packed[plan.bytes], 0x5a);
  check_places(l, &m, of, codes, packed, plan.bytes);
  fill_gaps(&m, of, packed, plan.bytes);
  ck_assert(ulp_layout_unpack(l, back, packed, (unsigned)bits, r, c) == ULP_OK);
  ck_assert_msg(!memcmp(back, clean, size), "%s: not the inverse", l->name);
  free(back);
  free(packed);
  free(clean);
  free(codes);
}

/* ---- tests ------------------------------------------------------------------
 */

START_TEST(every_bit_in_its_place)
{
  const ulp_layout *l = ulp_layout_row((size_t)_i);
  int64_t row = l->row_multiple, col = l->col_multiple;
  for (int bits = 1; bits <= 32; bits++) {
    if (!(l->widths >> (bits - 1) & 1)) continue;
    for (int64_t r = row; r <= (l->flat ? 1 : 3 * row); r += row)
      for (int64_t c = col; c <= 3 * col; c += col)
        check_matrix(l, bits, r, c);
    check_matrix(l, bits, l->flat ? 1 : row, (600 / col + 1) * col);
    check_matrix(l, bits, 0, col);
    check_matrix(l, bits, row, 0);
    for (int64_t more = 1; l->pads && more < row + 2; more += row / 3 + 1)
      for (int64_t c = 1; c < 2 * col + 2; c++)
        check_matrix(l, bits, l->flat ? 1 : more, c);
  }
}
END_TEST

/* Packs the codes 0, 1, 2, ... or what is given, as bytes. */
static void packs(const char *name, unsigned bits, int64_t r, int64_t c,
                  const uint8_t *codes, const uint8_t *want, size_t n)
{
  uint8_t got[64], counted[64];
  const ulp_layout *l;
  for (int i = 0; i < 64; i++)
    counted[i] = (uint8_t)i;
  ck_assert(ulp_layout_find(name, &l, NULL) == ULP_OK);
  ck_assert(ulp_layout_pack(l, got, codes ? codes : counted, bits, r, c) ==
            ULP_OK);
  ck_assert_msg(!memcmp(got, want, n), "%s", name);
}
#define BYTES(...)                                                             \
  (const uint8_t[])                                                            \
  {                                                                            \
    __VA_ARGS__                                                                \
  }

/* By hand, from the expressions in the sources that the table names. */
START_TEST(by_hand)
{
  packs("TorchAO-uint4", 4, 1, 4, NULL, BYTES(0x10, 0x32), 2);
  packs("bitsandbytes", 4, 1, 3, NULL, BYTES(0x01, 0x20), 2);
  packs("awq", 4, 1, 8, NULL, BYTES(0x20, 0x64, 0x31, 0x75), 4);
  /* word = c0 | c1 << 6 | c2 << 12 | c3 << 18 */
  packs("fp6-low", 6, 1, 4, BYTES(1, 2, 3, 4), BYTES(0x81, 0x30, 0x10), 3);
  /* 0x3f, 0, 0x15, 0x2a: 1111.0000, 1010.0101, 11.00.10.01 */
  packs("torchao-fp6", 6, 1, 4, BYTES(0x3f, 0, 0x15, 0x2a),
        BYTES(0xf0, 0xa5, 0xc9), 3);
  /* -8 .. -1 plus 8 */
  packs("pack-int32", 4, 1, 8, BYTES(8, 9, 10, 11, 12, 13, 14, 15),
        BYTES(0x10, 0x32, 0x54, 0x76), 4);
  /* -4, 3 plus 4: one word, padded */
  packs("pack-int32", 3, 1, 2, BYTES(4, 3), BYTES(0x38, 0, 0, 0), 4);
  /* zero points 0, 1 of one column: rows in one word */
  packs("pack-int32-rows", 8, 2, 1, BYTES(0x80, 0x81), BYTES(0, 1, 0, 0), 4);
  packs("ggml-q4_0", 4, 1, 32, NULL, BYTES(0x00, 0x11, 0x22, 0x33), 4);
  packs("deepgemm-ue8m0", 8, 2, 3, BYTES(1, 2, 3, 4, 5, 6),
        BYTES(1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0), 16);
}
END_TEST

static const struct {
  const char *name;
  int bits, rows, cols, ndim, shape[3], word;
} shapes[] = {
    {"gpt-oss", 4, 5, 96, 3, {5, 3, 16}, 8},
    {"bitsandbytes", 4, 1, 4097, 3, {1, 2049, 1}, 8},
    {"pack-int32", 4, 3, 20, 2, {3, 3}, 32},
    {"pack-int32-rows", 4, 20, 3, 2, {3, 3}, 32},
    {"awq", 4, 128, 64, 2, {128, 8}, 32},
    {"gptq", 3, 64, 5, 2, {6, 5}, 32},
    {"marlin", 4, 128, 256, 2, {8, 512}, 32},
    {"marlin-scales", 16, 4, 128, 2, {4, 128}, 16},
    {"torchao-to_blocked", 8, 200, 5, 2, {64, 32}, 8},
    {"fp6-llm", 6, 64, 128, 2, {64, 96}, 8},
    {"deepgemm-ue8m0", 8, 5, 9, 2, {3, 8}, 32},
    {"deepgemm-mn-major", 32, 5, 9, 2, {9, 8}, 32},
    {"ggml-q6_k", 6, 2, 512, 2, {2, 384}, 8},
};

/* Shapes as the sources' docstrings and buffers have them. */
START_TEST(shapes_as_shipped)
{
  const ulp_layout *l;
  ulp_packed p;
  ck_assert(ulp_layout_find(shapes[_i].name, &l, NULL) == ULP_OK);
  ck_assert(ulp_layout_plan(l, &p, (unsigned)shapes[_i].bits, shapes[_i].rows,
                            shapes[_i].cols, NULL, 0) == ULP_OK);
  ck_assert_int_eq(p.ndim, shapes[_i].ndim);
  ck_assert_uint_eq(p.word_bits, (unsigned)shapes[_i].word);
  uint64_t words = 1;
  for (int i = 0; i < p.ndim; i++) {
    ck_assert_int_eq(p.shape[i], shapes[_i].shape[i]);
    words *= (uint64_t)p.shape[i];
  }
  ck_assert_uint_eq(words * p.word_bits, p.bytes * 8);
}
END_TEST

static const struct {
  const char *name;
  unsigned bits;
  int64_t rows, cols;
  const char *why;
} refusals[] = {
    {"nibble-low", 4, 1, 3, "3 columns, expected a multiple of 2"},
    {"nibble-low", 8, 1, 2, "codes of 8 bits"},
    {"nibble-low", 0, 1, 2, "codes of 0 bits"},
    {"nibble-low", 65, 1, 2, "codes of 65 bits"},
    {"gptq", 3, 33, 1, "33 rows, expected a multiple of 32"},
    {"marlin", 4, 16, 32, "32 columns, expected a multiple of 64"},
    {"swizzle-128x4", 8, -1, 4, "expected fewer"},
    {"swizzle-128x4", 8, INT64_MAX, 1, "expected fewer"},
    {"swizzle-128x4", 8, INT64_MAX / 256, 4, "expected fewer"},
};

START_TEST(refused)
{
  const ulp_layout *l;
  ulp_packed p = {.bytes = 7};
  char why[200] = "";
  uint8_t none[1] = {3};
  ck_assert(ulp_layout_find(refusals[_i].name, &l, NULL) == ULP_OK);
  ck_assert(ulp_layout_plan(l, &p, refusals[_i].bits, refusals[_i].rows,
                            refusals[_i].cols, why, sizeof why) == ULP_EINVAL);
  ck_assert_msg(strstr(why, refusals[_i].why), "%s", why);
  ck_assert_uint_eq(p.bytes, 7);
  ck_assert(ulp_layout_pack(l, none, none, refusals[_i].bits, refusals[_i].rows,
                            refusals[_i].cols) == ULP_EINVAL);
  ck_assert(ulp_layout_unpack(l, none, none, refusals[_i].bits,
                              refusals[_i].rows,
                              refusals[_i].cols) == ULP_EINVAL);
  ck_assert_uint_eq(none[0], 3);
}
END_TEST

START_TEST(names)
{
  const ulp_layout *l = NULL, *other;
  const char *near = "";
  for (size_t i = 0; i < ulp_layout_count(); i++) {
    ck_assert(ulp_layout_find(ulp_layout_row(i)->name, &l, NULL) == ULP_OK);
    ck_assert_ptr_eq(l, ulp_layout_row(i));
  }
  ck_assert_ptr_null(ulp_layout_row(ulp_layout_count()));
  ck_assert(ulp_layout_find("GGML-MXFP4", &other, NULL) == ULP_OK);
  ck_assert_str_eq(other->name, "ggml-q4_0");
  ck_assert(ulp_layout_find("marlim", &l, &near) == ULP_ENAME);
  ck_assert_str_eq(near, "marlin");
  ck_assert(ulp_layout_find("", &l, &near) == ULP_ENAME);
  ck_assert(ulp_layout_find("ggml-q4_1 ggml-iq4_nl", &l, NULL) == ULP_ENAME);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("layout");
  TCase *c = tcase_create("layout");
  tcase_add_loop_test(c, every_bit_in_its_place, 0, (int)ulp_layout_count());
  tcase_add_test(c, by_hand);
  tcase_add_loop_test(c, shapes_as_shipped, 0, sizeof shapes / sizeof *shapes);
  tcase_add_loop_test(c, refused, 0, sizeof refusals / sizeof *refusals);
  tcase_add_test(c, names);
  suite_add_tcase(suite, c);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
