/* SPDX-License-Identifier: MIT
 *
 * Packs and unpacks by a layout's map.  A digit belongs to one axis, so an
 * element's line and slot are a row's part plus a column's; the columns' are
 * computed once for a band of the matrix.
 */
#include "internal.h"
#include "layout_map.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BAND = 256 };

/* A layout applied to one matrix.  The last four are those of the
 * direction asked for, and NULL. */
typedef struct {
  ulp_map map;
  unsigned bits, word_bytes;
  int64_t rows, cols;
  bool offset, high_first, across;
  uint8_t *pack_to;
  const void *pack_from;
  void *unpack_to;
  const uint8_t *unpack_from;
} job;

/* What the columns of a band add. */
typedef struct {
  int64_t line[BAND], slot[ULP_MAP_PLANES][BAND];
} band;

__attribute__((format(printf, 3, 4))) static ulp_status
refuse(char *why, size_t size, const char *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  if (why) vsnprintf(why, size, fmt, args);
  va_end(args);
  return ULP_EINVAL;
}

/* ---- what is taken ------------------------------------------------------ */

static int64_t round_up(int64_t n, int64_t multiple)
{
  int64_t rest = n % multiple;
  return rest ? n + (multiple - rest) : n;
}

/* Whether the padded matrix, with a word to spare for each row and column,
 * can be counted in bits. */
static bool countable(const ulp_layout *l, int64_t rows, int64_t cols)
{
  int64_t r, c, n;
  return !__builtin_add_overflow(rows, l->row_multiple + 32, &r) &&
         !__builtin_add_overflow(cols, l->col_multiple + 32, &c) &&
         !__builtin_mul_overflow(r, c, &n) &&
         !__builtin_mul_overflow(n, 64, &n);
}

static ulp_status check(const ulp_layout *l, unsigned bits, int64_t rows,
                        int64_t cols, char *why, size_t size)
{
  if (bits < 1 || bits > 64 || !(l->widths >> (bits - 1) & 1))
    return refuse(why, size,
                  "%s: codes of %u bits, not among the widths of "
                  "this layout",
                  l->name, bits);
  if (rows < 0 || cols < 0 || !countable(l, rows, cols))
    return refuse(why, size, "%s: %lld x %lld codes, expected fewer", l->name,
                  (long long)rows, (long long)cols);
  if (!l->pads && rows % l->row_multiple)
    return refuse(why, size, "%s: %lld rows, expected a multiple of %d",
                  l->name, (long long)rows, l->row_multiple);
  if (!l->pads && cols % l->col_multiple)
    return refuse(why, size, "%s: %lld columns, expected a multiple of %d",
                  l->name, (long long)cols, l->col_multiple);
  return ULP_OK;
}

static void apply(job *j, const ulp_layout *l, unsigned bits, int64_t rows,
                  int64_t cols)
{
  *j = (job){.bits = bits,
             .word_bytes = (l->word_bits ? l->word_bits : bits) / 8,
             .rows = rows,
             .cols = cols,
             .offset = l->offset,
             .high_first = l->high_first,
             .across = l->across};
  ulp_map_read(&j->map, l, bits, round_up(rows, l->row_multiple),
               round_up(cols, l->col_multiple));
}

/* Words of a row of the packed array: a line's, or, where the array keeps the
 * matrix's rows, those of the whole over their number. */
static int64_t row_words(const ulp_layout *l, unsigned bits, int64_t rows,
                         int64_t cols)
{
  job j;
  if (!rows) /* an empty array has a width all the same */
    rows = l->row_multiple;
  apply(&j, l, bits, rows, cols);
  int64_t words = j.map.line_bytes / j.word_bytes;
  return l->head ? words / l->head : j.map.lines.size * words / rows;
}

ulp_status ulp_layout_plan(const ulp_layout *l, ulp_packed *out, unsigned bits,
                           int64_t rows, int64_t cols, char *why,
                           size_t why_size)
{
  job j;
  ulp_status status = check(l, bits, rows, cols, why, why_size);
  if (status != ULP_OK) return status;
  apply(&j, l, bits, rows, cols);
  int64_t lines = j.map.lines.size, head = l->head ? lines * l->head : rows;
  int64_t each = row_words(l, bits, rows, cols);
  *out = (ulp_packed){.bytes = (uint64_t)(lines * j.map.line_bytes),
                      .word_bits = j.word_bytes * 8,
                      .ndim = 2,
                      .shape = {head, each, 0}};
  if (l->across) {
    out->shape[0] = each;
    out->shape[1] = head;
  } else if (l->tail) {
    out->ndim = 3;
    out->shape[1] = each / l->tail;
    out->shape[2] = l->tail;
  }
  return ULP_OK;
}

/* ---- bits --------------------------------------------------------------- */

/* Where byte b of a line lies. */
static int64_t byte_address(const job *j, int64_t line, int64_t b)
{
  int64_t word = j->word_bytes;
  if (!j->across) return line * j->map.line_bytes + b;
  return (b / word * j->map.lines.size + line) * word + b % word;
}

/* A part of a plane's bits that lies within one byte. */
typedef struct {
  unsigned taken; /* bits of it */
  unsigned from;  /* its lowest bit in the plane's bits */
  unsigned to;    /* and in the byte */
} piece;

/* The piece that begins at bit `at` of the line, after `done` of the bits. */
static piece next_piece(const job *j, unsigned bits, unsigned done, int64_t at)
{
  unsigned inside = (unsigned)(at & 7);
  piece p = {.taken = bits - done < 8 - inside ? bits - done : 8 - inside};
  p.from = j->high_first ? bits - done - p.taken : done;
  p.to = j->high_first ? 8 - inside - p.taken : inside;
  return p;
}

static void put(const job *j, int64_t line, int64_t at, unsigned bits,
                uint64_t value)
{
  piece p;
  for (unsigned done = 0; done < bits; done += p.taken, at += p.taken) {
    p = next_piece(j, bits, done, at);
    uint64_t part = value >> p.from & ulp_mask(p.taken);
    j->pack_to[byte_address(j, line, at / 8)] |= (uint8_t)(part << p.to);
  }
}

static uint64_t get(const job *j, int64_t line, int64_t at, unsigned bits)
{
  piece p;
  uint64_t value = 0;
  for (unsigned done = 0; done < bits; done += p.taken, at += p.taken) {
    p = next_piece(j, bits, done, at);
    uint64_t byte = j->unpack_from[byte_address(j, line, at / 8)];
    value |= (byte >> p.to & ulp_mask(p.taken)) << p.from;
  }
  return value;
}

/* ---- codes -------------------------------------------------------------- */

static uint64_t load(const void *codes, unsigned bits, int64_t i)
{
  if (bits <= 8) return ((const uint8_t *)codes)[i];
  if (bits <= 16) return ((const uint16_t *)codes)[i];
  return bits <= 32 ? ((const uint32_t *)codes)[i]
                    : ((const uint64_t *)codes)[i];
}

static void store(void *codes, unsigned bits, int64_t i, uint64_t code)
{
  if (bits <= 8)
    ((uint8_t *)codes)[i] = (uint8_t)code;
  else if (bits <= 16)
    ((uint16_t *)codes)[i] = (uint16_t)code;
  else if (bits <= 32)
    ((uint32_t *)codes)[i] = (uint32_t)code;
  else
    ((uint64_t *)codes)[i] = code;
}

/* ---- the matrix -----------------------------------------------------------
 */

static void read_band(const job *j, band *b, int64_t first, int64_t n)
{
  for (int64_t c = 0; c < n; c++) {
    b->line[c] = ulp_digits_part(&j->map.lines, true, first + c);
    for (int i = 0; i < j->map.planes; i++)
      b->slot[i][c] = ulp_digits_part(&j->map.plane[i].slots, true, first + c);
  }
}

/* One plane of n elements of row r from column `first` on. */
static void do_row(const job *j, int plane, const band *b, int64_t r,
                   int64_t first, int64_t n)
{
  const ulp_plane *p = &j->map.plane[plane];
  int64_t line = ulp_digits_part(&j->map.lines, false, r);
  int64_t slot = ulp_digits_part(&p->slots, false, r);
  uint64_t sign = j->offset ? UINT64_C(1) << (j->bits - 1) : 0;
  for (int64_t c = 0; c < n; c++) {
    int64_t i = r * j->cols + first + c, l = line + b->line[c];
    int64_t at = p->base + (slot + b->slot[plane][c]) * p->bits;
    if (j->pack_to) {
      uint64_t code = load(j->pack_from, j->bits, i) ^ sign;
      put(j, l, at, p->bits, code >> p->low);
    } else {
      uint64_t others = plane ? load(j->unpack_to, j->bits, i) : sign;
      uint64_t part = get(j, l, at, p->bits) << p->low;
      store(j->unpack_to, j->bits, i, others ^ part);
    }
  }
}

static void each_row(const job *j)
{
  band b;
  for (int64_t first = 0; first < j->cols; first += BAND) {
    int64_t n = j->cols - first < BAND ? j->cols - first : BAND;
    read_band(j, &b, first, n);
    for (int64_t r = 0; r < j->rows; r++)
      for (int plane = 0; plane < j->map.planes; plane++)
        do_row(j, plane, &b, r, first, n);
  }
}

ulp_status ulp_layout_pack(const ulp_layout *l, uint8_t *packed,
                           const void *codes, unsigned bits, int64_t rows,
                           int64_t cols)
{
  job j;
  ulp_status status = check(l, bits, rows, cols, NULL, 0);
  if (status != ULP_OK) return status;
  apply(&j, l, bits, rows, cols);
  memset(packed, 0, (size_t)(j.map.lines.size * j.map.line_bytes));
  j.pack_to = packed;
  j.pack_from = codes;
  each_row(&j);
  return ULP_OK;
}

ulp_status ulp_layout_unpack(const ulp_layout *l, void *codes,
                             const uint8_t *packed, unsigned bits, int64_t rows,
                             int64_t cols)
{
  job j;
  ulp_status status = check(l, bits, rows, cols, NULL, 0);
  if (status != ULP_OK) return status;
  apply(&j, l, bits, rows, cols);
  j.unpack_from = packed;
  j.unpack_to = codes;
  each_row(&j);
  return ULP_OK;
}
