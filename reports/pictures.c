/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An experiment's pictures on the page.
 */
#include <stdlib.h>
#include <string.h>

#include "draw.h"

static void stem_of(ulp_text *to, const ulp_figure_row *f, size_t panels,
                    size_t panel)
{
  ulp_text_printf(to, "%s-%s", f->experiment, f->name);
  if (panels > 1)
    ulp_text_printf(to, "-%zu", panel + 1);
}

static ulp_status panel(ulp_text *page, const char *dir, const ulp_picture *p,
                        size_t i, size_t panels, ulp_error *e)
{
  ulp_text gp = {0}, alt = {0}, stem = {0};
  ulp_status s;
  stem_of(&stem, p->figure, panels, i);
  ulp_picture_alt(&alt, p, i);
  if (stem.failed || alt.failed) {
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  } else {
    ulp_picture_data(&gp, p, i, stem.text);
    s = ulp_figure(page, dir, stem.text, &gp,
                   ulp_picture_script(p->figure->kind), alt.text, e);
  }
  ulp_text_free(&gp);
  ulp_text_free(&alt);
  ulp_text_free(&stem);
  return s;
}

static bool is_drawn(const ulp_picture *p, size_t panel)
{
  for (size_t i = 0; i < p->count; i++)
    if (p->point[i].panel == panel)
      return true;
  return false;
}

static void begin_figure(ulp_text *page, const ulp_figure_row *f)
{
  ulp_text_printf(page, "<figure id=\"%s-%s\"%s>\n<h3>", f->experiment,
                  f->name, f->kind == ULP_OWN_PICTURE ? " class=\"wide\"" : "");
  ulp_html_text(page, f->title);
  ulp_text_printf(page, "</h3>\n");
}

static void end_figure(ulp_text *page, const ulp_figure_row *f,
                       const char *caption, size_t drawn)
{
  ulp_text_printf(page, "<figcaption>");
  ulp_html_text(page, caption);
  ulp_text_printf(page, " <span class=\"file\">Script and data: %s-%s%s.gp"
                        "</span></figcaption>\n</figure>\n", f->experiment,
                  f->name, drawn > 1 ? "-N" : "");
}

static ulp_status picture(ulp_text *page, const char *dir,
                          const ulp_figure_row *f, const ulp_table *t,
                          ulp_error *e)
{
  ulp_picture p;
  ulp_text caption = {0};
  ulp_status s = ULP_OK;
  size_t drawn = 0;
  if (!ulp_picture_make(&p, f, t))
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  size_t panels = p.panels.count < ULP_MOST_PANELS ? p.panels.count
                                                   : ULP_MOST_PANELS;
  begin_figure(page, f);
  ulp_text_printf(page, "<div class=\"panels\">\n");
  for (size_t i = 0; s == ULP_OK && i < panels; i++)
    if (is_drawn(&p, i)) {
      s = panel(page, dir, &p, i, panels, e);
      drawn++;
    }
  ulp_text_printf(page, "</div>\n");
  if (drawn == 0)
    ulp_text_printf(page, "<p class=\"note\">The picture is missing: no row of "
                          "%s.csv is what it shows.</p>\n", f->experiment);
  ulp_picture_caption(&caption, &p);
  end_figure(page, f, caption.text ? caption.text : "", panels);
  page->failed |= caption.failed;
  ulp_text_free(&caption);
  ulp_picture_free(&p);
  return s;
}

static ulp_status own_picture(ulp_text *page, const char *dir,
                              const ulp_view *v, const ulp_figure_row *f,
                              const ulp_table *t, ulp_error *e)
{
  ulp_text data = {0};
  begin_figure(page, f);
  v->data(&data, t);
  ulp_status s = ulp_figure(page, dir, v->experiment, &data, v->script,
                            v->caption, e);
  ulp_text_printf(page, "<figcaption>");
  ulp_html_text(page, v->caption);
  ulp_text_printf(page, " <span class=\"file\">Script and data: %s.gp</span>"
                        "</figcaption>\n</figure>\n", v->experiment);
  ulp_text_free(&data);
  return s;
}

static void no_picture(ulp_text *page, const ulp_figure_row *f)
{
  ulp_text_printf(page, "<p class=\"dim\">No picture, because ");
  ulp_html_text(page, f->caption);
  ulp_text_printf(page, "</p>\n");
}

ulp_status ulp_pictures(ulp_text *page, const char *dir, const ulp_table *t,
                        const ulp_view *v, ulp_error *e)
{
  const ulp_figure_row *f;
  ulp_status s = ULP_OK;
  for (size_t i = 0; s == ULP_OK && (f = ulp_figure_find(i)); i++) {
    if (strcmp(f->experiment, t->experiment->name) != 0)
      continue;
    if (f->kind == ULP_NO_PICTURE)
      no_picture(page, f);
    else if (f->kind == ULP_OWN_PICTURE && v)
      s = own_picture(page, dir, v, f, t, e);
    else
      s = picture(page, dir, f, t, e);
  }
  return s;
}
