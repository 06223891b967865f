/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tables behind the page: every experiment has a picture or a reason why
 * not, and what their rows name exists; filters and sentences on a table
 * small enough to be worked out by hand.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gemm.h"
#include "layout.h"
#include "methods_page.h"
#include "packed.h"
#include "picture.h"
#include "quantizer.h"
#include "sentence.h"

START_TEST(every_experiment_has_a_picture_or_a_reason)
{
  const ulp_experiment *x;
  const ulp_figure_row *f;
  for (size_t i = 0; (x = ulp_experiment_row(i)) != NULL; i++) {
    size_t pictures = 0;
    for (size_t k = 0; (f = ulp_figure_find(k)) != NULL; k++)
      pictures += strcmp(f->experiment, x->name) == 0;
    ck_assert_msg(pictures > 0, "%s: no row of a picture", x->name);
  }
}
END_TEST

START_TEST(rows_of_pictures_are_sound)
{
  const ulp_figure_row *f, *g;
  for (size_t i = 0; (f = ulp_figure_find(i)) != NULL; i++) {
    const char *fault = ulp_figure_fault(f);
    ck_assert_msg(!fault, "%s, %s: %s", f->experiment, f->name ? f->name : "-",
                  fault);
    for (size_t k = 0; k < i; k++) {
      g = ulp_figure_find(k);
      ck_assert_msg(!f->name || !g->name || strcmp(f->name, g->name) != 0 ||
                        strcmp(f->experiment, g->experiment) != 0,
                    "%s, %s: two pictures of one name", f->experiment, f->name);
    }
  }
}
END_TEST

START_TEST(faults_are_found)
{
  ulp_figure_row good = {.experiment = "accumulate", .name = "a",
                         .title = "t", .caption = "c", .kind = ULP_LINES,
                         .x = "updates", .y = "mean_value"};
  ulp_figure_row f = good;
  ck_assert_ptr_null(ulp_figure_fault(&f));
  f.experiment = "nothing";
  ck_assert_ptr_nonnull(ulp_figure_fault(&f));
  f = good;
  f.y = "no_column";
  ck_assert_ptr_nonnull(ulp_figure_fault(&f));
  f = good;
  f.x = "mode";
  ck_assert_str_eq(ulp_figure_fault(&f), "x must be a number");
  f = good;
  f.filter = "mode";
  ck_assert_ptr_nonnull(ulp_figure_fault(&f));
  f.filter = "no_column=1";
  ck_assert_ptr_nonnull(ulp_figure_fault(&f));
  f = (ulp_figure_row){.experiment = "accumulate", .kind = ULP_NO_PICTURE};
  ck_assert_ptr_nonnull(ulp_figure_fault(&f));
}
END_TEST

START_TEST(sentences_are_sound)
{
  const ulp_finding *f;
  const ulp_experiment *x;
  ulp_error e;
  for (size_t i = 0; (f = ulp_finding_row(i)) != NULL; i++) {
    ck_assert_msg(ulp_experiment_find(&x, f->experiment, &e) == ULP_OK, "%s",
                  f->experiment);
    const char *fault = ulp_sentence_fault(x, f->text);
    ck_assert_msg(!fault, "%s: %s: %s", f->experiment, f->text, fault);
    ck_assert_msg(strchr(f->text, '{') != NULL, "%s: no figure from the data",
                  f->text);
  }
}
END_TEST

/* ---- a table by hand ----------------------------------------------------- */

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", ""},
    {"name", ULP_COL_STRING, "", ""},
    {"k", ULP_COL_INTEGER, "1", ""},
    {"error", ULP_COL_NUMBER, "1", ""},
    {NULL, ULP_COL_STRING, NULL, NULL}};
static const ulp_experiment by_hand = {.name = "by_hand", .columns = columns};
static char *cells[] = {(char[]){"0"}, (char[]){"a"}, (char[]){"1"},
                        (char[]){"0.5"},
                        (char[]){"1"}, (char[]){"b<"}, (char[]){"2"},
                        (char[]){"0.25"},
                        (char[]){"2"}, (char[]){"b<"}, (char[]){"8"},
                        (char[]){"-3"},
                        (char[]){"3"}, (char[]){""}, (char[]){"8"},
                        (char[]){""}};
static const ulp_table table = {.experiment = &by_hand, .cell = cells,
                                .rows = 4, .columns = 4};

START_TEST(filters)
{
  static const struct {
    const char *filter;
    size_t count, first;
  } list[] = {
      {"", 4, 0},          {NULL, 4, 0},       {"name=b<", 2, 1},
      {"k=8.0", 2, 2},     {"k=1|2", 2, 0},    {"k!=8", 2, 0},
      {"name=-", 1, 3},    {"name!=-", 3, 0},  {"k=max", 2, 2},
      {"k=min", 1, 0},     {"error=max", 1, 0}, {"error=min", 1, 2},
      {"k=max name=-", 1, 3}, {"k=9", 0, 0},
      {"name~b<", 2, 1},   /* there */
      {"name~c", 1, 0},    /* not: those of the first row */
      {"name~c|d", 4, 0},  /* not: all */
      {"name~c|b<", 2, 1},
  };
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    ulp_selection s;
    ck_assert(ulp_select(&s, &table, list[i].filter));
    ck_assert_msg(s.count == list[i].count, "%s: %zu rows", list[i].filter,
                  s.count);
    if (s.count)
      ck_assert_msg(s.row[0] == list[i].first, "%s", list[i].filter);
    ulp_selection_free(&s);
  }
}
END_TEST

START_TEST(sentences)
{
  static const struct {
    const char *text, *expected; /* NULL: no sentence */
  } list[] = {
      {"a & b", "a &amp; b"},
      {"{rows}", "4"},
      {"{rows | name=b<}", "2"},
      {"{value error | k=2}", "0.25"},
      {"{value error | k=2 | %2}", "25\u00a0%"},
      {"{value error | k=2 | f1}.", "0.2."}, /* a tie, to even */
      {"{min error}", "−3"},
      {"{max error} of {at-max error name}", "0.5 of a"},
      {"{at-min error name}", "b&lt;"},
      {"{at-min error k}", "8"},
      {"{sum k}", "19"},
      {"{mean error | error!=-}", "−0.75"},
      {"{text name | k=2}", "b&lt;"},
      {"{value error | k=9}", NULL},
      {"{value error | name=-}", NULL},
      {"{text name | name=-}", NULL},
  };
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    ulp_text out = {0};
    bool ok = ulp_sentence(&out, &table, list[i].text);
    ck_assert_msg(ok == (list[i].expected != NULL), "%s", list[i].text);
    ck_assert_msg(ok || out.size == 0, "%s: a part of it", list[i].text);
    if (ok)
      ck_assert_str_eq(out.text, list[i].expected);
    ulp_text_free(&out);
  }
}
END_TEST

START_TEST(points_of_a_picture)
{
  const ulp_figure_row f = {.experiment = "by_hand", .name = "x",
                            .title = "t", .caption = "c", .kind = ULP_LINES,
                            .x = "k", .y = "error", .series = "name",
                            .axes = "y log"};
  ulp_picture p;
  ck_assert(ulp_picture_make(&p, &f, &table));
  ck_assert_uint_eq(p.count, 2);   /* 0.5 and 0.25 */
  ck_assert_uint_eq(p.undrawn, 1); /* -3; an empty cell is no value */
  ck_assert_uint_eq(p.series.count, 2);
  ulp_text caption = {0};
  ulp_picture_caption(&caption, &p);
  ck_assert_ptr_nonnull(strstr(caption.text, "Not drawn: 1 of 3 values"));
  ulp_text_free(&caption);
  ulp_picture_free(&p);
}
END_TEST

/* Counts of given bins, which add up: 1 in bin 1, 2 in 2, 8 and 8 in 8. */
START_TEST(histograms_of_bins)
{
  const ulp_figure_row f = {.experiment = "by_hand", .name = "x",
                            .title = "t", .caption = "c",
                            .kind = ULP_HISTOGRAM, .x = "k", .y = "k",
                            .z = "k", .axes = "x steps"};
  ulp_picture p;
  ulp_text gp = {0};
  ck_assert(ulp_picture_make(&p, &f, &table));
  ulp_picture_data(&gp, &p, 0, "stem");
  ck_assert_ptr_nonnull(strstr(gp.text, "\n1 1\n2 2\n3 0\n"));
  ck_assert_ptr_nonnull(strstr(gp.text, "\n8 16\n9 0\n"));
  ck_assert_ptr_nonnull(strstr(gp.text, "set xtics ('0' 0, '32' 6)"));
  ulp_text_free(&gp);
  ulp_picture_free(&p);
}
END_TEST

/* 40 by 1: no figures in the cells, and every fifth name. */
START_TEST(large_heat_maps)
{
  enum { WIDE = 40, COLUMNS = 4 };
  char text[WIDE][16];
  char *cell[WIDE * COLUMNS], *same = (char[]){"0"};
  for (size_t i = 0; i < WIDE; i++) {
    snprintf(text[i], sizeof text[i], "%zu", i);
    memcpy(&cell[i * COLUMNS], (char *[]){text[i], same, text[i], same},
           COLUMNS * sizeof *cell);
  }
  const ulp_table wide = {.experiment = &by_hand, .cell = cell, .rows = WIDE,
                          .columns = COLUMNS};
  const ulp_figure_row f = {.experiment = "by_hand", .name = "x",
                            .title = "t", .caption = "c", .kind = ULP_HEAT,
                            .x = "k", .y = "name", .z = "error"};
  ulp_picture p;
  ulp_text gp = {0};
  ck_assert(ulp_picture_make(&p, &f, &wide));
  ulp_picture_data(&gp, &p, 0, "stem");
  ck_assert_ptr_nonnull(strstr(gp.text, "$light << EOD\nNaN NaN \"\"\nEOD\n"));
  ck_assert_ptr_nonnull(strstr(gp.text, "xtics ('0' 0, '5' 5, '10' 10, "));
  ck_assert_ptr_nonnull(strstr(gp.text, "\n39 0 0\nEOD\n"));
  ulp_text_free(&gp);
  ulp_picture_free(&p);
}
END_TEST

/* ---- the page of methods ------------------------------------------------- */

static size_t count_of(const char *text, const char *end, const char *word)
{
  size_t n = 0;
  for (; (text = strstr(text, word)) != NULL && text < end; text++)
    n++;
  return n;
}

/* Each table of the page: all rows, as many cells in each as heads, no two
 * tables of one name. */
static void check_listing(const char *page, const ulp_listing *l)
{
  char id[80];
  size_t heads = 0;
  (void)snprintf(id, sizeof id, "<div id=\"%s\">", l->id);
  const char *from = strstr(page, id);
  ck_assert_msg(from != NULL, "%s is not on the page", l->id);
  ck_assert_msg(strstr(from + 1, id) == NULL, "%s is there twice", l->id);
  const char *end = strstr(from, "</tbody>");
  const char *body = strstr(from, "<tbody>");
  while (l->heads[heads])
    heads++;
  size_t rows = count_of(body, end, "<tr");
  ck_assert_msg(rows > 0 && rows == ulp_listing_rows(l), "%s: %zu rows", l->id,
                rows);
  ck_assert_msg(count_of(from, body, "<th ") == heads, "%s: heads", l->id);
  for (const char *tr = body; (tr = strstr(tr, "<tr")) != NULL && tr < end;
       tr++) {
    const char *last = strstr(tr, "</tr>");
    size_t n = count_of(tr, last, "</td>") + count_of(tr, last, "</th>");
    ck_assert_msg(n == heads, "%s: a row of %zu cells under %zu heads", l->id,
                  n, heads);
  }
}

static const ulp_listing *listing_of(const char *id)
{
  const ulp_methods_section *s;
  for (size_t i = 0; (s = ulp_methods_row(i)) != NULL; i++)
    for (int k = 0; k < ULP_LISTINGS && s->listing[k]; k++)
      if (strcmp(s->listing[k]->id, id) == 0)
        return s->listing[k];
  ck_abort_msg("no table %s", id);
}

START_TEST(methods_have_every_row)
{
  ulp_text page = {0};
  const ulp_methods_section *s;
  size_t listings = 0;
  ulp_methods(&page);
  ck_assert(!page.failed);
  for (size_t i = 0; (s = ulp_methods_row(i)) != NULL; i++)
    for (int k = 0; k < ULP_LISTINGS && s->listing[k]; k++, listings++)
      check_listing(page.text, s->listing[k]);
  ck_assert_uint_eq(count_of(page.text, page.text + page.size, "<table>"),
                    listings);
  ulp_text_free(&page);
  const struct {
    const char *id;
    size_t rows;
  } tables[] = {{"format-table", ulp_format_count()},
                {"profiles", ulp_profile_count()},
                {"modes", (size_t)ULP_SR + 1},
                {"overflow", ULP_OVERFLOW_IEEE + 1},
                {"sums", ULP_DOT_FLOOR_EVEN_ODD + 1},
                {"hardware", ulp_mma_count()},
                {"order-table", ulp_gemm_order_count()},
                {"quantizer-table", ulp_quantizer_count()},
                {"packed-blocks", ulp_packed_block_count()},
                {"layouts", ulp_layout_count()}};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
    ck_assert_msg(ulp_listing_rows(listing_of(tables[i].id)) == tables[i].rows,
                  "%s", tables[i].id);
}
END_TEST

/* The counts by evidence are those of the table. */
START_TEST(methods_count_evidence)
{
  ulp_text page = {0}, want = {0};
  size_t n[ULP_OPEN + 1] = {0};
  const ulp_mma_record *r;
  for (size_t i = 0; (r = ulp_mma_row(i)) != NULL; i++)
    n[r->evidence]++;
  ulp_listing_count(&page, listing_of("hardware"));
  for (int e = 0; e <= ULP_OPEN; e++) {
    ulp_text_free(&want);
    want = (ulp_text){0};
    ulp_text_printf(&want, " %zu %s", n[e], ulp_evidence_name((ulp_evidence)e));
    ck_assert_msg(n[e] == 0 || strstr(page.text, want.text), "%s: not%s",
                  page.text, want.text);
  }
  ulp_text_free(&want);
  ulp_text_free(&page);
}
END_TEST

/* The tests that the page names are there. */
START_TEST(methods_name_tests_that_exist)
{
  const char *top = getenv("srcdir");
  const ulp_methods_check *c;
  for (size_t i = 0; (c = ulp_methods_check_row(i)) != NULL; i++) {
    char list[400], path[700], *rest = list;
    (void)snprintf(list, sizeof list, "%s", c->test);
    for (char *name; (name = strtok_r(rest, " ", &rest)) != NULL;) {
      (void)snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
      ck_assert_msg(access(path, R_OK) == 0, "%s is not there", path);
    }
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("report");
  TCase *c = tcase_create("report");
  tcase_add_test(c, every_experiment_has_a_picture_or_a_reason);
  tcase_add_test(c, rows_of_pictures_are_sound);
  tcase_add_test(c, faults_are_found);
  tcase_add_test(c, sentences_are_sound);
  tcase_add_test(c, filters);
  tcase_add_test(c, sentences);
  tcase_add_test(c, points_of_a_picture);
  tcase_add_test(c, histograms_of_bins);
  tcase_add_test(c, large_heat_maps);
  tcase_add_test(c, methods_have_every_row);
  tcase_add_test(c, methods_count_evidence);
  tcase_add_test(c, methods_name_tests_that_exist);
  suite_add_tcase(s, c);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_NORMAL);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
