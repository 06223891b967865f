/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ledger of claims: rows of claims_table_*.c, and what tests them.
 *
 * A claim is held against probes.  A probe is a formula, whose figures are
 * facts of the program's tables or cells of an experiment run at that moment,
 * and what is expected of it.  The verdict is counted from the probes, never
 * written: all agree, none does, some do.  A claim without a probe is not
 * testable here; then `published` says what others found.
 */
#ifndef ULPLAB_EXPERIMENTS_CLAIMS_H
#define ULPLAB_EXPERIMENTS_CLAIMS_H

#include "experiment.h"

/* ---- the table ---------------------------------------------------------- */

typedef struct {
  const char *what;   /* is measured, in a few words */
  const char *figure; /* a formula, see below */
  /* "X +- T" or "X +- T%", "LOW .. HIGH", "> X", "< X", ">= X", "<= X"; X, T,
   * LOW and HIGH are formulas too, so "> [run ...]" is an order of two. */
  const char *expected;
} ulp_probe;

enum { ULP_PROBES = 5 };
typedef struct {
  const char *id, *section; /* section of the guide */
  const char *claim;        /* in our words */
  const char *guide;        /* its figure; "" where it has none */
  const char *unit;         /* of the first probe's figure */
  ulp_probe probe[ULP_PROBES]; /* the first is `ours`; none: cited only */
  const char *published;    /* a figure that others found; "" */
  const char *method;
  const char *source;
} ulp_claim;

/* All claims, in the order of the guide; NULL past the end. */
const ulp_claim *ulp_claim_row(size_t i);
/* The parts of the table. */
typedef struct {
  const ulp_claim *rows;
  size_t count;
} ulp_claim_part;
extern const ulp_claim_part ulp_claims_hardware, ulp_claims_numerics,
    ulp_claims_models, ulp_claims_inference, ulp_claims_training,
    ulp_claims_methods, ulp_claims_formats, ulp_claims_failures,
    ulp_claims_contexts, ulp_claims_practice;

/* ---- formulas ----------------------------------------------------------- */

/* + - * / ^ ( ), numbers, and sqrt log2 log10 abs round floor ceil min max;
 * f64, log and ^ by MPFR, so that the digits are those of any machine.
 * [FACT] is a number that `fact` gives. */
typedef ulp_status ulp_fact_reader(void *data, double *out, const char *fact,
                                   ulp_error *e);
ULP_MUST_CHECK ulp_status ulp_claim_formula(double *out, const char *text,
                                            ulp_fact_reader *fact, void *data,
                                            ulp_error *e);

/* Facts of the program's tables:
 *   format NAME max|lowest|min_normal|min_positive|bits|man_bits|exp_bits|
 *               values (how many finite ones, -0 and 0 the same)
 *   next NAME X                 the least value of a format above X
 *   gpu NAME bf16|fp8|int8|fp4|int4|bandwidth|capacity   (data sheets)
 *   model NAME parameters|layer|attention|embedding|layers|cached
 *   bits SPEC ROWSxCOLUMNS      an element of a quantizer, scales counted
 *   value SPEC I X...           the I-th (from 1) of the numbers X, quantized
 *                               as one row and decoded
 *   mma GPU INSTRUCTION fraction|align|block|k           (emu/records.c)
 */
ULP_MUST_CHECK ulp_status ulp_claim_table_fact(double *out, const char *fact,
                                               ulp_error *e);

/* ---- experiments as facts ----------------------------------------------- */

/* run NAME OPTIONS | COLUMN=VALUE ... | COLUMN [only|mean|min|max|first|last|
 * sum|count]: the cell of the one row (or the reduction of the rows) that has
 * the values.  Every run is made once. */
typedef struct ulp_claim_runs ulp_claim_runs;
ulp_claim_runs *ulp_claim_runs_new(const ulp_run *parent);
void ulp_claim_runs_free(ulp_claim_runs *r);
/* The fact, of a run or of the tables: an ulp_fact_reader, data the runs. */
ulp_status ulp_claim_fact(void *runs, double *out, const char *fact,
                          ulp_error *e);
/* Adds the commands, `ulplab run ...`, of the runs that a formula needs and
 * *commands does not yet have, joined by " && ". */
void ulp_claim_commands(ulp_text *commands, const ulp_claim_runs *r,
                        const char *formula);

/* ---- verdicts ----------------------------------------------------------- */

typedef struct {
  double figure;
  bool known, agrees;
  char text[200]; /* what was expected, in figures; or, where the figure is not
                     known, which input is not here */
} ulp_finding;
/* Evaluates a probe.  A file that cannot be read is not an error: the finding
 * is then not known. */
ULP_MUST_CHECK ulp_status ulp_claim_probe(ulp_finding *out, const ulp_probe *p,
                                          ulp_fact_reader *fact, void *data,
                                          ulp_error *e);
/* Of n findings: "holds", "does not hold", "conditional", "not testable here"
 * (none is known). */
const char *ulp_claim_verdict(const ulp_finding *f, size_t n);

#endif
