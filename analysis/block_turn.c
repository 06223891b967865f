/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/block_turn.c: blocks of one column: rows of the array to columns,
 * or back.
 */
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "block_strip.h"

/* Lines at a time: as many as a cache of eight ways holds where they are a
 * power of two apart. */
enum { LINES = 8 };

/* `lines` lines of the array, from line l on, and of the columns those from
 * block i on. */
typedef struct {
  char *line[LINES];
  size_t lines, l, i;
} piece;

/* ---- four by four ------------------------------------------------------- */

#ifdef __SSE2__
static __m128 load_f32(const char *p)
{
  return _mm_loadu_ps((const float *)(const void *)p);
}

static inline void four_floats(char *const to[4], char *const from[4])
{
  __m128 a = load_f32(from[0]), b = load_f32(from[1]), c = load_f32(from[2]),
         d = load_f32(from[3]);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps((float *)(void *)to[0], a);
  _mm_storeu_ps((float *)(void *)to[1], b);
  _mm_storeu_ps((float *)(void *)to[2], c);
  _mm_storeu_ps((float *)(void *)to[3], d);
}

static inline __m128i load_word(const char *p)
{
  int32_t word;
  memcpy(&word, p, sizeof word);
  return _mm_cvtsi32_si128(word);
}

static inline void store_word(char *p, __m128i x)
{
  int32_t word = _mm_cvtsi128_si32(x);
  memcpy(p, &word, sizeof word);
}

static inline void four_bytes(char *const to[4], char *const from[4])
{
  __m128i even = _mm_unpacklo_epi8(load_word(from[0]), load_word(from[2]));
  __m128i odd = _mm_unpacklo_epi8(load_word(from[1]), load_word(from[3]));
  __m128i all = _mm_unpacklo_epi8(even, odd);
  store_word(to[0], all);
  store_word(to[1], _mm_srli_si128(all, 4));
  store_word(to[2], _mm_srli_si128(all, 8));
  store_word(to[3], _mm_srli_si128(all, 12));
}

static inline __attribute__((always_inline)) void
four_columns(const ulp_strip *s, piece *p, char *room, size_t size, bool back)
{
  for (size_t l = 0; l + 4 <= p->lines; l += 4) {
    const size_t at = p->i * size, step = s->n * size;
    char *first = room + (p->i * s->n + p->l + l) * size;
    char *const array[4] = {p->line[l] + at, p->line[l + 1] + at,
                            p->line[l + 2] + at, p->line[l + 3] + at};
    char *const column[4] = {first, first + step, first + 2 * step,
                             first + 3 * step};
    if (size == 4)
      four_floats(back ? array : column, back ? column : array);
    else
      four_bytes(back ? array : column, back ? column : array);
  }
  p->i += 4;
}
#endif

/* ---- one by one --------------------------------------------------------- */

static inline __attribute__((always_inline)) void
one_column(const ulp_strip *s, piece *p, char *room, size_t size, bool back)
{
  char *column = room + (p->i * s->n + p->l) * size;
  for (size_t k = 0; k < p->lines; k++)
    if (back)
      memcpy(p->line[k] + p->i * size, column + k * size, size);
    else
      memcpy(column + k * size, p->line[k] + p->i * size, size);
  p->i++;
}

static inline __attribute__((always_inline)) void
turn(const ulp_strip *s, char *room, char *array, size_t size, bool back)
{
  for (size_t l = 0; l < s->lines; l += LINES) {
    piece p = {.lines = s->lines - l < LINES ? s->lines - l : LINES, .l = l};
    for (size_t k = 0; k < p.lines; k++)
      p.line[k] = array + ulp_strip_line(s, l + k) * (int64_t)size;
#ifdef __SSE2__
    while (size != 2 && p.lines == LINES && p.i + 4 <= s->blocks)
      four_columns(s, &p, room, size, back);
#endif
    while (p.i < s->blocks)
      one_column(s, &p, room, size, back);
  }
}

void ulp_strip_turn(const ulp_strip *s, void *room, void *array, size_t size,
                    bool back)
{
  if (size == 1)
    turn(s, room, array, 1, back);
  else if (size == 2)
    turn(s, room, array, 2, back);
  else
    turn(s, room, array, 4, back);
}
