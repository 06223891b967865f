/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * selfcheck.cuh: are the operands where the instruction looks for them?
 */
#ifndef ULPLAB_GPU_SELFCHECK_CUH
#define ULPLAB_GPU_SELFCHECK_CUH

#include "device.cuh"

/* Runs the instruction on small integers, whose result every arithmetic
 * gives exactly, under each layout it may have.  Returns the layout that
 * gives the right product, or -1 after saying on stderr what was wrong. */
int find_layout(Device &device, const Instruction &in);

#endif
