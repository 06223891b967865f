/* SPDX-License-Identifier: MIT
 *
 * Decoded operands to what the kernels of kernel_body.h take: included after
 * it.
 */

typedef int32_t v4i __attribute__((vector_size(16)));
typedef float v4f __attribute__((vector_size(16)));
typedef uint8_t vq __attribute__((vector_size(W)));

static inline vi not_zero(vi bits) { return (vi)((bits << 1) != 0); }

/* Of A an ulp more in magnitude. */
static inline void pack_values(const ulp_kernel_plan *p,
                               const ulp_kernel_operand *o, size_t i, bool a)
{
  if (!a || !p->wide) {
    vi bits = LOAD(vi, o->x + i);
    STORE((float *)o->value + i, a ? bits - not_zero(bits) : bits);
    return;
  }
  for (size_t h = 0; h < W; h += HALF) {
    vl bits = (vl)to_double(LOAD(vfh, o->x + i + h));
    STORE((double *)o->value + i + h, bits - (vl)((bits << 1) != 0));
  }
}

/* A vote: the exponent, of a subnormal the format's least; 0 of a zero. */
static inline bool pack_votes(const ulp_kernel_plan *p,
                              const ulp_kernel_operand *o, size_t i, bool a)
{
  vi bits = LOAD(vi, o->x + i), field = bits >> 23 & 255;
  vi vote = max_i(field, (vi){0} + o->emin) + (p->vote_bias - 127);
  vote &= not_zero(bits);
  if (a) {
    vote |= vote << 16;
    if (p->bytes)
      vote |= vote << 8;
    STORE((uint32_t *)o->vote + i, vote);
  } else if (p->bytes) {
    STORE((uint8_t *)o->vote + i, __builtin_convertvector(vote, vq));
  } else {
    STORE((int16_t *)o->vote + i, __builtin_convertvector(vote, vhh));
  }
  return any_above(field, 254);
}

/* Words of signs, of the lanes of a vector at a time. */
#define SIGNS(name, ints, floats)                                              \
  static inline void name(const ulp_kernel_plan *p,                            \
                          const ulp_kernel_operand *o, bool a)                 \
  {                                                                            \
    size_t block = (size_t)p->block, n = 0;                                    \
    uint32_t *out = o->sign;                                                   \
    for (size_t k = 0; k < o->k; k += n, out += o->lanes) {                    \
      n = block - k % block < ULP_SIGNS ? block - k % block : ULP_SIGNS;       \
      for (size_t l = 0; l < o->lanes; l += sizeof(ints) / 4) {                \
        ints word = {0};                                                       \
        for (size_t i = 0; i < n; i++) {                                       \
          floats x = LOAD(floats, o->x + (k + i) * o->lanes + l);              \
          uint32_t low = UINT32_C(1) << i, high = low << ULP_SIGNS;            \
          word |= ((ints)(x > 0) & (int32_t)(a ? high : low)) |                \
                  ((ints)(x < 0) & (int32_t)(a ? low : high));                 \
        }                                                                      \
        STORE(out + l, word);                                                  \
      }                                                                        \
    }                                                                          \
  }
SIGNS(signs_a, v4i, v4f)
SIGNS(signs_b, vi, vf)
#undef SIGNS

static bool NAME(pack)(const ulp_kernel_plan *p, const ulp_kernel_operand *o)
{
  bool special = false, a = o->lanes == ULP_ROWS;
  for (size_t i = 0; i < o->k * o->lanes; i += W) {
    pack_values(p, o, i, a);
    special |= pack_votes(p, o, i, a);
  }
  if (a)
    signs_a(p, o, true);
  else
    signs_b(p, o, false);
  return special;
}
