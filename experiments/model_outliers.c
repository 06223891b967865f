/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/model_outliers: the channels and tokens of what a language
 * model's products multiply, and what they do to 8-bit formats.
 *
 * A point is a layer and a place, which varies fastest; the head is the last.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "parameters.h"
#include "model_activations.h"
#include "model_pass.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"layer", ULP_COL_INTEGER, "1", "from 0; of the head the number of layers"},
    {"place", ULP_COL_STRING, "", "the matrices that multiply it"},
    {"windows", ULP_COL_INTEGER, "1",
     "stretches of the text; the units of every interval"},
    {"tokens", ULP_COL_INTEGER, "1", "in all windows"},
    {"channels", ULP_COL_INTEGER, "1", "columns"},
    {"rms", ULP_COL_NUMBER, "1", "of all elements"},
    {"amax", ULP_COL_NUMBER, "1", "greatest magnitude"},
    {"amax_over_median", ULP_COL_NUMBER, "1",
     "over the median magnitude; of as many normal numbers 6 to 8"},
    {"kurtosis", ULP_COL_NUMBER, "1",
     "mean x^4 over the square of mean x^2, mean over windows; normal: 3"},
    {"kurtosis_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"channel_kurtosis", ULP_COL_NUMBER, "1",
     "the same with each channel divided by its rms: what is left is within "
     "channels"},
    {"channel_kurtosis_ci95", ULP_COL_NUMBER, "1", "half width"},
    {"channel_ratio", ULP_COL_NUMBER, "1",
     "greatest rms of a channel over the median one"},
    {"outlier_channels", ULP_COL_NUMBER, "1",
     "share whose amax is above --times the median channel's"},
    {"top_channel", ULP_COL_INTEGER, "1", "the one with amax"},
    {"token_ratio", ULP_COL_NUMBER, "1",
     "greatest amax of a token over the median one"},
    {"spiked_tokens", ULP_COL_NUMBER, "1",
     "share whose amax is above --times the median token's"},
    {"top_position", ULP_COL_INTEGER, "1", "in its window, of the one with "
                                           "amax; 0: the start token"},
    {"int8_tensor_snr_db", ULP_COL_NUMBER, "dB",
     "of a window in INT8, one scale: mean over windows"},
    {"int8_tensor_snr_db_ci95", ULP_COL_NUMBER, "dB", "half width"},
    {"e4m3_tensor_snr_db", ULP_COL_NUMBER, "dB", "in FP8 E4M3, one scale"},
    {"e4m3_tensor_snr_db_ci95", ULP_COL_NUMBER, "dB", "half width"},
    {"e4m3_gain_db", ULP_COL_NUMBER, "dB",
     "E4M3 over INT8, one scale each, mean of the windows' differences"},
    {"e4m3_gain_db_ci95", ULP_COL_NUMBER, "dB", "half width"},
    {"int8_token_snr_db", ULP_COL_NUMBER, "dB", "INT8, a scale a token"},
    {"int8_token_snr_db_ci95", ULP_COL_NUMBER, "dB", "half width"},
    {"e4m3_token_gain_db", ULP_COL_NUMBER, "dB",
     "E4M3 over INT8, a scale a token each"},
    {"e4m3_token_gain_db_ci95", ULP_COL_NUMBER, "dB", "half width"},
    {0}};

static const ulp_parameter parameters[] = {
    ULP_MODEL_PARAMETERS,
    {"times", "6", "the median amax, above which a channel or a token is an "
                   "outlier"},
    {0}};

static const ulp_model_sizes sizes = {{2, 8, 16}, {64, 256, 512}};
static const char *const place_names[] = {"q k v", "o", "gate up", "down"};
enum { INT8_TENSOR, E4M3_TENSOR, INT8_TOKEN, E4M3_TOKEN, QUANTIZERS };
static const char *const quantizer_text[QUANTIZERS] = {
    "int8/g=tensor/rule=amax", "e4m3/g=tensor/rule=amax",
    "int8/g=token/rule=amax", "e4m3/g=token/rule=amax"};

typedef struct {
  ulp_model_case model;
  ulp_activations activations;
  ulp_quantizer q[QUANTIZERS];
  double times;
} state;

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = ulp_number_parameter(&st->times, run, "times",
                                      ulp_from_to(1, 1e9), e);
  for (int i = 0; s == ULP_OK && i < QUANTIZERS; i++)
    s = ulp_quantizer_find(quantizer_text[i], &st->q[i], e);
  if (s == ULP_OK)
    s = ulp_model_case_open(&st->model, run, &sizes, e);
  if (s == ULP_OK)
    s = ulp_activations_make(&st->activations, &st->model, run->threads, e);
  run->points = s == ULP_OK ? st->activations.places : 0;
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_activations_free(&st->activations);
  ulp_model_case_close(&st->model);
  free(st);
  run->state = NULL;
}

static void print_summary(ulp_text *row, const state *st, int64_t place,
                          const ulp_activation_summary *m)
{
  ulp_csv_integer(row, st->model.windows);
  ulp_csv_integer(row, m->tokens);
  ulp_csv_integer(row, m->channels);
  ulp_csv_number(row, m->rms);
  ulp_csv_number(row, m->amax);
  ulp_csv_number(row, m->amax_median);
  ulp_csv_interval(row, ulp_activations_kurtosis(&st->activations, place,
                                                 false));
  ulp_csv_interval(row, ulp_activations_kurtosis(&st->activations, place,
                                                 true));
  ulp_csv_number(row, m->channel_ratio);
  ulp_csv_number(row, m->outlier_channels);
  ulp_csv_integer(row, m->top_channel);
  ulp_csv_number(row, m->token_ratio);
  ulp_csv_number(row, m->spiked_tokens);
  ulp_csv_integer(row, m->top_position);
}

static ulp_status print_formats(ulp_text *row, const state *st, int64_t place,
                                ulp_error *e)
{
  static const int pairs[][2] = {{INT8_TENSOR, QUANTIZERS},
                                 {E4M3_TENSOR, QUANTIZERS},
                                 {E4M3_TENSOR, INT8_TENSOR},
                                 {INT8_TOKEN, QUANTIZERS},
                                 {E4M3_TOKEN, INT8_TOKEN}};
  ulp_status s = ULP_OK;
  for (size_t i = 0; s == ULP_OK && i < sizeof pairs / sizeof pairs[0]; i++) {
    const ulp_quantizer *less =
        pairs[i][1] == QUANTIZERS ? NULL : &st->q[pairs[i][1]];
    ulp_interval db = {NAN, NAN};
    s = ulp_activations_snr(&db, &st->activations, place, &st->q[pairs[i][0]],
                            less, e);
    ulp_csv_interval(row, db);
  }
  return s;
}

static ulp_status point(const ulp_run *run, int64_t i, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  bool head = i == st->activations.places - 1;
  ulp_activation_summary m;
  ulp_status s = ulp_activations_summarize(&m, &st->activations, i, st->times,
                                           e);
  if (s != ULP_OK)
    return s;
  ulp_csv_integer(row, i / ULP_INPUTS);
  ulp_csv_string(row, head ? "head" : place_names[i % ULP_INPUTS]);
  print_summary(row, st, i, &m);
  return print_formats(row, st, i, e);
}

const ulp_experiment ulp_experiment_model_outliers = {
    .name = "model_outliers",
    .question = "Where does a language model have outlier channels and token "
                "spikes, and which 8-bit format bears them?",
    .method =
        "Windows of held-out text under --reference; the inputs of every "
        "product kept and summed up by channel and by token, then quantized "
        "in INT8 and FP8 E4M3 with one scale a window and one a token.",
    .source =
        "Outlier channels: Dettmers et al., LLM.int8() (arXiv:2208.07339), "
        "sections 3 and 4; massive activations: Sun et al. (arXiv:2402.17762); "
        "kurtosis: Bondarenko et al. (arXiv:2306.12929), section 3; guide: "
        "outliers.",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = false,
    .prepare = prepare,
    .point = point,
    .release = release,
};
