/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * checkpoint.c: whole .safetensors files, tensor by tensor.
 */
#include "checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block_stream.h"

/* ---- names -------------------------------------------------------------- */

bool cli_is_safetensors(const char *path)
{
  static const char suffix[] = ".safetensors";
  size_t n = strlen(path), m = sizeof suffix - 1;
  return n >= m && !strcmp(path + n - m, suffix);
}

char *checkpoint_join(const char *first, const char *second)
{
  size_t n = strlen(first), m = strlen(second) + 1;
  char *all = malloc(n + m);
  if (!all) return NULL;
  memcpy(all, first, n);
  memcpy(all + n, second, m);
  return all;
}

checkpoint_label checkpoint_label_of(const char *path, const char *name)
{
  checkpoint_label l;
  (void)snprintf(l.text, sizeof l.text, "%.200s: tensor '%.150s'", path, name);
  return l;
}

ulp_status checkpoint_open(ulp_file **file, const char *path, ulp_error *e)
{
  ulp_status status = ulp_file_open(file, path, e);
  if (status != ULP_OK) return status;
  const ulp_tensor *first = ulp_file_tensor(*file, 0);
  if (!first || *first->name || ulp_file_tensor_count(*file) > 1)
    return ULP_OK;
  ulp_file_close(*file);
  *file = NULL;
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: an array without a name, expected a .safetensors "
                       "file, as --out is one",
                       path);
}

/* ---- what is written ---------------------------------------------------- */

ulp_status checkpoint_new(checkpoint_file *f, const char *path, ulp_error *e)
{
  *f = (checkpoint_file){NULL, NULL};
  if (!path) return ULP_OK;
  f->tensors = ulp_safetensors_new(path);
  return f->tensors ? ULP_OK : cli_no_memory(e);
}

ulp_status checkpoint_add(checkpoint_file *f, const char *name,
                          const char *suffix, const ulp_dtype *dtype, int ndim,
                          const int64_t *shape, size_t *number, ulp_error *e)
{
  if (!f->tensors) return ULP_OK;
  char *all = checkpoint_join(name, suffix);
  if (!all) return cli_no_memory(e);
  ulp_status status =
      ulp_safetensors_add(f->tensors, all, dtype, ndim, shape, number, e);
  free(all);
  return status;
}

ulp_status checkpoint_note(checkpoint_file *f, const char *first,
                           const char *second, const char *value, ulp_error *e)
{
  if (!f->tensors) return ULP_OK;
  char *all = checkpoint_join(first, second);
  if (!all) return cli_no_memory(e);
  ulp_status status = ulp_safetensors_note(f->tensors, all, value, e);
  free(all);
  return status;
}

ulp_status checkpoint_copy_notes(checkpoint_file *f, const ulp_file *from,
                                 ulp_error *e)
{
  const char *key, *value;
  ulp_status status = ULP_OK;
  for (size_t i = 0; status == ULP_OK; i++) {
    value = ulp_file_metadata_row(from, i, &key);
    if (!value) break;
    if (strncmp(key, CHECKPOINT_QUANTIZER, strlen(CHECKPOINT_QUANTIZER)) &&
        strncmp(key, CHECKPOINT_PACKED, strlen(CHECKPOINT_PACKED)))
      status = checkpoint_note(f, key, "", value, e);
  }
  return status;
}

ulp_status checkpoint_begin(checkpoint_file *f, const char *path,
                            cli_outputs *set, ulp_error *e)
{
  if (!f->tensors) return ULP_OK;
  ulp_status status = cli_outputs_add(set, &f->out, path, e);
  return status == ULP_OK ? ulp_safetensors_begin(f->tensors, f->out, e)
                          : status;
}

ulp_status checkpoint_copy(checkpoint_file *f, size_t number,
                           const ulp_tensor *t, ulp_error *e)
{
  if (!f->tensors) return ULP_OK;
  if (t->dtype->bits < 8) {
    ulp_safetensors_write(f->tensors, number, t->data,
                          (size_t)ulp_safetensors_bytes(f->tensors, number));
    return ULP_OK;
  }
  size_t size = t->dtype->bits / 8U;
  unsigned char *chunk = malloc(CLI_CHUNK * size);
  if (!chunk) return cli_no_memory(e);
  for (int64_t i = 0; i < t->count; i += CLI_CHUNK) {
    int64_t n = t->count - i < CLI_CHUNK ? t->count - i : CLI_CHUNK;
    ulp_tensor_read_raw(t, chunk, i, n);
    ulp_safetensors_write(f->tensors, number, chunk, (size_t)n * size);
  }
  free(chunk);
  return ULP_OK;
}

ulp_status checkpoint_end(checkpoint_file *f, ulp_error *e)
{
  return f->tensors ? ulp_safetensors_end(f->tensors, e) : ULP_OK;
}

void checkpoint_free(checkpoint_file *f)
{
  ulp_safetensors_free(f->tensors);
  f->tensors = NULL;
}

/* ---- codes -------------------------------------------------------------- */

const ulp_dtype *checkpoint_dtype(const ulp_format *f, int64_t elements)
{
  const ulp_dtype *d;
  ulp_format own;
  for (size_t i = 0; (d = ulp_dtype_row(i)) != NULL; i++)
    if (d->format && *d->safetensors && d->bits == f->bits &&
        elements % 8 * d->bits % 8 == 0 &&
        ulp_format_find(d->format, &own, NULL, 0) == ULP_OK &&
        !strcmp(own.name, f->name))
      return d;
  return ulp_dtype_npy(cli_codes_type(f, false) + 1);
}

static ulp_status write_bits(checkpoint_file *file, checkpoint_codes *c,
                             const unsigned char *code, size_t n, ulp_error *e)
{
  size_t all = c->count + n, whole = all / 8 * 8;
  unsigned char *room = malloc(2 * all + 1), *bytes = room + all;
  ulp_status status = ULP_OK;
  if (!room) return cli_no_memory(e);
  memcpy(room, c->left, c->count);
  memcpy(room + c->count, code, n);
  if (whole) status = ulp_pack(c->f, bytes, room, whole);
  if (status == ULP_OK)
    ulp_safetensors_write(file->tensors, c->number, bytes,
                          whole / 8 * c->f->bits);
  c->count = all - whole;
  memcpy(c->left, room + whole, c->count);
  free(room);
  return status == ULP_OK
             ? ULP_OK
             : ulp_error_set(e, status, "%s", ulp_strerror(status));
}

ulp_status checkpoint_codes_write(checkpoint_file *file, checkpoint_codes *c,
                                  unsigned char *code, int64_t n, ulp_error *e)
{
  if (c->packed) return write_bits(file, c, code, (size_t)n, e);
  cli_codes_extend(c->f, code, n);
  ulp_safetensors_write(file->tensors, c->number, code,
                        (size_t)n * c->f->storage_bytes);
  return ULP_OK;
}

/* The bits of all are a whole number of bytes. */
ulp_status checkpoint_codes_end(checkpoint_file *file, checkpoint_codes *c,
                                ulp_error *e)
{
  unsigned char bytes[8];
  if (!c->packed || c->count == 0) return ULP_OK;
  ulp_status status = ulp_pack(c->f, bytes, c->left, c->count);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s", ulp_strerror(status));
  ulp_safetensors_write(file->tensors, c->number, bytes,
                        c->count * c->f->bits / 8);
  c->count = 0;
  return ULP_OK;
}
