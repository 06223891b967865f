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

static inline void pack_signs(const ulp_kernel_plan *p,
                              const ulp_kernel_operand *o, bool a)
{
  size_t n = (size_t)p->block, words = (n + ULP_SIGNS - 1) / ULP_SIGNS;
  for (size_t k = 0; k < o->k; k++) {
    size_t word = k / n * words + k % n / ULP_SIGNS;
    int32_t low = 1 << (k % n % ULP_SIGNS);
    int32_t high = (int32_t)((uint32_t)low << ULP_SIGNS);
    for (size_t l = 0; l < o->lanes; l += 4) {
      uint32_t *at = o->sign + word * o->lanes + l;
      v4f x = LOAD(v4f, o->x + k * o->lanes + l);
      v4i more = (v4i)(x > 0) & (a ? high : low);
      STORE(at, LOAD(v4i, at) | more | ((v4i)(x < 0) & (a ? low : high)));
    }
  }
}

static bool NAME(pack)(const ulp_kernel_plan *p, const ulp_kernel_operand *o)
{
  bool special = false, a = o->lanes == ULP_ROWS;
  for (size_t i = 0; i < o->k * o->lanes; i += W) {
    pack_values(p, o, i, a);
    special |= pack_votes(p, o, i, a);
  }
  pack_signs(p, o, a);
  return special;
}
