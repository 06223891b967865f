/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gemm.c: `ulplab gemm`, a whole product in the order of a named kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "products.h"
#include "scales.h"

typedef struct {
  const char *gpu, *kernel, *out, *type_a, *type_b, *out_type;
  bool fast;
  cli_axis promote, slices, block, align, floor; /* int options */
  ulp_gemm_reduce reduce;
  bool reduce_given;
  const char *accumulator;
  ulp_mode acc_mode;
  cli_product product;
  cli_scales scale_a, scale_b;
  ulp_mma_record record; /* of the model */
  ulp_mma model;
  ulp_gemm gemm;
} request;

/* ---- what was asked for ------------------------------------------------- */

static ulp_status read_int(void *target, const char *text, ulp_error *e)
{
  char *end;
  errno = 0;
  long n = strtol(text, &end, 10);
  if (end == text || *end || errno || n < -1000000 || n > 1000000000)
    return ulp_error_set(e, ULP_EINVAL,
                         "'%.60s' is not a whole number of -1000000 to "
                         "1000000000",
                         text);
  *(cli_axis *)target = (cli_axis){.given = true, .value = (int)n};
  return ULP_OK;
}

static ulp_status read_reduce(void *target, const char *text, ulp_error *e)
{
  request *rq = target;
  for (size_t i = 0; ulp_gemm_reduce_name(i); i++)
    if (!strcmp(text, ulp_gemm_reduce_name(i))) {
      rq->reduce = (ulp_gemm_reduce)i;
      rq->reduce_given = true;
      return ULP_OK;
    }
  return cli_unknown(e, "reduction", text, ulp_gemm_reduce_name);
}

static int parse(request *rq, int argc, char **argv)
{
  const cli_option options[] = {
      {"gpu", "GPU", "h200, a100, sm_90, ...: see 'ulplab gpus'",
       cli_read_text, &rq->gpu},
      {"kernel", "KERNEL", "the order of computation; 'list' prints them",
       cli_read_text, &rq->kernel},
      {"type-a", "TYPE",
       "format of A's codes (default: the only one of the kernel or of the "
       "array's dtype)",
       cli_read_text, &rq->type_a},
      {"type-b", "TYPE", "the same of B", cli_read_text, &rq->type_b},
      CLI_PRODUCT_INPUTS(rq->product),
      {"out", "D.npy", "where D goes, [..., M, N]", cli_read_text, &rq->out},
      {"out-type", "TYPE", "f32 (default), bf16, f16; s32 of integer kernels",
       cli_read_text, &rq->out_type},
      CLI_SCALE_OPTIONS(rq->scale_a, rq->scale_b),
      {"fast-accum", NULL, "the kernel's fast accumulation: no promotion",
       cli_read_flag, &rq->fast},
      {"promote", "N", "promote to f32 every N of K; 0: never", read_int,
       &rq->promote},
      {"split-k", "S", "slices of K", read_int, &rq->slices},
      {"reduce", "HOW", "of slices: f32, 16-bit-parts or 16-bit-sums",
       read_reduce, rq},
      {"block", "L", "kernel 'model': products summed together (1 to 256)",
       read_int, &rq->block},
      {"align", "F", "kernel 'model': bits kept below the greatest exponent",
       read_int, &rq->align},
      {"accumulator", "FORMAT", "kernel 'model': f32, fp22, e8m10, ...",
       cli_read_text, &rq->accumulator},
      {"accumulator-round", "MODE", "kernel 'model': rtz (default), rne, ...",
       cli_read_mode, &rq->acc_mode},
      {"floor", "E", "kernel 'model': the least exponent to align to",
       read_int, &rq->floor},
      CLI_PRODUCT_WORK(rq->product),
      {0}};
  const cli_command command = {
      .name = "gemm",
      .synopsis = "--gpu GPU --kernel KERNEL --a A.npy --b B.npy --out D.npy "
                  "[OPTION]...",
      .summary =
          "What a library's matrix product computes, bit for bit: the chain "
          "of instructions, promotions, slices, scales and the last rounding, "
          "in the order of a named kernel. D is A times B transposed; leading "
          "dimensions are a batch.",
      .options = options};
  int operands;
  return cli_parse(&command, argc, argv, &operands);
}

/* ---- the table of kernels ----------------------------------------------- */

static const char *const columns[] = {
    "kernel", "gpu",        "instruction", "types",  "operands_rounded_to",
    "promote", "fast_promote", "block_scales", "grain", "slices",
    "reduce", "c",          "evidence",    "source", NULL};
static const char *const block_names[] = {
    [ULP_BLOCKS_REFUSED] = "",
    [ULP_BLOCKS_FMA] = "fma(p, sa*sb, y)",
    [ULP_BLOCKS_FMA_LEFT] = "fma(p*sa, sb, y)",
    [ULP_BLOCKS_MUL_ADD] = "y + sa*sb*p"};

static void order_row(cli_table *t, const ulp_gemm_order *o)
{
  cli_cell_text(t, o->name);
  cli_cell_text(t, *o->arch ? o->arch : "any");
  cli_cell_text(t, o->instr);
  cli_cell_text(t, *o->types ? o->types : "any");
  cli_cell_text(t, o->convert ? o->convert : "");
  cli_cell_int(t, o->promote);
  if (o->fast_promote < 0)
    cli_cell_none(t);
  else
    cli_cell_int(t, o->fast_promote);
  cli_cell_text(t, block_names[o->blocks]);
  cli_cell_int(t, o->grain);
  cli_cell_int(t, o->slices);
  cli_cell_text(t, ulp_gemm_reduce_name(o->reduce));
  cli_cell_text(t, o->c == ULP_C_START ? "start" : "epilogue");
  cli_cell_text(t, ulp_evidence_name(o->evidence));
  cli_cell_text(t, o->source);
}

static void order_rows(cli_table *t, const void *data)
{
  (void)data;
  for (size_t i = 0; ulp_gemm_order_row(i); i++)
    order_row(t, ulp_gemm_order_row(i));
}

static int list_kernels(void)
{
  return cli_print_table("gemm", false, columns, order_rows, NULL);
}

/* ---- the order ---------------------------------------------------------- */

static ulp_status find_model(request *rq, const ulp_gemm_options *options,
                             ulp_error *e)
{
  char why[300];
  ulp_format a, b;
  if (!rq->block.given || !rq->align.given || !rq->accumulator)
    return ulp_error_set(e, ULP_EINVAL,
                         "--kernel model: --block, --align and --accumulator "
                         "are expected");
  if (!options->type_a || !options->type_b)
    return ulp_error_set(e, ULP_EINVAL,
                         "--kernel model: --type-a and --type-b are expected");
  rq->record = (ulp_mma_record){
      .block = rq->block.value,
      .align = rq->align.value,
      .floor = rq->floor.given ? rq->floor.value : ULP_NO_FLOOR,
      .acc = rq->accumulator,
      .acc_mode = rq->acc_mode};
  ulp_status status = cli_read_format(&a, options->type_a, e);
  if (status == ULP_OK) status = cli_read_format(&b, options->type_b, e);
  if (status != ULP_OK) return status;
  status = ulp_mma_model(&rq->model, &rq->record, &a, &b, why, sizeof why);
  return status == ULP_OK ? status : ulp_error_set(e, status, "%s", why);
}

/* bfloat16 where the kernel takes nothing else of 16 bits is left to
 * ulp_gemm_find, which knows the kernel. */
static const char *type_for(const request *rq, const cli_matrix *x,
                            const char *asked)
{
  for (size_t i = 0; !asked && ulp_gemm_order_row(i); i++) {
    const ulp_gemm_order *o = ulp_gemm_order_row(i);
    if (!strcmp(o->name, rq->kernel) && *o->types && !strchr(o->types, '|'))
      return NULL;
  }
  return cli_type_of(x, asked);
}

static ulp_status find(request *rq, ulp_error *e)
{
  char why[300];
  cli_product *p = &rq->product;
  ulp_gemm_options options = {
      .type_a = type_for(rq, &p->a, rq->type_a),
      .type_b = type_for(rq, &p->b, rq->type_b),
      .out = rq->out_type,
      .fast = rq->fast,
      .promote = rq->promote.given ? rq->promote.value : -1,
      .slices = rq->slices.given ? rq->slices.value : 0,
      .reduce = rq->reduce_given ? &rq->reduce : NULL,
      .model = &rq->model};
  if (rq->promote.given && rq->promote.value < 0)
    return ulp_error_set(e, ULP_EINVAL, "--promote: %d, expected 0 or more",
                         rq->promote.value);
  if (rq->slices.given && rq->slices.value < 1)
    return ulp_error_set(e, ULP_EINVAL, "--split-k: %d, expected 1 or more",
                         rq->slices.value);
  if (!strcmp(rq->kernel, "model")) {
    ulp_status status = find_model(rq, &options, e);
    if (status != ULP_OK) return status;
  }
  ulp_status status = ulp_gemm_find(rq->gpu, rq->kernel, &options, &rq->gemm,
                                    why, sizeof why);
  if (status != ULP_OK) return ulp_error_set(e, status, "%s", why);
  p->a.format = rq->gemm.a;
  p->b.format = rq->gemm.b;
  p->c.format = rq->gemm.c;
  return ULP_OK;
}

/* ---- the work ----------------------------------------------------------- */

static ulp_status multiply(const request *rq, void *d)
{
  const cli_product *p = &rq->product;
  ulp_gemm_data x = cli_gemm_data(p, &rq->scale_a, &rq->scale_b, d);
  return ulp_product_run(&rq->gemm, &x, p->threads);
}

static ulp_status work(request *rq, ulp_output *out, ulp_error *e)
{
  cli_product *p = &rq->product;
  size_t bytes = (size_t)(p->m * p->n) * rq->gemm.out.storage_bytes;
  void *d = malloc(bytes + 8);
  ulp_status status =
      d ? ULP_OK : ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  if (status == ULP_OK) cli_product_header(p, out, &rq->gemm.out);
  for (int64_t i = 0; status == ULP_OK && i < p->batches; i++) {
    status = cli_product_load(p, i, e);
    if (status == ULP_OK) status = cli_scales_load(&rq->scale_a, i, e);
    if (status == ULP_OK) status = cli_scales_load(&rq->scale_b, i, e);
    if (status != ULP_OK) break;
    status = multiply(rq, d);
    if (status != ULP_OK)
      ulp_error_set(e, status, "%s", ulp_strerror(status));
    else
      ulp_output_write(out, d, bytes);
  }
  free(d);
  return status;
}

static ulp_status check(request *rq, ulp_error *e)
{
  char why[300];
  cli_product *p = &rq->product;
  ulp_gemm_data x = cli_gemm_data(p, &rq->scale_a, &rq->scale_b, NULL);
  ulp_status status = ulp_gemm_check(&rq->gemm, &x, why, sizeof why);
  if (status != ULP_OK) return ulp_error_set(e, status, "%s", why);
  ulp_evidence evidence = ulp_gemm_evidence(&rq->gemm);
  const ulp_gemm_order *o = rq->gemm.order;
  return cli_evidence("gemm", o->name, evidence,
                      evidence == o->evidence ? o->source
                                              : rq->gemm.mma.record->source,
                      p->strict, e);
}

static ulp_status gemm(request *rq, ulp_error *e)
{
  cli_product *p = &rq->product;
  ulp_output *out;
  ulp_status status = cli_need(rq->gpu, "--gpu GPU", e);
  if (status == ULP_OK) status = cli_need(rq->kernel, "--kernel KERNEL", e);
  if (status == ULP_OK) status = cli_need(rq->out, "--out D.npy", e);
  if (status == ULP_OK) status = cli_product_open(p, e);
  if (status == ULP_OK) status = find(rq, e);
  if (status == ULP_OK)
    status = cli_scales_open(&rq->scale_a, &rq->scale_b, p, e);
  if (status == ULP_OK) status = cli_product_prepare(p, e);
  if (status == ULP_OK) status = check(rq, e);
  if (status == ULP_OK) status = ulp_output_open(&out, rq->out, e);
  if (status != ULP_OK) return status;
  status = work(rq, out, e);
  if (status == ULP_OK) return ulp_output_commit(out, e);
  ulp_output_discard(out);
  return status;
}

int cli_gemm(int argc, char **argv)
{
  request rq = {.product.threads = cli_default_threads(),
                .acc_mode = ULP_RTZ};
  int status = parse(&rq, argc, argv);
  if (status >= 0) return status;
  if (rq.kernel && !strcmp(rq.kernel, "list")) return list_kernels();
  ulp_error e;
  ulp_status done = gemm(&rq, &e);
  cli_product_close(&rq.product);
  cli_scales_close(&rq.scale_a);
  cli_scales_close(&rq.scale_b);
  return done == ULP_OK ? CLI_DONE : cli_fail("gemm", &e);
}
