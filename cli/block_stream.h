/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * block_stream.h: a tensor through a quantizer, part by part.
 */
#ifndef ULPLAB_CLI_BLOCK_STREAM_H
#define ULPLAB_CLI_BLOCK_STREAM_H

#include "quantize.h"

typedef struct {
  const ulp_quantizer *q;
  const ulp_tensor *x;
  int threads;
  ulp_blocks b;
  double amax, global; /* amax: as q counts it */
  bool global_given;   /* by the caller, before the survey */
  bool decodes;        /* whether parts are decoded too; true at first */
  double finite_amax;  /* of the finite values, as f32 */
  uint64_t nan, inf;
  unsigned char *scale; /* of every block, stored; where q->fixed, the caller's,
                           as zero is: given before the survey, freed here */
  int32_t *zero;        /* of every block, or NULL */
  ulp_nested n;         /* of scales that are quantized in turn */
  float *through;       /* what their codes stand for; or NULL */
  unsigned char *scale_code, *scale_scale;
  /* the part that cli_blocks_next found: */
  ulp_blocks at;
  int64_t element, block; /* numbers of its first ones */
  float *part, *values;   /* values: as dequantized */
  unsigned char *code;
  int64_t next;
  ulp_range *kept; /* of its blocks, once errors were asked for */
  int64_t kept_room;
} cli_blocks;

/* Whether q fits x; `label` names the tensor in messages.  Fills s->b. */
ulp_status cli_blocks_begin(cli_blocks *s, const ulp_quantizer *q,
                            const ulp_tensor *x, const char *label,
                            int threads, ulp_error *e);
/* The passes before: the amax of the tensor and its global scale; all scales,
 * where they are quantized in turn. */
ulp_status cli_blocks_survey(cli_blocks *s, ulp_error *e);
/* Quantizes the next part, and decodes it if s->decodes: *more is false past
 * the last. */
ulp_status cli_blocks_next(cli_blocks *s, bool *more, ulp_error *e);
/* Adds the errors of the part. */
ulp_status cli_blocks_errors(cli_blocks *s, ulp_error_sums *sums,
                             ulp_error *e);
void cli_blocks_end(cli_blocks *s);

/* The array's own codes become those that a file has: integers of fewer than
 * 8 bits extend their sign. */
void cli_codes_extend(const ulp_format *f, unsigned char *code, int64_t n);

#endif
