/* SPDX-License-Identifier: MIT
 *
 * The kernels of convert.h for arrays, over the vectors that convert_lanes.h
 * asks for.
 */
#include "convert_lanes.h"

/* ---- arrays ------------------------------------------------------------ */

/* What is constant in a loop. */
typedef struct {
  ulp_source from;
  bool random, more;
  int levels; /* of steps; 0: none */
} way;

/* A run of elements with one factor. */
typedef struct {
  const char *in;
  char *out;
  size_t n, at; /* of the job: element `at` is the first */
  size_t number; /* of the run */
  double factor;
  VI factor_f32;
} run;

static inline size_t size_of(ulp_source from)
{
  return from == ULP_FROM_F64 ? 8 : from == ULP_FROM_F32 ? 4 : 2;
}

KERNEL VI load(const ulp_encode_job *j, ulp_source from, bool more,
               const run *r,
                      const char *in, M *inexact)
{
  bool over = j->scaling == ULP_SCALED_OVER_F64;
  VI x;
  switch (from) {
  case ULP_FROM_F16: return load_f16(in);
  case ULP_FROM_BF16: return load_bf16(in);
  case ULP_FROM_F64:
    return load_f64(in, j->scaling != ULP_SCALED_NOT, over, r->factor,
                    inexact);
  case ULP_FROM_F32: break;
  }
  x = load_f32(in);
  switch (j->scaling) {
  case ULP_SCALED_NOT: return x;
  case ULP_SCALED_TIMES_F32: x = v_times(x, r->factor_f32); break;
  case ULP_SCALED_OVER_F32: x = v_over(x, r->factor_f32); break;
  case ULP_SCALED_TIMES_F64:
  case ULP_SCALED_OVER_F64: x = scale_f64(x, over, r->factor, inexact);
  }
  if (!more) return x;
  if (j->bare_zero) x = v_plus(x, v_all(0));
  if (j->whole) x = v_round(x);
  if (j->zero) x = v_plus(x, v_all_f32(j->zero[r->number]));
  return x;
}

KERNEL void store(const ulp_encoder *e, char *out, VI code)
{
  if (e->to.storage_bytes == 1)
    store8(out, code);
  else if (e->to.storage_bytes == 2)
    store16(out, code);
  else
    store32(out, v_sll(code, e->to.storage_shift));
}

static void __attribute__((noinline))
store_rare(const ulp_encoder *e, const ulp_encode_job *j, char *out,
           size_t at, unsigned lanes)
{
  for (unsigned i = 0; lanes; i++, lanes >>= 1)
    if (lanes & 1) ulp_store_code(&e->to, out, i, j->one(j->context, at + i));
}

KERNEL void encode_vector(const ulp_encoder *e, const constants *k,
                          const ulp_encode_job *j, way w, const run *r,
                          const char *in, char *out, size_t at, size_t lanes,
                          rng *g)
{
  const bool wide = w.from == ULP_FROM_F64 || w.more;
  M inexact = m_none(), rare;
  VI word, x = load(j, w.from, w.more, r, in, &inexact);
  if (w.random) word = rng_next(g);
  store(e, out,
        !w.levels   ? encode_lanes(e, k, x, w.random ? &word : NULL, &rare)
        : !w.random ? step_lanes(e, k, x, w.levels, wide, &inexact, &rare)
                    : draw_lanes(e, k, x, word, w.levels, &rare));
  if (!e->odd_f64) rare = m_or(rare, inexact);
  unsigned found = m_bits(rare);
  if (__builtin_expect(found != 0, 0))
    store_rare(e, j, out, at, found & (unsigned)((UINT64_C(1) << lanes) - 1));
}

/* What is less than a vector goes through a room of one. */
KERNEL void encode_rest(const ulp_encoder *e, const constants *k,
                               const ulp_encode_job *j, way w, const run *r,
                               size_t i, rng *g)
{
  char in[LANES * 8] = {0}, out[LANES * 4];
  size_t n = r->n - i, code = e->to.storage_bytes;
  memcpy(in, r->in + i * size_of(w.from), n * size_of(w.from));
  encode_vector(e, k, j, w, r, in, out, r->at + i, n, g);
  memcpy(r->out + i * code, out, n * code);
}

KERNEL void encode_run(const ulp_encoder *e, const constants *k,
                              const ulp_encode_job *j, way w, const run *r,
                              rng *g)
{
  size_t i = 0;
  for (; i + LANES <= r->n; i += LANES)
    encode_vector(e, k, j, w, r, r->in + i * size_of(w.from),
                  r->out + i * e->to.storage_bytes, r->at + i, LANES, g);
  if (i == r->n) return;
  encode_rest(e, k, j, w, r, i, g);
  if (w.random && r->at + r->n < j->n)
    rng_make(g, &e->r, j->index + r->at + r->n);
}

KERNEL void encode_runs(const ulp_encoder *e, const ulp_encode_job *j, way w)
{
  const constants k = constants_of(e, w.from, j->scaling, w.levels);
  size_t every = j->scaling == ULP_SCALED_NOT ? j->n : j->every;
  rng g;
  if (w.random) rng_make(&g, &e->r, j->index);
  for (size_t at = 0, i = 0; at < j->n; at += every, i++) {
    run r = {.in = (const char *)j->in + at * size_of(w.from),
             .out = (char *)j->out + at * e->to.storage_bytes,
             .n = j->n - at < every ? j->n - at : every,
             .at = at,
             .number = i,
             .factor = j->scaling == ULP_SCALED_NOT ? 1 : j->factor[i]};
    r.factor_f32 = v_all_f32((float)r.factor);
    encode_run(e, &k, j, w, &r, &g);
  }
}

/* Each way is a function of its own, so that its loop is in one place. */
#define WAY(name, ...)                                  \
  static void __attribute__((noinline))                 \
  name(const ulp_encoder *e, const ulp_encode_job *j)   \
  {                                                     \
    encode_runs(e, j, (way){__VA_ARGS__});              \
  }
#define WAYS(name, from)                                 \
  WAY(name##_plain, from, false, false, 0)              \
  WAY(name##_random, from, true, true, 0)               \
  WAY(name##_few, from, false, false, 4)                \
  WAY(name##_many, from, false, false, 8)               \
  WAY(name##_few_random, from, true, true, 4)           \
  WAY(name##_many_random, from, true, true, 8)
WAYS(f32, ULP_FROM_F32)
WAYS(f16, ULP_FROM_F16)
WAYS(bf16, ULP_FROM_BF16)
WAYS(f64, ULP_FROM_F64)
WAY(f32_plain_more, ULP_FROM_F32, false, true, 0)
WAY(f32_few_more, ULP_FROM_F32, false, true, 4)
WAY(f32_many_more, ULP_FROM_F32, false, true, 8)

typedef void encoding(const ulp_encoder *e, const ulp_encode_job *j);

static void encode(const ulp_encoder *e, ulp_source from,
                   const ulp_encode_job *j)
{
#define OF(from)                                                             \
  {{from##_plain, from##_random}, {from##_few, from##_few_random},           \
   {from##_many, from##_many_random}}
  static encoding *const all[][3][2] = {[ULP_FROM_F32] = OF(f32),
                                        [ULP_FROM_F16] = OF(f16),
                                        [ULP_FROM_BF16] = OF(bf16),
                                        [ULP_FROM_F64] = OF(f64)};
  static encoding *const more[][2] = {{f32_plain_more, f32_random},
                                      {f32_few_more, f32_few_random},
                                      {f32_many_more, f32_many_random}};
  const bool wide = e->levels && j->scaling >= ULP_SCALED_TIMES_F64;
  const bool asks = j->bare_zero || j->whole || j->zero || wide;
  const int deep = e->levels / 4;
  (asks && from == ULP_FROM_F32 ? more[deep] : all[from][deep])[e->random](
      e, j);
}

/* ---- values ------------------------------------------------------------ */

static void __attribute__((noinline))
values_rare(const ulp_values_job *j, float *out, const uint32_t *x,
            unsigned lanes)
{
  for (unsigned i = 0; lanes; i++, lanes >>= 1)
    if (lanes & 1) {
      uint32_t bits = j->one(j->context, x[i]);
      memcpy(out + i, &bits, sizeof bits);
    }
}

static void values(const ulp_encoder *e, float *out, const float *in, size_t n,
                   const ulp_values_job *j)
{
  const constants k = constants_of(e, ULP_FROM_F32, ULP_SCALED_NOT, 0);
  const VI limit = v_all(j->limit), above = v_all(j->overflow[0]),
           below = v_all(j->overflow[1]);
  uint32_t kept[LANES];
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    VI x = load_f32((const char *)(in + i));
    VI magnitude = v_and(x, v_all(INT32_MAX));
    unsigned rare = m_bits(v_gt(magnitude, k.most));
    VI y = nearest_value(&k, magnitude);
    M beyond = v_gt(y, limit);
    y = v_or(y, v_and(x, v_all(INT32_MIN)));
    if (__builtin_expect(rare != 0, 0)) store32((char *)kept, x);
    store32((char *)(out + i), v_pick(beyond, y, v_by_sign(x, above, below)));
    if (__builtin_expect(rare != 0, 0)) values_rare(j, out + i, kept, rare);
  }
  memcpy(kept, in + i, (n - i) * sizeof *in);
  values_rare(j, out + i, kept, (1u << (n - i)) - 1);
}

/* ---- the greatest of blocks -------------------------------------------- */

/* Of the bits as signed numbers: the others are below 0. */
KERNEL uint32_t greatest_bits(const float *x, size_t n, int32_t flip,
                              int32_t mask)
{
  VI most = v_all(0);
  int32_t best = 0;
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    most = v_max(most, v_and(v_xor(load_f32((const char *)(x + i)),
                                   v_all(flip)),
                             v_all(mask)));
  for (; i < n; i++) {
    int32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bits = (bits ^ flip) & mask;
    best = bits > best ? bits : best;
  }
  int32_t wide = v_greatest(most);
  return (uint32_t)(wide > best ? wide : best);
}

static void amax(uint32_t *bits, const float *x, size_t blocks, size_t n)
{
  for (size_t i = 0; i < blocks; i++)
    bits[i] = greatest_bits(x + i * n, n, 0, INT32_MAX);
}

static void range(uint32_t *high, uint32_t *low, const float *x, size_t blocks,
                  size_t n)
{
  for (size_t i = 0; i < blocks; i++) {
    high[i] = greatest_bits(x + i * n, n, 0, -1);
    low[i] = greatest_bits(x + i * n, n, INT32_MIN, -1);
  }
}
