/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How many threads there are when nobody said.
 */
#ifndef ULPLAB_EXPERIMENTS_THREADS_H
#define ULPLAB_EXPERIMENTS_THREADS_H

#ifdef _OPENMP
#include <omp.h>
#endif

static inline int ulp_all_threads(void)
{
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

#endif
