/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sweep of experiments/context_length: what is measured, and the errors of
 * all of it.
 */
#ifndef ULPLAB_EXPERIMENTS_CONTEXT_SWEEP_H
#define ULPLAB_EXPERIMENTS_CONTEXT_SWEEP_H

#include "attention_error.h"
#include "cache_scheme.h"
#include "words.h"

enum { CONTEXTS_MOST = 24, CONTEXT_KINDS = 2 };
extern const char *const context_kind_names[CONTEXT_KINDS];

/* The axes of the sweep. */
enum { KEYS = 0, PATTERN, SCHEME, CONTEXT };
typedef struct {
  ulp_cache_scheme *schemes;
  size_t scheme_count;
  int64_t *context;
  size_t contexts;
  int kind[CONTEXT_KINDS];
  size_t kinds;
  int64_t heads;
  double gain;
  const ulp_tensor *tensor;
  ulp_head_spec spec;
  ulp_sweep sweep;
  float *pool;
  ulp_attention_error *errors; /* [kinds, schemes, heads, contexts, rows] */
} context_sweep;

/* Errors of a head: [contexts, rows], the rows as of ulp_head. */
static inline int64_t context_rows(const context_sweep *st)
{
  return ULP_PATTERNS * st->spec.queries;
}
static inline ulp_attention_error *
context_errors(const context_sweep *st, size_t kind, size_t scheme,
               int64_t head)
{
  int64_t unit = ((int64_t)(kind * st->scheme_count + scheme)) * st->heads;
  return st->errors + (unit + head) * (int64_t)st->contexts * context_rows(st);
}

/* Fills all but the sweep and the errors. */
ULP_MUST_CHECK ulp_status context_parameters(context_sweep *st,
                                             const ulp_run *run,
                                             ulp_error *e);
/* Fills the errors that this shard needs. */
ULP_MUST_CHECK ulp_status context_measure(const context_sweep *st,
                                          const ulp_run *run, ulp_error *e);

#endif
