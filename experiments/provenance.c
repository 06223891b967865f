/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Digests and JSON values for the files beside an output.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "driver.h"

static void finish(struct sha256_ctx *c, char out[ULP_SHA256_HEX])
{
  uint8_t digest[SHA256_DIGEST_SIZE];
  sha256_digest(c, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++)
    snprintf(out + 2 * i, 3, "%02x", (unsigned)digest[i]);
}

void ulp_sha256_parts(char out[ULP_SHA256_HEX], const void *const *part,
                      const size_t *size, size_t parts)
{
  struct sha256_ctx c;
  sha256_init(&c);
  for (size_t i = 0; i < parts; i++)
    sha256_update(&c, size[i], part[i]);
  finish(&c, out);
}

void ulp_sha256_text(char out[ULP_SHA256_HEX], const char *bytes, size_t n)
{
  const void *part = bytes;
  ulp_sha256_parts(out, &part, &n, 1);
}

ulp_status ulp_sha256_file(char out[ULP_SHA256_HEX], int64_t *size,
                           const char *path, ulp_error *e)
{
  enum { BLOCK = 1 << 16 };
  FILE *f = fopen(path, "rb");
  uint8_t *block = malloc(BLOCK);
  struct sha256_ctx c;
  sha256_init(&c);
  *size = 0;
  size_t n;
  while (f && block && (n = fread(block, 1, BLOCK, f)) > 0) {
    sha256_update(&c, n, block);
    *size += (int64_t)n;
  }
  ulp_status s = ULP_OK;
  if (!block)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  else if (!f || ferror(f))
    s = ulp_error_set(e, ULP_EIO, "%s: cannot read: %s", path,
                      strerror(errno));
  else
    finish(&c, out);
  if (f)
    fclose(f);
  free(block);
  return s;
}

json_t *ulp_json_text(const char *s)
{
  json_t *j = json_string(s);
  if (j)
    return j;
  char *ascii = strdup(s); /* not UTF-8: keep what is ASCII */
  for (char *p = ascii; p && *p; p++)
    if ((unsigned char)*p >= 0x80)
      *p = '?';
  j = ascii ? json_string(ascii) : NULL;
  free(ascii);
  return j;
}

json_t *ulp_json_number(double v)
{
  if (isnan(v))
    return json_string("NaN");
  if (isinf(v))
    return json_string(v > 0 ? "INF" : "-INF");
  return json_real(v);
}
