/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of instructions: what the emulator takes each for, and how that
 * is known.
 */
#include <string.h>

#include "emu.h"
#include "methods_page.h"
#include "sentence.h"

static const char *const heads[] = {
    "GPU", "sold as", "instruction", "sum", "#F (bits kept)", "#block",
    "accumulator", "rounding", "besides", "evidence", "machine code", "~source",
    NULL};

static const char *products(const char *arch)
{
  for (size_t i = 0; ulp_gpu_name(i); i++)
    if (strcmp(ulp_gpu_name(i), arch) == 0)
      return ulp_gpu_products(i);
  return "";
}

static void number(ulp_cells *c, int n, bool there)
{
  if (there)
    ulp_cell(c, "%d", n);
  else
    ulp_cell(c, "%s", "");
}

/* What few instructions have, in words. */
static void besides(ulp_cells *c, const ulp_mma_record *r)
{
  ulp_text t = {0};
  bool cut = r->kind == ULP_DOT_FDPA;
  if (cut && r->floor != ULP_NO_FLOOR)
    ulp_text_printf(&t, "; E at least %d", r->floor);
  if (cut && r->order != ULP_BLOCKS_ASCENDING)
    ulp_text_printf(&t, "; blocks: %s", ulp_block_order_name(r->order));
  if (r->group)
    ulp_text_printf(&t, "; groups of %d", r->group);
  if (r->convert)
    ulp_text_printf(&t, "; operands to %s", r->convert);
  if (cut && r->c_last)
    ulp_text_printf(&t, "; C last");
  if (r->scale)
    ulp_text_printf(&t, "; a scale (%s) for %d k", r->scale, r->scale_block);
  if (r->sparse)
    ulp_text_printf(&t, "; 2:4 sparse");
  ulp_cell(c, "%s", t.size > 2 ? t.text + 2 : "");
  c->page->failed |= t.failed;
  ulp_text_free(&t);
}

static void row(ulp_cells *c, size_t i)
{
  const ulp_mma_record *r = ulp_mma_row(i);
  bool cut = r->kind == ULP_DOT_FDPA;
  char name[120];
  ulp_mma_row_name(r, 0, 0, 0, name, sizeof name);
  ulp_cell(c, "%s", r->arch);
  ulp_cell(c, "%s", products(r->arch));
  ulp_cell(c, "%s", name);
  ulp_cell(c, "%s", ulp_dot_kind_name(r->kind));
  number(c, r->align, cut);
  number(c, r->block, r->block > 0);
  ulp_cell(c, "%s", cut ? r->acc : "");
  ulp_cell(c, "%s", cut ? ulp_mode_name(r->acc_mode) : "");
  besides(c, r);
  ulp_cell(c, "%s", ulp_evidence_name(r->evidence));
  ulp_cell(c, "%s", r->machine ? r->machine : "");
  ulp_cell(c, "%s", r->source);
}

static bool there(size_t i) { return ulp_mma_row(i) != NULL; }

static void kind(char *out, size_t size, size_t i)
{
  (void)snprintf(out, size, "%s", ulp_evidence_name(ulp_mma_row(i)->evidence));
}

const ulp_listing ulp_listing_hardware = {"hardware", "Instructions", heads,
                                          there, row, kind};

void ulp_hardware(ulp_text *page)
{
  ulp_text_printf(page, "<section>\n<h2>Hardware</h2>\n"
                        "<p>The matrix instructions that the emulator knows, "
                        "and how each is known: its bits were compared on the "
                        "GPU (measured), a public model or data set says so "
                        "(published), or nobody has shown it (open). F: bits "
                        "that are kept below the greatest exponent of a block; "
                        "a dash where sums are not cut. The equations are on "
                        "the <a href=\"methods.html#products\">page of "
                        "methods</a>; <code>ulplab gpus</code> prints the "
                        "table.</p>\n");
  ulp_listing_add(page, &ulp_listing_hardware);
  ulp_text_printf(page, "</section>\n");
}
