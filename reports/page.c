/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page: first what the run shows, then each experiment in the order of
 * the table.  An experiment gets pictures and tables of its own by a row in
 * `views`; without one it has its question, method, rows and provenance.
 */
#include <stdlib.h>
#include <string.h>

#include "methods_page.h"
#include "picture.h"
#include "sentence.h"

static const ulp_view *const views[] = {
    &ulp_view_snr, &ulp_view_claims,
};

static const ulp_view *view_of(const ulp_experiment *x)
{
  for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
    if (strcmp(views[i]->experiment, x->name) == 0)
      return views[i];
  return NULL;
}

/* ---- reading ----------------------------------------------------------- */

enum { MAX_EXPERIMENTS = 64 };

typedef struct {
  const char *dir;
  ulp_table table[MAX_EXPERIMENTS];
  size_t count, present;
  json_t *manifest; /* NULL when there is none */
} folder;

static ulp_status read_manifest(folder *f, ulp_error *e)
{
  ulp_text path = {0};
  json_error_t why;
  size_t size;
  ulp_text_printf(&path, "%s/manifest.json", f->dir);
  if (path.failed)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  char *bytes = ulp_slurp(path.text, &size, e);
  ulp_status s = bytes ? ULP_OK : e->status;
  if (bytes)
    f->manifest = json_loadb(bytes, size, 0, &why);
  if (bytes && !f->manifest)
    s = ulp_error_set(e, ULP_EFORMAT, "%s: line %d: expected JSON: %s",
                      path.text, why.line, why.text);
  else if (bytes && !json_is_object(json_object_get(f->manifest, "outputs")))
    s = ulp_error_set(e, ULP_EFORMAT, "%s: field 'outputs': expected an "
                      "object", path.text);
  free(bytes);
  ulp_text_free(&path);
  return s;
}

static ulp_status read_folder(folder *f, ulp_error *e)
{
  const ulp_experiment *x;
  ulp_status s = ULP_OK;
  for (; s == ULP_OK && f->count < MAX_EXPERIMENTS &&
         (x = ulp_experiment_row(f->count)) != NULL; f->count++) {
    s = ulp_table_read(&f->table[f->count], f->dir, x, e);
    f->present += f->table[f->count].bytes != NULL;
  }
  if (s == ULP_OK && f->present == 0)
    return ulp_error_set(e, ULP_EIO, "%s: expected the CSV file of an "
                         "experiment, such as %s.csv", f->dir,
                         ulp_experiment_name(0));
  return s == ULP_OK ? read_manifest(f, e) : s;
}

static void free_folder(folder *f)
{
  for (size_t i = 0; i < f->count; i++)
    ulp_table_free(&f->table[i]);
  json_decref(f->manifest);
}

/* ---- writing ----------------------------------------------------------- */

static void labelled(ulp_text *page, const char *label, const char *text)
{
  ulp_text_printf(page, "<p><b>%s.</b> ", label);
  ulp_html_text(page, text);
  ulp_text_printf(page, "</p>\n");
}

static ulp_status section(ulp_text *page, const folder *f, const ulp_table *t,
                          ulp_error *e)
{
  const ulp_experiment *x = t->experiment;
  const ulp_view *v = view_of(x);
  ulp_status s = ULP_OK;
  ulp_text_printf(page, "<section id=\"%s\">\n<h2>%s</h2>\n", x->name, x->name);
  labelled(page, "Question", x->question);
  labelled(page, "Method", x->method);
  ulp_verdict(page, t);
  if (v && v != &ulp_view_claims) /* its counts stand on the first screen */
    v->answer(page, t);
  s = ulp_pictures(page, f->dir, t, v, e);
  if (v)
    v->tables(page, t);
  else
    ulp_html_rows(page, t);
  labelled(page, "Source", x->source);
  char file[80];
  snprintf(file, sizeof file, "%s.csv", x->name);
  ulp_html_provenance(page, t, json_object_get(
                                   json_object_get(f->manifest, "outputs"),
                                   file));
  ulp_text_printf(page, "</section>\n");
  return s;
}

/* Opens DIR/NAME, or NAME where there is no DIR, for a page. */
static ulp_status open_page(ulp_output **o, const char *dir, const char *name,
                            const ulp_text *page, ulp_error *e)
{
  ulp_text path = {0};
  ulp_text_printf(&path, "%s%s%s", dir ? dir : "", dir ? "/" : "", name);
  ulp_status s = path.failed || page->failed
                     ? ulp_error_set(e, ULP_ENOMEM, "out of memory")
                     : ulp_output_open(o, path.text, e);
  if (s == ULP_OK)
    ulp_output_write(*o, page->text, page->size);
  ulp_text_free(&path);
  return s;
}

/* Both pages, or neither. */
static ulp_status write_pages(const char *dir, const ulp_text *page,
                              const ulp_text *methods, ulp_error *e)
{
  ulp_output *o[2] = {NULL, NULL};
  ulp_status s = open_page(&o[0], dir, "methods.html", methods, e);
  if (s == ULP_OK)
    s = open_page(&o[1], dir, "index.html", page, e);
  for (int i = 0; i < 2; i++)
    if (s == ULP_OK)
      s = ulp_output_commit(o[i], e);
    else
      ulp_output_discard(o[i]);
  return s;
}

ulp_status ulp_methods_write(const char *path, ulp_error *e)
{
  ulp_text page = {0};
  ulp_output *o = NULL;
  ulp_methods(&page);
  ulp_status s = open_page(&o, NULL, path, &page, e);
  if (s == ULP_OK)
    s = ulp_output_commit(o, e);
  ulp_text_free(&page);
  return s;
}

ulp_status ulp_report_write(const char *dir, ulp_error *e)
{
  folder f = {.dir = dir};
  ulp_text page = {0}, methods = {0};
  ulp_status s = read_folder(&f, e);
  if (s == ULP_OK) {
    ulp_html_begin(&page, "ulplab: what this run shows");
    ulp_front(&page, &(ulp_report_folder){
                         f.dir, f.table, f.count, f.present,
                         json_object_get(f.manifest, "outputs")});
    for (size_t i = 0; s == ULP_OK && i < f.count; i++)
      if (f.table[i].bytes)
        s = section(&page, &f, &f.table[i], e);
    if (s == ULP_OK)
      ulp_hardware(&page);
    ulp_html_end(&page);
    ulp_methods(&methods);
  }
  if (s == ULP_OK)
    s = write_pages(dir, &page, &methods, e);
  ulp_text_free(&page);
  ulp_text_free(&methods);
  free_folder(&f);
  return s;
}
