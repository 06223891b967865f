/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packed blocks: sizes, blocks worked out by hand from ggml-quants.c, lattices
 * that survive a round trip, zeros, NaN and Inf.  scripts/peers/ggml.py has
 * ggml itself.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "packed.h"

enum { MOST = ULP_PACKED_ELEMENTS_MAX, BYTES = ULP_PACKED_BYTES_MAX };

static const ulp_packed_block *row(const char *name)
{
  const ulp_packed_block *b = NULL;
  ck_assert_int_eq(ulp_packed_block_find(name, &b, NULL, 0), ULP_OK);
  return b;
}

/* ---- the table ----------------------------------------------------------- */

/* ggml-common.h: QK and sizeof of each block's struct. */
static const struct {
  const char *name;
  int elements, bytes;
} sizes[] = {
    {"q4_0", 32, 2 + 16},
    {"q4_1", 32, 4 + 16},
    {"q5_0", 32, 2 + 4 + 16},
    {"q5_1", 32, 4 + 4 + 16},
    {"q8_0", 32, 2 + 32},
    {"q8_1", 32, 4 + 32},
    {"q2_K", 256, 16 + 64 + 4},
    {"q3_K", 256, 32 + 64 + 12 + 2},
    {"q4_K", 256, 4 + 12 + 128},
    {"q5_K", 256, 4 + 12 + 32 + 128},
    {"q6_K", 256, 128 + 64 + 16 + 2},
    {"q8_K", 256, 4 + 256 + 32},
    {"mxfp4", 32, 1 + 16},
    {"nvfp4", 64, 4 + 32},
    {"q1_0", 128, 2 + 16},
    {"q2_0", 64, 2 + 16},
    {"tq1_0", 256, 48 + 4 + 2},
    {"tq2_0", 256, 64 + 2},
    {"iq4_nl", 32, 2 + 16},
    {"iq4_xs", 256, 2 + 2 + 4 + 128},
};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

START_TEST(table)
{
  ck_assert_uint_eq(ulp_packed_block_count(), SIZES);
  for (size_t i = 0; i < SIZES; i++) {
    const ulp_packed_block *b = row(sizes[i].name);
    char alias[40] = "GGML_";
    ck_assert_int_eq(b->elements, sizes[i].elements);
    ck_assert_int_eq(b->bytes, sizes[i].bytes);
    ck_assert(b->elements <= MOST && b->bytes <= BYTES);
    ck_assert(ulp_packed_bits_per_element(b) ==
              (double)sizes[i].bytes * 8 / sizes[i].elements);
    ck_assert_ptr_eq(row(strcat(alias, sizes[i].name)), b);
  }
  ck_assert_ptr_null(ulp_packed_block_row(SIZES));
}
END_TEST

START_TEST(names)
{
  const ulp_packed_block *b = NULL;
  char why[100] = "";
  ck_assert_int_eq(ulp_packed_block_find("q4_q", &b, why, sizeof why),
                   ULP_ENAME);
  ck_assert_ptr_null(b);
  ck_assert_msg(strstr(why, "q4_") != NULL, "%s", why);
  ck_assert_int_eq(ulp_packed_block_find("", &b, why, sizeof why), ULP_ENAME);
  ck_assert_int_eq(ulp_packed_block_find("ggml", &b, NULL, 0), ULP_ENAME);
}
END_TEST

/* ---- blocks by hand --------------------------------------------------------
 */

static void assert_block(const char *name, const float *x,
                         const uint8_t *expected)
{
  const ulp_packed_block *b = row(name);
  uint8_t block[BYTES + 1];
  memset(block, 0xa5, sizeof block); /* every byte must be written, no more */
  b->encode(block, x);
  for (int i = 0; i < b->bytes; i++)
    ck_assert_msg(block[i] == expected[i], "%s, byte %d: %02x, expected %02x",
                  name, i, block[i], expected[i]);
  ck_assert_int_eq(block[b->bytes], 0xa5);
}

/* quantize_row_q4_0_ref: the extreme is -16, d = 2, code = trunc((j - 16) / 2
 * + 8.5), 16 clamped to 15. */
START_TEST(q4_0_by_hand)
{
  static const uint8_t expected[] = {0x00, 0x40, 0x80, 0x91, 0x91, 0xa2,
                                     0xa2, 0xb3, 0xb3, 0xc4, 0xc4, 0xd5,
                                     0xd5, 0xe6, 0xe6, 0xf7, 0xf7, 0xf8};
  float x[32];
  for (int j = 0; j < 32; j++)
    x[j] = (float)(j - 16);
  assert_block("q4_0", x, expected);
}
END_TEST

/* Code of element j is j: nibbles jj and, where there are, fifth bits on from
 * element 16. */
START_TEST(fives_by_hand)
{
  uint8_t q4_1[20] = {0x00, 0x3c, 0x00, 0xc2}; /* d = 1, m = -3 */
  uint8_t q5_0[22] = {0x00, 0x3c, 0, 0, 0xff, 0xff};
  uint8_t q5_1[24] = {0x00, 0x3c, 0x00, 0xc2, 0, 0, 0xff, 0xff};
  float x[3][32];
  for (int j = 0; j < 16; j++)
    q4_1[4 + j] = q5_0[6 + j] = q5_1[8 + j] = (uint8_t)(0x11 * j);
  for (int j = 0; j < 32; j++) {
    x[0][j] = (float)(j % 16 - 3);
    x[1][j] = (float)(j - 16);
    x[2][j] = (float)(j - 3);
  }
  assert_block("q4_1", x[0], q4_1);
  assert_block("q5_0", x[1], q5_0);
  assert_block("q5_1", x[2], q5_1);
}
END_TEST

/* roundf takes ties away from zero; q8_1's sum is 127 + 1 - 1 + 3 = 130. */
START_TEST(bytes_by_hand)
{
  static const uint8_t q8_0[34] = {0x00, 0x3c, 127, 1, 0xff, 3};
  static const uint8_t q8_1[36] = {0x00, 0x3c, 0x10, 0x58, 127, 1, 0xff, 3};
  const float x[32] = {127, 0.5f, -0.5f, 2.5f};
  assert_block("q8_0", x, q8_0);
  assert_block("q8_1", x, q8_1);
}
END_TEST

/* amax 6: scale 2^0; the first of two nearest values, so ties go to 0, .5, 1,
 * 1.5, 2, 3, 4, and -0 is not written.  E2M1: OCP MX 1.0, 5.3.3. */
START_TEST(fp4_by_hand)
{
  static const float ties[16] = {0.25f, 0.75f, 1.25f,  1.75f,  2.5f,   3.5f,
                                 5,     6,     -0.25f, -0.75f, -1.25f, -1.75f,
                                 -2.5f, -3.5f, -5,     -6};
  static const uint8_t codes[16] = {0, 1, 2,  3,  4,  5,  6,  7,
                                    0, 9, 10, 11, 12, 13, 14, 15};
  uint8_t mx[17] = {127}, nv[36];
  float x[64];
  for (int s = 0; s < 4; s++)
    for (int j = 0; j < 16; j++)
      x[16 * s + j] = ldexpf(ties[j], s);
  for (int s = 0; s < 4; s++)
    for (int j = 0; j < 8; j++) {
      nv[s] = (uint8_t)(0x38 + 8 * s); /* UE4M3 2^s */
      nv[4 + 8 * s + j] = (uint8_t)(codes[j] | codes[j + 8] << 4);
    }
  assert_block("nvfp4", x, nv);
  memcpy(x + 16, x, 16 * sizeof *x);
  for (int j = 0; j < 16; j++)
    mx[1 + j] = (uint8_t)(0x11 * codes[j]);
  assert_block("mxfp4", x, mx);
}
END_TEST

/* Five trits 22222 = 242: ceil(242 * 256 / 243) = 255; 11111 = 121: 128. */
START_TEST(ternary_by_hand)
{
  uint8_t tq1[54] = {0}, tq2[66] = {0};
  float x[256];
  for (int j = 0; j < 256; j++)
    x[j] = j % 4 == 0 ? 0.5f : j % 4 == 1 ? 0.2f : -0.5f;
  tq1[53] = tq2[65] = 0x38;
  for (int j = 0; j < 48; j++)
    tq1[j] = j % 4 == 0 ? 255 : j % 4 == 1 ? 128 : 0;
  tq1[48] = 253; /* 22220 = 240 */
  tq1[49] = 127; /* 11110 = 120: ceil(126.4) */
  for (int j = 0; j < 64; j++)
    tq2[j] = j % 4 == 0 ? 0xaa : j % 4 == 1 ? 0x55 : 0;
  assert_block("tq1_0", x, tq1);
  assert_block("tq2_0", x, tq2);
}
END_TEST

/* ---- where things lie ------------------------------------------------------
 */

/* Bytes set in a block of zeros, and some elements of what it decodes to, by
 * dequantize_row_*.  Halves: 1 is 0x3c00. */
static const struct {
  const char *name;
  struct {
    int at;
    uint8_t value;
  } bytes[8];
  struct {
    int at;
    float value;
  } elements[6];
} layouts[] = {
    /* groups 0 and 2 (32 elements on) share bytes; m of group 3 */
    {"q2_k",
     {{81, 0x3c},
      {83, 0x3c},
      {0, 0x02},
      {2, 0x03},
      {3, 0x50},
      {16, 0x0e},
      {18, 0x01}},
     {{0, 4}, {32, 9}, {2, 2}, {48, -5}, {63, -5}}},
    /* element 128 starts the second 32 bytes */
    {"q2_k", {{81, 0x3c}, {8, 0x01}, {48, 0x03}}, {{128, 3}}},
    /* high bit clear: 4 less; s of 33 is 1: low nibble 1, high pair 2 */
    {"q3_k",
     {{109, 0x3c}, {96, 0x11}, {104, 0x22}, {0, 0x11}, {32, 0x03}, {1, 0x10}},
     {{0, 3}, {1, -4}, {128, 0}, {129, 0}, {130, -4}}},
    /* s and m of group 5: 0x2f and 0x15 */
    {"q4_k",
     {{1, 0x3c}, {3, 0x3c}, {5, 0x80}, {9, 0x40}, {13, 0x5f}, {16 + 64, 0x20}},
     {{160, 2 * 0x2f - 0x15}, {161, -0x15}, {128, 0}}},
    {"q5_k",
     {{1, 0x3c},
      {4, 0x01},
      {6, 0x02},
      {16, 0x11},
      {48, 0x03},
      {49, 0x04},
      {112, 0x05}},
     {{0, 19}, {1, 4}, {128, 0}, {64, 0}}},
    /* elements 0, 32, 64, 96 share qh[0]; 64 is a high nibble */
    {"q6_k",
     {{209, 0x3c},
      {192, 1},
      {194, 2},
      {196, 0xff},
      {128, 0x1e},
      {0, 0x21},
      {32, 0x0f}},
     {{0, 1}, {32, 62}, {64, 14}, {1, -32}}},
    {"q8_k",
     {{2, 0x80}, {3, 0x3f}, {4, 0x80}, {259, 5}},
     {{0, -128}, {255, 5}}},
    {"q8_1", {{1, 0x3c}, {2, 0xff}, {4, 0x80}, {35, 7}}, {{0, -128}, {31, 7}}},
    {"tq1_0",
     {{53, 0x3c}, {0, 255}, {48, 128}},
     {{0, 1}, {32, 1}, {128, 1}, {160, -1}, {240, 0}}},
    {"q2_0", {{1, 0x3c}, {2, 0xe4}}, {{0, -1}, {1, 0}, {2, 1}, {3, 2}}},
    {"q1_0", {{1, 0x3c}, {3, 0x02}}, {{0, -1}, {8, -1}, {9, 1}, {127, -1}}},
    /* s of group 5: low nibble 1, high pair 2: 33 */
    {"iq4_xs",
     {{1, 0x3c}, {3, 0x08}, {6, 0x10}, {88, 0x70}},
     {{160, -127}, {176, -10}, {0, 127 * 32}}},
    /* scale 0xFF is 2^128, here halved once more; 255 is no NaN */
    {"mxfp4", {{0, 255}, {1, 0x91}}, {{0, 0x1p127f}, {16, -0x1p127f}}},
    {"mxfp4", {{1, 0x02}}, {{0, 0x1p-127f}}},
    {"nvfp4",
     {{0, 0x7f}, {1, 0x7e}, {4, 0x02}, {12, 0x72}},
     {{0, 0}, {16, 448}, {24, 2688}}},
};

START_TEST(layout)
{
  const ulp_packed_block *b = row(layouts[_i].name);
  uint8_t block[BYTES] = {0};
  float x[MOST];
  for (int i = 0; i < 8 && layouts[_i].bytes[i].value != 0; i++)
    block[layouts[_i].bytes[i].at] = layouts[_i].bytes[i].value;
  b->decode(x, block);
  for (int i = 0; i < 6; i++) {
    int at = layouts[_i].elements[i].at;
    if (i > 0 && at == 0 && layouts[_i].elements[i].value == 0) break;
    ck_assert_msg(x[at] == layouts[_i].elements[i].value,
                  "%s, element %d: %g, expected %g", b->name, at, x[at],
                  layouts[_i].elements[i].value);
  }
}
END_TEST

/* ---- what survives ----------------------------------------------------------
 */

/* Multiples `least` to `top` of `unit`, in each group of `group`: the scale is
 * then the unit, exactly, and so is everything stored of it.  The K formats
 * store it as a fraction of the greatest, by 15, 63, -32 or -128. */
static const struct {
  const char *name;
  int group, least, top;
  float unit;
} lattices[] = {
    {"q4_0", 32, -8, 7, 0.375f},
    {"q4_1", 32, -3, 12, 1.5f},
    {"q5_0", 32, -16, 15, 3},
    {"q5_1", 32, -20, 11, 0.25f},
    {"q8_0", 32, -127, 127, 5},
    {"q8_1", 32, -127, 100, 0.125f},
    /* q2_k weights elements by magnitude: a zero would count for nothing */
    {"q2_k", 16, -4, -1, 15},
    {"q2_k", 16, -5, -2, 30},
    {"q3_k", 16, -4, 3, 32},
    {"q4_k", 32, 0, 15, 63},
    {"q4_k", 32, -7, 8, 126},
    {"q5_k", 32, -15, 16, 63},
    {"q6_k", 16, -32, 31, 0.5f},
    {"q8_k", 256, -127, 127, 1},
    {"mxfp4", 32, -4, 4, 0.5f},
    {"nvfp4", 16, -3, 3, 20},
    {"tq1_0", 256, -1, 1, 0.75f},
    {"tq2_0", 256, -1, 1, 40},
    {"q2_0", 64, -1, 1, 3},
};

START_TEST(lattice)
{
  const ulp_packed_block *b = row(lattices[_i].name);
  int least = lattices[_i].least, top = lattices[_i].top;
  ulp_pcg32 g = ulp_pcg32_seed(7, (uint64_t)_i);
  for (int trial = 0; trial < 200; trial++) {
    float x[MOST], y[MOST];
    uint8_t block[BYTES];
    for (int i = 0; i < b->elements; i++) {
      int l = least + (int)(ulp_pcg32_next(&g) % (unsigned)(top - least + 1));
      if (i % lattices[_i].group == trial % 16) l = least;
      if (i % lattices[_i].group == (trial + 1) % 16) l = top;
      x[i] = (float)l * lattices[_i].unit;
    }
    b->encode(block, x);
    b->decode(y, block);
    for (int i = 0; i < b->elements; i++)
      ck_assert_msg(x[i] == y[i], "%s, trial %d, element %d: %g became %g",
                    b->name, trial, i, x[i], y[i]);
  }
}
END_TEST

/* A decoded block encodes to itself. */
static const char *const idempotent[] = {
    "q4_0", "q5_0", "q8_0", "mxfp4", "nvfp4", "q1_0", "q2_0", "tq1_0", "tq2_0"};

START_TEST(twice)
{
  const ulp_packed_block *b = row(idempotent[_i]);
  ulp_pcg32 g = ulp_pcg32_seed(11, (uint64_t)_i);
  for (int trial = 0; trial < 2000; trial++) {
    float x[MOST], y[MOST];
    uint8_t first[BYTES], second[BYTES];
    for (int i = 0; i < b->elements; i++)
      x[i] = (float)(int32_t)ulp_pcg32_next(&g) * 0x1p-31f;
    ulp_packed_encode(b, first, x, 1);
    ulp_packed_decode(b, x, first, 1);
    ulp_packed_encode(b, second, x, 1);
    ulp_packed_decode(b, y, second, 1);
    for (int i = 0; i < b->elements; i++)
      ck_assert_msg(x[i] == y[i], "%s, trial %d, element %d: %a, then %a",
                    b->name, trial, i, x[i], y[i]);
  }
}
END_TEST

START_TEST(arrays)
{
  const ulp_packed_block *b = ulp_packed_block_row((size_t)_i);
  ulp_pcg32 g = ulp_pcg32_seed(13, (uint64_t)_i);
  float x[3 * MOST], y[3 * MOST], one[MOST];
  uint8_t blocks[3 * BYTES], block[BYTES];
  size_t n = (size_t)b->elements, size = (size_t)b->bytes;
  for (size_t i = 0; i < 3 * n; i++)
    x[i] = ldexpf((float)(int32_t)ulp_pcg32_next(&g), (int)(i % 20) - 40);
  ulp_packed_encode(b, blocks, x, 3);
  ulp_packed_decode(b, y, blocks, 3);
  for (size_t k = 0; k < 3; k++) {
    b->encode(block, x + k * n);
    ck_assert_mem_eq(block, blocks + k * size, size);
    b->decode(one, block);
    ck_assert_mem_eq(one, y + k * n, n * sizeof *one);
  }
}
END_TEST

/* ---- zeros, NaN, Inf, the ends of the range ---------------------------------
 */

/* Zeros are the code 8 of q4_0, whose d is 0 / -8. */
START_TEST(zero_block)
{
  uint8_t q4_0[18] = {0x00, 0x80};
  float x[32] = {0};
  memset(q4_0 + 2, 0x88, 16);
  assert_block("q4_0", x, q4_0);
}
END_TEST

START_TEST(zeros)
{
  const ulp_packed_block *b = ulp_packed_block_row((size_t)_i);
  for (int negative = 0; negative < 2; negative++) {
    float x[MOST];
    uint8_t block[BYTES];
    memset(block, 0xff, sizeof block);
    for (int i = 0; i < b->elements; i++)
      x[i] = negative ? -0.0f : 0.0f;
    b->encode(block, x);
    b->decode(x, block);
    for (int i = 0; i < b->elements; i++)
      ck_assert_msg(x[i] == 0, "%s: zero became %g", b->name, x[i]);
  }
}
END_TEST

/* `if (amax < fabsf(v))` passes NaN over, MAX(amax, fabsf(v)) starts anew; a
 * NaN's quotient truncates to INT32_MIN, whose low byte is code 0. */
START_TEST(nan_elements)
{
  uint8_t block[BYTES];
  float x[32] = {-8, NAN, 4}, y[32];
  row("q4_0")->encode(block, x);
  row("q4_0")->decode(y, block);
  ck_assert(y[0] == -8 && y[1] == -8 && y[2] == 4 && y[3] == 0);
  row("q8_0")->encode(block, x);
  row("q8_0")->decode(y, block);
  ck_assert(y[1] == 0 && fabsf(y[2] - 4) < 0.01f);
  /* -8 * (1 / (4 / 127)) = -254, its low byte 2 */
  ck_assert_int_eq(block[2], 2);
}
END_TEST

/* A NaN's own payload decides its code, 1 here, also where the group's minimum
 * is NaN: d = Inf of the group before makes 0 * Inf. */
START_TEST(nan_payloads)
{
  const uint32_t bits = 0x7fc00001;
  uint8_t block[BYTES];
  float x[256] = {INFINITY, -INFINITY};
  for (int j = 32; j < 256; j++)
    x[j] = (float)(j % 7 - 3);
  memcpy(&x[40], &bits, sizeof bits);
  row("q4_k")->encode(block, x);
  ck_assert_int_eq(block[16 + 8] >> 4, 1);
}
END_TEST

START_TEST(infinite_elements)
{
  uint8_t block[BYTES];
  float x[64] = {1, -INFINITY, 2};
  row("q4_0")->encode(block, x); /* d = -Inf / -8 */
  ck_assert(block[0] == 0x00 && block[1] == 0x7c);
  row("mxfp4")->encode(block, x);
  ck_assert_int_eq(block[0], 0);
  row("nvfp4")->encode(block, x);
  ck_assert_int_eq(block[0], 0x7e);
  ck_assert_int_eq(block[4] & 15, 0); /* 1 of 448 */
  x[1] = -65520 * 8.0f;               /* overflows float16 */
  row("q4_0")->encode(block, x);
  ck_assert(block[0] == 0x00 && block[1] == 0x7c);
}
END_TEST

/* How far one Inf or NaN reaches (packed.h). */
static const char *const contain_inf[] = {"q3_k",  "q6_k",   "mxfp4",
                                          "nvfp4", "iq4_xs", NULL};

static bool listed(const char *const *list, const char *name)
{
  for (; *list != NULL; list++)
    if (strcmp(*list, name) == 0) return true;
  return false;
}

static int not_finite(const ulp_packed_block *b, float special)
{
  uint8_t block[BYTES];
  float x[MOST];
  int n = 0;
  for (int i = 0; i < b->elements; i++)
    x[i] = (float)(i % 7 - 3);
  x[b->elements / 2] = special;
  b->encode(block, x);
  b->decode(x, block);
  for (int i = 0; i < b->elements; i++)
    n += !isfinite(x[i]);
  return n;
}

START_TEST(reach)
{
  const ulp_packed_block *b = ulp_packed_block_row((size_t)_i);
  int all = b->elements;
  ck_assert_int_eq(not_finite(b, INFINITY),
                   listed(contain_inf, b->name) ? 0 : all);
  ck_assert_int_eq(not_finite(b, -INFINITY),
                   listed(contain_inf, b->name) ? 0 : all);
  ck_assert_int_eq(not_finite(b, NAN), strcmp(b->name, "q1_0") == 0 ? all : 0);
}
END_TEST

/* The scale's byte is floorf(log2f(amax)) + 125, wrapped: log2f as a correctly
 * rounded one, which is up to 88 places early below a power of two. */
START_TEST(mxfp4_exponents)
{
  const ulp_packed_block *b = row("mxfp4");
  uint8_t block[BYTES];
  float x[32] = {0};
  for (int k = -149; k < 128; k++) {
    x[0] = ldexpf(1, k);
    for (int n = 0; n < 120 && x[0] > 0; n++) {
      b->encode(block, x);
      float log = (float)log2l((long double)x[0]);
      ck_assert_int_eq(block[0], (uint8_t)((int)floorf(log) + 125));
      x[0] = nextafterf(x[0], 0);
    }
  }
}
END_TEST

/* ggml_fp32_to_ue4m3: ties up; the binade of 256 is 448 alone. */
START_TEST(nvfp4_scales)
{
  static const struct {
    float scale;
    uint8_t code;
  } at[] = {{1, 0x38},         {1.0625f, 0x39}, {1.0624f, 0x38},
            {247, 0x77},       {248, 0x7e},     {256, 0x7e},
            {448, 0x7e},       {1e30f, 0x7e},   {0x1p-6f, 0x08},
            {0x1.fp-7f, 0x07}, {0x1p-9f, 0x01}, {0x1p-10f, 0x01},
            {0x1p-11f, 0x00}};
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
    uint8_t block[BYTES];
    float x[64] = {6 * at[i].scale};
    row("nvfp4")->encode(block, x);
    ck_assert_msg(block[0] == at[i].code, "%g: %02x, expected %02x",
                  at[i].scale, block[0], at[i].code);
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("packed");
  TCase *t = tcase_create("packed");
  int rows = (int)ulp_packed_block_count();
  tcase_add_test(t, table);
  tcase_add_test(t, names);
  tcase_add_test(t, q4_0_by_hand);
  tcase_add_test(t, fives_by_hand);
  tcase_add_test(t, bytes_by_hand);
  tcase_add_test(t, fp4_by_hand);
  tcase_add_test(t, ternary_by_hand);
  tcase_add_loop_test(t, layout, 0, sizeof layouts / sizeof layouts[0]);
  tcase_add_loop_test(t, lattice, 0, sizeof lattices / sizeof lattices[0]);
  tcase_add_loop_test(t, twice, 0, sizeof idempotent / sizeof idempotent[0]);
  tcase_add_loop_test(t, arrays, 0, rows);
  tcase_add_test(t, zero_block);
  tcase_add_loop_test(t, zeros, 0, rows);
  tcase_add_test(t, nan_elements);
  tcase_add_test(t, nan_payloads);
  tcase_add_test(t, infinite_elements);
  tcase_add_loop_test(t, reach, 0, rows);
  tcase_add_test(t, mxfp4_exponents);
  tcase_add_test(t, nvfp4_scales);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
