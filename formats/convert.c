/* SPDX-License-Identifier: MIT
 *
 * Arrays from any format to any: by the kernels where they know both, by a
 * table where the source has few codes, else one element after the other.
 */
#include "convert.h"

#include <math.h>
#include <string.h>

#include "convert_kernels.h"
#include "internal.h"
#include "isa.h"

const ulp_convert_kernels *ulp_convert_kernels_now(void)
{
  switch (ulp_isa_now()) {
#ifdef ULP_HAVE_AVX512_KERNELS
  case ULP_ISA_AVX512: return &ulp_convert_avx512;
#endif
#ifdef ULP_HAVE_AVX2_KERNELS
  case ULP_ISA_AVX2: return &ulp_convert_avx2;
#endif
  default: return &ulp_convert_portable;
  }
}

void ulp_encode_many(const ulp_encoder *e, ulp_source from,
                     const ulp_encode_job *job)
{
  ulp_convert_kernels_now()->encode(e, from, job);
}

void ulp_block_amax(uint32_t *bits, const float *x, size_t blocks, size_t n)
{
  ulp_convert_kernels_now()->amax(bits, x, blocks, n);
}

void ulp_block_range(uint32_t *high, uint32_t *low, const float *x,
                     size_t blocks, size_t n)
{
  ulp_convert_kernels_now()->range(high, low, x, blocks, n);
}

void ulp_decode_bytes(float *y, const float value[256], const uint8_t *code,
                      size_t n, const float *factor, const float *zero,
                      size_t every)
{
  ulp_convert_kernels_now()->decode(y, value, code, n, factor, zero, every);
}

/* ---- one element ------------------------------------------------------- */

enum { CODES = 256 };

typedef struct {
  const ulp_encoder *e;
  const ulp_format *from;
  const void *in;
  double scale;
  uint64_t index;
  uint64_t code[CODES]; /* of each code, if any */
  bool table;
} source;

static ulp_exact exact_at(const source *s, size_t i)
{
  double x;
  if (s->scale == 1)
    return ulp_unpack(s->from, ulp_load_code(s->from, s->in, i));
  memcpy(&x, (const char *)s->in + i * sizeof x, sizeof x);
  return ulp_from_f64(x / s->scale);
}

static uint64_t encode_one(const void *context, size_t i)
{
  const source *s = context;
  ulp_exact x = exact_at(s, i);
  return ulp_round_pack_word(&s->e->to, &x, &s->e->r, s->index + i, NULL);
}

/* The random words of an array follow one another, so that they cost one step
 * each instead of a jump. */
static void encode_slowly(const source *s, void *out, size_t n)
{
  const ulp_rounding *r = &s->e->r;
  ulp_pcg32 g = ulp_pcg32_seed(r->seed, r->stream);
  if (r->mode == ULP_SR) ulp_pcg32_advance(&g, s->index);
  for (size_t i = 0; i < n; i++) {
    ulp_exact x = exact_at(s, i);
    uint32_t word = ulp_pcg32_next(&g);
    ulp_store_code(&s->e->to, out, i,
                   ulp_round_pack_word(&s->e->to, &x, r, s->index + i, &word));
  }
}

/* ---- sources of few codes ---------------------------------------------- */

/* Elements at a time that stay in the first cache, a multiple of 8. */
enum { CHUNK = 4096 };

static void look_up(const ulp_format *to, void *out, const uint8_t *in,
                    size_t n, const uint64_t code[CODES])
{
  uint16_t narrow[CODES];
  float wide[CODES];
  for (size_t i = 0; i < CODES; i++) {
    uint32_t stored = (uint32_t)(code[i] << to->storage_shift);
    narrow[i] = (uint16_t)stored;
    memcpy(&wide[i], &stored, sizeof stored);
  }
  switch (to->storage_bytes) {
  case 1:
    for (size_t i = 0; i < n; i++)
      ((uint8_t *)out)[i] = (uint8_t)narrow[in[i]];
    break;
  case 2:
    for (size_t i = 0; i < n; i++)
      memcpy((char *)out + 2 * i, &narrow[in[i]], 2);
    break;
  case 4: ulp_decode_bytes(out, wide, in, n, NULL, NULL, n); break;
  default:
    for (size_t i = 0; i < n; i++)
      ulp_store_code(to, out, i, code[in[i]]);
  }
}

/* Bits above those of a code are ignored. */
static void fill_table(source *s, size_t n)
{
  s->table = s->from->storage_bytes == 1 && s->from->storage_shift == 0 &&
             s->e->r.mode != ULP_SR && n >= CODES;
  for (size_t i = 0; s->table && i < CODES; i++) {
    ulp_exact x = ulp_unpack(s->from, i);
    s->code[i] = ulp_round_pack(&s->e->to, &x, &s->e->r, 0);
  }
}

/* ---- arrays ------------------------------------------------------------ */

/* Whether f is the IEEE format of that many bits, and the kernels' source. */
static bool is_source(const ulp_format *f, ulp_source *out)
{
  static const struct {
    uint8_t exp_bits, man_bits;
    ulp_source source;
  } known[] = {{8, 23, ULP_FROM_F32},
               {5, 10, ULP_FROM_F16},
               {8, 7, ULP_FROM_BF16},
               {11, 52, ULP_FROM_F64}};
  bool ieee = f->kind == ULP_FLOAT && f->is_signed && f->subnormals &&
              f->nan == ULP_NAN_IEEE && f->inf == ULP_INF_IEEE &&
              f->zero == ULP_ZERO_SIGNED && f->storage_shift == 0 &&
              f->storage_bytes * 8 == f->bits &&
              f->bias == (1 << (f->exp_bits - 1)) - 1;
  for (size_t i = 0; ieee && i < sizeof known / sizeof *known; i++)
    if (f->exp_bits == known[i].exp_bits && f->man_bits == known[i].man_bits) {
      *out = known[i].source;
      return true;
    }
  return false;
}

static void convert(const source *s, void *out, size_t n)
{
  ulp_source from;
  if (s->e->fast && is_source(s->from, &from)) {
    ulp_encode_job job = {.out = out, .in = s->in, .n = n, .index = s->index,
                          .scaling = s->scale == 1 ? ULP_SCALED_NOT
                                                   : ULP_SCALED_OVER_F64,
                          .factor = &s->scale, .every = n, .one = encode_one,
                          .context = s};
    ulp_encode_many(s->e, from, &job);
  } else if (s->table) {
    look_up(&s->e->to, out, s->in, n, s->code);
  } else {
    encode_slowly(s, out, n);
  }
}

static uint64_t code_of(const void *context, uint32_t bits)
{
  const ulp_encoder *e = context;
  float x;
  memcpy(&x, &bits, sizeof x);
  return ulp_encode_f32(&e->to, x, &e->r, 0);
}

typedef struct {
  ulp_encoder e;
  ulp_draws draws; /* if they are e's */
} prepared;

/* Steps of a codebook, where so many elements are worth their search. */
static void find_steps(prepared *p, const ulp_format *from, size_t n)
{
  ulp_encoder *e = &p->e;
  ulp_source kernels;
  if (e->fast || e->to.kind != ULP_CODEBOOK ||
      n < 4 * ulp_code_count(&e->to) || !is_source(from, &kernels))
    return;
  (void)(e->r.mode == ULP_SR ? ulp_encoder_find_draws(e, &p->draws)
                             : ulp_encoder_find_steps(e, code_of, e));
}

/* n elements in all. */
static source source_of(prepared *p, const ulp_format *to,
                        const ulp_format *from, const void *in, size_t n,
                        const ulp_rounding *r, uint64_t index)
{
  source s = {.e = &p->e, .from = from, .in = in, .scale = 1, .index = index};
  ulp_encoder_make(&p->e, to, r);
  find_steps(p, from, n);
  fill_table(&s, n);
  return s;
}

ulp_status ulp_convert(const ulp_format *to, void *out, const ulp_format *from,
                       const void *in, size_t n, const ulp_rounding *r,
                       uint64_t first_index)
{
  prepared p;
  if (ulp_rounding_check(r) != ULP_OK) return ULP_EINVAL;
  source s = source_of(&p, to, from, in, n, r, first_index);
  convert(&s, out, n);
  return ULP_OK;
}

static bool packs(const ulp_format *f, size_t n)
{
  return f->bits <= 8 && n % 8 * f->bits % 8 == 0;
}

ulp_status ulp_convert_packed(const ulp_format *to, uint8_t *out,
                              const ulp_format *from, const void *in, size_t n,
                              const ulp_rounding *r, uint64_t first_index)
{
  uint8_t codes[CHUNK];
  prepared p;
  ulp_status status = ULP_OK;
  if (ulp_rounding_check(r) != ULP_OK || !packs(to, n)) return ULP_EINVAL;
  source s = source_of(&p, to, from, in, n, r, first_index);
  for (size_t i = 0; i < n && status == ULP_OK; i += CHUNK) {
    size_t some = n - i < CHUNK ? n - i : CHUNK;
    s.in = (const char *)in + i * from->storage_bytes;
    s.index = first_index + i;
    convert(&s, codes, some);
    status = ulp_pack(to, out + i / 8 * to->bits, codes, some);
  }
  return status;
}

ulp_status ulp_convert_unpacked(const ulp_format *to, void *out,
                                const ulp_format *from, const uint8_t *in,
                                size_t n, const ulp_rounding *r,
                                uint64_t first_index)
{
  uint8_t codes[CHUNK];
  prepared p;
  ulp_status status = ULP_OK;
  if (ulp_rounding_check(r) != ULP_OK || !packs(from, n)) return ULP_EINVAL;
  source s = source_of(&p, to, from, codes, n, r, first_index);
  for (size_t i = 0; i < n && status == ULP_OK; i += CHUNK) {
    size_t some = n - i < CHUNK ? n - i : CHUNK;
    status = ulp_unpack_bytes(from, codes, in + i / 8 * from->bits, some);
    s.index = first_index + i;
    convert(&s, (char *)out + i * to->storage_bytes, some);
  }
  return status;
}

/* ---- values ------------------------------------------------------------ */

/* Rounding to f and back, of one f32. */
typedef struct {
  const ulp_format *f, *f32;
  const ulp_rounding *r;
} there_and_back;

static const ulp_rounding to_f32 = {.overflow = ULP_OVERFLOW_INF};

static uint32_t value_of(const there_and_back *t, uint64_t code)
{
  ulp_exact v = ulp_unpack(t->f, code);
  return (uint32_t)ulp_round_pack(t->f32, &v, &to_f32, 0);
}

static uint32_t value_one(const void *context, uint32_t bits)
{
  const there_and_back *t = context;
  ulp_exact x = ulp_unpack(t->f32, bits);
  return value_of(t, ulp_round_pack(t->f, &x, t->r, 0));
}

/* Without codes in between, where all values are f32 and -0 is one. */
static bool round_directly(const ulp_encoder *e, const there_and_back *t,
                           float *out, const float *in, size_t n)
{
  const ulp_format *f = t->f;
  if (!e->fast || !e->by_sum || f->kind != ULP_FLOAT || !f->is_signed ||
      f->zero != ULP_ZERO_SIGNED || f->exp_bits > 7 || f->man_bits > 20)
    return false;
  ulp_values_job job = {
      .limit = (int32_t)value_of(t, f->max_code),
      .overflow = {(int32_t)value_one(t, 0x7f7fffff),
                   (int32_t)value_one(t, 0xff7fffff)},
      .one = value_one,
      .context = t};
  ulp_convert_kernels_now()->values(e, out, in, n, &job);
  return true;
}

ulp_status ulp_round_values(const ulp_format *f, float *out, const float *in,
                            size_t n, const ulp_rounding *r,
                            uint64_t first_index)
{
  enum { PART = 2048 };
  uint64_t codes[PART];
  ulp_format f32;
  prepared p, d;
  if (ulp_rounding_check(r) != ULP_OK ||
      ulp_format_find("float32", &f32, NULL, 0) != ULP_OK)
    return ULP_EINVAL;
  there_and_back both = {f, &f32, r};
  source to = source_of(&p, f, &f32, in, n, r, first_index);
  if (round_directly(&p.e, &both, out, in, n)) return ULP_OK;
  source back = source_of(&d, &f32, f, codes, n, &to_f32, 0);
  for (size_t i = 0; i < n; i += PART) {
    size_t some = n - i < PART ? n - i : PART;
    to.in = in + i;
    to.index = first_index + i;
    convert(&to, codes, some);
    convert(&back, out + i, some);
  }
  return ULP_OK;
}

/* ---- f64 --------------------------------------------------------------- */

ulp_status ulp_encode_array(const ulp_format *f, void *out, const double *x,
                            size_t n, double scale, const ulp_rounding *r,
                            uint64_t first_index)
{
  prepared p;
  if (ulp_rounding_check(r) != ULP_OK || !isfinite(scale) || scale <= 0)
    return ULP_EINVAL;
  source s = source_of(&p, f, ulp_format_row(0), x, n, r, first_index);
  s.scale = scale;
  convert(&s, out, n);
  return ULP_OK;
}
