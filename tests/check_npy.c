/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * .npy headers, good and bad, and the writer's.
 */
#include <stdio.h>
#include <unistd.h>

#include "tensor_fixture.h"

#define ORDER "'fortran_order': False, "
#define F4 "{'descr': '<f4', " ORDER
#define TAIL ", }          \n"

/* ---- what is read -------------------------------------------------------- */

static const struct {
  const char *dict;
  size_t data;
  const char *type;
  int ndim;
  int64_t count;
  bool fortran, big_endian;
} good[] = {
    {F4 "'shape': (3, 4)" TAIL, 48, "f4", 2, 12, false, false},
    {F4 "'shape': (3,)" TAIL, 12, "f4", 1, 3, false, false},
    {F4 "'shape': ()" TAIL, 4, "f4", 0, 1, false, false},
    {F4 "'shape': (0,)" TAIL, 0, "f4", 1, 0, false, false},
    {F4 "'shape': (5, 0, 7)" TAIL, 0, "f4", 3, 0, false, false},
    {F4 "'shape': (2, 3,)" TAIL, 24, "f4", 2, 6, false, false},
    {F4 "'shape': (2L, 3L)" TAIL, 24, "f4", 2, 6, false, false},
    {"{'descr':'>f8','fortran_order':True,'shape':(2,2)}", 32, "f8", 2, 4, true,
     true},
    {"{\"shape\": (2,), \"descr\": \"|u1\", \"fortran_order\": False}", 2, "u1",
     1, 2, false, false},
    {"{'descr': '|b1', " ORDER "'shape': (4,)}", 4, "b1", 1, 4, false, false},
    {"{'descr': '<i1', " ORDER "'shape': (4,)}", 4, "i1", 1, 4, false, false},
    {"{'descr': '<f2', " ORDER "'shape': (4,)}", 8, "f2", 1, 4, false, false},
    {"{'descr': '>u8', " ORDER "'shape': (1,)}", 8, "u8", 1, 1, false, true},
    {F4 "'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,"
        "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)" TAIL,
     4, "f4", 32, 1, false, false},
};

START_TEST(good_headers)
{
  for (int version = 1; version <= 3; version++) {
    size_t size;
    unsigned char *p =
        npy_bytes(version, good[_i].dict, NULL, good[_i].data, &size);
    ulp_file *f = assert_parsed(p, size, "t.npy");
    const ulp_tensor *t = ulp_file_tensor(f, 0);

    ck_assert_uint_eq(ulp_file_tensor_count(f), 1);
    ck_assert_ptr_null(ulp_file_tensor(f, 1));
    ck_assert_str_eq(ulp_file_path(f), "t.npy");
    ck_assert_str_eq(t->name, "");
    ck_assert_str_eq(t->dtype->npy, good[_i].type);
    ck_assert_int_eq(t->ndim, good[_i].ndim);
    ck_assert_int_eq(t->count, good[_i].count);
    ck_assert_int_eq(t->fortran, good[_i].fortran);
    ck_assert_int_eq(t->big_endian, good[_i].big_endian);
    ck_assert_ptr_eq(t->data, p + size - good[_i].data);
    ulp_file_close(f);
    free(p);
  }
}
END_TEST

/* ---- what is refused ----------------------------------------------------- */

static const struct {
  const char *dict;
  size_t data;
  const char *part; /* of the message */
} bad[] = {
    {"  ", 0, "expected '{'"},
    {"[]", 0, "expected '{'"},
    {"{ ", 0, "expected 'descr'"},
    {"{}", 0, "descr: missing"},
    {F4 "'shape': (3,)} x", 12, "blanks alone"},
    {F4 "'shape': (3,)", 12, "expected ',' or '}'"},
    {F4 "}", 12, "shape: missing"},
    {"{'descr': '<f4', 'shape': (3,)}", 12, "fortran_order: missing"},
    {"{" ORDER "'shape': (3,)}", 12, "descr: missing"},
    {F4 "'descr': '<f4', 'shape': (3,)}", 12, "descr: given twice"},
    {F4 "'shape': (3,), 'align': 1}", 12, "key 'align'"},
    {F4 "'shape': (3,), 1: 1}", 12, "keys: expected"},
    {F4 "'shape' (3,)}", 12, "shape: expected ':'"},
    {"{'descr': '<f4' " ORDER "'shape': (3,)}", 12, "expected ',' or '}'"},
    {"{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}", 12,
     "fortran_order: expected True or False"},
    {F4 "'shape': (-3,)}", 12, "shape: expected a tuple"},
    {F4 "'shape': (3)}", 12, "shape: expected a tuple"},
    {F4 "'shape': (,)}", 12, "shape: expected a tuple"},
    {F4 "'shape': (3 4)}", 12, "shape: expected a tuple"},
    {F4 "'shape': (3,,4)}", 12, "shape: expected a tuple"},
    {F4 "'shape': [3]}", 12, "shape: expected a tuple"},
    {F4 "'shape': (3.0,)}", 12, "shape: expected a tuple"},
    {F4 "'shape': (3", 12, "shape: expected a tuple"},
    {F4 "'shape': (9223372036854775808,)}", 12, "shape: expected a tuple"},
    {F4 "'shape': (9223372036854775807,)}", 12, "less than 2^63 bits"},
    {F4 "'shape': (4294967296, 4294967296)}", 12, "less than 2^63 bits"},
    {F4 "'shape': (4294967296, 4294967296, 0)}", 0, "less than 2^63 bits"},
    {F4 "'shape': (288230376151711743,)}", 12,
     "truncated; expected "
     "1152921504606846972"},
    {F4 "'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,"
        "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)}",
     4, "more than 32 dimensions"},
    {F4 "'shape': (3, 4)}", 47, "47 bytes, truncated; expected 48"},
    {F4 "'shape': (3, 4)}", 49, "49 bytes, too many; expected 48"},
    {F4 "'shape': (3, 4)}", 0,
     "0 bytes, truncated; expected 48 for shape "
     "(3, 4) of f4"},
    {F4 "'shape': (0,)}", 1, "1 bytes, too many; expected 0"},
    {"{'descr': '|O', " ORDER "'shape': (1,)}", 8, "Python objects"},
    {"{'descr': '<V2', " ORDER "'shape': (1,)}", 2, "raw bytes; save bf16"},
    {"{'descr': '<c8', " ORDER "'shape': (1,)}", 8, "complex"},
    {"{'descr': '<U3', " ORDER "'shape': (1,)}", 12, "text"},
    {"{'descr': '<M8[ns]', " ORDER "'shape': (1,)}", 8, "dates"},
    {"{'descr': '<f16', " ORDER "'shape': (1,)}", 16, "'<f16' is not a type"},
    {"{'descr': '<f3', " ORDER "'shape': (1,)}", 3, "'<f3' is not a type"},
    {"{'descr': 'f4', " ORDER "'shape': (1,)}", 4, "'f4' is not a type"},
    {"{'descr': '=f4', " ORDER "'shape': (1,)}", 4, "'=f4' is not a type"},
    {"{'descr': '', " ORDER "'shape': (1,)}", 4, "'' is not a type"},
    {"{'descr': '<', " ORDER "'shape': (1,)}", 4, "'<' is not a type"},
    {"{'descr': '|f4', " ORDER "'shape': (1,)}", 4, "no byte order"},
    {"{'descr': [('x', '<f4')], " ORDER "'shape': (1,)}", 4, "structured"},
    {"{'descr': 4, " ORDER "'shape': (1,)}", 4, "descr: expected a short"},
    {"{'descr': '<f4, " ORDER "'shape': (1,)}", 4, "descr"},
    {"{'descr': '\\x3cf4', " ORDER "'shape': (1,)}", 4,
     "descr: expected a short"},
    {"{'descr': '<f4", 0, "descr: expected a short"},
    {"{'descr': '<f4", 2, "descr: expected a short"},
    {"{'descr': '<f4\n', " ORDER "'shape': (1,)}", 4, "descr"},
    {"{'descr': '<f4                            ', " ORDER "'shape': (1,)}", 4,
     "descr"},
};

START_TEST(bad_headers)
{
  size_t size;
  unsigned char *p = npy_bytes(1, bad[_i].dict, NULL, bad[_i].data, &size);
  assert_refused(p, size, "t.npy", ULP_EFORMAT, bad[_i].part);
  free(p);
}
END_TEST

START_TEST(every_truncation)
{
  size_t size;
  unsigned char *whole = npy_bytes(2, good[0].dict, NULL, good[0].data, &size);
  for (size_t n = 0; n < size; n++) {
    unsigned char *part = malloc(n + (n == 0));
    memcpy(part, whole, n);
    assert_refused(part, n, "t.npy", ULP_EFORMAT,
                   n == 0                    ? "empty file"
                   : n < 6                   ? "magic"
                   : n < 12                  ? "truncated"
                   : n < size - good[0].data ? "header length"
                                             : "data: ");
    free(part);
  }
  free(whole);
}
END_TEST

START_TEST(bad_prefix)
{
  static const struct {
    size_t at;
    unsigned char value;
    const char *part;
  } changes[] = {
      {0, 0x92, "magic"},
      {6, 0, "version 0.0"},
      {6, 4, "version 4.0; expected 1.0, 2.0 or 3.0"},
      {7, 1, "version 2.1"},
      {9, 0xff, "header length"},
      {11, 0xff, "header length 4278"},
      {8, 0, "header"},
      {8, (unsigned char)(sizeof F4 "'shape': (3, 4)" TAIL + 48),
       "; expected at most "},
  };
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    size_t size;
    unsigned char *p = npy_bytes(2, good[0].dict, NULL, good[0].data, &size);
    p[changes[i].at] = changes[i].value;
    assert_refused(p, size, "t.npy", ULP_EFORMAT, changes[i].part);
    free(p);
  }
}
END_TEST

/* ---- the writer ---------------------------------------------------------- */

/* Writes a header and `data` zero bytes to a new file, and opens it. */
static ulp_file *written(const char *path, const char *type, int ndim,
                         const int64_t *shape, size_t data)
{
  static const char zeros[64];
  ulp_output *o = NULL;
  ulp_file *f = NULL;
  ulp_error e = {.text = ""};

  ck_assert_int_eq(ulp_output_open(&o, path, &e), ULP_OK);
  ulp_npy_header(o, type, ndim, shape);
  ulp_output_write(o, zeros, data);
  ck_assert_int_eq(ulp_output_commit(o, &e), ULP_OK);
  ck_assert_msg(ulp_file_open(&f, path, &e) == ULP_OK, "%s", e.text);
  return f;
}

START_TEST(writer_is_read_back)
{
  static const int64_t shape[] = {2, 3, 1};
  static const size_t elements[] = {1, 2, 6, 6};
  char path[] = "check_npy.XXXXXX";
  int fd = mkstemp(path);

  ck_assert_int_ge(fd, 0);
  close(fd);
  for (int ndim = 0; ndim <= 3; ndim++) {
    ulp_file *f = written(path, "<f4", ndim, shape, 4 * elements[ndim]);
    const ulp_tensor *t = ulp_file_tensor(f, 0);
    ck_assert_str_eq(t->dtype->npy, "f4");
    ck_assert_int_eq(t->ndim, ndim);
    for (int d = 0; d < ndim; d++)
      ck_assert_int_eq(t->shape[d], shape[d]);
    ck_assert(!t->fortran && !t->big_endian);
    ck_assert_uint_eq((uintptr_t)t->data % 64, 0); /* after a page, 64-byte */
    ulp_file_close(f);
  }
  unlink(path);
}
END_TEST

START_TEST(writer_takes_the_longest_shape)
{
  int64_t shape[ULP_MAX_DIMS];
  char path[] = "check_npy.XXXXXX";
  int fd = mkstemp(path);
  ulp_file *f;

  ck_assert_int_ge(fd, 0);
  close(fd);
  for (int d = 0; d < ULP_MAX_DIMS; d++)
    shape[d] = 1;
  shape[0] = 0;
  shape[1] = INT64_MAX / 8; /* of |u1: 2^63 bits less 7 at most */
  f = written(path, "|u1", ULP_MAX_DIMS, shape, 0);
  ck_assert_int_eq(ulp_file_tensor(f, 0)->shape[1], INT64_MAX / 8);
  ulp_file_close(f);
  unlink(path);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("npy");
  TCase *t = tcase_create("npy");
  SRunner *r = srunner_create(s);
  int failed;

  suite_add_tcase(s, t);
  tcase_set_timeout(t, 60); /* a busy machine is no failure */
  tcase_add_loop_test(t, good_headers, 0, sizeof good / sizeof good[0]);
  tcase_add_loop_test(t, bad_headers, 0, sizeof bad / sizeof bad[0]);
  tcase_add_test(t, every_truncation);
  tcase_add_test(t, bad_prefix);
  tcase_add_test(t, writer_is_read_back);
  tcase_add_test(t, writer_takes_the_longest_shape);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
