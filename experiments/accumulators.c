/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of accumulators.
 */
#include "accumulators.h"

#include <stdio.h>
#include <string.h>

#include "gemm_case.h"

#define FP8 "e4m3|e5m2"
#define HALVES "bf16|f16"
#define ALL FP8 "|" HALVES
#define STEP(ACC, MODE) .gpu = "", .step = (ACC), .mode = (MODE)
#define WGMMA(N)                                                               \
  {.name = "hopper-wgmma-promote-" #N, .operands = FP8,                     \
   .description = "Hopper wgmma, taken out into f32 every " #N " of K",        \
   .gpu = "h200", .order = "wgmma-chain", .promote = (N)}

static const accumulator table[] = {
    {.name = "exact", .operands = ALL, .gpu = "",
     .description = "the exact sum, rounded once to f32"},
    {.name = "f32-rne", .operands = ALL, .gpu = "", .order = "fma-chain",
     .description = "f32 fused multiply-adds, to nearest even"},
    {.name = "f32-rne-32-lanes", .operands = HALVES, .gpu = "",
     .order = "cublaslt-gemv",
     .description = "32 chains of f32 fused multiply-adds, added as a tree"},
    {.name = "f32-rz", .operands = ALL, STEP("f32", ULP_RTZ),
     .description = "f32, each product added and cut toward zero"},
    {.name = "fp22-rz", .operands = ALL, STEP("fp22", ULP_RTZ),
     .description = "e8m13, each product added and cut toward zero"},
    {.name = "bf16-rne", .operands = ALL, STEP("bf16", ULP_RNE),
     .description = "bf16, each product added and rounded to nearest even"},
    {.name = "f16-rne", .operands = ALL, STEP("f16", ULP_RNE),
     .description = "f16, each product added and rounded to nearest even"},

    /* fp8: 14-bit results in e8m13, blocks of 32 cut at F = 13. */
    {.name = "hopper-wgmma", .operands = ALL, .gpu = "h200",
     .order = "wgmma-chain", .promote = 0,
     .description = "Hopper wgmma, never taken out: fp8 with fast "
                    "accumulation; of bf16 what cuBLASLt does"},
    WGMMA(32), WGMMA(64), WGMMA(128), WGMMA(256), WGMMA(512), WGMMA(1024),
    {.name = "hopper-fp8-split-8", .operands = FP8, .gpu = "h200",
     .order = "cublaslt-fp8", .fast = true, .promote = -1, .slices = 8,
     .description = "the same, K in up to 8 slices that are added in f32"},
    {.name = "hopper-bf16-split-8", .operands = "bf16", .gpu = "h200",
     .order = "cublaslt-bf16", .promote = -1, .slices = 8,
     .description = "Hopper wgmma, K in up to 8 slices that are added in f32"},
    {.name = "hopper-mma", .operands = FP8, .gpu = "h200",
     .order = "mma-chain", .promote = -1,
     .description = "Hopper mma.sync of fp8: through f16, added in f32"},
    {.name = "ampere-mma", .operands = HALVES, .gpu = "sm_80",
     .order = "mma-chain", .promote = -1,
     .description = "Ampere mma.sync: blocks of 8 cut at F = 24"},
    {.name = "ada-mma", .operands = FP8, .gpu = "sm_89",
     .order = "mma-chain", .promote = -1,
     .description = "Ada mma.sync of fp8: e8m13, blocks of 16 cut at F = 13"},
    {.name = "blackwell-tcgen05", .operands = FP8, .gpu = "sm_100",
     .order = "model", .instr = "tcgen05.mma.m128n64k32.f32",
     .description = "Blackwell tcgen05: blocks of 32 cut at F = 25"},
    {.name = "blackwell-tcgen05", .operands = HALVES, .gpu = "sm_100",
     .order = "model", .instr = "tcgen05.mma.m128n64k16.f32",
     .description = "Blackwell tcgen05: blocks of 16 cut at F = 25"},
};

size_t accumulator_count(void) { return sizeof table / sizeof table[0]; }

const accumulator *accumulator_row(size_t i)
{
  return i < accumulator_count() ? &table[i] : NULL;
}

const char *accumulator_name(const void *unused, size_t i)
{
  const accumulator *a = accumulator_row(i);
  (void)unused;
  return a ? a->name : NULL;
}

bool accumulator_takes(const accumulator *a, const char *operand)
{
  size_t n = strlen(operand);
  for (const char *s = a->operands; s; s = strchr(s, '|')) {
    s += *s == '|';
    if (strncmp(s, operand, n) == 0 && (s[n] == '\0' || s[n] == '|'))
      return true;
  }
  return false;
}

static ulp_status find_order(const accumulator *a, const char *operand,
                             const ulp_mma *model, ulp_gemm *out,
                             ulp_error *e)
{
  char why[240] = "";
  const char *type = gemm_format_name(operand);
  ulp_gemm_options o = {.type_a = type, .type_b = type, .fast = a->fast,
                        .promote = a->promote, .slices = a->slices,
                        .model = model};
  ulp_status s = ulp_gemm_find(*a->gpu ? a->gpu : "h200", a->order, &o, out,
                               why, sizeof why);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s: %s", a->name, why);
}

static ulp_status find_instruction(const accumulator *a, const char *operand,
                                   ulp_mma *out, ulp_error *e)
{
  char name[96], why[240] = "";
  (void)snprintf(name, sizeof name, "%s.%s.%s", a->instr, operand, operand);
  ulp_status s = ulp_mma_find(a->gpu, name, out, why, sizeof why);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s: %s", a->name, why);
}

static ulp_status find_step(const accumulator *a, step_sum *out, ulp_error *e)
{
  char why[240] = "";
  out->mode = a->mode;
  ulp_status s = ulp_format_find(a->step, &out->format, why, sizeof why);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s: %s", a->name, why);
}

ulp_status accumulator_find(const accumulator *a, const char *operand,
                            sum_way *out, ulp_error *e)
{
  ulp_mma m;
  memset(out, 0, sizeof *out);
  out->kind = a->order ? SUM_ORDER : a->step ? SUM_STEP : SUM_EXACT;
  if (out->kind == SUM_STEP)
    return find_step(a, &out->step, e);
  if (out->kind == SUM_EXACT)
    return ULP_OK;
  ulp_status s = a->instr ? find_instruction(a, operand, &m, e) : ULP_OK;
  return s == ULP_OK
             ? find_order(a, operand, a->instr ? &m : NULL, &out->gemm, e)
             : s;
}

ulp_status accumulator_model(const ulp_mma_record *r, const char *operand,
                             ulp_mma *model, sum_way *out, ulp_error *e)
{
  const accumulator a = {.name = "model", .gpu = "", .order = "model"};
  char why[240] = "";
  ulp_format f;
  memset(out, 0, sizeof *out);
  out->kind = SUM_ORDER;
  ulp_status s = ulp_format_find(gemm_format_name(operand), &f, why,
                                 sizeof why);
  if (s == ULP_OK)
    s = ulp_mma_model(model, r, &f, &f, why, sizeof why);
  return s == ULP_OK ? find_order(&a, operand, model, &out->gemm, e)
                     : ulp_error_set(e, s, "%s", why);
}

ulp_status accumulator_check(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  const char *name;
  (void)data;
  (void)i;
  for (size_t a = 0; (name = accumulator_name(NULL, a)) != NULL; a++)
    if (strcmp(name, word) == 0)
      return ULP_OK;
  name = ulp_nearest(word, accumulator_name, NULL);
  return ulp_error_set(e, ULP_ENAME, "--accumulators: no accumulator '%.80s'"
                       "%s%s%s", word, name ? " (did you mean '" : "",
                       name ? name : "", name ? "'?)" : "");
}
