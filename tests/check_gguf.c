/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GGUF headers, good and bad, and the elements of its types.  The files are
 * written here, word by word after ggml's docs/gguf.md.
 */
#include <math.h>
#include <stdio.h>

#include "packed.h"
#include "tensor_fixture.h"

/* ---- a writer ---------------------------------------------------------------
 */

typedef struct {
  unsigned char bytes[8192];
  size_t size;
} writer;

static void put(writer *w, unsigned long long value, size_t n)
{
  for (size_t i = 0; i < n; i++)
    w->bytes[w->size++] = i < 8 ? (unsigned char)(value >> 8 * i) : 0;
}

static void put_text(writer *w, const char *text)
{
  put(w, strlen(text), 8);
  memcpy(w->bytes + w->size, text, strlen(text));
  w->size += strlen(text);
}

static void put_header(writer *w, unsigned version, unsigned tensors,
                       unsigned metadata)
{
  memcpy(w->bytes, "GGUF", 4);
  w->size = 4;
  put(w, version, 4);
  put(w, tensors, 8);
  put(w, metadata, 8);
}

/* Two dimensions, the fastest first. */
static void put_info(writer *w, const char *name, unsigned long long columns,
                     unsigned long long rows, unsigned type,
                     unsigned long long offset)
{
  put_text(w, name);
  put(w, 2, 4);
  put(w, columns, 8);
  put(w, rows, 8);
  put(w, type, 4);
  put(w, offset, 8);
}

static void align(writer *w, size_t alignment)
{
  while (w->size % alignment != 0)
    put(w, 0, 1);
}

static void put_float(writer *w, float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  put(w, bits, 4);
}

/* Bytes on the heap, exactly as many, so that a sanitizer sees one too many. */
static unsigned char *exact(const writer *w)
{
  unsigned char *p = malloc(w->size + (w->size == 0));
  ck_assert_ptr_nonnull(p);
  memcpy(p, w->bytes, w->size);
  return p;
}

static void assert_writer_refused(const writer *w, const char *part)
{
  unsigned char *p = exact(w);
  assert_refused(p, w->size, "t.gguf", ULP_EFORMAT, part);
  free(p);
}

/* ---- what is read
 * ------------------------------------------------------------- */

/* Every type of metadata, once alone and once in an array. */
static void put_all_metadata(writer *w)
{
  static const unsigned char sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  for (unsigned type = 0; type <= 12; type++) {
    if (sizes[type] == 0) continue;
    put_text(w, "one");
    put(w, type, 4);
    put(w, 1, sizes[type]);
    put_text(w, "three");
    put(w, 9, 4);
    put(w, type, 4);
    put(w, 3, 8);
    put(w, 0, 3 * (size_t)sizes[type]);
  }
  put_text(w, "text");
  put(w, 8, 4);
  put_text(w, "tensors");
  put_text(w, "texts");
  put(w, 9, 4);
  put(w, 8, 4);
  put(w, 2, 8);
  put_text(w, "");
  put_text(w, "words");
}

/* Two tensors, the second first in the data; alignment 64. */
START_TEST(good_file)
{
  writer w = {.size = 0};
  put_header(&w, _i == 0 ? 2 : 3, 3, 25);
  put_all_metadata(&w);
  put_text(&w, "general.alignment");
  put(&w, 4, 4);
  put(&w, 64, 4);
  put_info(&w, "late", 3, 2, 0, 64);
  put_info(&w, "early", 32, 1, 8, 0); /* Q8_0 */
  put_info(&w, "none", 0, 7, 0, 64);
  align(&w, 64);
  put(&w, 0x3800, 2); /* d = 1/2 */
  for (int i = 0; i < 32; i++)
    put(&w, (unsigned)(i - 16) & 0xff, 1);
  align(&w, 64);
  for (int i = 0; i < 6; i++)
    put_float(&w, (float)i);
  unsigned char *p = exact(&w);
  ulp_file *f = assert_parsed(p, w.size, "t");
  const ulp_tensor *t = ulp_file_tensor(f, 0);
  double x[32];
  ck_assert_uint_eq(ulp_file_tensor_count(f), 3);
  ck_assert_str_eq(t->name, "early");
  ck_assert_str_eq(ulp_dtype_name(t->dtype), "Q8_0");
  ck_assert(t->ndim == 2 && t->shape[0] == 1 && t->shape[1] == 32);
  ulp_tensor_read_f64(t, x, 0, 32);
  for (int i = 0; i < 32; i++)
    ck_assert(x[i] == (i - 16) * 0.5);
  ck_assert_str_eq(ulp_file_tensor(f, 1)->name, "none");
  t = ulp_file_tensor(f, 2);
  ck_assert_str_eq(t->name, "late");
  ck_assert(t->shape[0] == 2 && t->shape[1] == 3 && t->count == 6);
  ulp_tensor_read_f64(t, x, 1, 5);
  ck_assert(x[0] == 1 && x[4] == 5);
  ulp_file_close(f);
  free(p);
}
END_TEST

/* Enum ggml_type of ggml's include/ggml.h, typed from there. */
static const struct {
  unsigned type;
  const char *name;
} types[] = {{0, "F32"},    {1, "F16"},    {2, "Q4_0"},    {3, "Q4_1"},
             {6, "Q5_0"},   {7, "Q5_1"},   {8, "Q8_0"},    {9, "Q8_1"},
             {10, "Q2_K"},  {11, "Q3_K"},  {12, "Q4_K"},   {13, "Q5_K"},
             {14, "Q6_K"},  {15, "Q8_K"},  {20, "IQ4_NL"}, {23, "IQ4_XS"},
             {24, "I8"},    {25, "I16"},   {26, "I32"},    {27, "I64"},
             {28, "F64"},   {30, "BF16"},  {34, "TQ1_0"},  {35, "TQ2_0"},
             {39, "MXFP4"}, {40, "NVFP4"}, {41, "Q1_0"},   {42, "Q2_0"}};

/* Ranges that begin and end within blocks, against the blocks themselves. */
START_TEST(types_and_ranges)
{
  const ulp_packed_block *b = NULL;
  writer w = {.size = 0};
  put_header(&w, 3, 1, 0);
  put_info(&w, "t", 256, 2, types[_i].type, 0);
  align(&w, 32);
  size_t data = w.size, bytes = 512 * 8;
  if (ulp_packed_block_find(types[_i].name, &b, NULL, 0) == ULP_OK)
    bytes = (size_t)(512 / b->elements * b->bytes);
  else
    bytes = 512 * ulp_dtype_gguf(types[_i].type)->bits / 8;
  for (size_t i = 0; i < bytes; i++)
    put(&w, i * 37 % 61, 1);
  unsigned char *p = exact(&w);
  ulp_file *f = assert_parsed(p, w.size, "t");
  const ulp_tensor *t = ulp_file_tensor(f, 0);
  double x[512], part[100];
  float y[512];
  ck_assert_str_eq(t->dtype->gguf, types[_i].name);
  ck_assert_ptr_eq(t->data, p + data);
  ulp_tensor_read_f64(t, x, 0, 512);
  if (b != NULL) ulp_packed_decode(b, y, p + data, (size_t)(512 / b->elements));
  for (int i = 0; b != NULL && i < 512; i++)
    ck_assert(x[i] == (double)y[i] || isnan(y[i]));
  for (int first = 0; first < 400; first += 19) {
    ulp_tensor_read_f64(t, part, first, 100);
    ck_assert_mem_eq(part, x + first, sizeof part);
  }
  ulp_file_close(f);
  free(p);
  assert_refused(w.bytes, w.size - 1, "t.gguf", ULP_EFORMAT, "truncated");
}
END_TEST

/* ---- what is refused
 * ----------------------------------------------------------- */

/* Every prefix of a good file is refused or, past the data, is that file. */
START_TEST(prefixes)
{
  writer w = {.size = 0};
  put_header(&w, 3, 1, 25);
  put_all_metadata(&w);
  put_text(&w, "general.alignment");
  put(&w, 4, 4);
  put(&w, 8, 4);
  put_info(&w, "t", 4, 1, 24, 0);
  align(&w, 8);
  put(&w, 0x04030201, 4);
  for (size_t n = 0; n < w.size; n++) {
    writer cut = {.size = n};
    memcpy(cut.bytes, w.bytes, n);
    assert_writer_refused(&cut, "expected");
  }
  unsigned char *p = exact(&w);
  ulp_file_close(assert_parsed(p, w.size, "t"));
  free(p);
}
END_TEST

START_TEST(bad_headers)
{
  writer w = {.size = 0};
  put_header(&w, 1, 0, 0);
  assert_writer_refused(&w, "version 1; expected 2 or 3");
  put_header(&w, 0x03000000, 0, 0);
  assert_writer_refused(&w, "the other way");
  put_header(&w, 3, 1000, 0);
  assert_writer_refused(&w, "1000 tensors");
  put_header(&w, 3, 0, 2000);
  assert_writer_refused(&w, "2000 metadata");
  w.size = 4;
  assert_writer_refused(&w, "24-byte header");
  w.bytes[0] = 'g';
  assert_writer_refused(&w, "4 bytes GGUF");
}
END_TEST

/* The type and the value that follow a key, and what is said of them. */
static const struct {
  const char *key;
  unsigned type;
  unsigned long long value[3];
  const char *part;
} bad_metadata[] = {
    {"k", 13, {0}, "metadata 0: type: expected 0 to 12"},
    {"k", 8, {1ULL << 63}, "truncated"},
    {"k", 9, {5 | 1ULL << 62}, "array: expected it to end"}, /* 2^30 of type 5 */
    {"k", 9, {9 | 1ULL << 32}, "array: expected elements of type"},
    {"k", 9, {8 | 5ULL << 32}, "truncated"},
    {"general.alignment", 4, {0}, "expected a power of two"},
    {"general.alignment", 4, {48}, "expected a power of two"},
    {"general.alignment", 5, {32}, "expected type 4"},
};

START_TEST(refused_metadata)
{
  writer w = {.size = 0};
  put_header(&w, 3, 0, 1);
  put_text(&w, bad_metadata[_i].key);
  put(&w, bad_metadata[_i].type, 4);
  for (int i = 0; i < 3; i++)
    put(&w, bad_metadata[_i].value[i], 8);
  assert_writer_refused(&w, bad_metadata[_i].part);
}
END_TEST

static const struct {
  const char *name;
  unsigned long long columns, rows;
  unsigned type;
  unsigned long long offset;
  const char *part;
} bad_info[] = {
    {"", 4, 1, 0, 0, "name: expected 1 to"},
    {"t", 4, 1, 16, 0, "tensor 't': type 16"}, /* IQ2_XXS */
    {"t", 4, 1, 4, 0, "type 4"},               /* Q4_2, which was removed */
    {"t", 48, 1, 2, 0, "rows of 48 elements; expected a multiple of 32"},
    {"t", 128, 2, 12, 0, "multiple of 256"},
    {"t", 1ULL << 63, 1, 0, 0, "expected 0 to 2^63-1"},
    {"t", 1ULL << 40, 1ULL << 40, 0, 0, "expected less than 2^63 bits"},
    {"t", 4, 1, 0, 8, "offset 8; expected a multiple of 32"},
    {"t", 4, 1, 0, 64, "16 bytes at offset 64; expected them within the 64"},
    {"t", 17, 1, 0, 0, "68 bytes at offset 0"},
    {"t", 4, 1, 0, ~31ULL, "at offset 18446744073709551584"},
};

START_TEST(refused_infos)
{
  writer w = {.size = 0};
  put_header(&w, 3, 1, 0);
  put_info(&w, bad_info[_i].name, bad_info[_i].columns, bad_info[_i].rows,
           bad_info[_i].type, bad_info[_i].offset);
  align(&w, 32);
  for (int i = 0; i < 8; i++)
    put(&w, 0, 8);
  assert_writer_refused(&w, bad_info[_i].part);
}
END_TEST

START_TEST(two_tensors)
{
  writer w = {.size = 0};
  put_header(&w, 3, 2, 0);
  put_info(&w, "t", 9, 1, 0, 0); /* 36 bytes, on into the next */
  put_info(&w, _i == 0 ? "u" : "t", 4, 1, 0, _i == 0 ? 32 : 64);
  align(&w, 32);
  for (int i = 0; i < 16; i++)
    put(&w, 0, 8);
  assert_writer_refused(&w, _i == 0 ? "'u': offset 32; expected at least 36"
                                    : "'t': twice in the file");
}
END_TEST

START_TEST(dimensions)
{
  writer w = {.size = 0};
  put_header(&w, 3, 1, 0);
  put_text(&w, "t");
  put(&w, 5, 4);
  for (int i = 0; i < 16; i++)
    put(&w, 1, 8);
  assert_writer_refused(&w, "expected at most 4");
}
END_TEST

int main(void)
{
  Suite *s = suite_create("gguf");
  TCase *t = tcase_create("gguf");
  tcase_add_loop_test(t, good_file, 0, 2);
  tcase_add_loop_test(t, types_and_ranges, 0, sizeof types / sizeof types[0]);
  tcase_add_test(t, prefixes);
  tcase_add_test(t, bad_headers);
  tcase_add_loop_test(t, refused_metadata, 0,
                      sizeof bad_metadata / sizeof bad_metadata[0]);
  tcase_add_loop_test(t, refused_infos, 0,
                      sizeof bad_info / sizeof bad_info[0]);
  tcase_add_loop_test(t, two_tensors, 0, 2);
  tcase_add_test(t, dimensions);
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
