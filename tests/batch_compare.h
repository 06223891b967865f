/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Batches of blocks against one block and one element after the other, byte by
 * byte, on every instruction set, on one thread and on two.
 */
#ifndef ULPLAB_TESTS_BATCH_COMPARE_H
#define ULPLAB_TESTS_BATCH_COMPARE_H

#include "quantizer.h"

/* Arrays of several shapes, one in `every` of them (but the first always), of
 * numbers near 1, far apart, tiny and subnormal, huge, zero, anything, and with
 * NaNs and infinities; a difference ends the test. */
void batch_compare(const ulp_quantizer *q, size_t salt, size_t every);

#endif
