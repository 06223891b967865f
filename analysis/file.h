/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * file.h: what the readers of the file formats share.  Not installed.
 */
#ifndef ULPLAB_FILE_H
#define ULPLAB_FILE_H

#include "tensor.h"

struct ulp_file {
  char *path;
  const char *label; /* the path, or the end of a long one, for messages */
  void *map;         /* what to unmap; NULL for bytes of the caller */
  size_t map_size;
  ulp_tensor *tensors;
  size_t count;
  char **notes; /* __metadata__ by key: key, value, key, ...;
                   malloc'ed */
  size_t note_count;
};

/* Each reader fills f->tensors and f->count; what it allocated is freed by
 * ulp_file_close, on failure too.  Tensor names are malloc'ed. */
ULP_MUST_CHECK ulp_status ulp_npy_parse(ulp_file *f, const uint8_t *bytes,
                                        size_t size, ulp_error *e);
ULP_MUST_CHECK ulp_status ulp_safetensors_parse(ulp_file *f,
                                                const uint8_t *bytes,
                                                size_t size, ulp_error *e);

ULP_MUST_CHECK ulp_status ulp_gguf_parse(ulp_file *f, const uint8_t *bytes,
                                         size_t size, ulp_error *e);

/* Reads the dict of a .npy header into t: dtype, order and shape. */
ULP_MUST_CHECK ulp_status ulp_npy_header_parse(const ulp_file *f, ulp_tensor *t,
                                               const uint8_t *header,
                                               size_t length, ulp_error *e);

/* How the first bytes of each look. */
bool ulp_npy_magic(const uint8_t *bytes, size_t size);
bool ulp_safetensors_magic(const uint8_t *bytes, size_t size);
bool ulp_gguf_magic(const uint8_t *bytes, size_t size);

/* By where the data lie; an empty tensor before the one that begins where it
 * does, and names break what ties remain: always the same order. */
int ulp_tensor_by_place(const void *a, const void *b);

/* Elements of the type's block, 1 for types without. */
int ulp_dtype_block_elements(const ulp_dtype *d);

/* Sets t->count from the dtype and the shape, whose dimensions are not
 * negative.  ULP_ERANGE when the size in bits, zero dimensions left out, does
 * not fit an int64_t: then strides do not fit either. */
ULP_MUST_CHECK ulp_status ulp_tensor_count(ulp_tensor *t);

/* Bits of storage of all elements, whole blocks; fits, after ulp_tensor_count. */
int64_t ulp_tensor_bits(const ulp_tensor *t);

#endif
