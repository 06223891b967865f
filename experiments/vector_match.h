/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Captured matrix instructions against the emulator, bit for bit.
 */
#ifndef ULPLAB_EXPERIMENTS_VECTOR_MATCH_H
#define ULPLAB_EXPERIMENTS_VECTOR_MATCH_H

#include "container.h"
#include "emu.h"

/* One output that is not the GPU's: element `at` of a tile. */
typedef struct {
  size_t tile, at;
  uint64_t c, gpu, got;
} vector_miss;

typedef struct {
  const char *gpu; /* whose instruction */
  bool reference;  /* ulp_mma_dot too, not the fast path alone */
  long tiles;      /* at most; 0: all */
  int threads;
  /* Called for each miss, one at a time; or NULL. */
  void (*show)(void *data, const vector_record *r, const ulp_mma *m,
               const vector_miss *miss);
  void *data;
} vector_options;

typedef struct {
  size_t outputs, wrong;
} vector_result;

/* False: the GPU has no record of the instruction, or the record's arrays are
 * not its operands; `why` says so.  Negated
 * operands are negated in *r, once: it cannot be matched again. */
bool vector_match(vector_record *r, const vector_options *o,
                  vector_result *out, char *why, size_t why_size);

#endif
