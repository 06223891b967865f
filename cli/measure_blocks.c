/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure_blocks.c: one tensor through one quantizer: a row of `ulplab
 * measure`.
 */
#include <stdio.h>

#include "block_stream.h"
#include "measure.h"

/* The figures of a row that has none. */
enum { FIGURES = 9 };

static ulp_status add_all(cli_blocks *s, ulp_error_sums *sums, ulp_error *e)
{
  bool more = true;
  ulp_status status = cli_blocks_survey(s, e);
  while (status == ULP_OK) {
    status = cli_blocks_next(s, &more, e);
    if (status != ULP_OK || !more) break;
    status = cli_blocks_errors(s, sums, e);
  }
  cli_blocks_end(s);
  return status;
}

/* note: why it does not fit; NULL: it does. */
static void row(measure_work *w, const measure_item *item, const char *path,
                const ulp_tensor *t, const ulp_moments *m, double bits,
                const ulp_error_sums *sums, const char *note)
{
  cli_table *table = &w->table;
  measure_tensor_cells(table, path, t, m);
  cli_cell_text(table, item->text);
  if (item->q)
    cli_cell_int(table, item->format.bits);
  else
    cli_cell_none(table);
  cli_cell_none(table); /* scale_rule: in the text */
  cli_cell_none(table); /* scale: one for each block */
  if (note) {
    for (int i = 0; i < FIGURES; i++)
      cli_cell_none(table);
  } else {
    measure_error_cells(table, sums, item->q != NULL);
    cli_cell_number(table, bits);
  }
  cli_cell_text(table, item->q ? item->q->profile : "ggml");
  if (note)
    cli_cell_text(table, note);
  else
    cli_cell_none(table);
}

/* Whether the quantizer fits: *e names the tensor, and the file if `path`. */
static ulp_status begin(cli_blocks *s, const measure_request *rq,
                        const measure_item *item, const char *path,
                        const ulp_tensor *t, ulp_error *e)
{
  char label[300];
  (void)snprintf(label, sizeof label,
                 *t->name ? "tensor '%.200s'" : "the array%s", t->name);
  ulp_status status =
      item->q ? cli_blocks_begin(s, item->q, t, label, rq->threads, e)
              : measure_packed_fits(item, label, t, e);
  if (status == ULP_OK || !path) return status;
  ulp_error inner = *e;
  return ulp_error_set(e, status, "%s: %.60s: %s", path, item->text,
                       inner.text);
}

ulp_status measure_fits(const measure_request *rq, const char *path,
                        const ulp_tensor *t, ulp_error *e)
{
  cli_blocks s;
  ulp_status status = ULP_OK;
  for (size_t i = 0; status == ULP_OK && i < rq->formats.count; i++)
    if (!rq->formats.item[i].plain)
      status = begin(&s, rq, &rq->formats.item[i], path, t, e);
  return status;
}

ulp_status measure_blocks(measure_work *w, const measure_item *item,
                          const char *path, const ulp_tensor *t,
                          const ulp_moments *m, ulp_error *e)
{
  cli_blocks s;
  ulp_error_sums sums = {0};
  if (begin(&s, w->rq, item, NULL, t, e) != ULP_OK) {
    row(w, item, path, t, m, 0, NULL, e->text);
    return ULP_OK;
  }
  ulp_status status = item->q ? add_all(&s, &sums, e)
                              : measure_packed(w->rq, item, t, &sums, e);
  if (status == ULP_OK)
    row(w, item, path, t, m,
        item->q ? ulp_quantizer_bits(item->q, &s.b)
                : ulp_packed_bits_per_element(item->packed),
        &sums, NULL);
  return status;
}
