/* SPDX-License-Identifier: MIT
 *
 * The sample of D that candidates are compared with, and the comparison:
 * those that feed the same operands share them, decoded once.
 */
#include "identify_sample.h"

#include <stdlib.h>
#include <string.h>

#include "gemm_run.h"

/* ---- gathering ---------------------------------------------------------- */

void ulp_sample_free(ulp_sample *s)
{
  free(s->a);
  free(s->b);
  free(s->c);
  free(s->given);
  free(s->d);
  free(s->scale_a);
  free(s->scale_b);
}

static size_t spread(size_t *out, size_t want, size_t n)
{
  size_t count = n < want ? n : want;
  for (size_t i = 0; i < count; i++) /* n - 1 < 2^60, so i * n fits */
    out[i] = i * (n - 1) / (count > 1 ? count - 1 : 1);
  return count;
}

/* Every other one first, so that a few columns reach across D too. */
static void deal(size_t *list, size_t n)
{
  size_t from[ULP_SAMPLE_COLS], even = (n + 1) / 2;
  memcpy(from, list, n * sizeof *from);
  for (size_t i = 0; i < n; i++)
    list[i] = from[i < even ? 2 * i : 2 * (i - even) + 1];
}

static void *gather_rows(const void *array, const size_t *row, size_t rows,
                         size_t bytes)
{
  char *out = malloc(rows * bytes + 1);
  for (size_t i = 0; out && i < rows; i++)
    memcpy(out + i * bytes, (const char *)array + row[i] * bytes, bytes);
  return out;
}

/* The elements at the sample's rows and columns of an [m, n] array. */
static void *gather(const ulp_sample *s, const void *array, size_t n, size_t bytes)
{
  char *out = malloc(s->x.m * s->x.n * bytes + 1);
  for (size_t i = 0; out && i < s->x.m; i++)
    for (size_t j = 0; j < s->x.n; j++)
      memcpy(out + (i * s->x.n + j) * bytes,
             (const char *)array + (s->row[i] * n + s->col[j]) * bytes, bytes);
  return out;
}

/* Scales of the sample's rows; those of 128 x 128 become 1 x 128. */
static float *gather_scales(const ulp_gemm_data *x, ulp_gemm_scales *kind,
                            bool of_a, const size_t *row, size_t rows)
{
  size_t blocks = (x->k - 1) / ULP_SCALES_BLOCK + 1;
  if (*kind < ULP_SCALES_1X128)
    blocks = 1;
  else
    *kind = ULP_SCALES_1X128;
  float *out = malloc((rows * blocks + 1) * sizeof *out);
  for (size_t i = 0; out && i < rows; i++)
    for (size_t b = 0; b < blocks; b++)
      out[i * blocks + b] = of_a
                                ? ulp_scale_a(x, row[i], b * ULP_SCALES_BLOCK)
                                : ulp_scale_b(x, row[i], b * ULP_SCALES_BLOCK);
  return out;
}

bool ulp_sample_take(ulp_sample *s, const ulp_gemm *g, const ulp_gemm_data *x,
                     size_t rows, size_t cols)
{
  memset(s, 0, sizeof *s);
  s->x = *x;
  s->x.m = spread(s->row, rows, x->m);
  s->x.n = spread(s->col, cols, x->n);
  deal(s->col, s->x.n);
  s->a = gather_rows(x->a, s->row, s->x.m, x->k * g->a.storage_bytes);
  s->b = gather_rows(x->b, s->col, s->x.n, x->k * g->b.storage_bytes);
  s->given = gather(s, x->d, x->n, g->out.storage_bytes);
  s->d = malloc(s->x.m * s->x.n * g->out.storage_bytes + 1);
  s->c = x->c ? gather(s, x->c, x->n, g->c.storage_bytes) : NULL;
  s->scale_a = gather_scales(x, &s->x.kind_a, true, s->row, s->x.m);
  s->scale_b = gather_scales(x, &s->x.kind_b, false, s->col, s->x.n);
  s->x.a = s->a;
  s->x.b = s->b;
  s->x.c = s->c;
  s->x.d = s->d;
  s->x.scale_a = s->scale_a;
  s->x.scale_b = s->scale_b;
  return s->a && s->b && s->given && s->d && (s->c || !x->c) && s->scale_a &&
         s->scale_b;
}

/* ---- comparing ---------------------------------------------------------- */

/* Part of the sample, with the operands of one feed where there are any. */
typedef struct {
  const ulp_sample *s;
  ulp_gemm_data x;
  ulp_panels panels;
  bool to_the_end;
} trial;

static bool chains(const ulp_gemm *g)
{
  return g->order->kind == ULP_GEMM_CHAIN && g->c.kind != ULP_INTEGER;
}

static void note_miss(ulp_candidate *c, const trial *t, size_t at)
{
  const ulp_sample *s = t->s;
  c->mismatches++;
  if (c->misses < ULP_MAX_MISSES)
    c->miss[c->misses++] =
        (ulp_miss){.row = s->row[at / t->x.n],
                   .col = s->col[at % t->x.n],
                   .given = ulp_load_code(&c->gemm.out, s->given, at),
                   .computed = ulp_load_code(&c->gemm.out, s->d, at)};
}

/* Row by row, so that a candidate can be refuted early. */
static ulp_status compare(trial *t, ulp_candidate *c)
{
  const ulp_gemm *g = &c->gemm;
  ulp_status status = ULP_OK;
  c->compared = c->mismatches = c->misses = 0;
  for (size_t row = 0; row < t->x.m; row++) {
    t->panels.g = g;
    if (chains(g))
      ulp_panels_multiply(&t->panels, row, 1);
    else
      status = ulp_gemm_run(g, &t->x, row, 1);
    if (status != ULP_OK)
      return status;
    for (; c->compared < (row + 1) * t->x.n; c->compared++)
      if (ulp_load_code(&g->out, t->s->given, c->compared) !=
          ulp_load_code(&g->out, t->s->d, c->compared))
        note_miss(c, t, c->compared);
    if (c->mismatches && !t->to_the_end)
      break;
  }
  return status;
}

/* The first candidate and all later ones that feed what it feeds. */
static ulp_status compare_feed(trial *t, ulp_candidate *list, size_t count,
                               bool *wanted)
{
  t->panels = (ulp_panels){.g = &list[0].gemm, .x = &t->x, .rows = t->x.m,
                           .cols = t->x.n};
  ulp_status status = ulp_panels_load_b(&t->panels);
  if (status == ULP_OK)
    status = ulp_panels_load_a(&t->panels);
  for (size_t i = 0; status == ULP_OK && i < count; i++)
    if (wanted[i] && chains(&list[i].gemm) &&
        ulp_same_feed(&list[0].gemm, &list[i].gemm, t->x.k)) {
      status = compare(t, &list[i]);
      wanted[i] = false;
    }
  ulp_panels_free_a(&t->panels);
  ulp_panels_free_b(&t->panels);
  return status;
}

ulp_status ulp_sample_compare(const ulp_sample *s, ulp_sample_part part,
                              ulp_candidate *list, size_t count, bool *wanted)
{
  trial t = {.s = s, .x = s->x, .to_the_end = part == ULP_SAMPLE_WHOLE};
  ulp_status status = ULP_OK;
  if (part == ULP_SAMPLE_FIRST) { /* a prefix of the arrays */
    t.x.m = 1;
    t.x.n = t.x.n < ULP_LANES ? t.x.n : ULP_LANES;
  }
  for (size_t i = 0; status == ULP_OK && i < count; i++) {
    if (!wanted[i])
      continue;
    if (chains(&list[i].gemm))
      status = compare_feed(&t, list + i, count - i, wanted + i);
    else
      status = compare(&t, &list[i]);
    wanted[i] = false;
  }
  return status;
}
