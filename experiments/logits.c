/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/logits: the head and the embedding of a model quantized, and
 * logits stored in 16 bits.
 *
 * A point is a case.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "logits_data.h"
#include "model.h"
#include "normal.h"
#include "words.h"

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
    {"dim", "", "channels; without it 256, --quick 128, --full 512"},
    {"positions", "", "without it 192, --quick 96, --full 256"},
    {"share", "0.1",
     "part of a hidden state's power that comes from the embedding"},
    {"top", "10", "tokens that sampling takes into account, up to 32"},
    {0}};

static const char default_heads[] =
    "exact+bf16 exact+f16 bf16/raw=1+f32 bf16/raw=1+bf16 f16/raw=1+f32 "
    "e4m3+f32 e4m3/g=channel+f32 mxfp8@ocp+f32 int8sym+f32 "
    "int8sym/g=channel+f32 int8sym/g=channel+bf16 int8sym/g=group:64+f32 "
    "int4sym/g=channel+f32 int4sym/g=group:128+f32 int4sym/g=group:32+f32 "
    "nf4@bitsandbytes+f32 mxfp4@ocp+f32 nvfp4@te+f32";

enum { BLOCK = 256 };

typedef struct {
  bool embedding, exact;
  ulp_quantizer q;
  ulp_step storage;
  char weights[160];
} head_case;

typedef struct {
  head_case *cases;
  size_t case_count;
  bool embedding; /* while words are read */
  const char *parameter;
  ulp_lm_head head;
  double share, median;
  int64_t top;
} state;

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- parameters --------------------------------------------------------- */

static ulp_status add_case(void *data, size_t i, const char *word,
                           ulp_error *e)
{
  state *st = data;
  const char *plus = strrchr(word, '+');
  head_case *c = &st->cases[st->case_count];
  ulp_error why;
  (void)i;
  if (!plus || strlen(word) >= sizeof c->weights)
    return ulp_error_set(e, ULP_EINVAL, "--%s: '%.80s': expected "
                         "WEIGHTS+STORAGE", st->parameter, word);
  *c = (head_case){.embedding = st->embedding};
  snprintf(c->weights, sizeof c->weights, "%.*s", (int)(plus - word), word);
  c->exact = strcmp(c->weights, "exact") == 0;
  ulp_status s = c->exact ? ULP_OK
                          : ulp_quantizer_find(c->weights, &c->q, &why);
  if (s == ULP_OK)
    s = ulp_step_make(&c->storage, plus + 1, NULL, &why);
  st->case_count++;
  return s == ULP_OK
             ? s
             : ulp_error_set(e, s, "--%s: %.500s", st->parameter, why.text);
}

static ulp_status read_cases(state *st, const ulp_run *run, ulp_error *e)
{
  const char *heads = ulp_run_parameter(run, "heads");
  const char *embeddings = ulp_run_parameter(run, "embeddings");
  if (ulp_words_count(heads) == 0)
    heads = default_heads;
  if (strcmp(embeddings, "none") == 0)
    embeddings = "";
  size_t n = ulp_words_count(heads) + ulp_words_count(embeddings);
  st->cases = calloc(n, sizeof *st->cases);
  if (!st->cases)
    return no_memory(e);
  st->parameter = "heads";
  ulp_status s = ulp_words_read(heads, add_case, st, e);
  st->embedding = true;
  st->parameter = "embeddings";
  return s == ULP_OK ? ulp_words_read(embeddings, add_case, st, e) : s;
}

static ulp_status read_whole(int64_t *out, const char *name,
                             const ulp_run *run, const int64_t value[3],
                             int64_t least, int64_t most, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, name);
  char *end;
  *out = value[run->effort];
  if (!*text)
    return ULP_OK;
  *out = strtoll(text, &end, 10);
  return !*end && *out >= least && *out <= most
             ? ULP_OK
             : ulp_error_set(e, ULP_EINVAL, "--%s '%.40s': expected a whole "
                             "number from %lld to %lld", name, text,
                             (long long)least, (long long)most);
}

static ulp_status read_share(state *st, const ulp_run *run, ulp_error *e)
{
  const char *text = ulp_run_parameter(run, "share");
  char *end;
  st->share = strtod(text, &end);
  return *text && !*end && st->share > 0 && st->share <= 1
             ? ULP_OK
             : ulp_error_set(e, ULP_EINVAL, "--share '%.40s': expected a "
                             "number above 0, up to 1", text);
}

/* The one tensor of a file, or the one named. */
static ulp_status read_tensor(float **weights, int64_t *vocab, int64_t *dim,
                              const ulp_run *run, ulp_error *e)
{
  enum { SOME = 1024 };
  double x[SOME];
  const ulp_tensor *t = run->tensor;
  if (!t && ulp_file_tensor_count(run->file) == 1)
    t = ulp_file_tensor(run->file, 0);
  if (!t || t->ndim != 2 || t->shape[0] <= ULP_RIVALS || t->shape[1] < 1)
    return ulp_error_set(e, ULP_EFORMAT, "%.200s: expected a head "
                         "[vocabulary, channels] of more than %d tokens; "
                         "FILE:NAME names one tensor of several",
                         ulp_file_path(run->file), ULP_RIVALS);
  *vocab = t->shape[0];
  *dim = t->shape[1];
  *weights = malloc((size_t)t->count * sizeof **weights);
  if (!*weights)
    return no_memory(e);
  for (int64_t i = 0; i < t->count; i += SOME) {
    int64_t n = t->count - i < SOME ? t->count - i : SOME;
    ulp_tensor_read_f64(t, x, i, n);
    for (int64_t k = 0; k < n; k++) {
      (*weights)[i + k] = (float)x[k];
      if (!isfinite(x[k]))
        return ulp_error_set(e, ULP_EFORMAT, "%.200s: expected finite weights",
                             ulp_file_path(run->file));
    }
  }
  return ULP_OK;
}

static int by_value(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static ulp_status find_median(state *st, ulp_error *e)
{
  size_t n = (size_t)st->head.positions;
  double *margin = malloc(n * sizeof *margin);
  if (!margin)
    return no_memory(e);
  for (size_t t = 0; t < n; t++)
    margin[t] = st->head.top[t][0] - st->head.top[t][1];
  qsort(margin, n, sizeof *margin, by_value);
  st->median = (margin[(n - 1) / 2] + margin[n / 2]) / 2;
  free(margin);
  return ULP_OK;
}

static ulp_status make_head(state *st, const ulp_run *run, ulp_error *e)
{
  static const int64_t vocabs[] = {4096, 32768, 131072};
  static const int64_t dims[] = {128, 256, 512}, positions[] = {96, 192, 256};
  int64_t vocab = 0, dim = 0, count = 0;
  float *weights = NULL;
  ulp_status s = read_whole(&vocab, "vocabulary", run, vocabs, ULP_RIVALS + 1,
                            1 << 24, e);
  if (s == ULP_OK)
    s = read_whole(&dim, "dim", run, dims, 2, 1 << 20, e);
  if (s == ULP_OK)
    s = read_whole(&count, "positions", run, positions, 2, 1 << 20, e);
  if (s == ULP_OK && run->file)
    s = read_tensor(&weights, &vocab, &dim, run, e);
  if (s != ULP_OK) {
    free(weights);
    return s;
  }
  return ulp_lm_head_make(&st->head, vocab, dim, count, weights, run->seed,
                          run->threads) == ULP_OK
             ? find_median(st, e)
             : no_memory(e);
}

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const int64_t ten[] = {10, 10, 10};
  state *st = run->state = calloc(1, sizeof *st);
  if (!st)
    return no_memory(e);
  ulp_status s = read_cases(st, run, e);
  if (s == ULP_OK)
    s = read_whole(&st->top, "top", run, ten, 1, ULP_RIVALS, e);
  if (s == ULP_OK)
    s = read_share(st, run, e);
  if (s == ULP_OK)
    s = make_head(st, run, e);
  run->points = (int64_t)st->case_count;
  return s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (!st)
    return;
  ulp_lm_head_free(&st->head);
  free(st->cases);
  free(st);
  run->state = NULL;
}

/* ---- quantized ---------------------------------------------------------- */

typedef struct {
  float *weights;  /* as quantized */
  double *hidden;  /* what the embedding's errors leave */
  double *logits;  /* [positions, vocab] */
  double *channel; /* mean square error of weights, by channel */
  double error2, weight2; /* means over all weights */
} head_room;

static bool make_room(head_room *r, const ulp_lm_head *h)
{
  size_t dim = (size_t)h->dim, vocab = (size_t)h->vocab;
  size_t n = (size_t)h->positions;
  r->weights = malloc(vocab * dim * sizeof *r->weights);
  r->hidden = malloc(n * dim * sizeof *r->hidden);
  r->logits = malloc(n * vocab * sizeof *r->logits);
  r->channel = calloc(dim, sizeof *r->channel);
  return r->weights && r->hidden && r->logits && r->channel;
}

static void free_room(head_room *r)
{
  free(r->weights);
  free(r->hidden);
  free(r->logits);
  free(r->channel);
}

static ulp_status quantize(head_room *r, const ulp_lm_head *h,
                           const head_case *c, ulp_error *e)
{
  const int64_t shape[2] = {h->vocab, h->dim};
  int64_t n = h->vocab * h->dim;
  ulp_status s = ULP_OK;
  memcpy(r->weights, h->weights, (size_t)n * sizeof *r->weights);
  if (!c->exact)
    s = ulp_quantizer_values(&c->q, 2, shape, r->weights, h->weights, 0, e);
  for (int64_t i = 0; s == ULP_OK && i < n; i++) {
    double d = (double)r->weights[i] - (double)h->weights[i];
    r->channel[i % h->dim] += d * d / (double)h->vocab;
  }
  for (int64_t k = 0; k < h->dim; k++)
    r->error2 += r->channel[k] / (double)h->dim;
  r->weight2 = h->rms * h->rms;
  return s;
}

/* A hidden state has the embedding e of its input with a given share of its
 * power; what is added is that part's error. */
static void disturb_hidden(head_room *r, const ulp_lm_head *h, double share)
{
  for (int64_t t = 0; t < h->positions; t++) {
    const float *e = h->weights + h->input[t] * h->dim;
    const float *q = r->weights + h->input[t] * h->dim;
    double e2 = 0, h2 = 0;
    for (int64_t c = 0; c < h->dim; c++) {
      double x = h->hidden[t * h->dim + c];
      e2 += (double)e[c] * (double)e[c];
      h2 += x * x;
    }
    double by = e2 > 0 ? sqrt(share * h2 / e2) : 0;
    for (int64_t c = 0; c < h->dim; c++)
      r->hidden[t * h->dim + c] = h->hidden[t * h->dim + c] +
                                  by * ((double)q[c] - (double)e[c]);
  }
}

static bool find_logits(head_room *r, const ulp_lm_head *h, const head_case *c)
{
  double *work = malloc((size_t)(BLOCK * h->dim) * sizeof *work);
  double *out = malloc((size_t)(BLOCK * h->positions) * sizeof *out);
  bool room = work && out;
  for (int64_t first = 0; room && first < h->vocab; first += BLOCK) {
    int64_t n = h->vocab - first < BLOCK ? h->vocab - first : BLOCK;
    ulp_lm_head_block(out, h, c->embedding ? r->hidden : h->hidden,
                      c->embedding ? h->weights : r->weights, first, n, work);
    for (int64_t t = 0; t < h->positions; t++)
      ulp_step_round_array(&c->storage, r->logits + t * h->vocab + first,
                           out + t * n, (size_t)n, 0);
  }
  free(work);
  free(out);
  return room;
}

/* ---- one position ------------------------------------------------------- */

typedef struct {
  double error, predicted, flip_chance, tie_chance, kl, predicted_kl, shift;
  bool flipped, set_changed, tied;
} position_loss;

/* Of the format at x; infinite above its range. */
static double spacing(const ulp_step *s, double x)
{
  int k;
  const ulp_format *f = &s->format;
  if (f->kind != ULP_FLOAT || f->man_bits == 52)
    return 0;
  (void)frexp(fmax(fabs(x), ulp_min_normal(f)), &k);
  return ldexp(1, k - 1 - f->man_bits);
}

/* Uniform in a spacing, so the power is its square / 12. */
static double rounding_power(const ulp_step *s, double x)
{
  double u = spacing(s, x);
  return u * u / 12;
}

static double storage_power(const ulp_lm_head *h, const ulp_step *s, int64_t t)
{
  const double *x = h->logits + t * h->vocab;
  double sum = 0;
  for (int64_t v = 0; v < h->vocab; v++)
    sum += rounding_power(s, x[v]);
  return sum / (double)h->vocab;
}

/* Independent errors of weights; or, of the embedding, of the hidden state. */
static double weight_power(const state *st, const head_room *r,
                           const head_case *c, int64_t t)
{
  const ulp_lm_head *h = &st->head;
  const double *x = h->hidden + t * h->dim;
  double power = 0, h2 = 0;
  for (int64_t k = 0; k < h->dim; k++) {
    power += x[k] * x[k] * r->channel[k];
    h2 += x[k] * x[k];
  }
  return c->embedding ? st->share * h2 * r->error2 : power;
}

/* power: of the errors that all logits have alike. */
static void compare_probabilities(position_loss *l, const state *st,
                                  const head_case *c, const double *y,
                                  int64_t t, double best, double power)
{
  const ulp_lm_head *h = &st->head;
  const double *x = h->logits + t * h->vocab;
  double top = h->top[t][0], sum = 0, other = 0, tilt = 0;
  double mean = 0, own = 0; /* of errors' power: under p, and times p^2 */
  for (int64_t v = 0; v < h->vocab; v++) {
    double p = ulp_exp(x[v] - top);
    sum += p;
    double e2 = power + rounding_power(&c->storage, x[v]);
    mean += p * e2;
    own += p * p * e2;
    other += ulp_exp(y[v] - top);
    tilt += p * (x[v] - y[v]);
  }
  l->kl = tilt / sum + ulp_natural_log(other / sum);
  l->predicted_kl = (mean / sum - own / (sum * sum)) / 2;
  l->shift = ulp_exp(best - top) / other - 1 / sum;
}

static bool same_set(const int64_t *a, const int64_t *b, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    int64_t k = 0;
    while (k < n && b[k] != a[i])
      k++;
    if (k == n)
      return false;
  }
  return true;
}

static position_loss compare(const state *st, const head_room *r,
                             const head_case *c, int64_t t)
{
  const ulp_lm_head *h = &st->head;
  const double *x = h->logits + t * h->vocab, *y = r->logits + t * h->vocab;
  double top[ULP_RIVALS], error2 = 0, power = weight_power(st, r, c, t);
  int64_t token[ULP_RIVALS];
  position_loss l = {.error = 0};
  ulp_logits_top(top, token, ULP_RIVALS, y, h->vocab);
  for (int64_t v = 0; v < h->vocab; v++)
    error2 += (y[v] - x[v]) * (y[v] - x[v]);
  l.error = sqrt(error2 / (double)h->vocab);
  l.predicted = sqrt(power + storage_power(h, &c->storage, t));
  l.flipped = token[0] != h->token[t][0];
  l.set_changed = !same_set(h->token[t], token, st->top);
  l.tied = top[0] == top[1];
  double unit = spacing(&c->storage, h->top[t][0]);
  double margin = h->top[t][0] - h->top[t][1];
  l.tie_chance = margin < unit ? 1 - margin / unit : 0;
  l.flip_chance = fmin(ulp_flip_chance(h->top[t], h->vocab, sqrt(power)) +
                           l.tie_chance / 2, 1);
  compare_probabilities(&l, st, c, y, t, top[0], power);
  return l;
}

/* ---- a row -------------------------------------------------------------- */

typedef struct {
  double predicted, flip_chance, tie_chance, predicted_kl; /* means */
  double flipped, set_changed, tied;                       /* counts */
  double widest;
  double *error, *kl, *shift; /* by position */
} head_row;

static void add_position(head_row *a, const position_loss *l, int64_t t,
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

static void print_row(ulp_text *row, const state *st, const head_case *c,
                      const head_room *r, const head_row *a)
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

static ulp_status measure(const state *st, const head_case *c, head_room *r,
                          head_row *a, ulp_error *e)
{
  const ulp_lm_head *h = &st->head;
  ulp_status s = quantize(r, h, c, e);
  if (s != ULP_OK)
    return s;
  if (c->embedding)
    disturb_hidden(r, h, st->share);
  if (!find_logits(r, h, c))
    return no_memory(e);
  for (int64_t t = 0; t < h->positions; t++) {
    position_loss l = compare(st, r, c, t);
    add_position(a, &l, t, (double)h->positions,
                 h->top[t][0] - h->top[t][1]);
  }
  return ULP_OK;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const head_case *c = &st->cases[index];
  size_t n = (size_t)st->head.positions;
  head_room r = {.weights = NULL};
  double *fields = malloc(3 * n * sizeof *fields);
  head_row a = {.error = fields};
  ulp_status s = ULP_OK;
  if (fields && make_room(&r, &st->head)) {
    a.kl = fields + n;
    a.shift = fields + 2 * n;
    s = measure(st, c, &r, &a, e);
    if (s == ULP_OK)
      print_row(row, st, c, &r, &a);
  } else {
    s = no_memory(e);
  }
  free_room(&r);
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
