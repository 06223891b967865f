/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The invariants of the readers, for fuzz_npy, fuzz_safetensors and fuzz_gguf.
 */
#include "fuzz_file.h"

#include <string.h>

#include "fuzz.h"
#include "packed.h"
#include "tensor.h"

enum { READ_MOST = 4096 }; /* elements of a tensor */

static void check_error(const ulp_error *e, ulp_status status, const char *path)
{
  REQUIRE(status == ULP_EFORMAT);
  REQUIRE(e->status == status);
  REQUIRE(memchr(e->text, '\0', sizeof e->text) != NULL);
  REQUIRE(strncmp(e->text, path, strlen(path)) == 0);
  for (const char *s = e->text; *s != '\0'; s++)
    REQUIRE((unsigned char)*s >= 0x20);
}

/* Bits of n elements as they are stored. */
static uint64_t stored_bits(const ulp_dtype *d, int64_t n)
{
  const ulp_packed_block *b = NULL;
  if (d->block == NULL) return (uint64_t)n * d->bits;
  REQUIRE(ulp_packed_block_find(d->block, &b, NULL, 0) == ULP_OK);
  REQUIRE(n % b->elements == 0);
  return (uint64_t)(n / b->elements) * (uint64_t)b->bytes * 8;
}

/* The shape's product is the count, and the elements lie in the bytes. */
static void check_extent(const ulp_tensor *t, const uint8_t *data, size_t size)
{
  const uint8_t *begin = t->data;
  int64_t count = 1;

  REQUIRE(t->name != NULL && t->dtype != NULL);
  REQUIRE(t->ndim >= 0 && t->ndim <= ULP_MAX_DIMS);
  for (int d = 0; d < t->ndim; d++) {
    REQUIRE(t->shape[d] >= 0);
    if (t->shape[d] == 0) count = 0;
  }
  for (int d = 0; d < t->ndim && count != 0; d++)
    count *= t->shape[d];
  REQUIRE(t->count == count);
  REQUIRE(begin >= data && begin <= data + size);
  REQUIRE(stored_bits(t->dtype, count) <= 8 * (uint64_t)(data + size - begin));
}

/* Elements first .. first+n-1 at once, and one by one; of blocks, each of which
 * is decoded for one element, some. */
static void read_range(const ulp_tensor *t, int64_t first, int64_t n)
{
  static double all[READ_MOST];
  static uint8_t raw[8 * READ_MOST];
  int64_t step = t->dtype->block != NULL ? 61 : 1;
  size_t width = t->dtype->bits < 8 ? 1 : t->dtype->bits / 8U;

  ulp_tensor_read_f64(t, all, first, n);
  ulp_tensor_read_raw(t, raw, first, n);
  for (int64_t i = 0; i < n; i += step) {
    double x;
    uint8_t one[8];
    ulp_tensor_read_f64(t, &x, first + i, 1);
    ulp_tensor_read_raw(t, one, first + i, 1);
    REQUIRE(memcmp(&x, &all[i], sizeof x) == 0);
    REQUIRE(memcmp(one, raw + (size_t)i * width, width) == 0);
  }
}

/* Every string of the metadata is found by its key. */
static void check_metadata(const ulp_file *f)
{
  const char *key = NULL, *value;

  for (size_t i = 0; (value = ulp_file_metadata_row(f, i, &key)) != NULL; i++)
    REQUIRE(ulp_file_metadata(f, key) == value);
}

void fuzz_file(const unsigned char *data, unsigned long size, const char *path)
{
  ulp_file *f = NULL;
  ulp_error e = {.status = ULP_OK, .text = ""};
  ulp_status status = ulp_file_parse(&f, data, size, path, &e);

  if (status != ULP_OK) {
    REQUIRE(f == NULL);
    check_error(&e, status, path);
    return;
  }
  for (size_t i = 0; i < ulp_file_tensor_count(f); i++) {
    const ulp_tensor *t = ulp_file_tensor(f, i), *found = NULL;
    int64_t n = t->count < READ_MOST ? t->count : READ_MOST;
    check_extent(t, data, size);
    read_range(t, 0, n);
    read_range(t, t->count - n, n);
    REQUIRE(ulp_file_find(f, &found, t->name, NULL) == ULP_OK && found == t);
  }
  REQUIRE(ulp_file_tensor(f, ulp_file_tensor_count(f)) == NULL);
  check_metadata(f);
  ulp_file_close(f);
}
