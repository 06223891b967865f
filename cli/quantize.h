/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantize.h: what the files of `ulplab quantize` and `dequantize` share.
 */
#ifndef ULPLAB_CLI_QUANTIZE_H
#define ULPLAB_CLI_QUANTIZE_H

#include "cli.h"
#include "packed.h"
#include "quantizer.h"

/* Patterns as the shell's, each of which must match a tensor. */
enum { CLI_MAX_GLOBS = 64 };
typedef struct {
  size_t count;
  const char *text[CLI_MAX_GLOBS];
} cli_globs;

typedef struct {
  const char *to, *in, *out, *scales, *global, *zeros, *dequant;
  const char *use_scales, *use_global, *use_zeros; /* given, not chosen */
  const char *nested, *offset;
  const char *profile, *granularity, *scale_format, *rule_text;
  ulp_format format; /* of one scale; bits 0: `to` is a quantizer's text */
  ulp_rounding rounding;
  bool mode_given;
  ulp_scale_spec rule;
  cli_axis axis;
  bool packed, strict;
  int threads;
  cli_globs only, except; /* of a whole file */
  const char *report;
} quantize_request;

typedef struct {
  const char *from, *in, *out, *scales, *global, *zeros, *nested, *offset;
  const char *profile, *granularity, *scale_format, *rule_text;
  ulp_format format; /* of one scale */
  cli_axis axis;
  bool packed, from_metadata;
  int threads;
} dequantize_request;

/* Codes with a scale for each block (dequantize_blocks.c). */
ulp_status dequantize_blocks(const dequantize_request *rq, const ulp_tensor *x,
                             ulp_error *e);

/* One scale for the array (quantize_tensor.c). */
ulp_status quantize_tensor(const quantize_request *rq, const ulp_tensor *x,
                           ulp_error *e);
/* A scale for each block (quantize_blocks.c). */
ulp_status quantize_blocks(const quantize_request *rq, const ulp_tensor *x,
                           ulp_error *e);
/* The quantizer that the options describe. */
ulp_status quantize_find(ulp_quantizer *q, const quantize_request *rq,
                         ulp_error *e);
/* All tensors of a file (quantize_file.c, dequantize_file.c). */
ulp_status quantize_file(const quantize_request *rq, ulp_error *e);
ulp_status dequantize_file(const dequantize_request *rq, ulp_error *e);

/* Blocks that hold their scales (packed.c): the row of a text and a profile
 * given apart, or NULL. */
const ulp_packed_block *cli_packed_find(const char *spec, const char *profile);
ulp_status quantize_packed(const quantize_request *rq,
                           const ulp_packed_block *p, const ulp_tensor *x,
                           ulp_error *e);
ulp_status dequantize_packed(const dequantize_request *rq,
                             const ulp_packed_block *p, const ulp_tensor *x,
                             ulp_error *e);

/* ---- quantizers on the command line (quantizer.c) ----------------------- */

/* The quantizer of a text, of which a profile given apart may be part, and of
 * settings given apart; NULL: not given. */
typedef struct {
  const char *option; /* that gave spec: "to" */
  const char *spec, *profile, *granularity, *scale_format, *rule;
  cli_axis axis;
  bool whole_file; /* where the rule "none" means no scales */
} cli_quantizer_text;
/* Whether a quantizer of that name, as spec begins, has the profile. */
bool cli_quantizer_has_profile(const char *spec, const char *profile);
ulp_status cli_quantizer_find(ulp_quantizer *q, const cli_quantizer_text *t,
                              ulp_error *e);

/* The same as one text, which ulp_quantizer_find reads. */
ulp_status cli_quantizer_describe(char *out, size_t size,
                                  const cli_quantizer_text *t, ulp_error *e);

/* Elements first .. first+n-1 as f32. */
void cli_floats_read(const ulp_tensor *t, float *out, int64_t first, int64_t n);

/* Options of scales of scales where the quantizer has none. */
ulp_status cli_nested_check(const ulp_quantizer *q, const char *nested,
                            const char *offset, ulp_error *e);

/* Shorter blocks where the implementation has none are refused. */
ulp_status cli_blocks_check(const ulp_quantizer *q, const ulp_blocks *b,
                            const char *path, ulp_error *e);

/* ---- scales in files (block_files.c) ------------------------------------ */

/* One code of f for each block of b, or one zero point, allocated.  The blocks
 * are those of the array in the file `of`. */
ulp_status cli_block_codes_read(unsigned char **out, const ulp_format *f,
                                const ulp_blocks *b, const char *path,
                                const char *of, ulp_error *e);
ulp_status cli_block_zeros_read(int32_t **out, const ulp_blocks *b,
                                const char *path, const char *of,
                                ulp_error *e);
/* A single f4, which `option` names: a global scale. */
ulp_status cli_number_read(double *out, const char *option, const char *path,
                           ulp_error *e);
/* The same, written; o NULL: not at all. */
void cli_block_codes_write(ulp_output *o, const ulp_format *f,
                           const ulp_blocks *b, const void *stored);
void cli_block_zeros_write(ulp_output *o, const ulp_blocks *b,
                           const int32_t *zeros);
void cli_number_write(ulp_output *o, double x);

enum { CLI_PART = 1 << 22 }; /* elements of a part of an array */
/* Elements of the largest part that b is cut into. */
int64_t cli_largest_part(const ulp_blocks *b);

#endif
