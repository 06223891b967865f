/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tell_apart.h: files of inputs on which orders differ.
 */
#ifndef ULPLAB_CLI_TELL_APART_H
#define ULPLAB_CLI_TELL_APART_H

#include "cli.h"
#include "identify.h"

/* Writes DIR/a.npy [M, K] and b.npy [N, K], of the shapes and types of x, and
 * DIR/d.npy [classes, M, N], what the candidates make of them.  class_of[i]:
 * where in d.npy candidate i is.  Makes DIR if it is not there. */
ulp_status cli_tell_apart(const char *dir, const ulp_candidate *list,
                          size_t count, const ulp_gemm_data *x, int threads,
                          size_t *class_of, ulp_error *e);

#endif
