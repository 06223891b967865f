/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * record.cuh: writes records of the vector container (see container.h).
 */
#ifndef ULPLAB_GPU_RECORD_CUH
#define ULPLAB_GPU_RECORD_CUH

#include "device.cuh"

#include <map>
#include <string>
#include <vector>

/* What all records of a run say about where they come from. */
struct Provenance {
  std::vector<std::string> notes;          /* whole header lines */
  std::map<std::string, std::string> sass; /* by kernel symbol */
};

/* Reads lines "symbol<TAB>opcode".  False if the file cannot be read or a
 * line has no tab; says so on stderr. */
bool read_sass(const char *path, Provenance *provenance);

std::string record_header(const Instruction &in, const Family &family,
                          size_t tiles, bool scale_d, uint64_t seed,
                          const Provenance &provenance);

/* Writes all bytes; false and one line on stderr if the system refuses. */
bool write_all(int fd, const void *bytes, size_t count);

#endif
