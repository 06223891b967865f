/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * calibrate.c: `ulplab calibrate`, static scales from batches of arrays.
 */
#include <math.h>
#include <stdlib.h>

#include "calibrate.h"
#include "quantize.h"

typedef struct {
  const char **path;
  int count;
} path_list;

typedef struct {
  const char *to, *profile, *granularity, *scale_format, *rule, *observer;
  const char *scales, *zeros, *global, *history;
  cli_axis axis;
  path_list batches;
  bool strict;
} request;

typedef struct {
  const request *rq;
  ulp_quantizer q;
  ulp_observer_spec spec;
  ulp_blocks b; /* of the first batch */
  ulp_observer *observer;
  cli_outputs set;
  ulp_output *scales, *zeros, *global, *history;
  cli_table table;
  unsigned char *scale, *before; /* of every block, stored */
  int32_t *zero;
  double factor; /* the global scale */
  float x[CLI_CHUNK];
} work;

/* ---- the command line --------------------------------------------------- */

static ulp_status read_batch(void *target, const char *text, ulp_error *e)
{
  path_list *list = target;
  (void)e;
  list->path[list->count++] = text;
  return ULP_OK;
}

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"to", "QUANTIZER", "what the scales are for: as 'ulplab quantize --to'",
       cli_read_text, &rq->to},
      {"observer", "NAME",
       "minmax (default), average[:C] of each batch's least and greatest, "
       "percentile:P, mse[:N], delayed[:L[:max|most_recent[:MARGIN]]] or "
       "delayed-unfused, likewise",
       cli_read_text, &rq->observer},
      {"in", "X.npy", "a batch; once for each, or as operands", read_batch,
       &rq->batches},
      {"scales", "S.npy", "where the scales go, for 'quantize --use-scales'",
       cli_read_text, &rq->scales},
      {"zero-points", "Z.npy", "where the zero points go (i4)", cli_read_text,
       &rq->zeros},
      {"global-scale", "G.npy",
       "where the tensor's own scale goes (f4); wanted alone, blocks need not "
       "be the same in every batch",
       cli_read_text, &rq->global},
      {"history", "H.csv",
       "where each step goes: its amax, the scale it was made with, the next",
       cli_read_text, &rq->history},
      {"profile", "NAME", "of a quantizer: te, torchao, ...", cli_read_text,
       &rq->profile},
      {"granularity", "G",
       "tensor, channel, token, group:N, tile:RxC or block:N", cli_read_text,
       &rq->granularity},
      {"axis", "N", "as for quantize", cli_read_axis, &rq->axis},
      {"scale-format", "FORMAT", "of the scales: f32, e8m0, e4m3, ...",
       cli_read_text, &rq->scale_format},
      {"scale-rule", "RULE", "amax (default), minmax, floor, ...",
       cli_read_text, &rq->rule},
      {"strict", NULL, "refuse NaN and Inf", cli_read_flag, &rq->strict},
      {0}};
  const cli_command command = {
      .name = "calibrate",
      .synopsis = "--to QUANTIZER --scales S.npy [OPTION]... X.npy...",
      .summary =
          "Chooses static scales for a quantizer: a statistic of each block "
          "over batches takes the place of the block's own amax, least and "
          "greatest value. The shape of a batch may change where the number "
          "of scales does not.",
      .options = options,
      .max_operands = -1};
  int operands = 0;
  int status = cli_parse(&command, argc, argv, &operands);
  for (int i = 0; status < 0 && i < operands; i++)
    rq->batches.path[rq->batches.count++] = argv[i];
  return status;
}

/* ---- what was asked for ------------------------------------------------- */

static ulp_status check_request(const request *rq, ulp_error *e)
{
  ulp_status status = ULP_OK;
  if (!rq->to)
    status = ulp_error_set(e, ULP_EINVAL, "--to QUANTIZER is missing");
  else if (rq->batches.count == 0)
    status = ulp_error_set(e, ULP_EINVAL, "--in X.npy is missing");
  else if (!rq->scales && !rq->zeros && !rq->global && !rq->history)
    status = ulp_error_set(e, ULP_EINVAL, "--scales S.npy is missing");
  return status;
}

static ulp_status check_outputs(const work *w, ulp_error *e)
{
  const request *rq = w->rq;
  if (rq->zeros && !w->q.zero.count)
    return ulp_error_set(e, ULP_EINVAL,
                         "--zero-points: %s has none, expected a quantizer "
                         "with them, such as --scale-rule minmax",
                         w->q.name);
  if (rq->global && !w->q.global.count)
    return ulp_error_set(e, ULP_EINVAL,
                         "--global-scale: %s has none, expected a quantizer "
                         "with one, such as nvfp4",
                         w->q.name);
  return ULP_OK;
}

static ulp_status find(work *w, ulp_error *e)
{
  const request *rq = w->rq;
  ulp_error inner;
  const cli_quantizer_text text = {.option = "to",
                                   .spec = rq->to,
                                   .profile = rq->profile,
                                   .granularity = rq->granularity,
                                   .scale_format = rq->scale_format,
                                   .rule = rq->rule,
                                   .axis = rq->axis};
  ulp_status status = cli_quantizer_find(&w->q, &text, e);
  if (status == ULP_OK) status = check_outputs(w, e);
  if (status != ULP_OK) return status;
  if (!rq->scales && !rq->zeros && !rq->history) /* G alone */
    w->q.granularity = (ulp_granularity){.kind = ULP_PER_TENSOR};
  status = ulp_observer_parse(rq->observer ? rq->observer : "minmax", &w->spec,
                              &inner);
  return status == ULP_OK
             ? status
             : ulp_error_set(e, status, "--observer: %s", inner.text);
}

/* ---- batches ------------------------------------------------------------ */

static ulp_status begin(work *w, const ulp_blocks *b, ulp_error *e)
{
  size_t n = (size_t)b->blocks + 1;
  ulp_status status = ulp_observer_new(&w->observer, &w->spec, &w->q, b, e);
  if (status != ULP_OK) return status;
  w->b = *b;
  w->scale = malloc(n * w->q.scale.storage_bytes);
  w->before = malloc(n * w->q.scale.storage_bytes);
  w->zero = w->q.zero.count ? malloc(n * sizeof *w->zero) : NULL;
  if (w->scale && w->before && (w->zero || !w->q.zero.count)) return ULP_OK;
  return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
}

static ulp_status cut(work *w, const ulp_tensor *x, const char *path,
                      ulp_blocks *b, ulp_error *e)
{
  ulp_error inner;
  char have[200], want[200];
  ulp_status status = ulp_blocks_make(b, &w->q.granularity, w->q.axis, x->ndim,
                                      x->shape, &inner);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "%s: %s", path, inner.text);
  status = cli_blocks_check(&w->q, b, path, e);
  if (status == ULP_OK && !w->observer) status = begin(w, b, e);
  if (status != ULP_OK || ulp_observer_fits(w->observer, b)) return status;
  cli_shape_text(have, sizeof have, b->ndim, b->shape);
  cli_shape_text(want, sizeof want, w->b.ndim, w->b.shape);
  return ulp_error_set(e, ULP_EFORMAT,
                       "%s: scales of shape %s, expected %s, as of %s", path,
                       have, want, w->rq->batches.path[0]);
}

static ulp_status check_numbers(const work *w, const char *path, int64_t n,
                                ulp_error *e)
{
  for (int64_t i = 0; w->rq->strict && i < n; i++)
    if (!isfinite(w->x[i]))
      return ulp_error_set(e, ULP_EFORMAT,
                           "%s: NaN or Inf, expected numbers under --strict",
                           path);
  return ULP_OK;
}

static ulp_status observe(work *w, const ulp_tensor *x, const char *path,
                          ulp_error *e)
{
  ulp_blocks b;
  ulp_status status = cut(w, x, path, &b, e);
  for (int64_t i = 0; status == ULP_OK && i < x->count; i += CLI_CHUNK) {
    int64_t n = x->count - i < CLI_CHUNK ? x->count - i : CLI_CHUNK;
    cli_floats_read(x, w->x, i, n);
    status = check_numbers(w, path, n, e);
    if (status == ULP_OK &&
        (status = ulp_observer_add(w->observer, &b, w->x, i, n)) != ULP_OK)
      return ulp_error_set(e, status, "%s: %s", path, ulp_strerror(status));
  }
  return status;
}

/* ---- the history -------------------------------------------------------- */

static const char *const columns[] = {"step",  "batch", "block", "amax",
                                      "scale", "next",  NULL};

static void scale_cell(work *w, const unsigned char *scale, int64_t block)
{
  const ulp_format *f = &w->q.scale;
  if (scale)
    cli_cell_number(&w->table,
                    ulp_decode(f, ulp_load_code(f, scale, (size_t)block)));
  else
    cli_cell_none(&w->table);
}

static ulp_status get_scales(work *w, ulp_error *e)
{
  ulp_status status =
      ulp_observer_scales(w->observer, w->scale, w->zero, &w->factor);
  return status == ULP_OK
             ? status
             : ulp_error_set(e, status, "%s", ulp_strerror(status));
}

/* The rows of one step; `before`: there was a scale for it. */
static void write_step(work *w, int step, bool before)
{
  for (int64_t i = 0; i < w->b.blocks; i++) {
    cli_cell_int(&w->table, step);
    cli_cell_text(&w->table, w->rq->batches.path[step]);
    cli_cell_int(&w->table, i);
    cli_cell_number(&w->table, ulp_observer_amax(w->observer, i));
    scale_cell(w, before ? w->before : NULL, i);
    scale_cell(w, w->scale, i);
  }
}

static ulp_status end_step(work *w, int step, ulp_error *e)
{
  double ignored;
  if (!w->history) {
    ulp_observer_step(w->observer);
    return ULP_OK;
  }
  bool before =
      ulp_observer_scales(w->observer, w->before, w->zero, &ignored) == ULP_OK;
  ulp_observer_step(w->observer);
  ulp_status status = get_scales(w, e);
  if (status == ULP_OK) write_step(w, step, before);
  return status;
}

/* ---- all of it ---------------------------------------------------------- */

static ulp_status batch(work *w, int step, ulp_error *e)
{
  ulp_file *file;
  const ulp_tensor *x;
  const char *path = w->rq->batches.path[step];
  ulp_status status = cli_array_open(&file, &x, path, e);
  if (status != ULP_OK) return status;
  status = observe(w, x, path, e);
  if (status == ULP_OK) status = end_step(w, step, e);
  ulp_file_close(file);
  return status;
}

static ulp_status open_outputs(work *w, ulp_error *e)
{
  const request *rq = w->rq;
  ulp_status status = cli_outputs_add(&w->set, &w->scales, rq->scales, e);
  if (status == ULP_OK)
    status = cli_outputs_add(&w->set, &w->zeros, rq->zeros, e);
  if (status == ULP_OK)
    status = cli_outputs_add(&w->set, &w->global, rq->global, e);
  if (status == ULP_OK)
    status = cli_outputs_add(&w->set, &w->history, rq->history, e);
  return status;
}

static ulp_status write_scales(work *w, ulp_error *e)
{
  ulp_status status = get_scales(w, e);
  if (status != ULP_OK) return status;
  cli_block_codes_write(w->scales, &w->q.scale, &w->b, w->scale);
  cli_block_zeros_write(w->zeros, &w->b, w->zero);
  cli_number_write(w->global, w->factor);
  return w->history ? cli_table_end(&w->table, e) : ULP_OK;
}

static ulp_status calibrate(work *w, ulp_error *e)
{
  ulp_status status = check_request(w->rq, e);
  if (status == ULP_OK) status = find(w, e);
  if (status == ULP_OK) status = open_outputs(w, e);
  if (status == ULP_OK && w->history)
    cli_table_begin(&w->table, w->history, false, columns);
  for (int i = 0; status == ULP_OK && i < w->rq->batches.count; i++)
    status = batch(w, i, e);
  if (status == ULP_OK) status = write_scales(w, e);
  if (status == ULP_OK) return cli_outputs_commit(&w->set, e);
  cli_outputs_discard(&w->set);
  return status;
}

static int run(const request *rq)
{
  ulp_error e;
  work *w = calloc(1, sizeof *w);
  if (!w) return cli_failf("calibrate", "%s", ulp_strerror(ULP_ENOMEM));
  w->rq = rq;
  ulp_status status = calibrate(w, &e);
  ulp_observer_free(w->observer);
  free(w->scale);
  free(w->before);
  free(w->zero);
  free(w);
  return status == ULP_OK ? CLI_DONE : cli_fail("calibrate", &e);
}

int cli_calibrate(int argc, char **argv)
{
  request rq = {.batches = {.count = 0}};
  rq.batches.path = calloc((size_t)argc + 1, sizeof *rq.batches.path);
  if (!rq.batches.path)
    return cli_failf("calibrate", "%s", ulp_strerror(ULP_ENOMEM));
  int status = parse(&rq, argc, argv);
  if (status < 0) status = run(&rq);
  free(rq.batches.path);
  return status;
}
