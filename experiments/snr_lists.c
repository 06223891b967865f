/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What experiments/snr compares: lists of names in its parameters.
 */
#include <stdlib.h>
#include <string.h>

#include "snr.h"
#include "words.h"

/* The rows of formats' standards and of what people run, one or two of each
 * family; where profiles differ in arithmetic alone, one of them. */
static const char default_storages[] =
    "mxfp8@ocp mxfp8_e5m2@ocp mxfp6@ocp mxfp6_e3m2@ocp mxfp4@ocp mxint8@ocp "
    "mxfp8@torchao-rceil mxfp4@torchao-rceil mxfp4@ocp/rule=even "
    "mxfp4@fouroversix-static4 "
    "nvfp4@te nvfp4@te-4over6 nvfp4@fouroversix nvint4@fouroversix "
    "nvfp6@fouroversix "
    "fp8-tensor@te fp8-channel@compressed-tensors fp8-block@deepseek "
    "fp8-block@deepseek-ue8m0 fp4-block@deepgemm "
    "int8/g=token int8/g=channel/axis=1 int8/g=group:128 int8-affine@torchao "
    "int4/g=token int4/g=channel/axis=1 int4/g=group:128 "
    "int4/g=group:32 "
    "int4-affine@torchao "
    "nf4@bitsandbytes nf4-double@bitsandbytes bnb-fp4@bitsandbytes "
    "dynamic8@bitsandbytes "
    "q8_0 q6_k q5_k q5_0 q4_k q4_1 q4_0 iq4_nl mxfp4@ggml nvfp4@ggml q3_k "
    "q2_k";

static ulp_status add_storage(void *data, size_t i, const char *word,
                              ulp_error *e)
{
  ulp_error why;
  ulp_snr_sweep *s = data;
  ulp_status status = ulp_storage_find(&s->storages[i], word, &why);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "--quantizers: %.500s", why.text);
  s->storage_count = i + 1;
  return ULP_OK;
}

static ulp_status add_default_formats(ulp_snr_sweep *s, ulp_error *e)
{
  const ulp_format *f;
  free(s->formats);
  s->formats = calloc(ulp_format_count() + 1, sizeof *s->formats);
  if (!s->formats)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; (f = ulp_format_row(i)) != NULL; i++)
    if (f->is_signed && f->bits <= 16)
      s->formats[s->format_count++] = *f;
  return ULP_OK;
}

/* Whoever names one list wants that list, not the other one's default. */
ulp_status ulp_snr_read_lists(ulp_snr_sweep *s, const ulp_run *run,
                              ulp_error *e)
{
  const char *storages = ulp_run_parameter(run, "quantizers");
  ulp_status status =
      ulp_words_formats(&s->formats, &s->format_count, run, "formats", e);
  if (status == ULP_OK)
    status = ulp_words_rules(&s->rules, &s->rule_count, run, "scale-rules", e);
  if (status == ULP_OK && !s->format_count && !ulp_words_count(storages)) {
    storages = default_storages;
    status = add_default_formats(s, e);
  }
  if (status != ULP_OK)
    return status;
  if (s->rule_count == 0 && s->format_count)
    return ulp_error_set(e, ULP_EINVAL, "--scale-rules: expected a rule");
  s->storages = calloc(ulp_words_count(storages) + 1, sizeof *s->storages);
  return s->storages ? ulp_words_read(storages, add_storage, s, e)
                     : ulp_error_set(e, ULP_ENOMEM, "out of memory");
}
