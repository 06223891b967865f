/* SPDX-License-Identifier: MIT */
#include "formats.h"

const char *ulp_strerror(ulp_status status)
{
  static const char *const text[] = {
      [ULP_OK] = "no error",
      [ULP_EINVAL] = "argument out of range",
      [ULP_ENAME] = "unknown name",
      [ULP_EFORMAT] = "malformed input",
      [ULP_EIO] = "input/output error",
      [ULP_ENOMEM] = "out of memory",
      [ULP_ERANGE] = "value out of range",
  };
  size_t i = (size_t)status;
  return i < sizeof text / sizeof text[0] ? text[i] : "unknown status";
}
