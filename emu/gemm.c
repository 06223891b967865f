/* SPDX-License-Identifier: MIT
 *
 * From the name of a kernel to an order that can be run.
 */
#include "gemm_run.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "why.h"

/* ---- types ------------------------------------------------------------------ */

enum { WORD = 48 };

/* The i-th word of a list such as "e4m3|e5m2"; false past the end. */
static bool word_of(const char *list, size_t i, char out[WORD])
{
  for (; i > 0; i--) {
    list += strcspn(list, "|");
    if (!*list++)
      return false;
  }
  size_t n = strcspn(list, "|");
  if (n == 0 || n >= WORD)
    return false;
  memcpy(out, list, n);
  out[n] = '\0';
  return true;
}

/* The list's own name for a format, or NULL. */
static const char *name_in(const char *list, const ulp_format *f,
                           char out[WORD])
{
  ulp_format listed;
  for (size_t i = 0; word_of(list, i, out); i++)
    if (ulp_format_find(out, &listed, NULL, 0) == ULP_OK &&
        strcmp(listed.name, f->name) == 0)
      return out;
  return NULL;
}

/* A type that was asked for, or the only one there is. */
static ulp_status find_type(const ulp_gemm_order *o, const char *asked,
                            const char *which, ulp_format *out, char *why,
                            size_t why_size)
{
  char word[WORD], again[WORD];
  if (asked) {
    ulp_status status = ulp_format_find(asked, out, why, why_size);
    if (status != ULP_OK || !*o->types || name_in(o->types, out, word))
      return status;
    (void)snprintf(why, why_size, "%s: type %s of %s, expected %s", o->name,
                   out->name, which, o->types);
    return ULP_EINVAL;
  }
  if (word_of(o->types, 0, word) && !word_of(o->types, 1, again))
    return ulp_format_find(word, out, why, why_size);
  (void)snprintf(why, why_size, "%s: expected the type of %s: %s", o->name,
                 which, *o->types ? o->types : "any float");
  return ULP_EINVAL;
}

/* ---- instructions -------------------------------------------------------------- */

static int is_integer(const ulp_mma_record *r)
{
  return r->kind == ULP_DOT_INTEGER;
}

/* The record of the greatest k for these operands and results. */
static const ulp_mma_record *find_record(const char *arch,
                                         const ulp_gemm_order *o,
                                         const ulp_format *a,
                                         const ulp_format *b, char in_a[WORD],
                                         char in_b[WORD])
{
  const ulp_mma_record *best = NULL, *r;
  for (size_t i = 0; (r = ulp_mma_row(i)) != NULL; i++)
    if (strcmp(r->arch, arch) == 0 && strcmp(r->instr, o->instr) == 0 &&
        ((strcmp(r->d, o->acc ? o->acc : "f32") == 0 &&
          r->kind == ULP_DOT_FDPA) ||
         is_integer(r)) &&
        name_in(r->a, a, in_a) && name_in(r->b, b, in_b) &&
        (o->k == 0 || r->k == o->k) && (!best || r->k > best->k))
      best = r;
  if (best) {
    (void)name_in(best->a, a, in_a);
    (void)name_in(best->b, b, in_b);
  }
  return best;
}

static ulp_status find_instruction(const char *arch, ulp_gemm *g, char *why,
                                   size_t why_size)
{
  const ulp_gemm_order *o = g->order;
  ulp_format a = g->a, b = g->b;
  char in_a[WORD], in_b[WORD], name[160];
  if (o->convert &&
      (ulp_format_find(o->convert, &a, why, why_size) != ULP_OK ||
       ulp_format_find(o->convert, &b, why, why_size) != ULP_OK))
    return ULP_ENAME;
  const ulp_mma_record *r = find_record(arch, o, &a, &b, in_a, in_b);
  if (!r) {
    (void)snprintf(why, why_size, "%s: %s has no %s of %s by %s", o->name,
                   arch, o->instr, a.name, b.name);
    return ULP_ENAME;
  }
  const char *result = is_integer(r) ? "s32" : o->acc ? o->acc : "f32";
  (void)snprintf(name, sizeof name, "%s.m%dn%dk%d.%s.%s.%s.%s", r->instr, r->m,
                 r->n ? r->n : 8, r->k, result, in_a, in_b, result);
  return ulp_mma_find(arch, name, &g->mma, why, why_size);
}

/* ---- the order ---------------------------------------------------------------------- */

static const ulp_gemm_order *find_order(const char *kernel, const char *arch)
{
  const ulp_gemm_order *o;
  for (size_t i = 0; (o = ulp_gemm_order_row(i)) != NULL; i++)
    if (strcasecmp(o->name, kernel) == 0 &&
        (!*o->arch || strcmp(o->arch, arch) == 0))
      return o;
  return NULL;
}

static const char *order_name(const void *list, size_t i)
{
  (void)list;
  return ulp_gemm_order_name(i);
}

static ulp_status unknown_order(const char *gpu, const char *kernel, char *why,
                                size_t why_size)
{
  const char *near = ulp_nearest(kernel, order_name, NULL);
  bool elsewhere = near && strcasecmp(near, kernel) == 0;
  (void)snprintf(why, why_size, "%s '%.60s'%s%s%s%s; see --kernel list",
                 elsewhere ? "no order for this GPU of kernel"
                           : "unknown kernel",
                 kernel, elsewhere ? ": " : "", elsewhere ? gpu : "",
                 near && !elsewhere ? ", did you mean " : "",
                 near && !elsewhere ? near : "");
  ulp_one_line(why, why_size);
  return ULP_ENAME;
}

static ulp_status find_out(ulp_gemm *g, const char *asked, char *why,
                           size_t why_size)
{
  bool integer = *g->order->instr && is_integer(g->mma.record);
  if (integer)
    g->c = g->out = g->mma.d;
  else if (ulp_format_find("float32", &g->c, why, why_size) != ULP_OK ||
           ulp_format_find(asked ? asked : "float32", &g->out, why,
                           why_size) != ULP_OK)
    return ULP_ENAME;
  if (integer && asked && strcasecmp(asked, "s32") != 0)
    (void)snprintf(why, why_size, "%s: output type %.40s, expected s32",
                   g->order->name, asked);
  else if (!integer && strcmp(g->out.name, "float32") != 0 &&
           strcmp(g->out.name, "bfloat16") != 0 &&
           strcmp(g->out.name, "float16") != 0)
    (void)snprintf(why, why_size,
                   "%s: output type %.40s, expected f32, bf16 or f16",
                   g->order->name, asked);
  else
    return ULP_OK;
  return ULP_EINVAL;
}

ulp_status ulp_gemm_set_cuts(ulp_gemm *g, const ulp_gemm_options *options,
                             char *why, size_t why_size)
{
  const ulp_gemm_order *o = g->order;
  bool chain = o->kind == ULP_GEMM_CHAIN, integer;
  bool sliced = o->kind == ULP_GEMM_FMA && o->fine != 0;
  int k = chain ? g->mma.k : 1;
  integer = chain && is_integer(g->mma.record);
  g->promote = options->fast ? o->fast_promote : o->promote;
  g->slices = options->slices ? options->slices : o->slices;
  g->reduce = options->reduce ? *options->reduce : o->reduce;
  if (options->promote >= 0)
    g->promote = options->promote;
  if (options->fast && o->fast_promote < 0)
    (void)snprintf(why, why_size, "%s: has no fast accumulation", o->name);
  else if ((!chain || integer) &&
           (g->promote || (g->slices != 1 && !sliced)))
    (void)snprintf(why, why_size, "%s: has neither promotion nor slices",
                   o->name);
  else if (g->promote % k)
    (void)snprintf(why, why_size,
                   "%s: promotion every %d, expected a multiple of its "
                   "instruction's k, %d",
                   o->name, g->promote, k);
  else if (g->slices < 1 || g->slices > 1024)
    (void)snprintf(why, why_size, "%s: %d slices, expected 1 to 1024", o->name,
                   g->slices);
  else if (g->slices > 1 && o->grain % k && o->feed == ULP_FEED_ASCENDING)
    (void)snprintf(why, why_size,
                   "%s: slices are multiples of %d, expected a block that "
                   "divides it, not %d",
                   o->name, o->grain, k);
  else if (g->reduce != ULP_REDUCE_F32 && g->out.bits != 16)
    (void)snprintf(why, why_size,
                   "%s: a reduction in 16 bits, expected an output of 16 bits",
                   o->name);
  else
    return ULP_OK;
  return ULP_EINVAL;
}

static ulp_status set_arithmetic(ulp_gemm *g, const char *arch,
                                 const ulp_gemm_options *options, char *why,
                                 size_t why_size)
{
  if (*g->order->instr)
    return find_instruction(arch, g, why, why_size);
  if (g->order->kind == ULP_GEMM_CHAIN) {
    if (!options->model) {
      (void)snprintf(why, why_size, "model: expected a block, an alignment "
                                    "and an accumulator");
      return ULP_EINVAL;
    }
    g->mma = *options->model;
    return ULP_OK;
  }
  if (g->a.kind == ULP_CODEBOOK || g->b.kind == ULP_CODEBOOK ||
      g->a.man_bits > 23 || g->b.man_bits > 23 || g->a.exp_bits > 8 ||
      g->b.exp_bits > 8) {
    (void)snprintf(why, why_size,
                   "%s: types %s by %s, expected numbers that fit float32",
                   g->order->name, g->a.name, g->b.name);
    return ULP_EINVAL;
  }
  return ULP_OK;
}

ulp_status ulp_gemm_find(const char *gpu, const char *kernel,
                         const ulp_gemm_options *options, ulp_gemm *out,
                         char *why, size_t why_size)
{
  const char *arch = ulp_gpu_find(gpu);
  ulp_gemm g;
  ulp_mma none;
  if (!arch) /* the look-up of an instruction says what is known */
    return ulp_mma_find(gpu, "mma.m16n8k16.f32.f16.f16.f32", &none, why,
                        why_size);
  memset(&g, 0, sizeof g);
  g.order = find_order(kernel, arch);
  if (!g.order)
    return unknown_order(arch, kernel, why, why_size);
  ulp_status status =
      find_type(g.order, options->type_a, "A", &g.a, why, why_size);
  if (status == ULP_OK)
    status = find_type(g.order, options->type_b, "B", &g.b, why, why_size);
  if (status == ULP_OK)
    status = set_arithmetic(&g, arch, options, why, why_size);
  if (status == ULP_OK)
    status = find_out(&g, options->out, why, why_size);
  if (status == ULP_OK)
    status = ulp_gemm_set_cuts(&g, options, why, why_size);
  if (status == ULP_OK)
    *out = g;
  else
    ulp_one_line(why, why_size);
  return status;
}

ulp_evidence ulp_gemm_evidence(const ulp_gemm *g)
{
  ulp_evidence e = g->order->evidence;
  if (*g->order->instr && g->mma.record->evidence > e)
    e = g->mma.record->evidence;
  return e;
}

/* ---- data ------------------------------------------------------------------------------ */

ulp_status ulp_gemm_check(const ulp_gemm *g, const ulp_gemm_data *x, char *why,
                          size_t why_size)
{
  bool integer = g->c.kind == ULP_INTEGER;
  bool scaled = x->kind_a != ULP_SCALES_NONE || x->kind_b != ULP_SCALES_NONE;
  bool blocks_a = x->kind_a >= ULP_SCALES_1X128,
       blocks_b = x->kind_b >= ULP_SCALES_1X128;
  const char *fault = NULL;
  if (x->k == 0)
    fault = "K is 0, expected at least one product";
  else if (integer && scaled)
    fault = "scales, which an integer kernel does not take";
  else if (blocks_a != blocks_b)
    fault = "block scales of one operand, expected them of both or neither";
  else if (blocks_a && g->order->kind == ULP_GEMM_CHAIN &&
           g->order->blocks == ULP_BLOCKS_REFUSED)
    fault = "block scales, which this kernel does not take";
  else if (blocks_a && (g->order->kind == ULP_GEMM_FMA ||
                        g->order->kind == ULP_GEMM_LANES))
    fault = "block scales, which this kernel does not take";
  else if (blocks_a && g->order->kind == ULP_GEMM_CHAIN &&
           ULP_SCALES_BLOCK % g->mma.k)
    fault = "block scales, expected a block of products that divides 128";
  if (!fault)
    return ULP_OK;
  (void)snprintf(why, why_size, "%s: %s", g->order->name, fault);
  return ULP_EINVAL;
}
