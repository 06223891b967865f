/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/master_weights: which updates a narrow weight does not notice.
 *
 * A point is a format, a weight (or many), a direction, an update, and a way
 * to keep the weight, which varies fastest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "weight_updates.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"format", ULP_COL_STRING, "", "format of the weights"},
    {"weight", ULP_COL_STRING, "",
     "the weight; gaussian:S, many with the standard deviation S; or the "
     "tensor under --tensor; rounded to the format to begin with"},
    {"direction", ULP_COL_STRING, "", "up: away from 0; down: toward it"},
    {"scheme", ULP_COL_STRING, "",
     "how the weight is kept: rounded after each update by this mode, or "
     "master: in f32, of which the format sees a copy"},
    {"remedy", ULP_COL_INTEGER, "1", "0: to nearest, without a master; else 1"},
    {"update", ULP_COL_NUMBER, "1", "size of each update, an f32"},
    {"relative_update", ULP_COL_NUMBER, "1",
     "over the weight, or over the root mean square of many"},
    {"weights", ULP_COL_INTEGER, "1",
     "weights updated; of one weight the runs, each with its own draws"},
    {"lost_fraction", ULP_COL_NUMBER, "1",
     "weights that the first update left as they were"},
    {"lost_fraction_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval, binomial"},
    {"predicted_lost_fraction", ULP_COL_NUMBER, "1",
     "exact, from the gaps of the format, and of many the probability of "
     "each; empty for tensors"},
    {"least_update_kept", ULP_COL_NUMBER, "1",
     "the least f32 that changes the weight, found by bisection; empty for "
     "many and where chance decides"},
    {"predicted_least_update_kept", ULP_COL_NUMBER, "1",
     "half the gap on that side where the weight's code is odd (a tie leaves "
     "it), else the next f32 above"},
    {"least_relative_update_kept", ULP_COL_NUMBER, "1",
     "least_update_kept over the weight: from 2^-p to 2^1-p with p bits of "
     "significand, by the place in the binade"},
    {"steps", ULP_COL_INTEGER, "1",
     "updates made: as many as asked, or until they sum up to half the weight"},
    {"gain", ULP_COL_NUMBER, "1",
     "mean way that the weights went, over the sum of the updates: 0 when they "
     "are lost, 1 when they arrive"},
    {"gain_ci95", ULP_COL_NUMBER, "1",
     "half width of its 95 % confidence interval"},
    {"predicted_gain", ULP_COL_NUMBER, "1",
     "exact expectation: of one weight a Markov chain over the values of the "
     "format; of many 1 under sr and empty under others; of a master 1"},
    {"predicted_deviation", ULP_COL_NUMBER, "1",
     "standard deviation of one weight's gain, from the same chain"},
    {"stalled_fraction", ULP_COL_NUMBER, "1",
     "weights that are what they were after half of the steps"},
    {"z", ULP_COL_NUMBER, "1",
     "standard errors between gain and predicted_gain; empty where nothing is "
     "left to chance or predicted"},
    {0}};

static const ulp_parameter parameters[] = {
    {"formats", "bf16 f16",
     "formats of the weights, of up to 16 bits, separated by blanks"},
    {"weights", "1 1.25 1.5 1.9921875 gaussian:0.02",
     "weights, numbers above 0 or gaussian:S, separated by blanks"},
    {"directions", "up down", "up, down, or both"},
    {"updates", "0x1.8p-8 0x1p-8 0x1.8p-9 0x1p-9 0x1p-10 0x1p-12 0x1p-14",
     "sizes relative to the weight, separated by blanks"},
    {"schemes", "rne sr sr:8B master",
     "rounding modes, or master, separated by blanks"},
    {0}};

typedef struct {
  ulp_gaps *gaps; /* [2 format + negative] */
  ulp_weights *weights;
  double *updates;
  ulp_mode_word *schemes; /* mode RNE, word "master": of a master */
  bool down[2];
  size_t format_count, weight_count, direction_count, update_count,
      scheme_count;
} state;

/* ---- parameters --------------------------------------------------------- */

static ulp_status read_direction(void *data, size_t i, const char *word,
                                 ulp_error *e)
{
  state *st = data;
  bool down = strcmp(word, "down") == 0;
  if (i >= 2 || (!down && strcmp(word, "up") != 0))
    return ulp_error_set(e, ULP_EINVAL, "--directions: '%.40s': expected up, "
                         "down, or both", word);
  st->down[i] = down;
  st->direction_count = i + 1;
  return ULP_OK;
}

static ulp_status read_update(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  state *st = data;
  char *end;
  double x = strtod(word, &end);
  if (*end || !(x >= 0x1p-20 && x <= 0.5))
    return ulp_error_set(e, ULP_EINVAL, "--updates: '%.40s': expected numbers "
                         "from 0x1p-20 to 0.5", word);
  st->updates[i] = x;
  return ULP_OK;
}

static ulp_status read_scheme(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  state *st = data;
  if (strcmp(word, "master") != 0)
    return ulp_mode_word_read(&st->schemes[i], word, e);
  st->schemes[i] = (ulp_mode_word){.word = "master"};
  return ULP_OK;
}

static ulp_status read_lists(state *st, const ulp_run *run, ulp_error *e)
{
  const char *updates = ulp_run_parameter(run, "updates");
  const char *schemes = ulp_run_parameter(run, "schemes");
  ulp_status s = ulp_gaps_read(&st->gaps, &st->format_count,
                               ulp_run_parameter(run, "formats"), e);
  st->update_count = ulp_words_count(updates);
  st->scheme_count = ulp_words_count(schemes);
  st->updates = calloc(st->update_count + 1, sizeof *st->updates);
  st->schemes = calloc(st->scheme_count + 1, sizeof *st->schemes);
  if (s == ULP_OK && (!st->updates || !st->schemes))
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s == ULP_OK)
    s = ulp_words_read(updates, read_update, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(schemes, read_scheme, st, e);
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "directions"), read_direction,
                       st, e);
  return s;
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  ulp_status s = read_lists(st, run, e);
  if (s == ULP_OK)
    s = ulp_weights_read(&st->weights, &st->weight_count, run, e);
  for (size_t i = 0; s == ULP_OK && i < st->format_count; i++)
    s = ulp_weights_check(st->weights, st->weight_count, &st->gaps[2 * i], e);
  run->points = (int64_t)(st->format_count * st->weight_count *
                          st->direction_count * st->update_count *
                          st->scheme_count);
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_gaps_free_all(st->gaps, st->format_count);
  ulp_weights_free(st->weights, st->weight_count);
  free(st->updates);
  free(st->schemes);
  free(st);
  run->state = NULL;
}

/* ---- rows --------------------------------------------------------------- */

static void print_threshold(ulp_text *row, const ulp_update_case *c)
{
  bool known = c->weights->count == 1 && c->rounding.mode != ULP_SR;
  double least = known ? ulp_least_update(c) : 0;
  ulp_csv_number_if(row, least, known);
  ulp_csv_number_if(row, known ? ulp_predict_least_update(c) : 0,
                    known && c->rounding.mode == ULP_RNE);
  ulp_csv_number_if(row, least / c->weights->rms, known);
}

static void print_way(ulp_text *row, const ulp_update_case *c,
                      const ulp_update_result *r,
                      const ulp_update_prediction *p)
{
  double error = r->deviation / sqrt((double)r->count);
  if (p->deviation_known)
    error = p->deviation / sqrt((double)r->count);
  ulp_csv_integer(row, c->steps);
  ulp_csv_number(row, r->gain);
  ulp_csv_number(row, 1.959963984540054 * r->deviation /
                          sqrt((double)r->count));
  ulp_csv_number_if(row, p->gain, p->gain_known);
  ulp_csv_number_if(row, p->deviation, p->deviation_known);
  ulp_csv_number(row, r->stalled);
  ulp_csv_number_if(row, (r->gain - p->gain) / error,
                    p->gain_known && error > 0 && !c->master);
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_sweep sweep = {5, {st->format_count, st->weight_count,
                               st->direction_count, st->update_count,
                               st->scheme_count}};
  size_t at[ULP_AXES];
  ulp_sweep_at(&sweep, index, at);
  const ulp_weights *w = &st->weights[at[1]];
  const ulp_mode_word *m = &st->schemes[at[4]];
  ulp_update_case c = {.gaps = &st->gaps[2 * at[0]],
                       .weights = w,
                       .down = st->down[at[2]],
                       .master = strcmp(m->word, "master") == 0,
                       .rounding = m->rounding};
  ulp_update_result r;
  ulp_update_prediction p;
  char text[256];
  ulp_update_set(&c, st->updates[at[3]], run->effort);
  (void)snprintf(text, sizeof text, "master_weights %s %.60s %d %a %s",
                 c.gaps->format.name, w->name, c.down, st->updates[at[3]],
                 m->word);
  c.rounding.overflow = ULP_OVERFLOW_SATURATE;
  c.rounding.seed = run->seed;
  c.rounding.stream = ulp_text_stream(text);
  ulp_status s = ulp_update_run(&r, &c, run->effort);
  if (s == ULP_OK)
    s = ulp_update_predict(&p, &c);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s: %s", text, ulp_strerror(s));
  double n = (double)r.count;
  ulp_csv_string(row, c.gaps->format.name);
  ulp_csv_string(row, w->name);
  ulp_csv_string(row, c.down ? "down" : "up");
  ulp_csv_string(row, m->word);
  ulp_csv_integer(row, c.master || c.rounding.mode != ULP_RNE);
  ulp_csv_number(row, c.update);
  ulp_csv_number(row, c.update / w->rms);
  ulp_csv_integer(row, r.count);
  ulp_csv_number(row, r.lost);
  ulp_csv_number(row, 1.959963984540054 * sqrt(r.lost * (1 - r.lost) / n));
  ulp_csv_number_if(row, p.lost, p.lost_known);
  print_threshold(row, &c);
  print_way(row, &c, &r, &p);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_master_weights = {
    .name = "master_weights",
    .question = "Which updates does a weight in BF16 not notice, and what do "
                "stochastic rounding and a master copy save?",
    .method =
        "Adds the same small update to a weight again and again and rounds it "
        "after each, to nearest or stochastically, or keeps it in f32; up to "
        "2^10 updates (--quick 2^8, --full 2^12), 256 runs where chance "
        "decides (--quick 64, --full 1024).  The least update that changes a "
        "weight is found by bisection over f32, beside half the gap; the "
        "expectation of many updates is exact, a Markov chain over the values "
        "of the format.  The same for many weights, normal or a tensor's: "
        "Adam's update is about the learning rate whatever the weight, so the "
        "large ones lose it first.",
    .source = "arXiv:1710.03740, section 3.1 (master weights); "
              "arXiv:2010.06192 (BF16 with stochastic rounding); M. Croci et "
              "al., R. Soc. Open Sci. 9(3), 2022 (stagnation); guide 6.2",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
