/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULPLAB_GPU_ACCUMULATORS_CUH
#define ULPLAB_GPU_ACCUMULATORS_CUH

#include "inputs.cuh"

/* Fills C, which in some modes depends on A and B. */
void draw_accumulators(const Draw &draw, const Arrays &to, uint32_t tiles);

#endif
