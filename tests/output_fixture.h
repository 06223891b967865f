/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files written through ulp_output, for the suites that do.
 */
#ifndef ULPLAB_OUTPUT_FIXTURE_H
#define ULPLAB_OUTPUT_FIXTURE_H

#include <stdio.h>
#include <sys/stat.h>

#include "temp_directory.h"
#include "tensor.h"

static inline void put(const char *path, const char *text, mode_t mode)
{
  FILE *f = fopen(path, "w");
  ck_assert_ptr_nonnull(f);
  fputs(text, f);
  fclose(f);
  ck_assert_int_eq(chmod(path, mode), 0);
}

static inline void assert_content(const char *path, const char *text)
{
  char got[100];
  FILE *f = fopen(path, "r");
  ck_assert_ptr_nonnull(f);
  got[fread(got, 1, sizeof got - 1, f)] = '\0';
  fclose(f);
  ck_assert_str_eq(got, text);
}

static inline ulp_output *opened(const char *path)
{
  ulp_output *o = NULL;
  ulp_error e = {.text = ""};
  ck_assert_msg(ulp_output_open(&o, path, &e) == ULP_OK, "%s", e.text);
  return o;
}

static inline void assert_error(ulp_status got, const ulp_error *e,
                                const char *text)
{
  ck_assert_int_eq(got, ULP_EIO);
  ck_assert_int_eq(e->status, ULP_EIO);
  ck_assert_msg(strstr(e->text, text) != NULL, "'%s' not in: %s", text,
                e->text);
}

static inline void assert_not_opened(const char *path, const char *text)
{
  ulp_output *o = NULL;
  ulp_error e = {.text = ""};
  assert_error(ulp_output_open(&o, path, &e), &e, text);
  ck_assert_ptr_null(o);
}

#endif
