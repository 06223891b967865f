/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a GGUF file.
 */
#include "fuzz.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_file(data, size, "fuzz.gguf");
  return 0;
}
