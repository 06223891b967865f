/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The tables of GPUs and of models.  To add one, add a row with its source.
 */
#include "datasheet.h"

#include <string.h>

/* ---- GPUs --------------------------------------------------------------- */

const char *ulp_rate_name(size_t rate)
{
  static const char *const names[] = {"bf16", "fp8", "int8", "fp4", "int4"};
  return rate < ULP_RATES ? names[rate] : NULL;
}

/* NVIDIA prints the rates of the H100 and of the B200 "with sparsity", which
 * counts products with zeros that are never computed; here they are halved.
 * Read where others reprint the data sheets: archive-lib.hpctech.co.jp/
 * gpuproduct/nvidia-h100.html (with NVIDIA's footnote on sparsity),
 * glennklockwood.com/garden/processors (A100, B200, GB200),
 * waredb.com/processor/nvidia-geforce-rtx-4090. */
static const ulp_datasheet gpus[] = {
    {"a100", "A100 80GB SXM", {312e12, 0, 624e12, 0, 1248e12}, 2039e9, 80e9,
     "NVIDIA A100 Tensor Core GPU data sheet (A100 80GB SXM), dense; FP16 and "
     "BF16 312 TFLOPS, INT8 624, INT4 1248 TOPS"},
    {"h100", "H100 SXM5", {989.5e12, 1979e12, 1979e12, 0, 0}, 3350e9, 80e9,
     "NVIDIA H100 Tensor Core GPU data sheet (SXM): BF16 1979, FP8 and INT8 "
     "3958 with sparsity, half of these without"},
    {"h200", "H200 SXM", {989.5e12, 1979e12, 1979e12, 0, 0}, 4800e9, 141e9,
     "NVIDIA H200 Tensor Core GPU data sheet (SXM): the H100's rates"},
    {"b200", "B200 (HGX, 1000 W)", {2250e12, 4500e12, 4500e12, 9000e12, 0},
     8000e9, 180e9,
     "NVIDIA DGX B200 data sheet, eight GPUs: 144 PFLOPS FP4 and 72 FP8 with "
     "sparsity, 1440 GB, 64 TB/s; HGX B200: BF16 and INT8"},
    {"gb200", "B200 of GB200 (1200 W)",
     {2500e12, 5000e12, 5000e12, 10000e12, 0}, 8000e9, 186e9,
     "NVIDIA GB200 NVL72 data sheet, 72 GPUs: 1440 PFLOPS FP4 with sparsity, "
     "720 without, 13.4 TB, 576 TB/s"},
    {"4090", "GeForce RTX 4090",
     {165.2e12, 330.3e12, 660.6e12, 0, 1321.2e12}, 1008e9, 24e9,
     "NVIDIA Ada GPU Architecture whitepaper V2.01, appendix A, dense, sums of "
     "FP8 and BF16 in FP32 (FP8 summed in FP16: 660.6)"},
};

const ulp_datasheet *ulp_datasheet_row(size_t i)
{
  return i < sizeof gpus / sizeof gpus[0] ? &gpus[i] : NULL;
}

/* No `what` of that name; near: the nearest, or NULL, when all are listed. */
static ulp_status unknown(ulp_error *e, const char *what, const char *name,
                          const char *near, const char *all)
{
  return ulp_error_set(e, ULP_ENAME, "no %s '%.40s'%s%s%s", what, name,
                       near ? " (did you mean '" : ": expected ",
                       near ? near : all, near ? "'?)" : "");
}

static const char *gpu_name(const void *list, size_t i)
{
  (void)list;
  return ulp_datasheet_row(i) ? gpus[i].name : NULL;
}

ulp_status ulp_datasheet_find(const ulp_datasheet **out, const char *name,
                              ulp_error *e)
{
  for (size_t i = 0; ulp_datasheet_row(i); i++)
    if (strcmp(gpus[i].name, name) == 0) {
      *out = &gpus[i];
      return ULP_OK;
    }
  return unknown(e, "data sheet of", name, ulp_nearest(name, gpu_name, NULL),
                 "a100, h100, h200, b200, gb200 or 4090");
}

/* ---- models ------------------------------------------------------------- */

/* The files themselves ask for a licence to be accepted; the same numbers are
 * in oumi's configs/recipes/llama3_1/README.md and in the papers' tables. */
static const ulp_model_shape models[] = {
    {"llama-2-7b", 32, 4096, 32, 32, 128, 11008, 32000,
     "config.json of meta-llama/Llama-2-7b-hf; arXiv:2307.09288"},
    {"llama-3-8b", 32, 4096, 32, 8, 128, 14336, 128256,
     "config.json of meta-llama/Meta-Llama-3-8B; arXiv:2407.21783, table 3"},
    {"llama-3-70b", 80, 8192, 64, 8, 128, 28672, 128256,
     "config.json of meta-llama/Meta-Llama-3-70B; arXiv:2407.21783, table 3"},
};

const ulp_model_shape *ulp_model_shape_row(size_t i)
{
  return i < sizeof models / sizeof models[0] ? &models[i] : NULL;
}

static const char *model_name(const void *list, size_t i)
{
  (void)list;
  return ulp_model_shape_row(i) ? models[i].name : NULL;
}

ulp_status ulp_model_shape_find(const ulp_model_shape **out, const char *name,
                                ulp_error *e)
{
  for (size_t i = 0; ulp_model_shape_row(i); i++)
    if (strcmp(models[i].name, name) == 0) {
      *out = &models[i];
      return ULP_OK;
    }
  return unknown(e, "model", name, ulp_nearest(name, model_name, NULL),
                 "llama-2-7b, llama-3-8b or llama-3-70b");
}

void ulp_model_matrices(const ulp_model_shape *m,
                        int64_t shape[ULP_LAYER_MATRICES][2])
{
  int64_t q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim;
  const int64_t all[ULP_LAYER_MATRICES][2] = {
      {q, m->hidden}, {kv, m->hidden}, {kv, m->hidden}, {m->hidden, q},
      {m->intermediate, m->hidden}, {m->intermediate, m->hidden},
      {m->hidden, m->intermediate}};
  memcpy(shape, all, sizeof all);
}

static double count(const ulp_model_shape *m, int matrices)
{
  int64_t shape[ULP_LAYER_MATRICES][2], n = 0;
  ulp_model_matrices(m, shape);
  for (int i = 0; i < matrices; i++)
    n += shape[i][0] * shape[i][1];
  return (double)n;
}

double ulp_model_layer(const ulp_model_shape *m)
{
  return count(m, ULP_LAYER_MATRICES);
}

double ulp_model_attention(const ulp_model_shape *m)
{
  return count(m, ULP_ATTENTION_MATRICES);
}

double ulp_model_embedding(const ulp_model_shape *m)
{
  return (double)(m->vocabulary * m->hidden);
}

double ulp_model_parameters(const ulp_model_shape *m)
{
  double norms = (double)((2 * m->layers + 1) * m->hidden);
  return (double)m->layers * ulp_model_layer(m) + 2 * ulp_model_embedding(m) +
         norms;
}

double ulp_model_cached(const ulp_model_shape *m)
{
  return (double)(2 * m->layers * m->kv_heads * m->head_dim);
}
