/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Conversions of arrays against ulp_round_pack, element by element, on every
 * instruction set that the machine has; with ULP_LONG (tests/convert.long) of
 * all 2^32 floats.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "formats.h"
#include "isa.h"

/* ---- formats ----------------------------------------------------------- */

static ulp_format found(const char *name)
{
  ulp_format f;
  char why[200];
  if (ulp_format_find(name, &f, why, sizeof why) != ULP_OK)
    ck_abort_msg("%s", why);
  return f;
}

enum { MOST_FORMATS = 600 };
static ulp_format format[MOST_FORMATS];
static size_t formats;

static void add(const char *name)
{
  ulp_format f;
  if (ulp_format_find(name, &f, NULL, 0) != ULP_OK) return;
  if (formats == MOST_FORMATS) abort();
  format[formats++] = f;
}

/* E8M0 has relatives that no name gives: other biases, trailing bits. */
static void add_without_zero(int32_t bias, uint8_t man_bits)
{
  add("e8m0");
  ulp_format *f = &format[formats - 1];
  f->bias = bias;
  f->man_bits = man_bits;
  f->exp_bits = (uint8_t)(8 - man_bits);
  (void)snprintf(f->name, sizeof f->name, "e%um%ub%d without zero",
                 8u - man_bits, (unsigned)man_bits, (int)bias);
}

/* The table, every eEmM in its styles, and shapes that none of these has. */
static void list_formats(void)
{
  static const char *const styles[] = {"", "fn", "fnuz", "f"};
  static const char *const odd[] = {
      "e4m3:nosub", "e8m7:nosub", "ue4m3", "ue5m3", "ue3m0f", "e15m0f",
      "e2m1:nosub,nonegzero", "e9m6", "e10m5fn", "e12m3fnuz", "e4m3b-40fn",
      "e4m3b140", "e5m10b200", "e1m14f", "e2m13fn", "e6m0f:nosub", "e8m7b127f",
      "e8m7b128", "ue8m8", "e3m2:nan=negzero,inf", "e8m3b-16384", "e7m0f",
      "e4m3b16384", "binary8p1uf", "binary16p9se", "binary4p2sf", "e4m3b120f"};
  char name[40];
  formats = 0;
  for (size_t i = 0; ulp_format_row(i); i++)
    if (ulp_format_row(i)->bits <= 32) add(ulp_format_row(i)->name);
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
    add(odd[i]);
  for (int32_t bias = 100; bias <= 140; bias += 10)
    add_without_zero(bias, 0);
  add_without_zero(31, 2);
  add_without_zero(127, 1);
  for (int e = 1; e <= 8; e++)
    for (int m = 0; m <= 10; m++)
      for (int s = 0; s < 4; s++) {
        (void)snprintf(name, sizeof name, "e%dm%d%s", e, m, styles[s]);
        add(name);
      }
}

/* ---- one array --------------------------------------------------------- */

enum { MOST = 1 << 17 };
static unsigned char out[MOST * 8 + 64], want[MOST * 8 + 64];

static void expect(const ulp_format *to, const ulp_format *from,
                   const void *in, size_t n, const ulp_rounding *r,
                   uint64_t first)
{
  for (size_t i = 0; i < n; i++) {
    ulp_exact x = ulp_unpack(from, ulp_load_code(from, in, i));
    ulp_store_code(to, want, i, ulp_round_pack(to, &x, r, first + i));
  }
}

static void same(const ulp_format *to, const ulp_format *from, const void *in,
                 size_t n, const ulp_rounding *r, const unsigned char *got)
{
  if (memcmp(got, want, n * to->storage_bytes) == 0) return;
  size_t i = 0;
  while (i + 1 < n && ulp_load_code(to, got, i) == ulp_load_code(to, want, i))
    i++;
  ck_abort_msg(
        "%s, %s of %s code 0x%llx, element %zu, %s overflow=%s profile=%s "
        "sr %c%d: 0x%llx, expected 0x%llx",
        ulp_isa_name(ulp_isa_now()), to->name, from->name,
        (unsigned long long)ulp_load_code(from, in, i), i,
        ulp_mode_name(r->mode), ulp_overflow_name(r->overflow),
        r->profile ? r->profile->name : "", 'A' + (int)r->sr_variant,
        r->sr_bits, (unsigned long long)ulp_load_code(to, got, i),
        (unsigned long long)ulp_load_code(to, want, i));
}

/* The values of the codes in `want`; neighbours often have the same. */
static float value[MOST];

static void expect_values(const ulp_format *to, const ulp_format *f32, size_t n)
{
  static const ulp_rounding rne = {.overflow = ULP_OVERFLOW_INF};
  uint64_t last = 0, code = 0;
  for (size_t i = 0; i < n; i++, last = code) {
    code = ulp_load_code(to, want, i);
    if (i && code == last) {
      value[i] = value[i - 1];
      continue;
    }
    ulp_exact v = ulp_unpack(to, code);
    ulp_store_code(f32, value, i, ulp_round_pack(f32, &v, &rne, 0));
  }
}

/* ulp_round_values, in place, too. */
static void check_values(const ulp_format *to, const void *in, size_t n,
                         const ulp_rounding *r, uint64_t first)
{
  static float got[MOST];
  memcpy(got, in, n * sizeof *got);
  if (ulp_round_values(to, got, got, n, r, first) != ULP_OK)
    ck_abort_msg("%s: refused", to->name);
  if (memcmp(got, value, n * sizeof *got) == 0) return;
  for (size_t i = 0; i < n; i++)
    if (memcmp(&got[i], &value[i], sizeof *got) != 0)
      ck_abort_msg("%s: value of element %zu: %a, expected %a, %s overflow=%s",
                   to->name, i, (double)got[i], (double)value[i],
                   ulp_mode_name(r->mode), ulp_overflow_name(r->overflow));
}

static void check_isas(const ulp_format *to, const ulp_format *from,
                       const void *in, size_t n, const ulp_rounding *r,
                       uint64_t first)
{
  size_t bytes = n * to->storage_bytes;
  bool values = strcmp(from->name, "float32") == 0;
  expect(to, from, in, n, r, first);
  if (values) expect_values(to, from, n);
  for (size_t i = 0; ulp_isa_name(i); i++) {
    if (ulp_isa_set((ulp_isa)i) != ULP_OK) continue;
    memset(out, 0xa5, bytes + 64);
    if (ulp_convert(to, out, from, in, n, r, first) != ULP_OK)
      ck_abort_msg("%s: refused", to->name);
    same(to, from, in, n, r, out);
    for (size_t k = bytes; k < bytes + 64; k++)
      if (out[k] != 0xa5)
        ck_abort_msg("%s: byte %zu behind the end", to->name, k - bytes);
    if (values) check_values(to, in, n, r, first);
  }
}

/* ---- every f16 and every bf16 ------------------------------------------ */

static uint16_t all[65536];

static void choose(ulp_rounding *r, size_t i)
{
  r->overflow = (ulp_overflow)(i % 5);
  r->profile = ulp_profile_row(i / 5 % ulp_profile_count());
  r->sr_variant = (ulp_sr_variant)(i % 3);
  r->sr_bits = (uint8_t)(i % 33);
}

START_TEST(all_16_bits)
{
  ulp_format source = found(_i % 2 ? "bf16" : "f16");
  for (size_t i = 0; i < 65536; i++)
    all[i] = (uint16_t)i;
  for (size_t i = 0; i < formats; i++) {
    ulp_rounding r = {.seed = 3};
    for (int mode = 0; mode <= ULP_SR; mode++) {
      r.mode = (ulp_mode)mode;
      choose(&r, i + (size_t)(7 * mode));
#ifndef ULP_LONG
      if (i >= ulp_format_count() && (i + (size_t)mode) % 8) continue;
#endif
      check_isas(&format[i], &source, all, 65536, &r, 11);
    }
  }
}
END_TEST

/* ---- around every code ------------------------------------------------- */

static float near_f32[MOST];
static double near_f64[MOST];

static size_t put_near(size_t n, double x)
{
  static const int steps[] = {0, 1, -1, 3};
  for (size_t k = 0; k < 8; k++) {
    float narrow = (float)(k < 4 ? x : -x);
    double wide = k < 4 ? x : -x;
    uint32_t b4;
    uint64_t b8;
    memcpy(&b4, &narrow, 4);
    memcpy(&b8, &wide, 8);
    b4 += (uint32_t)steps[k % 4];
    b8 += (uint64_t)(int64_t)steps[k % 4];
    memcpy(&near_f32[n + k], &b4, 4);
    memcpy(&near_f64[n + k], &b8, 8);
  }
  return n + 8;
}

/* The values of up to 400 codes, the middles and quarters of neighbours. */
static size_t fill_near(const ulp_format *f)
{
  static const double extremes[] = {0, INFINITY, NAN, 0x1p-149, 0x1p-126,
                                    0x1p-150, 0x1p-133, 0x1p127, 0x1p128,
                                    0x1p-1074, 0x1p1000, 0x1.fffffep127};
  uint64_t codes = UINT64_C(1) << (f->bits - f->is_signed);
  uint64_t step = codes > 400 ? codes / 400 : 1;
  size_t n = 0;
  for (uint64_t c = 0; c + 1 < codes; c += step) {
    double x = ulp_decode(f, c), y = ulp_decode(f, c + 1);
    if (f->kind == ULP_FLOAT && c > f->max_code) break;
    n = put_near(n, x);
    n = put_near(n, x / 2 + y / 2);
    n = put_near(n, x / 4 * 3 + y / 4);
  }
  n = put_near(n, ulp_max(f));
  n = put_near(n, ulp_max(f) * 1.25);
  for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++)
    n = put_near(n, extremes[i]);
  uint32_t payload[] = {0x7f800001, 0xffbfffff, 0x7fe12345, 0xffa00000};
  memcpy(near_f32 + n, payload, sizeof payload);
  for (size_t i = 0; i < 4; i++)
    near_f64[n + i] = (double)near_f32[n + i];
  return n + 4;
}

START_TEST(around_codes)
{
  ulp_format f32 = found("f32"), f64 = found("f64");
  for (size_t i = (size_t)_i; i < formats; i += 4) {
    size_t n = fill_near(&format[i]);
    bool whole = n < 6000 || i < ulp_format_count();
    for (size_t k = 0; k < 8; k++) {
      ulp_rounding r = {.mode = (ulp_mode)k, .seed = 5};
      choose(&r, 3 * i + k);
      if (!whole && (i / 4 + k) % 4) continue;
      check_isas(&format[i], &f32, near_f32, n, &r, i);
      check_isas(&format[i], &f64, near_f64, n, &r, i);
    }
  }
}
END_TEST

/* Every rule on what the rules are about. */
START_TEST(every_rule)
{
  static float x[] = {0, -0.0f, INFINITY, -INFINITY, NAN, -NAN, 1, -1, 0.7f,
                      -0.3f, 0x1p-149f, -0x1p-149f, 0x1p-140f, 0x1p-60f,
                      -0x1p-60f, 3e38f, -3e38f, 448, 449, 464, 465, -480,
                      57344, -61440, 61441, 1e6f, -1e9f, 6, 7, -7.5f, 5, 240};
  const size_t n = sizeof x / sizeof *x;
  uint32_t signalling = 0x7f812345;
  ulp_format f32 = found("f32");
  memcpy(&x[n - 1], &signalling, sizeof signalling);
  for (size_t i = 0; i < formats; i++)
    for (size_t p = 0; p < ulp_profile_count(); p++)
      for (int k = 0; k < 8 * 5; k++) {
        ulp_rounding r = {.mode = (ulp_mode)(k / 5),
                          .overflow = (ulp_overflow)(k % 5),
                          .profile = ulp_profile_row(p), .sr_bits = 8};
        check_isas(&format[i], &f32, x, n, &r, 0);
      }
}
END_TEST

/* ---- steps ------------------------------------------------------------- */

/* f32 in the order of signed numbers. */
static float of_key(int64_t key)
{
  uint32_t bits = (uint32_t)(key < 0 ? key ^ INT32_MAX : key);
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static uint64_t code_of_key(const ulp_format *f, const ulp_rounding *r,
                            int64_t key)
{
  return ulp_encode_f32(f, of_key(key), r, 0);
}

/* Both sides of the step before `key`, and what f64 has between them. */
static size_t put_step(size_t n, int64_t key)
{
  double below = (double)of_key(key - 1), above = (double)of_key(key);
  double middle = below / 2 + above / 2;
  const double wide[] = {below, above, middle, nextafter(middle, below),
                         nextafter(middle, above), nextafter(below, above),
                         nextafter(above, below), nextafter(below, -2)};
  for (int i = 0; i < 8; i++) {
    near_f32[n + (size_t)i] = of_key(key - 4 + i);
    near_f64[n + (size_t)i] = wide[i];
  }
  return n + 8;
}

/* All steps from low to high, by bisection alone. */
static size_t put_steps(size_t n, const ulp_format *f, const ulp_rounding *r,
                        int64_t low, int64_t high)
{
  if (code_of_key(f, r, low) == code_of_key(f, r, high)) return n;
  if (high - low == 1) return put_step(n, high);
  int64_t middle = low + (high - low) / 2;
  n = put_steps(n, f, r, low, middle);
  return put_steps(n, f, r, middle, high);
}

static size_t put_extremes(size_t n)
{
  static const double extremes[] = {0, -0.0, INFINITY, -INFINITY, NAN, -NAN,
                                    1, -1, 2, -2, 0x1p-149, -0x1p-149, 0x1p-150,
                                    -0x1p-150, 0x1p-126, -0x1p-126, 1e-300,
                                    -1e-300, 3e38, -3e38, 1e300, -1e300};
  for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
    near_f32[n + i] = (float)extremes[i];
    near_f64[n + i] = extremes[i];
  }
  return n + sizeof extremes / sizeof *extremes;
}

/* Encoding x[i] / scale, as ulp_encode_array. */
static void check_scaled(const ulp_format *f, size_t n, double scale,
                         const ulp_rounding *r)
{
  ulp_format f64 = found("f64");
  for (size_t i = 0; i < n; i++)
    ulp_store_code(f, want, i, ulp_encode_f64(f, near_f64[i] / scale, r, i));
  for (size_t i = 0; ulp_isa_name(i); i++) {
    if (ulp_isa_set((ulp_isa)i) != ULP_OK) continue;
    ck_assert(ulp_encode_array(f, out, near_f64, n, scale, r, 0) == ULP_OK);
    same(f, &f64, near_f64, n, r, out);
  }
}

/* Codebooks in every mode, at their steps, in arrays of any length that are
 * worth the search of steps, and of fewer elements. */
START_TEST(codebook_steps)
{
  static const char *const names[] = {"nf4", "bnb_fp4", "bnb_dynamic8",
                                      "bnb_dynamic8u"};
  ulp_format f = found(names[_i / 8]), f32 = found("f32"), f64 = found("f64");
  ulp_rounding r = {.mode = (ulp_mode)(_i % 8), .seed = 7};
  size_t least = (size_t)4 << f.bits;
  size_t n = put_extremes(0), first = n;
  n = put_steps(n, &f, &r, INT64_C(-0x7f800001), INT32_C(0x7f800000));
  ck_assert(n >= first + 8 * ((1u << f.bits) - 1) || r.mode == ULP_SR);
  while (n < least + 40)
    n = put_extremes(n);
  for (size_t i = 0; i < 40; i++) {
    check_isas(&f, &f32, near_f32 + i, n - i, &r, i);
    check_isas(&f, &f64, near_f64 + i, n - i, &r, i);
    check_isas(&f, &f32, near_f32, least - 20 + i, &r, i);
  }
  check_isas(&f, &f32, near_f32, 77, &r, 3);
  for (size_t i = 0; i < n; i++)
    near_f64[i] *= 3;
  check_scaled(&f, n, 3, &r);
  check_scaled(&f, n, 0x1.8p-1000, &r);
}
END_TEST

/* Any step function: how many of the thresholds x is not below. */
typedef struct {
  double threshold[255];
  size_t count;
  bool skips; /* every other code is left out */
  bool falls; /* codes descend from 15 */
  ulp_scaling scaling;
  const float *x;
  const double *wide, *factor;
} stairs;

static uint64_t stair_of(const stairs *s, double x)
{
  uint64_t code = 0;
  for (size_t i = 0; i < s->count; i++)
    code += x >= s->threshold[i];
  code = s->skips ? code / 2 * 2 : code;
  return s->falls ? 15 - code : code;
}

static uint64_t stair_of_f32(const void *context, uint32_t bits)
{
  float x;
  memcpy(&x, &bits, sizeof x);
  ck_assert(!isnan(x));
  return stair_of(context, (double)x);
}

enum { EVERY = 24 };

static uint64_t stair_at(const void *context, size_t i)
{
  const stairs *s = context;
  double factor = s->scaling == ULP_SCALED_NOT ? 1 : s->factor[i / EVERY];
  double x = s->wide ? s->wide[i] : (double)s->x[i];
  switch (s->scaling) {
  case ULP_SCALED_NOT: break;
  case ULP_SCALED_TIMES_F32: x = (double)((float)x * (float)factor); break;
  case ULP_SCALED_OVER_F32: x = (double)((float)x / (float)factor); break;
  case ULP_SCALED_TIMES_F64: x *= factor; break;
  case ULP_SCALED_OVER_F64: x /= factor; break;
  }
  return stair_of(s, x);
}

/* Thresholds anywhere, most between two f32 and some beyond all; a few close
 * to one another. */
static void build_stairs(stairs *s, size_t count, bool skips, ulp_pcg32 *g)
{
  *s = (stairs){.count = count, .skips = skips};
  for (size_t i = 0; i < count; i++) {
    uint64_t low = ulp_pcg32_next(g), bits = low | low << 32;
    memcpy(&s->threshold[i], &bits, sizeof bits);
    if (i % 5 == 1) s->threshold[i] = nextafter(s->threshold[i - 1], 0);
    if (i % 5 == 2)
      s->threshold[i] = (double)(float)(low >> 16) * 0x1p-20 - 0.03;
    if (isnan(s->threshold[i])) s->threshold[i] = 0;
  }
}

static void check_stairs(ulp_encoder *e, stairs *s, size_t n)
{
  const void *in = s->wide ? (const void *)s->wide : s->x;
  ulp_encode_job job = {.out = out, .in = in, .n = n,
                        .scaling = s->scaling, .factor = s->factor,
                        .every = EVERY, .one = stair_at, .context = s};
  for (size_t i = 0; i < n; i++)
    want[i] = (unsigned char)stair_at(s, i);
  for (size_t i = 0; ulp_isa_name(i); i++) {
    if (ulp_isa_set((ulp_isa)i) != ULP_OK) continue;
    memset(out, 0xa5, n + 1);
    ulp_encode_many(e, s->wide ? ULP_FROM_F64 : ULP_FROM_F32, &job);
    for (size_t k = 0; k <= n; k++)
      ck_assert_msg(out[k] == (k < n ? want[k] : 0xa5),
                    "%s: scaling %d, %a: %d, expected %d",
                    ulp_isa_name(i), (int)s->scaling,
                    s->wide ? s->wide[k] : (double)s->x[k], out[k], want[k]);
  }
}

START_TEST(any_steps)
{
  enum { N = 1000 };
  static float x[N];
  static double wide[N], factor[N];
  static const char *const names[] = {"nf4", "bnb_dynamic8", "e2m1",
                                      "bnb_dynamic8"};
  ulp_format book = found(names[_i / 6 % 4]);
  ulp_pcg32 g = ulp_pcg32_seed(5, (uint64_t)_i);
  ulp_rounding r = {.mode = _i % 2 ? ULP_RU : ULP_RNE};
  ulp_encoder e;
  stairs s;
  build_stairs(&s, book.bits < 8 ? 15 : _i % 4 ? 40 : 255, _i % 3 == 0, &g);
  s.falls = book.bits < 8 && _i % 5 == 0;
  ulp_encoder_make(&e, &book, &r);
  ck_assert(ulp_encoder_find_steps(&e, stair_of_f32, &s));
  for (size_t i = 0; i < N; i++) {
    double t = s.threshold[i % s.count];
    uint32_t bits = ulp_pcg32_next(&g);
    memcpy(&x[i], &bits, sizeof bits);
    if (i % 3) x[i] = nextafterf((float)t, i % 2 ? INFINITY : -INFINITY);
    wide[i] = i % 3 ? nextafter(t, i % 2 ? INFINITY : -INFINITY) : (double)x[i];
    factor[i] = (double)((float)(i % 7) * 0.3f + 0.1f);
  }
  for (int k = 0; k <= ULP_SCALED_OVER_F64; k++) {
    s.scaling = (ulp_scaling)k;
    s.factor = factor;
    s.x = x;
    s.wide = NULL;
    check_stairs(&e, &s, N - (size_t)k);
    s.wide = wide;
    if (k == 0 || k > ULP_SCALED_OVER_F32) check_stairs(&e, &s, N);
  }
}
END_TEST

/* ---- stochastic rounding ----------------------------------------------- */

/* Any bits; or of about the format's least values and below, where many
 * digits are dropped. */
static void fill_random(uint32_t *x, size_t n, ulp_pcg32 *g, bool small)
{
  for (size_t i = 0; i < n; i++) {
    x[i] = ulp_pcg32_next(g);
    if (small) x[i] = (x[i] & 0x807fffff) | (95 + x[i] % 31) << 23;
    if (i % 5 == 0) x[i] &= 0xffff0000;
  }
}

START_TEST(stochastic)
{
  static const char *const names[] = {"e4m3", "e2m1", "e5m2",  "bf16", "f16",
                                      "int8", "e8m7b130", "e4m3:nosub",
                                      "ue4m3", "nf4", "bnb_fp4", "e8m0",
                                      "bnb_dynamic8", "bnb_dynamic8u"};
  static uint32_t x[3000];
  static double y[3000];
  ulp_format f32 = found("f32"), f64 = found("f64");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    ulp_format f = found(names[i]);
    for (uint8_t bits = 0; bits <= 32; bits++)
      for (int v = 0; v < 3; v++) {
        ulp_rounding r = {.mode = ULP_SR, .sr_bits = bits, .seed = bits,
                          .sr_variant = (ulp_sr_variant)v, .stream = 9};
        ulp_pcg32 g = ulp_pcg32_seed(bits, i);
        fill_random(x, 3000, &g, bits % 2 || bits == 32);
        check_isas(&f, &f32, x, 3000, &r, (UINT64_C(1) << 40) + 7);
        for (size_t k = 0; k < 3000; k++) {
          float narrow;
          memcpy(&narrow, &x[k], sizeof narrow);
          y[k] = (double)narrow * (k % 3 ? 1 : 1.1);
        }
        check_isas(&f, &f64, y, 3000, &r, 12345);
      }
  }
}
END_TEST

/* Word and digits are equal once in 2^32 draws, and what lies below decides:
 * where a word is small it is made the digits, with one half more. */
START_TEST(equal_words)
{
  ulp_format f = found("int8"), f32 = found("f32");
  ulp_rounding r = {.mode = ULP_SR, .seed = 77};
  ulp_pcg32 g = ulp_pcg32_seed(r.seed, 0);
  int hits = 0;
  for (uint64_t i = 0; i < 1 << 22; i++) {
    uint32_t word = ulp_pcg32_next(&g);
    float x = ((float)word + 0.5f) * 0x1p-32f;
    if (word >> 16) continue;
    check_isas(&f, &f32, &x, 1, &r, i);
    hits++;
  }
  ck_assert_int_gt(hits, 20);
}
END_TEST

/* ---- codebooks by chance ----------------------------------------------- */

typedef struct {
  const ulp_encoder *e;
  const float *x;
  uint64_t index;
} chance;

static uint64_t chance_at(const void *context, size_t i)
{
  const chance *c = context;
  return ulp_encode_f32(&c->e->to, c->x[i], &c->e->r, c->index + i);
}

static void check_chance(const ulp_encoder *e, float x, uint64_t index)
{
  chance c = {e, &x, index};
  uint8_t code, expected = (uint8_t)chance_at(&c, 0);
  ulp_encode_job job = {.out = &code, .in = &x, .n = 1, .index = index,
                        .one = chance_at, .context = &c};
  for (size_t i = 0; ulp_isa_name(i); i++) {
    if (ulp_isa_set((ulp_isa)i) != ULP_OK) continue;
    ulp_encode_many(e, ULP_FROM_F32, &job);
    ck_assert_msg(code == expected, "%s: %s of %a, index %llu, sr %c%d: %d, "
                  "expected %d", ulp_isa_name(i), e->to.name, (double)x,
                  (unsigned long long)index, 'A' + (int)e->r.sr_variant,
                  e->r.sr_bits, code, expected);
  }
}

/* The digit of the fraction at which x goes up is one that x is beside: words
 * close to 2^32 and x close to 0, where f32 are closer than digits; and halves,
 * quarters, ... of a gap, whose digits are a power of two. */
static void check_digits(const ulp_encoder *e, double gap, uint64_t index,
                         uint32_t word)
{
  double digit = gap * 0x1p-32, x = digit * (0x1p32 - (double)word);
  float beside = (float)x;
  for (int i = 0; i < 6; i++, beside = nextafterf(beside, 0)) {
    check_chance(e, beside, index);
    check_chance(e, -beside, index);
  }
  for (int i = -8; i < 8; i++)
    check_chance(e, (float)(x + digit * 0.3 * i), index);
  for (int i = 1; i < 33; i++)
    check_chance(e, (float)ldexp(gap, -i), index);
}

/* The middles and quarters of all gaps. */
static void check_gaps(const ulp_encoder *e, uint64_t index)
{
  const ulp_format *f = &e->to;
  for (uint64_t a = 0; a < ulp_code_count(f); a++) {
    double low = ulp_decode(f, a), high = 2;
    for (uint64_t b = 0; b < ulp_code_count(f); b++)
      if (ulp_decode(f, b) > low) high = fmin(high, ulp_decode(f, b));
    for (int i = 1; i < 4; i++)
      check_chance(e, (float)(low + (high - low) / 4 * i), index);
  }
}

START_TEST(codebook_digits)
{
  static const char *const names[] = {"nf4", "bnb_fp4", "bnb_dynamic8",
                                      "bnb_dynamic8u"};
  static const uint8_t bits[] = {0, 1, 2, 3, 8, 30, 31, 32};
  ulp_encoder e[4 * 8 * 3];
  ulp_draws draws[4];
  double gap[4];
  int hits = 0;
  for (size_t i = 0; i < 4 * 8 * 3; i++) {
    ulp_format f = found(names[i / 24]);
    ulp_rounding r = {.mode = ULP_SR, .seed = 78, .sr_bits = bits[i / 3 % 8],
                      .sr_variant = (ulp_sr_variant)(i % 3)};
    ulp_encoder_make(&e[i], &f, &r);
    ck_assert(!e[i].fast && ulp_encoder_find_draws(&e[i], &draws[i / 24]));
    gap[i / 24] = 2;
    for (uint64_t code = 0; code < ulp_code_count(&f); code++)
      if (ulp_decode(&f, code) > 0)
        gap[i / 24] = fmin(gap[i / 24], ulp_decode(&f, code));
  }
  ulp_pcg32 g = ulp_pcg32_seed(78, 0);
  for (uint64_t index = 0; index < 1 << 21; index++) {
    uint32_t word = ulp_pcg32_next(&g);
    if (word < UINT32_C(0xffff0000) && index > 20) continue;
    for (size_t i = 0; i < 4 * 8 * 3; i++)
      check_digits(&e[i], gap[i / 24], index, word);
    for (size_t i = 0; i < 4 * 8 * 3 && index < 2; i++)
      check_gaps(&e[i], index);
    hits++;
  }
  ck_assert_int_gt(hits, 30);
}
END_TEST

/* ---- places ------------------------------------------------------------ */

START_TEST(lengths)
{
  static const char *const names[] = {"e4m3", "e2m1", "bf16", "tf32", "e3m2",
                                      "int4", "e1m1f", "binary8p3se", "int7"};
  static unsigned char room[80 * 8 + 16];
  static const char *const from[] = {"f32", "f16", "bf16", "f64"};
  ulp_pcg32 g = ulp_pcg32_seed(4, 4);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    for (size_t n = 0; n <= 70; n++)
      for (size_t s = 0; s < 4; s++) {
        ulp_format f = found(names[i]), source = found(from[s]);
        ulp_rounding r = {.mode = n % 3 ? ULP_RNE : ULP_SR, .seed = n};
        unsigned char *in = room + 1 + n % 7;
        for (size_t k = 0; k < n * source.storage_bytes; k++)
          in[k] = (unsigned char)ulp_pcg32_next(&g);
        check_isas(&f, &source, in, n, &r, n * 1001);
      }
}
END_TEST

START_TEST(packed)
{
  static const char *const names[] = {"e4m3", "e2m1", "e3m2",  "int5", "int7",
                                      "int3", "int2", "e1m1f", "nf4",
                                      "bnb_fp4"};
  static uint32_t x[9000];
  static uint8_t codes[9000], stream[9000], back[9000];
  static const size_t counts[] = {0, 8, 16, 24, 72, 4096, 4104, 8200};
  ulp_format f32 = found("f32");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    for (size_t k = 0; k < 8 * 3; k++) {
      ulp_format f = found(names[i]);
      size_t n = counts[k % 8], bytes = n / 8 * f.bits;
      ulp_rounding r = {.mode = k < 8 ? ULP_RNE : ULP_SR, .seed = k};
      ulp_pcg32 g = ulp_pcg32_seed(i, k);
      ck_assert(ulp_isa_set((ulp_isa)(k / 8)) == ULP_OK ||
                !ulp_isa_has((ulp_isa)(k / 8)));
      fill_random(x, n, &g, false);
      memset(stream, 0xa5, sizeof stream);
      ck_assert(ulp_convert(&f, codes, &f32, x, n, &r, 77) == ULP_OK);
      ck_assert(ulp_convert_packed(&f, stream, &f32, x, n, &r, 77) == ULP_OK);
      for (size_t b = 0; b < n * f.bits; b++)
        ck_assert_msg((stream[b / 8] >> b % 8 & 1) ==
                          (codes[b / f.bits] >> b % f.bits & 1),
                      "%s: bit %zu", f.name, b);
      ck_assert(stream[bytes] == 0xa5);
      memset(back, 0xa5, sizeof back);
      ck_assert(ulp_unpack_bytes(&f, back, stream, n) == ULP_OK);
      ck_assert(memcmp(back, codes, n) == 0 && back[n] == 0xa5);
      r.mode = ULP_RNE;
      expect(&f32, &f, codes, n, &r, 0);
      ck_assert(ulp_convert_unpacked(&f32, out, &f, stream, n, &r, 0) ==
                ULP_OK);
      same(&f32, &f, codes, n, &r, out);
    }
  ulp_format e3m2 = found("e3m2"), bf16 = found("bf16");
  ulp_rounding r = {0};
  ck_assert(ulp_convert_packed(&e3m2, stream, &f32, x, 6, &r, 0) ==
            ULP_EINVAL);
  ck_assert(ulp_convert_packed(&bf16, stream, &f32, x, 8, &r, 0) ==
            ULP_EINVAL);
}
END_TEST

/* Decoding: every narrow format to floats, with codes that have bits above. */
START_TEST(decoding)
{
  static const char *const to[] = {"f32", "f16", "bf16", "f64", "e5m2", "tf32"};
  static uint8_t codes[4096];
  for (size_t i = 0; i < 4096; i++)
    codes[i] = (uint8_t)(i * 7 + i / 256);
  for (size_t i = 0; i < formats; i++)
    for (size_t k = 0; k < 6; k++) {
      ulp_format f = found(to[k]);
      ulp_rounding r = {.profile = ulp_profile_row((i + k) % 6)};
      if (format[i].bits <= 8)
        check_isas(&f, &format[i], codes, i % 3 ? 300 + i : i, &r, 0);
    }
}
END_TEST

/* ---- f64 with a scale -------------------------------------------------- */

/* By 1 nothing is divided: a division quiets NaNs, and clang makes one of
 * `scale == 1 ? x : x / scale`. */
static void expect_scaled(const ulp_format *f, const ulp_format *f64, size_t n,
                          double scale, const ulp_rounding *r)
{
  for (size_t i = 0; i < n; i++) {
    ulp_exact x = scale == 1
                      ? ulp_unpack(f64, ulp_load_code(f64, near_f64, i))
                      : ulp_from_f64(near_f64[i] / scale);
    ulp_store_code(f, want, i, ulp_round_pack(f, &x, r, i + 5));
  }
}

START_TEST(scaled_doubles)
{
  static const double scales[] = {1, 0.1, 3, 0x1p-140, 0x1p200, 1e-300};
  const ulp_format f64 = found("f64");
  for (size_t i = 0; i < formats; i += 3) {
    size_t n = fill_near(&format[i]);
    n = n > 999 ? 999 : n;
    for (size_t k = 0; k < 6 * 8; k++) {
      ulp_rounding r = {.mode = (ulp_mode)(k % 8)};
      double scale = scales[k / 8];
      choose(&r, i + k);
      expect_scaled(&format[i], &f64, n, scale, &r);
      for (size_t isa = 0; ulp_isa_name(isa); isa++) {
        if (ulp_isa_set((ulp_isa)isa) != ULP_OK) continue;
        if (ulp_encode_array(&format[i], out, near_f64, n, scale, &r, 5) !=
            ULP_OK)
          ck_abort_msg("%s: refused", format[i].name);
        same(&format[i], &f64, near_f64, n, &r, out);
      }
    }
  }
}
END_TEST

START_TEST(refused)
{
  ulp_format f = found("e4m3"), f32 = found("f32");
  ulp_rounding r = {.sr_bits = 33};
  float x = 1;
  ck_assert(ulp_convert(&f, out, &f32, &x, 1, &r, 0) == ULP_EINVAL);
  ck_assert(ulp_convert_packed(&f, out, &f32, &x, 1, &r, 0) == ULP_EINVAL);
  ck_assert(ulp_convert_unpacked(&f32, out, &f, out, 1, &r, 0) == ULP_EINVAL);
}
END_TEST

#ifdef ULP_LONG
/* All 2^32 floats; the reference, once. */
START_TEST(all_floats)
{
  static const char *const names[] = {"e4m3", "e5m2", "e2m1", "e3m2",
                                      "e2m3", "f16",  "bf16"};
  static uint32_t x[MOST];
  ulp_format f = found(names[_i]), f32 = found("f32");
  ulp_rounding r = {0};
  for (uint64_t first = 0; first >> 32 == 0; first += MOST) {
    for (uint64_t i = 0; i < MOST; i++)
      x[i] = (uint32_t)(first + i);
    check_isas(&f, &f32, x, MOST, &r, first);
  }
}
END_TEST
#endif

int main(void)
{
  Suite *s = suite_create("convert");
  TCase *t = tcase_create("convert");
  list_formats();
  tcase_set_timeout(t, 0);
  tcase_add_loop_test(t, all_16_bits, 0, 2);
  tcase_add_loop_test(t, around_codes, 0, 4);
  tcase_add_test(t, every_rule);
  tcase_add_loop_test(t, codebook_steps, 0, 4 * 8);
  tcase_add_loop_test(t, any_steps, 0, 48);
  tcase_add_test(t, stochastic);
  tcase_add_test(t, equal_words);
  tcase_add_test(t, codebook_digits);
  tcase_add_test(t, lengths);
  tcase_add_test(t, packed);
  tcase_add_test(t, decoding);
  tcase_add_test(t, scaled_doubles);
  tcase_add_test(t, refused);
#ifdef ULP_LONG
  tcase_add_loop_test(t, all_floats, 0, 7);
#endif
  suite_add_tcase(s, t);
  SRunner *r = srunner_create(s);
  srunner_run_all(r, CK_ENV);
  int failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? 0 : 1;
}
