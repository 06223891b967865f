/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares what a GPU's conversions gave (the files of cvt.cu) with
 * formats/: recomputes every output that a dump holds, and the digests of
 * one block in --stride (all, without it).
 *
 *   replay_cvt [--stride N] [--only PART-OF-A-NAME] FILE...   (- is stdin)
 *
 * Prints a line for each conversion; exits 0 when all agree, 1 when some do
 * not or a file lacks a conversion, 2 when a file is malformed.  The 16-bit
 * sources are always whole.
 */
#include "cvt_expected.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3)))
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

/* ---- one record ---- */

typedef struct {
  const char *file;
  char instr[96], kind[16];
  unsigned long long inputs, count, size;
} record;

typedef struct {
  unsigned long long stride;
  const char *only;
  bool seen[CVT_ROWS]; /* in the file being read */
  size_t compared, wrong;
} replay;

/* The terms may be summed in any order; a small block is not worth waking
 * threads for. */
static uint64_t block_digest(const cvt_conversion *c, uint64_t first, int64_t n)
{
  uint64_t sum = 0;
#ifdef _OPENMP
#pragma omp parallel for reduction(+ : sum) schedule(static) if (n > 65536)
#endif
  for (int64_t j = 0; j < n; j++) {
    uint64_t i = first + (uint64_t)j;
    sum += ulp_digest_term(i, cvt_expected(c, i));
  }
  return sum;
}

static void report(const cvt_conversion *c, const char *what, size_t wrong,
                   size_t compared)
{
  printf("%-4s %-36s %zu of %zu %s differ\n", wrong ? "BAD" : "ok",
         c->r->name, wrong, compared, what);
}

static void replay_digests(replay *p, const cvt_conversion *c,
                           const record *rec, const uint64_t *digests)
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

static void replay_outputs(replay *p, const cvt_conversion *c,
                           const record *rec, const unsigned char *outputs)
{
  unsigned log2 = ulp_cvt_log2(c->r->src, c->r->lanes);
  size_t wrong = 0;
  for (uint64_t j = 0; j < rec->count; j++) {
    uint64_t i = ulp_cvt_sample(log2, j);
    uint64_t got = load(outputs + j * rec->size, rec->size);
    uint64_t want = cvt_expected(c, i);
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
static const cvt_row *find_row(const record *rec, bool is_digest)
{
  for (size_t k = 0; k < CVT_ROWS; k++) {
    const cvt_row *r = &cvt_rows[k];
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
  const cvt_row *r = find_row(rec, is_digest);
  cvt_conversion c;
  uint64_t *array;
  if (!cvt_conversion_make(&c, r))
    die("cvt_table.h", "%s: no such format or profile", r->name);
  array = malloc(rec->count * rec->size);
  p->seen[r - cvt_rows] = true;
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
  bool is_stdin = strcmp(name, "-") == 0;
  record rec = {.file = is_stdin ? "standard input" : name};
  FILE *f = is_stdin ? stdin : fopen(name, "rb");
  if (!f)
    die(name, "cannot be opened");
  memset(p->seen, 0, sizeof p->seen);
  while (read_header(f, &rec))
    replay_record(p, f, &rec);
  if (!is_stdin)
    fclose(f);
  for (size_t k = 0; k < CVT_ROWS; k++)
    if (!p->seen[k] && (!p->only || strstr(cvt_rows[k].name, p->only))) {
      printf("BAD  %-36s not in %s\n", cvt_rows[k].name, rec.file);
      p->wrong++;
    }
}

int main(int argc, char **argv)
{
  replay p = {.stride = 1};
  int k = 1;
  for (; k + 1 < argc && argv[k][0] == '-' && argv[k][1]; k += 2)
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
