/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Methods: quantizers, packed blocks, layouts and observers.
 */
#include "calibrate.h"
#include "layout.h"
#include "methods_page.h"
#include "packed.h"
#include "quantizer.h"

/* ---- quantizers --------------------------------------------------------- */

static bool quantizer_there(size_t i)
{
  return ulp_quantizer_row_at(i) != NULL;
}

static void quantizer_kind(char *out, size_t size, size_t i)
{
  const char *p = ulp_quantizer_row_at(i)->profile;
  (void)snprintf(out, size, "%s", *p ? p : "default");
}

static void quantizer_row(ulp_cells *c, size_t i)
{
  const ulp_quantizer_row *r = ulp_quantizer_row_at(i);
  ulp_cell(c, "%s%s%s", r->name, *r->profile ? "@" : "", r->profile);
  ulp_cell(c, "%s", r->aliases);
  ulp_cell(c, "%s", r->element);
  ulp_cell(c, "%s", r->granularity);
  ulp_cell(c, "%s", r->scale);
  ulp_cell(c, "%s", r->settings);
  ulp_cell(c, "%s", r->source);
}

static const char *const quantizer_heads[] = {
    "quantizer", "other names", "element", "a scale for", "scale",
    "~settings and formulas", "~source", NULL};
static const ulp_listing quantizers = {
    "quantizer-table", "Quantizers, by implementation", quantizer_heads,
    quantizer_there, quantizer_row, quantizer_kind};

/* ---- observers ---------------------------------------------------------- */

static bool observer_there(size_t i) { return ulp_observer_row_at(i) != NULL; }

static void observer_row(ulp_cells *c, size_t i)
{
  const ulp_observer_row *r = ulp_observer_row_at(i);
  ulp_cell(c, "%s", r->name);
  ulp_cell(c, "%s", r->parameters);
  ulp_cell(c, "%s", *r->source ? r->source : "its definition");
}

static const char *const observer_heads[] = {"observer", "parameters",
                                             "~source", NULL};
static const ulp_listing observers = {"observers",
                                      "Observers of calibration",
                                      observer_heads, observer_there,
                                      observer_row, NULL};

/* ---- packed blocks ------------------------------------------------------ */

static bool packed_there(size_t i) { return ulp_packed_block_row(i) != NULL; }

static void packed_row(ulp_cells *c, size_t i)
{
  const ulp_packed_block *b = ulp_packed_block_row(i);
  ulp_cell(c, "%s", b->name);
  ulp_cell(c, "%d", b->elements);
  ulp_cell(c, "%d", b->bytes);
  ulp_cell(c, "%.6g", ulp_packed_bits_per_element(b));
  ulp_cell(c, "%s", b->source);
}

static const char *const packed_heads[] = {"block", "#elements", "#bytes",
                                           "#bits an element", "~source",
                                           NULL};
static const ulp_listing packed = {"packed-blocks", "Packed blocks",
                                   packed_heads, packed_there, packed_row,
                                   NULL};

/* ---- layouts ------------------------------------------------------------ */

static bool layout_there(size_t i) { return ulp_layout_row(i) != NULL; }

/* "4", "2 4 8": the widths of codes that it takes. */
static void widths(ulp_cells *c, const ulp_layout *l)
{
  ulp_text t = {0};
  for (int bits = 1; bits <= 64; bits++)
    if (l->widths >> (bits - 1) & 1)
      ulp_text_printf(&t, "%s%d", t.size ? " " : "", bits);
  ulp_cell(c, "%s", t.text ? t.text : "");
  c->page->failed |= t.failed;
  ulp_text_free(&t);
}

static void layout_row(ulp_cells *c, size_t i)
{
  const ulp_layout *l = ulp_layout_row(i);
  ulp_cell(c, "%s", l->name);
  ulp_cell(c, "%s", l->aliases);
  widths(c, l);
  ulp_cell(c, "%s", l->map);
  ulp_cell(c, "%s%s%s%s", l->pads ? "pads " : "", l->offset ? "offset " : "",
           l->high_first ? "high-first " : "", l->across ? "across" : "");
  ulp_cell(c, "%s", l->source);
}

static const char *const layout_heads[] = {"layout", "~other names", "bits",
                                           "order of digits", "besides",
                                           "~source", NULL};
static const ulp_listing layouts = {"layouts", "Layouts", layout_heads,
                                    layout_there, layout_row, NULL};

static void words(ulp_text *page)
{
  ulp_text_printf(page,
      "<p>A quantizer is data (analysis/quantizer.h): an element format, the "
      "elements that share a scale, the scale's format, and formulas that give "
      "the scale from a block's amax <i>a</i>, least <i>lo</i> and greatest "
      "<i>hi</i> (of the whole tensor, <i>A</i>), and an element from its "
      "scale <i>s</i>, in the arithmetic and the order of operations of the "
      "implementation that the row names. The default is amax over the "
      "element's greatest value, x / s rounded to nearest even, q s to decode. "
      "A row's profile, after the @, is the implementation; its source is the "
      "function whose operations it repeats. A layout is the order in which "
      "codes are shipped, as digits of rows r and columns c from the slowest "
      "to the fastest (formats/layout.h).</p>\n");
}

const ulp_methods_section ulp_methods_blocks = {
    "quantizers", "Quantizers, blocks and layouts", words,
    {&quantizers, &observers, &packed, &layouts}};
