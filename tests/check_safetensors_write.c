/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writing .safetensors: bytes as the reference writes them, in any order of
 * writing, and what is refused.
 */
#include "output_fixture.h"

static const ulp_dtype *dtype(const char *name)
{
  return ulp_dtype_safetensors(name);
}

static size_t add(ulp_safetensors *s, const char *name, const char *type,
                  int ndim, int64_t n)
{
  size_t number = 0;
  ulp_error e = {.text = ""};
  ck_assert_msg(ulp_safetensors_add(s, name, dtype(type), ndim, &n, &number,
                                    &e) == ULP_OK,
                "%s", e.text);
  return number;
}

/* What safetensors 0.8.0 (Python) gives for the same tensors:
 *   save_file({"b": int8 [1, 2, 3], "a": float32 2.0, "é\"": uint8 [],
 *              "c": float32 [1.0]}, metadata={"k": "v"}) */
static const char header[] =
    "{\"__metadata__\":{\"k\":\"v\"},"
    "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
    "\"c\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
    "\"b\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[8,11]},"
    "\"\xc3\xa9\\\"\":{\"dtype\":\"U8\",\"shape\":[0],"
    "\"data_offsets\":[11,11]}}";
static const unsigned char data[] = {0, 0, 0, 0x40, 0, 0, 0x80, 0x3f, 1, 2, 3};

static size_t wanted(unsigned char *out)
{
  size_t n = sizeof header - 1, padded = (n + 7) / 8 * 8;
  memset(out, 0, 8);
  out[0] = (unsigned char)padded;
  out[1] = (unsigned char)(padded >> 8);
  memcpy(out + 8, header, n);
  memset(out + 8 + n, ' ', padded - n);
  memcpy(out + 8 + padded, data, sizeof data);
  return 8 + padded + sizeof data;
}

START_TEST(bytes_of_the_reference)
{
  unsigned char got[1000], want[1000];
  ulp_error e = {.text = ""};
  ulp_output *o = opened("t.safetensors");
  ulp_safetensors *s = ulp_safetensors_new("t.safetensors");
  size_t b = add(s, "b", "I8", 1, 3), a = add(s, "a", "F32", 0, 0);
  (void)add(s, "\xc3\xa9\"", "U8", 1, 0);
  size_t c = add(s, "c", "F32", 1, 1);
  ck_assert_int_eq(ulp_safetensors_note(s, "k", "v", &e), ULP_OK);
  ck_assert_int_eq(ulp_safetensors_begin(s, o, &e), ULP_OK);
  ck_assert_uint_eq(ulp_safetensors_bytes(s, b), 3);
  ulp_safetensors_write(s, b, data + 8, 2);
  ulp_safetensors_write(s, c, data + 4, 4);
  ulp_safetensors_write(s, a, data, 1);
  ulp_safetensors_write(s, b, data + 10, 1);
  ulp_safetensors_write(s, a, data + 1, 3);
  ck_assert_int_eq(ulp_safetensors_end(s, &e), ULP_OK);
  ck_assert_int_eq(ulp_output_commit(o, &e), ULP_OK);
  ulp_safetensors_free(s);
  FILE *f = fopen("t.safetensors", "r");
  size_t n = fread(got, 1, sizeof got, f);
  fclose(f);
  unlink("t.safetensors");
  ck_assert_uint_eq(n, wanted(want));
  ck_assert_mem_eq(got, want, n);
}
END_TEST

/* And our reader finds the tensors and the metadata in it. */
START_TEST(read_back)
{
  unsigned char bytes[1000];
  const char *key = NULL;
  const ulp_tensor *t;
  double x[3];
  ulp_error e = {.text = ""};
  ulp_file *f = NULL;
  size_t n = wanted(bytes);
  ck_assert_msg(ulp_file_parse(&f, bytes, n, "t", &e) == ULP_OK, "%s", e.text);
  ck_assert_uint_eq(ulp_file_tensor_count(f), 4);
  ck_assert_int_eq(ulp_file_find(f, &t, "b", &e), ULP_OK);
  ulp_tensor_read_f64(t, x, 0, 3);
  ck_assert_double_eq(x[0] + 10 * x[1] + 100 * x[2], 321);
  ck_assert_str_eq(ulp_file_metadata(f, "k"), "v");
  ck_assert_ptr_null(ulp_file_metadata(f, "v"));
  ck_assert_str_eq(ulp_file_metadata_row(f, 0, &key), "v");
  ck_assert_str_eq(key, "k");
  ck_assert_ptr_null(ulp_file_metadata_row(f, 1, &key));
  ulp_file_close(f);
}
END_TEST

static void assert_refused(ulp_safetensors *s, const char *name,
                           const ulp_dtype *d, int ndim, const int64_t *shape,
                           const char *why)
{
  size_t number;
  ulp_error e = {.text = ""};
  ck_assert_int_ne(ulp_safetensors_add(s, name, d, ndim, shape, &number, &e),
                   ULP_OK);
  ck_assert_msg(strstr(e.text, why) != NULL, "'%s' not in: %s", why, e.text);
}

START_TEST(refused)
{
  static const ulp_dtype none = {.npy = "x1", .safetensors = "", .bits = 8};
  const int64_t three = 3, huge[] = {INT64_MAX / 8, 2};
  ulp_safetensors *s = ulp_safetensors_new("t");
  (void)add(s, "a", "U8", 1, 3);
  assert_refused(s, "a", dtype("U8"), 1, &three, "two tensors 'a'");
  assert_refused(s, "b", dtype("F4"), 1, &three, "whole number of bytes");
  assert_refused(s, "b", dtype("U8"), 2, huge, "2^63 bits");
  assert_refused(s, "b", &none, 1, &three, "no dtype");
  assert_refused(s, "\xff", dtype("U8"), 1, &three, "UTF-8");
  ulp_safetensors_free(s);
}
END_TEST

/* Too few bytes, and too many, which are not written. */
START_TEST(not_whole)
{
  ulp_error e = {.text = ""};
  for (size_t n = 2; n <= 4; n += 2) {
    ulp_output *o = opened("t.safetensors");
    ulp_safetensors *s = ulp_safetensors_new("t.safetensors");
    size_t a = add(s, "a", "U8", 1, 3);
    ck_assert_int_eq(ulp_safetensors_begin(s, o, &e), ULP_OK);
    ulp_safetensors_write(s, a, "1234", n);
    ck_assert_int_eq(ulp_safetensors_end(s, &e), ULP_EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "expected 3"));
    ulp_output_discard(o);
    ulp_safetensors_free(s);
  }
  ck_assert_int_eq(entries("."), 0);
}
END_TEST

/* Offsets of more than 32 bits: of 6 GiB only the first and the last bytes
 * are written, the rest is a hole. */
START_TEST(beyond_4_gib)
{
  ulp_error e = {.text = ""};
  ulp_file *f = NULL;
  ulp_output *o = opened("t.safetensors");
  ulp_safetensors *s = ulp_safetensors_new("t.safetensors");
  size_t a = add(s, "a", "U8", 1, INT64_C(6) << 30);
  size_t b = add(s, "b", "U8", 1, 1);
  ck_assert_int_eq(ulp_safetensors_begin(s, o, &e), ULP_OK);
  ulp_safetensors_write(s, b, "x", 1);
  ck_assert_uint_eq(ulp_safetensors_bytes(s, a), UINT64_C(6) << 30);
  ck_assert_int_eq(ulp_output_commit(o, &e), ULP_OK);
  ulp_safetensors_free(s);
  ck_assert_msg(ulp_file_open(&f, "t.safetensors", &e) == ULP_OK, "%s",
                e.text);
  const ulp_tensor *t = ulp_file_tensor(f, 1);
  ck_assert_int_eq(*(const char *)t->data, 'x');
  ck_assert_int_eq(ulp_file_tensor(f, 0)->count, INT64_C(6) << 30);
  ulp_file_close(f);
  unlink("t.safetensors");
}
END_TEST

/* What cannot be renamed into place cannot be sought either. */
START_TEST(no_seeking)
{
  ulp_error e = {.text = ""};
  ulp_output *o = NULL;
  ck_assert_int_eq(ulp_output_open(&o, "/dev/null", &e), ULP_OK);
  ulp_output_seek(o, 1);
  assert_error(ulp_output_flush(o, &e), &e, "/dev/null: cannot write");
  ulp_output_discard(o);
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("safetensors_write");
  TCase *c = tcase_create("all");
  tcase_add_checked_fixture(c, enter_directory, leave_directory);
  tcase_add_test(c, bytes_of_the_reference);
  tcase_add_test(c, read_back);
  tcase_add_test(c, refused);
  tcase_add_test(c, not_whole);
  tcase_add_test(c, beyond_4_gib);
  tcase_add_test(c, no_seeking);
  suite_add_tcase(suite, c);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
