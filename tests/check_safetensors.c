/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * safetensors headers, good and bad, and looking a tensor up by name.
 */
#include <stdio.h>

#include "tensor_fixture.h"

#define ONE(dtype, shape, offsets)                                             \
  "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets"             \
  "\":" offsets "}}"
#define A "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"
#define B(begin, end)                                                          \
  "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" begin "," end "]" \
  "}"

/* ---- what is read -------------------------------------------------------- */

static const struct {
  const char *json;
  size_t data;
  size_t tensors;
  const char *first; /* name in the order of the data */
  int64_t count;     /* of the first */
} good[] = {
    {A "}", 8, 1, "a", 2},
    {A "}     ", 8, 1, "a", 2},
    {A "," B("8", "12") "}", 12, 2, "a", 2},
    {"{" B("8", "12") ",\"a\":{\"dtype\":\"F32\",\"shape\":[2],"
                      "\"data_offsets\":[0,8]}}",
     12, 2, "a", 2},
    {A ",\"__metadata__\":{\"format\":\"pt\"}}", 8, 1, "a", 2},
    {"{\"__metadata__\":{}}", 0, 0, NULL, 0},
    {"{}", 0, 0, NULL, 0},
    {ONE("\"F64\"", "[]", "[0,8]"), 8, 1, "a", 1},
    {ONE("\"F64\"", "[0]", "[0,0]"), 0, 1, "a", 0},
    {ONE("\"F64\"", "[3,0,5]", "[0,0]"), 0, 1, "a", 0},
    {ONE("\"F4\"", "[3,2]", "[0,3]"), 3, 1, "a", 6},
    {ONE("\"F6_E2M3\"", "[4]", "[0,3]"), 3, 1, "a", 4},
    {ONE("\"F6_E3M2\"", "[8]", "[0,6]"), 6, 1, "a", 8},
    {ONE("\"F8_E8M0\"", "[8]", "[0,8]"), 8, 1, "a", 8},
    {ONE("\"BOOL\"", "[1,8]", "[0,8]"), 8, 1, "a", 8},
    {"{\"\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":[]}}",
     1, 1, "", 1},
    {"{\"\\u00e9 \\n\\\"/\":{\"dtype\":\"I8\",\"shape\":[1],"
     "\"data_offsets\":[0,1]}}",
     1, 1, "\xc3\xa9 \n\"/", 1},
    /* an empty tensor at the place of a full one */
    {A ",\"0\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 8, 2,
     "0", 0},
};

START_TEST(good_headers)
{
  size_t size;
  unsigned char *p =
      safetensors_bytes(good[_i].json, -1, NULL, good[_i].data, &size);
  ulp_file *f = assert_parsed(p, size, "t.safetensors");

  ck_assert_uint_eq(ulp_file_tensor_count(f), good[_i].tensors);
  if (good[_i].tensors > 0) {
    const ulp_tensor *t = ulp_file_tensor(f, 0), *found = NULL;
    ck_assert_str_eq(t->name, good[_i].first);
    ck_assert_int_eq(t->count, good[_i].count);
    ck_assert_ptr_eq(t->data, p + size - good[_i].data);
    ck_assert_int_eq(ulp_file_find(f, &found, t->name, NULL), ULP_OK);
    ck_assert_ptr_eq(found, t);
  }
  ulp_file_close(f);
  free(p);
}
END_TEST

/* ---- what is refused ----------------------------------------------------- */

static const struct {
  const char *json;
  size_t data;
  const char *part;
} bad[] = {
    {"[]", 0, "expected '{'"},
    {" {}", 0, "expected '{'"},
    {"{", 0, "header, byte"},
    {A "} x", 8, "header, byte"},
    {A "}{}", 8, "header, byte"},
    {A ",\"a\":{}}", 8, "duplicate"},
    {A ",}", 8, "header, byte"},
    {"{\"a\\u0000\":{}}", 0, "header, byte"},
    {"{\"\xff\":{}}", 0, "header, byte"},
    {"{\"a\":1}", 0, "tensor 'a': expected an object"},
    {"{\"a\":null}", 0, "tensor 'a': expected an object"},
    {"{\"a\":{}}", 0, "tensor 'a': dtype: expected a string"},
    {ONE("4", "[2]", "[0,8]"), 8, "dtype: expected a string"},
    {ONE("\"F33\"", "[2]", "[0,8]"), 8, "dtype 'F33' is not read"},
    {ONE("\"C64\"", "[1]", "[0,8]"), 8, "dtype 'C64' is not read"},
    {ONE("\"f32\"", "[2]", "[0,8]"), 8, "dtype 'f32' is not read"},
    {ONE("\"\"", "[2]", "[0,8]"), 8, "dtype '' is not read"},
    {"{\"a\":{\"dtype\":\"F32\"}}", 0, "shape: expected an array"},
    {ONE("\"F32\"", "2", "[0,8]"), 8, "shape: expected an array"},
    {ONE("\"F32\"", "[-2]", "[0,8]"), 8, "shape: expected integers"},
    {ONE("\"F32\"", "[2.0]", "[0,8]"), 8, "shape: expected integers"},
    {ONE("\"F32\"", "[\"2\"]", "[0,8]"), 8, "shape: expected integers"},
    {ONE("\"F32\"", "[9223372036854775808]", "[0,8]"), 8, "header, byte"},
    {ONE("\"F32\"", "[99999999999999999999999]", "[0,8]"), 8, "header, byte"},
    {ONE("\"F32\"", "[9223372036854775807]", "[0,8]"), 8, "2^63 bits"},
    {ONE("\"F32\"", "[4294967296,4294967296]", "[0,8]"), 8, "2^63 bits"},
    {ONE("\"U8\"",
         "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
         "1,1,1]",
         "[0,1]"),
     1, "more than 32 dimensions"},
    {ONE("\"F4\"", "[3]", "[0,2]"), 2, "not a whole number of bytes"},
    {ONE("\"F6_E2M3\"", "[3]", "[0,3]"), 3, "not a whole number of bytes"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2]}}", 2, "data_offsets: expected"},
    {ONE("\"F32\"", "[2]", "[0]"), 8, "data_offsets: expected"},
    {ONE("\"F32\"", "[2]", "[0,8,9]"), 8, "data_offsets: expected"},
    {ONE("\"F32\"", "[2]", "[8,0]"), 8, "data_offsets: expected"},
    {ONE("\"F32\"", "[2]", "[-8,0]"), 8, "data_offsets: expected"},
    {ONE("\"F32\"", "[2]", "[0,8.0]"), 8, "data_offsets: expected"},
    {ONE("\"F32\"", "[2]", "[0,9]"), 9, "span 9 bytes; expected 8 for 2"},
    {ONE("\"F32\"", "[2]", "[0,7]"), 8, "span 7 bytes; expected 8"},
    {ONE("\"F32\"", "[2]", "[0,8]"), 7, "end at 8; expected at most 7"},
    {ONE("\"F32\"", "[2]", "[0,8]"), 9, "9 bytes after the header; expected 8"},
    {ONE("\"F32\"", "[2]", "[1,9]"), 9, "begin at 1, after a hole; expected 0"},
    {"{}", 1, "1 bytes after the header; expected 0"},
    {A "," B("4", "8") "}", 8, "'b': data_offsets begin at 4, an overlap"},
    {A "," B("0", "4") "}", 8, "an overlap; expected "},
    {A "," B("9", "13") "}", 13, "'b': data_offsets begin at 9, after a hole"},
    {A ",\"__metadata__\":[]}", 8, "__metadata__: expected an object"},
    {A ",\"__metadata__\":{\"n\":1}}", 8, "__metadata__, 'n': expected"},
    {"{\"a\nb\":{\"dtype\":1}}", 0, "header, byte"},
    {"{\"a\\nb\":{\"dtype\":1}}", 0, "tensor 'a?b': dtype"},
};

START_TEST(bad_headers)
{
  size_t size;
  unsigned char *p =
      safetensors_bytes(bad[_i].json, -1, NULL, bad[_i].data, &size);
  assert_refused(p, size, "t.safetensors", ULP_EFORMAT, bad[_i].part);
  free(p);
}
END_TEST

START_TEST(header_length_that_lies)
{
  static const struct {
    long long value;
    const char *part;
  } lengths[] = {
      {0, "expected '{'"},
      {1, "header, byte"},
      {1000, "header length 1000; expected at most "},
      {100000001, "header length 100000001; expected at most 100000000"},
      {INT64_MAX, "expected at most 100000000"},
  };
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    size_t size;
    unsigned char *p =
        safetensors_bytes(A "}", lengths[i].value, NULL, 8, &size);
    assert_refused(p, size, "t.safetensors", ULP_EFORMAT, lengths[i].part);
    free(p);
  }
}
END_TEST

START_TEST(every_truncation)
{
  size_t size;
  unsigned char *whole = safetensors_bytes(A "}", -1, NULL, 8, &size);
  for (size_t n = 0; n < size; n++) {
    unsigned char *part = malloc(n + (n == 0));
    memcpy(part, whole, n);
    assert_refused(part, n, "t.safetensors", ULP_EFORMAT, "");
    free(part);
  }
  free(whole);
}
END_TEST

START_TEST(deep_nesting)
{
  enum { DEPTH = 100000 };
  char *json = malloc(DEPTH + 6);
  size_t size;
  unsigned char *p;

  memcpy(json, "{\"a\":", 5);
  memset(json + 5, '[', DEPTH);
  json[DEPTH + 5] = '\0';
  p = safetensors_bytes(json, -1, NULL, 0, &size);
  assert_refused(p, size, "t.safetensors", ULP_EFORMAT, "header, byte");
  free(p);
  free(json);
}
END_TEST

START_TEST(more_values_than_memory_is_for)
{
  enum { SIZE = 5 + 2 * 8000000 };
  char *json = malloc(SIZE + 1);
  size_t size;
  unsigned char *p;

  memcpy(json, "{\"a\":", 5);
  for (size_t i = 5; i < SIZE; i += 2)
    memcpy(json + i, "[,", 2);
  json[SIZE] = '\0';
  p = safetensors_bytes(json, -1, NULL, 0, &size);
  assert_refused(p, size, "t.safetensors", ULP_EFORMAT,
                 "too many values; expected at most 8000000");
  free(p);
  free(json);
}
END_TEST

/* ---- names --------------------------------------------------------------- */

START_TEST(a_wrong_name_gets_the_nearest)
{
  size_t size;
  unsigned char *p =
      safetensors_bytes("{\"layer.0.weight\":{\"dtype\":\"U8\",\"shape\":[1],"
                        "\"data_offsets\":[0,1]},\"layer.0.bias\":{\"dtype\":"
                        "\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                        -1, NULL, 2, &size);
  ulp_file *f = assert_parsed(p, size, "t.safetensors");
  const ulp_tensor *t = NULL;
  ulp_error e;

  ck_assert_int_eq(ulp_file_find(f, &t, "layer.0.wieght", &e), ULP_ENAME);
  ck_assert_ptr_null(t);
  ck_assert_ptr_nonnull(strstr(e.text, "t.safetensors: tensor 'layer.0.wie"));
  ck_assert_ptr_nonnull(strstr(e.text, "nearest name is 'layer.0.weight'"));
  ck_assert_int_eq(ulp_file_find(f, &t, "xyz", &e), ULP_ENAME);
  ck_assert_ptr_nonnull(strstr(e.text, "such as 'layer.0.weight'"));
  ulp_file_close(f);
  free(p);

  p = safetensors_bytes("{}", -1, NULL, 0, &size);
  f = assert_parsed(p, size, "t.safetensors");
  ck_assert_int_eq(ulp_file_find(f, &t, "x", &e), ULP_ENAME);
  ck_assert_ptr_nonnull(strstr(e.text, "holds no tensors"));
  ulp_file_close(f);
  free(p);

  p = npy_bytes(1, "{'descr':'|u1','fortran_order':False,'shape':()}", NULL, 1,
                &size);
  f = assert_parsed(p, size, "t.npy");
  ck_assert_int_eq(ulp_file_find(f, &t, "x", &e), ULP_ENAME);
  ck_assert_ptr_nonnull(strstr(e.text, "expected the path alone"));
  ulp_file_close(f);
  free(p);
}
END_TEST

START_TEST(files_of_other_kinds)
{
  static const struct {
    const char *bytes;
    const char *part;
  } files[] = {
      {"", "t: empty file; expected .npy, .safetensors or .gguf"},
      {"hello, world", "first bytes"},
      {"PK\003\004 and so on", "zip archive (.npz or .pt)"},
      {"\200\002}q", "pickle"},
      {"GGUF\003", "24-byte header"},
      {"\211HDF\r\n\032\n", "HDF5"},
      {"\037\213\010", "gzip"},
  };
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    assert_refused(files[i].bytes, strlen(files[i].bytes), "t", ULP_EFORMAT,
                   files[i].part);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("safetensors");
  TCase *t = tcase_create("safetensors");
  SRunner *r = srunner_create(s);
  int failed;

  suite_add_tcase(s, t);
  tcase_set_timeout(t, 60); /* a busy machine is no failure */
  tcase_add_loop_test(t, good_headers, 0, sizeof good / sizeof good[0]);
  tcase_add_loop_test(t, bad_headers, 0, sizeof bad / sizeof bad[0]);
  tcase_add_test(t, header_length_that_lies);
  tcase_add_test(t, every_truncation);
  tcase_add_test(t, deep_nesting);
  tcase_add_test(t, more_values_than_memory_is_for);
  tcase_add_test(t, a_wrong_name_gets_the_nearest);
  tcase_add_test(t, files_of_other_kinds);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
