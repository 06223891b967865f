/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A fuzz target: libFuzzer calls the function below with mutated bytes, and
 * replay.c with those of the corpus.  What must not be is an abort.
 */
#ifndef ULPLAB_FUZZ_H
#define ULPLAB_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                     \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);          \
      abort();                                                                 \
    }                                                                          \
  } while (0)

#endif
