/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page of methods.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include "methods_page.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static const ulp_methods_section *const sections[] = {
    &ulp_methods_formats, &ulp_methods_products, &ulp_methods_orders,
    &ulp_methods_blocks,  &ulp_methods_plans,    &ulp_methods_runs,
    &ulp_methods_checks,  &ulp_methods_open,
};

const ulp_methods_section *ulp_methods_row(size_t i)
{
  return i < sizeof sections / sizeof sections[0] ? sections[i] : NULL;
}

static void contents(ulp_text *page)
{
  const ulp_methods_section *s;
  ulp_text_printf(page, "<nav aria-label=\"sections\"><ul class=\"findings\">"
                        "\n");
  for (size_t i = 0; (s = ulp_methods_row(i)) != NULL; i++) {
    ulp_text_printf(page, "<li><a href=\"#%s\">%s</a>", s->id, s->title);
    for (int k = 0; k < ULP_LISTINGS && s->listing[k]; k++) {
      const ulp_listing *l = s->listing[k];
      ulp_text_printf(page, "<br><a href=\"#%s\">%s</a> <span class=\"dim\">",
                      l->id, l->title);
      ulp_listing_count(page, l);
      ulp_text_printf(page, "</span>");
    }
    ulp_text_printf(page, "</li>\n");
  }
  ulp_text_printf(page, "</ul></nav>\n");
}

static void section(ulp_text *page, const ulp_methods_section *s)
{
  ulp_text_printf(page, "<section id=\"%s\">\n<h2>%s</h2>\n", s->id, s->title);
  s->words(page);
  for (int k = 0; k < ULP_LISTINGS && s->listing[k]; k++)
    ulp_listing_add(page, s->listing[k]);
  ulp_text_printf(page, "</section>\n");
}

void ulp_methods(ulp_text *page)
{
  const ulp_methods_section *s;
  ulp_html_begin(page, "ulplab: methods");
  ulp_text_printf(page, "<h1>Methods</h1>\n<p class=\"lead\">Every model that "
                        "ulplab %s computes with, its source, and how it is "
                        "known.</p>\n<p>The tables are those that the program "
                        "runs by; their counts and examples were computed when "
                        "this page was written.</p>\n", PACKAGE_VERSION);
  contents(page);
  for (size_t i = 0; (s = ulp_methods_row(i)) != NULL; i++)
    section(page, s);
  ulp_html_end(page);
}
