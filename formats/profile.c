/* SPDX-License-Identifier: MIT
 *
 * Profiles: what implementations do where the formats leave a choice.  On
 * every finite input in range they agree; they part on NaN, Inf, overflow,
 * zero and negative values without a code, and on binade ties.
 */
#include "internal.h"

#include <string.h>
#include <strings.h>

static const ulp_profile profiles[] = {
    /* OFP8 1.0 5.2.1 and MX 1.0 6.3: saturation catches infinities.  Where
     * they are silent (NaN to FP6 and FP4) as PTX does. */
    {.name = "ocp",
     .source = "OCP OFP8 1.0 section 5.2; OCP MX 1.0 section 6.3",
     .overflow_narrow = ULP_OVERFLOW_SATURATE,
     .overflow_wide = ULP_OVERFLOW_IEEE,
     .nan = ULP_NAN_KEEP,
     .nonan = ULP_NONAN_MAX,
     .inf_is_overflow = true,
     .no_inf_is_nan = true},

    {.name = "ieee",
     .source = "IEEE 754-2019 sections 6.2.3 and 7.4, as x86 and Arm convert",
     .overflow_narrow = ULP_OVERFLOW_IEEE,
     .overflow_wide = ULP_OVERFLOW_IEEE,
     .nan = ULP_NAN_QUIET,
     .nonan = ULP_NONAN_MAX,
     .no_inf_is_nan = true},

    {.name = "cuda",
     .source =
         "CUDA 13.0 cuda_fp8.hpp, cuda_fp6.hpp, cuda_fp4.hpp; PTX ISA cvt",
     .overflow_narrow = ULP_OVERFLOW_SATURATE,
     .overflow_wide = ULP_OVERFLOW_IEEE,
     .nan = ULP_NAN_POSITIVE_ONES,
     .nonan = ULP_NONAN_MAX,
     .inf_is_overflow = true,
     .no_inf_is_nan = true,
     .magnitude_if_unsigned = true},

    {.name = "ml_dtypes",
     .source = "ml_dtypes 0.6.0 include/float8.h, mxfloat.h",
     .overflow_narrow = ULP_OVERFLOW_IEEE,
     .overflow_wide = ULP_OVERFLOW_IEEE,
     .nan = ULP_NAN_DEFAULT,
     .nonan = ULP_NONAN_SIGN_FLIP,
     .no_inf_is_nan = true,
     .binade_ties_up = true},

    /* MX casts clamp, then convert as PyTorch's c10 types do. */
    {.name = "torchao",
     .source = "TorchAO prototype/custom_fp_utils.py and mx_formats; "
               "PyTorch c10/util/Float8_*.h",
     .overflow_narrow = ULP_OVERFLOW_SATURATE,
     .overflow_wide = ULP_OVERFLOW_IEEE,
     .nan = ULP_NAN_ONES,
     .nonan = ULP_NONAN_AS_NUMBER,
     .inf_is_overflow = true,
     .no_inf_is_nan = true},

    {.name = "p3109",
     .source = "IEEE P3109 draft 2026-06, sections 4.7.3 to 4.7.6 (SatNone; "
               "saturate is SatFinite)",
     .overflow_narrow = ULP_OVERFLOW_IEEE,
     .overflow_wide = ULP_OVERFLOW_IEEE,
     .nan = ULP_NAN_DEFAULT,
     .nonan = ULP_NONAN_MAX,
     .inf_is_overflow = true},
};

size_t ulp_profile_count(void) { return sizeof profiles / sizeof profiles[0]; }

const ulp_profile *ulp_profile_row(size_t i)
{
  return i < ulp_profile_count() ? &profiles[i] : NULL;
}

ulp_status ulp_profile_find(const char *name, const ulp_profile **out)
{
  for (size_t i = 0; i < ulp_profile_count(); i++)
    if (strcasecmp(name, profiles[i].name) == 0) {
      *out = &profiles[i];
      return ULP_OK;
    }
  return ULP_ENAME;
}

const ulp_profile *ulp_rounding_profile(const ulp_rounding *r)
{
  return r->profile ? r->profile : &profiles[0];
}

/* ---- names of modes and overflow rules ---------------------------------- */

static const char *const mode_names[] = {
    [ULP_RNE] = "rne", [ULP_RNA] = "rna", [ULP_RNZ] = "rnz", [ULP_RTZ] = "rtz",
    [ULP_RU] = "ru",   [ULP_RD] = "rd",   [ULP_ODD] = "odd", [ULP_SR] = "sr",
};

static const char *const overflow_names[] = {
    [ULP_OVERFLOW_DEFAULT] = "default", [ULP_OVERFLOW_SATURATE] = "saturate",
    [ULP_OVERFLOW_INF] = "inf",         [ULP_OVERFLOW_NAN] = "nan",
    [ULP_OVERFLOW_IEEE] = "ieee",
};

const char *ulp_mode_name(size_t i)
{
  return i < sizeof mode_names / sizeof mode_names[0] ? mode_names[i] : NULL;
}

const char *ulp_overflow_name(size_t i)
{
  return i < sizeof overflow_names / sizeof overflow_names[0]
             ? overflow_names[i]
             : NULL;
}

/* The index of a name in a list, or -1. */
static int index_of(const char *name, const char *(*name_of)(size_t))
{
  for (size_t i = 0; name_of(i); i++)
    if (strcasecmp(name, name_of(i)) == 0)
      return (int)i;
  return -1;
}

ulp_status ulp_mode_find(const char *name, ulp_mode *out)
{
  int i = index_of(name, ulp_mode_name);
  if (i < 0)
    return ULP_ENAME;
  *out = (ulp_mode)i;
  return ULP_OK;
}

ulp_status ulp_overflow_find(const char *name, ulp_overflow *out)
{
  int i = index_of(name, ulp_overflow_name);
  if (i < 0)
    return ULP_ENAME;
  *out = (ulp_overflow)i;
  return ULP_OK;
}

ulp_status ulp_rounding_check(const ulp_rounding *r)
{
  bool good = (size_t)r->mode <= ULP_SR &&
              (size_t)r->overflow <= ULP_OVERFLOW_IEEE &&
              (size_t)r->sr_variant <= ULP_SR_C && r->sr_bits <= 32;
  return good ? ULP_OK : ULP_EINVAL;
}
