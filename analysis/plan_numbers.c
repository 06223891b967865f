/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a plan says of a place of a layer, put together.
 */
#include <string.h>

#include "plan_internal.h"

static uint64_t number(const ulp_plan_setting *s, uint64_t otherwise)
{
  return s ? s->number : otherwise;
}

/* A stream of random numbers of its own for each place of each layer. */
static uint64_t stream(int64_t layer, ulp_place place)
{
  return (uint64_t)(layer + 1) * ULP_PLACES + (uint64_t)place + 1;
}

static ulp_status set_steps(ulp_numbers *out, const ulp_plan *p, int64_t layer,
                            ulp_place place, ulp_error *e)
{
  const ulp_plan_setting *step = ulp_plan_at(p, layer, place, ULP_KEY_STEP);
  const ulp_plan_setting *last = ulp_plan_at(p, layer, place, ULP_KEY_OUT);
  ulp_rounding r = {
      .mode = (ulp_mode)number(ulp_plan_at(p, layer, place, ULP_KEY_ROUND),
                               ULP_RNE),
      .overflow = ULP_OVERFLOW_IEEE,
      .sr_bits = (uint8_t)number(ulp_plan_at(p, layer, place, ULP_KEY_SR_BITS),
                                 0),
      .seed = number(ulp_plan_at(p, layer, place, ULP_KEY_SEED), 0),
      .stream = stream(layer, place)};
  ulp_status s = ulp_step_make(&out->out, "float64", NULL, e);
  if (s == ULP_OK)
    s = ulp_step_make(&out->step, "float64", NULL, e);
  if (s != ULP_OK)
    return s;
  out->out_name = last ? last->format.name : NULL;
  if (step)
    out->step = ulp_step_of(&step->format, &r);
  r.stream += UINT64_C(1) << 32; /* other numbers than the step's */
  if (last)
    out->out = ulp_step_of(&last->format, &r);
  return ULP_OK;
}

static const ulp_plan_setting *quantizer(const ulp_plan *p, int64_t layer,
                                         ulp_place place, ulp_plan_key key)
{
  const ulp_plan_setting *s = ulp_plan_at(p, layer, place, key);
  return s && (s->quantizer || s->kivi_bits) ? s : NULL;
}

/* Codes of one token, or of N, that later ones do not change. */
static const char *store_fault(const ulp_numbers *out, bool keys)
{
  const ulp_plan_setting *s = out->store;
  if (!s)
    return out->window ? "window= without store=" : NULL;
  if (s->kivi_bits)
    return keys && out->window % s->kivi_group
               ? "expected a window of whole groups of kivi's"
               : NULL;
  const ulp_quantizer *q = s->quantizer;
  bool group = q->granularity.kind == ULP_PER_GROUP;
  bool over = group && (q->axis == 0 || q->axis == -2);
  bool along = q->axis == ULP_AXIS_DEFAULT || q->axis == -1 || q->axis == 1;
  if (q->global.count || q->nested[0] ||
      !((along && (group || q->granularity.kind == ULP_PER_TOKEN)) || over))
    return "expected scales that later tokens do not change: g=token, "
           "g=group:N, or g=group:N/axis=0, and none of the whole tensor";
  return over && out->window % q->granularity.cols
             ? "expected a window of whole groups of tokens"
             : NULL;
}

ulp_status ulp_plan_numbers(ulp_numbers *out, const ulp_plan *p, int64_t layer,
                            ulp_place place, ulp_error *e)
{
  memset(out, 0, sizeof *out);
  ulp_status s = set_steps(out, p, layer, place, e);
  if (s != ULP_OK)
    return s;
  out->weights = quantizer(p, layer, place, ULP_KEY_WEIGHTS);
  out->inputs = quantizer(p, layer, place, ULP_KEY_INPUTS);
  out->store = quantizer(p, layer, place, ULP_KEY_STORE);
  out->window = (int64_t)number(ulp_plan_at(p, layer, place, ULP_KEY_WINDOW),
                                0);
  const ulp_plan_setting *product =
      ulp_plan_at(p, layer, place, ULP_KEY_PRODUCT);
  const ulp_plan_setting *gpu = ulp_plan_at(p, layer, place, ULP_KEY_GPU);
  const ulp_plan_setting *promote =
      ulp_plan_at(p, layer, place, ULP_KEY_PROMOTE);
  out->product = number(product, 0) < 2
                     ? (ulp_plan_product)number(product, 0) : ULP_SUM_KERNEL;
  out->kernel = out->product == ULP_SUM_KERNEL ? product : NULL;
  out->gpu = gpu ? gpu->text : NULL;
  out->fast = number(ulp_plan_at(p, layer, place, ULP_KEY_FAST), 0);
  out->promote = promote ? (int)promote->number : -1;
  out->slices = (int)number(ulp_plan_at(p, layer, place, ULP_KEY_SPLIT), 0);
  if (out->kernel && !gpu)
    return ulp_plan_fault(e, p, product->line, ULP_EINVAL,
                          "a kernel without gpu=: expected a GPU of 'ulplab "
                          "gpus'");
  const char *fault = store_fault(out, place == ULP_AT_KEYS);
  const ulp_plan_setting *window =
      out->store ? out->store : ulp_plan_at(p, layer, place, ULP_KEY_WINDOW);
  return fault ? ulp_plan_fault(e, p, window->line, ULP_EINVAL, fault) : ULP_OK;
}
