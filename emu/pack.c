/* SPDX-License-Identifier: MIT
 *
 * Operands from stored elements to what a chain multiplies.
 */
#include "blocks.h"
#include "tile.h"

#include <stdlib.h>
#include <string.h>

/* ZERO_VOTE + ZERO_VOTE fits int16 and lies below every floor.  A block whose
 * exponents differ by more than WIDE does not fit floats: products of two
 * such blocks, times 2^28, stay inside their range. */
enum { ZERO_VOTE = -8000, WIDE = 45 };

typedef struct {
  float significand; /* with its sign */
  int16_t exponent, vote;
  bool special;
} element;

bool ulp_packable(const ulp_mma *m)
{
  const ulp_mma_record *r = m->record;
  return r->kind == ULP_DOT_FDPA && !r->group && m->k <= ULP_MAX_K &&
         r->align <= 28 &&
         m->operand_a.man_bits <= 11 && m->operand_b.man_bits <= 11 &&
         m->operand_a.kind == ULP_FLOAT && m->operand_b.kind == ULP_FLOAT &&
         m->acc.exp_bits <= 8 && m->acc.man_bits <= 23;
}

static element decode(const ulp_format *as, const ulp_format *stored,
                      uint64_t code)
{
  ulp_exact x = ulp_unpack(as, as->bits == stored->bits
                                   ? code
                                   : ulp_convert_operand(as, stored, code));
  element e = {.vote = ZERO_VOTE};
  e.special = x.cls == ULP_CLASS_NAN || x.cls == ULP_CLASS_INF;
  if (!e.special && x.significand) {
    e.significand = (float)x.significand * (x.negative ? -1.0F : 1.0F);
    e.exponent = (int16_t)x.exponent;
    e.vote = (int16_t)(x.exponent + as->man_bits);
  }
  return e;
}

/* 2^e for -126 <= e <= 127. */
static float power(int e)
{
  uint32_t bits = (uint32_t)(e + 127) << 23;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static bool allocate(ulp_packed *p, size_t groups)
{
  size_t elements = groups * p->chunks * (size_t)p->m->k * p->lanes;
  size_t blocks = elements; /* a block has one element or more */
  if (p->m->record->block > 1)
    blocks /= (size_t)p->m->record->block;
  p->value = calloc(elements + 1, sizeof *p->value);
  p->vote = calloc(elements + 1, sizeof *p->vote);
  p->base = calloc(blocks + 1, sizeof *p->base);
  p->odd = calloc(groups * p->chunks * p->lanes + 1, sizeof *p->odd);
  p->any_odd = calloc(groups * p->chunks + 1, sizeof *p->any_odd);
  return p->value && p->vote && p->base && p->odd && p->any_odd;
}

void ulp_packed_free(ulp_packed *p)
{
  free(p->value);
  free(p->vote);
  free(p->base);
  free(p->odd);
  free(p->any_odd);
  memset(p, 0, sizeof *p);
}

/* Writes a block of n elements to its lane; false when it is too wide. */
static bool place(ulp_packed *p, const element *e, int n, size_t at,
                  int16_t *base)
{
  int top = ZERO_VOTE;
  bool fits = true;
  for (int i = 0; i < n; i++)
    top = e[i].vote > top ? e[i].vote : top;
  *base = (int16_t)(top == ZERO_VOTE ? 0 : top);
  for (int i = 0; i < n; i++) {
    size_t to = at + (size_t)i * p->lanes;
    p->vote[to] = e[i].vote;
    p->value[to] = 0;
    if (e[i].vote == ZERO_VOTE)
      continue;
    if (e[i].vote < top - WIDE)
      fits = false;
    else
      p->value[to] = e[i].significand * power(e[i].exponent - top);
  }
  return fits;
}

/* One instruction's elements of one row. */
static void pack_chunk(ulp_packed *p, const element *by_k, bool special,
                       size_t group, size_t chunk, size_t lane)
{
  const ulp_mma_record *r = p->m->record;
  size_t k = (size_t)p->m->k, n = (size_t)r->block, blocks = k / n;
  size_t cell = group * p->chunks + chunk;
  element e[ULP_MAX_K];
  bool odd = special;
  for (size_t i = 0; i < k; i++)
    e[i] = by_k[ulp_block_k(r, (int)i)];
  for (size_t b = 0; b < blocks; b++)
    if (!place(p, e + b * n, (int)n, (cell * k + b * n) * p->lanes + lane,
               &p->base[(cell * blocks + b) * p->lanes + lane]))
      odd = true;
  p->odd[cell * p->lanes + lane] = odd;
  p->any_odd[cell] = p->any_odd[cell] || odd;
}

static void pack_row(ulp_packed *p, const ulp_format *as, const element *table,
                     size_t row)
{
  size_t k = (size_t)p->m->k;
  element e[ULP_MAX_K];
  for (size_t chunk = 0; chunk < p->chunks; chunk++) {
    bool special = false;
    for (size_t i = 0; i < k; i++) {
      size_t at = chunk * k + i;
      if (at >= p->k) {
        e[i] = (element){.vote = ZERO_VOTE};
        continue;
      }
      uint64_t code = ulp_load_code(p->stored, p->array, row * p->k + at);
      e[i] = table ? table[code] : decode(as, p->stored, code);
      special = special || e[i].special;
    }
    pack_chunk(p, e, special, row / p->lanes, chunk, row % p->lanes);
  }
}

/* Every code decoded, where that is less work than every element; NULL where
 * it is not, or for want of memory. */
static element *make_table(const ulp_packed *p, const ulp_format *as)
{
  unsigned bits = p->stored->bits;
  size_t codes = bits <= 16 ? (size_t)1 << bits : SIZE_MAX;
  element *table = NULL;
  if (codes <= p->rows * p->k)
    table = malloc(codes * sizeof *table);
  for (size_t c = 0; table && c < codes; c++)
    table[c] = decode(as, p->stored, c);
  return table;
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
                    .lanes = is_b ? ULP_LANES : 1};
  if (m->k > ULP_MAX_K)
    return ULP_EINVAL;
  if (!allocate(p, (rows + p->lanes - 1) / p->lanes)) {
    ulp_packed_free(p);
    return ULP_ENOMEM;
  }
  if (!ulp_packable(m)) {
    memset(p->any_odd, true, (rows + p->lanes - 1) / p->lanes * p->chunks);
    return ULP_OK;
  }
  element *table = make_table(p, as);
  for (size_t row = 0; row < rows; row++)
    pack_row(p, as, table, row);
  free(table);
  return ULP_OK;
}
