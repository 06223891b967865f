/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adam (D. Kingma, J. Ba, arXiv:1412.6980, algorithm 1) on made-up gradients:
 * exact in f64, and with moments that are brought to their formats after each
 * step.  As in bitsandbytes the update is that of the moments before they are
 * (csrc/kernels.cu, kOptimizerStatic8bit2StateBlockwise).
 */
#include "adam.h"

#include <math.h>
#include <stdlib.h>

#include "mix.h"

typedef struct {
  const ulp_adam *a;
  const ulp_moments_kept *kept;
  const float *scale;
  int64_t n;
  ulp_lognormal known;
  float *m, *v, *half, *work; /* what is kept, as values */
  double *exact_m, *exact_v, *way, *exact_way, *error, *ratio;
  double power1, power2; /* beta^t */
  double errors, updates, beyond, greatest;
  int64_t counted;
} work;

double ulp_adam_gradient(const ulp_adam *a, const float *scale, int64_t n,
                         int64_t t, int64_t i)
{
  if (a->stops && t >= a->steps / 2)
    return 0;
  uint64_t h = ulp_word(a->seed, UINT64_C(0xada3), (uint64_t)(t * n + i));
  double sum = (double)(h & 0xffff) + (double)(h >> 16 & 0xffff) +
               (double)(h >> 32 & 0xffff) + (double)(h >> 48);
  /* mean 4 (2^16 - 1) / 2; variance 4 (2^32 - 1) / 12 */
  return (double)scale[i] * (sum - 131070) * (1.7320508075688772 * 0x1p-16);
}

double ulp_adam_bound(const ulp_adam *a)
{
  return (1 - a->beta1) /
         sqrt((1 - a->beta2) * (1 - a->beta1 * a->beta1 / a->beta2));
}

/* ---- a moment, kept ----------------------------------------------------- */

static ulp_status keep(const ulp_moment *k, float *x, int64_t n, int64_t t,
                       uint64_t stream, ulp_error *e)
{
  uint64_t index = (uint64_t)(t * n);
  if (k->blocks) {
    ulp_quantizer q = k->q;
    q.rounding.stream ^= stream;
    return ulp_quantizer_values(&q, 1, &n, x, x, index, e);
  }
  ulp_step s = k->step;
  s.rounding.stream ^= stream;
  for (int64_t i = 0; i < n; i++)
    x[i] = (float)ulp_step_round(&s, (double)x[i], index + (uint64_t)i);
  return ULP_OK;
}

static ulp_status keep_v(const work *w, float *v, int64_t t, ulp_error *e)
{
  for (int64_t i = 0; w->kept->root && i < w->n; i++)
    v[i] = (float)sqrt((double)v[i]);
  ulp_status s = keep(&w->kept->v, v, w->n, t, 2, e);
  for (int64_t i = 0; w->kept->root && i < w->n; i++)
    v[i] = (float)((double)v[i] * (double)v[i]);
  return s;
}

/* ---- steps -------------------------------------------------------------- */

static double update_of(const work *w, double m, double v)
{
  double root = sqrt(v / (1 - w->power2));
  return m / (1 - w->power1) / (root + w->a->epsilon);
}

static void note(work *w, int64_t i, double u, double exact)
{
  double error = u - exact;
  w->errors += error * error;
  w->updates += exact * exact;
  w->beyond += fabs(u) > ulp_adam_bound(w->a);
  w->greatest = fmax(w->greatest, fabs(u));
  w->error[i] = fabs(error) / fabs(exact);
  w->counted++;
}

/* The update is made of what was kept and the new gradient, as the kernel has
 * them, in f32. */
static void one(work *w, int64_t t, int64_t i, bool noted)
{
  const ulp_adam *a = w->a;
  double g = ulp_adam_gradient(a, w->scale, w->n, t, i);
  w->m[i] = (float)(a->beta1 * (double)w->m[i] + (1 - a->beta1) * g);
  w->v[i] = (float)(a->beta2 * (double)w->v[i] + (1 - a->beta2) * g * g);
  w->exact_m[i] = a->beta1 * w->exact_m[i] + (1 - a->beta1) * g;
  w->exact_v[i] = a->beta2 * w->exact_v[i] + (1 - a->beta2) * g * g;
  double u = update_of(w, (double)w->m[i], (double)w->v[i]);
  double exact = update_of(w, w->exact_m[i], w->exact_v[i]);
  w->way[i] += u;
  w->exact_way[i] += exact;
  if (noted && exact != 0)
    note(w, i, u, exact);
}

static ulp_status step(work *w, int64_t t, ulp_error *e)
{
  int64_t last = w->a->stops ? w->a->steps / 2 : w->a->steps;
  bool noted = t < last && t >= last - (last + 3) / 4;
  w->power1 *= w->a->beta1;
  w->power2 *= w->a->beta2;
  for (int64_t i = 0; i < w->n; i++)
    one(w, t, i, noted);
  ulp_status s = keep(&w->kept->m, w->m, w->n, t, 1, e);
  return s == ULP_OK ? keep_v(w, w->v, t, e) : s;
}

/* ---- what came of it ---------------------------------------------------- */

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
  qsort(x, n, sizeof *x, compare);
  return n ? x[n / 2] : NAN;
}

/* Median of v over exact v; `ratio` is scratch. */
static double ratio_of(const work *w, const float *v, double *ratio)
{
  size_t n = 0;
  for (int64_t i = 0; i < w->n; i++)
    if (w->exact_v[i] > 0)
      ratio[n++] = (double)v[i] / w->exact_v[i];
  return median(ratio, n);
}

/* By blocks, which are independent where elements of one are not. */
static ulp_status measure_once(work *w, ulp_adam_result *out, ulp_error *e)
{
  int64_t block = w->kept->block ? w->kept->block : 1, blocks = 0;
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < w->n; i++)
    w->work[i] = (float)w->exact_v[i];
  ulp_status s = keep_v(w, w->work, w->a->steps, e);
  for (int64_t i = 0; i < w->n; i += block, blocks++) {
    double zeroed = 0, all = 0;
    for (int64_t k = i; k < i + block && k < w->n; k++) {
      all += (float)w->exact_v[k] > 0;
      zeroed += (float)w->exact_v[k] > 0 && w->work[k] == 0;
    }
    double part = all > 0 ? zeroed / all : 0;
    sum += part;
    squares += part * part;
  }
  double count = (double)blocks, mean = sum / count;
  double variance = (squares - sum * mean) / (count - 1);
  out->once = mean;
  out->once_ci95 =
      1.959963984540054 * sqrt(variance > 0 ? variance / count : 0);
  if (blocks < 2)
    out->once_ci95 = NAN;
  return s;
}

/* Exact v is the square of the scale times the mean of squares of variance 1,
 * weighted (1 - beta2) beta2^k; what that varies is little beside decades.  Of
 * a block all but the greatest are log-normal below it. */
static double once_given(const work *w, double threshold)
{
  const ulp_adam *a = w->a;
  double weight = 0, sum = 0, blocks = 0;
  for (int64_t t = 0; t < a->steps; t++)
    weight = a->beta2 * weight +
             (a->stops && t >= a->steps / 2 ? 0 : 1 - a->beta2);
  const ulp_lognormal v = {2 * w->known.centre + ulp_log10(weight),
                           2 * w->known.width};
  double part = w->kept->root ? threshold * threshold : threshold;
  if (!(threshold > 0) || !(w->known.width > 0))
    return NAN;
  for (int64_t i = 0; i < w->n; i += w->kept->block, blocks++) {
    double amax = 0, n = 0;
    for (int64_t k = i; k < i + w->kept->block && k < w->n; k++, n++)
      amax = fmax(amax, w->exact_v[k]);
    sum += (n - 1) / n * ulp_lognormal_below(&v, part * amax) /
           ulp_lognormal_below(&v, amax);
  }
  return sum / blocks;
}

static void measure(work *w, ulp_adam_result *out)
{
  double way = 0, exact_way = 0, n = 0;
  size_t errors = 0;
  for (int64_t i = 0; i < w->n; i++) {
    double off = w->way[i] - w->exact_way[i];
    way += off * off;
    exact_way += w->exact_way[i] * w->exact_way[i];
    if (!(w->exact_v[i] > 0))
      continue;
    n++;
    w->error[errors++] = w->error[i];
    out->zeroed_m += w->m[i] == 0 && w->exact_m[i] != 0;
    out->zeroed_v += w->v[i] == 0;
    out->stalled += w->v[i] == w->half[i];
  }
  double counted = (double)w->counted;
  out->moments = (int64_t)n;
  out->zeroed_m /= n;
  out->zeroed_v /= n;
  out->stalled /= n;
  out->median_error = median(w->error, errors);
  out->update_error = sqrt(w->errors / w->updates);
  out->beyond = w->beyond / counted;
  out->greatest = w->greatest;
  out->way_error = sqrt(way / exact_way);
  out->ratio = ratio_of(w, w->v, w->ratio);
}

static bool make_room(work *w)
{
  size_t n = (size_t)w->n;
  w->m = calloc(n, sizeof *w->m);
  w->v = calloc(n, sizeof *w->v);
  w->half = calloc(n, sizeof *w->half);
  w->work = calloc(n, sizeof *w->work);
  w->exact_m = calloc(n, sizeof *w->exact_m);
  w->exact_v = calloc(n, sizeof *w->exact_v);
  w->way = calloc(n, sizeof *w->way);
  w->exact_way = calloc(n, sizeof *w->exact_way);
  w->error = calloc(n, sizeof *w->error);
  w->ratio = calloc(n, sizeof *w->ratio);
  return w->m && w->v && w->half && w->work && w->exact_m && w->exact_v &&
         w->way && w->exact_way && w->error && w->ratio;
}

static void free_room(work *w)
{
  free(w->m);
  free(w->v);
  free(w->half);
  free(w->work);
  free(w->exact_m);
  free(w->exact_v);
  free(w->way);
  free(w->exact_way);
  free(w->error);
  free(w->ratio);
}

ulp_status ulp_adam_run(ulp_adam_result *out, const ulp_adam *a,
                        const ulp_moments_kept *kept,
                        const ulp_adam_parameters *p, double threshold,
                        ulp_error *e)
{
  work w = {.a = a, .kept = kept, .scale = p->scale, .n = p->n,
            .known = p->known, .power1 = 1, .power2 = 1};
  *out = (ulp_adam_result){.moments = 0};
  ulp_status s = make_room(&w) ? ULP_OK
                               : ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (int64_t t = 0; s == ULP_OK && t < a->steps; t++) {
    s = step(&w, t, e);
    if (t + 1 != a->steps / 2)
      continue;
    for (int64_t i = 0; i < w.n; i++)
      w.half[i] = w.v[i];
    out->ratio_half = ratio_of(&w, w.v, w.ratio);
  }
  if (s == ULP_OK)
    s = measure_once(&w, out, e);
  if (s == ULP_OK) {
    out->once_given = once_given(&w, threshold);
    measure(&w, out);
  }
  free_room(&w);
  return s;
}
