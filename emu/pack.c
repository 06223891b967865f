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

/* Elements first .. first+n-1 of the array. */
static void load(const ulp_packed *p, const ulp_format *as, const float *table,
                 size_t first, size_t n, float *out)
{
  const ulp_format *f = p->stored;
  if (is_float_cut(f) && as->bits == f->bits) {
    unsigned shift = 23U - f->man_bits;
    for (size_t i = 0; i < n; i++) {
      uint32_t bits = (uint32_t)ulp_load_code(f, p->array, first + i) << shift;
      memcpy(&out[i], &bits, sizeof bits);
    }
  } else if (table && f->storage_bytes == 1) {
    const uint8_t *code = (const uint8_t *)p->array + first;
    unsigned mask = (1U << f->bits) - 1;
    for (size_t i = 0; i < n; i++)
      out[i] = table[code[i] & mask];
  } else {
    for (size_t i = 0; i < n; i++) {
      uint64_t code = ulp_load_code(f, p->array, first + i);
      out[i] = table ? table[code] : decode(as, f, code);
    }
  }
}

/* ---- floats to lanes ---------------------------------------------------- */

/* Where the k-th elements of a group's chunk go. */
typedef struct {
  float *narrow;
  double *wide;
  uint8_t *bytes;
  int16_t *words;
  uint32_t *copies, *sign;
} slot;

static uint32_t bits_of(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* An ulp more in magnitude. */
static float more(float x)
{
  uint32_t bits = bits_of(x);
  bits += (bits << 1) != 0;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static double more_wide(double x)
{
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits += (bits << 1) != 0;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* A vote: the exponent, of a subnormal the format's least; 0 of a zero. */
static int vote_of(float x, int emin, int bias)
{
  int field = (int)(bits_of(x) >> 23 & 255) - 127;
  return x == 0 ? 0 : (field < emin ? emin : field) + bias;
}

static slot slot_of(const ulp_packed *p, size_t at, size_t sign)
{
  bool wide = p->plan.wide, bytes = p->plan.bytes;
  bool b = p->lanes == ULP_LANES;
  return (slot){
      .narrow = wide ? NULL : (float *)p->value + at,
      .wide = wide ? (double *)p->value + at : NULL,
      .bytes = b && bytes ? (uint8_t *)p->vote + at : NULL,
      .words = b && !bytes ? (int16_t *)p->vote + at : NULL,
      .copies = b ? NULL : (uint32_t *)p->vote + at,
      .sign = p->sign + sign};
}

/* x: of each lane the element, `stride` apart. */
static void put_values(const ulp_packed *p, const slot *to, const float *x,
                       size_t stride)
{
  bool a = p->lanes == ULP_ROWS;
  if (to->narrow)
    for (size_t l = 0; l < p->lanes; l++)
      to->narrow[l] = a ? more(x[l * stride]) : x[l * stride];
  else
    for (size_t l = 0; l < p->lanes; l++)
      to->wide[l] = a ? more_wide((double)x[l * stride])
                      : (double)x[l * stride];
}

static void put_votes(const ulp_packed *p, const slot *to, const float *x,
                      size_t stride, int emin)
{
  int bias = p->plan.vote_bias;
  uint32_t copies = p->plan.bytes ? 0x01010101 : 0x00010001;
  for (size_t l = 0; l < p->lanes; l++) {
    int vote = vote_of(x[l * stride], emin, bias);
    if (to->copies)
      to->copies[l] = (uint32_t)vote * copies;
    else if (to->bytes)
      to->bytes[l] = (uint8_t)vote;
    else
      to->words[l] = (int16_t)vote;
  }
}

/* B: positive below, negative above; A the other way round. */
static void put_signs(const ulp_packed *p, const slot *to, const float *x,
                      size_t stride, unsigned bit)
{
  unsigned plus = bit, minus = bit + ULP_SIGNS;
  if (p->lanes == ULP_ROWS) {
    plus = minus;
    minus = bit;
  }
  for (size_t l = 0; l < p->lanes; l++) {
    float v = x[l * stride];
    to->sign[l] |= (uint32_t)(v > 0) << plus | (uint32_t)(v < 0) << minus;
  }
}

/* x: [lane][k]. */
static void put_chunk(ulp_packed *p, const float *x, int emin, size_t group,
                      size_t chunk)
{
  const ulp_mma_record *r = p->m->record;
  size_t k = (size_t)p->m->k, n = (size_t)r->block, cell;
  size_t words = (n + ULP_SIGNS - 1) / ULP_SIGNS;
  cell = group * p->chunks + chunk;
  for (size_t i = 0; i < k; i++) {
    const float *from = x + ulp_block_k(r, (int)i);
    size_t word = (cell * (k / n) + i / n) * words + i % n / ULP_SIGNS;
    slot to = slot_of(p, (cell * k + i) * p->lanes, word * p->lanes);
    put_values(p, &to, from, k);
    put_votes(p, &to, from, k, emin);
    put_signs(p, &to, from, k, (unsigned)(i % n % ULP_SIGNS));
  }
  uint64_t odd = 0;
  for (size_t l = 0; l < p->lanes; l++)
    for (size_t i = 0; i < k; i++)
      if ((bits_of(x[l * k + i]) & 0x7f800000) == 0x7f800000)
        odd |= UINT64_C(1) << l;
  p->odd[cell] = odd;
  p->any_odd[group] = p->any_odd[group] || odd;
}

static void pack_group(ulp_packed *p, const ulp_format *as, const float *table,
                       size_t group)
{
  float x[ULP_LANES * ULP_MAX_K];
  size_t k = (size_t)p->m->k, first = group * p->lanes;
  int emin = ilogb(ulp_min_normal(as));
  for (size_t chunk = 0; chunk < p->chunks; chunk++) {
    size_t done = chunk * k, n = p->k - done < k ? p->k - done : k;
    for (size_t l = 0; l < p->lanes; l++) {
      bool there = first + l < p->rows;
      if (there)
        load(p, as, table, (first + l) * p->k + done, n, x + l * k);
      for (size_t i = there ? n : 0; i < k; i++)
        x[l * k + i] = 0;
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
  size_t vote = p->lanes == ULP_ROWS ? 4 : p->plan.bytes ? 1 : 2;
  p->value = zeros(elements, p->plan.wide ? sizeof(double) : sizeof(float));
  p->vote = zeros(elements, vote);
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
