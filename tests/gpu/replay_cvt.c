/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares what a GPU's conversions gave (the files of cvt.cu) with
 * formats/: recomputes every output that a dump holds, and the digests of
 * one block in --stride (all, without it).
 *
 *   replay_cvt [--stride N] [--only PART-OF-A-NAME] FILE...
 *
 * Prints a line for each conversion; exits 0 when all agree, 1 when some do
 * not, 2 when a file is malformed.  The 16-bit sources are always whole.
 */
#include "formats.h"

#include "cvt_row.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the modifier of an instruction does beside rounding. */
typedef enum { AFTER_NONE, AFTER_RELU, AFTER_SAT, AFTER_FTZ, AFTER_NAN_HIGH }
  after_rule;

typedef struct {
  const char *name, *source, *result, *profile;
  int src, lanes, dst;
  ulp_mode mode;
  ulp_overflow overflow;
  after_rule after;
} row;

#define ROW(NAME, SRC, LANES, DST, MODE, OVERFLOW, PROFILE, AFTER)            \
  {NAME,           #SRC,         #DST, #PROFILE,                              \
   CVT_SRC_##SRC,  LANES,        CVT_DST_##DST,                               \
   ULP_##MODE,     ULP_OVERFLOW_##OVERFLOW, AFTER_##AFTER},
#define PTX(NAME, REGS, ...) ROW(NAME, __VA_ARGS__)
#define FN(NAME, CALL, ...) ROW(NAME, __VA_ARGS__)
static const row table[] = {
#include "cvt_table.h"
};
enum { rows = sizeof table / sizeof table[0] };

/* Formats and profiles that only these conversions know. */
#define INTEGER(NAME, BITS, SIGNED)                                 \
  {.name = NAME, .aliases = "", .source = "PTX ISA",                \
   .kind = ULP_INTEGER, .bits = BITS, .is_signed = SIGNED,          \
   .zero = ULP_ZERO_UNSIGNED, .storage_bytes = (BITS) / 8,          \
   .max_code = (UINT64_C(1) << ((BITS) - (SIGNED))) - 1}
static const ulp_format integers[] = {
    INTEGER("s16", 16, 1), INTEGER("u16", 16, 0),
    INTEGER("s32", 32, 1), INTEGER("u32", 32, 0)};

/* __nv_cvt_double_to_fp8 keeps a NaN's sign and payload; everything else of
 * cuda_fp8.hpp drops them. */
static const ulp_profile local_profiles[] = {
    {.name = "cuda_double",
     .source = "CUDA 13.0 cuda_fp8.hpp, __nv_cvt_double_to_fp8",
     .overflow_narrow = ULP_OVERFLOW_SATURATE,
     .overflow_wide = ULP_OVERFLOW_IEEE,
     .nan = ULP_NAN_QUIET,
     .nonan = ULP_NONAN_MAX,
     .inf_is_overflow = true,
     .no_inf_is_nan = true,
     .magnitude_if_unsigned = true}};

typedef struct {
  const row *r;
  ulp_format source, result;
  ulp_rounding rounding;
} conversion;

static void die(const char *file, const char *format, ...)
{
  va_list args;
  fprintf(stderr, "replay_cvt: %s: ", file);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(2);
}

static ulp_format find_format(const char *name)
{
  ulp_format f;
  char why[160];
  for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++)
    if (strcmp(integers[i].name, name) == 0)
      return integers[i];
  if (ulp_format_find(name, &f, why, sizeof why) != ULP_OK)
    die("cvt_table.h", "%s", why);
  return f;
}

static const ulp_profile *find_profile(const char *name)
{
  const ulp_profile *p;
  for (size_t i = 0; i < sizeof local_profiles / sizeof local_profiles[0]; i++)
    if (strcmp(local_profiles[i].name, name) == 0)
      return &local_profiles[i];
  if (ulp_profile_find(name, &p) != ULP_OK)
    die("cvt_table.h", "no profile '%s'", name);
  return p;
}

static conversion make_conversion(const row *r)
{
  return (conversion){.r = r,
                      .source = find_format(r->source),
                      .result = find_format(r->result),
                      .rounding = {.mode = r->mode,
                                   .overflow = r->overflow,
                                   .profile = find_profile(r->profile)}};
}

/* ---- one output ---- */

static bool subnormal(const ulp_format *f, uint64_t code)
{
  return ulp_unpack(f, code).cls == ULP_CLASS_SUBNORMAL;
}

/* .relu: negative results, -0 with them, become +0.  .sat: to [0, 1], NaN to
 * +0.  .ftz: f32 subnormals, read or written, become zeros. */
static uint64_t finish(const conversion *c, const ulp_exact *x, uint64_t code)
{
  const ulp_format *f = &c->result;
  uint64_t sign = f->is_signed ? UINT64_C(1) << (f->bits - 1) : 0;
  uint64_t one;
  switch (c->r->after) {
  case AFTER_RELU:
    return code & sign && x->cls != ULP_CLASS_NAN ? 0 : code;
  case AFTER_SAT:
    one = (uint64_t)f->bias << f->man_bits;
    if (x->cls == ULP_CLASS_NAN || code & sign)
      return 0;
    return code > one ? one : code;
  case AFTER_FTZ:
    return f->bits == 32 && subnormal(f, code) ? code & sign : code;
  case AFTER_NAN_HIGH:
    return x->cls == ULP_CLASS_NAN ? UINT64_C(1) << (f->bits - 1) : code;
  case AFTER_NONE: break;
  }
  return code;
}

static uint64_t lane(const conversion *c, uint64_t code)
{
  ulp_exact x = ulp_unpack(&c->source, code);
  if (c->r->after == AFTER_FTZ && c->source.bits == 32 &&
      x.cls == ULP_CLASS_SUBNORMAL)
    x.significand = 0;
  code = ulp_round_pack(&c->result, &x, &c->rounding, 0);
  return finish(c, &x, code) << c->result.storage_shift;
}

static uint64_t expected(const conversion *c, uint64_t i)
{
  const row *r = c->r;
  uint64_t low = i, high = i ^ 1;
  if (ulp_cvt_packed(r->src, r->lanes)) {
    low = i & ((UINT64_C(1) << r->src) - 1);
    high = i >> r->src;
  } else if (r->src == 64) {
    low = ulp_cvt_f64(i);
    high = ulp_cvt_f64(i ^ 1);
  }
  if (r->lanes == 1)
    return lane(c, low);
  return lane(c, low) | lane(c, high) << r->dst;
}

/* ---- one record ---- */

typedef struct {
  const char *file;
  char instr[96], kind[16];
  unsigned long long inputs, count, size;
} record;

typedef struct {
  unsigned long long stride;
  const char *only;
  size_t compared, wrong;
} replay;

/* The digests of all blocks are independent, and the terms of one may be
 * summed in any order. */
static uint64_t block_digest(const conversion *c, uint64_t first, int64_t n)
{
  uint64_t sum = 0;
#ifdef _OPENMP
#pragma omp parallel for reduction(+ : sum) schedule(static)
#endif
  for (int64_t j = 0; j < n; j++) {
    uint64_t i = first + (uint64_t)j;
    sum += ulp_digest_term(i, expected(c, i));
  }
  return sum;
}

static void report(const conversion *c, const char *what, size_t wrong,
                   size_t compared)
{
  printf("%-4s %-36s %zu of %zu %s differ\n", wrong ? "BAD" : "ok",
         c->r->name, wrong, compared, what);
}

static void replay_digests(replay *p, const conversion *c, const record *rec,
                           const uint64_t *digests)
{
  unsigned log2 = ulp_cvt_log2(c->r->src, c->r->lanes);
  unsigned block = ulp_cvt_block(log2);
  uint64_t stride = p->stride >> (20 - block);
  uint64_t phase = 0;
  size_t wrong = 0, compared = 0;
  for (const char *s = c->r->name; *s; s++)
    phase = ulp_mix64(phase + (unsigned char)*s);
  stride = stride < 1 ? 1 : stride > rec->count ? rec->count : stride;
  for (uint64_t b = phase % stride; b < rec->count; b += stride) {
    uint64_t sum = block_digest(c, b << block, INT64_C(1) << block);
    if (sum != digests[b] && wrong++ < 4)
      printf("     inputs %" PRIx64 " to %" PRIx64 "\n", b << block,
             ((b + 1) << block) - 1);
    compared++;
  }
  report(c, "digests", wrong, compared);
  p->compared += compared << block;
  p->wrong += wrong;
}

static uint64_t load(const unsigned char *p, unsigned long long bytes)
{
  uint64_t x = 0;
  for (unsigned long long k = 0; k < bytes; k++)
    x |= (uint64_t)p[k] << 8 * k;
  return x;
}

static void replay_outputs(replay *p, const conversion *c, const record *rec,
                           const unsigned char *outputs)
{
  unsigned log2 = ulp_cvt_log2(c->r->src, c->r->lanes);
  size_t wrong = 0;
  for (uint64_t j = 0; j < rec->count; j++) {
    uint64_t i = ulp_cvt_sample(log2, j);
    uint64_t got = load(outputs + j * rec->size, rec->size);
    uint64_t want = expected(c, i);
    if (got != want && wrong++ < 8)
      printf("     input %" PRIx64 ": the GPU gave %" PRIx64
             ", expected %" PRIx64 "\n",
             ulp_cvt_input(c->r->src, c->r->lanes, i), got, want);
  }
  report(c, "outputs", wrong, rec->count);
  p->compared += rec->count;
  p->wrong += wrong;
}

/* Reads a text header; false at the end of the file. */
static bool read_header(FILE *f, record *rec)
{
  char line[256], key[32];
  bool begun = false;
  while (fgets(line, sizeof line, f)) {
    if (!begun && strcmp(line, "ulplab-cvt 1\n") != 0)
      die(rec->file, "expected a record that begins 'ulplab-cvt 1'");
    begun = true;
    if (strcmp(line, "end\n") == 0)
      return true;
    if (sscanf(line, "%31s", key) != 1)
      die(rec->file, "an empty line in a header");
    if (strcmp(key, "instr") == 0)
      (void)sscanf(line, "instr %95s", rec->instr);
    else if (strcmp(key, "inputs") == 0)
      (void)sscanf(line, "inputs %llu", &rec->inputs);
    else if (strcmp(key, "array") == 0)
      (void)sscanf(line, "array %15s %llu %llu", rec->kind, &rec->count,
                   &rec->size);
  }
  if (begun)
    die(rec->file, "the file ends in a header");
  return false;
}

/* The row that a record belongs to, once its sizes are those of the row. */
static const row *find_row(const record *rec, bool is_digest)
{
  for (size_t k = 0; k < rows; k++) {
    const row *r = &table[k];
    unsigned log2 = ulp_cvt_log2(r->src, r->lanes);
    unsigned count = is_digest ? log2 - ulp_cvt_block(log2)
                               : ulp_cvt_samples(log2);
    unsigned size = is_digest ? 8 : ulp_cvt_bytes(r->dst, r->lanes);
    if (strcmp(r->name, rec->instr) != 0)
      continue;
    if (rec->inputs != 1ull << log2 || rec->count != 1ull << count ||
        rec->size != size)
      die(rec->file, "%s: expected %llu inputs, an array of %llu times %u",
          r->name, 1ull << log2, 1ull << count, size);
    return r;
  }
  die(rec->file, "unknown conversion '%s'", rec->instr);
  return NULL;
}

static void replay_record(replay *p, FILE *f, const record *rec)
{
  bool is_digest = strcmp(rec->kind, "digests") == 0;
  const row *r = find_row(rec, is_digest);
  conversion c = make_conversion(r);
  uint64_t *array = malloc(rec->count * rec->size);
  if (!array)
    die(rec->file, "out of memory");
  if (fread(array, rec->size, rec->count, f) != rec->count)
    die(rec->file, "%s: the file ends in its array", r->name);
  if (p->only && !strstr(r->name, p->only))
    ;
  else if (is_digest)
    replay_digests(p, &c, rec, array);
  else
    replay_outputs(p, &c, rec, (const unsigned char *)array);
  free(array);
}

static void replay_file(replay *p, const char *name)
{
  record rec = {.file = name};
  FILE *f = fopen(name, "rb");
  if (!f)
    die(name, "cannot be opened");
  while (read_header(f, &rec))
    replay_record(p, f, &rec);
  fclose(f);
}

int main(int argc, char **argv)
{
  replay p = {.stride = 1};
  int k = 1;
  for (; k + 1 < argc && argv[k][0] == '-'; k += 2)
    if (strcmp(argv[k], "--stride") == 0)
      p.stride = strtoull(argv[k + 1], NULL, 10);
    else if (strcmp(argv[k], "--only") == 0)
      p.only = argv[k + 1];
    else
      die(argv[k], "unknown option");
  if (k == argc || p.stride == 0) {
    fprintf(stderr, "usage: replay_cvt [--stride N] [--only PART] FILE...\n");
    return 2;
  }
  for (; k < argc; k++)
    replay_file(&p, argv[k]);
  printf("%zu outputs compared, %zu digests or outputs differ\n", p.compared,
         p.wrong);
  return p.wrong != 0;
}
