/* SPDX-License-Identifier: MIT
 *
 * Operands from stored elements to what a chain multiplies.
 */
#include "blocks.h"
#include "convert_kernels.h"
#include "room.h"
#include "tile.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- elements to floats ------------------------------------------------- */

static float decode(const ulp_format *as, const ulp_format *stored,
                    uint64_t code)
{
  return (float)ulp_decode(as, ulp_convert_operand(as, stored, code));
}

/* Every code decoded, of bytes every byte, where that is less work than every
 * element; NULL where it is not, or for want of memory. */
static float *make_table(const ulp_packed *p)
{
  const ulp_format *f = p->stored;
  size_t codes = f->storage_bytes == 1 ? 256
                 : f->bits <= 16       ? (size_t)1 << f->bits
                                       : SIZE_MAX;
  float *table = NULL;
  if (codes <= p->rows * p->k)
    table = malloc(codes * sizeof *table);
  for (size_t c = 0; table && c < codes; c++)
    table[c] = decode(p->as, f, c & ((UINT64_C(1) << f->bits) - 1));
  return table;
}

/* Codes that are the upper part of a float's. */
static bool is_float_cut(const ulp_format *f)
{
  return f->kind == ULP_FLOAT && f->exp_bits == 8 && f->bias == 127 &&
         f->man_bits <= 23 && f->subnormals && f->nan == ULP_NAN_IEEE &&
         f->inf == ULP_INF_IEEE;
}

/* The inner loop of `load`, for codes of one width. */
#define EACH(type, value)                                                      \
  do {                                                                         \
    const type *stored = (const type *)p->array + first;                       \
    for (size_t i = 0; i < n; i++) {                                           \
      uint32_t code = (uint32_t)(stored[i] >> f->storage_shift) & mask;        \
      out[i] = (value);                                                        \
    }                                                                          \
  } while (0)

static float float_of(uint32_t bits)
{
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* Elements first .. first+n-1 of the array. */
static void load(const ulp_packed *p, size_t first, size_t n, float *out)
{
  const ulp_format *f = p->stored, *as = p->as;
  const float *table = p->table;
  uint32_t mask = (uint32_t)((UINT64_C(1) << f->bits) - 1);
  unsigned shift = 23U - f->man_bits;
  if (is_float_cut(f) && as->bits == f->bits && f->storage_bytes == 2)
    EACH(uint16_t, float_of(code << shift));
  else if (is_float_cut(f) && as->bits == f->bits && f->storage_bytes == 4)
    EACH(uint32_t, float_of(code << shift));
  else if (table && f->storage_bytes == 1)
    ulp_decode_bytes(out, table, (const uint8_t *)p->array + first, n, NULL,
                     NULL, n);
  else if (table && f->storage_bytes == 2)
    EACH(uint16_t, table[code]);
  else
    for (size_t i = 0; i < n; i++)
      out[i] = decode(as, f, ulp_load_code(f, p->array, first + i));
}
#undef EACH

/* ---- floats to lanes ---------------------------------------------------- */

static size_t value_bytes(const ulp_packed *p)
{
  return p->plan.wide && p->lanes == ULP_ROWS ? sizeof(double) : sizeof(float);
}

static size_t vote_bytes(const ulp_packed *p)
{
  return p->lanes == ULP_ROWS ? 4 : p->plan.bytes ? 1 : 2;
}

/* Which lanes have a NaN or an Inf. */
static uint64_t odd_lanes(const ulp_kernel_operand *o)
{
  uint64_t odd = 0;
  for (size_t i = 0; i < o->k * o->lanes; i++)
    if (!isfinite(o->x[i]))
      odd |= UINT64_C(1) << i % o->lanes;
  return odd;
}

/* x: [k in block order][lane]. */
static void put_chunk(ulp_packed *p, const float *x, int emin, size_t group,
                      size_t chunk)
{
  const ulp_kernel_plan *plan = &p->plan;
  size_t k = (size_t)p->m->k, n = (size_t)plan->block;
  size_t words = (n + ULP_SIGNS - 1) / ULP_SIGNS;
  size_t cell = group * p->chunks + chunk, at = cell * k * p->lanes;
  ulp_kernel_operand o = {.x = x,
                          .k = k,
                          .lanes = p->lanes,
                          .emin = emin + 127,
                          .value = (char *)p->value + at * value_bytes(p),
                          .vote = (char *)p->vote + at * vote_bytes(p),
                          .sign = p->sign + at / n * words};
  if (!ulp_kernels_now()->pack(plan, &o))
    return;
  p->odd[cell] = odd_lanes(&o);
  p->any_odd[group] = true;
}

/* Rows that are decoded together, and elements of each at most. */
enum { SIDE = 4, SPAN = ULP_MAX_K };
static_assert((int)ULP_ROWS % SIDE == 0 && (int)ULP_LANES % SIDE == 0, "sides");

/* What all spans of an operand share. */
typedef struct {
  size_t chunks;   /* of a whole one */
  size_t to[SPAN]; /* where elements go: [chunk][k in block order][lane] */
  int emin;        /* of the values */
} span_plan;

static span_plan plan_spans(const ulp_packed *p)
{
  size_t k = (size_t)p->m->k;
  span_plan s = {.chunks = SPAN / k, .emin = ilogb(ulp_min_normal(p->as))};
  for (size_t i = 0; i < s.chunks * k; i++)
    s.to[i / k * k + (size_t)ulp_block_k(p->m->record, (int)(i % k))] =
        i * p->lanes;
  return s;
}

/* SIDE rows from `first` on, n elements from `done` on; zeros where there is
 * nothing. */
static void load_side(const ulp_packed *p, size_t first, size_t done, size_t n,
                      float row[SIDE][SPAN])
{
  size_t there = p->k - done < n ? p->k - done : n;
  for (size_t r = 0; r < SIDE; r++) {
    size_t some = first + r < p->rows ? there : 0;
    if (some)
      load(p, (first + r) * p->k + done, some, row[r]);
    memset(row[r] + some, 0, (n - some) * sizeof *row[r]);
  }
}

/* As many chunks of a group as a span takes, from `chunk` on. */
static void pack_span(ulp_packed *p, const span_plan *s, size_t group,
                      size_t chunk, size_t chunks)
{
  float row[SIDE][SPAN], x[ULP_LANES * SPAN + ULP_SLACK];
  size_t k = (size_t)p->m->k, n = chunks * k;
  for (size_t l = 0; l < p->lanes; l += SIDE) {
    load_side(p, group * p->lanes + l, chunk * k, n, row);
    for (size_t i = 0; i < n; i++) {
      float side[SIDE] = {row[0][i], row[1][i], row[2][i], row[3][i]};
      memcpy(x + s->to[i] + l, side, sizeof side);
    }
  }
  for (size_t i = 0; i < chunks; i++)
    put_chunk(p, x + i * k * p->lanes, s->emin, group, chunk + i);
}

static void pack_group(ulp_packed *p, const span_plan *s, size_t group)
{
  for (size_t chunk = 0; chunk < p->chunks; chunk += s->chunks)
    pack_span(p, s, group, chunk,
              p->chunks - chunk < s->chunks ? p->chunks - chunk : s->chunks);
}

/* ---- panels ------------------------------------------------------------- */

static bool allocate(ulp_packed *p, size_t groups)
{
  size_t chunks = groups * p->chunks;
  size_t elements = chunks * (size_t)p->m->k * p->lanes;
  size_t block = (size_t)p->plan.block;
  size_t words = (block + ULP_SIGNS - 1) / ULP_SIGNS;
  p->value = ulp_room(elements + ULP_SLACK, value_bytes(p));
  p->vote = ulp_room(elements + ULP_SLACK, vote_bytes(p));
  p->sign = ulp_room(elements / block * words, sizeof *p->sign);
  p->odd = ulp_room(chunks, sizeof *p->odd);
  p->any_odd = ulp_room(groups, sizeof *p->any_odd);
  return p->value && p->vote && p->sign && p->odd && p->any_odd;
}

void ulp_packed_free(ulp_packed *p)
{
  free(p->value);
  free(p->vote);
  free(p->sign);
  free(p->odd);
  free(p->any_odd);
  free(p->table);
  memset(p, 0, sizeof *p);
}

static size_t groups_of(const ulp_packed *p)
{
  return (p->rows + p->lanes - 1) / p->lanes;
}

void ulp_pack_again(ulp_packed *p, const void *array, size_t rows)
{
  p->array = array;
  p->rows = rows;
  if (!p->value)
    return;
  const span_plan s = plan_spans(p);
  memset(p->odd, 0, groups_of(p) * p->chunks * sizeof *p->odd);
  memset(p->any_odd, 0, groups_of(p) * sizeof *p->any_odd);
  for (size_t group = 0; group < groups_of(p); group++)
    pack_group(p, &s, group);
}

ulp_status ulp_pack_operand(ulp_packed *p, const ulp_mma *m, bool is_b,
                            const void *array, size_t rows, size_t k)
{
  *p = (ulp_packed){.m = m,
                    .as = is_b ? &m->operand_b : &m->operand_a,
                    .stored = is_b ? &m->b : &m->a,
                    .rows = rows,
                    .k = k,
                    .chunks = (k + (size_t)m->k - 1) / (size_t)m->k,
                    .lanes = is_b ? ULP_LANES : ULP_ROWS};
  if (m->k > ULP_MAX_K)
    return ULP_EINVAL;
  if (ulp_packable(m)) {
    p->plan = ulp_kernel_plan_of(m);
    p->table = make_table(p);
    if (!allocate(p, groups_of(p))) {
      ulp_packed_free(p);
      return ULP_ENOMEM;
    }
  }
  ulp_pack_again(p, array, rows);
  return ULP_OK;
}
