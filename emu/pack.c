/* SPDX-License-Identifier: MIT
 *
 * Operands from stored elements to what a chain multiplies.
 */
#include "blocks.h"
#include "tile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- elements to floats ------------------------------------------------- */

static float decode(const ulp_format *as, const ulp_format *stored,
                    uint64_t code)
{
  return (float)ulp_decode(as, ulp_convert_operand(as, stored, code));
}

/* Every code decoded, where that is less work than every element; NULL where
 * it is not, or for want of memory. */
static float *make_table(const ulp_packed *p, const ulp_format *as)
{
  unsigned bits = p->stored->bits;
  size_t codes = bits <= 16 ? (size_t)1 << bits : SIZE_MAX;
  float *table = NULL;
  if (codes <= p->rows * p->k)
    table = malloc(codes * sizeof *table);
  for (size_t c = 0; table && c < codes; c++)
    table[c] = decode(as, p->stored, c);
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
static void load(const ulp_packed *p, const ulp_format *as, const float *table,
                 size_t first, size_t n, float *out)
{
  const ulp_format *f = p->stored;
  uint32_t mask = (uint32_t)((UINT64_C(1) << f->bits) - 1);
  unsigned shift = 23U - f->man_bits;
  if (is_float_cut(f) && as->bits == f->bits && f->storage_bytes == 2)
    EACH(uint16_t, float_of(code << shift));
  else if (is_float_cut(f) && as->bits == f->bits && f->storage_bytes == 4)
    EACH(uint32_t, float_of(code << shift));
  else if (table && f->storage_bytes == 1)
    EACH(uint8_t, table[code]);
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

/* Where the k of an instruction go. */
static void block_order(const ulp_mma *m, size_t to[ULP_MAX_K])
{
  for (int i = 0; i < m->k; i++)
    to[ulp_block_k(m->record, i)] = (size_t)i;
}

static void pack_group(ulp_packed *p, const ulp_format *as, const float *table,
                       size_t group)
{
  float row[ULP_MAX_K], x[ULP_LANES * ULP_MAX_K + ULP_SLACK];
  size_t k = (size_t)p->m->k, first = group * p->lanes, to[ULP_MAX_K];
  int emin = ilogb(ulp_min_normal(as));
  block_order(p->m, to);
  for (size_t chunk = 0; chunk < p->chunks; chunk++) {
    size_t done = chunk * k, n = p->k - done < k ? p->k - done : k;
    for (size_t l = 0; l < p->lanes; l++) {
      size_t there = first + l < p->rows ? n : 0;
      if (there)
        load(p, as, table, (first + l) * p->k + done, n, row);
      for (size_t i = there; i < k; i++)
        row[i] = 0;
      for (size_t i = 0; i < k; i++)
        x[to[i] * p->lanes + l] = row[i];
    }
    put_chunk(p, x, emin, group, chunk);
  }
}

/* ---- panels ------------------------------------------------------------- */

/* Zeros, on a cache line's boundary. */
static void *zeros(size_t count, size_t size)
{
  size_t bytes = (count * size + 64) / 64 * 64;
  void *p = aligned_alloc(64, bytes);
  if (p)
    memset(p, 0, bytes);
  return p;
}

static bool allocate(ulp_packed *p, size_t groups)
{
  size_t chunks = groups * p->chunks;
  size_t elements = chunks * (size_t)p->m->k * p->lanes;
  size_t block = (size_t)p->plan.block;
  size_t words = (block + ULP_SIGNS - 1) / ULP_SIGNS;
  p->value = zeros(elements + ULP_SLACK, value_bytes(p));
  p->vote = zeros(elements + ULP_SLACK, vote_bytes(p));
  p->sign = zeros(elements / block * words, sizeof *p->sign);
  p->odd = zeros(chunks, sizeof *p->odd);
  p->any_odd = zeros(groups, sizeof *p->any_odd);
  return p->value && p->vote && p->sign && p->odd && p->any_odd;
}

void ulp_packed_free(ulp_packed *p)
{
  free(p->value);
  free(p->vote);
  free(p->sign);
  free(p->odd);
  free(p->any_odd);
  memset(p, 0, sizeof *p);
}

ulp_status ulp_pack_operand(ulp_packed *p, const ulp_mma *m, bool is_b,
                            const void *array, size_t rows, size_t k)
{
  const ulp_format *as = is_b ? &m->operand_b : &m->operand_a;
  *p = (ulp_packed){.m = m,
                    .stored = is_b ? &m->b : &m->a,
                    .array = array,
                    .rows = rows,
                    .k = k,
                    .chunks = (k + (size_t)m->k - 1) / (size_t)m->k,
                    .lanes = is_b ? ULP_LANES : ULP_ROWS};
  if (m->k > ULP_MAX_K)
    return ULP_EINVAL;
  if (!ulp_packable(m))
    return ULP_OK;
  p->plan = ulp_kernel_plan_of(m);
  size_t groups = (rows + p->lanes - 1) / p->lanes;
  if (!allocate(p, groups)) {
    ulp_packed_free(p);
    return ULP_ENOMEM;
  }
  float *table = make_table(p, as);
  for (size_t group = 0; group < groups; group++)
    pack_group(p, as, table, group);
  free(table);
  return ULP_OK;
}
