/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A whole file, or a pipe, in memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensor.h"

static ulp_status read_all(FILE *f, char **out, size_t *size, size_t most,
                           const char *path, ulp_error *e)
{
  size_t room = 1 << 16;
  char *text = malloc(room);
  *size = 0;
  while (text) {
    size_t n = fread(text + *size, 1, room - 1 - *size, f);
    *size += n;
    if (n == 0)
      break;
    if (*size < room - 1)
      continue;
    char *more = room < most && room <= SIZE_MAX / 2 ? realloc(text, room *= 2)
                                                     : NULL;
    if (!more)
      free(text);
    text = more;
  }
  if (!text)
    return ulp_error_set(e, ULP_ENOMEM, "%s: too large, or out of memory",
                         path);
  if (ferror(f)) {
    free(text);
    return ulp_error_set(e, ULP_EIO, "%s: %s", path, strerror(errno));
  }
  text[*size] = '\0';
  *out = text;
  return ULP_OK;
}

ulp_status ulp_bytes_read(char **out, size_t *size, const char *path,
                          size_t most, ulp_error *e)
{
  FILE *f = fopen(path, "rb");
  if (!f)
    return ulp_error_set(e, ULP_EIO, "%s: %s", path, strerror(errno));
  ulp_status s = read_all(f, out, size, most, path, e);
  fclose(f);
  return s;
}
