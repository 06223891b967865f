/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tell_apart.c: `ulplab identify --tell-apart`.  The inputs have the shape of
 * those that were asked about, because libraries choose their kernel by it.
 */
#include "tell_apart.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "products.h"

typedef struct {
  const ulp_candidate *list;
  size_t count;
  ulp_gemm_data x; /* with A and B of its own */
  int threads;
  size_t *class_of, classes;
  void *a, *b, *d;
} job;

enum { A, B, D, FILES };

static void write_array(ulp_output *o, const ulp_format *f, size_t rows,
                        size_t cols, const void *codes)
{
  int64_t shape[] = {(int64_t)rows, (int64_t)cols};
  ulp_npy_header(o, cli_codes_type(f, false), 2, shape);
  ulp_output_write(o, codes, rows * cols * f->storage_bytes);
}

/* The D of the first candidate of each class. */
static ulp_status write_results(job *j, ulp_output *o, ulp_error *e)
{
  const ulp_format *f = &j->list[0].gemm.out;
  int64_t shape[] = {(int64_t)j->classes, (int64_t)j->x.m, (int64_t)j->x.n};
  size_t next = 0;
  ulp_npy_header(o, cli_codes_type(f, false), 3, shape);
  for (size_t i = 0; i < j->count; i++) {
    if (j->class_of[i] != next)
      continue;
    ulp_status status = ulp_product_run(&j->list[i].gemm, &j->x, j->threads);
    if (status != ULP_OK)
      return ulp_error_set(e, status, "%s", ulp_strerror(status));
    ulp_output_write(o, j->d, j->x.m * j->x.n * f->storage_bytes);
    next++;
  }
  return ULP_OK;
}

static ulp_status make_inputs(job *j, const ulp_gemm_data *x, ulp_error *e)
{
  const ulp_gemm *g = &j->list[0].gemm;
  j->a = malloc(x->m * x->k * g->a.storage_bytes + 1);
  j->b = malloc(x->n * x->k * g->b.storage_bytes + 1);
  j->d = malloc(x->m * x->n * g->out.storage_bytes + 1);
  if (!j->a || !j->b || !j->d) return cli_no_memory(e);
  ulp_status status = ulp_tell_apart(j->list, j->count, x, 0, j->a, j->b,
                                     j->class_of, &j->classes);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s", ulp_strerror(status));
  j->x.a = j->a;
  j->x.b = j->b;
  j->x.d = j->d;
  return ULP_OK;
}

static ulp_status write_files(job *j, const char *const path[FILES],
                              ulp_error *e)
{
  const ulp_gemm *g = &j->list[0].gemm;
  cli_outputs set = {0};
  ulp_output *out[FILES];
  ulp_status status = ULP_OK;
  for (int i = 0; i < FILES && status == ULP_OK; i++)
    status = cli_outputs_add(&set, &out[i], path[i], e);
  if (status == ULP_OK) {
    write_array(out[A], &g->a, j->x.m, j->x.k, j->a);
    write_array(out[B], &g->b, j->x.n, j->x.k, j->b);
    status = write_results(j, out[D], e);
  }
  if (status == ULP_OK) return cli_outputs_commit(&set, e);
  cli_outputs_discard(&set);
  return status;
}

/* DIR, if need be, and the files in it. */
static ulp_status write_folder(job *j, const char *dir, ulp_error *e)
{
  size_t size = strlen(dir) + sizeof "/a.npy";
  char *text = malloc(FILES * size);
  const char *path[FILES];
  if (!text) return cli_no_memory(e);
  for (int i = 0; i < FILES; i++) {
    path[i] = text + (size_t)i * size;
    (void)snprintf(text + (size_t)i * size, size, "%s/%c.npy", dir, "abd"[i]);
  }
  bool made = mkdir(dir, 0777) == 0;
  ulp_status status =
      made || errno == EEXIST
          ? write_files(j, path, e)
          : ulp_error_set(e, ULP_EIO, "%s: %s", dir, strerror(errno));
  if (status != ULP_OK && made) (void)remove(dir);
  free(text);
  return status;
}

ulp_status cli_tell_apart(const char *dir, const ulp_candidate *list,
                          size_t count, const ulp_gemm_data *x, int threads,
                          size_t *class_of, ulp_error *e)
{
  job j = {.list = list, .count = count, .x = *x, .threads = threads,
           .class_of = class_of};
  ulp_status status = make_inputs(&j, x, e);
  if (status == ULP_OK) status = write_folder(&j, dir, e);
  free(j.a);
  free(j.b);
  free(j.d);
  return status;
}
