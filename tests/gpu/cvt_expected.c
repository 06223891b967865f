/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The conversions of cvt_table.h through formats/'s one round-and-pack, and
 * the few rules of the GPU's machine code that are not rounding.
 */
#include "cvt_expected.h"

#include <string.h>

#define ROW(NAME, SRC, LANES, DST, MODE, OVERFLOW, PROFILE, AFTER)            \
  {NAME,           #SRC,         #DST, #PROFILE,                              \
   CVT_SRC_##SRC,  LANES,        CVT_DST_##DST,                               \
   ULP_##MODE,     ULP_OVERFLOW_##OVERFLOW, AFTER_##AFTER},
#define PTX(NAME, REGS, ...) ROW(NAME, __VA_ARGS__)
#define FN(NAME, CALL, ...) ROW(NAME, __VA_ARGS__)
const cvt_row cvt_rows[CVT_ROWS] = {
#include "cvt_table.h"
};

/* Formats and profiles that only these conversions know. */
#define INTEGER(NAME, BITS, SIGNED)                                 \
  {.name = NAME, .aliases = "", .source = "PTX ISA",                \
   .kind = ULP_INTEGER, .bits = BITS, .is_signed = SIGNED,          \
   .zero = ULP_ZERO_UNSIGNED, .storage_bytes = (BITS) / 8,          \
   .max_code = (UINT64_C(1) << ((BITS) - (SIGNED))) - 1}
static const ulp_format integers[] = {
    INTEGER("s16", 16, 1), INTEGER("u16", 16, 0),
    INTEGER("s32", 32, 1), INTEGER("u32", 32, 0)};

/* The profile cuda but for NaN. */
#define LIKE_CUDA(NAME, SOURCE, NAN_RULE)     \
  {.name = NAME,                              \
   .source = SOURCE,                          \
   .overflow_narrow = ULP_OVERFLOW_SATURATE,  \
   .overflow_wide = ULP_OVERFLOW_IEEE,        \
   .nan = NAN_RULE,                           \
   .nonan = ULP_NONAN_MAX,                    \
   .inf_is_overflow = true,                   \
   .no_inf_is_nan = true,                     \
   .magnitude_if_unsigned = true}
static const ulp_profile local_profiles[] = {
    LIKE_CUDA("cuda_quiet",
              "F2F from and to f64 on sm_90; CUDA 13.0 cuda_fp8.hpp, "
              "__nv_cvt_double_to_fp8",
              ULP_NAN_QUIET),
    LIKE_CUDA("cuda_shift", "cvt.f32.bf16 on sm_90", ULP_NAN_KEEP)};

static bool find_format(const char *name, ulp_format *out)
{
  for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++)
    if (strcmp(integers[i].name, name) == 0) {
      *out = integers[i];
      return true;
    }
  return ulp_format_find(name, out, NULL, 0) == ULP_OK;
}

static bool find_profile(const char *name, const ulp_profile **out)
{
  for (size_t i = 0; i < sizeof local_profiles / sizeof local_profiles[0]; i++)
    if (strcmp(local_profiles[i].name, name) == 0) {
      *out = &local_profiles[i];
      return true;
    }
  return ulp_profile_find(name, out) == ULP_OK;
}

bool cvt_conversion_make(cvt_conversion *c, const cvt_row *r)
{
  *c = (cvt_conversion){
      .r = r, .rounding = {.mode = r->mode, .overflow = r->overflow}};
  return find_format(r->source, &c->source) &&
         find_format(r->result, &c->result) &&
         find_profile(r->profile, &c->rounding.profile);
}

/* ---- one output ---- */

static bool subnormal(const ulp_format *f, uint64_t code)
{
  return ulp_unpack(f, code).cls == ULP_CLASS_SUBNORMAL;
}

static uint64_t finish(const cvt_conversion *c, const ulp_exact *x,
                       uint64_t code)
{
  const ulp_format *f = &c->result;
  uint64_t sign = f->is_signed ? UINT64_C(1) << (f->bits - 1) : 0;
  uint64_t one;
  switch (c->r->after) {
  case AFTER_RELU:
    return code & sign && x->cls != ULP_CLASS_NAN ? 0 : code;
  case AFTER_SAT:
    one = (uint64_t)f->bias << f->man_bits;
    if (x->cls == ULP_CLASS_NAN || code & sign)
      return 0;
    return code > one ? one : code;
  case AFTER_FTZ:
    return f->bits == 32 && subnormal(f, code) ? code & sign : code;
  case AFTER_NAN_HIGH:
    return x->cls == ULP_CLASS_NAN ? UINT64_C(1) << (f->bits - 1) : code;
  case AFTER_NAN_CUT:
  case AFTER_NONE: break;
  }
  return code;
}

/* The payload of 0x7fffffff. */
#define PAYLOAD_ONES (UINT64_C(0x7fffff) << 41)

/* An operand on its way through FMUL.FTZ. */
static void flush_operand(ulp_exact *x)
{
  if (x->cls == ULP_CLASS_SUBNORMAL)
    x->significand = 0;
  if (x->cls == ULP_CLASS_NAN)
    *x = (ulp_exact){.cls = ULP_CLASS_NAN, .significand = PAYLOAD_ONES};
}

/* cvt.rn.ftz.f32.f64 compares its operand with this f64, 2^-126 (1 - 2^-25),
 * and flushes below it: what is tiny after rounding to 24 bits, although the
 * upper half of the last subnormal's last place then rounds to 2^-126.  (Of
 * the 2^24 inputs captured none lies in that half: this is the machine code's
 * word, not yet the GPU's.) */
#define FLUSHED_BELOW UINT64_C(0x380ffffff0000000)

static uint64_t lane(const cvt_conversion *c, uint64_t code)
{
  bool ftz = c->r->after == AFTER_FTZ;
  ulp_exact x = ulp_unpack(&c->source, code);
  if (c->r->after == AFTER_NAN_CUT && x.cls == ULP_CLASS_NAN)
    return ((code >> c->result.storage_shift) -
            (c->rounding.overflow == ULP_OVERFLOW_SATURATE))
           << c->result.storage_shift;
  if (ftz && c->source.bits == 32)
    flush_operand(&x);
  if (ftz && c->source.bits == 64 && (code & INT64_MAX) < FLUSHED_BELOW)
    x.significand = 0;
  code = ulp_round_pack(&c->result, &x, &c->rounding, 0);
  return finish(c, &x, code) << c->result.storage_shift;
}

uint64_t cvt_expected(const cvt_conversion *c, uint64_t i)
{
  const cvt_row *r = c->r;
  uint64_t low = i, high = i ^ 1;
  if (ulp_cvt_packed(r->src, r->lanes)) {
    low = i & ((UINT64_C(1) << r->src) - 1);
    high = i >> r->src;
  } else if (r->src == 64) {
    low = ulp_cvt_f64(i);
    high = ulp_cvt_f64(i ^ 1);
  }
  if (r->lanes == 1)
    return lane(c, low);
  return lane(c, low) | lane(c, high) << r->dst;
}
