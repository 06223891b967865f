/* SPDX-License-Identifier: MIT
 *
 * From the names of a GPU and of an instruction to a record.
 */
#include "emu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "why.h"

/* ---- GPUs -------------------------------------------------------------- */

static const struct {
  const char *arch, *products;
} gpus[] = {
    {"sm_70", "v100 volta"},
    {"sm_75", "t4 rtx2080 turing"},
    {"sm_80", "a100 a30 ampere"},
    {"sm_86", "a10 a40 rtx3090"},
    {"sm_89", "l4 l40 l40s rtx4090 ada"},
    {"sm_90", "h200 h100 gh200 h20 hopper"},
    {"sm_100", "b200 b100 gb200 blackwell"},
    {"sm_120", "rtx5090 rtxpro6000"},
};
enum { GPU_COUNT = sizeof gpus / sizeof gpus[0] };

const char *ulp_gpu_name(size_t i) { return i < GPU_COUNT ? gpus[i].arch : NULL; }

const char *ulp_gpu_products(size_t i)
{
  return i < GPU_COUNT ? gpus[i].products : NULL;
}

/* Whether `word` of n characters is one of the words of list. */
static bool in_list(const char *list, const char *separators, const char *word,
                    size_t n)
{
  while (*list) {
    size_t len = strcspn(list, separators);
    if (len == n && strncasecmp(list, word, n) == 0)
      return true;
    list += len + (list[len] != '\0');
  }
  return false;
}

const char *ulp_gpu_find(const char *name)
{
  for (size_t i = 0; i < GPU_COUNT; i++)
    if (strcasecmp(name, gpus[i].arch) == 0 ||
        in_list(gpus[i].products, " ", name, strlen(name)))
      return gpus[i].arch;
  return NULL;
}

/* ---- instruction names ---------------------------------------------------- */

enum { MAX_TYPES = 4, TYPE_SIZE = 8, KIND_SIZE = 12 };

typedef struct {
  char kind[KIND_SIZE]; /* "mma", "wgmma", with ".sp" */
  int m, n, k;
  char type[MAX_TYPES][TYPE_SIZE]; /* D A B [C] */
  int types;
  bool satfinite;
} request;

static bool is_word(const char *s, size_t n, const char *word)
{
  return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

/* Words of the full spelling that change nothing here. */
static bool is_filler(const char *s, size_t n)
{
  return in_list("sync aligned mma_async row col", " ", s, n);
}

static bool read_shape(const char *s, request *q)
{
  int used = 0;
  return sscanf(s, "m%4dn%4dk%4d%n", &q->m, &q->n, &q->k, &used) == 3 &&
         (s[used] == '.' || s[used] == '\0');
}

static bool read_word(const char *s, size_t n, request *q)
{
  if (is_filler(s, n))
    return true;
  if (is_word(s, n, "sp")) {
    if (strlen(q->kind) + 4 > KIND_SIZE)
      return false;
    strcat(q->kind, ".sp");
  } else if (is_word(s, n, "satfinite")) {
    q->satfinite = true;
  } else if (q->m == 0) {
    return read_shape(s, q);
  } else {
    if (q->types == MAX_TYPES || n >= TYPE_SIZE)
      return false;
    for (size_t i = 0; i < n; i++)
      q->type[q->types][i] = (char)(s[i] | 0x20);
    q->type[q->types++][n] = '\0';
  }
  return true;
}

static bool parse(const char *instr, request *q)
{
  size_t n = strcspn(instr, ".");
  memset(q, 0, sizeof *q);
  if (!is_word(instr, n, "mma") && !is_word(instr, n, "wgmma"))
    return false;
  memcpy(q->kind, n == 3 ? "mma" : "wgmma", n);
  for (const char *s = instr + n; *s; s += n) {
    s++;
    n = strcspn(s, ".");
    if (n == 0 || !read_word(s, n, q))
      return false;
  }
  return q->m > 0 && q->types >= 3;
}

/* ---- the look-up -------------------------------------------------------------- */

static const ulp_format s32 = {.name = "int32",
                               .aliases = "s32",
                               .source = "two's complement",
                               .kind = ULP_INTEGER,
                               .bits = 32,
                               .storage_bytes = 4,
                               .is_signed = true,
                               .zero = ULP_ZERO_UNSIGNED,
                               .max_code = INT32_MAX};

static bool resolve(const char *type, ulp_format *out)
{
  if (strcmp(type, "s32") == 0) {
    *out = s32;
    return true;
  }
  return ulp_format_find(type, out, NULL, 0) == ULP_OK;
}

static bool type_fits(const char *list, const char *type)
{
  return in_list(list, "|", type, strlen(type));
}

static bool matches(const ulp_mma_record *r, const char *arch,
                    const request *q)
{
  bool n_fits = r->n ? r->n == q->n : q->n >= 8 && q->n <= 256 && q->n % 8 == 0;
  const char *c = q->types == 4 ? q->type[3] : q->type[0];
  return strcmp(r->arch, arch) == 0 && strcmp(r->instr, q->kind) == 0 &&
         r->m == q->m && n_fits && r->k == q->k && type_fits(r->d, q->type[0]) &&
         type_fits(r->a, q->type[1]) && type_fits(r->b, q->type[2]) &&
         type_fits(r->c, c);
}

static bool fill(ulp_mma *m, const ulp_mma_record *r, const request *q)
{
  const char *acc = r->acc ? r->acc : "f32";
  m->record = r;
  m->m = q->m;
  m->n = q->n;
  m->k = r->sparse ? q->k / 2 : q->k;
  m->satfinite = q->satfinite;
  if (!resolve(q->type[0], &m->d) || !resolve(q->type[1], &m->a) ||
      !resolve(q->type[2], &m->b) ||
      !resolve(q->types == 4 ? q->type[3] : q->type[0], &m->c) ||
      !resolve(acc, &m->acc))
    return false;
  m->operand_a = m->a;
  m->operand_b = m->b;
  return !r->convert ||
         (resolve(r->convert, &m->operand_a) &&
          resolve(r->convert, &m->operand_b));
}

ulp_status ulp_mma_find(const char *gpu, const char *instr, ulp_mma *out,
                        char *why, size_t why_size)
{
  const char *arch = ulp_gpu_find(gpu);
  request q;
  ulp_mma found;
  if (!arch) {
    const char *near = ulp_nearest(gpu, ulp_gpu_name);
    (void)snprintf(why, why_size, "unknown GPU '%.40s'%s%s%s; see 'ulplab gpus'",
                   gpu, near ? ", did you mean '" : "", near ? near : "",
                   near ? "'?" : "");
    ulp_one_line(why, why_size);
    return ULP_ENAME;
  }
  if (!parse(instr, &q)) {
    (void)snprintf(why, why_size,
                   "instruction '%.80s': expected PTX's spelling, as in "
                   "mma.m16n8k16.f32.f16.f16.f32 or "
                   "wgmma.m64n64k32.f32.e4m3.e4m3",
                   instr);
    ulp_one_line(why, why_size);
    return ULP_EINVAL;
  }
  for (size_t i = 0; i < ulp_mma_count(); i++)
    if (matches(ulp_mma_row(i), arch, &q) && fill(&found, ulp_mma_row(i), &q)) {
      *out = found;
      return ULP_OK;
    }
  (void)snprintf(why, why_size,
                 "%s has no record of instruction '%.80s'; see 'ulplab gpus'",
                 arch, instr);
  ulp_one_line(why, why_size);
  return ULP_ENAME;
}
