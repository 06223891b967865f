/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Takes gnuplot's SVG into a page: smaller, and with words for those who do
 * not see it.
 */
#include <string.h>

#include "internal.h"

static bool begins(const char *line, const char *end, const char *text)
{
  size_t n = strlen(text);
  return (size_t)(end - line) >= n && strncmp(line, text, n) == 0;
}

static const char *line_end(const char *at)
{
  const char *end = strchr(at, '\n');
  return end ? end + 1 : at + strlen(at);
}

/* Past the line that has `text`. */
static const char *skip_past(const char *at, const char *text)
{
  const char *found = strstr(at, text);
  return found ? line_end(found) : at + strlen(at);
}

/* A line without what is the default anyway. */
static void add_line(ulp_text *page, const char *at, const char *end)
{
  static const char *const idle[] = {
      " stroke-linecap=\"butt\" stroke-linejoin=\"miter\"",
      " id=\"gnuplot_canvas\"", " font-family=\"sans\"", "  '/>"};
  while (at < end) {
    size_t skip = 0;
    for (size_t i = 0; i < sizeof idle / sizeof idle[0] && !skip; i++)
      if (begins(at, end, idle[i]))
        skip = strlen(idle[i]);
    if (skip && at[skip - 1] == '>')
      ulp_text_add(page, "'/>", 3);
    else if (!skip)
      ulp_text_add(page, at, 1);
    at += skip ? skip : 1;
  }
}

/* A group that opens and at once closes draws nothing. */
static const char *skip_empty_group(const char *at, const char *end)
{
  const char *tail = begins(at, end, "<g ") ? end - 1 : NULL;
  return tail && tail > at && tail[-1] == '>' && begins(end, end + 5, "</g>\n")
             ? end + 5
             : NULL;
}

void ulp_svg_add(ulp_text *page, const char *svg, const char *alt)
{
  bool has_marks = page->text && strstr(page->text, "id='gpPt0'");
  svg = strstr(svg, "<svg");
  for (const char *at = svg, *end; at && *at; at = end) {
    end = line_end(at);
    const char *text = at + strspn(at, " \t");
    const char *past = skip_empty_group(text, end);
    if (past) {
      end = past;
    } else if (begins(text, end, "<svg")) {
      ulp_text_printf(page, "<svg role=\"img\"\n");
    } else if (begins(text, end, "<title>")) {
      ulp_text_printf(page, "<title>");
      ulp_html_text(page, alt);
      ulp_text_printf(page, "</title>\n");
    } else if (begins(text, end, "<desc>") || text + 1 >= end) {
      continue; /* the maker's name, or nothing */
    } else if (begins(text, end, "<defs>") && has_marks) {
      end = skip_past(text, "</defs>"); /* an earlier picture has the marks */
    } else if (begins(text, end, "<g id=\"") && strstr(text, "<title>") &&
               strstr(text, "<title>") < end) {
      ulp_text_printf(page, "<g>\n"); /* "NAME_plot_1", a hint of no use */
    } else {
      add_line(page, text, end);
    }
  }
}
