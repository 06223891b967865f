/* SPDX-License-Identifier: MIT
 *
 * How ggml searches for the scale of a group: three procedures, each after
 * the function of ggml-quants.c that it names.  They round after every
 * operation, in ggml's order, and compare as ggml does, so that NaN takes the
 * same way: a test that fails for NaN there fails here.
 */
#include "ggml.h"

#include <math.h>

static int symmetric_code(float x, float inverse, int nmax)
{
  return ggml_clamp(ulp_ggml_nearest(inverse * x), -nmax, nmax - 1);
}

/* Sums over a group of w x l and w l l, l the integer codes: for a given l,
 * their quotient is the best scale, and xl^2 / ll what it explains of x. */
typedef struct {
  float xl, ll;
} projection;

static void project(projection *p, float x, float w, int l)
{
  p->xl += w * x * (float)l;
  p->ll += w * (float)l * (float)l;
}

static float zero_codes(uint8_t *codes, int n)
{
  for (int i = 0; i < n; i++)
    codes[i] = 0;
  return 0;
}

/* ---- make_qx_quants (rmse_type 1, no weights) -----------------------------
 */

static projection project_group(const float *x, int n, float inverse, int nmax)
{
  projection p = {0, 0};
  for (int i = 0; i < n; i++)
    project(&p, x[i], x[i] * x[i], symmetric_code(x[i], inverse, nmax));
  return p;
}

static void write_symmetric(uint8_t *codes, const float *x, int n,
                            float inverse, int nmax)
{
  for (int i = 0; i < n; i++)
    codes[i] = (uint8_t)(symmetric_code(x[i], inverse, nmax) + nmax);
}

float ulp_ggml_search_symmetric(uint8_t *codes, const float *x, int n, int nmax)
{
  float extreme = ulp_ggml_extreme(x, n);
  if (fabsf(extreme) < GGML_GROUP_EPSILON) return zero_codes(codes, n);
  /* The extreme goes to -nmax, then to 0.1 to 0.9 on either side. */
  float inverse = (float)-nmax / extreme;
  projection p = project_group(x, n, inverse, nmax);
  float scale = p.ll != 0 ? p.xl / p.ll : 0;
  float best = scale * p.xl;
  write_symmetric(codes, x, n, inverse, nmax);
  for (int i = -9; i <= 9; i++) {
    if (i == 0) continue;
    inverse = -((float)nmax + 0.1f * (float)i) / extreme;
    p = project_group(x, n, inverse, nmax);
    if (p.ll > 0 && p.xl * p.xl > best * p.ll) {
      write_symmetric(codes, x, n, inverse, nmax);
      scale = p.xl / p.ll;
      best = scale * p.xl;
    }
  }
  return scale;
}

/* ---- make_q3_quants (with do_rmse) -----------------------------------------
 */

/* Moves one code to where the others' best scale would have it, if that
 * explains more of the group. */
static bool move_code(projection *p, int8_t *l, float x, int nmax)
{
  float w = x * x;
  projection q = {p->xl - w * x * (float)*l, 0};
  if (!(q.xl > 0)) return false;
  q.ll = p->ll - w * (float)*l * (float)*l;
  int moved = ggml_clamp(ulp_ggml_nearest(x * q.ll / q.xl), -nmax, nmax - 1);
  if (moved == *l) return false;
  project(&q, x, w, moved);
  if (!(q.ll > 0 && q.xl * q.xl * p->ll > p->xl * p->xl * q.ll)) return false;
  *l = (int8_t)moved;
  *p = q;
  return true;
}

float ulp_ggml_search_descent(uint8_t *codes, const float *x, int n, int nmax)
{
  enum { MOST = 16, ROUNDS = 5 };
  int8_t l[MOST];
  float extreme = ulp_ggml_extreme(x, n);
  if (fabsf(extreme) < GGML_GROUP_EPSILON) return zero_codes(codes, n);
  float inverse = (float)-nmax / extreme;
  projection p = {0, 0};
  for (int i = 0; i < n; i++) {
    l[i] = (int8_t)symmetric_code(x[i], inverse, nmax);
    project(&p, x[i], x[i] * x[i], l[i]);
  }
  bool moved = true;
  for (int round = 0; round < ROUNDS && moved; round++) {
    moved = false;
    for (int i = 0; i < n; i++)
      moved |= move_code(&p, &l[i], x[i], nmax);
  }
  for (int i = 0; i < n; i++)
    codes[i] = (uint8_t)(l[i] + nmax);
  return p.ll > 0 ? p.xl / p.ll : 0;
}

/* ---- make_qkx2_quants ------------------------------------------------------
 */

enum { AFFINE_MOST = 32 };

/* A group, its range, and sums over it. */
typedef struct {
  const float *x, *w;
  int n;
  float min, max; /* min <= 0 */
  float sum_w, sum_wx;
} group;

typedef struct {
  float scale, min;
} line;

static group group_of(const float *x, const float *w, int n)
{
  group g = {x, w, n, x[0], x[0], w[0], w[0] * x[0]};
  for (int i = 1; i < n; i++) {
    if (x[i] < g.min) g.min = x[i];
    if (x[i] > g.max) g.max = x[i];
    g.sum_w += w[i];
    g.sum_wx += w[i] * x[i];
  }
  if (g.min > 0) g.min = 0;
  return g;
}

static void affine_codes(uint8_t *codes, const group *g, float inverse,
                         int nmax)
{
  for (int i = 0; i < g->n; i++)
    codes[i] = (uint8_t)ggml_clamp(
        ulp_ggml_nearest(inverse * (g->x[i] - g->min)), 0, nmax);
}

static float error_of(const group *g, const uint8_t *codes, line at,
                      bool absolute)
{
  float sum = 0;
  for (int i = 0; i < g->n; i++) {
    float e = at.scale * (float)codes[i] + at.min - g->x[i];
    sum += g->w[i] * (absolute ? fabsf(e) : e * e);
  }
  return sum;
}

/* Weighted least squares through codes and elements; with a min above 0, the
 * line through 0.  False when the codes are all the same. */
static bool fit_line(line *fit, const group *g, const uint8_t *codes)
{
  float l = 0, ll = 0, xl = 0;
  for (int i = 0; i < g->n; i++) {
    float wl = g->w[i] * (float)codes[i];
    l += wl;
    ll += wl * (float)codes[i];
    xl += wl * g->x[i];
  }
  float determinant = g->sum_w * ll - l * l;
  if (!(determinant > 0)) return false;
  fit->scale = (g->sum_w * xl - g->sum_wx * l) / determinant;
  fit->min = (ll * g->sum_wx - l * xl) / determinant;
  if (fit->min > 0) {
    fit->min = 0;
    fit->scale = xl / ll;
  }
  return true;
}

float ulp_ggml_search_affine(uint8_t *codes, float *minus, const float *x,
                             const float *weights, int n, const ggml_trials *t)
{
  uint8_t trial[AFFINE_MOST];
  group g = group_of(x, weights, n);
  *minus = -g.min;
  if (g.max == g.min) return zero_codes(codes, n);
  float inverse = (float)t->nmax / (g.max - g.min);
  line best = {1 / inverse, g.min}, fit;
  affine_codes(codes, &g, inverse, t->nmax);
  float least = error_of(&g, codes, best, t->absolute);
  for (int i = 0; i <= t->steps; i++) {
    inverse =
        (t->first + t->step * (float)i + (float)t->nmax) / (g.max - g.min);
    affine_codes(trial, &g, inverse, t->nmax);
    if (!fit_line(&fit, &g, trial)) continue;
    float error = error_of(&g, trial, fit, t->absolute);
    if (!(error < least)) continue;
    for (int j = 0; j < n; j++)
      codes[j] = trial[j];
    least = error;
    best = fit;
    g.min = fit.min; /* later trials count from it: `min` is reused */
  }
  *minus = -best.min;
  return best.scale;
}
