/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One line that says what went wrong.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tensor.h"

/* Names of files and tensors come from outside, and a control byte among them
 * would break the line or drive the terminal. */
static void keep_one_line(char *text)
{
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    if (c < 0x20 || c == 0x7f) *text = '?';
  }
}

/* Shows that the text was cut, without leaving part of a UTF-8 sequence. */
static void mark_cut(char *text, size_t size)
{
  size_t end = size - 4;
  while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
    end--;
  memcpy(text + end, "...", 4);
}

ulp_status ulp_error_set(ulp_error *e, ulp_status status, const char *fmt, ...)
{
  va_list args;
  int n;

  if (e == NULL) return status;
  e->status = status;
  va_start(args, fmt);
  n = vsnprintf(e->text, sizeof e->text, fmt, args);
  va_end(args);
  if (n < 0) snprintf(e->text, sizeof e->text, "%s", ulp_strerror(status));
  if (n >= (int)sizeof e->text) mark_cut(e->text, sizeof e->text);
  keep_one_line(e->text);
  return status;
}
