/* SPDX-License-Identifier: MIT
 *
 * In which order K reaches the instructions: slices, and panels of operands
 * rearranged.
 */
#include "gemm_run.h"

#include <stdlib.h>
#include <string.h>

size_t ulp_gemm_slice(const ulp_gemm *g, size_t k)
{
  size_t grain = (size_t)g->order->grain, s = (size_t)g->slices;
  if (g->order->fine && k % grain)
    grain = (size_t)g->order->fine;
  size_t pieces = k / grain + (k % grain != 0);
  return g->slices == 1 ? k : (pieces / s + (pieces % s != 0)) * grain;
}

static size_t up(size_t n, size_t to) { return (n + to - 1) / to * to; }

/* What is fed three times under ULP_FEED_SPLIT. */
static size_t block_of(const ulp_gemm *g, size_t n)
{
  size_t k = (size_t)g->mma.k;
  return g->promote ? (size_t)g->promote : up(n ? n : 1, k);
}

size_t ulp_feed_length(const ulp_gemm *g, size_t n)
{
  size_t head;
  switch (g->order->feed) {
  case ULP_FEED_ASCENDING: break;
  case ULP_FEED_HEAD:
    head = n % (size_t)g->order->tile;
    return n - head + up(head, (size_t)g->mma.k);
  case ULP_FEED_PAIRS: return up(n, 32);
  case ULP_FEED_SPLIT: return 3 * up(n, block_of(g, n));
  }
  return n;
}

ulp_gemm_feed ulp_feed_of(const ulp_gemm *g, size_t k)
{
  size_t tile = (size_t)g->order->tile, step = (size_t)g->mma.k;
  size_t slice = ulp_gemm_slice(g, k);
  slice = slice > k ? k : slice;
  if (g->order->feed == ULP_FEED_HEAD && slice % tile % step == 0 &&
      (k % slice == 0 || k % slice % tile % step == 0))
    return ULP_FEED_ASCENDING;
  return g->order->feed;
}

static bool same_conversion(const ulp_gemm_order *o, const ulp_gemm_order *p)
{
  if (!o->convert || !p->convert)
    return o->convert == p->convert;
  return strcmp(o->convert, p->convert) == 0 &&
         o->convert_mode == p->convert_mode;
}

bool ulp_same_feed(const ulp_gemm *g, const ulp_gemm *h, size_t k)
{
  ulp_gemm_feed feed = ulp_feed_of(g, k);
  size_t slice = ulp_gemm_slice(g, k);
  if (g->mma.record != h->mma.record || feed != ulp_feed_of(h, k) ||
      !same_conversion(g->order, h->order))
    return false;
  switch (feed) {
  case ULP_FEED_ASCENDING: return true;
  case ULP_FEED_PAIRS: /* each slice is filled up to 32 */
    return slice == ulp_gemm_slice(h, k) ||
           (slice % 32 == 0 && ulp_gemm_slice(h, k) % 32 == 0);
  case ULP_FEED_HEAD:
    return slice == ulp_gemm_slice(h, k) && g->order->tile == h->order->tile;
  case ULP_FEED_SPLIT:
    return slice == ulp_gemm_slice(h, k) && g->promote == h->promote;
  }
  return false;
}

/* The element of a slice of n that is fed at `at`; n or more: a zero. */
static size_t source(const ulp_gemm *g, size_t n, size_t at)
{
  size_t head, full, block, in;
  switch (g->order->feed) {
  case ULP_FEED_ASCENDING: break;
  case ULP_FEED_HEAD:
    head = n % (size_t)g->order->tile;
    full = up(head, (size_t)g->mma.k);
    return at < head ? at : at < full ? n : at - full + head;
  case ULP_FEED_PAIRS:
    in = at % 32;
    return at - in + in % 16 / 2 * 4 + in % 2 + in / 16 * 2;
  case ULP_FEED_SPLIT:
    block = block_of(g, n);
    return at / (3 * block) * block + at % block;
  }
  return at;
}

static uint64_t rounded(const ulp_format *to, const ulp_format *from,
                        uint64_t code, ulp_mode mode)
{
  ulp_rounding r = {.mode = mode, .overflow = ULP_OVERFLOW_INF};
  ulp_exact e = ulp_unpack(from, code);
  return ulp_round_pack(to, &e, &r, 0);
}

/* Whether a float's codes begin with the format's. */
static bool is_float_cut(const ulp_format *f)
{
  return f->kind == ULP_FLOAT && f->exp_bits == 8 && f->bias == 127 &&
         f->man_bits < 23 && f->subnormals && f->nan == ULP_NAN_IEEE &&
         f->inf == ULP_INF_IEEE;
}

/* The code of a finite float: what rounding leaves of its upper bits, where
 * the next code up is the next number. */
static uint32_t cut_bits(uint32_t bits, unsigned drop, ulp_mode mode)
{
  uint32_t half = UINT32_C(1) << (drop - 1);
  if (mode == ULP_RNE)
    bits += half - 1 + (bits >> drop & 1);
  else if (mode == ULP_RNA)
    bits += half;
  return bits >> drop;
}

/* A row that is fed as it lies, of floats to a cut of them; false: not so, or
 * with a NaN or an Inf. */
static bool cut_row(const ulp_gemm *g, const ulp_format *from,
                    const ulp_format *to, const float *row, size_t k,
                    void *out, size_t base)
{
  ulp_mode mode = g->order->convert_mode;
  uint32_t bits, odd = 0;
  if (g->order->feed != ULP_FEED_ASCENDING || from->man_bits != 23 ||
      !is_float_cut(to) || to->storage_bytes != 4 ||
      (mode != ULP_RNE && mode != ULP_RNA && mode != ULP_RTZ))
    return false;
  for (size_t i = 0; i < k; i++) {
    memcpy(&bits, row + i, sizeof bits);
    odd |= (bits & 0x7f800000) == 0x7f800000;
    bits = cut_bits(bits, 23U - to->man_bits, mode) << to->storage_shift;
    memcpy((uint32_t *)out + base + i, &bits, sizeof bits);
  }
  return !odd;
}

/* x - h, which is exact, cut to the format. */
static uint64_t tail(const ulp_format *to, const ulp_format *from,
                     uint64_t code, uint64_t head)
{
  ulp_rounding cut = {.mode = ULP_RTZ, .overflow = ULP_OVERFLOW_INF};
  float x = (float)ulp_decode(from, code), h = (float)ulp_decode(to, head);
  return ulp_encode_f32(to, x - h, &cut, 0);
}

/* The code to feed at `at` for an element of A or B. */
static uint64_t fed_code(const ulp_gemm *g, bool is_b, uint64_t code,
                         size_t n, size_t at)
{
  const ulp_format *from = is_b ? &g->b : &g->a;
  const ulp_format *to = is_b ? &g->mma.b : &g->mma.a;
  if (!g->order->convert)
    return code;
  uint64_t head = rounded(to, from, code, g->order->convert_mode);
  if (g->order->feed != ULP_FEED_SPLIT ||
      at / block_of(g, n) % 3 != (is_b ? 1 : 0))
    return head;
  return tail(to, from, code, head);
}

/* head: of each code what it becomes; or NULL. */
static void feed_row(const ulp_gemm *g, bool is_b, const void *array,
                     const uint32_t *head, size_t row, size_t k, void *out,
                     size_t base)
{
  const ulp_format *from = is_b ? &g->b : &g->a;
  const ulp_format *to = is_b ? &g->mma.b : &g->mma.a;
  size_t length = ulp_gemm_slice(g, k);
  if (g->order->convert && from->storage_bytes == 4 &&
      cut_row(g, from, to, (const float *)array + row * k, k, out, base))
    return;
  for (size_t done = 0; done < k; done += length) {
    size_t n = k - done < length ? k - done : length;
    size_t fed = ulp_feed_length(g, n);
    for (size_t at = 0; at < fed; at++) {
      size_t i = source(g, n, at);
      uint64_t code = i < n ? ulp_load_code(from, array, row * k + done + i)
                            : 0;
      if (i >= n)
        code = 0;
      else
        code = head ? head[code] : fed_code(g, is_b, code, n, at);
      ulp_store_code(to, out, base + at, code);
    }
    base += fed;
  }
}

const void *ulp_feed_rows(const ulp_gemm *g, bool is_b, const void *array,
                          size_t first, size_t rows, size_t k, size_t fed,
                          void **owned)
{
  const ulp_format *from = is_b ? &g->b : &g->a;
  const ulp_format *to = is_b ? &g->mma.b : &g->mma.a;
  *owned = NULL;
  if (!g->order->convert && g->order->feed == ULP_FEED_ASCENDING)
    return (const char *)array + first * k * from->storage_bytes;
  *owned = malloc(rows * fed * to->storage_bytes + 1);
  bool few = from->bits <= 8 && g->order->convert &&
             g->order->feed != ULP_FEED_SPLIT;
  uint32_t head[256];
  for (uint64_t c = 0; few && c < ulp_code_count(from); c++)
    head[c] = (uint32_t)rounded(to, from, c, g->order->convert_mode);
  for (size_t i = 0; *owned && i < rows; i++)
    feed_row(g, is_b, array, few ? head : NULL, first + i, k, *owned, i * fed);
  return *owned;
}
