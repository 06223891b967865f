/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace_json.c: a dot product, step by step, as JSON.
 */
#include <math.h>
#include <stdlib.h>

#include "trace.h"

static json_t *code_json(const ulp_format *f, uint64_t code)
{
  char name[CLI_NUMBER_SIZE];
  return json_string(cli_code_name(f, code, name));
}

/* k and the codes of A and B at it. */
static void set_operands(json_t *o, const cli_dot *dot, int k)
{
  json_object_set_new(o, "k", json_integer(dot->k[k]));
  json_object_set_new(o, "a", code_json(&dot->mma.a, dot->a[k]));
  json_object_set_new(o, "b", code_json(&dot->mma.b, dot->b[k]));
}

static void set_exactly(json_t *o, const ulp_trace_term *t)
{
  json_object_set_new(o, "negative", json_boolean(t->negative));
  json_object_set_new(o, "significand",
                      json_integer((json_int_t)t->significand));
  json_object_set_new(o, "exponent", json_integer(t->exponent));
}

/* Code and value; NaN, which JSON has not, is a string. */
static json_t *scale_json(const cli_dot *dot, uint64_t code)
{
  double value = cli_trace_scale_value(dot, code);
  json_t *o = json_object();
  json_object_set_new(o, "code", code_json(&dot->mma.scale, code));
  json_object_set_new(o, "value",
                      isnan(value) ? json_string("nan") : json_real(value));
  return o;
}

static json_t *scales_json(const cli_dot *dot, const uint64_t *code)
{
  json_t *all = json_array();
  for (int i = 0; i < dot->product.scales; i++)
    json_array_append_new(all, scale_json(dot, code[i]));
  return all;
}

/* The products of a group, and their sum before its scales. */
static void set_group(json_t *o, const cli_dot *dot, int first)
{
  json_t *products = json_array(), *sum = json_object();
  for (int k = first; k < first + dot->mma.record->group; k++) {
    json_t *product = json_object();
    set_operands(product, dot, k);
    set_exactly(product, &dot->grouped[k]);
    json_array_append_new(products, product);
  }
  set_exactly(sum, &dot->sum[first]);
  json_object_set_new(o, "k", json_integer(dot->k[first]));
  json_object_set_new(o, "products", products);
  json_object_set_new(o, "sum", sum);
}

static json_t *term_json(const cli_dot *dot, const ulp_trace_term *t)
{
  json_t *o = json_object();
  if (t->k < 0)
    json_object_set_new(o, "k", json_null());
  else if (dot->mma.record->group)
    set_group(o, dot, t->k);
  else
    set_operands(o, dot, t->k);
  if (t->k >= 0 && dot->product.scales) {
    int i = cli_trace_scale(dot, t->k);
    json_object_set_new(o, "scale_a", scale_json(dot, dot->sa[i]));
    json_object_set_new(o, "scale_b", scale_json(dot, dot->sb[i]));
  }
  set_exactly(o, t);
  json_object_set_new(o, "vote",
                      t->votes ? json_integer(t->vote) : json_null());
  json_object_set_new(o, "kept", json_integer((json_int_t)t->kept));
  json_object_set_new(o, "cut", json_boolean(t->cut));
  return o;
}

static json_t *block_json(const cli_dot *dot, size_t i)
{
  const ulp_trace_block *b = &dot->block[i];
  json_t *o = json_object(), *terms = json_array();
  for (size_t t = i ? dot->block_end[i - 1] : 0; t < dot->block_end[i]; t++)
    json_array_append_new(terms, term_json(dot, &dot->term[t]));
  json_object_set_new(o, "special", json_boolean(b->special));
  json_object_set_new(o, "terms", terms);
  if (!b->special) {
    json_object_set_new(o, "e", json_integer(b->top));
    json_object_set_new(o, "unit", json_integer(b->unit));
    json_object_set_new(o, "sum", json_integer(b->sum));
  }
  json_object_set_new(o, "format", json_string(dot->mma.acc.name));
  json_object_set_new(o, "round",
                      json_string(ulp_mode_name(dot->mma.record->acc_mode)));
  json_object_set_new(o, "result", code_json(&dot->mma.acc, b->result));
  return o;
}

ulp_status cli_trace_json(ulp_output *out, const cli_dot *dot, ulp_error *e)
{
  const ulp_mma_record *r = dot->mma.record;
  json_t *o = json_object(), *blocks = json_array();
  json_object_set_new(o, "gpu", json_string(r->arch));
  json_object_set_new(o, "instruction", json_string(dot->instr));
  json_object_set_new(o, "evidence",
                      json_string(ulp_evidence_name(r->evidence)));
  json_object_set_new(o, "row", json_integer((json_int_t)dot->row));
  json_object_set_new(o, "col", json_integer((json_int_t)dot->col));
  json_object_set_new(o, "c", code_json(&dot->mma.c, dot->c));
  json_object_set_new(o, "c_last", json_boolean(r->c_last));
  json_object_set_new(o, "operands_become",
                      r->convert ? json_string(r->convert) : json_null());
  json_object_set_new(o, "align", json_integer(r->align));
  if (dot->product.scales) {
    json_object_set_new(o, "scale_block", json_integer(r->scale_block));
    json_object_set_new(o, "scale_a", scales_json(dot, dot->sa));
    json_object_set_new(o, "scale_b", scales_json(dot, dot->sb));
  }
  for (size_t i = 0; i < dot->blocks; i++)
    json_array_append_new(blocks, block_json(dot, i));
  json_object_set_new(o, "blocks", blocks);
  json_object_set_new(o, "d", code_json(&dot->mma.d, dot->d));
  char *text = json_dumps(o, JSON_INDENT(1));
  json_decref(o);
  if (!text)
    return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  ulp_output_printf(out, "%s\n", text);
  free(text);
  return ULP_OK;
}
