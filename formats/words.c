/* SPDX-License-Identifier: MIT
 *
 * What the fields of a format's row are called where tables are printed.
 */
#include "formats.h"

const char *ulp_kind_name(ulp_kind k)
{
  static const char *const name[] = {[ULP_FLOAT] = "float",
                                     [ULP_INTEGER] = "integer",
                                     [ULP_CODEBOOK] = "codebook"};
  return (size_t)k < sizeof name / sizeof name[0] ? name[k] : "invalid";
}

const char *ulp_nan_code_name(ulp_nan_code c)
{
  static const char *const name[] = {[ULP_NAN_NONE] = "none",
                                     [ULP_NAN_IEEE] = "ieee",
                                     [ULP_NAN_TOP] = "top",
                                     [ULP_NAN_NEGZERO] = "negzero"};
  return (size_t)c < sizeof name / sizeof name[0] ? name[c] : "invalid";
}

const char *ulp_inf_code_name(ulp_inf_code c)
{
  static const char *const name[] = {[ULP_INF_NONE] = "none",
                                     [ULP_INF_IEEE] = "ieee",
                                     [ULP_INF_TOP] = "top"};
  return (size_t)c < sizeof name / sizeof name[0] ? name[c] : "invalid";
}

const char *ulp_zero_code_name(ulp_zero_code c)
{
  static const char *const name[] = {[ULP_ZERO_SIGNED] = "signed",
                                     [ULP_ZERO_UNSIGNED] = "unsigned",
                                     [ULP_ZERO_NONE] = "none"};
  return (size_t)c < sizeof name / sizeof name[0] ? name[c] : "invalid";
}
