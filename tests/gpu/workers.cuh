/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * workers.cuh: the list of instructions, worked off by a process that is
 * replaced when a CUDA call fails.
 *
 * An illegal memory access leaves a context in which every later call fails,
 * so the instructions after the failed one need another process.
 */
#ifndef ULPLAB_GPU_WORKERS_CUH
#define ULPLAB_GPU_WORKERS_CUH

#include <cstddef>
#include <cstdint>

struct Totals {
  long instructions, records, failed;
  uint64_t outputs, bytes, least;
};

/* Does instruction i; false where the run must end. */
struct Work {
  virtual bool start() = 0; /* once in each process */
  virtual bool run(size_t i, Totals *totals) = 0;
};

/* Runs 0 to count - 1 in child processes; the caller must not have made a
 * CUDA call.  When one fails in instruction i, what i wrote to fd is taken
 * back (not from a pipe), i counts as failed, and with `keep_going` the next
 * process starts at i + 1.  Returns 0, 1, or 77 where there is no GPU. */
int run_workers(Work &work, size_t count, int fd, bool keep_going,
                Totals *totals);

#endif
