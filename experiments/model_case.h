/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A language model, a text in windows, and the plans that it is run under.
 */
#ifndef ULPLAB_EXPERIMENTS_MODEL_CASE_H
#define ULPLAB_EXPERIMENTS_MODEL_CASE_H

#include "experiment.h"
#include "llama.h"

/* Parameters that every experiment on a model has. */
#define ULP_MODEL_PARAMETERS                                                   \
  {"model", "", "folder of a checkpoint of the Llama family; without it the "  \
   "reference model"},                                                         \
  {"text", "", "a text, whose tokens are those of the model folder's "         \
   "tokenizer.json or, if there is none, its bytes; or a .npy of token "       \
   "numbers; without it heldout.txt of the model's folder"},                   \
  {"reference", "f64", "plan that everything is compared with"},               \
  {"start", "0", "token before each window, or none"},                         \
  {"windows", "", "stretches of the text, which are what intervals are made "  \
   "over, evenly spread; or all: the whole text, the last one shorter"},       \
  {"length", "", "tokens of each"}

typedef struct {
  int64_t windows[3], length[3]; /* by effort */
} ulp_model_sizes;

typedef struct {
  ulp_llama *model;
  ulp_plan *reference;
  ulp_plan **plans;
  size_t plan_count;
  char *folder, *text; /* their paths */
  int32_t *tokens;
  int64_t count;
  bool has_start;
  int32_t start;
  int64_t length, windows, slots; /* slots: windows that the text has */
} ulp_model_case;

/* Reads the parameters above; plans are added afterwards. */
ULP_MUST_CHECK ulp_status ulp_model_case_open(ulp_model_case *c,
                                              const ulp_run *run,
                                              const ulp_model_sizes *sizes,
                                              ulp_error *e);
void ulp_model_case_close(ulp_model_case *c);

/* The reference model's folder, the caller's to free: of the source tree while
 * it is there, else where it was installed. */
ULP_MUST_CHECK ulp_status ulp_reference_model(char **out, ulp_error *e);

/* Adds those of --plans, by name or file; `lists`: the default by effort, NULL
 * for all that the suite has. */
ULP_MUST_CHECK ulp_status ulp_model_case_plans(ulp_model_case *c,
                                               const ulp_run *run,
                                               const char *const lists[3],
                                               ulp_error *e);
/* Adds one of a text, whose name is for messages. */
ULP_MUST_CHECK ulp_status ulp_model_case_rules(ulp_model_case *c,
                                               const char *name,
                                               const char *text, ulp_error *e);

/* Adds the one that parameter --NAME names. */
ULP_MUST_CHECK ulp_status ulp_model_case_plan(ulp_model_case *c,
                                              const ulp_run *run,
                                              const char *name, ulp_error *e);

/* Window i: out[0..n] are its tokens; the first n are what the model sees and
 * the last n what it is to predict.  Gives n; room: length + 1. */
int64_t ulp_model_window(const ulp_model_case *c, int64_t i, int32_t *out);

#endif
