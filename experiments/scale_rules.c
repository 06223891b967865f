/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * experiments/scale_rules: what the format of the scales and the rule that
 * chooses them cost, elements and groups being the same.
 */
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "words.h"

static const ulp_column columns[] = {
    {"point", ULP_COL_INTEGER, "1", "index of the point in the whole sweep"},
    {"distribution", ULP_COL_STRING, "",
     "name of the distribution, or of the tensor under --tensor"},
    {"element", ULP_COL_STRING, "", "format of the elements"},
    {"group", ULP_COL_INTEGER, "1", "consecutive elements that share a scale"},
    {"scale_format", ULP_COL_STRING, "", "format of the scales"},
    {"scale_rule", ULP_COL_STRING, "",
     "what the scale is made of: powers of two by floor, ceil, rceil, even; "
     "amax; mse, the least squared error of a search; 4over6, static4"},
    ULP_LOSS_COLUMNS,
    {"rule_source", ULP_COL_STRING, "", "what defines the rule"},
    {0}};

static const ulp_parameter parameters[] = {
    {"elements", "e4m3 e5m2 e2m3 e3m2 e2m1 int8",
     "formats of the elements, separated by blanks"},
    {"groups", "16 32", "sizes of groups, separated by blanks"},
    {"rules", "", "rules, separated by blanks; without it, all"},
    {"distributions", "",
     "names of distributions, separated by blanks; without it, all"},
    {0}};

/* A search multiplies the block's amax by parts of 1; with ceil2 those are
 * rceil's scale and the powers of two below it. */
#define POWERS "ceil2(a / MAX)"
/* E4M3 scales are relative to a global one that brings the tensor's greatest
 * scale to 448, as in NVFP4. */
#define GLOBAL "ok(A, 448 * MAX / A)"
#define RELATIVE "a / MAX * G"
#define SHORT "arXiv:2512.02010"

static const struct {
  const char *scale, *rule;
  const char *name;     /* of a quantizer for e2m1; "": the element itself */
  const char *settings; /* of the text, behind the group */
  const char *raw;      /* formula of the scale; "": the rule's */
  const char *source;
} schemes[] = {
    {"e8m0", "floor", "", "/rule=floor", "", "OCP MX v1.0, section 6.3"},
    {"e8m0", "ceil", "", "/rule=ceil", "",
     "2^(ceil(log2 amax) - emax): TorchAO ScaleCalculationMode.CEIL"},
    {"e8m0", "rceil", "", "/rule=rceil", "",
     "2^ceil(log2(amax / max)): arXiv:2506.08027"},
    {"e8m0", "even", "", "/rule=even", "",
     "amax rounded to the element's bits: TorchAO ScaleCalculationMode.EVEN"},
    {"e8m0", "mse", "", "/rule=mse:4", POWERS,
     "least squared error of 4 candidates"},
    {"e4m3", "amax", "", "", RELATIVE, "NVFP4: arXiv:2509.25149, appendix B"},
    {"e4m3", "mse", "", "/rule=mse:32", RELATIVE,
     "least squared error of 32 candidates"},
    {"float32", "amax", "", "", "", "amax / max"},
    {"float32", "mse", "", "/rule=mse:32", "",
     "least squared error of 32 candidates"},
    {"e4m3", "static4", "nvfp4@fouroversix-static4", "", "",
     "amax / 4: " SHORT},
    {"e4m3", "4over6", "nvfp4@fouroversix", "", "",
     "amax / 6 or amax / 4 by squared error: " SHORT},
    {"e4m3", "4over6-mae", "nvfp4@te-4over6", "", "",
     "amax / 6 or amax / 4 by absolute error: Transformer Engine"},
};
enum { SCHEMES = sizeof schemes / sizeof schemes[0] };

/* ---- the list ----------------------------------------------------------- */

typedef struct {
  ulp_cases cases;
  const char *groups, *rules, *element;
} state;

static ulp_status check_rule(void *data, size_t i, const char *word,
                             ulp_error *e)
{
  (void)data;
  (void)i;
  for (size_t k = 0; k < SCHEMES; k++)
    if (strcmp(word, schemes[k].rule) == 0)
      return ULP_OK;
  return ulp_error_set(e, ULP_ENAME, "--rules '%.40s': expected floor, ceil, "
                       "rceil, even, mse, amax, static4, 4over6 or 4over6-mae",
                       word);
}

static ulp_status set_formulas(ulp_quantizer *q, size_t scheme, ulp_error *e)
{
  const char *const more[][2] = {{"raw", schemes[scheme].raw},
                                 {"global", GLOBAL},
                                 {"factor", "s / G"},
                                 {"decode", "s / G"}};
  size_t n = strcmp(schemes[scheme].raw, RELATIVE) == 0 ? 4 : 1;
  ulp_status s = ULP_OK;
  for (size_t i = 0; s == ULP_OK && *schemes[scheme].raw && i < n; i++)
    s = ulp_quantizer_set(q, more[i][0], more[i][1], e);
  return s;
}

static ulp_status add_case(state *st, size_t scheme, const char *group,
                           ulp_error *e)
{
  char text[ULP_STORAGE_TEXT];
  ulp_case *one;
  const char *name = schemes[scheme].name;
  bool own = *name != '\0';
  (void)snprintf(text, sizeof text, "%.60s/g=group:%.20s%s%s%s",
                 own ? name : st->element, group, own ? "" : "/scale=",
                 own ? "" : schemes[scheme].scale, schemes[scheme].settings);
  ulp_status s = ulp_cases_add(&st->cases, &one, text, e);
  if (s != ULP_OK)
    return s;
  one->place[0] = scheme;
  return set_formulas(&one->storage.q, scheme, e);
}

static ulp_status add_group(void *data, size_t i, const char *word,
                            ulp_error *e)
{
  state *st = data;
  ulp_format f;
  ulp_status s = ulp_format_find(st->element, &f, NULL, 0);
  bool is_e2m1 = s == ULP_OK && strcmp(f.name, "float4_e2m1fn") == 0;
  (void)i;
  if (word[strspn(word, "0123456789")] || strlen(word) > 9)
    return ulp_error_set(e, ULP_EINVAL, "--groups '%.40s': expected numbers of "
                         "elements", word);
  for (size_t k = 0; s == ULP_OK && k < SCHEMES; k++)
    if ((is_e2m1 || !*schemes[k].name) &&
        ulp_words_have(st->rules, schemes[k].rule))
      s = add_case(st, k, word, e);
  return s;
}

static ulp_status add_element(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  char why[300] = "";
  ulp_format f;
  state *st = data;
  (void)i;
  if (ulp_format_find(word, &f, why, sizeof why) != ULP_OK)
    return ulp_error_set(e, ULP_ENAME, "--elements: %s", why);
  st->element = word;
  return ulp_words_read(st->groups, add_group, st, e);
}

/* ---- the experiment ----------------------------------------------------- */

static ulp_status prepare(ulp_run *run, ulp_error *e)
{
  static const int64_t samples[] = {1 << 14, 1 << 17, 1 << 20};
  state *st = calloc(1, sizeof *st);
  run->state = st;
  if (!st)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  st->groups = ulp_run_parameter(run, "groups");
  st->rules = ulp_run_parameter(run, "rules");
  ulp_status s = ulp_words_read(st->rules, check_rule, NULL, e);
  if (s == ULP_OK)
    s = ulp_words_read(ulp_run_parameter(run, "elements"), add_element, st, e);
  if (s == ULP_OK && st->cases.case_count == 0)
    return ulp_error_set(e, ULP_EINVAL, "--elements, --groups, --rules: "
                         "expected one of each at least");
  return s == ULP_OK ? ulp_cases_prepare(&st->cases, run, samples, e) : s;
}

static void release(ulp_run *run)
{
  state *st = run->state;
  if (st)
    ulp_cases_free(&st->cases);
  free(st);
  run->state = NULL;
}

static ulp_status point(const ulp_run *run, int64_t index, ulp_text *row,
                        ulp_error *e)
{
  const state *st = run->state;
  const ulp_source *source = ulp_cases_source(&st->cases, index);
  const ulp_case *c = ulp_cases_case(&st->cases, index);
  size_t scheme = c->place[0];
  ulp_loss loss;
  ulp_status s = ulp_storage_measure(&loss, &c->storage, source, e);
  if (s != ULP_OK)
    return s;
  ulp_csv_string(row, source->name);
  ulp_csv_string(row, c->storage.q.element.name);
  ulp_csv_integer(row, c->storage.q.granularity.cols);
  ulp_csv_string(row, schemes[scheme].scale);
  ulp_csv_string(row, schemes[scheme].rule);
  ulp_loss_print(row, &loss);
  ulp_csv_string(row, schemes[scheme].source);
  return ULP_OK;
}

const ulp_experiment ulp_experiment_scale_rules = {
    .name = "scale_rules",
    .question = "What do the format of a block's scale and the rule that "
                "chooses it cost?",
    .method =
        "Draws f32 samples in rows of 4096 (2^17 of each distribution; --quick "
        "2^14, --full 2^20), or reads tensors, and quantizes groups along the "
        "rows, to nearest even with saturation, with scales that are powers "
        "of two (E8M0), E4M3 relative to the tensor's amax, or f32.  Four "
        "Over Six and its like are for E2M1.",
    .source = "OCP MX v1.0, section 6.3; arXiv:2506.08027 (rceil); "
              "arXiv:2509.25149 (NVFP4); arXiv:2512.02010 (Four Over Six)",
    .columns = columns,
    .parameters = parameters,
    .default_seed = 1,
    .takes_tensor = true,
    .prepare = prepare,
    .point = point,
    .release = release,
};
