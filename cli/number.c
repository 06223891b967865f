/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * number.c: numbers as text.
 */
#include <inttypes.h>
#include <math.h>
#define MPFR_USE_INTMAX_T
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

const char *cli_decimal(double x, char out[CLI_NUMBER_SIZE])
{
  if (isnan(x)) {
    snprintf(out, CLI_NUMBER_SIZE, "nan");
    return out;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, CLI_NUMBER_SIZE, "%.*g", digits, x);
    if (strtod(out, NULL) == x) break;
  }
  return out;
}

/* NULL unless the code is one of a number. */
static const char *special(const ulp_exact *x, char out[CLI_NUMBER_SIZE])
{
  if (x->cls == ULP_CLASS_NAN)
    snprintf(out, CLI_NUMBER_SIZE, "nan");
  else if (x->cls == ULP_CLASS_INF)
    snprintf(out, CLI_NUMBER_SIZE, x->negative ? "-inf" : "inf");
  else
    return NULL;
  return out;
}

/* Where doubles do not reach (an invented format of 15 exponent bits). */
static const char *wide_decimal(const ulp_exact *x, char out[CLI_NUMBER_SIZE])
{
  mpfr_t value;
  mpfr_init2(value, 64);
  mpfr_set_uj_2exp(value, x->significand, x->exponent, MPFR_RNDN);
  mpfr_setsign(value, value, x->negative, MPFR_RNDN);
  mpfr_snprintf(out, CLI_NUMBER_SIZE, "%.17Rg", value);
  mpfr_clear(value);
  return out;
}

const char *cli_code_decimal(const ulp_format *f, uint64_t code,
                             char out[CLI_NUMBER_SIZE])
{
  ulp_exact x = ulp_unpack(f, code);
  if (special(&x, out)) return out;
  return ulp_fits_f64(f) ? cli_decimal(ulp_decode(f, code), out)
                         : wide_decimal(&x, out);
}

const char *cli_code_hex(const ulp_format *f, uint64_t code,
                         char out[CLI_NUMBER_SIZE])
{
  ulp_exact x = ulp_unpack(f, code);
  const char *sign = x.negative ? "-" : "";
  if (special(&x, out)) return out;
  if (x.significand == 0) {
    snprintf(out, CLI_NUMBER_SIZE, "%s0x0p+0", sign);
    return out;
  }
  /* 1.fraction * 2^exponent, subnormals too: one spelling a value. */
  int up = __builtin_clzll(x.significand), digits = 16;
  uint64_t fraction = up == 63 ? 0 : x.significand << (up + 1);
  long exponent = (long)x.exponent + 63 - up;
  while (digits > 0 && (fraction & 15) == 0) {
    fraction >>= 4;
    digits--;
  }
  if (digits)
    snprintf(out, CLI_NUMBER_SIZE, "%s0x1.%0*llxp%+ld", sign, digits,
             (unsigned long long)fraction, exponent);
  else
    snprintf(out, CLI_NUMBER_SIZE, "%s0x1p%+ld", sign, exponent);
  return out;
}

const char *cli_code_name(const ulp_format *f, uint64_t code,
                          char out[CLI_NUMBER_SIZE])
{
  snprintf(out, CLI_NUMBER_SIZE, "0x%0*llX", (f->bits + 3) / 4,
           (unsigned long long)code);
  return out;
}
