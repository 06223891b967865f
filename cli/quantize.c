/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantize.c: `ulplab quantize`, an array to the codes of a format.
 */
#include <string.h>

#include "checkpoint.h"
#include "product.h"
#include "quantize.h"

static ulp_status read_mode(void *target, const char *text, ulp_error *e)
{
  quantize_request *rq = target;
  rq->mode_given = true;
  return cli_read_mode(&rq->rounding.mode, text, e);
}

static ulp_status read_glob(void *target, const char *text, ulp_error *e)
{
  cli_globs *list = target;
  if (list->count == CLI_MAX_GLOBS)
    return ulp_error_set(e, ULP_EINVAL, "more than %d patterns", CLI_MAX_GLOBS);
  return cli_read_text(&list->text[list->count++], text, e);
}

static int parse(quantize_request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"to", "FORMAT",
       "a format (e4m3), a quantizer with its profile (nvfp4@te, q4_k), or a "
       "text that describes one (e2m1/g=group:16/scale=e4m3); 'ulplab "
       "quantizers' lists them",
       cli_read_text, &rq->to},
      {"in", "X.npy", "the array: floats or integers", cli_read_text, &rq->in},
      {"out", "Q.npy", "where its codes go", cli_read_text, &rq->out},
      {"round", "MODE", "rne (default), rna, rnz, rtz, ru, rd, odd or sr",
       read_mode, rq},
      {"overflow", "RULE",
       "saturate, inf, nan or ieee (default: the profile's)",
       cli_read_overflow, &rq->rounding.overflow},
      {"profile", "NAME",
       "whose rule holds where implementations disagree: ocp (default), ieee, "
       "cuda, ml_dtypes, torchao, p3109; or of a quantizer: te, torchao, ...",
       cli_read_text, &rq->profile},
      CLI_SR_OPTIONS(rq->rounding),
      {"scale-rule", "RULE",
       "none (default), amax, mse, percentile:P, floor, ceil, rceil, even or "
       "fixed:S; the codes are those of x / scale. Of blocks also amax:D, "
       "minmax, mae, mse:N",
       cli_read_text, &rq->rule_text},
      {"granularity", "G",
       "elements that share a scale: tensor (default), channel, token, "
       "group:N, tile:RxC or block:N",
       cli_read_text, &rq->granularity},
      {"axis", "N",
       "the dimension along which groups lie and tokens run (default -1), or "
       "that counts channels (default 0)",
       cli_read_axis, &rq->axis},
      {"scale-format", "FORMAT", "of the scales of blocks: f32, e8m0, e4m3, ...",
       cli_read_text, &rq->scale_format},
      {"scales", "S.npy",
       "where the scales go; of quantizers with scales of scales, their codes",
       cli_read_text, &rq->scales},
      {"nested-scales", "T.npy", "where the scales of scales go (nf4-double)",
       cli_read_text, &rq->nested},
      {"scale-offset", "O.npy", 
       "where the number goes that was taken off the scales (f4), likewise",
       cli_read_text, &rq->offset},
      {"global-scale", "G.npy",
       "where the tensor's own scale goes (f4), of quantizers that have one",
       cli_read_text, &rq->global},
      {"zero-points", "Z.npy", "where the zero points go (i4), likewise",
       cli_read_text, &rq->zeros},
      {"use-scales", "S.npy",
       "scales to use instead of choosing them, as 'ulplab calibrate' writes "
       "them",
       cli_read_text, &rq->use_scales},
      {"use-zero-points", "Z.npy", "their zero points", cli_read_text,
       &rq->use_zeros},
      {"use-global-scale", "G.npy",
       "the tensor's own scale, with those scales or alone", cli_read_text,
       &rq->use_global},
      {"dequant", "Y.npy", "where the values of the codes, times the scale, go",
       cli_read_text, &rq->dequant},
      {"packed", NULL,
       "write codes of fewer than 8 bits without gaps, the first in the low "
       "bits",
       cli_read_flag, &rq->packed},
      {"only", "GLOB",
       "of a whole file: quantize the float tensors of these names; may be "
       "given again (default: those of 2 or more dimensions)",
       read_glob, &rq->only},
      {"except", "GLOB", "of a whole file: but not those of these names",
       read_glob, &rq->except},
      {"report", "R.csv",
       "of a whole file: where a row for each tensor goes: SNR, clipping, "
       "bits per element, bytes",
       cli_read_text, &rq->report},
      {"strict", NULL, "refuse NaN and Inf", cli_read_flag, &rq->strict},
      {"threads", "N", "threads; the answer does not depend on them",
       cli_read_threads, &rq->threads},
      {0}};
  const cli_command command = {
      .name = "quantize",
      .synopsis = "--to FORMAT --in X.npy|X.safetensors "
                  "--out Q.npy|Q.safetensors [OPTION]...",
      .summary = "Encodes an array. Codes of up to 8 bits are written as |u1 "
                 "(integer formats: |i1), of up to 16 as <u2, float32, tf32 "
                 "and fp22 in <f4, float64 as <f8. Where --out is named "
                 ".safetensors, a whole file: each float tensor of 16 or more "
                 "bits and 2 or more dimensions, or that --only names, "
                 "becomes codes NAME beside NAME.scale, NAME.global_scale and "
                 "NAME.zero_point, in the dtype that has the format's name "
                 "(F8_E4M3, F4, ...) or else U8, I8 or U16. All other tensors "
                 "are copied untouched. __metadata__ says which quantizer "
                 "made each: ulplab.quantizer.NAME.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

/* Whether all of it is said by a format and one scale. */
static bool one_scale(const quantize_request *rq)
{
  ulp_format f;
  return ulp_format_find(rq->to, &f, NULL, 0) == ULP_OK &&
         (!rq->granularity || !strcmp(rq->granularity, "tensor")) &&
         !rq->scale_format && !rq->global && !rq->zeros && !rq->nested &&
         !rq->offset && !rq->use_scales && !rq->use_zeros && !rq->use_global &&
         !(rq->profile && cli_quantizer_has_profile(rq->to, rq->profile));
}

static ulp_status find_format(quantize_request *rq, ulp_error *e)
{
  ulp_error inner = {.text = ""};
  ulp_status status = cli_read_format(&rq->format, rq->to, &inner);
  if (status != ULP_OK)
    return ulp_error_set(e, status, "--to: %s", inner.text);
  if (rq->profile) {
    status = cli_read_profile(&rq->rounding.profile, rq->profile, &inner);
    if (status != ULP_OK)
      return ulp_error_set(e, status, "--profile: %s", inner.text);
  }
  if (rq->rule_text) {
    status = cli_read_scale_rule(&rq->rule, rq->rule_text, &inner);
    if (status != ULP_OK)
      return ulp_error_set(e, status, "--scale-rule: %s", inner.text);
  }
  return ULP_OK;
}

static ulp_status check_request(const quantize_request *rq, ulp_error *e)
{
  ulp_status status = cli_need(rq->to, "--to FORMAT", e);
  if (status == ULP_OK) status = cli_need(rq->in, "--in X.npy", e);
  return status == ULP_OK ? cli_need(rq->out, "--out Q.npy", e) : status;
}

static ulp_status quantize(quantize_request *rq, ulp_error *e)
{
  ulp_file *file;
  const ulp_tensor *x;
  ulp_status status = check_request(rq, e);
  if (status != ULP_OK) return status;
  if (cli_is_safetensors(rq->out)) return quantize_file(rq, e);
  if (rq->only.count || rq->except.count || rq->report)
    return ulp_error_set(e, ULP_EINVAL,
                         "--%s: of whole files, expected --out Q.safetensors",
                         rq->only.count     ? "only"
                         : rq->except.count ? "except"
                                            : "report");
  const ulp_packed_block *packed = cli_packed_find(rq->to, rq->profile);
  bool whole = !packed && one_scale(rq);
  if (whole) status = find_format(rq, e);
  if (status == ULP_OK) status = cli_array_open(&file, &x, rq->in, e);
  if (status != ULP_OK) return status;
  status = packed  ? quantize_packed(rq, packed, x, e)
           : whole ? quantize_tensor(rq, x, e)
                   : quantize_blocks(rq, x, e);
  ulp_file_close(file);
  return status;
}

int cli_quantize(int argc, char **argv)
{
  quantize_request rq = {.threads = cli_default_threads()};
  int status = parse(&rq, argc, argv);
  if (status >= 0) return status;
  ulp_error e;
  return quantize(&rq, &e) == ULP_OK ? CLI_DONE : cli_fail("quantize", &e);
}
