/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Outputs in good order: whole at commit, or written directly.
 */
#include <fcntl.h>
#include <signal.h>

#include "output_fixture.h"

static mode_t mode_of(const char *path)
{
  struct stat st;
  ck_assert_int_eq(lstat(path, &st), 0);
  return st.st_mode;
}

static void assert_committed(ulp_output *o)
{
  ulp_error e = {.text = ""};
  ck_assert_msg(ulp_output_commit(o, &e) == ULP_OK, "%s", e.text);
}

/* ---- in good order ------------------------------------------------------- */

START_TEST(appears_at_commit)
{
  ulp_output *o = opened("new");

  ulp_output_write(o, "a\0b", 3);
  ulp_output_printf(o, "%s %d", "c", 7);
  ck_assert_int_ne(access("new", F_OK), 0);
  ck_assert_int_eq(entries("."), 1); /* the temporary */
  assert_committed(o);
  ck_assert_int_eq(entries("."), 1);
  assert_content("new", "a");
  unlink("new");
}
END_TEST

START_TEST(discard_leaves_the_old_file)
{
  ulp_output *o;

  ulp_output_discard(NULL);
  put("old", "old", 0644);
  o = opened("old");
  ulp_output_printf(o, "new");
  assert_content("old", "old");
  ulp_output_discard(o);
  assert_content("old", "old");
  unlink("old");
}
END_TEST

START_TEST(modes)
{
  umask(027);
  assert_committed(opened("new"));
  ck_assert_uint_eq(mode_of("new"), S_IFREG | 0640);
  put("old", "old", 0606);
  assert_committed(opened("old"));
  ck_assert_uint_eq(mode_of("old"), S_IFREG | 0606); /* kept */
  unlink("new");
  unlink("old");
}
END_TEST

START_TEST(links_are_followed)
{
  ulp_output *o;

  ck_assert_int_eq(mkdir("d", 0700), 0);
  ck_assert_int_eq(symlink("d/second", "first"), 0);
  ck_assert_int_eq(symlink("file", "d/second"), 0); /* leads to nothing yet */
  for (int i = 0; i < 2; i++) {
    o = opened("first");
    ulp_output_printf(o, "%d", i);
    ck_assert_int_eq(entries("."), 2); /* the temporary is in d */
    assert_committed(o);
    assert_content("d/file", i == 0 ? "0" : "1");
    ck_assert(S_ISLNK(mode_of("first")) && S_ISLNK(mode_of("d/second")));
  }
  ck_assert_int_eq(symlink("loop", "loop"), 0);
  assert_not_opened("loop", "loop: cannot create: Too many levels");
  unlink("loop");
  unlink("first");
  unlink("d/second");
  unlink("d/file");
  rmdir("d");
}
END_TEST

START_TEST(longest_name)
{
  char name[256];

  memset(name, 'n', 255);
  name[255] = '\0';
  assert_committed(opened(name));
  ck_assert_int_eq(unlink(name), 0);
  name[254] = '/'; /* a directory that is not there */
  assert_not_opened(name, "cannot create");
}
END_TEST

/* ---- written directly ---------------------------------------------------- */

START_TEST(a_pipe_is_written_directly)
{
  char got[10] = "";
  int reader;
  ulp_output *o;
  ulp_error e = {.text = ""};

  ck_assert_int_eq(mkfifo("fifo", 0600), 0);
  reader = open("fifo", O_RDONLY | O_NONBLOCK);
  o = opened("fifo");
  ulp_output_printf(o, "through");
  ck_assert_int_eq(entries("."), 1);
  assert_committed(o);
  ck_assert_int_eq(read(reader, got, sizeof got), 7);
  ck_assert_str_eq(got, "through");
  ck_assert(S_ISFIFO(mode_of("fifo")));

  signal(SIGPIPE, SIG_IGN); /* as the program does */
  o = opened("fifo");
  close(reader);
  ulp_output_printf(o, "lost");
  assert_error(ulp_output_commit(o, &e), &e, "fifo: cannot write: Broken pipe");
  unlink("fifo");
}
END_TEST

/* The standard output, a file here, goes on from where it was. */
START_TEST(standard_output)
{
  static const char *const names[] = {NULL, "/dev/stdout", "out"};
  int saved = dup(STDOUT_FILENO);

  for (int i = 0; i < 3; i++) {
    ulp_output *o;
    int fd = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    printf("before ");
    o = opened(names[i]);
    ulp_output_printf(o, "during ");
    assert_committed(o);
    printf("after");
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(fd);
    assert_content("out", "before during after");
    ck_assert_int_eq(entries("."), 1);
    unlink("out");
  }
  close(saved);
}
END_TEST

int main(void)
{
  Suite *s = suite_create("output");
  TCase *t = tcase_create("output");
  SRunner *r = srunner_create(s);
  int failed;

  suite_add_tcase(s, t);
  tcase_set_timeout(t, 60); /* a busy machine is no failure */
  tcase_add_checked_fixture(t, enter_directory, leave_directory);
  tcase_add_test(t, appears_at_commit);
  tcase_add_test(t, discard_leaves_the_old_file);
  tcase_add_test(t, modes);
  tcase_add_test(t, links_are_followed);
  tcase_add_test(t, longest_name);
  tcase_add_test(t, a_pipe_is_written_directly);
  tcase_add_test(t, standard_output);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
