/* SPDX-License-Identifier: MIT
 *
 * The fast path: a chain of instructions over decoded operands.  Its bits are
 * those of ulp_mma_dot; tests/check_fast.c compares them.
 */
#include "blocks.h"
#include "tile.h"

#include <fenv.h>
#include <math.h>
#include <string.h>

/* ---- the reference ------------------------------------------------------ */

static void load_chunk(const ulp_packed *p, size_t row, size_t chunk,
                       uint64_t code[ULP_MAX_K])
{
  size_t k = (size_t)p->m->k;
  for (size_t i = 0; i < k; i++) {
    size_t at = chunk * k + i;
    code[i] = at < p->k
                  ? ulp_load_code(p->stored, p->array, row * p->k + at)
                  : 0;
  }
}

static float by_reference(const ulp_packed *a, size_t row, const ulp_packed *b,
                          size_t column, size_t chunk, float c)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  const ulp_mma *m = a->m;
  uint64_t x[ULP_MAX_K], y[ULP_MAX_K], d;
  if (isnan(c) || row >= a->rows || column >= b->rows)
    return c;
  load_chunk(a, row, chunk, x);
  load_chunk(b, column, chunk, y);
  d = ulp_mma_dot(m, x, y, ulp_encode_f64(&m->c, (double)c, &rne, 0), NULL);
  return (float)ulp_decode(&m->d, d);
}

/* ---- runs of chunks ----------------------------------------------------- */

typedef struct {
  const ulp_packed *a, *b;
  size_t rows, group; /* of A and of B */
} place;

typedef float tile[ULP_ROWS][ULP_LANES];

static ulp_kernel_run run_of(const place *at, size_t first, size_t last)
{
  const ulp_packed *a = at->a, *b = at->b;
  const ulp_kernel_plan *p = &a->plan;
  size_t k = (size_t)a->m->k, n = (size_t)p->block;
  size_t words = (n + ULP_SIGNS - 1) / ULP_SIGNS;
  size_t value = p->wide ? sizeof(double) : sizeof(float); /* of A */
  size_t vote = p->bytes ? sizeof(uint8_t) : sizeof(int16_t);
  size_t x = (at->rows * a->chunks + first) * k;
  size_t y = (at->group * b->chunks + first) * k;
  return (ulp_kernel_run){
      .a = (const char *)a->value + x * ULP_ROWS * value,
      .b = (const char *)b->value + y * ULP_LANES * sizeof(float),
      .vote_a = (const uint32_t *)a->vote + x * ULP_ROWS,
      .vote_b = (const char *)b->vote + y * ULP_LANES * vote,
      .sign_a = a->sign + x / n * words * ULP_ROWS,
      .sign_b = b->sign + y / n * words * ULP_LANES,
      .blocks = (last - first) * (k / n)};
}

static void call(const place *at, size_t first, size_t last, tile acc)
{
  const ulp_kernels *kernels = ulp_kernels_now();
  const ulp_kernel_plan *p = &at->a->plan;
  ulp_kernel_run run = run_of(at, first, last);
  ulp_kernel *kernel = p->wide ? kernels->wide : kernels->narrow;
  int mode = fegetround();
  if (kernels->down)
    (void)fesetround(FE_DOWNWARD);
  kernel(p, &run, acc);
  if (kernels->down)
    (void)fesetround(mode);
}

/* A C that floats' kernels do not take. */
static bool is_strange(float c)
{
  return !(c == 0 || (fabsf(c) >= 0x1p-98F && fabsf(c) <= 0x1p98F));
}

/* The same with C as it may be. */
static void call_any(const place *at, size_t first, size_t last, tile acc)
{
  tile c;
  bool strange = false;
  if (!at->a->plan.wide)
    strange = ulp_kernels_now()->strange(acc);
  if (!strange) {
    call(at, first, last, acc);
    return;
  }
  memcpy(c, acc, sizeof c);
  for (size_t r = 0; r < ULP_ROWS; r++)
    for (size_t l = 0; l < ULP_LANES; l++)
      if (is_strange(acc[r][l]))
        acc[r][l] = 0;
  call(at, first, last, acc);
  for (size_t r = 0; r < ULP_ROWS; r++)
    for (size_t l = 0; l < ULP_LANES; l++) {
      if (!is_strange(c[r][l]))
        continue;
      acc[r][l] = c[r][l];
      for (size_t i = first; isfinite(acc[r][l]) && i < last; i++)
        acc[r][l] = by_reference(at->a, at->rows * ULP_ROWS + r, at->b,
                                 at->group * ULP_LANES + l, i, acc[r][l]);
    }
}

/* C joins by an addition after each instruction. */
static void add_last(const place *at, size_t chunk, tile acc)
{
  const ulp_format *f = &at->a->m->acc;
  tile sum = {{0}};
  call(at, chunk, chunk + 1, sum);
  if (f->man_bits == 23) {
    for (size_t r = 0; r < ULP_ROWS; r++)
      for (size_t l = 0; l < ULP_LANES; l++)
        acc[r][l] += sum[r][l];
    return;
  }
  for (size_t r = 0; r < ULP_ROWS; r++)
    for (size_t l = 0; l < ULP_LANES; l++)
      acc[r][l] = (float)ulp_add_rounded(f, (double)sum[r][l],
                                         (double)acc[r][l]);
}

/* Whether no finite product changes any. */
static bool is_stuck(tile acc)
{
  size_t i = 0;
  while (i < ULP_ROWS * ULP_LANES &&
         !isfinite(acc[i / ULP_LANES][i % ULP_LANES]))
    i++;
  return i == ULP_ROWS * ULP_LANES;
}

static void run(const place *at, size_t first, size_t last, tile acc)
{
  const ulp_kernel_plan *p = &at->a->plan;
  if (!at->a->m->record->c_last && is_stuck(acc))
    return;
  bool each = at->a->m->record->c_last || p->c_emin != p->acc_emin;
  for (size_t next; first < last; first = next) {
    next = each ? first + 1 : last;
    if (at->a->m->record->c_last)
      add_last(at, first, acc);
    else
      call_any(at, first, next, acc);
  }
}

/* ---- odd chunks --------------------------------------------------------- */

static uint64_t odd_rows(const place *at, size_t chunk)
{
  return at->a->odd[at->rows * at->a->chunks + chunk];
}

static uint64_t odd_columns(const place *at, size_t chunk)
{
  return at->b->odd[at->group * at->b->chunks + chunk];
}

static void run_odd(const place *at, size_t chunk, tile acc)
{
  uint64_t rows = odd_rows(at, chunk), columns = odd_columns(at, chunk);
  tile c;
  memcpy(c, acc, sizeof c);
  run(at, chunk, chunk + 1, acc);
  for (size_t r = 0; r < ULP_ROWS; r++)
    for (size_t l = 0; l < ULP_LANES; l++)
      if ((rows >> r | columns >> l) & 1)
        acc[r][l] = by_reference(at->a, at->rows * ULP_ROWS + r, at->b,
                                 at->group * ULP_LANES + l, chunk, c[r][l]);
}

/* The first odd chunk, or last. */
static size_t next_odd(const place *at, size_t first, size_t last)
{
  if (!at->a->any_odd[at->rows] && !at->b->any_odd[at->group])
    return last;
  while (first < last && !odd_rows(at, first) && !odd_columns(at, first))
    first++;
  return first;
}

/* ---- the chain ---------------------------------------------------------- */

static void all_by_reference(const place *at, size_t first, size_t last,
                             tile acc)
{
  for (size_t r = 0; r < ULP_ROWS; r++)
    for (size_t l = 0; l < ULP_LANES; l++)
      for (size_t i = first; i < last; i++)
        acc[r][l] = by_reference(at->a, at->rows * ULP_ROWS + r, at->b,
                                 at->group * ULP_LANES + l, i, acc[r][l]);
}

void ulp_chain_rows(const ulp_packed *a, size_t rows, const ulp_packed *b,
                    size_t group, size_t first, size_t last,
                    float acc[ULP_ROWS][ULP_LANES])
{
  place at = {.a = a, .b = b, .rows = rows, .group = group};
  if (!a->value) {
    all_by_reference(&at, first, last, acc);
    return;
  }
  while (first < last) {
    size_t odd = next_odd(&at, first, last);
    if (odd > first)
      run(&at, first, odd, acc);
    if (odd < last)
      run_odd(&at, odd, acc);
    first = odd + 1;
  }
}

void ulp_chain(const ulp_packed *a, size_t row, const ulp_packed *b,
               size_t group, size_t first, size_t last, double acc[ULP_LANES])
{
  tile t = {{0}};
  size_t r = row % ULP_ROWS;
  for (size_t l = 0; l < ULP_LANES; l++)
    t[r][l] = (float)acc[l] + 0.0F; /* -0 is +0 */
  ulp_chain_rows(a, row / ULP_ROWS, b, group, first, last, t);
  for (size_t l = 0; l < ULP_LANES; l++)
    acc[l] = (double)t[r][l];
}

uint64_t ulp_result_code(const ulp_format *d, double value)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  if (isnan(value))
    return ulp_acc_nan(d);
  if (d->exp_bits == 8 && d->man_bits == 23) {
    float x = (float)value;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
  }
  return ulp_encode_f64(d, value, &rne, 0);
}
