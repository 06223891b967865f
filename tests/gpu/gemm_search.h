/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which order made a captured case?
 */
#ifndef ULPLAB_GPU_GEMM_SEARCH_H
#define ULPLAB_GPU_GEMM_SEARCH_H

#include "gemm_match.h"

/* The first setting that reproduces every captured output and the digest of
 * all, else (false) the one with fewest wrong; *r is its result.  Rows that
 * the kernel's name suggests come first, then the rest of emu/orders.c;
 * slices as the library's log says, or 1, and then any other number. */
bool gemm_search(const gemm_case *c, const gemm_inputs *in, gemm_setting *best,
                 gemm_result *r);

#endif
