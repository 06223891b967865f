/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Methods: what matrix instructions compute, and how whole products are made
 * of them.
 */
#include <string.h>

#include "gemm.h"
#include "methods_page.h"

enum { LEVELS = ULP_OPEN + 1 };

/* ---- kinds of sums ------------------------------------------------------ */

static const char *const kind_rules[] = {
    [ULP_DOT_FDPA] = "truncated fused dot-product-add: the equations above",
    [ULP_DOT_FMA] = "a chain of IEEE fused multiply-adds, k ascending",
    [ULP_DOT_FMA_PAIRS] = "C + fma(a1, b1, a0 b0) + fma(a3, b3, a2 b2), in f32",
    [ULP_DOT_EXACT] = "the exact sum of a block and C, rounded once",
    [ULP_DOT_INTEGER] = "exact integers, modulo 2^32 or clamped",
    [ULP_DOT_XOR] = "exact integers: how many k have bits that differ",
    [ULP_DOT_FLUSH] = "f32, rounded at each step, without subnormals",
    [ULP_DOT_FLOOR] = "terms cut, then floored where C joins",
    [ULP_DOT_FLOOR_EVEN_ODD] = "the same, even and odd k apart at first",
};
enum { KINDS = sizeof kind_rules / sizeof kind_rules[0] };

/* Adds a cell for each level, of the records that `is` lets through. */
static void levels(ulp_cells *c, bool (*is)(const ulp_mma_record *r, size_t i),
                   size_t i)
{
  for (int level = 0; level < LEVELS; level++) {
    int n = 0;
    const ulp_mma_record *r;
    for (size_t k = 0; (r = ulp_mma_row(k)) != NULL; k++)
      n += (int)r->evidence == level && is(r, i);
    ulp_cell(c, "%d", n);
  }
}

static bool of_kind(const ulp_mma_record *r, size_t i)
{
  return (size_t)r->kind == i;
}

static bool kind_there(size_t i) { return i < KINDS; }

static void kind_row(ulp_cells *c, size_t i)
{
  ulp_cell(c, "%s", ulp_dot_kind_name((ulp_dot_kind)i));
  ulp_cell(c, "%s", kind_rules[i]);
  levels(c, of_kind, i);
}

static const char *const kind_heads[] = {"sum", "~what it is",
                                         "#records: measured", "#published",
                                         "#open", NULL};
static const ulp_listing kinds = {"sums", "Kinds of sums", kind_heads,
                                  kind_there, kind_row, NULL};

/* ---- architectures ------------------------------------------------------ */

static bool of_arch(const ulp_mma_record *r, size_t i)
{
  return strcmp(r->arch, ulp_gpu_name(i)) == 0;
}

static bool arch_there(size_t i) { return ulp_gpu_name(i) != NULL; }

static void arch_row(ulp_cells *c, size_t i)
{
  ulp_cell(c, "%s", ulp_gpu_name(i));
  ulp_cell(c, "%s", ulp_gpu_products(i));
  levels(c, of_arch, i);
}

static const char *const arch_heads[] = {"GPU", "~sold as",
                                         "#records: measured", "#published",
                                         "#open", NULL};
static const ulp_listing archs = {"architectures", "By architecture",
                                  arch_heads, arch_there, arch_row, NULL};

static void words(ulp_text *page)
{
  ulp_text_printf(page,
      "<p>A record of emu/records.c says how one instruction of one GPU "
      "multiplies and adds; one engine reads the records. Most are truncated "
      "fused dot-product-adds, FDPA (Fasi, Higham, Mikaitis and Pranesh 2021, "
      "PeerJ Computer Science 7:e330; Xie et al. 2025, arXiv:2511.10909; "
      "Khattak and Mikaitis 2025). K is cut into blocks of <i>L</i>; the terms "
      "of a block are its products and the accumulator <i>c</i>:</p>\n"
      "<pre><code>"
      "t_k = a_k b_k              exact, not renormalised;  e(t_k) = e(a_k) + "
      "e(b_k)\n"
      "t_0 = c                    a subnormal's exponent is its format's "
      "least\n"
      "E   = max(floor, max e(t)) over the terms that are not 0\n"
      "t'  = sign(t) ⌊|t| 2^(F−E)⌋ 2^(E−F)       cut toward zero\n"
      "s   = Σ t'                 exact\n"
      "c'  = round(s)             once, to the accumulator's format, by its "
      "mode\n"
      "                           c' is the c of the next block</code></pre>\n"
      "<p><i>F</i> is how many bits stay below the greatest exponent, "
      "<i>floor</i> the least exponent to align to, where an instruction has "
      "one. Where the record has groups, the products of a group are summed "
      "exactly and are one term, times the block scales, of exponent "
      "e(s<sub>a</sub>) + e(s<sub>b</sub>). Operands may be converted first. "
      "Where C is last, the first block starts from +0 and C is added at the "
      "end by an IEEE addition to nearest even. Overflow gives infinity in "
      "every mode; a zero result is +0; a NaN operand, ∞ × 0, or infinities "
      "of both signs give the NaN with all bits set but the sign.</p>\n"
      "<p>Measured means: outputs of the GPU, kept in tests/vectors, are "
      "replayed without a difference. Published means: a public model or data "
      "set says so. Open means: nobody has shown it.</p>\n");
}

const ulp_methods_section ulp_methods_products = {
    "products", "Matrix instructions", words,
    {&kinds, &archs, &ulp_listing_hardware}};

/* ---- orders ------------------------------------------------------------- */

static const char *const order_kinds[] = {
    [ULP_GEMM_CHAIN] = "a chain of instructions",
    [ULP_GEMM_FMA] = "f32 fused multiply-adds",
    [ULP_GEMM_LANES] = "32 chains of fused multiply-adds, then by halves",
    [ULP_GEMM_EXACT] = "the exact sum, rounded once"};
static const char *const feeds[] = {
    [ULP_FEED_ASCENDING] = "", [ULP_FEED_HEAD] = "; the rest of K first",
    [ULP_FEED_PAIRS] = "; of 32 k those with k mod 4 in {0, 1} first",
    [ULP_FEED_SPLIT] = "; heads and tails apart, three products"};
static const char *const block_scales[] = {
    [ULP_BLOCKS_REFUSED] = "", [ULP_BLOCKS_FMA] = "blocks fma(p, sa sb, y)",
    [ULP_BLOCKS_FMA_LEFT] = "blocks fma(p sa, sb, y)",
    [ULP_BLOCKS_MUL_ADD] = "blocks y + (sa sb) p"};
static const char *const row_scales[] = {[ULP_ROWS_PRODUCT] = "y (sa sb)",
                                         [ULP_ROWS_B_A] = "(y sb) sa"};

static bool order_there(size_t i) { return ulp_gemm_order_row(i) != NULL; }

static void order_kind(char *out, size_t size, size_t i)
{
  (void)snprintf(out, size, "%s",
                 ulp_evidence_name(ulp_gemm_order_row(i)->evidence));
}

static void promotion(ulp_cells *c, const ulp_gemm_order *o)
{
  char fast[40] = "";
  if (o->fast_promote == 0)
    (void)snprintf(fast, sizeof fast, "; fast: never");
  else if (o->fast_promote > 0)
    (void)snprintf(fast, sizeof fast, "; fast: %d", o->fast_promote);
  if (o->promote)
    ulp_cell(c, "every %d%s", o->promote, fast);
  else
    ulp_cell(c, "never%s", fast);
}

static void slices(ulp_cells *c, const ulp_gemm_order *o)
{
  if (o->fine && o->fine != o->grain)
    ulp_cell(c, "multiples of %d, or %d; sum: %s", o->grain, o->fine,
             ulp_gemm_reduce_name(o->reduce));
  else
    ulp_cell(c, "multiples of %d; sum: %s", o->grain,
             ulp_gemm_reduce_name(o->reduce));
}

static void order_row(ulp_cells *c, size_t i)
{
  const ulp_gemm_order *o = ulp_gemm_order_row(i);
  const char *blocks = block_scales[o->blocks];
  ulp_cell(c, "%s", o->name);
  ulp_cell(c, "%s", *o->arch ? o->arch : "any");
  ulp_cell(c, "%s", o->instr);
  ulp_cell(c, "%s", *o->types ? o->types : "any float");
  ulp_cell(c, "%s%s%s%s", order_kinds[o->kind], feeds[o->feed],
           o->convert ? "; operands to " : "", o->convert ? o->convert : "");
  promotion(c, o);
  slices(c, o);
  ulp_cell(c, "%s%srows %s", blocks, *blocks ? "; " : "", row_scales[o->rows]);
  ulp_cell(c, "%s", o->c == ULP_C_START ? "first" : "after the scales");
  ulp_cell(c, "%s", ulp_evidence_name(o->evidence));
  ulp_cell(c, "%s", o->source);
}

static const char *const order_heads[] = {
    "order", "GPU", "instruction", "types", "~sum", "promoted to f32",
    "slices of K", "scales", "C joins", "evidence", "~source", NULL};
static const ulp_listing orders = {"order-table", "Orders", order_heads,
                                   order_there, order_row, order_kind};

static void order_words(ulp_text *page)
{
  ulp_text_printf(page,
      "<p>A library's whole product is an order (emu/gemm.h, emu/orders.c). K "
      "is cut into <i>S</i> slices (split-K), each ⌈⌈K/g⌉/S⌉ g long; a slice "
      "is a chain of instructions, whose accumulator is taken out and added in "
      "f32 every so many elements of K (promotion, which joins block scales "
      "too); slices are added, scaled, C is added, and the sum is rounded once "
      "to the type of D. K is filled up with zeros. All arithmetic outside of "
      "the instruction is f32, to nearest even. The evidence of a product is "
      "the weaker of its order's and its instruction's.</p>\n");
}

const ulp_methods_section ulp_methods_orders = {
    "orders", "Orders of whole products", order_words, {&orders}};
