/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Facts of the program's own tables, by name.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "emu.h"
#include "roofline.h"

enum { MOST_WORDS = 24, MOST_TEXT = 800 };

typedef struct {
  char text[MOST_TEXT];
  int count;
  const char *word[MOST_WORDS];
} words;

static bool split(words *w, const char *text)
{
  char *rest = NULL;
  *w = (words){.count = 0};
  if (strlen(text) >= sizeof w->text)
    return false;
  memcpy(w->text, text, strlen(text) + 1);
  for (char *s = strtok_r(w->text, " ", &rest); s;
       s = strtok_r(NULL, " ", &rest)) {
    if (w->count == MOST_WORDS)
      return false;
    w->word[w->count++] = s;
  }
  return true;
}

static ulp_status no(ulp_error *e, const char *fact, const char *expected)
{
  return ulp_error_set(e, ULP_ENAME, "[%.200s]: expected %s", fact, expected);
}

/* A figure of a row by its name. */
typedef struct {
  const char *name;
  double value;
} figure;

static ulp_status choose(double *out, const figure *list, size_t n,
                         const char *name, const char *fact, ulp_error *e)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(list[i].name, name) == 0) {
      *out = list[i].value;
      return ULP_OK;
    }
  return no(e, fact, "the name of a figure that the row has");
}
#define CHOOSE(out, list, name, fact, e)                                      \
  choose(out, list, sizeof(list) / sizeof(list)[0], name, fact, e)

/* ---- formats ------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* How many different finite numbers the codes are. */
static double count_values(const ulp_format *f)
{
  if (f->bits > 16)
    return NAN;
  size_t codes = (size_t)ulp_code_count(f), n = 0, different = 0;
  double *v = malloc(codes * sizeof *v);
  if (!v)
    return NAN;
  for (size_t c = 0; c < codes; c++) {
    ulp_class is = ulp_unpack(f, c).cls;
    if (is != ULP_CLASS_NAN && is != ULP_CLASS_INF && is != ULP_CLASS_UNUSED)
      v[n++] = ulp_decode(f, c) + 0.0; /* -0 becomes 0 */
  }
  qsort(v, n, sizeof *v, ascending);
  for (size_t i = 0; i < n; i++)
    different += i == 0 || v[i] > v[i - 1];
  free(v);
  return (double)different;
}

static ulp_status format_fact(double *out, const words *w, const char *fact,
                              ulp_error *e)
{
  ulp_format f;
  char why[300] = "";
  if (w->count != 3)
    return no(e, fact, "format NAME FIGURE");
  if (ulp_format_find(w->word[1], &f, why, sizeof why) != ULP_OK)
    return ulp_error_set(e, ULP_ENAME, "[%.100s]: %.300s", fact, why);
  const figure list[] = {
      {"max", ulp_max(&f)},           {"lowest", ulp_lowest(&f)},
      {"min_normal", ulp_min_normal(&f)},
      {"min_positive", ulp_min_positive(&f)},
      {"bits", f.bits},               {"man_bits", f.man_bits},
      {"exp_bits", f.exp_bits},       {"values", count_values(&f)}};
  return CHOOSE(out, list, w->word[2], fact, e);
}

/* The least value above x. */
static ulp_status next_fact(double *out, const words *w, const char *fact,
                            ulp_error *e)
{
  ulp_format f;
  ulp_rounding up = {.mode = ULP_RU};
  char why[300] = "";
  if (w->count != 3)
    return no(e, fact, "next FORMAT X");
  if (ulp_format_find(w->word[1], &f, why, sizeof why) != ULP_OK)
    return ulp_error_set(e, ULP_ENAME, "[%.100s]: %.300s", fact, why);
  double x = strtod(w->word[2], NULL);
  *out = ulp_decode(&f, ulp_encode_f64(&f, nextafter(x, INFINITY), &up, 0));
  return ULP_OK;
}

/* ---- hardware and models ------------------------------------------------ */

static ulp_status gpu_fact(double *out, const words *w, const char *fact,
                           ulp_error *e)
{
  const ulp_datasheet *g;
  if (w->count != 3)
    return no(e, fact, "gpu NAME FIGURE");
  ulp_status s = ulp_datasheet_find(&g, w->word[1], e);
  if (s != ULP_OK)
    return s;
  for (size_t i = 0; ulp_rate_name(i); i++)
    if (strcmp(w->word[2], ulp_rate_name(i)) == 0) {
      *out = g->peak[i];
      return ULP_OK;
    }
  const figure list[] = {{"bandwidth", g->bandwidth},
                         {"capacity", g->capacity}};
  return CHOOSE(out, list, w->word[2], fact, e);
}

static ulp_status model_fact(double *out, const words *w, const char *fact,
                             ulp_error *e)
{
  const ulp_model_shape *m;
  if (w->count != 3)
    return no(e, fact, "model NAME FIGURE");
  ulp_status s = ulp_model_shape_find(&m, w->word[1], e);
  if (s != ULP_OK)
    return s;
  const figure list[] = {{"parameters", ulp_model_parameters(m)},
                         {"layer", ulp_model_layer(m)},
                         {"attention", ulp_model_attention(m)},
                         {"embedding", ulp_model_embedding(m)},
                         {"cached", ulp_model_cached(m)},
                         {"layers", (double)m->layers},
                         {"hidden", (double)m->hidden},
                         {"kv_width", (double)(m->kv_heads * m->head_dim)},
                         {"intermediate", (double)m->intermediate}};
  return CHOOSE(out, list, w->word[2], fact, e);
}

static ulp_status mma_fact(double *out, const words *w, const char *fact,
                           ulp_error *e)
{
  ulp_mma m;
  char why[300] = "";
  if (w->count != 4)
    return no(e, fact, "mma GPU INSTRUCTION FIGURE");
  if (ulp_mma_find(w->word[1], w->word[2], &m, why, sizeof why) != ULP_OK)
    return ulp_error_set(e, ULP_ENAME, "[%.100s]: %.300s", fact, why);
  const figure list[] = {{"fraction", m.acc.man_bits},
                         {"width", m.acc.bits},
                         {"align", m.record->align},
                         {"block", m.record->block},
                         {"k", m.k}};
  return CHOOSE(out, list, w->word[3], fact, e);
}

/* ---- quantizers --------------------------------------------------------- */

static ulp_status bits_fact(double *out, const words *w, const char *fact,
                            ulp_error *e)
{
  char *end = NULL;
  int64_t rows = w->count == 3 ? strtol(w->word[2], &end, 10) : 0;
  int64_t columns = end && *end == 'x' ? strtol(end + 1, &end, 10) : 0;
  if (rows < 1 || columns < 1 || *end)
    return no(e, fact, "bits SPEC ROWSxCOLUMNS");
  return ulp_storage_bits(out, w->word[1], rows, columns, e);
}

static ulp_status quantize_row(double *out, const ulp_quantizer *q,
                               const float *x, int64_t n, int64_t i,
                               ulp_error *e)
{
  ulp_blocks b;
  unsigned char codes[8 * MOST_WORDS], scales[8 * MOST_WORDS];
  int32_t zeros[MOST_WORDS];
  float y[MOST_WORDS];
  const int64_t shape[2] = {1, n};
  ulp_quantized data = {codes, scales, q->zero.count ? zeros : NULL};
  ulp_status s = ulp_blocks_make(&b, &q->granularity, q->axis, 2, shape, e);
  if (s != ULP_OK)
    return s;
  double amax = ulp_quantizer_amax(q, 0, x, (size_t)n);
  double global = ulp_quantizer_global(q, amax);
  s = ulp_quantize_blocks(q, &b, &data, x, amax, global, 0, b.blocks, 0);
  if (s != ULP_OK)
    return ulp_error_set(e, s, "%s: %s", q->name, ulp_strerror(s));
  ulp_dequantize_blocks(q, &b, y, &data, global, 0, b.blocks);
  *out = (double)y[i];
  return ULP_OK;
}

static ulp_status value_fact(double *out, const words *w, const char *fact,
                             ulp_error *e)
{
  ulp_quantizer q;
  float x[MOST_WORDS];
  int n = w->count - 3;
  long i = n > 0 ? strtol(w->word[2], NULL, 10) : 0;
  if (i < 1 || i > n)
    return no(e, fact, "value SPEC I X...");
  for (int k = 0; k < n; k++)
    x[k] = strtof(w->word[k + 3], NULL);
  ulp_status s = ulp_quantizer_find(w->word[1], &q, e);
  return s == ULP_OK ? quantize_row(out, &q, x, n, i - 1, e) : s;
}

/* ---- all ---------------------------------------------------------------- */

static const struct {
  const char *name;
  ulp_status (*read)(double *out, const words *w, const char *fact,
                     ulp_error *e);
} kinds[] = {
    {"format", format_fact}, {"next", next_fact}, {"gpu", gpu_fact},
    {"model", model_fact},   {"mma", mma_fact},   {"bits", bits_fact},
    {"value", value_fact},
};

ulp_status ulp_claim_table_fact(double *out, const char *fact, ulp_error *e)
{
  words w;
  if (!split(&w, fact) || w.count == 0)
    return no(e, fact, "a few words");
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (strcmp(kinds[i].name, w.word[0]) == 0)
      return kinds[i].read(out, &w, fact, e);
  return no(e, fact, "run, format, next, gpu, model, mma, bits or value");
}
