/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * accumulators.cu: C of each family, placed relative to the products that it
 * will be added to.
 */
#include "accumulators.cuh"
#include "check.cuh"
#include "random.cuh"

enum { STREAM_C = 16, STREAM_C_TILE };

/* Of one output: the sum of its finite products, in double, and the largest
 * exponent of a product. */
struct Products {
  double sum;
  int top;
};

__device__ Products products(const Draw &w, const Arrays &in, uint64_t tile,
                             int row, int column)
{
  Products p = {0.0, -10000};
  const uint64_t a = (tile * w.m + row) * w.stored;
  const uint64_t b = (tile * w.n + column) * w.k;
  for (int i = 0; i < w.stored; i++) {
    const int k = w.stored == w.k ? i : in.index[a + i];
    const uint64_t x = load_code(w.a, in.a, a + i);
    const uint64_t y = load_code(w.b, in.b, b + k);
    if (!is_finite_code(w.a, x) || !is_finite_code(w.b, y))
      continue;
    const double u = decode(w.a, x), v = decode(w.b, y);
    if (u == 0 || v == 0)
      continue;
    p.sum = fma(u, v, p.sum);
    p.top = max(p.top, ilogb(u) + ilogb(v));
  }
  if (p.top == -10000)
    p.top = 0;
  if (w.negated)
    p.sum = -p.sum;
  return p;
}

/* A number of the given exponent, by way of encode's range limits. */
__device__ uint64_t at_exponent(Random &r, Type t, int e)
{
  return encode(t, r.binade(max(-1074, min(1023, e))));
}

__device__ uint64_t any_special(Random &r, Type t)
{
  const TypeInfo f = type_info(t);
  const uint64_t sign = r.chance(2) ? sign_code(f) : 0;
  const uint64_t fraction = r.word() & ((1ull << f.mbits) - 1);
  switch (r.below(8)) {
  case 0:
  case 1: return sign | inf_code(t);
  case 2: return sign | inf_code(t) | fraction;
  case 3: return sign | inf_code(t) | 1ull << r.below(f.mbits);
  case 4:
  case 5: return sign | fraction; /* subnormal */
  case 6: return sign;
  default: return sign | max_code(t);
  }
}

/* Minus the sum, a few units of its own last place or of a lower one off. */
__device__ uint64_t cancelling(Random &r, Type t, double sum)
{
  const double off = r.chance(2) ? 0.0 : ldexp(r.sign(), -r.between(8, 26));
  uint64_t code = encode(t, -sum * (1.0 + off));
  const int units = r.between(-3, 3);
  const uint64_t magnitude = code & (sign_code(type_info(t)) - 1);
  if (r.chance(2) && magnitude > 8 && magnitude + 8 < max_code(t))
    code += (uint64_t)(int64_t)units;
  return code;
}

__device__ uint64_t extreme(Random &r, Type t, const Products &p)
{
  switch (r.below(5)) {
  case 0: return max_code(t);
  case 1: return max_code(t) | sign_code(type_info(t));
  case 2: return 0;
  case 3: return encode(t, p.sum);
  default: return at_exponent(r, t, p.top + r.below(6));
  }
}

__device__ uint64_t integer_accumulator(AccumulatorMode mode, Random &r)
{
  const uint64_t any = r.word() & 0xffffffffull, near = r.below(1 << 22);
  switch (mode) {
  case C_ZERO: return 0;
  case C_BITS: return any;
  case C_SPECIALS: /* so close to either end that sums cross it */
  case C_EXTREME:
    return r.chance(2) ? 0x7fffffffull - near : 0x80000000ull + near;
  default: return (any & 0x3fffff) - 0x200000ull & 0xffffffffull;
  }
}

__device__ uint64_t real_accumulator(const Draw &w, Random &r, Random &of_tile,
                                     const Products &p)
{
  const Type t = w.c;
  const TypeInfo f = type_info(t);
  const uint64_t sign = r.chance(2) ? sign_code(f) : 0;
  switch (w.accumulator) {
  case C_ORDINARY: return at_exponent(r, t, p.top + r.between(-8, 8));
  case C_BITS: return r.word() & type_mask(f);
  case C_SPECIALS:
    return r.chance(2) ? any_special(r, t)
                       : at_exponent(r, t, p.top + r.between(-3, 3));
  case C_SUBNORMAL:
    return r.chance(3) ? 0 : sign | (r.word() & ((1ull << f.mbits) - 1));
  case C_SMALL:
    return of_tile.chance(2) ? 0 : at_exponent(r, t, p.top - r.between(4, 34));
  case C_CANCEL: return cancelling(r, t, p.sum);
  case C_FAR: {
    const int far = r.chance(3) ? r.between(8, 18) : r.between(20, 31);
    return at_exponent(r, t, p.top + (r.chance(2) ? far : -far));
  }
  case C_EXTREME: return extreme(r, t, p);
  case C_ZEROS: return sign;
  case C_TIES: {
    const int few = r.between(1, 7);
    return encode(t, r.sign() * ldexp((double)few, p.top + r.between(-20, 26)));
  }
  case C_NEGATIVE_ZERO: return of_tile.chance(4) ? sign_code(f) : 0;
  default: return 0;
  }
}

__global__ void draw_c(Draw w, Arrays to, uint64_t count)
{
  const uint64_t outputs = (uint64_t)(w.m * w.n);
  uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x;
  for (; i < count; i += (uint64_t)gridDim.x * blockDim.x) {
    const uint64_t tile = i / outputs, at = i % outputs;
    const int row = (int)(at / w.n), column = (int)(at % w.n);
    Random r(w.seed, STREAM_C, w.first_tile + tile, row, column);
    Random of_tile(w.seed, STREAM_C_TILE, w.first_tile + tile);
    uint64_t code;
    if (type_info(w.c).ebits == 0)
      code = integer_accumulator(w.accumulator, r);
    else
      code = real_accumulator(w, r, of_tile,
                              products(w, to, tile, row, column));
    store_code(w.c, to.c, i, code);
  }
}

void draw_accumulators(const Draw &w, const Arrays &to, uint32_t tiles)
{
  draw_c<<<2048, 256>>>(w, to, (uint64_t)tiles * (uint64_t)(w.m * w.n));
  CHECK(cudaGetLastError());
}
