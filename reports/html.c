/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The frame of the page: escaping, numbers and filters.
 */
#include <math.h>
#include <string.h>

#include "internal.h"

void ulp_html_text(ulp_text *t, const char *s)
{
  static const struct {
    char c;
    const char *entity;
  } special[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"},
                 {'"', "&quot;"}, {'\'', "&#39;"}};
  for (; *s; s++) {
    const char *entity = NULL;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
      if (*s == special[i].c)
        entity = special[i].entity;
    if (entity)
      ulp_text_add(t, entity, strlen(entity));
    else
      ulp_text_add(t, s, 1);
  }
}

void ulp_html_number(ulp_text *t, double v, int digits)
{
  if (isnan(v))
    ulp_text_printf(t, "–");
  else if (isinf(v))
    ulp_text_printf(t, "%s", v > 0 ? "exact" : "−∞");
  else
    ulp_text_printf(t, "%s%.*f", v < 0 ? "−" : "", digits, fabs(v));
}

void ulp_html_begin(ulp_text *t, const char *title)
{
  ulp_text_printf(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                     "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                     "content=\"width=device-width,initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<title>");
  ulp_html_text(t, title);
  ulp_text_printf(t, "</title>\n<style>\n");
  ulp_html_style(t);
  ulp_text_printf(t, "</style>\n</head>\n<body>\n");
}

void ulp_html_end(ulp_text *t) { ulp_text_printf(t, "</body>\n</html>\n"); }

static void button(ulp_text *t, const char *group, const char *id,
                   const char *label, size_t rows, bool checked)
{
  ulp_text_printf(t, "<input type=\"radio\" name=\"%s\" id=\"%s-%s\"%s>"
                     "<label class=\"filter\" for=\"%s-%s\">%s (%zu)</label>\n",
                  group, group, id, checked ? " checked" : "", group, id, label,
                  rows);
}

void ulp_html_filters(ulp_text *t, const char *group, const ulp_filter *choices,
                      size_t n, size_t all)
{
  ulp_text_printf(t, "<style>\n");
  for (size_t k = 0; k < n; k++)
    ulp_text_printf(t, "#%s-%s:checked~.scroll tbody tr:not(.%s)"
                       "{display:none}\n", group, choices[k].id,
                    choices[k].id);
  ulp_text_printf(t, "</style>\n");
  button(t, group, "all", "all", all, true);
  for (size_t k = 0; k < n; k++)
    button(t, group, choices[k].id, choices[k].label, choices[k].rows, false);
}
