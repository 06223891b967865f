/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Outputs that cannot be: one line, the old file as it was, and nothing left
 * in the directory.
 */
#define _GNU_SOURCE /* setresuid, unshare */
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "output_fixture.h"

/* Writes about n bytes; commit must fail with `text`. */
static void assert_not_written(const char *path, size_t n, const char *text)
{
  ulp_output *o = opened(path);
  ulp_error e = {.text = ""};
  for (size_t i = 0; i < n; i += 10)
    ulp_output_write(o, "123456789\n", 10);
  ulp_output_printf(o, "%d\n", 1);
  assert_error(ulp_output_commit(o, &e), &e, text);
}

START_TEST(paths_that_cannot_be_written)
{
  ck_assert_int_eq(mkdir("d", 0700), 0);
  assert_not_opened("", ": cannot create: No such file");
  assert_not_opened("d", "d: cannot create: Is a directory");
  assert_not_opened("d/", "d/: cannot create: Is a directory");
  assert_not_opened("absent/x", "absent/x: cannot create: No such file");
  put("file", "", 0600);
  assert_not_opened("file/x", "file/x: cannot create: Not a directory");
  unlink("file");
  rmdir("d");
}
END_TEST

/* A directory, and a file, that may not be written.  Root may, so it becomes
 * somebody else meanwhile (and access() asks the real id). */
START_TEST(permissions)
{
  bool root = geteuid() == 0;

  put("file", "old", 0400);
  ck_assert_int_eq(mkdir("d", 0700), 0);
  chmod("d", 0555);
  chmod(".", 0777);
  if (root) ck_assert_int_eq(setresuid(65534, 65534, 0), 0);
  assert_not_opened("d/new", "d/new: cannot create: Permission denied");
  assert_not_opened("file", "file: cannot create: Permission denied");
  if (root) ck_assert_int_eq(setresuid(0, 0, 0), 0);
  assert_content("file", "old");
  unlink("file");
  rmdir("d");
}
END_TEST

START_TEST(rename_over_a_directory)
{
  ulp_output *o = opened("x");
  ulp_error e = {.text = ""};

  ck_assert_int_eq(mkdir("x", 0700), 0);
  assert_error(ulp_output_commit(o, &e), &e, "x: cannot rename into place");
  ck_assert_int_eq(entries("."), 1);
  rmdir("x");
}
END_TEST

START_TEST(flush_finds_it_before_commit)
{
  ulp_output *o = opened("/dev/full");
  ulp_error e = {.text = ""};

  ck_assert_int_eq(ulp_output_flush(o, &e), ULP_OK); /* nothing to write yet */
  ulp_output_printf(o, "x");
  assert_error(ulp_output_flush(o, &e), &e, "/dev/full: cannot write: No sp");
  assert_error(ulp_output_commit(o, &e), &e, "/dev/full: cannot write: No sp");
}
END_TEST

START_TEST(device_is_full)
{
  assert_not_written("/dev/full", 10, "/dev/full: cannot write: No space");
  assert_not_written("/dev/full", 1000000, "/dev/full: cannot write: No space");
}
END_TEST

/* A regular file that may not grow: what a quota does.  Nothing of Check runs
 * under the limit, which its own files would meet too. */
START_TEST(file_may_not_grow)
{
  static const size_t lines[] = {1000, 100000}; /* found at close, and before */
  struct rlimit limit, small;

  signal(SIGXFSZ, SIG_IGN);
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
  small = limit;
  small.rlim_cur = 4096;
  put("x", "old", 0600);
  for (int i = 0; i < 2; i++) {
    ulp_output *o = opened("x");
    ulp_error e = {.text = ""};
    ulp_status status;
    setrlimit(RLIMIT_FSIZE, &small);
    for (size_t n = 0; n < lines[i]; n++)
      ulp_output_printf(o, "123456789\n");
    status = ulp_output_commit(o, &e);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_error(status, &e, "x: cannot write: File too large");
    ck_assert_int_eq(entries("."), 1);
    assert_content("x", "old");
  }
  unlink("x");
}
END_TEST

/* A file system that is full; needs the right to mount one. */
START_TEST(disk_is_full)
{
  ck_assert_int_eq(mkdir("d", 0700), 0);
  if (unshare(CLONE_NEWNS) == 0 &&
      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
      mount("none", "d", "tmpfs", 0, "size=64k") == 0) {
    put("d/x", "old", 0600);
    assert_not_written("d/x", 30000000, "d/x: cannot write: No space left");
    ck_assert_int_eq(entries("d"), 1);
    assert_content("d/x", "old");
    ck_assert_int_eq(umount("d"), 0);
  }
  rmdir("d");
}
END_TEST

START_TEST(a_signal_removes_temporaries)
{
  ulp_output *a, *b;
  ulp_error e = {.text = ""};

  put("b", "old", 0600);
  a = opened("a");
  b = opened("b");
  ck_assert_int_eq(entries("."), 3);
  ulp_output_unlink_pending();
  ck_assert_int_eq(entries("."), 1);
  assert_error(ulp_output_commit(a, &e), &e, "a: cannot rename");
  ulp_output_discard(b);
  assert_content("b", "old");
  unlink("b");
  ulp_output_unlink_pending();
}
END_TEST

START_TEST(many_at_a_time)
{
  enum { MOST = 64 };
  ulp_output *o[MOST];
  char name[16];

  for (int i = 0; i < MOST; i++) {
    snprintf(name, sizeof name, "%d", i);
    o[i] = opened(name);
  }
  assert_not_opened("more", "more: cannot create: Too many open files");
  for (int i = 0; i < MOST; i++)
    ulp_output_discard(o[i]);
  ulp_output_discard(opened("more"));
  ck_assert_int_eq(entries("."), 0);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("output_errors");
  TCase *t = tcase_create("output");
  SRunner *r = srunner_create(s);
  int failed;

  suite_add_tcase(s, t);
  tcase_set_timeout(t, 60); /* a busy machine is no failure */
  tcase_add_checked_fixture(t, enter_directory, leave_directory);
  tcase_add_test(t, paths_that_cannot_be_written);
  tcase_add_test(t, permissions);
  tcase_add_test(t, rename_over_a_directory);
  tcase_add_test(t, flush_finds_it_before_commit);
  tcase_add_test(t, device_is_full);
  tcase_add_test(t, file_may_not_grow);
  tcase_add_test(t, disk_is_full);
  tcase_add_test(t, a_signal_removes_temporaries);
  tcase_add_test(t, many_at_a_time);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
