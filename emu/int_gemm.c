/* SPDX-License-Identifier: MIT
 *
 * Operands of products of integers, packed as the kernels want them, and the
 * kernel of plain C.
 */
#include "int_gemm.h"

#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "room.h"

enum { COLUMNS = ULP_UNIT_COLUMNS, SEGMENT = 128 };

/* ---- units ----------------------------------------------------------------- */

/* gcc finds vectors for these loops at -O3. */
#if defined __GNUC__ && !defined __clang__
#define VECTORS __attribute__((optimize("O3")))
#else
#define VECTORS
#endif

/* Values of an operand less `offset`, as bytes or as int16. */
typedef struct {
  const uint8_t *codes;
  int offset;
  bool wide;      /* int16, two a unit; else bytes, four a unit */
  bool is_signed; /* the bytes, where they become int16 */
  bool flip;      /* bytes are the codes but for these bits, `mask` */
  uint8_t mask;
  uint8_t byte[256];
} operand;

/* Bytes: x wants 0 .. 255 and w -128 .. 127. */
static operand make_operand(const ulp_int_side *s, bool is_w, bool wide)
{
  operand o = {.codes = s->codes, .wide = wide, .flip = true};
  int most = 0;
  for (int c = 0; c < 256; c++) {
    o.is_signed = o.is_signed || s->value[c] < 0;
    most = s->value[c] > most ? s->value[c] : most;
  }
  if (!wide && (is_w ? most > 127 : o.is_signed))
    o.offset = is_w ? 128 : -128;
  for (int c = 0; c < 256; c++)
    o.byte[c] = (uint8_t)(s->value[c] - o.offset);
  o.mask = o.byte[0];
  for (int c = 0; c < 256; c++)
    o.flip = o.flip && o.byte[c] == (c ^ o.mask);
  return o;
}

static size_t per_unit(const operand *o) { return o->wide ? 2 : 4; }

static void convert_bytes(const operand *o, uint8_t *out, const uint8_t *in,
                          size_t n)
{
  uint64_t mask = o->mask * UINT64_C(0x0101010101010101), eight;
  size_t i = 0;
  for (; o->flip && i + 8 <= n; i += 8) {
    memcpy(&eight, in + i, 8);
    eight ^= mask;
    memcpy(out + i, &eight, 8);
  }
  for (; i < n; i++)
    out[i] = o->byte[in[i]];
}

VECTORS
static void widen(const operand *o, int16_t *out, const uint8_t *in, size_t n)
{
  if (o->is_signed)
    for (size_t i = 0; i < n; i++)
      out[i] = (int8_t)in[i];
  else
    for (size_t i = 0; i < n; i++)
      out[i] = in[i];
}

/* n <= SEGMENT elements as units; zeros fill the last. */
static void make_units(const operand *o, uint32_t *out, const uint8_t *codes,
                       size_t n)
{
  uint8_t byte[SEGMENT];
  int16_t word[SEGMENT];
  out[(n - 1) / per_unit(o)] = 0;
  convert_bytes(o, byte, codes, n);
  if (o->wide) {
    widen(o, word, byte, n);
    memcpy(out, word, n * sizeof *word);
  } else {
    memcpy(out, byte, n);
  }
}

static size_t segment(size_t k, size_t from)
{
  return k - from < SEGMENT ? k - from : SEGMENT;
}

static void pack_row(const operand *o, uint32_t *out, size_t row, size_t k)
{
  for (size_t from = 0; from < k; from += SEGMENT)
    make_units(o, out + from / per_unit(o), o->codes + row * k + from,
               segment(k, from));
}

/* A panel of rows row .. row+rows-1; the others are zeros. */
static void pack_panel(const operand *o, uint32_t *out, size_t row,
                       size_t rows, size_t k)
{
  uint32_t unit[COLUMNS][SEGMENT / 2] = {{0}};
  for (size_t from = 0; from < k; from += SEGMENT) {
    size_t n = segment(k, from);
    for (size_t i = 0; i < rows; i++)
      make_units(o, unit[i], o->codes + (row + i) * k + from, n);
    for (size_t l = 0; l < (n + per_unit(o) - 1) / per_unit(o); l++)
      for (size_t i = 0; i < COLUMNS; i++)
        *out++ = unit[i][l];
  }
}

/* ---- offsets ----------------------------------------------------------------- */

/* With a = x + p and b = w + q, sum a b is sum x w + p sum w + q sum a; sum w
 * comes from the kernel itself, by a row of ones. */
static bool add_offsets(uint32_t *y, const operand *a, const operand *b,
                        const ulp_unit_kernel *v, const ulp_unit_job *j,
                        size_t m, size_t k)
{
  size_t units = j->k;
  uint32_t *ones = malloc(units * sizeof *ones);
  uint32_t *sums = calloc(j->n, sizeof *sums);
  for (size_t l = 0; ones && l < units; l++)
    ones[l] = 0x01010101;
  if (ones && sums && a->offset) {
    ulp_unit_job sum = *j;
    sum.y = sums;
    sum.x = ones;
    sum.m = 1;
    ulp_unit_run(v, &sum);
  }
  for (size_t i = 0; ones && sums && i < m; i++) {
    uint32_t row = 0;
    for (size_t l = 0; b->offset && l < k; l++)
      row += a->byte[a->codes[i * k + l]];
    row += (uint32_t)k * (uint32_t)a->offset;
    for (size_t c = 0; c < j->n; c++)
      y[i * j->n + c] += (uint32_t)a->offset * sums[c] +
                         (uint32_t)b->offset * row;
  }
  free(ones);
  free(sums);
  return ones && sums;
}

/* ---- units of kernels ---------------------------------------------------------- */

/* Rows of x by way of a room that stays in the second cache. */
static void run_rows(const ulp_unit_kernel *v, const operand *x,
                     uint32_t *rows, size_t most, ulp_unit_job job, size_t m,
                     size_t k)
{
  uint32_t *y = job.y;
  for (size_t row = 0; row < m; row += most) {
    job.m = m - row < most ? m - row : most;
    job.y = y + row * job.y_stride;
    for (size_t i = 0; i < job.m; i++)
      pack_row(x, rows + i * job.k, row + i, k);
    ulp_unit_run(v, &job);
  }
}

static bool by_units(const ulp_unit_kernel *v, bool wide, uint32_t *y,
                     const ulp_int_side *a, const ulp_int_side *b, size_t m,
                     size_t n, size_t k)
{
  operand x = make_operand(a, false, wide), w = make_operand(b, true, wide);
  size_t per = per_unit(&x), units = (k + per - 1) / per;
  size_t panels = (n + COLUMNS - 1) / COLUMNS, most = ulp_unit_block_rows(v);
  uint32_t *rows = ulp_room(most * units, sizeof *rows);
  uint32_t *side = ulp_room(panels * COLUMNS * units, sizeof *side);
  bool ready = rows && side;
  ulp_unit_job job = {.y = y, .x = rows, .panels = side, .y_stride = n,
                      .x_stride = units, .panel_stride = units * COLUMNS,
                      .n = n, .k = units};
  for (size_t j = 0; ready && j < n; j += COLUMNS)
    pack_panel(&w, side + j * units, j, n - j < COLUMNS ? n - j : COLUMNS, k);
  if (ready && (x.offset || w.offset))
    ready = add_offsets(y, &x, &w, v, &job, m, k);
  if (ready)
    run_rows(v, &x, rows, most, job, m, k);
  free(rows);
  free(side);
  return ready;
}

/* ---- plain C ------------------------------------------------------------------- */

/* Rows by columns of y at once; K and rows of a block, in the second cache. */
enum { HIGH = 2, WIDE = 4, BLOCK_K = 1024, BLOCK_ROWS = 64 };

/* Sums of products of int16: pmaddwd in SSE2. */
VECTORS
static void dots(int32_t sum[HIGH][WIDE], const int16_t *a, const int16_t *b,
                 size_t stride, size_t k)
{
  int32_t s00 = 0, s01 = 0, s02 = 0, s03 = 0;
  int32_t s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  for (size_t l = 0; l < k; l++) {
    s00 += a[l] * b[l];
    s01 += a[l] * b[stride + l];
    s02 += a[l] * b[2 * stride + l];
    s03 += a[l] * b[3 * stride + l];
    s10 += a[stride + l] * b[l];
    s11 += a[stride + l] * b[stride + l];
    s12 += a[stride + l] * b[2 * stride + l];
    s13 += a[stride + l] * b[3 * stride + l];
  }
  int32_t s[HIGH][WIDE] = {{s00, s01, s02, s03}, {s10, s11, s12, s13}};
  memcpy(sum, s, sizeof s);
}

/* Rows row .. of a block of K; rows of a and b that are not there are zeros. */
static void block(uint32_t *y, const int16_t *a, const int16_t *b, size_t rows,
                  size_t n, size_t stride, size_t k)
{
  int32_t sum[HIGH][WIDE];
  for (size_t j = 0; j < n; j += WIDE)
    for (size_t i = 0; i < rows; i += HIGH) {
      dots(sum, a + i * stride, b + j * stride, stride, k);
      for (size_t r = 0; r < HIGH && i + r < rows; r++)
        for (size_t c = 0; c < WIDE && j + c < n; c++)
          y[(i + r) * n + j + c] += (uint32_t)sum[r][c];
    }
}

static int16_t *words(const ulp_int_side *s, size_t rows, size_t more,
                      size_t k, size_t stride)
{
  int16_t *out = calloc((rows + more) * stride + 1, sizeof *out);
  for (size_t i = 0; out && i < rows; i++)
    for (size_t l = 0; l < k; l++)
      out[i * stride + l] = s->value[s->codes[i * k + l]];
  return out;
}

static bool by_words(uint32_t *y, const ulp_int_side *a, const ulp_int_side *b,
                     size_t m, size_t n, size_t k)
{
  size_t stride = (k + 7) / 8 * 8;
  int16_t *x = words(a, m, HIGH - 1, k, stride);
  int16_t *w = words(b, n, WIDE - 1, k, stride);
  for (size_t i = 0; x && w && i < m; i += BLOCK_ROWS)
    for (size_t l = 0; l < stride; l += BLOCK_K)
      block(y + i * n, x + i * stride + l, w + l,
            m - i < BLOCK_ROWS ? m - i : BLOCK_ROWS, n, stride,
            stride - l < BLOCK_K ? stride - l : BLOCK_K);
  free(x);
  free(w);
  return x && w;
}

bool ulp_int_product(uint32_t *y, const ulp_int_side *a, const ulp_int_side *b,
                     size_t m, size_t n, size_t k)
{
  switch (ulp_isa_now()) {
#ifdef ULP_HAVE_AVX512_KERNELS
  case ULP_ISA_AVX512: {
    const ulp_unit_kernel v = {ulp_int_tile_avx512, 8, 2};
    return by_units(&v, false, y, a, b, m, n, k);
  }
#endif
#ifdef ULP_HAVE_AVX2_KERNELS
  case ULP_ISA_AVX2: {
    const ulp_unit_kernel v = {ulp_int_tile_avx2, 6, 1};
    return by_units(&v, true, y, a, b, m, n, k);
  }
#endif
  default: return by_words(y, a, b, m, n, k);
  }
}
