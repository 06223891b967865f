/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/logits: the head and the embedding of a model quantized, and
 * logits stored in 16 bits.
 *
 * A point is a case.
 */
#include <math.h>
#include <stdlib.h>

#include "cases.h"
#include "logits_sweep.h"
#include "statistics.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"part", ULP_COL_STRING, "", "what is quantized: head or embedding"},
    {"weights", ULP_COL_STRING, "", "its quantizer, [vocabulary, channels]"},
    {"storage", ULP_COL_STRING, "", "format that logits are rounded to"},
    {"vocabulary", ULP_COL_INTEGER, "token", "rows of the head"},
    {"dim", ULP_COL_INTEGER, "1", "channels of a hidden state"},
    {"samples", ULP_COL_INTEGER, "1", "positions"},
    {"bits", ULP_COL_NUMBER, "bit", "a weight, scales counted; empty: exact"},
    {"weight_error", ULP_COL_NUMBER, "1", "rms error of weights over their "
     "rms"},
    {"logit_error", ULP_COL_NUMBER, "1", "rms error of logits"},
    {"logit_error_ci95", ULP_COL_NUMBER, "1",
     "half width of the 95 % confidence interval over positions"},
    {"predicted_logit_error", ULP_COL_NUMBER, "1",
     "from the mean square error of each weight channel, independent errors, "
     "and the spacing of the storage format at each logit"},
    {"median_margin", ULP_COL_NUMBER, "1",
     "of the exact greatest logit over the second"},
    {"flipped", ULP_COL_NUMBER, "1", "positions with another greatest logit, "
     "the first of equals"},
    {"flipped_low", ULP_COL_NUMBER, "1", "Wilson's 95 % interval, lower end"},
    {"flipped_high", ULP_COL_NUMBER, "1", "upper end"},
    {"predicted_flipped", ULP_COL_NUMBER, "1",
     "normal errors of the weights' predicted deviation given each position's "
     "32 greatest logits, and half the predicted ties"},
    {"widest_flip", ULP_COL_NUMBER, "1",
     "greatest exact margin that flipped; empty without flips"},
    {"top_set_changed", ULP_COL_NUMBER, "1",
     "positions whose --top greatest logits are other tokens"},
    {"top_set_low", ULP_COL_NUMBER, "1", "Wilson's interval"},
    {"top_set_high", ULP_COL_NUMBER, "1", "upper end"},
    {"tied", ULP_COL_NUMBER, "1",
     "positions whose greatest logit several tokens have"},
    {"predicted_tied", ULP_COL_NUMBER, "1",
     "1 - margin / spacing of the storage format, where that is above 0"},
    {"kl", ULP_COL_NUMBER, "nat", "KL(p || p') of the next token"},
    {"kl_ci95", ULP_COL_NUMBER, "nat", "half width"},
    {"predicted_kl", ULP_COL_NUMBER, "nat",
     "first order: half the variance under p of the predicted errors"},
    {"confidence_shift", ULP_COL_NUMBER, "1",
     "greatest probability less the exact one: calibration"},
    {"confidence_shift_ci95", ULP_COL_NUMBER, "1", "half width"},
    {0}};

static const ulp_parameter parameters[] = {
    {"heads", "",
     "WEIGHTS+STORAGE, WEIGHTS exact or a quantizer's text, STORAGE a format, "
     "separated by blanks; without it, a list"},
    {"embeddings", "exact+f32 e4m3/g=token+f32 int8sym/g=token+f32 "
                   "int4sym/g=group:32+f32 nf4@bitsandbytes+f32",
     "the same of the embedding, in front of an exact head; none: none"},
    {"vocabulary", "", "tokens; without it 32768, --quick 4096, --full 131072"},
    {"dim", "", "channels; without it 256, --quick 128"},
    {"positions", "", "without it 192, --quick 96"},
    {"share", "0.1",
     "part of a hidden state's power that comes from the embedding"},
    {"top", "10", "tokens that sampling takes into account, up to 32"},
    {0}};

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  logits_sweep *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return no_memory(e);
  ulp_status s = logits_parameters(st, run, e);
  run->points = (int64_t)st->case_count;
  return s;
}

static void release(ulp_run *run)
{
  logits_sweep *st = run->state;
  if (!st)
    return;
  ulp_lm_head_free(&st->head);
  free(st->cases);
  free(st);
  run->state = NULL;
}

/* ---- a row -------------------------------------------------------------- */

typedef struct {
  double predicted, flip_chance, tie_chance, predicted_kl; /* means */
  double flipped, set_changed, tied;                       /* counts */
  double widest;
  double *error, *kl, *shift; /* by position */
} head_row;

static void add_position(head_row *a, const logits_loss *l, int64_t t,
                         double n, double margin)
{
  a->error[t] = l->error;
  a->kl[t] = l->kl;
  a->shift[t] = l->shift;
  a->predicted += l->predicted / n;
  a->flip_chance += l->flip_chance / n;
  a->tie_chance += l->tie_chance / n;
  a->predicted_kl += l->predicted_kl / n;
  a->flipped += l->flipped;
  a->set_changed += l->set_changed;
  a->tied += l->tied;
  if (l->flipped)
    a->widest = fmax(a->widest, margin);
}

static void print_share(ulp_text *row, double k, double n)
{
  double low, high;
  ulp_wilson(k, n, &low, &high);
  ulp_csv_number(row, k / n);
  ulp_csv_number(row, low);
  ulp_csv_number(row, high);
}

static void print_interval(ulp_text *row, const double *x, size_t n)
{
  ulp_interval i = ulp_interval_of(x, n);
  ulp_csv_number(row, i.mean);
  ulp_csv_number(row, i.ci95);
}

static void print_row(ulp_text *row, const logits_sweep *st,
                      const logits_case *c, const logits_room *r,
                      const head_row *a)
{
  const ulp_lm_head *h = &st->head;
  const int64_t shape[2] = {h->vocab, h->dim};
  double n = (double)h->positions;
  size_t count = (size_t)h->positions;
  ulp_blocks b;
  ulp_error e;
  bool known = !c->exact && ulp_blocks_make(&b, &c->q.granularity, c->q.axis,
                                            2, shape, &e) == ULP_OK;
  ulp_csv_string(row, c->embedding ? "embedding" : "head");
  ulp_csv_string(row, c->weights);
  ulp_csv_string(row, c->storage.format.name);
  ulp_csv_integer(row, h->vocab);
  ulp_csv_integer(row, h->dim);
  ulp_csv_integer(row, h->positions);
  ulp_csv_number_if(row, known ? ulp_quantizer_bits(&c->q, &b) : 0, known);
  ulp_csv_number(row, sqrt(r->error2 / r->weight2));
  print_interval(row, a->error, count);
  ulp_csv_number(row, a->predicted);
  ulp_csv_number(row, st->median);
  print_share(row, a->flipped, n);
  ulp_csv_number(row, a->flip_chance);
  ulp_csv_number_if(row, a->widest, a->flipped > 0);
  print_share(row, a->set_changed, n);
  ulp_csv_number(row, a->tied / n);
  ulp_csv_number(row, a->tie_chance);
  print_interval(row, a->kl, count);
  ulp_csv_number(row, a->predicted_kl);
  print_interval(row, a->shift, count);
}

static ulp_status measure(const logits_sweep *st, const logits_case *c,
                          logits_room *r, head_row *a, ulp_error *e)
{
  const ulp_lm_head *h = &st->head;
  ulp_status s = logits_find(r, st, c, e);
  for (int64_t t = 0; s == ULP_OK && t < h->positions; t++) {
    logits_loss l = logits_compare(st, r, c, t);
    add_position(a, &l, t, (double)h->positions,
                 h->top[t][0] - h->top[t][1]);
  }
  return s;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const logits_sweep *st = run->state;
  const logits_case *c = &st->cases[index];
  size_t n = (size_t)st->head.positions;
  logits_room r = {.weights = NULL};
  double *fields = malloc(3 * n * sizeof *fields);
  head_row a = {.error = fields};
  ulp_status s = ULP_OK;
  if (fields && logits_room_make(&r, &st->head)) {
    a.kl = fields + n;
    a.shift = fields + 2 * n;
    s = measure(st, c, &r, &a, e);
    if (s == ULP_OK)
      print_row(row, st, c, &r, &a);
  } else {
    s = no_memory(e);
  }
  logits_room_free(&r);
  free(fields);
  return s;
}

const ulp_experiment ulp_experiment_logits = {
    .name = "logits",
    .question = "When does a quantized head or embedding, or a narrow logit, "
                "choose another token?",
    .method =
        "Draws a head and hidden states that lean to one row, and less to "
        "another (or takes a tensor as the head); quantizes the head, or the "
        "embedding, which it is tied to and which has a tenth of the hidden "
        "state's power; rounds the logits to their storage; and compares the "
        "greatest logits and the next token's distribution with exact ones.",
    .source = "the guide, 4.7 and the tenth of its mistakes; 16-bit logits: "
              "arXiv:2506.09501 (nondeterminism of greedy decoding in BF16)",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
