/* SPDX-License-Identifier: MIT
 *
 * ulplab/isa.h: which machine's instructions the fast kernels use.
 *
 * Every kernel gives the same bits on every one of them; only the speed
 * differs.  Chosen once: what ULPLAB_ISA names, else the best that the
 * machine and the build have.
 */
#ifndef ULPLAB_ISA_H
#define ULPLAB_ISA_H

#include "formats.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  ULP_ISA_PORTABLE, /* what the compiler was told to use: C, no intrinsics */
  ULP_ISA_AVX2,     /* x86-64-v3: AVX2, FMA, F16C */
  ULP_ISA_AVX512    /* x86-64-v4, VBMI, VNNI, VPOPCNTDQ: Ice Lake, Zen 4, later */
} ulp_isa;

/* The one in use; thread safe.  A ULPLAB_ISA that is no name, or that this
 * machine or build lacks, is as if unset: programs refuse it first, by
 * ulp_isa_check. */
ulp_isa ulp_isa_now(void);
/* Whether this machine and this build have it. */
bool ulp_isa_has(ulp_isa isa);
const char *ulp_isa_name(size_t i); /* NULL past the end */
/* Goes on with another; for tests and benchmarks, while no other thread is in
 * the library.  ULP_EINVAL: not there. */
ULP_MUST_CHECK ulp_status ulp_isa_set(ulp_isa isa);
/* Looks ULPLAB_ISA over: ULP_ENAME or ULP_EINVAL with one line in `why`. */
ULP_MUST_CHECK ulp_status ulp_isa_check(char *why, size_t why_size);

#ifdef __cplusplus
}
#endif
#endif
