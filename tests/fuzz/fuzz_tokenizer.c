/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a tokenizer.json, and, after a NUL, a text for it.
 */
#include <string.h>

#include "fuzz.h"
#include "tokenizer.h"

static void check_line(const ulp_error *e)
{
  REQUIRE(memchr(e->text, '\0', sizeof e->text) != NULL);
  for (const char *s = e->text; *s != '\0'; s++)
    REQUIRE((unsigned char)*s >= 0x20);
}

static void encode(const ulp_tokenizer *t, const void *text, size_t n)
{
  int32_t *tokens;
  size_t count, size;
  char *back;
  ulp_error e;
  ulp_status s = ulp_tokenizer_encode(t, text, n, true, &tokens, &count, &e);

  if (s != ULP_OK) {
    REQUIRE(s == ULP_EFORMAT);
    check_line(&e);
    return;
  }
  REQUIRE(ulp_tokenizer_decode(t, tokens, count, true, &back, &size, &e) ==
          ULP_OK);
  free(back);
  free(tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
  size_t n = end ? (size_t)(end - data) : size;
  ulp_tokenizer *t = NULL;
  ulp_error e;
  ulp_status s = ulp_tokenizer_parse(&t, data, n, "fuzz.json", &e);

  if (s != ULP_OK) {
    REQUIRE(s == ULP_EFORMAT && t == NULL);
    REQUIRE(strncmp(e.text, "fuzz.json: ", 11) == 0);
    check_line(&e);
    return 0;
  }
  if (end)
    encode(t, end + 1, size - n - 1);
  ulp_tokenizer_close(t);
  return 0;
}
