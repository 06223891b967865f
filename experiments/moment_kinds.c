/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of ways to keep Adam's moments.  To add one, add a line.
 */
#include "moment_kinds.h"

#include <string.h>

#define BNB_PAPER "arXiv:2110.02861, section 2; bitsandbytes csrc/kernels.cu"

static const ulp_moment_kind rows[] = {
    {"f32", "float32", "float32", false, false, false, "arXiv:1412.6980"},
    {"bf16", "bfloat16", "bfloat16", false, false, true,
     "arXiv:2412.19437, section 3.3.3 (DeepSeek-V3)"},
    {"bf16-sr", "bfloat16", "bfloat16", false, true, false,
     "arXiv:2010.06192"},
    {"dynamic8", "dynamic8@bitsandbytes%s", "dynamic8u@bitsandbytes%s", false,
     false, false, BNB_PAPER},
    {"dynamic8-sr", "dynamic8@bitsandbytes%s", "dynamic8u@bitsandbytes%s",
     false, true, false, BNB_PAPER},
    {"dynamic8-root", "dynamic8@bitsandbytes%s", "dynamic8u@bitsandbytes%s",
     true, false, false, BNB_PAPER},
    {"dynamic8-bf16", "dynamic8@bitsandbytes%s", "bfloat16", false, false,
     false, BNB_PAPER},
    {"int8", "int8%s", "uint8%s", false, false, true, ""},
    {"int8-root", "int8%s", "uint8%s", true, false, false, ""},
    {"e4m3", "e4m3%s", "e4m3%s", false, false, true, ""},
    {"e5m2", "e5m2%s", "e5m2%s", false, false, true, ""},
    {"e4m3-f16", "e4m3%s", "float16%s", false, false, false,
     "arXiv:2310.18313, section 2.2 (FP8-LM: E4M3 and FP16, per tensor)"},
};

const ulp_moment_kind *ulp_moment_kind_row(size_t i)
{
  return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}

bool ulp_moment_kind_has_blocks(const ulp_moment_kind *k)
{
  return strchr(k->m, '%') || strchr(k->v, '%');
}

static ulp_status make(ulp_moment *out, const char *text,
                       const ulp_moment_kind *k, int64_t block, int64_t n,
                       uint64_t seed, ulp_error *e)
{
  const char *percent = strchr(text, '%');
  const ulp_rounding r = {.mode = k->stochastic ? ULP_SR : ULP_RNE,
                          .overflow = ULP_OVERFLOW_SATURATE,
                          .seed = seed,
                          .stream = UINT64_C(0xada4) << 32};
  char spec[200];
  ulp_blocks b;
  *out = (ulp_moment){.blocks = percent};
  if (!percent) {
    ulp_status s = ulp_step_make(&out->step, text, &r, e);
    out->bits = out->step.format.bits;
    return s;
  }
  (void)snprintf(spec, sizeof spec, "%.*s/g=block:%lld", (int)(percent - text),
                 text, (long long)block);
  ulp_status s = ulp_quantizer_find(spec, &out->q, e);
  if (s == ULP_OK)
    s = ulp_blocks_make(&b, &out->q.granularity, out->q.axis, 1, &n, e);
  if (s != ULP_OK)
    return s;
  out->bits = ulp_quantizer_bits(&out->q, &b);
  if (k->stochastic) {
    out->q.rounding = r;
    out->q.ties = ULP_TIES_MODE;
  }
  return ULP_OK;
}

ulp_status ulp_moments_make(ulp_moments_kept *out, const ulp_moment_kind *k,
                            int64_t block, int64_t n, uint64_t seed,
                            ulp_error *e)
{
  *out = (ulp_moments_kept){
      .root = k->root,
      .block = ulp_moment_kind_has_blocks(k) ? block : 0};
  ulp_status s = make(&out->m, k->m, k, block, n, seed, e);
  return s == ULP_OK ? make(&out->v, k->v, k, block, n, seed, e) : s;
}

double ulp_moments_threshold(const ulp_moments_kept *k)
{
  const ulp_quantizer *q = &k->v.q;
  if (!k->v.blocks || q->rounding.mode == ULP_SR)
    return 0;
  return ulp_min_positive(&q->element) / 2 / ulp_max(&q->element);
}
