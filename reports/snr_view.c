/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How the page shows experiments/snr.
 *
 * Its subject is the Gaussian where the file has it; otherwise every
 * distribution (the tensors of a checkpoint), by the median over them.  Its
 * rule is `mse` where the file has it; otherwise the first.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "snr_view.h"

enum { WIDE = 8 }; /* more distributions than this are shown by quantiles */

static const char *subject_text(const snr_model *m)
{
  return m->subject ? m->subject : "all tensors";
}

/* ---- the first screen -------------------------------------------------- */

static void card(ulp_text *page, const snr_line *l)
{
  ulp_text_printf(page, "<div class=\"card\"><span>%g bit: best</span><b>",
                  l->bits);
  ulp_html_number(page, l->median, 2);
  ulp_text_printf(page, "%s</b><span>", isfinite(l->median) ? " dB" : "");
  ulp_html_text(page, l->format);
  ulp_text_printf(page, "</span></div>\n");
}

/* What a bit buys between the best 4-bit and the best 8-bit format. */
static void slope(ulp_text *page, const snr_model *m)
{
  const snr_line *four = ulp_snr_best(m, 4), *eight = ulp_snr_best(m, 8);
  if (!four || !eight || !isfinite(four->median + eight->median))
    return;
  ulp_text_printf(page, " From the best 4-bit format (");
  ulp_html_text(page, four->format);
  ulp_text_printf(page, ") to the best 8-bit one (");
  ulp_html_text(page, eight->format);
  ulp_text_printf(page, ") a bit buys ");
  ulp_html_number(page, (eight->median - four->median) / 4, 2);
  ulp_text_printf(page, " dB.");
}

/* The format that loses most when the scale is chosen by another rule. */
static void rule_cost(ulp_text *page, const snr_model *m)
{
  for (size_t r = 0; r < m->rules.count; r++) {
    const snr_line *worst = NULL;
    double most = 0;
    if (strcmp(m->rules.name[r], m->rule) == 0)
      continue;
    for (size_t i = 0; i < m->count; i++) {
      double loss = m->line[i].median - m->line[i].by_rule[r];
      if (isfinite(loss) && loss > most) {
        most = loss;
        worst = &m->line[i];
      }
    }
    if (!worst)
      continue;
    ulp_text_printf(page, " Scaling by ");
    ulp_html_text(page, m->rules.name[r]);
    ulp_text_printf(page, " instead costs up to ");
    ulp_html_number(page, most, 2);
    ulp_text_printf(page, " dB (");
    ulp_html_text(page, worst->format);
    ulp_text_printf(page, ").");
  }
}

static void answer(ulp_text *page, const ulp_table *t)
{
  snr_model m;
  if (!ulp_snr_model_make(&m, t)) {
    page->failed = true;
    return;
  }
  ulp_text_printf(page, "<p class=\"lead\">Signal kept by number formats, ");
  if (m.subject) {
    ulp_text_printf(page, "on the distribution ");
    ulp_html_text(page, m.subject);
  } else {
    ulp_text_printf(page, "median over %zu tensors", m.distributions.count);
  }
  ulp_text_printf(page, ", with one scale a tensor (rule: ");
  ulp_html_text(page, m.rule);
  ulp_text_printf(page, ").");
  slope(page, &m);
  rule_cost(page, &m);
  ulp_text_printf(page, "</p>\n<div class=\"cards\">\n");
  for (size_t i = m.count; i-- > 0;)
    if (ulp_snr_best(&m, m.line[i].bits) == &m.line[i])
      card(page, &m.line[i]);
  ulp_text_printf(page, "</div>\n");
  ulp_snr_model_free(&m);
}

/* ---- the picture ------------------------------------------------------- */

static ulp_kind kind_of(const char *format)
{
  ulp_format f;
  return ulp_format_find(format, &f, NULL, 0) == ULP_OK ? f.kind : ULP_FLOAT;
}

static void point_block(ulp_text *gp, const snr_model *m, const char *name,
                        ulp_kind kind)
{
  ulp_text_printf(gp, "$%s << EOD\nNaN NaN NaN NaN\n", name);
  for (size_t i = 0; i < m->count; i++) {
    const snr_line *l = &m->line[i];
    if (isfinite(l->median) && kind_of(l->format) == kind)
      ulp_text_printf(gp, "%.4f %.4f %.4f %.4f\n", l->bits_per_element,
                      l->median, isfinite(l->low) ? l->low : l->median,
                      isfinite(l->high) ? l->high : l->median);
  }
  ulp_text_printf(gp, "EOD\n");
}

/* Lines are sorted by falling bits, so the front is walked from the end. */
static void front_block(ulp_text *gp, const snr_model *m)
{
  double best = -INFINITY;
  ulp_text_printf(gp, "$front << EOD\n");
  for (size_t i = m->count; i-- > 0;) {
    const snr_line *l = ulp_snr_best(m, m->line[i].bits);
    if (l != &m->line[i] || !isfinite(l->median) || !(l->median > best))
      continue;
    best = l->median;
    ulp_text_printf(gp, "%.4f %.4f\n", l->bits_per_element, l->median);
  }
  ulp_text_printf(gp, "EOD\n");
}

/* The best of each number of bits; or, from there downward, the names that do
 * not run into the one above: from 8 bits on, where there is room for them. */
static void label_block(ulp_text *gp, const snr_model *m, bool best, double gap)
{
  double bits = 0, last = 0;
  ulp_text_printf(gp, "$%s << EOD\nNaN NaN \"\"\n", best ? "best" : "others");
  for (size_t i = 0; i < m->count; i++) {
    const snr_line *l = &m->line[i];
    if (!isfinite(l->median) || (l->bits == bits && last - l->median < gap))
      continue;
    if ((l->bits != bits) == best && (best || l->bits >= 8))
      ulp_text_printf(gp, "%.4f %.4f \"%s\"\n", l->bits_per_element, l->median,
                      ulp_short_name(l->format));
    bits = l->bits;
    last = l->median;
  }
  ulp_text_printf(gp, "EOD\n");
}

static void data(ulp_text *gp, const ulp_table *t)
{
  snr_model m;
  if (!ulp_snr_model_make(&m, t)) {
    gp->failed = true;
    return;
  }
  double low = 0, high = 10;
  for (size_t i = 0; i < m.count; i++) {
    if (isfinite(m.line[i].low))
      low = fmin(low, m.line[i].low);
    if (isfinite(m.line[i].high))
      high = fmax(high, m.line[i].high);
  }
  low = 10 * floor(low / 10);
  high = 10 * ceil((high + 1) / 10);
  ulp_text_printf(gp, "ymin = %g\nymax = %g\n", low, high);
  point_block(gp, &m, "integer", ULP_INTEGER);
  point_block(gp, &m, "float", ULP_FLOAT);
  point_block(gp, &m, "codebook", ULP_CODEBOOK);
  front_block(gp, &m);
  label_block(gp, &m, true, 0.045 * (high - low));
  label_block(gp, &m, false, 0.045 * (high - low));
  ulp_snr_model_free(&m);
}

/* ---- tables ------------------------------------------------------------ */

static void head_cell(ulp_text *page, const char *text)
{
  ulp_text_printf(page, "<th scope=\"col\">");
  ulp_html_text(page, text);
  ulp_text_printf(page, "</th>");
}

static void begin_table(ulp_text *page, const char *caption)
{
  ulp_text_printf(page, "<p class=\"dim\">%s</p>\n<div class=\"scroll\">"
                        "<table><thead><tr>", caption);
}

static void begin_row(ulp_text *page, const snr_model *m, size_t i)
{
  bool first = i == 0 || m->line[i].bits != m->line[i - 1].bits;
  ulp_text_printf(page, "<tr%s><th scope=\"row\">",
                  first ? " class=\"group\"" : "");
  ulp_html_text(page, m->line[i].format);
  ulp_text_printf(page, "</th>");
}

static void cell(ulp_text *page, double v, int digits, bool best)
{
  ulp_text_printf(page, "<td%s>", best ? " class=\"best\"" : "");
  ulp_html_number(page, v, digits);
  ulp_text_printf(page, "</td>");
}

static void end_table(ulp_text *page)
{
  ulp_text_printf(page, "</tbody></table></div>\n");
}

/* The worst tensor for this format, or theory and clipping of the subject. */
static void last_cells(ulp_text *page, const snr_model *m, const snr_line *l)
{
  if (m->subject) {
    cell(page, l->theory, 2, false);
    cell(page, 100 * l->clipped, 3, false);
    return;
  }
  cell(page, l->low, 2, false);
  cell(page, l->high, 2, false);
  cell(page, l->worst, 2, false);
  ulp_text_printf(page, "<td class=\"name\">");
  ulp_html_text(page, l->worst_name);
  ulp_text_printf(page, "</td>");
}

static void rules_table(ulp_text *page, const snr_model *m)
{
  static const char *const one[] = {"±95 %", "theory", "clipped, %", NULL};
  static const char *const many[] = {"10 %", "90 %", "worst", NULL};
  ulp_text_printf(page, "<h3>By choice of scale: ");
  ulp_html_text(page, subject_text(m));
  ulp_text_printf(page, "</h3>\n");
  begin_table(page, m->subject
      ? "SNR in dB by scale rule; interval, theory and clipped share are those "
        "of the rule in the first column of figures. The best of each number "
        "of bits is marked."
      : "Median SNR in dB by scale rule; quantiles and the worst tensor are "
        "those of the rule in the first column of figures. The best of each "
        "number of bits is marked.");
  head_cell(page, "format");
  head_cell(page, m->rule);
  for (size_t r = 0; r < m->rules.count; r++)
    if (strcmp(m->rules.name[r], m->rule) != 0)
      head_cell(page, m->rules.name[r]);
  for (const char *const *h = m->subject ? one : many; *h; h++)
    head_cell(page, *h);
  if (!m->subject)
    ulp_text_printf(page, "<th scope=\"col\" class=\"name\">worst tensor</th>");
  ulp_text_printf(page, "</tr></thead><tbody>\n");
  for (size_t i = 0; i < m->count; i++) {
    const snr_line *l = &m->line[i];
    begin_row(page, m, i);
    cell(page, l->median, 2, ulp_snr_best(m, l->bits) == l);
    for (size_t r = 0; r < m->rules.count; r++)
      if (strcmp(m->rules.name[r], m->rule) != 0)
        cell(page, l->by_rule[r], 2, false);
    if (m->subject)
      cell(page, l->ci95, 2, false);
    last_cells(page, m, l);
    ulp_text_printf(page, "</tr>\n");
  }
  end_table(page);
}

/* Whether no format of as many bits does better on this distribution. */
static bool is_best(const snr_model *m, const snr_line *l, size_t d)
{
  for (size_t i = 0; i < m->count; i++)
    if (m->line[i].bits == l->bits &&
        m->line[i].by_distribution[d] > l->by_distribution[d])
      return false;
  return !isnan(l->by_distribution[d]);
}

static void distributions_table(ulp_text *page, const snr_model *m)
{
  ulp_text_printf(page, "<h3>By distribution: scale by ");
  ulp_html_text(page, m->rule);
  ulp_text_printf(page, "</h3>\n");
  begin_table(page, "SNR in dB. The best of each number of bits is marked.");
  head_cell(page, "format");
  for (size_t d = 0; d < m->distributions.count; d++)
    head_cell(page, m->distributions.name[d]);
  ulp_text_printf(page, "</tr></thead><tbody>\n");
  for (size_t i = 0; i < m->count; i++) {
    begin_row(page, m, i);
    for (size_t d = 0; d < m->distributions.count; d++)
      cell(page, m->line[i].by_distribution[d], 2, is_best(m, &m->line[i], d));
    ulp_text_printf(page, "</tr>\n");
  }
  end_table(page);
}

static void tables(ulp_text *page, const ulp_table *t)
{
  snr_model m;
  if (!ulp_snr_model_make(&m, t)) {
    page->failed = true;
    return;
  }
  rules_table(page, &m);
  if (m.distributions.count > 1 && m.distributions.count <= WIDE)
    distributions_table(page, &m);
  ulp_snr_model_free(&m);
}

const ulp_view ulp_view_snr = {
    .experiment = "snr",
    .answer = answer,
    .data = data,
    .tables = tables,
    .script = ulp_gp_snr,
    .caption = "SNR against the size of an element, the share of the scale "
               "included. The dashed line is the Pareto front: the "
               "most signal for at most so many bits. Bars: from the 10 % to "
               "the 90 % quantile over tensors, or the 95 % confidence "
               "interval. Points without a name are in the table.",
};
