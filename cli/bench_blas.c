/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_blas.c: OpenBLAS, the ceiling of matrix products.
 *
 * It is opened while a bench runs and not linked: GSL's own BLAS has the same
 * names, so that linking it would give `ulplab run` other bits on a machine
 * with OpenBLAS, and its threads would start with every subcommand.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#include <dlfcn.h>

static struct {
  __typeof__(cblas_sgemm) *sgemm;
  __typeof__(cblas_sgemv) *sgemv;
  __typeof__(openblas_set_num_threads) *set_threads;
  __typeof__(openblas_get_corename) *core;
  int threads;
  char name[80];
} blas;

/* POSIX has dlsym give functions as void *. */
#define FIND(LIBRARY, FIELD, NAME)                                             \
  (*(void **)(void *)&blas.FIELD = dlsym(LIBRARY, NAME))

static bool find(void)
{
  /* What waits for work would otherwise spin 2^26 cycles after each product,
   * into the other side's time: OpenBLAS, driver/others/blas_server.c. */
  setenv("OPENBLAS_THREAD_TIMEOUT", "4", 0);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library || !FIND(library, sgemm, "cblas_sgemm") ||
      !FIND(library, sgemv, "cblas_sgemv") ||
      !FIND(library, set_threads, "openblas_set_num_threads") ||
      !FIND(library, core, "openblas_get_corename"))
    return false;
  snprintf(blas.name, sizeof blas.name, "OpenBLAS sgemm (%.40s)", blas.core());
  return true;
}

void bench_sgemm(float *d, const float *a, const float *b, size_t m, size_t n,
                 size_t k, int threads)
{
  if (blas.threads != threads) blas.set_threads(blas.threads = threads);
  if (m == 1)
    blas.sgemv(CblasRowMajor, CblasNoTrans, (blasint)n, (blasint)k, 1, b,
               (blasint)k, a, 1, 0, d, 1);
  else
    blas.sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n,
               (blasint)k, 1, a, (blasint)k, b, (blasint)k, 0, d, (blasint)n);
}

const char *bench_blas_name(void) { return *blas.name ? blas.name : NULL; }
#else
static bool find(void) { return false; }

void bench_sgemm(float *d, const float *a, const float *b, size_t m, size_t n,
                 size_t k, int threads)
{
  (void)d, (void)a, (void)b, (void)m, (void)n, (void)k, (void)threads;
}

const char *bench_blas_name(void) { return NULL; }
#endif

bool bench_blas_open(void) { return find(); }
