/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * options.cuh: the arguments of mma.
 */
#ifndef ULPLAB_GPU_OPTIONS_CUH
#define ULPLAB_GPU_OPTIONS_CUH

#include "record.cuh"

struct Options {
  const char *out = nullptr, *instr = "", *family = nullptr;
  long tiles = 16, outputs = 0, record_bytes = 0;
  uint64_t seed = 1;
  bool list = false, check = false, keep_going = false, verbose = false;
  Provenance provenance;
};

/* One line on stderr: what is wrong, and the usage.  Returns 2. */
int usage(const char *what);

/* 0, or the exit status after one line on stderr. */
int read_options(Options *o, int argc, char **argv);

#endif
