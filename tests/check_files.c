/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files on disk: tensors that are read, a 3 GiB one among them, and paths that
 * cannot be.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "temp_directory.h"
#include "tensor_fixture.h"

static void assert_not_opened(const char *path, ulp_status status,
                              const char *part)
{
  ulp_error e = {.text = ""};
  ulp_file *f = NULL;

  ck_assert_int_eq(ulp_file_open(&f, path, &e), status);
  ck_assert_ptr_null(f);
  ck_assert_msg(strstr(e.text, part) != NULL, "'%s' not in: %s", part, e.text);
  ck_assert_msg(strchr(e.text, '\n') == NULL, "two lines: %s", e.text);
}

START_TEST(paths_that_cannot_be_read)
{
  char longest[4000];

  ck_assert_int_eq(mkfifo("fifo.npy", 0600), 0);
  assert_not_opened("absent.npy", ULP_EIO, "absent.npy: cannot open: No such");
  assert_not_opened("", ULP_EIO, "cannot open: No such");
  assert_not_opened(".", ULP_EIO, ".: a directory; expected a regular file");
  assert_not_opened("fifo.npy", ULP_EIO, "fifo.npy: a pipe, socket or device");
  assert_not_opened("/dev/zero", ULP_EIO, "/dev/zero: a pipe, socket or");
  assert_not_opened("new\nline", ULP_EIO, "new?line: cannot open");
  /* of a long path the end is shown, and what is wrong still fits */
  memset(longest, 'd', sizeof longest);
  memcpy(longest + sizeof longest - 8, "/end.np", 8);
  assert_not_opened(longest, ULP_EIO, "/end.np: cannot open: File name too");
  unlink("fifo.npy");
}
END_TEST

START_TEST(an_empty_file)
{
  int fd = open("empty.npy", O_CREAT | O_WRONLY, 0600);
  ck_assert_int_ge(fd, 0);
  close(fd);
  assert_not_opened("empty.npy", ULP_EFORMAT, "empty.npy: empty file");
  unlink("empty.npy");
}
END_TEST

/* Kilobytes that the process has had in memory at most. */
static long peak_memory(void)
{
  struct rusage usage;
  ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_maxrss;
}

/* 3 GiB and a bit of f4 in a file with holes, so that nothing is written. */
START_TEST(three_gibibytes)
{
  static const char dict[] = "{'descr': '<f4', 'fortran_order': False, "
                             "'shape': (3, 268435457)}";
  static const float last = 42.5f;
  const int64_t count = 3 * INT64_C(268435457);
  const off_t header = 10 + (off_t)sizeof dict - 1;
  double x[3] = {-1, -1, -1};
  size_t size;
  unsigned char *p = npy_bytes(1, dict, NULL, 0, &size);
  ulp_file *f = NULL;
  ulp_error e = {.text = ""};
  int fd = open("large.npy", O_CREAT | O_RDWR, 0600);
  long before = peak_memory();

  ck_assert_int_eq(write(fd, p, size), (ssize_t)size);
  ck_assert_int_eq(ftruncate(fd, header + 4 * count), 0);
  ck_assert_int_eq(pwrite(fd, &last, 4, header + 4 * (count - 1)), 4);
  ck_assert_msg(ulp_file_open(&f, "large.npy", &e) == ULP_OK, "%s", e.text);
  ck_assert_int_eq(ulp_file_tensor(f, 0)->count, count);
  ulp_tensor_read_f64(ulp_file_tensor(f, 0), x, count - 2, 2);
  ck_assert_double_eq(x[0], 0);
  ck_assert_double_eq(x[1], 42.5);
  ck_assert_double_eq(x[2], -1);
  ulp_file_close(f);
  ck_assert_int_lt(peak_memory() - before, 50 * 1024);

  ck_assert_int_eq(ftruncate(fd, header + 4 * count - 1), 0);
  assert_not_opened("large.npy", ULP_EFORMAT,
                    "data: 3221225483 bytes, truncated; expected 3221225484");
  close(fd);
  unlink("large.npy");
  free(p);
}
END_TEST

START_TEST(a_safetensors_file)
{
  static const unsigned char data[] = {0x80, 0x3f, 0x00, 0xc0};
  size_t size;
  unsigned char *p = safetensors_bytes(
      "{\"w\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", -1,
      data, sizeof data, &size);
  ulp_file *f = NULL;
  const ulp_tensor *t = NULL;
  ulp_error e = {.text = ""};
  double x[2];
  FILE *out = fopen("model", "wb"); /* known by its bytes, not its suffix */

  ck_assert_uint_eq(fwrite(p, 1, size, out), size);
  ck_assert_int_eq(fclose(out), 0);
  ck_assert_msg(ulp_file_open(&f, "model", &e) == ULP_OK, "%s", e.text);
  ck_assert_int_eq(ulp_file_find(f, &t, "w", &e), ULP_OK);
  ulp_tensor_read_f64(t, x, 0, 2);
  ck_assert_double_eq(x[0], 1);
  ck_assert_double_eq(x[1], -2);
  ulp_file_close(f);
  unlink("model");
  free(p);
}
END_TEST

/* The format's limit holds even where the file is long enough. */
START_TEST(a_safetensors_header_over_the_limit)
{
  static const unsigned char start[] = {0x01, 0xe1, 0xf5, 5, 0, 0, 0, 0, '{'};
  int fd = open("large", O_CREAT | O_RDWR, 0600);

  ck_assert_int_eq(write(fd, start, sizeof start), (ssize_t)sizeof start);
  ck_assert_int_eq(ftruncate(fd, 100000001 + 8), 0);
  close(fd);
  assert_not_opened("large", ULP_EFORMAT,
                    "large: header length 100000001; expected at most "
                    "100000000, the format's limit");
  unlink("large");
}
END_TEST

START_TEST(errors_are_one_line)
{
  char word[1000];
  ulp_error e;

  memset(word, 'x', sizeof word - 1);
  word[sizeof word - 1] = '\0';
  ck_assert_int_eq(ulp_error_set(&e, ULP_EIO, "a\n%s", "\x1b[31m\x7f"),
                   ULP_EIO);
  ck_assert_str_eq(e.text, "a??[31m?");
  ck_assert_int_eq(ulp_error_set(&e, ULP_ENAME, "%s", word), ULP_ENAME);
  ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
  ck_assert_str_eq(e.text + sizeof e.text - 5, "x...");
  /* the cut does not leave half of a two-byte character */
  for (size_t i = 1; i + 2 < sizeof word; i += 2)
    memcpy(word + i, "\xc3\xa9", 2);
  ck_assert_int_eq(ulp_error_set(&e, ULP_ENAME, "%s", word), ULP_ENAME);
  ck_assert_str_eq(e.text + strlen(e.text) - 5, "\xc3\xa9...");
  ck_assert_int_eq(ulp_error_set(NULL, ULP_EIO, "%s", word), ULP_EIO);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("files");
  TCase *t = tcase_create("files");
  SRunner *r = srunner_create(s);
  int failed;

  suite_add_tcase(s, t);
  tcase_set_timeout(t, 60); /* a busy machine is no failure */
  tcase_add_checked_fixture(t, enter_directory, leave_directory);
  tcase_add_test(t, paths_that_cannot_be_read);
  tcase_add_test(t, an_empty_file);
  tcase_add_test(t, three_gibibytes);
  tcase_add_test(t, a_safetensors_file);
  tcase_add_test(t, a_safetensors_header_over_the_limit);
  tcase_add_test(t, errors_are_one_line);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
