/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check.cuh: every CUDA call goes through CHECK, which ends the program
 * with the call, the place and what it was busy with.
 */
#ifndef ULPLAB_GPU_CHECK_CUH
#define ULPLAB_GPU_CHECK_CUH

#include <cstdio>
#include <cstdlib>

/* Exit status after a failed call.  The context is lost then, and with it
 * the process (workers.cuh). */
enum { CUDA_FAILED = 3 };

/* The instruction at work, for messages. */
inline const char *busy_with = "start";

inline void check_cuda(cudaError_t status, const char *call, const char *file,
                       int line)
{
  if (status == cudaSuccess)
    return;
  fprintf(stderr, "mma: %s:%d: %s: %s (%s)\n", file, line, call,
          cudaGetErrorString(status), busy_with);
  exit(CUDA_FAILED);
}

#define CHECK(call) check_cuda(call, #call, __FILE__, __LINE__)

#endif
