/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs that claims of several sections share: the same text, so one run.
 */
#ifndef ULPLAB_EXPERIMENTS_CLAIMS_SWEEPS_H
#define ULPLAB_EXPERIMENTS_CLAIMS_SWEEPS_H

#include "claims.h"

#define FORMATS "run snr --formats 'int4 int4sym int8 mxint8 e4m3 e2m1 nf4' "  \
  "--distributions gaussian --scale-rules 'mse amax'"

/* Layers with outliers in 1 % of the channels, 100 times the rest. */
#define LAYER "run outlier_channels --channels 0.01:100:100 --schemes "        \
  "'w8a8-int8-tensor w8a8-int8-token w8a8-e4m3-tensor w4a16-int4-g128 "        \
  "w4a4-int4-token' --remedies 'none smoothquant:0.5 awq hadamard gptq "       \
  "gptq-cholesky'"
#define OF_LAYER(scheme, remedy, what)                                        \
  "[" LAYER " | scheme=" scheme " remedy=" remedy " | " what "]"

#endif
