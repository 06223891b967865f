/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/tensor.h: tensors in files, read through mmap and written whole or
 * not at all.
 *
 * Formats: NumPy .npy 1.0 to 3.0 (read), 1.0 (write); .safetensors (read,
 * write); GGUF 2 and 3 (read).
 * A file is checked in full when it is opened: every offset, size and shape
 * is proved to lie inside the file before a byte of data is touched.
 */
#ifndef ULPLAB_TENSOR_H
#define ULPLAB_TENSOR_H

#include "formats.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, in one line without a newline: names the file, the field
 * and what was expected.  Filled by every function below that fails. */
typedef struct {
  ulp_status status;
  char text[600];
} ulp_error;

/* Sets the status and the text (printf style); returns status. */
ulp_status ulp_error_set(ulp_error *e, ulp_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- element types ----------------------------------------------------- */

/* One row an element type that a file can hold. */
typedef struct {
  const char *npy;         /* type and size without byte order: "f4", "u1"; ""
                              when .npy has none */
  const char *safetensors; /* "F32", "BF16"; "" when it has none */
  uint8_t bits;            /* of one element as ulp_tensor_read_raw gives it,
                              4 to 64 */
  const char *format;      /* the ulplab format that reads it, NULL for the
                              integers above 8 bits and bool */
  const char *gguf;        /* "F32", "Q4_K"; NULL when GGUF has none */
  int gguf_type;           /* its number there */
  const char *block;       /* the row of packed.h that stores it, NULL for the
                              types stored element by element; elements are
                              then read as decoded, in float32 */
} ulp_dtype;

const ulp_dtype *ulp_dtype_row(size_t i); /* NULL past the end */
const ulp_dtype *ulp_dtype_npy(const char *type);
const ulp_dtype *ulp_dtype_safetensors(const char *name);
const ulp_dtype *ulp_dtype_gguf(uint32_t type);
/* What a file calls it: of the names above the first there is, safetensors'
 * before GGUF's. */
const char *ulp_dtype_name(const ulp_dtype *d);

/* ---- tensors ------------------------------------------------------------ */

enum { ULP_MAX_DIMS = 32 };

/* A view; data belongs to the ulp_file it came from. */
typedef struct {
  const char *name; /* "" for a .npy file */
  const ulp_dtype *dtype;
  int ndim;         /* 0 for a scalar */
  int64_t shape[ULP_MAX_DIMS];
  int64_t count;    /* product of the shape; 0 is allowed */
  const void *data; /* not aligned */
  bool fortran;     /* first index fastest */
  bool big_endian;
} ulp_tensor;

typedef struct ulp_file ulp_file;

/* Opens a .npy, .safetensors or GGUF file, told apart by their first bytes.
 * On failure *out is untouched and *e says why. */
ULP_MUST_CHECK ulp_status ulp_file_open(ulp_file **out, const char *path,
                                        ulp_error *e);
/* The same for bytes in memory (tests, fuzzing); `path` is used in messages.
 * The bytes must outlive the file. */
ULP_MUST_CHECK ulp_status ulp_file_parse(ulp_file **out, const void *bytes,
                                         size_t size, const char *path,
                                         ulp_error *e);
/* Opens FILE[:NAME], where FILE may have colons of its own: *tensor is the one
 * of that name, NULL without a name. */
ULP_MUST_CHECK ulp_status ulp_file_open_named(ulp_file **out,
                                              const ulp_tensor **tensor,
                                              const char *text, ulp_error *e);
void ulp_file_close(ulp_file *f); /* NULL is allowed */
const char *ulp_file_path(const ulp_file *f);
/* 1 for .npy; else in the order of their data. */
size_t ulp_file_tensor_count(const ulp_file *f);
const ulp_tensor *ulp_file_tensor(const ulp_file *f, size_t i);
/* By name; ULP_ENAME with the nearest name in *e when there is none. */
ULP_MUST_CHECK ulp_status ulp_file_find(const ulp_file *f,
                                        const ulp_tensor **out,
                                        const char *name, ulp_error *e);

/* The strings of a .safetensors file's __metadata__: by key, NULL when there
 * is none; or number i with its key, NULL past the end. */
const char *ulp_file_metadata(const ulp_file *f, const char *key);
const char *ulp_file_metadata_row(const ulp_file *f, size_t i,
                                  const char **key);

/* Elements first .. first+n-1 in C order, as doubles: floats exactly, with
 * NaN payloads as ulp_decode keeps them, integers by value (64-bit ones
 * rounded to nearest), bool as 0 and 1.  The range must lie in the tensor. */
void ulp_tensor_read_f64(const ulp_tensor *t, double *out, int64_t first,
                         int64_t n);
/* The same as raw elements in native byte order, dtype->bits / 8 bytes each
 * (at least one byte; sub-byte types unpack to one code a byte, elements of
 * blocks to float32). */
void ulp_tensor_read_raw(const ulp_tensor *t, void *out, int64_t first,
                         int64_t n);

/* The bytes of a file or a pipe with a NUL after them, fewer than `most`
 * (rounded up to a power of two), the caller's to free.  ULP_EIO, ULP_ENOMEM
 * with one line in *e. */
ULP_MUST_CHECK ulp_status ulp_bytes_read(char **out, size_t *size,
                                         const char *path, size_t most,
                                         ulp_error *e);

/* ---- output ------------------------------------------------------------- */

/* A file that appears whole or not at all: written beside its final name and
 * renamed on ulp_output_commit.  A path that exists and is no regular file
 * (a pipe, /dev/stdout) is written directly.  NULL path: stdout. */
typedef struct ulp_output ulp_output;
ULP_MUST_CHECK ulp_status ulp_output_open(ulp_output **out, const char *path,
                                          ulp_error *e);
/* Errors are kept and reported by commit. */
void ulp_output_write(ulp_output *o, const void *bytes, size_t n);
void ulp_output_printf(ulp_output *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Where the next byte goes, from the beginning; what is not a file that will be
 * renamed into place cannot, which is an error of writing. */
void ulp_output_seek(ulp_output *o, uint64_t at);
/* Writes out all that is buffered, and reports errors as commit does; o stays
 * open.  Of several outputs that belong together, flush all before the first
 * is committed: renaming is then all that can fail. */
ULP_MUST_CHECK ulp_status ulp_output_flush(ulp_output *o, ulp_error *e);
/* Flushes, renames and frees.  On failure nothing is left behind. */
ULP_MUST_CHECK ulp_status ulp_output_commit(ulp_output *o, ulp_error *e);
/* Removes what was written and frees; NULL is allowed. */
void ulp_output_discard(ulp_output *o);
/* Removes the temporaries of all open outputs.  Async-signal-safe: for a
 * program's own SIGINT and SIGTERM handlers, just before they end it. */
void ulp_output_unlink_pending(void);

/* Writes a .npy 1.0 header for C-order, little-endian data; `type` as in a
 * header's descr ("<f4", "|u1"). The caller then writes the elements. */
void ulp_npy_header(ulp_output *o, const char *type, int ndim,
                    const int64_t *shape);

/* ---- .safetensors output ------------------------------------------------ */

/* A file of tensors: each is announced, then the header is written, then the
 * bytes of the tensors, each in its own order, in any order of tensors.  The
 * layout is the reference implementation's: by dtype, the widest first, so
 * that all are aligned, then by name. */
typedef struct ulp_safetensors ulp_safetensors;
/* `label` names the file in messages and must outlive the rest.  NULL when out
 * of memory. */
ulp_safetensors *ulp_safetensors_new(const char *label);
void ulp_safetensors_free(ulp_safetensors *s); /* NULL is allowed */
/* *number is what ulp_safetensors_write calls it.  ULP_EINVAL for a name that
 * is there already or a size that is no whole number of bytes. */
ULP_MUST_CHECK ulp_status ulp_safetensors_add(ulp_safetensors *s,
                                              const char *name,
                                              const ulp_dtype *dtype, int ndim,
                                              const int64_t *shape,
                                              size_t *number, ulp_error *e);
/* A string of __metadata__; the last of a key counts. */
ULP_MUST_CHECK ulp_status ulp_safetensors_note(ulp_safetensors *s,
                                               const char *key,
                                               const char *value,
                                               ulp_error *e);
ULP_MUST_CHECK ulp_status ulp_safetensors_begin(ulp_safetensors *s,
                                                ulp_output *o, ulp_error *e);
/* The next n bytes of a tensor. */
void ulp_safetensors_write(ulp_safetensors *s, size_t number,
                           const void *bytes, size_t n);
/* The size of a tensor in bytes. */
uint64_t ulp_safetensors_bytes(const ulp_safetensors *s, size_t number);
/* Whether every tensor has been written, no more and no less; the caller
 * commits the output. */
ULP_MUST_CHECK ulp_status ulp_safetensors_end(ulp_safetensors *s,
                                              ulp_error *e);

#ifdef __cplusplus
}
#endif
#endif
