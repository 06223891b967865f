/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Methods: references, statistics, what is compared with what, and what nobody
 * has shown.
 */
#include <string.h>

#include "claims.h"
#include "experiment.h"
#include "gemm.h"
#include "methods_page.h"

static const ulp_methods_check rows[] = {
    {"every code of every format, its class and value",
     "an oracle typed a second time from the documents",
     "tests/check_formats.c tests/oracle_table.c"},
    {"rounding: hard cases, and 2^32 floats in the long tier",
     "MPFR's midpoints", "tests/check_round.c tests/check_f32.c"},
    {"conversions of an H200 and of CUDA's headers", "the GPU's own outputs",
     "tests/gpu/replay.sh"},
    {"conversions of this machine", "F16C and _Float16",
     "tests/check_native.c"},
    {"one dot product of each record", "an oracle in GMP integers written from "
     "the papers", "tests/check_mma.c tests/check_mma_scaled.c"},
    {"matrix instructions of an H200", "the GPU's own outputs",
     "tests/gpu/replay_mma.sh"},
    {"fast paths of every instruction set", "the reference, bit by bit",
     "tests/check_fast.c tests/check_kernels.c tests/check_fma_gemm.c "
     "tests/check_integer.c"},
    {"orders of whole products", "a second description, written from the "
     "source; the exact sum against GMP", "tests/check_gemm.c "
     "tests/check_feed.c"},
    {"whole products of cuBLASLt and Triton on an H200",
     "the library's own outputs", "tests/gpu/replay_gemm.sh"},
    {"FP8 products with block scales on an H200", "the kernels' own outputs",
     "tests/gpu/replay_blockwise.sh"},
    {"quantizers on an H100", "the programs' own codes and scales",
     "tests/gpu/replay_quantizers.sh"},
    {"rules of quantizers", "their definitions, published figures, digests of "
     "reference programs", "tests/check_quantizer.c tests/check_quantizer_mx.c "
     "tests/check_quantizer_nv.c tests/check_quantizer_bnb.c"},
    {"packed blocks", "blocks worked out by hand", "tests/check_packed.c"},
    {"layouts", "a second description of each, written from its source",
     "tests/check_layout.c"},
    {"observers of calibration", "PyTorch's and Transformer Engine's numbers",
     "tests/check_calibrate.c"},
    {"error statistics and their intervals", "rational sums in GMP; many "
     "repeated samples", "tests/check_errors.c"},
    {"theory printed beside samples", "closed forms, integrals, published "
     "figures", "tests/check_experiments.c tests/check_rounding_theory.c "
     "tests/check_chain.c tests/check_sums.c"},
    {"random numbers", "O'Neill's published outputs", "tests/check_random.c"},
    {"the decoder", "transformers' LlamaForCausalLM",
     "tests/check_llama.c"},
    {"an FP8 layer of a model", "torch._scaled_mm on an H100",
     "tests/gpu/replay_fp8_layer.sh"},
};

const ulp_methods_check *ulp_methods_check_row(size_t i)
{
  return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}

static bool check_there(size_t i) { return ulp_methods_check_row(i) != NULL; }

static void check_row(ulp_cells *c, size_t i)
{
  ulp_cell(c, "%s", rows[i].what);
  ulp_cell(c, "%s", rows[i].against);
  ulp_cell(c, "%s", rows[i].test);
}

static const char *const check_heads[] = {"what", "~against", "~test", NULL};
static const ulp_listing checks = {"check-table", "What is checked",
                                   check_heads, check_there, check_row, NULL};

static void words(ulp_text *page)
{
  ulp_text_printf(page,
      "<p><b>References.</b> Errors are measured against an exact or correctly "
      "rounded reference, never against a sum of floats: products and sums of "
      "codes are integers of GMP or a wide accumulator; logarithms, powers and "
      "integrals are MPFR's.</p>\n"
      "<p><b>Random numbers.</b> pcg32 (PCG XSH RR 64/32; O'Neill 2014, "
      "HMC-CS-2014-0905), seeded by (seed, stream). Word <i>i</i> is reached "
      "by jumping (Brown 1994), so that an element's number depends on its own "
      "index and not on threads, shards or order.</p>\n"
      "<p><b>Intervals.</b> 95 %%: of means Student's; of ratios in dB by the "
      "delta method; of proportions Wald's or Wilson's (JASA 22, 1927); of "
      "growth exponents Student's, from the least squares of logarithms. Each "
      "column says which (experiments/statistics.h).</p>\n");
}

const ulp_methods_section ulp_methods_checks = {
    "checks", "References, statistics and checks", words, {&checks}};

/* ---- what is open ------------------------------------------------------- */

/* Item i of those that are not measured, in the order: records, orders. */
typedef struct {
  char name[160];
  const char *what, *source;
  ulp_evidence evidence;
} unshown;

static bool record_unshown(unshown *out, const ulp_mma_record *r)
{
  char name[120];
  if (r->evidence != ULP_OPEN)
    return false;
  ulp_mma_row_name(r, 0, 0, 0, name, sizeof name);
  (void)snprintf(out->name, sizeof out->name, "%s %s", r->arch, name);
  out->what = "instruction";
  out->source = r->source;
  out->evidence = r->evidence;
  return true;
}

static bool order_unshown(unshown *out, const ulp_gemm_order *o)
{
  if (o->evidence == ULP_MEASURED)
    return false;
  (void)snprintf(out->name, sizeof out->name, "%s", o->name);
  out->what = "order";
  out->source = o->source;
  out->evidence = o->evidence;
  return true;
}

static bool find(unshown *out, size_t i)
{
  for (size_t k = 0; ulp_mma_row(k); k++)
    if (record_unshown(out, ulp_mma_row(k)) && i-- == 0)
      return true;
  for (size_t k = 0; ulp_gemm_order_row(k); k++)
    if (order_unshown(out, ulp_gemm_order_row(k)) && i-- == 0)
      return true;
  return false;
}

static bool open_there(size_t i)
{
  unshown u;
  return find(&u, i);
}

static void open_row(ulp_cells *c, size_t i)
{
  unshown u = {.what = "", .source = ""};
  find(&u, i);
  ulp_cell(c, "%s", u.name);
  ulp_cell(c, "%s", u.what);
  ulp_cell(c, "%s", ulp_evidence_name(u.evidence));
  ulp_cell(c, "%s", u.source);
}

static const char *const open_heads[] = {"name", "what", "evidence", "~source",
                                         NULL};
static const ulp_listing open_rows = {
    "open-table", "Instructions that are open, orders that are not measured",
    open_heads, open_there, open_row, NULL};

/* The architectures of which no record is measured. */
static void unmeasured(ulp_text *page)
{
  for (size_t i = 0, n = 0; ulp_gpu_name(i); i++) {
    const ulp_mma_record *r;
    bool measured = false;
    for (size_t k = 0; (r = ulp_mma_row(k)) != NULL; k++)
      measured |= r->evidence == ULP_MEASURED &&
                  strcmp(r->arch, ulp_gpu_name(i)) == 0;
    if (!measured)
      ulp_text_printf(page, "%s%s (%s)", n++ ? ", " : "", ulp_gpu_name(i),
                      ulp_gpu_products(i));
  }
}

static void open_words(ulp_text *page)
{
  size_t untested = 0, all = 0;
  for (; ulp_claim_row(all); all++)
    untested += ulp_claim_row(all)->probe[0].figure == NULL;
  ulp_text_printf(page, "<p>No record is measured of: ");
  unmeasured(page);
  ulp_text_printf(page,
      ". Their records are as published, or open.</p>\n<ul class=\"findings\">"
      "<li>Attention kernels: the order in which they sum is not known here; "
      "attention is IEEE arithmetic in every plan.</li>\n"
      "<li>cuBLASLt's heuristics: which kernel it takes for a shape is not "
      "predicted. An order is asked for by name, or found from outputs by "
      "<code>ulplab identify</code>.</li>\n"
      "<li>AMD's NaN: its bits are not known; the records give the one with "
      "all bits set but the sign.</li>\n"
      "<li>Approximate functions of GPUs (exp2, reciprocals): not emulated; a "
      "quantizer whose kernel uses one is as its arithmetic says, with the "
      "nearest reciprocal.</li>\n"
      "<li>%zu of %zu claims have no probe: not testable here.</li></ul>\n",
      untested, all);
}

const ulp_methods_section ulp_methods_open = {
    "open", "What is not shown", open_words, {&open_rows}};
