/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads a folder of captures.
 */
#include "captures.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unxz.h"

static const char vectors[] = ".vec.xz", products[] = ".gemm.xz",
                  library[] = "gemm.captured.xz", orders[] = "gemm.orders";

/* ---- kernels of our own ------------------------------------------------ */

/* The orders of kernels that gemm.orders does not have: what their machine
 * code does, read in tests/vectors/h200/blockwise.opcodes.txt. */
static const char *order_of(const char *kernel)
{
  static const char *const known[][2] = {
      {"fma_product", "deepgemm-1d2d"},
      {"product_first", "deepgemm-1d2d"},
      {"left_to_right", "deepgemm-1d1d"},
      {"piece_first", "te-blockwise"},
      {"rounded_twice", "blockwise-mul-add"},
      {"plain", "cutlass-fp8-2xacc"},
      {"sm90_fp8_gemm_1d1d_impl", "deepgemm-1d1d"},
      {"sm90_fp8_gemm_1d2d_impl", "deepgemm-1d2d"},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(kernel, known[i][0]) == 0)
      return known[i][1];
  return NULL;
}

/* False: nobody has named it. */
static bool set_order(capture *c, const gemm_orders *known)
{
  const gemm_setting *s =
      known ? gemm_orders_find(known, c->gemm.number) : NULL;
  const char *name = known ? NULL : order_of(c->gemm.kernel);
  if (s)
    c->setting = *s;
  else if (name)
    c->setting = (gemm_setting){.promote = -1, .reduce = -1};
  if (name)
    (void)snprintf(c->setting.name, sizeof c->setting.name, "%s", name);
  return (s || name) && strcmp(c->setting.name, "open") != 0;
}

/* ---- one file ---------------------------------------------------------- */

static void drop(capture *c)
{
  gemm_case_free(&c->gemm);
  vector_free(&c->vector);
}

static capture *add(captures *all, const char *file)
{
  capture *grown = realloc(all->list, (all->count + 1) * sizeof *grown);
  if (!grown)
    return NULL;
  all->list = grown;
  memset(&grown[all->count], 0, sizeof *grown);
  (void)snprintf(grown[all->count].file, sizeof grown->file, "%s", file);
  return &grown[all->count];
}

/* 1: read; 0: the end; -1: *e says why. */
static int read_vector(captures *all, capture *c, FILE *f, ulp_error *e)
{
  int got = vector_read(f, &c->vector, e);
  if (got != 1)
    return got;
  (void)snprintf(c->name, sizeof c->name, "%s", c->vector.instr);
  (void)snprintf(c->gpu, sizeof c->gpu, "%s", c->vector.gpu);
  all->count++;
  return 1;
}

/* The session, which comes first, names the GPU of the cases after it. */
static int read_gemm(captures *all, capture *c, FILE *f, char gpu[64],
                     const gemm_orders *known, ulp_error *e)
{
  int got = gemm_case_read(f, &c->gemm, e);
  if (*c->gemm.gpu)
    (void)snprintf(gpu, 64, "%s", c->gemm.gpu);
  (void)snprintf(c->gpu, sizeof c->gpu, "%s", gpu);
  (void)snprintf(c->name, sizeof c->name, "%s", c->gemm.kernel);
  bool named = got == 1 && c->gemm.outputs && set_order(c, known);
  if (named) {
    all->count++;
  } else {
    all->unknown += got == 1 && c->gemm.outputs;
    drop(c);
  }
  return got;
}

static ulp_status read_file(captures *all, const char *folder,
                            const char *file, bool gemm,
                            const gemm_orders *known, ulp_error *e)
{
  char path[4096], *bytes, gpu[64] = "";
  size_t size;
  int got = 1;
  (void)snprintf(path, sizeof path, "%s/%s", folder, file);
  ulp_status s = ulp_unxz(path, &bytes, &size, e);
  if (s != ULP_OK)
    return s;
  FILE *f = size ? fmemopen(bytes, size, "r") : NULL;
  ulp_error why = {.status = ULP_EFORMAT, .text = "empty"};
  for (got = f ? 1 : -1; got == 1;) {
    capture *c = add(all, file);
    got = !c     ? -1
          : gemm ? read_gemm(all, c, f, gpu, known, &why)
                 : read_vector(all, c, f, &why);
  }
  if (f)
    fclose(f);
  free(bytes);
  return got < 0 ? ulp_error_set(e, why.status, "%s: %.500s", path, why.text)
                 : ULP_OK;
}

/* ---- the folder -------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
  size_t n = strlen(name), m = strlen(end);
  return n > m && strcmp(name + n - m, end) == 0;
}

static ulp_status read_library(captures *all, const char *folder, ulp_error *e)
{
  char path[4096];
  gemm_orders known;
  (void)snprintf(path, sizeof path, "%s/%s", folder, orders);
  ulp_status s = gemm_orders_read(&known, path, e);
  if (s == ULP_OK)
    s = read_file(all, folder, library, true, &known, e);
  gemm_orders_free(&known);
  return s;
}

static ulp_status read_files(captures *all, const char *folder,
                             struct dirent **entry, int n, ulp_error *e)
{
  ulp_status s = ULP_OK;
  bool any_vector = false, any_library = false;
  for (int i = 0; s == ULP_OK && i < n; i++) {
    const char *name = entry[i]->d_name;
    if (strlen(name) >= sizeof all->list->file)
      continue;
    any_vector = any_vector || ends_with(name, vectors);
    any_library = any_library || strcmp(name, library) == 0;
    if (strcmp(name, library) == 0)
      s = read_library(all, folder, e);
    else if (ends_with(name, vectors) || ends_with(name, products))
      s = read_file(all, folder, name, ends_with(name, products), NULL, e);
  }
  (void)snprintf(all->missing, sizeof all->missing, "%s%s%s",
                 any_vector ? "" : "*.vec.xz",
                 any_vector || any_library ? "" : " and ",
                 any_library ? "" : library);
  return s;
}

/* ---- groups ------------------------------------------------------------ */

static int by_group(const capture *x, const capture *y)
{
  int d = strcmp(x->file, y->file);
  d = d ? d : strcmp(x->name, y->name);
  return d ? d : strcmp(x->setting.name, y->setting.name);
}

/* The order in the file within a group, so that the sort is stable. */
static int by_place(const void *a, const void *b)
{
  const capture *x = a, *y = b;
  int d = by_group(x, y);
  return d ? d
           : (x->gemm.number > y->gemm.number) -
                 (x->gemm.number < y->gemm.number);
}

static ulp_status make_groups(captures *all, ulp_error *e)
{
  all->first = calloc(all->count + 1, sizeof *all->first);
  if (!all->first)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (all->count)
    qsort(all->list, all->count, sizeof *all->list, by_place);
  for (size_t i = 0; i < all->count; i++)
    if (i == 0 || by_group(&all->list[i - 1], &all->list[i]) != 0)
      all->first[all->groups++] = i;
  all->first[all->groups] = all->count;
  return ULP_OK;
}

ulp_status captures_read(captures *out, const char *folder, ulp_error *e)
{
  struct dirent **entry = NULL;
  memset(out, 0, sizeof *out);
  int n = scandir(folder, &entry, NULL, alphasort);
  if (n < 0)
    return ulp_error_set(e, ULP_EIO, "--vectors %.300s: cannot read: %s: "
                         "expected the folder tests/vectors/h200 of the "
                         "sources", folder, strerror(errno));
  ulp_status s = read_files(out, folder, entry, n, e);
  for (int i = 0; i < n; i++)
    free(entry[i]);
  free(entry);
  if (s == ULP_OK && out->count == 0)
    s = ulp_error_set(e, ULP_EFORMAT, "--vectors %.300s: expected captures, "
                      "*.vec.xz or *.gemm.xz, found none", folder);
  return s == ULP_OK ? make_groups(out, e) : s;
}

void captures_free(captures *c)
{
  for (size_t i = 0; i < c->count; i++)
    drop(&c->list[i]);
  free(c->list);
  free(c->first);
  memset(c, 0, sizeof *c);
}
