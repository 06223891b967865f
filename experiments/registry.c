/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of experiments.  To add one, add a line.
 */
#include <string.h>

#include "experiment.h"

static const ulp_experiment *const table[] = {
    &ulp_experiment_snr,
    &ulp_experiment_accumulation,
    &ulp_experiment_accumulator_width,
    &ulp_experiment_promotion_interval,
    &ulp_experiment_code_pairs,
    &ulp_experiment_ulp_histogram,
    &ulp_experiment_gpu_validation,
    &ulp_experiment_rounding_bias,
    &ulp_experiment_rounding_noise,
    &ulp_experiment_sr_unbiasedness,
    &ulp_experiment_accumulate,
    &ulp_experiment_scale_rules,
    &ulp_experiment_granularity,
    &ulp_experiment_clipping,
    &ulp_experiment_int_vs_float,
    &ulp_experiment_layer_compounding,
    &ulp_experiment_residual,
    &ulp_experiment_norms,
    &ulp_experiment_outlier_channels,
    &ulp_experiment_activation_spikes,
    &ulp_experiment_calibration_mismatch,
    &ulp_experiment_context_length,
    &ulp_experiment_softmax,
    &ulp_experiment_logits,
    &ulp_experiment_gradients,
    &ulp_experiment_master_weights,
    &ulp_experiment_optimizer_states,
    &ulp_experiment_delayed_scaling,
    &ulp_experiment_roofline,
    &ulp_experiment_claims,
    &ulp_experiment_model_perplexity,
    &ulp_experiment_model_layers,
    &ulp_experiment_model_context,
    &ulp_experiment_model_sensitivity,
    &ulp_experiment_model_outliers,
};

const ulp_experiment *ulp_experiment_row(size_t i)
{
  return i < sizeof table / sizeof table[0] ? table[i] : NULL;
}

const char *ulp_experiment_name(size_t i)
{
  const ulp_experiment *x = ulp_experiment_row(i);
  return x ? x->name : NULL;
}

static const char *listed_name(const void *list, size_t i)
{
  (void)list;
  return ulp_experiment_name(i);
}

ulp_status ulp_experiment_find(const ulp_experiment **out, const char *name,
                               ulp_error *e)
{
  const ulp_experiment *x;
  for (size_t i = 0; (x = ulp_experiment_row(i)) != NULL; i++) {
    if (strcmp(x->name, name) == 0) {
      *out = x;
      return ULP_OK;
    }
  }
  const char *near = ulp_nearest(name, listed_name, NULL);
  return ulp_error_set(e, ULP_ENAME, "no experiment '%.80s'%s%s%s", name,
                       near ? " (did you mean '" : "; `ulplab list` has them",
                       near ? near : "", near ? "'?)" : "");
}
