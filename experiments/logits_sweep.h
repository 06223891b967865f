/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The cases of experiments/logits, and what one does to each position.
 */
#ifndef ULPLAB_EXPERIMENTS_LOGITS_SWEEP_H
#define ULPLAB_EXPERIMENTS_LOGITS_SWEEP_H

#include "logits_data.h"
#include "model.h"

typedef struct {
  bool embedding, exact;
  ulp_quantizer q;
  ulp_step storage;
  char weights[160];
} logits_case;

typedef struct {
  logits_case *cases;
  size_t case_count;
  ulp_lm_head head;
  double share, median;
  int64_t top;
} logits_sweep;

/* ---- parameters --------------------------------------------------------- */

/* All that the sweep has; the head is drawn, or a tensor's. */
ULP_MUST_CHECK ulp_status logits_parameters(logits_sweep *st,
                                            const ulp_run *run, ulp_error *e);

/* ---- a case ------------------------------------------------------------- */

typedef struct {
  float *weights;  /* as quantized */
  double *hidden;  /* what the embedding's errors leave */
  double *logits;  /* [positions, vocab] */
  double *channel; /* mean square error of weights, by channel */
  double error2, weight2; /* means over all weights */
} logits_room;

bool logits_room_make(logits_room *r, const ulp_lm_head *h);
void logits_room_free(logits_room *r);
/* Quantizes what the case says, and finds its logits. */
ULP_MUST_CHECK ulp_status logits_find(logits_room *r, const logits_sweep *st,
                                      const logits_case *c, ulp_error *e);

typedef struct {
  double error, predicted, flip_chance, tie_chance, kl, predicted_kl, shift;
  bool flipped, set_changed, tied;
} logits_loss;

/* Of position t. */
logits_loss logits_compare(const logits_sweep *st, const logits_room *r,
                           const logits_case *c, int64_t t);

#endif
