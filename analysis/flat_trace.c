/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/flat_trace.c: one dot product, step by step, for callers in other
 * languages.
 */
#include <string.h>

#include "flat_internal.h"

typedef enum { PRODUCT, ACCUMULATOR, GROUPED, GROUP_SUM } term_kind;

typedef struct {
  int64_t (*term)[ULP_FLAT_TERM_COLUMNS];
  int64_t (*block)[ULP_FLAT_BLOCK_COLUMNS];
  size_t terms, blocks;
} steps;

static void add_term(steps *s, term_kind kind, const ulp_trace_term *t)
{
  if (s->terms == ULP_FLAT_MAX_TERMS) return;
  int64_t *row = s->term[s->terms++];
  row[ULP_FLAT_TERM_KIND] = (int64_t)kind;
  row[ULP_FLAT_TERM_BLOCK] = (int64_t)s->blocks;
  row[ULP_FLAT_TERM_K] = t->k;
  row[ULP_FLAT_TERM_NEGATIVE] = t->negative;
  memcpy(&row[ULP_FLAT_TERM_SIGNIFICAND], &t->significand, sizeof *row);
  row[ULP_FLAT_TERM_EXPONENT] = t->exponent;
  /* of a group's parts these mean nothing */
  bool whole = kind == PRODUCT || kind == ACCUMULATOR;
  row[ULP_FLAT_TERM_VOTES] = whole && t->votes;
  row[ULP_FLAT_TERM_VOTE] = whole ? t->vote : 0;
  row[ULP_FLAT_TERM_KEPT] = 0;
  if (whole) memcpy(&row[ULP_FLAT_TERM_KEPT], &t->kept, sizeof *row);
  row[ULP_FLAT_TERM_CUT] = whole && t->cut;
}

static void on_term(void *data, const ulp_trace_term *t)
{
  add_term(data, t->k < 0 ? ACCUMULATOR : PRODUCT, t);
}

static void on_group(void *data, const ulp_trace_term *product, int n,
                     const ulp_trace_term *sum)
{
  for (int i = 0; i < n; i++)
    add_term(data, GROUPED, &product[i]);
  add_term(data, GROUP_SUM, sum);
}

static void on_block(void *data, const ulp_trace_block *b)
{
  steps *s = data;
  if (s->blocks == ULP_FLAT_MAX_BLOCKS) return;
  int64_t *row = s->block[s->blocks++];
  row[ULP_FLAT_BLOCK_TOP] = b->special ? 0 : b->top;
  row[ULP_FLAT_BLOCK_UNIT] = b->special ? 0 : b->unit;
  row[ULP_FLAT_BLOCK_SUM] = b->special ? 0 : b->sum;
  row[ULP_FLAT_BLOCK_RESULT] = (int64_t)b->result;
  row[ULP_FLAT_BLOCK_SPECIAL] = b->special;
}

/* Codes of a row, or of what the metadata name in it; NULL stays NULL. */
static const uint64_t *load(const ulp_format *f, const void *array, int n,
                            const uint8_t *meta, uint64_t *out)
{
  for (int i = 0; array && i < n; i++)
    out[i] = ulp_load_code(f, array, meta ? meta[i] : (size_t)i);
  return array ? out : NULL;
}

int ulp_flat_trace(const ulp_flat_product *p, void *d, const void *a,
                   const void *b, const void *c, const uint8_t *meta,
                   const void *sa, const void *sb,
                   int64_t term[][ULP_FLAT_TERM_COLUMNS],
                   size_t *terms, int64_t block[][ULP_FLAT_BLOCK_COLUMNS],
                   size_t *blocks, char *why, size_t why_size)
{
  enum { MAX_K = 256 };
  uint64_t in_a[MAX_K], in_b[MAX_K], in_sa[MAX_K], in_sb[MAX_K];
  steps s = {.term = term, .block = block};
  const ulp_trace trace = {
      .term = on_term, .block = on_block, .group = on_group, .data = &s};
  const ulp_mma *m = &p->mma;
  if (!p->is_mma || m->k > MAX_K || m->scales > MAX_K)
    return ulp_flat_say(why, why_size, ULP_EINVAL,
                        "expected an instruction of k up to %d", MAX_K);
  int refused = ulp_flat_mma_check(p, 1, meta, sa, sb, why, why_size);
  if (refused) return refused;
  uint64_t code = ulp_mma_dot_scaled(
      m, load(&m->a, a, m->k, NULL, in_a), load(&m->b, b, m->k, meta, in_b),
      c ? ulp_load_code(&m->c, c, 0) : 0,
      load(&m->scale, sa, m->scales, NULL, in_sa),
      load(&m->scale, sb, m->scales, NULL, in_sb), &trace);
  ulp_store_code(&m->d, d, 0, code);
  /* Terms tell which of the stored elements they are; K has others between. */
  for (size_t i = 0; meta && i < s.terms; i++)
    if (term[i][ULP_FLAT_TERM_K] >= 0)
      term[i][ULP_FLAT_TERM_K] = meta[term[i][ULP_FLAT_TERM_K]];
  *terms = s.terms;
  *blocks = s.blocks;
  return ULP_OK;
}
