/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/snr: how much of a signal a format keeps.
 *
 * A point is a source (distribution or tensor) and either a format with a
 * scale rule or a quantizer.
 */
#include <math.h>
#include <stdlib.h>

#include "snr.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"distribution", ULP_COL_STRING, "",
     "name of the distribution, or of the tensor under --tensor"},
    {"format", ULP_COL_STRING, "",
     "format of the elements, or the quantizer as --quantizers has it"},
    {"profile", ULP_COL_STRING, "",
     "whose arithmetic a quantizer follows; empty for formats"},
    {"granularity", ULP_COL_STRING, "",
     "which elements share a scale: tensor, group:N, ..."},
    {"format_bits", ULP_COL_INTEGER, "bit",
     "size of a code; empty for packed blocks"},
    {"bits_per_element", ULP_COL_NUMBER, "bit",
     "size of a code and its share of the scales, zero points and global "
     "scale"},
    {"scale_rule", ULP_COL_STRING, "",
     "how the scale was chosen: amax, mse, percentile:P, ...; own: as the "
     "quantizer does"},
    {"scale", ULP_COL_NUMBER, "1",
     "x is encoded as x / scale; empty for quantizers"},
    {"samples", ULP_COL_INTEGER, "1", "finite elements measured"},
    {"snr_db", ULP_COL_NUMBER, "dB",
     "10 log10(sum x^2 / sum (y - x)^2), y the decoded value; INF when every "
     "y equals its x"},
    {"snr_db_ci95", ULP_COL_NUMBER, "dB",
     "half width of the 95 % confidence interval of snr_db, delta method, for "
     "independent elements"},
    {"theory_snr_db", ULP_COL_NUMBER, "dB",
     "expected SNR of the distribution in this format at this scale, by "
     "integrating its density over the rounding cells; formats of up to 8 "
     "bits; empty where not computed"},
    {"bias", ULP_COL_NUMBER, "1", "mean of y - x"},
    {"bias_ci95", ULP_COL_NUMBER, "1",
     "half width of the 95 % confidence interval of bias"},
    {"rmse", ULP_COL_NUMBER, "1", "square root of the mean of (y - x)^2"},
    {"clipped_fraction", ULP_COL_NUMBER, "1",
     "elements that saturation, not rounding, brought into the range; empty "
     "for packed blocks"},
    {"flushed_fraction", ULP_COL_NUMBER, "1",
     "elements that are not 0 and became 0"},
    {"clipped_noise_share", ULP_COL_NUMBER, "1",
     "part of the squared error that is due to clipped elements; empty for "
     "packed blocks"},
    {"amax", ULP_COL_NUMBER, "1", "greatest |x| of the finite elements"},
    {"pareto", ULP_COL_INTEGER, "1",
     "1: no other row of this distribution has as few bits and as high an "
     "SNR and is better in one of the two; else 0"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "",
     "names of formats, separated by blanks; without it and --quantizers, "
     "every signed format of up to 16 bits in the table"},
    {"quantizers", "",
     "quantizers (NAME@PROFILE/KEY=VALUE, or ggml's blocks), separated by "
     "blanks; without it and --formats, some of every family"},
    {"scale-rules", "amax mse percentile:99.9",
     "rules that choose the scale, separated by blanks"},
    {"distributions", "",
     "names of distributions, separated by blanks; without it, all"},
    {0}};

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  ulp_snr_sweep *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_snr_read_lists(st, run, e);
  if (s == ULP_OK)
    s = ulp_sources(&st->sources, &st->source_count, run, e);
  if (s != ULP_OK)
    return s;
  run->points = (int64_t)(st->source_count * ulp_snr_points_of_source(st));
  return ulp_snr_measure(st, run, e);
}

static void release(ulp_run *run)
{
  if (run->state)
    ulp_snr_sweep_free(run->state);
  free(run->state);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

static void print_number(ulp_text *row, double v, bool known)
{
  if (known)
    ulp_csv_number(row, v);
  else
    ulp_csv_empty(row);
}

static void print_place(ulp_text *row, const ulp_snr_place *at,
                        const ulp_snr_result *r)
{
  char rule[64] = "own", granularity[64] = "tensor";
  const ulp_storage *s = at->storage;
  ulp_csv_string(row, at->source->name);
  ulp_csv_string(row, s ? s->text : at->format->name);
  ulp_csv_string(row, s ? s->profile : "");
  if (s)
    ulp_storage_granularity(s, granularity, sizeof granularity);
  else
    ulp_scale_format(at->rule, rule, sizeof rule);
  ulp_csv_string(row, granularity);
  if (s && s->packed)
    ulp_csv_empty(row);
  else
    ulp_csv_integer(row, s ? s->q.element.bits : at->format->bits);
  ulp_csv_number(row, r->loss.bits);
  ulp_csv_string(row, rule);
  print_number(row, r->scale, !s);
}

static void print_errors(ulp_text *row, const ulp_snr_place *at,
                         const ulp_snr_result *result)
{
  ulp_error_report r = ulp_error_sums_report(&result->loss.sums);
  bool fits = result->loss.fits;
  bool clips = fits && !(at->storage && at->storage->packed);
  double theory = at->storage || at->source->tensor
                      ? NAN
                      : ulp_snr_theory(at->format, result->scale,
                                       at->source->name);
  ulp_csv_integer(row, (int64_t)result->loss.sums.count);
  print_number(row, r.snr_db, fits);
  print_number(row, r.snr_db_ci95, fits);
  print_number(row, theory, !isnan(theory));
  print_number(row, r.bias, fits);
  print_number(row, r.bias_ci95, fits);
  print_number(row, r.rmse, fits);
  print_number(row, r.clipped, clips);
  print_number(row, r.flushed, fits);
  print_number(row, r.clipped_noise_share, clips);
  ulp_csv_number(row, result->amax);
  ulp_csv_integer(row, result->pareto);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const ulp_snr_sweep *st = run->state;
  ulp_snr_place at = ulp_snr_place_of(st, index);
  (void)e;
  print_place(row, &at, &st->result[index]);
  print_errors(row, &at, &st->result[index]);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_snr = {
    .name = "snr",
    .question = "How much signal does each format and quantizer keep, for each "
                "distribution and choice of scale, and at how many bits?",
    .method =
        "Draws f32 samples (2^20 of each distribution; --quick 2^14, --full "
        "2^23), or reads the tensors of a file (all elements; --quick the "
        "first 2^14), chooses one scale for the whole tensor, encodes "
        "x / scale to nearest even with saturation, decodes, and compares "
        "with the exact x.  Quantizers choose scales as their profile does, "
        "of samples in rows of 4096.  All see the same numbers.  A quantizer "
        "that does not take a tensor's shape has a row with 0 samples.  The "
        "Pareto front needs all points, so each shard measures them all.",
    .source = "High-resolution theory of quantization: W. R. Bennett, Spectra "
              "of Quantized Signals, Bell Syst. Tech. J. 27, 1948; J. Max, "
              "Quantizing for Minimum Distortion, IRE Trans. IT-6, 1960; the "
              "quantizers: OCP MX v1.0, arXiv:2509.25149 (NVFP4), "
              "arXiv:2512.02010 (Four Over Six), arXiv:2305.14314 (NF4), ggml",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
