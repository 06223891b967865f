/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What theory says of weights that are updated and rounded.
 */
#include <math.h>

#include "chain.h"
#include "lognormal.h"
#include "weight_updates.h"

/* The chance that value i stays after one update. */
static double stays(const ulp_update_case *c, int64_t i)
{
  const ulp_gaps *g = c->gaps;
  double x = g->value[i] + (c->down && i > 0 ? -c->update : c->update);
  if (x < 0)
    return 0; /* an update of more than a gap, by far */
  ulp_gap_place at = ulp_gap_find(g, x);
  ulp_gap_outcome o = ulp_gap_round(g, &c->rounding, &at);
  if (o.low == i)
    return o.high == i ? 1 : 1 - o.up;
  return o.high == i ? o.up : 0;
}

/* Over normal weights: the probability of each value, times its chance. */
static double many_stay(const ulp_update_case *c)
{
  const ulp_gaps *g = c->gaps;
  double all = 0, below = 0;
  const double *v = g->value, deviation = c->weights->deviation;
  for (int64_t i = 0; i < g->count; i++) {
    double low = i > 0 ? (v[i - 1] + v[i]) / 2 / deviation : 0;
    double high = (v[i] + v[i + 1]) / 2 / deviation;
    double stay = stays(c, i);
    if (low > 9)
      break;
    if (stay == 0) {
      below = 0;
      continue;
    }
    if (below == 0)
      below = ulp_normal_below(-low);
    double above = ulp_normal_below(-high);
    all += 2 * (below - above) * stay;
    below = above;
  }
  return all;
}

/* An f32 loses an update of up to half its gap, too; nothing here comes near
 * but where the update is that small. */
static ulp_update_prediction of_master(const ulp_update_case *c)
{
  double least = c->weights->count == 1 ? ulp_predict_least_update(c) : 0;
  return (ulp_update_prediction){.lost_known = c->weights->count == 1,
                                 .lost = c->update < least,
                                 .gain_known = true,
                                 .gain = 1};
}

ulp_status ulp_update_predict(ulp_update_prediction *out,
                              const ulp_update_case *c)
{
  *out = (ulp_update_prediction){.lost_known = false};
  if (c->master) {
    *out = of_master(c);
    return ULP_OK;
  }
  if (c->weights->count > 1) {
    bool sr = c->rounding.mode == ULP_SR && c->rounding.sr_bits == 0;
    out->gain_known = sr;
    out->gain = 1;
    out->lost_known = c->weights->deviation > 0;
    out->lost = out->lost_known ? many_stay(c) : 0;
    return ULP_OK;
  }
  double w = c->weights->value[0], all = (double)c->steps * c->update;
  double update = c->down ? -c->update : c->update;
  const ulp_chain chain = {.start = w, .update = update};
  ulp_chain_moments m;
  ulp_status s =
      ulp_chain_expect(&m, &chain, c->gaps, &c->rounding, c->steps);
  if (s != ULP_OK)
    return s;
  out->lost_known = out->gain_known = true;
  out->lost = stays(c, ulp_gap_find(c->gaps, w).index);
  out->gain = (m.mean - w) * (c->down ? -1 : 1) / all;
  out->deviation_known = c->rounding.mode == ULP_SR;
  out->deviation = m.deviation / all;
  return ULP_OK;
}
