/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a journal (OUT.partial), as an entry of manifest.json and, after
 * a NUL, as the rows of a shard of it.
 */
#include <string.h>

#include "fuzz.h"
#include "shards.h"

static void check_line(const ulp_error *e)
{
  REQUIRE(memchr(e->text, '\0', sizeof e->text) != NULL);
}

/* Frames lie in the bytes; the whole part, read again, is the same frames. */
static void read_journal(const char *bytes, size_t size)
{
  ulp_frame *frames, *again;
  size_t count, more, whole, same;
  ulp_error e;

  REQUIRE(ulp_journal_parse(&frames, &count, &whole, bytes, size, &e) ==
          ULP_OK);
  REQUIRE(whole <= size && (whole > 0 || count == 0));
  for (size_t i = 0; i < count; i++)
    REQUIRE(frames[i].name >= bytes &&
            frames[i].data + frames[i].size < bytes + whole);
  REQUIRE(ulp_journal_parse(&again, &more, &same, bytes, whole, &e) == ULP_OK);
  REQUIRE(more == count && same == whole);
  free(frames);
  free(again);
}

static void read_shard(const char *bytes, size_t size)
{
  const char *end = size > 0 ? memchr(bytes, 0, size) : NULL;
  size_t n = end ? (size_t)(end - bytes) : size;
  json_t *entry = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL);
  ulp_shard s;
  ulp_error e;

  if (ulp_shard_describe(&s, "fuzz.csv", entry, &e) != ULP_OK) {
    check_line(&e);
  } else if (end) {
    char *csv = malloc(size - n);
    REQUIRE(csv != NULL);
    memcpy(csv, end + 1, size - n - 1);
    if (ulp_shard_rows(&s, csv, size - n - 1, &e) != ULP_OK)
      check_line(&e);
    else
      REQUIRE(s.row[s.rows] == s.size);
  }
  ulp_shard_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  read_journal((const char *)data, size);
  read_shard((const char *)data, size);
  return 0;
}
