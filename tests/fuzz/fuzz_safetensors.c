/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a .safetensors file.
 */
#include "fuzz.h"
#include "fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  fuzz_file(data, size, "fuzz.safetensors");
  return 0;
}
