/* SPDX-License-Identifier: MIT
 *
 * An instruction of free choice, for sweeps of accumulators.
 */
#include "emu.h"
#include "gemm.h"

#include <stdio.h>

enum { MAX_BLOCK = 256, MAX_ALIGN = 45 };

static ulp_status refuse(char *why, size_t size, const char *what)
{
  (void)snprintf(why, size, "%s", what);
  return ULP_EINVAL;
}

static bool is_operand(const ulp_format *f)
{
  return f->kind == ULP_FLOAT && f->exp_bits <= 8 && f->man_bits <= 11;
}

/* "eEmM" of up to 32 bits, where formats.h stops at 16, and other names. */
static bool find_accumulator(const char *name, ulp_format *out)
{
  int e = 0, m = 0, used = 0;
  if (!name || sscanf(name, "e%2dm%2d%n", &e, &m, &used) != 2 || name[used])
    return name && ulp_format_find(name, out, NULL, 0) == ULP_OK;
  if (e < 2 || e > 8 || m < 1 || m > 23)
    return false;
  *out = (ulp_format){.aliases = "",
                      .source = "an accumulator of free choice",
                      .kind = ULP_FLOAT,
                      .bits = (uint8_t)(1 + e + m),
                      .exp_bits = (uint8_t)e,
                      .man_bits = (uint8_t)m,
                      .storage_bytes = 4,
                      .is_signed = true,
                      .subnormals = true,
                      .nan = ULP_NAN_IEEE,
                      .inf = ULP_INF_IEEE,
                      .zero = ULP_ZERO_SIGNED,
                      .bias = (1 << (e - 1)) - 1};
  out->max_code = (((UINT64_C(1) << e) - 1) << m) - 1;
  (void)snprintf(out->name, sizeof out->name, "e%dm%d", e, m);
  return true;
}

ulp_status ulp_mma_model(ulp_mma *out, const ulp_mma_record *r,
                         const ulp_format *a, const ulp_format *b, char *why,
                         size_t why_size)
{
  ulp_format acc;
  if (!is_operand(a) || !is_operand(b))
    return refuse(why, why_size,
                  "model: expected operands that are floats of up to 8 "
                  "exponent and 11 significand bits");
  if (r->block < 1 || r->block > MAX_BLOCK)
    return refuse(why, why_size, "model: block: expected 1 to 256 products");
  if (r->align < 1 || r->align > MAX_ALIGN)
    return refuse(why, why_size, "model: align: expected 1 to 45 bits");
  if (r->floor > 0 || r->floor < ULP_NO_FLOOR)
    return refuse(why, why_size, "model: floor: expected 0 or less");
  if (r->acc_mode == ULP_SR)
    return refuse(why, why_size, "model: no stochastic accumulators");
  if (!find_accumulator(r->acc, &acc) || acc.kind != ULP_FLOAT ||
      acc.nan != ULP_NAN_IEEE || acc.inf != ULP_INF_IEEE || acc.exp_bits > 8 ||
      acc.man_bits > 23 || !acc.subnormals)
    return refuse(why, why_size,
                  "model: accumulator: expected a float with Inf, NaN and "
                  "subnormals and no wider than float32: f32, fp22, "
                  "e2m1 to e8m23");
  *out = (ulp_mma){.record = r,
                   .m = 1,
                   .n = 1,
                   .k = r->block,
                   .a = *a,
                   .b = *b,
                   .operand_a = *a,
                   .operand_b = *b,
                   .acc = acc,
                   .c = acc,
                   .d = acc};
  return ULP_OK;
}
