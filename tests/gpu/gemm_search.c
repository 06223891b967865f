/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The search that wrote tests/vectors/h200/gemm.orders.
 */
#include "gemm_search.h"

#include <string.h>

enum { FEW = 48, MOST_SLICES = 160 };

/* What a kernel's name says, most exact first: of rows that fit alike it
 * picks the one to name.  A row is taken only if its bits are right. */
static const struct {
  const char *op, *kernel, *order;
} hints[] = {
    {"triton", "wgmma.mma_async.sync.aligned.m64n64k32", "triton-fp8"},
    {"triton", "wgmma.mma_async.sync.aligned.m64n32k32", "triton-fp8"},
    {"triton", "f32.f16.f16", "triton-fp8-mma"},
    {"triton", "", "triton-"},
    {"triton", "", "fma-chain"},
    {"", "Avec128_Bvec128", "te-blockwise"},
    {"", "blk128", "cublaslt-fp8-blocks"},
    {"", "simt", "cutlass-simt"},
    {"", "gemv", "cublaslt-gemv"},
    {"", "nvjet", "cublaslt-"},
    {"", "xmma", "cublaslt-"},
    {"", "i16832", "cublaslt-s8"},
    {"", "h16816gemm", "cutlass-h16816-64"},
    {"", "h161616gemm", "cutlass-h16816-128"},
    {"", "s161616gemm_f16_32x32_64x1", "cutlass-s16816-64"},
    {"", "s161616gemm_f16_32x32_128x1", "cutlass-s16816-128"},
    {"", "s161616gemm_bf16_32x32_128x2", "cutlass-s16816-128"},
    {"", "s1688gemm_bf16", "cutlass-s1688-32"},
    {"", "s1688gemm_f16", "cutlass-s1688-32"},
    {"", "x64_16x6_", "cutlass-tf32-16"},
    {"", "x64_32x6_", "cutlass-tf32-32"},
    {"", "x128_32x3_", "cutlass-tf32-32"},
    {"", "", ""},
};
enum { HINTS = sizeof hints / sizeof hints[0] };

typedef struct {
  const gemm_case *c;
  const gemm_inputs *in;
  gemm_setting best;
  gemm_result result; /* of best; compared 0: nothing yet */
  bool found;
} search;

static bool match(const search *s, const gemm_setting *t, size_t most,
                  bool whole, gemm_result *r)
{
  char why[200];
  return gemm_match(s->c, s->in, t, most, whole, r, why, sizeof why);
}

/* A wrong digest counts as one wrong output. */
static bool agrees(gemm_result *r)
{
  r->wrong += r->digest == DIGEST_DIFFERS && r->wrong == 0;
  return r->wrong == 0;
}

/* Few outputs first, then those captured, then the digest of all. */
static void attempt(search *s, const gemm_setting *t)
{
  gemm_result r;
  if (!match(s, t, FEW, false, &r) ||
      (agrees(&r) && !match(s, t, SIZE_MAX, false, &r)) ||
      (agrees(&r) && r.digest == DIGEST_NOT_COMPUTED &&
       !match(s, t, SIZE_MAX, true, &r)))
    return;
  (void)agrees(&r);
  if (s->result.compared == 0 || r.wrong == 0 ||
      (s->result.compared <= r.compared &&
       r.wrong * s->result.compared < s->result.wrong * r.compared)) {
    s->best = *t;
    s->result = r;
  }
  s->found = r.wrong == 0;
}

/* -1 is the row's own; a reduction in 16 bits shows only where K is cut. */
static void try_reductions(search *s, gemm_setting t)
{
  int last = t.slices > 1 && s->c->out_bytes == 2 ? 2 : -1;
  for (int r = -1; r <= last && !s->found; r++) {
    t.reduce = r;
    attempt(s, &t);
  }
}

static void try_promotions(search *s, gemm_setting t)
{
  static const int promotions[] = {-1, 0, 32, 64, 128};
  for (int p = 0; p < 5 && !s->found; p++) {
    t.promote = promotions[p];
    try_reductions(s, t);
  }
}

static void try_row(search *s, const char *name, int slices)
{
  gemm_setting t = {.slices = slices, .fast = s->c->fast};
  (void)snprintf(t.name, sizeof t.name, "%s", name);
  try_promotions(s, t);
}

static bool hinted(const gemm_case *c, int h, const char *order)
{
  return (!*hints[h].op || strcmp(hints[h].op, c->op) == 0) &&
         strstr(c->kernel, hints[h].kernel) != NULL &&
         strncmp(order, hints[h].order, strlen(hints[h].order)) == 0;
}

static void try_rows(search *s, int h, int slices)
{
  const ulp_gemm_order *o;
  for (size_t i = 0; !s->found && (o = ulp_gemm_order_row(i)) != NULL; i++)
    if (hinted(s->c, h, o->name) && strcmp(o->name, "exact") != 0)
      try_row(s, o->name, slices);
}

bool gemm_search(const gemm_case *c, const gemm_inputs *in, gemm_setting *best,
                 gemm_result *r)
{
  search s = {.c = c, .in = in};
  int logged = c->slices > 1 ? (int)c->slices : 1;
  for (int h = 0; h < HINTS && !s.found; h++)
    try_rows(&s, h, logged);
  for (int slices = 1; slices <= MOST_SLICES && !s.found; slices++)
    if (slices != logged)
      for (int h = 0; h < HINTS - 1 && !s.found; h++)
        try_rows(&s, h, slices);
  *best = s.best;
  *r = s.result;
  return s.found;
}
