/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads captured matrix products and makes their inputs.
 */
#include "gemm_case.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recipes.h"
#include "threads.h"

enum { LINE = 4096, MOST = 1 << 15 };

const char *gemm_format_name(const char *type)
{
  return strcmp(type, "s8") == 0    ? "int8"
         : strcmp(type, "s32") == 0 ? "float32"
                                    : type;
}

/* ---- reading ---------------------------------------------------------------- */

static void keep(char *to, size_t size, const char *from)
{
  (void)snprintf(to, size, "%s", from);
}

/* A kernel's short name; helpers that copy and reduce are not it. */
static void take_kernel(gemm_case *c, const char *name)
{
  const char *from = strstr(name, "Kernel2<"), *dot = strstr(name, " x ");
  if (strncmp(name, "void at::", 9) == 0 || strncmp(name, "Mem", 3) == 0 ||
      strstr(name, "splitKreduce") || c->kernel[0])
    return;
  from = from ? from + 8 : dot ? dot + 3 : name;
  if (strncmp(from, "void ", 5) == 0)
    from += 5;
  keep(c->kernel, sizeof c->kernel, from);
  c->kernel[strcspn(c->kernel, "<>( ")] = '\0';
}

static void take_option(gemm_case *c, const char *text)
{
  (void)sscanf(text, "block %*d %*d %ld", &c->block_k);
  (void)sscanf(text, "imprecise %ld", &c->imprecise);
  c->fast = c->fast || strcmp(text, "fast_accum 1") == 0;
  c->biased = c->biased || strcmp(text, "bias bf16") == 0;
  c->echo = c->echo || strcmp(text, "echo 1") == 0;
}

static void take_line(gemm_case *c, const char *key, const char *value)
{
  const char *slices = strstr(value, "numSplitsK=");
  if (strcmp(key, "case") == 0)
    c->number = strtol(value, NULL, 10);
  else if (strcmp(key, "op") == 0)
    keep(c->op, sizeof c->op, value);
  else if (strcmp(key, "types") == 0)
    (void)sscanf(value, "%7s %7s %7s", c->type[0], c->type[1], c->type[2]);
  else if (strcmp(key, "shape") == 0)
    (void)sscanf(value, "%zu %zu %zu", &c->m, &c->n, &c->k);
  else if (strcmp(key, "family") == 0)
    keep(c->family, sizeof c->family, value);
  else if (strcmp(key, "seed") == 0)
    (void)sscanf(value, "%" SCNu64, &c->seed);
  else if (strcmp(key, "gpu") == 0)
    keep(c->gpu, sizeof c->gpu, value);
  else if (strcmp(key, "scale") == 0)
    keep(c->scale, sizeof c->scale, value);
  else if (strcmp(key, "option") == 0)
    take_option(c, value);
  else if (strcmp(key, "digest") == 0)
    (void)sscanf(value, "%" SCNx64, &c->digest);
  else if (strcmp(key, "kernel") == 0 || strcmp(key, "ptx") == 0)
    take_kernel(c, value);
  else if (strcmp(key, "error") == 0)
    keep(c->error, sizeof c->error, value);
  else if (strcmp(key, "lt") == 0 && slices)
    c->slices = strtol(slices + 11, NULL, 10);
  else if (strcmp(key, "outputs") == 0) {
    c->sampled = strncmp(value, "sampled ", 8) == 0;
    (void)sscanf(value, "%*s %zu", &c->outputs);
  }
}

static int refuse(const gemm_case *c, const char *what, ulp_error *e)
{
  ulp_error_set(e, ULP_EFORMAT, "captured GEMMs: case %ld: %s", c->number,
                what);
  return -1;
}

static int take_outputs(FILE *f, gemm_case *c, ulp_error *e)
{
  const char *t = c->type[2];
  bool two = strcmp(t, "f16") == 0 || strcmp(t, "bf16") == 0;
  if (c->outputs == 0)
    return 1;
  if (!two && strcmp(t, "f32") != 0 && strcmp(t, "s32") != 0)
    return refuse(c, "type of D: expected f32, s32, f16 or bf16", e);
  if (c->m == 0 || c->n == 0 || c->k == 0 || c->m > MOST || c->n > MOST ||
      c->k > MOST || c->outputs > c->m * c->n ||
      (!c->sampled && c->outputs != c->m * c->n))
    return refuse(c, "shape and number of outputs do not agree", e);
  c->out_bytes = two ? 2 : 4;
  c->out = malloc(c->outputs * c->out_bytes);
  if (!c->out || fread(c->out, c->out_bytes, c->outputs, f) != c->outputs)
    return refuse(c, "the outputs end early", e);
  return 1;
}

int gemm_case_read(FILE *f, gemm_case *c, ulp_error *e)
{
  char line[LINE];
  memset(c, 0, sizeof *c);
  c->imprecise = -1;
  c->threads = ulp_all_threads();
  if (!fgets(line, sizeof line, f))
    return 0;
  if (strcmp(line, "ulplab-gemm 1\n") != 0)
    return refuse(c, "expected the line \"ulplab-gemm 1\"", e);
  while (fgets(line, sizeof line, f)) {
    size_t n = strcspn(line, "\n");
    char *value = line + strcspn(line, " \n");
    if (line[n] != '\n')
      return refuse(c, "a line of more than 4095 characters", e);
    line[n] = '\0';
    if (strcmp(line, "end") == 0)
      return take_outputs(f, c, e);
    if (*value)
      *value++ = '\0';
    take_line(c, line, value);
  }
  return refuse(c, "no line \"end\"", e);
}

void gemm_case_free(gemm_case *c)
{
  free(c->out);
  c->out = NULL;
}

size_t gemm_case_position(const gemm_case *c, size_t j)
{
  return c->sampled
             ? (size_t)ulp_recipe_position(c->seed, j, c->m * c->n)
             : j;
}

uint64_t gemm_case_output(const gemm_case *c, size_t j)
{
  uint64_t code = 0;
  for (size_t i = 0; i < c->out_bytes; i++)
    code |= (uint64_t)c->out[j * c->out_bytes + i] << 8 * i;
  return code;
}

/* ---- inputs ------------------------------------------------------------------- */

static int family_of(const char *name)
{
  for (int i = 0; i < 5; i++)
    if (strcmp(name, ulp_family_names[i]) == 0)
      return i;
  return -1;
}

/* The rows of A (of B) that the first `most` outputs need; NULL: all. */
static bool *rows_needed(const gemm_case *c, bool of_b, size_t rows,
                         size_t most)
{
  bool *needed = most < c->outputs ? calloc(rows, sizeof *needed) : NULL;
  for (size_t j = 0; needed && j < most; j++) {
    size_t at = gemm_case_position(c, j);
    needed[of_b ? at % c->n : at / c->n] = true;
  }
  return needed;
}

static void *matrix(const gemm_case *c, const ulp_format *f, int stream,
                    size_t rows, size_t most)
{
  const ulp_recipe_type *t = ulp_recipe_type_find(c->type[stream - 1]);
  int family = family_of(c->family);
  void *out = malloc(rows * c->k * f->storage_bytes);
  if (!t || family < 0 || !out || (c->echo && t->exp_bits == 0)) {
    free(out);
    return NULL;
  }
  bool *needed = rows_needed(c, stream == ULP_STREAM_B, rows, most);
#pragma omp parallel for num_threads(c->threads)
  for (size_t row = 0; row < rows; row++)
    for (size_t k = 0; (!needed || needed[row]) && k < c->k; k++)
      ulp_store_code(f, out, row * c->k + k,
                     (c->echo ? ulp_echo_code : ulp_recipe_code)(
                         t, (ulp_family)family, c->seed, stream, row, c->k,
                         k));
  free(needed);
  return out;
}

/* "tensor", "row", or half of "1x128_128x128". */
static ulp_gemm_scales scales_of(const char *name)
{
  return strcmp(name, "none") == 0        ? ULP_SCALES_NONE
         : strcmp(name, "tensor") == 0    ? ULP_SCALES_ONE
         : strcmp(name, "row") == 0       ? ULP_SCALES_ROWS
         : strncmp(name, "1x128", 5) == 0 ? ULP_SCALES_1X128
                                          : ULP_SCALES_128X128;
}

static float *scales(const gemm_case *c, int stream, size_t count)
{
  float *out = malloc(count * sizeof *out);
  size_t blocks = (c->k + 127) / 128;
  for (size_t i = 0; out && i < count; i++) {
    uint32_t bits = c->echo ? ulp_echo_scale(c->seed, stream, i, blocks)
                            : ulp_recipe_scale(c->seed, stream, i);
    memcpy(&out[i], &bits, sizeof bits);
  }
  return out;
}

/* The bias, a row, as the C of every row. */
static float *bias(const gemm_case *c)
{
  const ulp_recipe_type *t = ulp_recipe_type_find("bf16");
  float *out = malloc(c->m * c->n * sizeof *out);
  for (size_t i = 0; out && i < c->m * c->n; i++) {
    uint32_t bits = (uint32_t)ulp_recipe_code(t, ULP_FAMILY_NORMAL, c->seed,
                                              ULP_STREAM_BIAS, 0, c->n,
                                              i % c->n)
                    << 16;
    memcpy(&out[i], &bits, sizeof bits);
  }
  return out;
}

bool gemm_inputs_make(const gemm_case *c, size_t most, gemm_inputs *in)
{
  const char *half = strchr(c->scale, '_');
  size_t room = (c->m > c->n ? c->m : c->n) * (c->k / 128 + 1);
  memset(in, 0, sizeof *in);
  ulp_format *format[3] = {&in->fa, &in->fb, &in->fd};
  for (int i = 0; i < 3; i++)
    if (ulp_format_find(gemm_format_name(c->type[i]), format[i], NULL, 0) !=
        ULP_OK)
      return false;
  in->a = matrix(c, &in->fa, ULP_STREAM_A, c->m, most);
  in->b = matrix(c, &in->fb, ULP_STREAM_B, c->n, most);
  in->d = malloc(c->m * c->n * in->fd.storage_bytes);
  in->c = c->biased ? bias(c) : NULL;
  in->scale_a = scales(c, ULP_STREAM_SCALE_A, room);
  in->scale_b = scales(c, ULP_STREAM_SCALE_B, room);
  in->x = (ulp_gemm_data){.m = c->m, .n = c->n, .k = c->k,
                          .a = in->a, .b = in->b, .c = in->c, .d = in->d,
                          .kind_a = scales_of(c->scale),
                          .kind_b = scales_of(half ? half + 1 : c->scale),
                          .scale_a = in->scale_a, .scale_b = in->scale_b};
  return in->a && in->b && in->d && (in->c || !c->biased) && in->scale_a &&
         in->scale_b;
}

void gemm_inputs_free(gemm_inputs *in)
{
  free(in->a);
  free(in->b);
  free(in->c);
  free(in->d);
  free(in->scale_a);
  free(in->scale_b);
  memset(in, 0, sizeof *in);
}
