/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/experiment.h: the table of experiments and what runs them.
 *
 * An experiment is a question with a deterministic list of points; one point
 * gives one row of a CSV file.  Its table entry names the question, the
 * method, the parameters and the columns; `ulplab list`, `ulplab run`, the
 * programs experiments/NAME, the side files and the report are made from it.
 * To add one: write experiments/NAME.c with an ulp_experiment, and add it to
 * experiments/registry.c and to Makefile.am.
 *
 * What holds for all of them: the bytes of the CSV depend on the seed and the
 * parameters alone, not on threads or shards.  Shard I of N holds the points
 * whose index leaves I-1 when divided by N; the rows of all shards, sorted by
 * the first column (`point`), are the whole run.
 */
#ifndef ULPLAB_EXPERIMENT_H
#define ULPLAB_EXPERIMENT_H

#include <stdio.h>

#include "analysis.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- columns and rows -------------------------------------------------- */

/* The names of the Frictionless Table Schema. */
typedef enum { ULP_COL_INTEGER, ULP_COL_NUMBER, ULP_COL_STRING } ulp_col_type;
const char *ulp_col_type_name(ulp_col_type type);

typedef struct {
  const char *name; /* NULL ends a list */
  ulp_col_type type;
  const char *unit; /* "dB", "bit", "1" (a pure number), "" for text */
  const char *description;
} ulp_column;

typedef struct {
  char *text;
  size_t size, room;
  bool failed; /* out of memory; the text is then incomplete */
} ulp_text;
void ulp_text_add(ulp_text *t, const char *bytes, size_t n);
void ulp_text_printf(ulp_text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void ulp_text_free(ulp_text *t);

/* One CSV field each, with the comma before it where one is due.  Numbers are
 * %.17g with '.' whatever the locale; NaN, INF and -INF are spelled so, as
 * Table Schema has them.  Strings are quoted where RFC 4180 wants it. */
void ulp_csv_string(ulp_text *t, const char *s);
void ulp_csv_integer(ulp_text *t, int64_t v);
void ulp_csv_number(ulp_text *t, double v);
void ulp_csv_empty(ulp_text *t); /* a missing value */
void ulp_csv_end(ulp_text *t);   /* of a row */
void ulp_csv_header(ulp_text *t, const ulp_column *columns);

/* ---- an experiment ----------------------------------------------------- */

typedef enum { ULP_QUICK, ULP_NORMAL, ULP_FULL } ulp_effort;
const char *ulp_effort_name(ulp_effort effort);

/* A parameter is the option --NAME VALUE. */
typedef struct {
  const char *name;          /* NULL ends a list */
  const char *default_value; /* "": what the description says */
  const char *description;
} ulp_parameter;

enum { ULP_MAX_PARAMETERS = 8 };

typedef struct ulp_experiment ulp_experiment;
typedef struct ulp_origin ulp_origin;
struct ulp_journal;

/* One run: what the options said, and what `prepare` made of it. */
typedef struct {
  const ulp_experiment *experiment;
  const char *out; /* NULL: stdout */
  uint64_t seed;
  int threads;
  int64_t shard, shards; /* 0 <= shard < shards */
  ulp_effort effort;
  const char *parameters[ULP_MAX_PARAMETERS]; /* in the table's order */
  ulp_file *file;           /* of --tensor; NULL without */
  const ulp_tensor *tensor; /* the one named; NULL: all of them */
  ulp_origin *origin;          /* what it depends on; NULL: nobody asks */
  struct ulp_journal *journal; /* what is kept of it; NULL: nothing */
  /* set by prepare */
  int64_t points;
  void *state;
  ulp_text notes; /* one line for stderr: what the rows do not have */
} ulp_run;

struct ulp_experiment {
  const char *name;     /* also of the program and of the CSV file */
  const char *question;
  const char *method;
  const char *source;   /* the claim or the papers it stands on */
  const ulp_column *columns; /* the first is `point` */
  const ulp_parameter *parameters;
  uint64_t default_seed;
  bool takes_tensor;
  /* Sets run->points and run->state; may use run->threads threads. */
  ulp_status (*prepare)(ulp_run *run, ulp_error *e);
  /* Adds the fields of row `point`, all but the first; called from several
   * threads at once, in any order. */
  ulp_status (*point)(const ulp_run *run, int64_t point, ulp_text *row,
                      ulp_error *e);
  /* Frees run->state; called whenever prepare was, also after it failed. */
  void (*release)(ulp_run *run);
};

/* The value of a parameter in this run. */
const char *ulp_run_parameter(const ulp_run *run, const char *name);
/* Whether this run computes the point: its shard has it, and a run that was
 * ended has not left it. */
bool ulp_run_has(const ulp_run *run, int64_t point);
/* Names a file, or a folder of files, that the run reads; to be called before
 * any figure is taken from it.  Its digest goes to the manifest. */
ULP_MUST_CHECK ulp_status ulp_run_input(const ulp_run *run, const char *path,
                                        ulp_error *e);
/* What `prepare` computes for long is kept for --resume in units, under names
 * that are one unit's alone: recall copies the bytes of such a unit, if there
 * are so many, and says whether it did; else compute them, and keep them.  Bytes
 * are those of this program: figures, no pointers.  From any thread. */
bool ulp_run_recall(const ulp_run *run, const char *name, void *data,
                    size_t size);
void ulp_run_keep(const ulp_run *run, const char *name, const void *data,
                  size_t size);

/* The table; NULL past the end. */
const ulp_experiment *ulp_experiment_row(size_t i);
const char *ulp_experiment_name(size_t i);
/* ULP_ENAME with the nearest name in *e when there is none. */
ULP_MUST_CHECK ulp_status ulp_experiment_find(const ulp_experiment **out,
                                              const char *name, ulp_error *e);

extern const ulp_experiment ulp_experiment_snr;
extern const ulp_experiment ulp_experiment_accumulation;
extern const ulp_experiment ulp_experiment_accumulator_width;
extern const ulp_experiment ulp_experiment_promotion_interval;
extern const ulp_experiment ulp_experiment_code_pairs;
extern const ulp_experiment ulp_experiment_ulp_histogram;
extern const ulp_experiment ulp_experiment_gpu_validation;
extern const ulp_experiment ulp_experiment_rounding_bias;
extern const ulp_experiment ulp_experiment_rounding_noise;
extern const ulp_experiment ulp_experiment_sr_unbiasedness;
extern const ulp_experiment ulp_experiment_accumulate;
extern const ulp_experiment ulp_experiment_scale_rules;
extern const ulp_experiment ulp_experiment_granularity;
extern const ulp_experiment ulp_experiment_clipping;
extern const ulp_experiment ulp_experiment_int_vs_float;
extern const ulp_experiment ulp_experiment_layer_compounding;
extern const ulp_experiment ulp_experiment_residual;
extern const ulp_experiment ulp_experiment_norms;
extern const ulp_experiment ulp_experiment_outlier_channels;
extern const ulp_experiment ulp_experiment_activation_spikes;
extern const ulp_experiment ulp_experiment_calibration_mismatch;
extern const ulp_experiment ulp_experiment_context_length;
extern const ulp_experiment ulp_experiment_softmax;
extern const ulp_experiment ulp_experiment_logits;
extern const ulp_experiment ulp_experiment_gradients;
extern const ulp_experiment ulp_experiment_master_weights;
extern const ulp_experiment ulp_experiment_optimizer_states;
extern const ulp_experiment ulp_experiment_delayed_scaling;
extern const ulp_experiment ulp_experiment_roofline;
extern const ulp_experiment ulp_experiment_claims;
extern const ulp_experiment ulp_experiment_model_perplexity;
extern const ulp_experiment ulp_experiment_model_layers;
extern const ulp_experiment ulp_experiment_model_context;
extern const ulp_experiment ulp_experiment_model_sensitivity;
extern const ulp_experiment ulp_experiment_model_outliers;

/* ---- running ----------------------------------------------------------- */

/* The program of one experiment: argv[0] is how it was called ("snr",
 * "ulplab run snr"), the rest its options.  Returns the exit status: 0, or 2
 * with one line on stderr. */
int ulp_experiment_main(const ulp_experiment *x, int argc, char **argv);

/* `ulplab run NAME [options]`: argv[0] is "run", argv[1] the name. */
int ulp_experiments_main(int argc, char **argv);

/* `ulplab list`: one line an experiment, its name and its question. */
void ulp_experiments_list(FILE *to);

/* What --describe prints: question, method, source, parameters, columns. */
void ulp_experiment_describe(const ulp_experiment *x, FILE *to);

#ifdef __cplusplus
}
#endif
#endif
