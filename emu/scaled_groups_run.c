/* SPDX-License-Identifier: MIT
 *
 * Whole products of instructions of groups: columns packed 16 at a time, rows
 * once; and the outputs that kernels leave.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "room.h"
#include "scaled.h"
#include "scaled_groups.h"

/* Rows and instructions of a block: its operands stay in the caches. */
enum { ROWS = 32, BLOCK = 8, LANES = ULP_GROUP_LANES };

typedef struct {
  const ulp_scaled_product *x;
  ulp_group_kernel kernel;
  ulp_group_tables table;
  size_t chunks;         /* instructions in a row */
  ulp_group_row *rows;   /* [row][chunk] */
  ulp_group_columns *columns; /* [chunk], of the 16 from `col` on */
  double c[ROWS][LANES];
  size_t row, col, chunk; /* what the kernel is at; its first instruction */
} work;

/* ---- operands -------------------------------------------------------------- */

static ulp_group_chunk chunk_of(const work *w, const ulp_scaled_part *p)
{
  size_t per = (size_t)w->x->m->record->scale_block / ULP_GROUP;
  return (ulp_group_chunk){p->code, p->scale, per};
}

static void pack_rows(work *w)
{
  ulp_scaled_part p;
  for (size_t i = 0; i < w->x->rows; i++)
    for (size_t l = 0; l < w->chunks; l++) {
      ulp_scaled_load(w->x, false, i, l, &p);
      ulp_group_chunk x = chunk_of(w, &p);
      ulp_group_pack_row(&w->rows[i * w->chunks + l], &w->table, &x);
    }
}

/* Lanes beyond the last column: zeros, always inside the bounds. */
static void pack_columns(work *w, size_t count)
{
  ulp_scaled_part p;
  if (count < LANES)
    memset(w->columns, 0, w->chunks * sizeof *w->columns);
  for (size_t l = 0; l < w->chunks; l++) {
    for (size_t j = 0; j < count; j++) {
      ulp_scaled_load(w->x, true, w->col + j, l, &p);
      ulp_group_chunk x = chunk_of(w, &p);
      ulp_group_pack_column(&w->columns[l], j, &w->table, &w->kernel, &x);
    }
    for (size_t j = count; j < LANES; j++)
      w->columns[l].high[j] = INFINITY;
  }
}

/* ---- what kernels leave ------------------------------------------------------ */

/* Far from the least and the greatest exponents of f32 and of the
 * instruction. */
static bool is_moderate(double x)
{
  return fabs(x) >= 0x1p-90 && fabs(x) <= 0x1p100;
}

/* The exact sum of a group in quarters; false: all its products are 0. */
static bool sum_group(const work *w, const ulp_scaled_part *a, const ulp_scaled_part *b, size_t g,
                      int *sum)
{
  bool some = false;
  *sum = 0;
  for (size_t k = ULP_GROUP * g; k < ULP_GROUP * (g + 1); k++) {
    int product = w->table.value[a->code[k]] * w->table.value[b->code[k]];
    some = some || product != 0;
    *sum += product;
  }
  return some;
}

/* To f32 toward zero, in its normal range. */
static double cut(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits &= ~((UINT64_C(1) << 29) - 1);
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* Terms in units of 2^(E-35), each cut; their sum is below 2^50. */
static double by_terms(const work *w, const ulp_scaled_part *a, const ulp_scaled_part *b, double c)
{
  const ulp_group_tables *t = &w->table;
  size_t per = (size_t)w->x->m->record->scale_block / ULP_GROUP;
  double term[ULP_GROUPS], sum = 0;
  int top = INT32_MIN, exponent, align = w->x->m->record->align;
  if (c != 0) {
    (void)frexp(c, &exponent);
    top = exponent - 1;
  }
  for (size_t g = 0; g < ULP_GROUPS; g++) {
    uint8_t x = a->scale[g / per], y = b->scale[g / per];
    double scale = t->factor[x] * t->factor[y];
    int units, vote = t->vote[x] + t->vote[y];
    bool votes = sum_group(w, a, b, g, &units) && scale != 0;
    top = votes && vote > top ? vote : top;
    term[g] = votes ? scale * 0.25 * units : 0;
  }
  if (top == INT32_MIN)
    return 0;
  for (size_t g = 0; g < ULP_GROUPS; g++)
    sum += trunc(ldexp(term[g], align - top));
  sum += trunc(ldexp(c, align - top));
  return cut(ldexp(sum, top - align));
}

static double one_output(const work *w, size_t row, size_t col, size_t chunk,
                         double c)
{
  ulp_scaled_part a, b;
  ulp_scaled_load(w->x, false, row, chunk, &a);
  ulp_scaled_load(w->x, true, col, chunk, &b);
  bool fits = c == 0 || is_moderate(c);
  for (size_t i = 0; i < (size_t)w->x->m->scales; i++)
    fits = fits && !w->table.strange[a.scale[i]] &&
           !w->table.strange[b.scale[i]];
  if (fits) {
    double out = by_terms(w, &a, &b, c);
    if (out == 0 || is_moderate(out))
      return out;
  }
  return ulp_scaled_reference(w->x, row, col, chunk, c);
}

static void rest(void *data, size_t chunk, unsigned mask,
                 const double from[LANES], double c[LANES])
{
  const work *w = data;
  for (size_t l = 0; l < LANES && w->col + l < w->x->cols; l++)
    if (mask >> l & 1)
      c[l] = one_output(w, w->row, w->col + l, w->chunk + chunk, from[l]);
}

/* ---- blocks ------------------------------------------------------------------ */

static void load_c(work *w, size_t row, size_t rows, size_t count)
{
  const ulp_scaled_product *x = w->x;
  memset(w->c, 0, sizeof w->c);
  for (size_t i = 0; x->c && i < rows; i++)
    for (size_t j = 0; j < count; j++)
      w->c[i][j] = (double)ulp_scaled_c(x, row + i, w->col + j);
}

static void store_d(const work *w, size_t row, size_t rows, size_t count)
{
  const ulp_scaled_product *x = w->x;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < count; j++)
      ulp_scaled_store(x, row + i, w->col + j, w->c[i][j]);
}

static void run_rows(work *w, size_t row, size_t rows, size_t count)
{
  load_c(w, row, rows, count);
  for (size_t l = 0; l < w->chunks; l += BLOCK)
    for (size_t i = 0; i < rows; i++) {
      w->row = row + i;
      w->chunk = l;
      w->kernel.tile(&w->rows[w->row * w->chunks + l], &w->columns[l],
                     w->chunks - l < BLOCK ? w->chunks - l : BLOCK, w->c[i],
                     rest, w);
    }
  store_d(w, row, rows, count);
}

bool ulp_is_grouped(const ulp_mma *m)
{
  const ulp_mma_record *r = m->record;
  return r->kind == ULP_DOT_FDPA && r->group == ULP_GROUP &&
         m->k == ULP_GROUP_K && r->block == m->k && r->align <= 35 &&
         r->align >= 24 && m->scales > 0 && m->a.bits == 4 &&
         m->b.bits == 4 && m->scale.man_bits <= 3 &&
         m->acc.man_bits == 23 && r->acc_mode == ULP_RTZ;
}

ulp_status ulp_groups_run(const ulp_scaled_product *x)
{
  work *w = malloc(sizeof *w);
  if (!w)
    return ULP_ENOMEM;
  w->x = x;
  w->kernel = ulp_group_kernel_now();
  w->chunks = (x->k + ULP_GROUP_K - 1) / ULP_GROUP_K;
  w->rows = ulp_room(x->rows * w->chunks, sizeof *w->rows);
  w->columns = malloc((w->chunks + 1) * sizeof *w->columns);
  bool ready = w->rows && w->columns;
  if (ready) {
    ulp_group_tables_make(&w->table, x->m);
    pack_rows(w);
  }
  for (w->col = 0; ready && w->col < x->cols; w->col += LANES) {
    size_t count = x->cols - w->col < LANES ? x->cols - w->col : LANES;
    pack_columns(w, count);
    for (size_t i = 0; i < x->rows; i += ROWS)
      run_rows(w, i, x->rows - i < ROWS ? x->rows - i : ROWS, count);
  }
  free(w->rows);
  free(w->columns);
  free(w);
  return ready ? ULP_OK : ULP_ENOMEM;
}
