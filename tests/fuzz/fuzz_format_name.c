/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as the name of a format; what is accepted must be a format whose
 * name finds it again and whose codes decode and encode to themselves.
 */
#include <math.h>
#include <string.h>

#include "formats.h"
#include "fuzz.h"

static void check_refused(ulp_status status, const char *why)
{
  REQUIRE(status == ULP_ENAME || status == ULP_EINVAL);
  REQUIRE(why[0] != '\0');
  for (; *why != '\0'; why++)
    REQUIRE((unsigned char)*why >= 0x20);
}

static void check_row(const ulp_format *f)
{
  ulp_format again;

  REQUIRE(f->bits >= 2 && f->bits <= 64);
  REQUIRE(memchr(f->name, '\0', sizeof f->name) != NULL && f->name[0] != '\0');
  REQUIRE(f->storage_bytes * 8U >= f->bits);
  if (ulp_fits_f64(f)) {
    REQUIRE(ulp_max(f) > 0 && isfinite(ulp_max(f)));
    REQUIRE(ulp_lowest(f) <= 0 || f->zero == ULP_ZERO_NONE);
    REQUIRE(ulp_min_positive(f) > 0 && ulp_min_positive(f) <= ulp_max(f));
  }
  REQUIRE(ulp_format_find(f->name, &again, NULL, 0) == ULP_OK);
  REQUIRE(strcmp(again.name, f->name) == 0);
  REQUIRE(again.bits == f->bits && again.bias == f->bias);
  REQUIRE(again.exp_bits == f->exp_bits && again.man_bits == f->man_bits);
  REQUIRE(again.nan == f->nan && again.inf == f->inf && again.zero == f->zero);
  REQUIRE(again.subnormals == f->subnormals && again.max_code == f->max_code);
  REQUIRE(again.is_signed == f->is_signed);
}

static void check_code(const ulp_format *f, uint64_t code)
{
  ulp_rounding nearest = {.mode = ULP_RNE};
  ulp_exact x = ulp_unpack(f, code);
  uint64_t back;

  if (x.cls == ULP_CLASS_UNUSED) return;
  back = ulp_round_pack(f, &x, &nearest, 0);
  if (x.cls == ULP_CLASS_NAN) {
    REQUIRE(ulp_unpack(f, back).cls == ULP_CLASS_NAN);
    return;
  }
  if (x.cls == ULP_CLASS_INF) { /* the default profile may saturate */
    REQUIRE(ulp_unpack(f, back).negative == x.negative);
    return;
  }
  if (f->kind == ULP_CODEBOOK) {
    REQUIRE(ulp_decode(f, back) == ulp_decode(f, code));
    return;
  }
  REQUIRE(back == code);
  if (ulp_fits_f64(f)) {
    REQUIRE(isfinite(ulp_decode(f, code)));
    REQUIRE(ulp_encode_f64(f, ulp_decode(f, code), &nearest, 0) == code);
  }
}

/* All codes of up to 8 bits; of wider ones the ends, and some chosen by the
 * bytes of the name. */
static void check_codes(const ulp_format *f, const uint8_t *data, size_t size)
{
  uint64_t mask = f->bits == 64 ? UINT64_MAX : (UINT64_C(1) << f->bits) - 1;
  uint64_t code = 0;

  for (uint64_t i = 0; i < 256; i++) {
    check_code(f, i & mask);
    if (f->bits > 8) check_code(f, ~i & mask);
  }
  for (size_t i = 0; i < size; i++) {
    code = (code ^ data[i]) * UINT64_C(0x9e3779b97f4a7c15);
    check_code(f, code >> 7 & mask);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *name = malloc(size + 1), why[200] = "";
  ulp_format f;
  ulp_status status;

  if (name == NULL) return 0;
  memcpy(name, data, size);
  name[size] = '\0';
  status = ulp_format_find(name, &f, why, sizeof why);
  if (status != ULP_OK) {
    check_refused(status, why);
  } else {
    check_row(&f);
    check_codes(&f, data, size);
  }
  free(name);
  return 0;
}
