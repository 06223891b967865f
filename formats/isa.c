/* SPDX-License-Identifier: MIT
 *
 * What the machine has, and which of it to use.
 */
#include "isa.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const char *const names[] = {[ULP_ISA_PORTABLE] = "portable",
                                    [ULP_ISA_AVX2] = "avx2",
                                    [ULP_ISA_AVX512] = "avx512"};
enum { COUNT = sizeof names / sizeof *names };

const char *ulp_isa_name(size_t i) { return i < COUNT ? names[i] : NULL; }

#ifdef ULP_HAVE_AVX2_KERNELS
#include <cpuid.h>

/* Clang 14's __builtin_cpu_supports does not know f16c: CPUID.1:ECX[29]. */
static bool has_f16c(void)
{
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}

static bool has_avx2(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         has_f16c();
}
#else
static bool has_avx2(void) { return false; }
#endif

#ifdef ULP_HAVE_AVX512_KERNELS
static bool has_avx512(void)
{
  return has_avx2() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vnni") &&
         __builtin_cpu_supports("avx512vpopcntdq");
}
#else
static bool has_avx512(void) { return false; }
#endif

/* Once: under a hypervisor each CPUID is a trap of microseconds. */
static ulp_isa best(void)
{
  static atomic_int found = -1;
  int isa = atomic_load_explicit(&found, memory_order_relaxed);
  if (isa < 0) { /* two threads that come here find the same */
    isa = has_avx512() ? ULP_ISA_AVX512
          : has_avx2() ? ULP_ISA_AVX2
                       : ULP_ISA_PORTABLE;
    atomic_store_explicit(&found, isa, memory_order_relaxed);
  }
  return (ulp_isa)isa;
}

/* Each has those before it: AVX-512 without AVX2 is not used. */
bool ulp_isa_has(ulp_isa isa) { return isa <= best(); }

/* The index of a name, or COUNT. */
static size_t named(const char *word)
{
  size_t i = 0;
  while (i < COUNT && strcasecmp(word, names[i]) != 0)
    i++;
  return i;
}

static ulp_isa choose(void)
{
  const char *word = getenv("ULPLAB_ISA");
  size_t asked = word ? named(word) : COUNT;
  if (asked < COUNT && ulp_isa_has((ulp_isa)asked))
    return (ulp_isa)asked;
  return best();
}

static atomic_int chosen = -1;

ulp_isa ulp_isa_now(void)
{
  int now = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (now < 0) {
    now = (int)choose();
    atomic_store_explicit(&chosen, now, memory_order_relaxed);
  }
  return (ulp_isa)now;
}

ulp_status ulp_isa_set(ulp_isa isa)
{
  if (!ulp_isa_has(isa))
    return ULP_EINVAL;
  atomic_store_explicit(&chosen, (int)isa, memory_order_relaxed);
  return ULP_OK;
}

ulp_status ulp_isa_check(char *why, size_t why_size)
{
  const char *word = getenv("ULPLAB_ISA");
  size_t asked = word ? named(word) : 0;
  if (asked == COUNT)
    (void)snprintf(why, why_size,
                   "ULPLAB_ISA: '%.40s', expected portable, avx2 or avx512",
                   word);
  else if (!ulp_isa_has((ulp_isa)asked))
    (void)snprintf(why, why_size,
                   "ULPLAB_ISA: this machine or this build has no %s",
                   names[asked]);
  else
    return ULP_OK;
  return asked == COUNT ? ULP_ENAME : ULP_EINVAL;
}
