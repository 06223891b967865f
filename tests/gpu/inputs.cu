/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inputs.cu: A and B of each family, and the stored positions of sparse rows.
 */
#include "inputs.cuh"
#include "accumulators.cuh"
#include "check.cuh"
#include "floor_ties.cuh"

/* ---- codes of one operand ---------------------------------------------- */

__device__ uint64_t finite_code(Random &r, Type t)
{
  const TypeInfo f = type_info(t);
  uint64_t code = r.word() & type_mask(f);
  for (int i = 0; i < 16 && !is_finite_code(t, code); i++)
    code = r.word() & type_mask(f);
  return is_finite_code(t, code) ? code : 0;
}

__device__ uint64_t special_code(Random &r, Type t)
{
  const TypeInfo f = type_info(t);
  const uint64_t sign = r.chance(2) ? sign_code(f) : 0;
  switch (r.below(6)) {
  case 0: return sign | inf_code(t);
  case 1: /* NaN of any payload; in tf32 some have only low bits set */
    return sign | inf_code(t) |
           (r.word() & (r.chance(3) ? (1ull << f.pad) - 1
                                    : inf_code(t) ^ (sign_code(f) - 1)));
  case 2: return sign | max_code(t);
  case 3: return sign | 1ull << f.pad;
  case 4: return sign;
  default: return sign | (uint64_t)(1 + r.below(3)) << (f.mbits + f.pad);
  }
}

__device__ uint64_t subnormal_code(Random &r, Type t)
{
  const TypeInfo f = type_info(t);
  const uint64_t sign = r.chance(2) ? sign_code(f) : 0;
  return sign | (r.word() & ((1ull << (f.mbits + f.pad)) - 1));
}

__device__ uint64_t wide_code(Random &r, Type t, int range)
{
  const int emin = type_emin(type_info(t)), emax = type_emax(t);
  const int low = -range < emin ? emin : -range;
  const int high = range > emax - 1 ? emax - 1 : range;
  return encode(t, r.binade(r.between(low, high)));
}

/* A product's exponent about the smallest that matter: near 2^-133, where
 * f32 results stop, for the wide types, else near the least product. */
__device__ int floor_target(const Draw &w, Random &of_tile)
{
  const int least = type_emin(type_info(w.a)) + type_emin(type_info(w.b));
  if (w.a == T_f64)
    return of_tile.between(-1085, -1015);
  return least < -200 ? of_tile.between(-154, -116)
                      : of_tile.between(least - 6, least + 18);
}

/* Each operand takes about half of the target, with k deciding the share. */
__device__ uint64_t floor_code(const Draw &w, Random &r, Type t, bool is_b,
                               uint64_t tile, int k)
{
  Random of_tile(w.seed, STREAM_TILE, tile);
  Random of_k(w.seed, STREAM_PAIR, tile, 0, k);
  const int target = floor_target(w, of_tile);
  const int half = target / 2 + of_k.between(-4, 4);
  const int e = (is_b ? target - half : half) - r.below(4);
  return encode(t, r.binade(e));
}

/* The k that k is paired with (its own for the first of a pair).  In sparse
 * rows any two of four are stored, so that B changes sign at every odd k. */
struct Pair {
  int first;
  bool second;
};

__device__ Pair pair_of(const Draw &w, Random &of_tile, int k)
{
  int bits = 0;
  while (2 << bits < w.k)
    bits++;
  const int stride = 1 << of_tile.below(bits + 1);
  if (w.stored != w.k)
    return {k & ~3, k % 2 != 0};
  return {k & ~stride, (k & stride) != 0};
}

__device__ uint64_t cancel_code(const Draw &w, Random &r, Type t, bool is_b,
                                uint64_t tile, int row, int k)
{
  Random of_tile(w.seed, STREAM_TILE, tile);
  const Pair pair = pair_of(w, of_tile, k);
  const int range = 1 << of_tile.below(5), inexact = of_tile.below(3);
  Random of_pair(w.seed, is_b ? STREAM_B : STREAM_A, tile, row, pair.first);
  uint64_t code = wide_code(of_pair, t, range);
  if (pair.second && is_b)
    code ^= sign_code(type_info(t));
  /* In some tiles some are one unit in the last place off. */
  if (pair.second && inexact && r.chance(inexact == 1 ? w.k : 4))
    code ^= 1ull << type_info(t).pad;
  return code;
}

__device__ uint64_t extreme_code(const Draw &w, Random &r, Type t, bool is_b,
                                 uint64_t tile, int row, int k)
{
  const TypeInfo f = type_info(t);
  Random of_tile(w.seed, STREAM_TILE, tile);
  const int kind = of_tile.below(6);
  const uint64_t any = finite_code(of_tile, t);
  const double ones = 2.0 - ldexp(1.0, -f.mbits);
  if (f.ebits == 0)
    return kind < 3 ? encode(t, 1e9)
                    : encode(t, r.chance(2) && kind < 5 ? 1e9 : -1e9);
  switch (kind) {
  case 0: return max_code(t);
  case 1: return max_code(t) | (is_b && row % 2 ? sign_code(f) : 0);
  case 2: return max_code(t) | (is_b && k % 2 ? sign_code(f) : 0);
  case 3: return encode(t, ones * ldexp(1.0, of_tile.between(-8, 7)));
  case 4: return any;
  default: return encode(t, ones * (is_b && r.chance(2) ? -1.0 : 1.0));
  }
}

struct PairsPlace {
  int a, b, k; /* first code of A's rows and of B's, the k that is nonzero */
};

__device__ PairsPlace pairs_place(const Draw &w, uint64_t tile)
{
  const int columns = (256 + w.n - 1) / w.n, blocks = 256 / w.m * columns;
  /* An odd stride spreads a short run over codes and positions. */
  const uint64_t limit = (uint64_t)blocks * (uint64_t)w.k;
  const int at = (int)(tile * 40503ull % limit), block = at % blocks;
  return {block / columns * w.m, block % columns * w.n, at / blocks};
}

__device__ uint64_t pairs_code(const Draw &w, bool is_b, uint64_t tile,
                               int row, int k)
{
  const PairsPlace place = pairs_place(w, tile);
  if (k != place.k)
    return 0;
  return (uint64_t)((is_b ? place.b : place.a) + row) & 0xff;
}

__device__ uint64_t integer_code(OperandMode mode, Random &r, Type t)
{
  const TypeInfo f = type_info(t);
  if (t == T_b1)
    return r.word() & 1;
  const double small = f.sign ? r.between(-4, 4) : r.below(8);
  if (mode == AB_GAUSS)
    return encode(t, small);
  /* Any code; encode sign-extends those narrower than a byte. */
  const double low = f.sign ? -(double)sign_code(f) : 0.0;
  return encode(t, low + (double)(r.word() & type_mask(f)));
}

__device__ uint64_t operand_code(const Draw &w, bool is_b, uint64_t tile,
                                 int row, int k)
{
  const Type t = is_b ? w.b : w.a;
  const TypeInfo f = type_info(t);
  Random r(w.seed, is_b ? STREAM_B : STREAM_A, tile, row, k + 4096);
  Random of_tile(w.seed, STREAM_TILE, tile);
  Random of_row(w.seed, STREAM_PAIR, tile, row);
  OperandMode mode = w.operands;
  if (mode == AB_MIX)
    mode = (OperandMode)(AB_GAUSS + of_tile.below(3));
  if (mode == AB_SPARSE) { /* A decides; B is dense */
    const int first = of_row.below(w.k), second = of_row.below(w.k);
    if (!is_b && k != first && k != second)
      return 0;
    mode = AB_WIDE;
  }
  if (mode == AB_PAIRS)
    return pairs_code(w, is_b, tile, row, k);
  if (mode == AB_FLOOR_TIES)
    return floor_ties_code(w, is_b, tile, row, k);
  if (mode == AB_EXTREME)
    return extreme_code(w, r, t, is_b, tile, row, k);
  if (f.ebits == 0)
    return integer_code(mode, r, t);
  switch (mode) {
  case AB_WIDE: return wide_code(r, t, 1 << of_tile.below(6));
  case AB_FINITE: return finite_code(r, t);
  case AB_BITS: return r.word() & type_mask(f);
  case AB_SPECIALS:
    return r.chance(2 * w.k) ? special_code(r, t) : encode(t, r.gauss());
  case AB_SUBNORMAL: /* both, one of them, or any mixture */
    switch (of_tile.below(4)) {
    case 0: return subnormal_code(r, t);
    case 1: return is_b ? wide_code(r, t, 64) : subnormal_code(r, t);
    case 2: return is_b ? subnormal_code(r, t) : wide_code(r, t, 64);
    default: return r.chance(2) ? subnormal_code(r, t) : wide_code(r, t, 8);
    }
  case AB_CANCEL: return cancel_code(w, r, t, is_b, tile, row, k);
  case AB_FLOOR: return floor_code(w, r, t, is_b, tile, k);
  case AB_ZEROS:
    return !r.chance(16) ? (r.chance(2) ? sign_code(f) : 0)
                         : r.chance(2) ? subnormal_code(r, t)
                                       : encode(t, r.gauss());
  case AB_TIES:
    return encode(t, r.sign() * r.between(1, 7) * (double)(1 << r.below(6)));
  default: return encode(t, r.gauss());
  }
}

/* ---- kernels ----------------------------------------------------------- */

/* The position in a group that must be stored because its product is not
 * zero; -1 if any may be. */
__device__ int needed_in(const Draw &w, int base, int span, uint64_t tile)
{
  if (w.operands == AB_PAIRS)
    return pairs_place(w, tile).k % span;
  if (w.operands != AB_FLOOR_TIES)
    return -1;
  const FloorTies f = floor_ties(w, tile);
  if (f.k >= base && f.k < base + span)
    return f.k - base;
  return f.tiny_k >= base && f.tiny_k < base + span ? f.tiny_k - base : -1;
}

/* Two stored of every four, ascending (tf32: one of every two). */
__global__ void draw_index(Draw w, uint8_t *index, uint64_t groups)
{
  const int kept = w.a == T_tf32 ? 1 : 2, span = 2 * kept;
  const int per_row = w.k / span;
  uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x;
  for (; i < groups; i += (uint64_t)gridDim.x * blockDim.x) {
    const int base = (int)(i % (uint64_t)per_row) * span;
    const uint64_t row = i / (uint64_t)per_row;
    Random r(w.seed, STREAM_INDEX, (uint64_t)w.first_tile, row, base);
    int low = r.below(kept == 1 ? 2 : 3), high = r.between(low + 1, 3);
    const int needed = needed_in(w, base, span,
                                 (uint64_t)w.first_tile + row / (uint64_t)w.m);
    if (needed >= 0) {
      low = kept == 1 ? needed : needed & 2;
      high = low + 1;
    }
    index[i * kept] = (uint8_t)(base + low);
    if (kept == 2)
      index[i * kept + 1] = (uint8_t)(base + high);
  }
}

__global__ void draw_operand(Draw w, bool is_b, uint8_t *to,
                             const uint8_t *index, uint64_t count)
{
  const int rows = is_b ? w.n : w.m, columns = is_b ? w.k : w.stored;
  const Type t = is_b ? w.b : w.a;
  uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x;
  for (; i < count; i += (uint64_t)gridDim.x * blockDim.x) {
    const uint64_t line = i / (uint64_t)columns;
    const int column = (int)(i % (uint64_t)columns);
    const uint64_t tile = (uint64_t)w.first_tile + line / (uint64_t)rows;
    const int row = (int)(line % (uint64_t)rows);
    const int k = !is_b && w.stored != w.k ? index[i] : column;
    store_code(t, to, i, operand_code(w, is_b, tile, row, k));
  }
}

void draw_inputs(const Draw &w, const Arrays &to, uint32_t tiles)
{
  const uint64_t a = (uint64_t)tiles * (uint64_t)(w.m * w.stored);
  const uint64_t b = (uint64_t)tiles * (uint64_t)(w.n * w.k);
  if (w.stored != w.k) {
    draw_index<<<2048, 256>>>(w, to.index, a / (w.a == T_tf32 ? 1 : 2));
    CHECK(cudaGetLastError());
  }
  draw_operand<<<2048, 256>>>(w, false, to.a, to.index, a);
  CHECK(cudaGetLastError());
  draw_operand<<<2048, 256>>>(w, true, to.b, to.index, b);
  CHECK(cudaGetLastError());
  draw_accumulators(w, to, tiles);
}
