/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of instructions: what the emulator takes each for, and how that
 * is known.
 */
#include <string.h>

#include "emu.h"
#include "sentence.h"

enum { LEVELS = ULP_OPEN + 1 };

static size_t count(int level)
{
  size_t n = 0;
  for (size_t i = 0; i < ulp_mma_count(); i++)
    n += level < 0 || ulp_mma_row(i)->evidence == (ulp_evidence)level;
  return n;
}

static void filters(ulp_text *page)
{
  ulp_filter choices[LEVELS];
  for (int k = 0; k < LEVELS; k++) {
    const char *name = ulp_evidence_name((ulp_evidence)k);
    choices[k] = (ulp_filter){name, name, count(k)};
  }
  ulp_html_filters(page, "hardware", choices, LEVELS, count(-1));
}

static const char *products(const char *arch)
{
  for (size_t i = 0; ulp_gpu_name(i); i++)
    if (strcmp(ulp_gpu_name(i), arch) == 0)
      return ulp_gpu_products(i);
  return "";
}

static void cell(ulp_text *page, const char *text, bool name)
{
  ulp_text_printf(page, name ? "<td class=\"name\">" : "<td>");
  ulp_html_text(page, text && *text ? text : "–");
  ulp_text_printf(page, "</td>");
}

static void number(ulp_text *page, int n, bool there)
{
  if (there)
    ulp_text_printf(page, "<td>%d</td>", n);
  else
    ulp_text_printf(page, "<td>–</td>");
}

static void row(ulp_text *page, const ulp_mma_record *r)
{
  char name[120];
  bool cut = r->kind == ULP_DOT_FDPA;
  const char *evidence = ulp_evidence_name(r->evidence);
  ulp_mma_row_name(r, 0, 0, 0, name, sizeof name);
  ulp_text_printf(page, "<tr class=\"%s\"><th scope=\"row\">", evidence);
  ulp_html_text(page, r->arch);
  ulp_text_printf(page, "</th>");
  cell(page, products(r->arch), true);
  cell(page, name, true);
  number(page, r->align, cut);
  number(page, r->block, r->block > 0);
  cell(page, cut ? r->acc : "", true);
  cell(page, cut ? ulp_mode_name(r->acc_mode) : "", true);
  cell(page, evidence, true);
  ulp_text_printf(page, "<td class=\"name long\">");
  ulp_html_text(page, r->source);
  ulp_text_printf(page, "</td></tr>\n");
}

void ulp_hardware(ulp_text *page)
{
  static const char *const heads[] = {
      "GPU", "sold as", "instruction", "F (bits kept)", "block",
      "accumulator", "rounding", "evidence", "source"};
  ulp_text_printf(page, "<section id=\"hardware\">\n<h2>Hardware</h2>\n"
                        "<p>The matrix instructions that the emulator knows, "
                        "and how each is known: its bits were compared on the "
                        "GPU (measured), a public model or data set says so "
                        "(published), or nobody has shown it (open). F: bits "
                        "that are kept below the greatest exponent of a block; "
                        "a dash where sums are not cut. <code>ulplab "
                        "gpus</code> prints all of it.</p>\n");
  filters(page);
  ulp_text_printf(page, "<div class=\"scroll\"><table><thead><tr>");
  for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
    ulp_text_printf(page, "<th scope=\"col\"%s>%s</th>",
                    i == 3 || i == 4 ? "" : " class=\"name\"", heads[i]);
  ulp_text_printf(page, "</tr></thead><tbody>\n");
  for (size_t i = 0; i < ulp_mma_count(); i++)
    row(page, ulp_mma_row(i));
  ulp_text_printf(page, "</tbody></table></div>\n</section>\n");
}
