/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files compressed with xz, read by the program xz: the captures are read in
 * a source tree, where the tests need that program anyway, and liblzma would
 * be a dependency of every user for this alone.
 */
#ifndef ULPLAB_EXPERIMENTS_UNXZ_H
#define ULPLAB_EXPERIMENTS_UNXZ_H

#include "tensor.h"

/* What the file holds; *out is malloc'ed. */
ULP_MUST_CHECK ulp_status ulp_unxz(const char *path, char **out, size_t *size,
                                   ulp_error *e);

#endif
