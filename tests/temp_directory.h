/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A directory of its own for each test of a suite, as a checked fixture.
 */
#ifndef ULPLAB_TEMP_DIRECTORY_H
#define ULPLAB_TEMP_DIRECTORY_H

#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char temp_directory[] = "check.XXXXXX";

static inline void enter_directory(void)
{
  ck_assert_ptr_nonnull(mkdtemp(temp_directory));
  ck_assert_int_eq(chdir(temp_directory), 0);
}

/* Fails when a test left a file behind, a temporary say. */
static inline void leave_directory(void)
{
  ck_assert_int_eq(chdir(".."), 0);
  ck_assert_int_eq(rmdir(temp_directory), 0);
  memcpy(temp_directory + strlen(temp_directory) - 6, "XXXXXX", 6);
}

/* Files in a directory, hidden ones too. */
static inline int entries(const char *path)
{
  DIR *d = opendir(path);
  int n = -2; /* . and .. */

  ck_assert_ptr_nonnull(d);
  while (readdir(d) != NULL)
    n++;
  closedir(d);
  return n;
}

#endif
