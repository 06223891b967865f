/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tensor files as bytes in memory, for the suites that read them.
 */
#ifndef ULPLAB_TENSOR_FIXTURE_H
#define ULPLAB_TENSOR_FIXTURE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tensor.h"

/* A .npy file of that version with n bytes of data (zeros if NULL); *size is
 * its length.  Heap memory of exactly that length, so that a sanitizer sees
 * one byte too many. */
static inline unsigned char *npy_bytes(int version, const char *dict,
                                       const void *data, size_t n, size_t *size)
{
  size_t prefix = version == 1 ? 10 : 12, length = strlen(dict);
  unsigned char *p = calloc(1, prefix + length + n);

  ck_assert_ptr_nonnull(p);
  memcpy(p, "\x93NUMPY", 6);
  p[6] = (unsigned char)version;
  p[8] = (unsigned char)(length & 0xff);
  p[9] = (unsigned char)(length >> 8);
  memcpy(p + prefix, dict, length);
  if (data != NULL) memcpy(p + prefix + length, data, n);
  *size = prefix + length + n;
  return p;
}

/* The same for safetensors; header_size < 0: the header's own length. */
static inline unsigned char *safetensors_bytes(const char *json,
                                               long long header_size,
                                               const void *data, size_t n,
                                               size_t *size)
{
  size_t length = strlen(json);
  unsigned char *p = calloc(1, 8 + length + n);
  unsigned long long value =
      header_size < 0 ? length : (unsigned long long)header_size;

  ck_assert_ptr_nonnull(p);
  for (int i = 0; i < 8; i++)
    p[i] = (unsigned char)(value >> 8 * i);
  memcpy(p + 8, json, length);
  if (data != NULL) memcpy(p + 8 + length, data, n);
  *size = 8 + length + n;
  return p;
}

/* Parsing must fail with that status and one line that has the file's name
 * and `part`. */
static inline void assert_refused(const void *bytes, size_t size,
                                  const char *path, ulp_status status,
                                  const char *part)
{
  ulp_error e = {.status = ULP_OK, .text = ""};
  ulp_file *f = NULL;

  ck_assert_int_eq(ulp_file_parse(&f, bytes, size, path, &e), status);
  ck_assert_int_eq(e.status, status);
  ck_assert_ptr_null(f);
  ck_assert_msg(strstr(e.text, path) == e.text, "no file name: %s", e.text);
  ck_assert_msg(strstr(e.text, part) != NULL, "'%s' not in: %s", part, e.text);
  ck_assert_msg(strchr(e.text, '\n') == NULL, "two lines: %s", e.text);
}

static inline ulp_file *assert_parsed(const void *bytes, size_t size,
                                      const char *path)
{
  ulp_error e = {.status = ULP_OK, .text = ""};
  ulp_file *f = NULL;
  ulp_status status = ulp_file_parse(&f, bytes, size, path, &e);

  ck_assert_msg(status == ULP_OK, "%s", e.text);
  return f;
}

#endif
