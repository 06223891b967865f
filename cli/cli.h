/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cli.h: what the subcommands of `ulplab` share.
 *
 * A subcommand is one function in one file and one row of the table in
 * main.c.  It describes its options as a table, calls cli_parse, opens its
 * inputs, opens every output, works, and commits the outputs last, so that
 * a failure leaves no file behind.
 */
#ifndef ULPLAB_CLI_H
#define ULPLAB_CLI_H

#include <jansson.h>

#include "analysis.h"
#include "formats.h"
#include "tensor.h"

/* Exit statuses, part of the program's contract. */
enum { CLI_DONE = 0, CLI_DIFFERENT = 1, CLI_ERROR = 2 };

/* ---- subcommands ------------------------------------------------------- */

int cli_formats(int argc, char **argv);
int cli_codes(int argc, char **argv);
int cli_write(int argc, char **argv);
int cli_show(int argc, char **argv);
int cli_quantize(int argc, char **argv);
int cli_dequantize(int argc, char **argv);
int cli_quantizers(int argc, char **argv);
int cli_calibrate(int argc, char **argv);
int cli_pack(int argc, char **argv);
int cli_unpack(int argc, char **argv);
int cli_compare(int argc, char **argv);
int cli_measure(int argc, char **argv);
int cli_gpus(int argc, char **argv);
int cli_mma(int argc, char **argv);
int cli_gemm(int argc, char **argv);
int cli_identify(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_model(int argc, char **argv);
int cli_plans(int argc, char **argv);
int cli_tokenize(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_merge(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_bench(int argc, char **argv);

/* ---- messages (message.c) ---------------------------------------------- */

/* One line on stderr, "ulplab COMMAND: TEXT"; control characters become '?'
 * so that no file name can break the line.  Both return CLI_ERROR. */
int cli_fail(const char *command, const ulp_error *e);
int cli_failf(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with "warning: "; the program goes on. */
void cli_warn(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Fills e with: `text` is no `what`, expected one of ..., nearest. */
ulp_status cli_unknown(ulp_error *e, const char *what, const char *text,
                       const char *(*name_of)(size_t i));
/* Fills e with ULP_ENOMEM, and returns that. */
ulp_status cli_no_memory(ulp_error *e);

/* ---- options (options.c) ----------------------------------------------- */

/* Reads an option's text into its target; text is NULL for a flag. */
typedef ulp_status cli_reader(void *target, const char *text, ulp_error *e);

typedef struct {
  const char *name;     /* without the dashes; NULL ends the table */
  const char *argument; /* its name in the help; NULL for a flag */
  const char *help;
  cli_reader *read;
  void *target;
} cli_option;

typedef struct {
  const char *name;     /* of the subcommand */
  const char *synopsis; /* what follows it on a command line */
  const char *summary;  /* what it does, a few lines */
  const cli_option *options;
  int min_operands, max_operands; /* max -1: any number */
} cli_command;

/* Parses argv[1..argc-1].  Options take "--name value" or "--name=value" and
 * may stand anywhere before "--".  On return argv[0..*operands-1] are the
 * operands.  Returns -1 to go on, or the exit status: help and version were
 * asked for, or the command line is wrong and one line has said so. */
int cli_parse(const cli_command *c, int argc, char **argv, int *operands);
int cli_print_version(const char *command);
/* The same as roff, on standard output: of a subcommand with the n options that
 * all have, and of the program with the names of its subcommands. */
int cli_print_man(const cli_command *c, const cli_option *common, size_t n);
int cli_print_main_man(const char *(*name_of)(size_t i));
/* What main.c's table says of a subcommand. */
const char *cli_subcommand_help(const char *name);

/* ---- readers of option values (values.c) ------------------------------- */

cli_reader cli_read_flag;       /* bool */
cli_reader cli_read_text;       /* const char * */
cli_reader cli_read_u64;        /* uint64_t */
cli_reader cli_read_threads;    /* int, 1..4096 */
cli_reader cli_read_axis;       /* cli_axis */
cli_reader cli_read_format;     /* ulp_format; bits is 0 until it is given */
cli_reader cli_read_json;       /* bool: csv or json */
cli_reader cli_read_mode;       /* ulp_mode */
cli_reader cli_read_overflow;   /* ulp_overflow */
cli_reader cli_read_profile;    /* const ulp_profile * */
cli_reader cli_read_sr_bits;    /* uint8_t */
cli_reader cli_read_sr_variant; /* ulp_sr_variant */
cli_reader cli_read_scale_rule; /* ulp_scale_spec */

typedef struct {
  bool given;
  int value;
} cli_axis;

/* The options that fill an ulp_rounding; the default of --overflow is set by
 * the caller and named here. */
#define CLI_ROUNDING_OPTIONS(r, overflow_default)                              \
  {"round", "MODE", "rne (default), rna, rnz, rtz, ru, rd, odd or sr",         \
   cli_read_mode, &(r).mode},                                                  \
  {"overflow", "RULE",                                                         \
   "saturate, inf, nan or ieee (default: " overflow_default ")",               \
   cli_read_overflow, &(r).overflow},                                          \
  {"profile", "NAME",                                                          \
   "whose rule holds where implementations disagree: ocp (default), ieee, "    \
   "cuda, ml_dtypes, torchao or p3109",                                        \
   cli_read_profile, &(r).profile},                                            \
  CLI_SR_OPTIONS(r)
#define CLI_SR_OPTIONS(r)                                                      \
  {"seed", "S", "seed of stochastic rounding (default 0)", cli_read_u64,       \
   &(r).seed},                                                                 \
  {"stream", "S", "stream of its generator (default 0)", cli_read_u64,         \
   &(r).stream},                                                               \
  {"sr-bits", "N",                                                             \
   "random bits of stochastic rounding, 1 to 32; 0 (default) is exact",        \
   cli_read_sr_bits, &(r).sr_bits},                                            \
  {"sr-variant", "V", "a (default), b or c: how P3109 adds those bits",        \
   cli_read_sr_variant, &(r).sr_variant}

/* ---- numbers (number.c) ------------------------------------------------ */

enum { CLI_NUMBER_SIZE = 64 };
/* The fewest of 15, 16 and 17 digits that read back as x; "inf", "nan" (whose
 * sign is not printed).  Returns out. */
const char *cli_decimal(double x, char out[CLI_NUMBER_SIZE]);
/* A code's value: decimal that reads back as it, and exact C hex float. */
const char *cli_code_decimal(const ulp_format *f, uint64_t code,
                             char out[CLI_NUMBER_SIZE]);
const char *cli_code_hex(const ulp_format *f, uint64_t code,
                         char out[CLI_NUMBER_SIZE]);
/* The code as "0x" and as many digits as its bits need. */
const char *cli_code_name(const ulp_format *f, uint64_t code,
                          char out[CLI_NUMBER_SIZE]);

/* ---- tables (table.c) -------------------------------------------------- */

/* Rows of named cells, as CSV (RFC 4180, "\n") or as a JSON array of objects.
 * Cells are given in the order of the columns; the last one ends the row.
 * In JSON, Inf and NaN are strings. */
typedef struct {
  ulp_output *out;
  const char *const *columns; /* ends with NULL */
  size_t cell, rows;
  json_t *object; /* the row under way; NULL for CSV */
  bool json, failed;
} cli_table;

void cli_table_begin(cli_table *t, ulp_output *out, bool json,
                     const char *const *columns);
void cli_cell_text(cli_table *t, const char *s);
void cli_cell_number(cli_table *t, double x);
void cli_cell_int(cli_table *t, int64_t n);
void cli_cell_bool(cli_table *t, bool b);
void cli_cell_none(cli_table *t);
/* Two cells, a code's value: in decimal, as a JSON number where JSON and a
 * double can hold it, and in hex float. */
void cli_cell_value(cli_table *t, const ulp_format *f, uint64_t code);
/* ULP_ENOMEM when a row could not be built. */
ulp_status cli_table_end(cli_table *t, ulp_error *e);
/* A whole table on standard output: `fill` writes its rows from `data`.
 * Returns the exit status of the subcommand. */
int cli_print_table(const char *subcommand, bool json,
                    const char *const *columns,
                    void (*fill)(cli_table *t, const void *data),
                    const void *data);

/* ---- arrays (array.c) -------------------------------------------------- */

enum { CLI_CHUNK = 65536 }; /* elements; a multiple of 8 for packing */

/* Opens FILE:NAME, or a file that holds exactly one tensor. */
ulp_status cli_array_open(ulp_file **file, const ulp_tensor **tensor,
                          const char *path, ulp_error *e);
/* "3x4", "scalar" for no dimensions; cut short if it does not fit. */
void cli_shape_text(char *out, size_t size, int ndim, const int64_t *shape);

/* How many codes so many packed bytes hold. */
int64_t cli_codes_held(const ulp_format *f, int64_t bytes);
/* Whether t's elements can be codes of f, unpacked or packed. */
ulp_status cli_codes_check(const ulp_format *f, const ulp_tensor *t,
                           bool packed, const char *path, ulp_error *e);
/* Elements first .. first+n-1 as stored codes (ulp_load_code reads them) in
 * `stored`, n * storage_bytes bytes.  ULP_EFORMAT names the first element that
 * is no code.  For a packed array elements count codes, n is at most
 * CLI_CHUNK, and first and n are multiples of 8 but at the end. */
ulp_status cli_codes_read(const ulp_format *f, const ulp_tensor *t,
                          bool packed, const char *path, void *stored,
                          int64_t first, int64_t n, ulp_error *e);

/* Decodes n stored elements: value times scale, but NaN as the code has it. */
void cli_codes_decode(const ulp_format *f, double *out, const void *stored,
                      int64_t n, double scale);

/* How codes of f are stored: the descr of a .npy header. */
const char *cli_codes_type(const ulp_format *f, bool packed);

/* Whether f's values times scale may be written as f32 (else as f64). */
bool cli_fits_f32(const ulp_format *f, double scale);
/* Writes n values as little-endian f4 or f8; NaN payloads survive.  scratch
 * holds n floats. */
void cli_values_write(ulp_output *o, bool wide, const double *x, float *scratch,
                      size_t n);

/* One dimension of tokens, each an integer from 0 (text.c); the caller's to
 * free, with room for `more` after them. */
ulp_status cli_tokens_read(const char *path, size_t more, int32_t **tokens,
                           int64_t *n, ulp_error *e);

/* ---- several outputs, all or none (outputs.c) -------------------------- */

enum { CLI_MAX_OUTPUTS = 8 };
typedef struct {
  size_t count;
  ulp_output *file[CLI_MAX_OUTPUTS];
  const char *path[CLI_MAX_OUTPUTS];
} cli_outputs;

/* Adds an output; a NULL path gives *out = NULL.  ULP_EINVAL when the path is
 * that of an earlier output. */
ulp_status cli_outputs_add(cli_outputs *set, ulp_output **out,
                           const char *path, ulp_error *e);
/* Commits all.  A failure to write leaves every path as it was; a failure to
 * rename removes those already renamed. */
ulp_status cli_outputs_commit(cli_outputs *set, ulp_error *e);
void cli_outputs_discard(cli_outputs *set);

#endif
