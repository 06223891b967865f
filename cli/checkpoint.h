/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * checkpoint.h: what quantizing a whole .safetensors file and the way back
 * share: names, dtypes, tensors that are copied.
 *
 * A quantized tensor NAME becomes its codes, NAME, and beside them what its
 * quantizer has of NAME.scale, NAME.global_scale and NAME.zero_point; where scales
 * are quantized in turn, NAME.nested_scale and NAME.scale_offset.  Strings
 * in __metadata__ say how: "ulplab.quantizer.NAME" the quantizer, and
 * "ulplab.packed.NAME" = "yes" that U8 bytes hold codes without gaps.
 */
#ifndef ULPLAB_CLI_CHECKPOINT_H
#define ULPLAB_CLI_CHECKPOINT_H

#include "quantize.h"

#define CHECKPOINT_QUANTIZER "ulplab.quantizer."
#define CHECKPOINT_PACKED "ulplab.packed."

/* Whether a path is named so. */
bool cli_is_safetensors(const char *path);

/* first + second, malloc'ed; NULL when out of memory. */
char *checkpoint_join(const char *first, const char *second);
/* "FILE: tensor 'NAME'", for messages. */
typedef struct {
  char text[400];
} checkpoint_label;
checkpoint_label checkpoint_label_of(const char *path, const char *name);

/* Opens a file of tensors with names. */
ulp_status checkpoint_open(ulp_file **file, const char *path, ulp_error *e);

/* ---- what is written ---------------------------------------------------- */

/* A .safetensors file to be, and the tensor's number in it. */
typedef struct {
  ulp_output *out;
  ulp_safetensors *tensors;
} checkpoint_file;

/* Prepares one; a NULL path leaves it empty, and all below do nothing then. */
ulp_status checkpoint_new(checkpoint_file *f, const char *path, ulp_error *e);
ulp_status checkpoint_add(checkpoint_file *f, const char *name,
                          const char *suffix, const ulp_dtype *dtype, int ndim,
                          const int64_t *shape, size_t *number, ulp_error *e);
/* A string of __metadata__, under first + second. */
ulp_status checkpoint_note(checkpoint_file *f, const char *first,
                           const char *second, const char *value,
                           ulp_error *e);
/* The input's strings, but those of quantizers. */
ulp_status checkpoint_copy_notes(checkpoint_file *f, const ulp_file *from,
                                 ulp_error *e);
/* Opens the output as one of `set` and writes the header. */
ulp_status checkpoint_begin(checkpoint_file *f, const char *path,
                            cli_outputs *set, ulp_error *e);
/* A tensor's bytes as they are. */
ulp_status checkpoint_copy(checkpoint_file *f, size_t number,
                           const ulp_tensor *t, ulp_error *e);
ulp_status checkpoint_end(checkpoint_file *f, ulp_error *e);
void checkpoint_free(checkpoint_file *f);

/* ---- codes -------------------------------------------------------------- */

/* The dtype of the name of f, or else one that holds its codes, one a byte or
 * two. */
const ulp_dtype *checkpoint_dtype(const ulp_format *f, int64_t elements);

/* Codes on their way: bits without gaps where the dtype has fewer than 8, or
 * where they are packed in bytes. */
typedef struct {
  const ulp_format *f;
  bool packed;
  size_t number;
  unsigned char left[8]; /* the first of a byte */
  size_t count;          /* of them */
} checkpoint_codes;
/* code: n stored elements, which it changes. */
ulp_status checkpoint_codes_write(checkpoint_file *file, checkpoint_codes *c,
                                  unsigned char *code, int64_t n,
                                  ulp_error *e);
ulp_status checkpoint_codes_end(checkpoint_file *file, checkpoint_codes *c,
                                ulp_error *e);

#endif
