/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * identify.c: `ulplab identify`, which kernel's order made given bits.
 */
#include "identify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "products.h"
#include "scales.h"
#include "tell_apart.h"

typedef struct {
  const char *gpu, *type_a, *type_b, *out_type;
  const char *apart; /* the folder of --tell-apart */
  uint64_t top;
  bool json;
  cli_product product;
  cli_scales scale_a, scale_b;
  ulp_gemm_options types;
  ulp_candidate *list;
  size_t count;
  size_t apart_of[ULP_MAX_CANDIDATES]; /* where in d.npy, of those below */
  size_t apart_count;
} request;

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"gpu", "GPU", "the GPU that computed D: see 'ulplab gpus'",
       cli_read_text, &rq->gpu},
      CLI_PRODUCT_INPUTS(rq->product),
      {"d", "D.npy", "the bits to explain, [..., M, N]", cli_read_text,
       &rq->product.d.path},
      {"type-a", "TYPE", "format of A's codes (default: the dtype's, if a float)",
       cli_read_text, &rq->type_a},
      {"type-b", "TYPE", "the same of B", cli_read_text, &rq->type_b},
      {"out-type", "TYPE", "the same of D: f32, bf16, f16 or s32",
       cli_read_text, &rq->out_type},
      CLI_SCALE_OPTIONS(rq->scale_a, rq->scale_b),
      {"top", "N", "rows to print when more match or none does (default 10)",
       cli_read_u64, &rq->top},
      {"tell-apart", "DIR",
       "if several orders match: writes a.npy and b.npy, of the shapes of A and "
       "B ([M, K] and [N, K]), on which they differ, and d.npy, [orders, M, N], "
       "what each makes of them; the column d_apart says which is whose. Run "
       "the kernel on them and ask again",
       cli_read_text, &rq->apart},
      {"output", "SYNTAX", "csv (default) or json", cli_read_json, &rq->json},
      CLI_PRODUCT_WORK(rq->product),
      {0}};
  const cli_command command = {
      .name = "identify",
      .synopsis = "--gpu GPU --a A.npy --b B.npy --d D.npy [OPTION]...",
      .summary =
          "Searches the kernels' orders, with 1 to 16 slices of K (to 160 "
          "where the kernel cuts K finely), other promotions and every "
          "reduction, for those that reproduce D. A sample of D is compared "
          "first; candidates without a mismatch there (or, if there is none, "
          "the nearest) are compared with all of D, and the first output that "
          "refutes one is named. Orders that match exactly cannot be told "
          "apart by this D: --tell-apart makes inputs that can. "
          "Exit status 0: an exact match; 1: none; 2: an error.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

/* ---- types -------------------------------------------------------------- */

static ulp_status find_type(cli_matrix *x, const char *asked,
                            const char *option, const char **name,
                            ulp_error *e)
{
  *name = cli_type_of(x, asked);
  if (!*name)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s: dtype '%s' may hold several formats, expected "
                         "%s TYPE",
                         x->path, x->tensor->dtype->npy, option);
  return cli_read_format(&x->format, *name, e);
}

/* Products of integers are of s32, which no row of the formats is. */
static ulp_status find_result(request *rq, ulp_error *e)
{
  cli_matrix *d = &rq->product.d;
  const char *asked = rq->out_type;
  ulp_mma m;
  if (asked ? strcmp(asked, "s32") : strcmp(d->tensor->dtype->npy, "i4")) {
    ulp_status status = find_type(d, asked, "--out-type", &rq->types.out, e);
    return status == ULP_OK ? cli_read_format(&rq->product.c.format, "f32", e)
                            : status;
  }
  rq->types.out = "s32";
  if (ulp_mma_find("sm_90", "mma.m16n8k32.s32.s8.s8.s32", &m, NULL, 0) !=
      ULP_OK)
    return ulp_error_set(e, ULP_ENAME, "s32: no record of an instruction");
  d->format = m.d;
  rq->product.c.format = m.c;
  return ULP_OK;
}

static ulp_status prepare(request *rq, ulp_error *e)
{
  cli_product *p = &rq->product;
  ulp_status status = cli_need(rq->gpu, "--gpu GPU", e);
  if (status == ULP_OK) status = cli_need(p->d.path, "--d D.npy", e);
  if (status == ULP_OK) status = cli_product_open(p, e);
  if (status == ULP_OK)
    status = find_type(&p->a, rq->type_a, "--type-a", &rq->types.type_a, e);
  if (status == ULP_OK)
    status = find_type(&p->b, rq->type_b, "--type-b", &rq->types.type_b, e);
  if (status == ULP_OK) status = find_result(rq, e);
  if (status == ULP_OK)
    status = cli_scales_open(&rq->scale_a, &rq->scale_b, p, e);
  if (status == ULP_OK) status = cli_product_prepare(p, e);
  return status;
}

static ulp_status load(request *rq, int64_t batch, ulp_error *e)
{
  ulp_status status = cli_product_load(&rq->product, batch, e);
  if (status == ULP_OK) status = cli_scales_load(&rq->scale_a, batch, e);
  if (status == ULP_OK) status = cli_scales_load(&rq->scale_b, batch, e);
  return status;
}

/* ---- all outputs -------------------------------------------------------- */

static ulp_status count_all(request *rq, size_t n, ulp_error *e)
{
  const cli_product *p = &rq->product;
  for (size_t i = 0; i < n; i++)
    rq->list[i].compared = rq->list[i].mismatches = rq->list[i].misses = 0;
  for (int64_t batch = 0; batch < p->batches; batch++) {
    ulp_status status = batch ? load(rq, batch, e) : ULP_OK;
    ulp_gemm_data x =
        cli_gemm_data(p, &rq->scale_a, &rq->scale_b, p->d.codes);
    for (size_t i = 0; i < n && status == ULP_OK; i++) {
      ulp_candidate *c = &rq->list[i];
      bool new = c->misses == 0;
      status = ulp_product_count(c, &x, p->threads);
      if (new && c->misses) c->miss[0].batch = (size_t)batch;
      if (status != ULP_OK)
        ulp_error_set(e, status, "%s", ulp_strerror(status));
    }
    if (status != ULP_OK) return status;
  }
  return ULP_OK;
}

/* ---- the answer --------------------------------------------------------- */

static const char *const columns[] = {
    "match",   "kernels",  "promote",    "slices",   "slice_k",
    "reduce",  "evidence", "mismatches", "compared", "scope",
    "batch",   "row",      "col",        "given",    "computed",
    "d_apart", NULL};

/* The output that refutes the candidate. */
static void miss_cells(cli_table *t, const request *rq, size_t i)
{
  char text[CLI_NUMBER_SIZE];
  const ulp_candidate *c = &rq->list[i];
  if (!c->misses) {
    for (int cell = 0; cell < 5; cell++)
      cli_cell_none(t);
    return;
  }
  cli_cell_int(t, (int64_t)c->miss[0].batch);
  cli_cell_int(t, (int64_t)c->miss[0].row);
  cli_cell_int(t, (int64_t)c->miss[0].col);
  cli_cell_text(t, cli_code_name(&c->gemm.out, c->miss[0].given, text));
  cli_cell_text(t, cli_code_name(&c->gemm.out, c->miss[0].computed, text));
}

static void candidate_row(cli_table *t, const request *rq, size_t i,
                          bool whole)
{
  char text[400];
  const ulp_candidate *c = &rq->list[i];
  const ulp_gemm *g = &c->gemm;
  size_t k = (size_t)rq->product.k, slice = ulp_gemm_slice(g, k);
  cli_cell_text(t, !c->mismatches && whole ? "exact" : "near");
  ulp_candidate_kernels(c, text, sizeof text);
  cli_cell_text(t, text);
  cli_cell_int(t, g->promote);
  cli_cell_int(t, (int64_t)((k - 1) / slice + 1));
  cli_cell_int(t, (int64_t)(slice < k ? slice : k));
  cli_cell_text(t, ulp_gemm_reduce_name(g->reduce));
  cli_cell_text(t, ulp_evidence_name(ulp_gemm_evidence(g)));
  cli_cell_int(t, (int64_t)c->mismatches);
  cli_cell_int(t, (int64_t)c->compared);
  cli_cell_text(t, whole ? "all" : "sample");
  miss_cells(t, rq, i);
  if (i < rq->apart_count)
    cli_cell_int(t, (int64_t)rq->apart_of[i]);
  else
    cli_cell_none(t);
}

static ulp_status print(const request *rq, size_t whole, ulp_error *e)
{
  ulp_output *out;
  cli_table t;
  ulp_status status = ulp_output_open(&out, NULL, e);
  if (status != ULP_OK) return status;
  cli_table_begin(&t, out, rq->json, columns);
  for (size_t i = 0; i < rq->count && i < rq->top; i++)
    candidate_row(&t, rq, i, i < whole);
  status = cli_table_end(&t, e);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

/* What is left to say of the exact matches, which come first. */
static ulp_status tell_apart(request *rq, size_t exact, ulp_error *e)
{
  const cli_product *p = &rq->product;
  ulp_gemm_data x =
      cli_gemm_data(p, &rq->scale_a, &rq->scale_b, p->d.codes);
  if (exact > 1 && !rq->apart)
    cli_warn("identify", "%zu of the rows give every bit of D, so none of its "
                         "outputs tells them apart; see --tell-apart", exact);
  if (!rq->apart) return ULP_OK;
  if (exact < 2) {
    cli_warn("identify", "%s: not written, %s", rq->apart,
             exact ? "one row alone gives these bits" : "no order matches");
    return ULP_OK;
  }
  ulp_status status = cli_tell_apart(rq->apart, rq->list, exact, &x,
                                     p->threads, rq->apart_of, e);
  if (status == ULP_OK) rq->apart_count = exact;
  return status;
}

static ulp_status check(const request *rq, ulp_error *e)
{
  const cli_product *p = &rq->product;
  if (p->m == 0 || p->n == 0 || p->batches == 0)
    return ulp_error_set(e, ULP_EFORMAT, "%s: empty, expected outputs to "
                         "explain", p->d.path);
  if (rq->apart && p->batches > 1)
    return ulp_error_set(e, ULP_EINVAL, "--tell-apart: %lld batches, expected "
                         "one", (long long)p->batches);
  return ULP_OK;
}

static ulp_status identify(request *rq, bool *exact, ulp_error *e)
{
  char why[300];
  cli_product *p = &rq->product;
  ulp_status status = prepare(rq, e);
  if (status == ULP_OK) status = check(rq, e);
  if (status != ULP_OK) return status;
  rq->list = calloc(ULP_MAX_CANDIDATES, sizeof *rq->list);
  if (!rq->list)
    return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  status = load(rq, 0, e);
  if (status != ULP_OK) return status;
  ulp_gemm_data x =
      cli_gemm_data(p, &rq->scale_a, &rq->scale_b, p->d.codes);
  rq->types.promote = -1;
  status = ulp_identify(rq->gpu, &rq->types, &x, rq->list, &rq->count, why,
                        sizeof why);
  if (status != ULP_OK) return ulp_error_set(e, status, "%s", why);
  size_t n = ulp_candidate_finalists(rq->list, rq->count, (size_t)rq->top);
  status = count_all(rq, n, e);
  if (status != ULP_OK) return status;
  ulp_candidate_rank(rq->list, n);
  *exact = n && rq->list[0].mismatches == 0;
  if (*exact)
    status = cli_evidence("identify", rq->list[0].gemm.order->name,
                          ulp_gemm_evidence(&rq->list[0].gemm),
                          rq->list[0].gemm.order->source, p->strict, e);
  size_t matches = 0;
  while (matches < n && rq->list[matches].mismatches == 0)
    matches++;
  if (status == ULP_OK) status = tell_apart(rq, matches, e);
  return status == ULP_OK ? print(rq, n, e) : status;
}

int cli_identify(int argc, char **argv)
{
  request rq = {.product.threads = cli_default_threads(), .top = 10};
  int status = parse(&rq, argc, argv);
  if (status >= 0) return status;
  ulp_error e;
  bool exact = false;
  ulp_status done = identify(&rq, &exact, &e);
  cli_product_close(&rq.product);
  cli_scales_close(&rq.scale_a);
  cli_scales_close(&rq.scale_b);
  free(rq.list);
  if (done != ULP_OK) return cli_fail("identify", &e);
  return exact ? CLI_DONE : CLI_DIFFERENT;
}
