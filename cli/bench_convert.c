/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_convert.c: bytes a second of conversions, on one thread, against
 * memcpy of as many bytes.
 *
 * The bytes are those of the wider side: what is read when it is encoded, what
 * is written when it is decoded.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { ELEMENTS = 1 << 24, QUICK_ELEMENTS = 1 << 16, CHECKED = 64 };

typedef struct {
  const char *from, *to;
  ulp_mode mode;
  const char *through; /* rounded to this in between; NULL: nothing */
} convert_spec;

typedef struct {
  ulp_format from, to, through;
  ulp_rounding round;
  void *in, *out, *copy;
  size_t width; /* bytes of the wider side's element */
  const bench_entry *entry;
  uint64_t *seed;
} convert_work;

/* ---- the functions that are timed --------------------------------------- */

static bool is_packed(const ulp_format *f) { return f->bits < 8; }

/* Bytes of n elements, a multiple of 8. */
static size_t bytes_of(const ulp_format *f, size_t n)
{
  return is_packed(f) ? n * f->bits / 8 : n * f->storage_bytes;
}

/* n stored elements of `from` to codes of `to`; of less than 8 bits they are
 * packed, on either side. */
static ulp_status convert(const ulp_format *to, void *out,
                          const ulp_format *from, const void *in, size_t n,
                          const ulp_rounding *r, uint64_t first)
{
  if (is_packed(from)) return ulp_convert_unpacked(to, out, from, in, n, r, first);
  return is_packed(to) ? ulp_convert_packed(to, out, from, in, n, r, first)
                       : ulp_convert(to, out, from, in, n, r, first);
}

static ulp_status pass(void *data, size_t size, int threads)
{
  const convert_work *w = data;
  (void)threads;
  if (w->through.bits)
    return ulp_round_values(&w->through, w->out, w->in, size, &w->round, 0);
  return convert(&w->to, w->out, &w->from, w->in, size, &w->round, 0);
}

static ulp_status copy_pass(void *data, size_t size, int threads)
{
  const convert_work *w = data;
  (void)threads;
  memcpy(w->copy, w->width == w->from.storage_bytes ? w->in : w->out,
         size * w->width);
  /* Nobody reads the copy: it must not be left out. */
  __asm__ volatile("" : : "r"(w->copy) : "memory");
  return ULP_OK;
}

/* ---- the check ---------------------------------------------------------- */

static uint64_t code_at(const ulp_format *f, const void *array, size_t i)
{
  if (!is_packed(f)) return ulp_load_code(f, array, i);
  uint64_t code = 0;
  for (size_t b = 0; b < f->bits; b++) {
    size_t at = i * f->bits + b;
    code |= (uint64_t)(((const uint8_t *)array)[at / 8] >> at % 8 & 1) << b;
  }
  return code;
}

static ulp_status check(void *data, size_t size, ulp_error *e)
{
  const convert_work *w = data;
  for (int c = 0; c < CHECKED; c++) {
    size_t i = bench_chance(w->seed, size);
    double x = ulp_decode(&w->from, code_at(&w->from, w->in, i));
    if (w->through.bits)
      x = ulp_decode(&w->through, ulp_encode_f64(&w->through, x, &w->round, i));
    uint64_t want = ulp_encode_f64(&w->to, x, &w->round, i);
    uint64_t ours = code_at(&w->to, w->out, i);
    if (ours != want) return bench_differs(e, w->entry->name, 0, i, ours, want);
  }
  return ULP_OK;
}

/* ---- data and cases ----------------------------------------------------- */

static ulp_status find(ulp_format *f, const char *name, ulp_error *e)
{
  char why[200];
  ulp_status s = ulp_format_find(name, f, why, sizeof why);
  return s == ULP_OK ? s : ulp_error_set(e, s, "%s", why);
}

static ulp_status make(convert_work *w, bench *b, const bench_entry *x,
                       size_t n, ulp_error *e)
{
  const convert_spec *spec = x->spec;
  *w = (convert_work){.entry = x,
                      .seed = &b->seed,
                      .round = {.mode = spec->mode,
                                .overflow = ULP_OVERFLOW_SATURATE,
                                .sr_bits = 16}};
  ulp_status s = find(&w->from, spec->from, e);
  if (s == ULP_OK) s = find(&w->to, spec->to, e);
  if (s == ULP_OK && spec->through) s = find(&w->through, spec->through, e);
  if (s == ULP_OK)
    s = bench_codes(b, &w->in, &w->from, 1, n, BENCH_NORMAL, 1, e);
  if (s != ULP_OK) return s;
  if (is_packed(&w->from)) { /* in place: element i is at or before byte i */
    uint8_t *codes = w->in;
    s = ulp_pack(&w->from, codes, codes, n);
  }
  size_t from = w->from.storage_bytes, to = w->to.storage_bytes;
  w->width = from > to ? from : to;
  w->out = malloc(n * to + 64);
  w->copy = malloc(n * w->width + 64);
  if (!w->out || !w->copy) return cli_no_memory(e);
  memset(w->out, 0xa5, n * to);
  memset(w->copy, 0xa5, n * w->width);
  return s;
}

static void release(convert_work *w)
{
  free(w->in);
  free(w->out);
  free(w->copy);
}

static bench_case make_case(const bench_entry *x, convert_work *w, size_t n)
{
  return (bench_case){.entry = x,
                      .data = bench_data_name(BENCH_NORMAL),
                      .shape = "%zu",
                      .size = n,
                      .grain = 1 << 14,
                      .units = (double)w->width,
                      .bytes = (double)(bytes_of(&w->from, 8) +
                                        bytes_of(&w->to, 8)) / 8,
                      .threads = 1,
                      .ours = {NULL, pass, w, bench_best_isa()},
                      .check = check};
}

static ulp_status run(bench *b, const bench_entry *x, ulp_error *e)
{
  size_t n = b->quick ? QUICK_ELEMENTS : ELEMENTS;
  convert_work w;
  ulp_status s = make(&w, b, x, n, e);
  if (s == ULP_OK) {
    bench_case c = make_case(x, &w, n);
    c.ceiling = (bench_side){"memcpy", copy_pass, &w, bench_best_isa()};
    s = bench_measure(b, &c, e);
  }
  release(&w);
  return s;
}

static ulp_status run_isa(bench *b, const bench_entry *x, ulp_error *e)
{
  size_t n = b->quick ? QUICK_ELEMENTS : ELEMENTS;
  convert_work w, best = {0};
  ulp_status s = make(&w, b, x, n, e);
  if (s == ULP_OK) s = make(&best, b, x, n, e);
  bench_case c = make_case(x, &w, n);
  c.ceiling = (bench_side){ulp_isa_name(bench_best_isa()), pass, &best,
                           bench_best_isa()};
  for (size_t i = 0; s == ULP_OK && i < bench_best_isa(); i++) {
    c.ours.isa = (ulp_isa)i;
    if (ulp_isa_has((ulp_isa)i)) s = bench_measure(b, &c, e);
  }
  release(&w);
  release(&best);
  return s;
}

#define CONVERT(NAME, FROM, TO, MODE, WHAT)                                    \
  {NAME, "convert", "bytes/s", "memcpy of as many bytes", WHAT, run,           \
   &(const convert_spec){FROM, TO, MODE, NULL}}
#define ENCODE(NAME, TO, WHAT) CONVERT(NAME, "f32", TO, ULP_RNE, WHAT)
#define DECODE(NAME, FROM, WHAT) CONVERT(NAME, FROM, "f32", ULP_RNE, WHAT)

const bench_entry bench_converts[] = {
    ENCODE("to-e4m3", "e4m3", "f32 to E4M3"),
    ENCODE("to-e5m2", "e5m2", "f32 to E5M2"),
    ENCODE("to-e2m1", "e2m1", "f32 to E2M1, packed"),
    ENCODE("to-e3m2", "e3m2", "f32 to E3M2, packed"),
    ENCODE("to-e3m4", "e3m4fn", "f32 to a format of no table: e3m4fn"),
    ENCODE("to-e6m5", "e6m5fn", "f32 to one of more than 8 bits: e6m5fn"),
    ENCODE("to-int8", "int8", "f32 to INT8"),
    ENCODE("to-f16", "f16", "f32 to f16"),
    ENCODE("to-bf16", "bf16", "f32 to BF16"),
    ENCODE("to-e8m0", "e8m0", "f32 to E8M0"),
    ENCODE("to-nf4", "nf4", "f32 to NF4, packed"),
    ENCODE("to-bnb-fp4", "bnb_fp4", "f32 to bitsandbytes' FP4, packed"),
    ENCODE("to-dynamic8", "bnb_dynamic8", "f32 to bitsandbytes' 8-bit map"),
    CONVERT("bf16-to-e4m3", "bf16", "e4m3", ULP_RNE, "BF16 to E4M3"),
    CONVERT("f16-to-e4m3", "f16", "e4m3", ULP_RNE, "f16 to E4M3"),
    CONVERT("bf16-to-nf4", "bf16", "nf4", ULP_RNE, "BF16 to NF4, packed"),
    CONVERT("to-e4m3-rtz", "f32", "e4m3", ULP_RTZ, "f32 to E4M3, toward zero"),
    CONVERT("sr-e4m3", "f32", "e4m3", ULP_SR, "f32 to E4M3, stochastic"),
    CONVERT("sr-e2m1", "f32", "e2m1", ULP_SR, "f32 to packed E2M1, stochastic"),
    CONVERT("sr-nf4", "f32", "nf4", ULP_SR, "f32 to packed NF4, stochastic"),
    CONVERT("sr-dynamic8", "f32", "bnb_dynamic8", ULP_SR,
            "f32 to bitsandbytes' 8-bit map, stochastic"),
    CONVERT("sr-bf16", "f32", "bf16", ULP_SR, "f32 to BF16, stochastic"),
    DECODE("from-e4m3", "e4m3", "E4M3 to f32"),
    DECODE("from-e5m2", "e5m2", "E5M2 to f32"),
    DECODE("from-e2m1", "e2m1", "packed E2M1 to f32"),
    DECODE("from-nf4", "nf4", "packed NF4 to f32"),
    DECODE("from-e3m4", "e3m4fn", "a format of no table, e3m4fn, to f32"),
    DECODE("from-f16", "f16", "f16 to f32"),
    DECODE("from-bf16", "bf16", "BF16 to f32"),
    {"round-e4m3", "convert", "bytes/s", "memcpy of as many bytes",
     "f32 rounded to values of E4M3, as f32", run,
     &(const convert_spec){"f32", "f32", ULP_RNE, "e4m3"}},
    {0}};

#define ISA(NAME, FROM, TO, MODE)                                              \
  {NAME, "isa", "bytes/s", "the best instructions here, the same kernel",      \
   "each other set of instructions", run_isa,                                  \
   &(const convert_spec){FROM, TO, MODE, NULL}}

const bench_entry bench_convert_isas[] = {
    ISA("isa-to-e4m3", "f32", "e4m3", ULP_RNE),
    ISA("isa-to-e2m1", "f32", "e2m1", ULP_RNE),
    ISA("isa-sr-e4m3", "f32", "e4m3", ULP_SR),
    ISA("isa-to-nf4", "f32", "nf4", ULP_RNE),
    ISA("isa-to-dynamic8", "f32", "bnb_dynamic8", ULP_RNE),
    ISA("isa-from-e4m3", "e4m3", "f32", ULP_RNE),
    {0}};
