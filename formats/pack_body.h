/* SPDX-License-Identifier: MIT
 *
 * pack.c in vectors of 64-bit lanes, eight codes in each: the file that
 * includes this defines, beside v_and and v_or,
 *
 *   WORDS                    lanes
 *   w_all(x) w_sll w_srl(v, count)
 *   load_f32(p)              a whole vector
 *   store_words(p, v, order, bytes)   the bytes of each lane, together, by
 *   load_words(p, order, bytes)       their order in one of the tables below
 *
 * Whole vectors are read and written, so the last codes are left to the
 * caller.
 */

#define EIGHT(X, b, k)                                                   \
  X(b, (k)), X(b, (k) + 1), X(b, (k) + 2), X(b, (k) + 3), X(b, (k) + 4), \
      X(b, (k) + 5), X(b, (k) + 6), X(b, (k) + 7)
#define ORDER(X, b)                                                      \
  {                                                                      \
    EIGHT(X, b, 0), EIGHT(X, b, 8), EIGHT(X, b, 16), EIGHT(X, b, 24),    \
        EIGHT(X, b, 32), EIGHT(X, b, 40), EIGHT(X, b, 48), EIGHT(X, b, 56) \
  }
#define ORDERS(X)                                                         \
  {                                                                       \
    {0}, ORDER(X, 1), ORDER(X, 2), ORDER(X, 3), ORDER(X, 4), ORDER(X, 5), \
        ORDER(X, 6), ORDER(X, 7)                                          \
  }
/* Of eight bytes the lower b, next to one another; and back. */
#define TOGETHER(b, k) (uint8_t)((k) / (b) * 8 + (k) % (b))
#define APART(b, k) (uint8_t)((k) / 8 * (b) + (k) % 8)
static const uint8_t together[8][64] = ORDERS(TOGETHER);
static const uint8_t apart[8][64] = ORDERS(APART);

/* One step: halves of `wide` bits, of which `bits` are used. */
KERNEL VI joined(VI x, VI low, int wide, int bits)
{
  return v_or(v_and(x, low),
              v_and(w_srl(x, wide - bits), w_sll(low, bits)));
}

KERNEL VI parted(VI x, VI low, int wide, int bits)
{
  return v_or(v_and(x, low),
              w_sll(v_and(x, w_sll(low, bits)), wide - bits));
}

static size_t pack(uint8_t *out, const uint8_t *codes, size_t n, unsigned bits)
{
  const int b = (int)bits;
  const VI pairs = w_all(ulp_mask(bits) * UINT64_C(0x0001000100010001));
  const VI quads = w_all(ulp_mask(2 * bits) * UINT64_C(0x0000000100000001));
  const VI all = w_all(ulp_mask(4 * bits));
  size_t i = 0;
  for (; (n - i) * bits >= 512; i += 8 * WORDS) {
    VI x = joined(load_f32((const char *)codes + i), pairs, 8, b);
    x = joined(joined(x, quads, 16, 2 * b), all, 32, 4 * b);
    store_words(out + i / 8 * bits, x, together[bits], bits);
  }
  return i;
}

static size_t unpack(uint8_t *codes, const uint8_t *in, size_t n,
                     unsigned bits)
{
  const int b = (int)bits;
  const VI pairs = w_all(ulp_mask(bits) * UINT64_C(0x0001000100010001));
  const VI quads = w_all(ulp_mask(2 * bits) * UINT64_C(0x0000000100000001));
  const VI all = w_all(ulp_mask(4 * bits));
  size_t i = 0;
  for (; (n - i) * bits >= 512; i += 8 * WORDS) {
    VI x = load_words(in + i / 8 * bits, apart[bits], bits);
    x = parted(parted(x, all, 32, 4 * b), quads, 16, 2 * b);
    store32((char *)codes + i, parted(x, pairs, 8, b));
  }
  return i;
}
