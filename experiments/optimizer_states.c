/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/optimizer_states: Adam's moments in fewer bits.
 *
 * A point is a distribution of gradients' scales (or a tensor of them), a
 * process, and a way to keep the moments with a size of block, which varies
 * fastest.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "optimizer_cases.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"scales", ULP_COL_STRING, "",
     "of the parameters' gradients: lognormal, or the tensor under --tensor"},
    {"width", ULP_COL_NUMBER, "decade",
     "standard deviation of their log10; empty for a tensor"},
    {"process", ULP_COL_STRING, "",
     "steady; stop: the gradients are 0 from half of the steps on"},
    {"scheme", ULP_COL_STRING, "",
     "how m and v are kept: f32, bf16, dynamic8 (bitsandbytes' maps), int8 (v "
     "unsigned), e4m3, e5m2; -root: the root of v; -bf16, -f16: v so; "
     "-sr: stochastic rounding"},
    {"block", ULP_COL_INTEGER, "1",
     "elements that share a scale; 0: no scales"},
    {"remedy", ULP_COL_INTEGER, "1", "0: a failure; 1: something against it"},
    {"bytes_per_parameter", ULP_COL_NUMBER, "byte", "of m and v, with scales"},
    {"smaller_than_f32", ULP_COL_NUMBER, "1", "8 bytes over that"},
    {"over_bf16_parameters", ULP_COL_NUMBER, "1",
     "bytes_per_parameter over the 2 of a BF16 parameter"},
    {"model_gigabytes", ULP_COL_NUMBER, "GB",
     "m and v of --parameters parameters, 10^9 bytes"},
    {"model_gigabytes_with_master", ULP_COL_NUMBER, "GB",
     "and the parameters in f32"},
    {"parameters", ULP_COL_INTEGER, "1", "simulated, whose v is above 0"},
    {"steps", ULP_COL_INTEGER, "step", "of Adam, from m = v = 0"},
    {"zeroed_m_fraction", ULP_COL_NUMBER, "1",
     "m kept as 0 at the end that are not"},
    {"zeroed_v_fraction", ULP_COL_NUMBER, "1", "v, likewise"},
    {"zeroed_once_fraction", ULP_COL_NUMBER, "1",
     "of the exact v at the end, brought to the format once"},
    {"zeroed_once_fraction_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval, from block to block; empty "
     "with one block"},
    {"given_zeroed_once_fraction", ULP_COL_NUMBER, "1",
     "expected for log-normal v, the greatest of each block given; empty where "
     "not known"},
    {"predicted_zeroed_once_fraction", ULP_COL_NUMBER, "1",
     "expected for log-normal v by order statistics of a block, nothing given"},
    {"v_ratio_half", ULP_COL_NUMBER, "1",
     "median of v over exact v after half of the steps"},
    {"v_ratio", ULP_COL_NUMBER, "1", "at the end"},
    {"v_stalled_fraction", ULP_COL_NUMBER, "1",
     "v that is at the end what it was after half of the steps"},
    {"stalled_v_ratio", ULP_COL_NUMBER, "1",
     "process stop: v_ratio_half / beta2^(steps / 2), what v_ratio is when v "
     "no longer decays; empty for steady"},
    {"update_error", ULP_COL_NUMBER, "1",
     "rms of the difference from the exact update m / (root of v + eps), over "
     "the rms of that, in the last quarter of the steps with gradients"},
    {"median_update_error", ULP_COL_NUMBER, "1",
     "median over parameters of the difference over the exact update"},
    {"beyond_bound_fraction", ULP_COL_NUMBER, "1",
     "updates greater than Adam's can be"},
    {"update_bound", ULP_COL_NUMBER, "1",
     "(1 - beta1) / root((1 - beta2) (1 - beta1^2 / beta2))"},
    {"greatest_update", ULP_COL_NUMBER, "1", "of these steps"},
    {"way_error", ULP_COL_NUMBER, "1",
     "rms of the difference of the sums of all updates, over that of the exact "
     "sums: where the weights end up"},
    {0}};

static const ulp_parameter parameters[] = {
    {"schemes", "", "separated by blanks; without it, all"},
    {"blocks", "64 256 2048",
     "elements that share a scale, separated by blanks"},
    {"widths", "0.5 1",
     "standard deviations of log10 of the gradients' scales, separated by "
     "blanks"},
    {"centre", "-4", "mean of log10 of these scales"},
    {"processes", "steady stop", "steady, stop, or both"},
    {"betas", "0.9:0.999", "of Adam; eps is 1e-8"},
    {"steps", "", "2 to 10^6; without it 256, --quick 48, --full 1024"},
    {"parameters", "70e9", "of the model in the columns of gigabytes"},
    {0}};

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  ulp_optimizer_cases *c = run->state = calloc(1, sizeof *c);
  if (!c)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_optimizer_cases_make(c, run, e);
  run->points = (int64_t)(c->gradient_count * c->process_count *
                          c->choice_count);
  return s;
}

static void release(ulp_run *run)
{
  if (run->state)
    ulp_optimizer_cases_free(run->state);
  free(run->state);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

static void print_sizes(ulp_text *row, const ulp_moments_kept *k, double model)
{
  double bytes = (k->m.bits + k->v.bits) / 8;
  ulp_csv_number(row, bytes);
  ulp_csv_number(row, 8 / bytes);
  ulp_csv_number(row, bytes / 2);
  ulp_csv_number(row, bytes * model / 1e9);
  ulp_csv_number(row, (bytes + 4) * model / 1e9);
}

static void print_moments(ulp_text *row, const ulp_adam_result *r,
                          const ulp_adam *a, double predicted)
{
  double decayed = 1;
  for (int64_t t = a->steps / 2; t < a->steps; t++)
    decayed *= a->beta2;
  ulp_csv_integer(row, r->moments);
  ulp_csv_integer(row, a->steps);
  ulp_csv_number(row, r->zeroed_m);
  ulp_csv_number(row, r->zeroed_v);
  ulp_csv_number(row, r->once);
  ulp_csv_number_if(row, r->once_ci95, !isnan(r->once_ci95));
  ulp_csv_number_if(row, r->once_given, !isnan(r->once_given));
  ulp_csv_number_if(row, predicted, predicted > 0);
  ulp_csv_number(row, r->ratio_half);
  ulp_csv_number(row, r->ratio);
  ulp_csv_number(row, r->stalled);
  ulp_csv_number_if(row, r->ratio_half / decayed, a->stops);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const ulp_optimizer_cases *st = run->state;
  const ulp_sweep sweep = {3, {st->gradient_count, st->process_count,
                               st->choice_count}};
  size_t at[ULP_AXES];
  ulp_sweep_at(&sweep, index, at);
  const ulp_gradient_scales *g = &st->gradients[at[0]];
  const ulp_moment_choice *c = &st->choices[at[2]];
  ulp_adam a = st->adam;
  ulp_moments_kept kept;
  ulp_adam_result r;
  a.stops = st->stops[at[1]];
  ulp_status s =
      ulp_moments_make(&kept, c->kind, c->block, g->count, run->seed, e);
  double threshold = s == ULP_OK ? ulp_moments_threshold(&kept) : 0;
  const ulp_adam_parameters p = {
      g->scale, g->count, {st->centre, g->width}};
  if (s == ULP_OK)
    s = ulp_adam_run(&r, &a, &kept, &p, threshold, e);
  if (s != ULP_OK)
    return s;
  /* v goes with the square of the gradients */
  double width = kept.root ? g->width : 2 * g->width;
  int64_t block = c->block < g->count ? c->block : g->count;
  ulp_csv_string(row, g->name);
  ulp_csv_number_if(row, g->width, g->width > 0);
  ulp_csv_string(row, a.stops ? "stop" : "steady");
  ulp_csv_string(row, c->kind->name);
  ulp_csv_integer(row, kept.block);
  ulp_csv_integer(row, !c->kind->failure);
  print_sizes(row, &kept, st->model);
  print_moments(row, &r, &a, ulp_zeroed_in_blocks(width, block, threshold));
  ulp_csv_number(row, r.update_error);
  ulp_csv_number(row, r.median_error);
  ulp_csv_number(row, r.beyond);
  ulp_csv_number(row, ulp_adam_bound(&a));
  ulp_csv_number(row, r.greatest);
  ulp_csv_number(row, r.way_error);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_optimizer_states = {
    .name = "optimizer_states",
    .question = "What do Adam's moments cost in 16 and 8 bits, which of them "
                "become 0 or stand still, and what do the updates lose?",
    .method =
        "Adam from m = v = 0 on 2^12 parameters (--full 2^13) whose gradients "
        "are random with a scale of their own each, log-normal over decades "
        "(or |x| of a tensor), for 256 steps (--quick 48, --full 1024), the "
        "moments rounded after each step, beside the same in f64.  Of the "
        "exact v the part that one rounding makes 0 stands beside the order "
        "statistics of a block.  Sizes are counted with scales.  The kernel's "
        "nudge of m by a code where its sign turned is left out.",
    .source = "arXiv:1412.6980 (Adam); arXiv:2110.02861 (8-bit optimizers); "
              "arXiv:2310.18313 (FP8-LM); arXiv:2412.19437, section 3.3.3; "
              "guide 4.5, 6.7",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
