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
    {"sm_86", "a2 a10 a40 rtx3090"},
    {"sm_89", "l4 l40 l40s rtx4090 ada"},
    {"sm_90", "h200 h100 gh200 h20 hopper"},
    {"sm_100", "b200 b100 gb200 blackwell"},
    {"sm_120", "rtx5090 rtxpro6000"},
    {"cdna1", "mi100 gfx908"},
    {"cdna2", "mi210 mi250 mi250x gfx90a"},
    {"cdna3", "mi300a mi300x mi325x gfx942"},
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

enum { MAX_TYPES = 4, TYPE_SIZE = 8, KIND_SIZE = 24 };

typedef struct {
  const char *whole;    /* AMD's name, or NULL */
  char kind[KIND_SIZE]; /* "mma", "wgmma", with ".sp", ".xor.popc", ... */
  int m, n, k;
  char type[MAX_TYPES][TYPE_SIZE]; /* D A B [C] */
  int types;
  char ptx_kind[TYPE_SIZE + 4], scale[TYPE_SIZE]; /* or "" */
  int scales, scale_block; /* scale_vec::4X, block16; or 0 */
  bool satfinite;
} request;

static bool is_word(const char *s, size_t n, const char *word)
{
  return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

/* Words of the full spelling that change nothing here. */
static bool is_filler(const char *s, size_t n)
{
  return in_list("sync aligned mma mma_async row col cta_group::1", " ", s, n);
}

static bool read_shape(const char *s, request *q)
{
  int used = 0;
  return sscanf(s, "m%4dn%4dk%4d%n", &q->m, &q->n, &q->k, &used) == 3 &&
         (s[used] == '.' || s[used] == '\0');
}

static bool starts(const char *s, size_t n, const char *prefix)
{
  return n > strlen(prefix) && strncasecmp(s, prefix, strlen(prefix)) == 0;
}

/* A word in lower case, to out. */
static bool copy_word(const char *s, size_t n, char *out, size_t size)
{
  if (n >= size)
    return false;
  for (size_t i = 0; i < n; i++)
    out[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] | 0x20 : s[i]);
  out[n] = '\0';
  return true;
}

/* Words that name another instruction. */
static bool is_extension(const char *s, size_t n)
{
  return in_list("sp block_scale and xor popc", " ", s, n);
}

static bool extend(request *q, const char *s, size_t n)
{
  size_t used = strlen(q->kind);
  q->kind[used] = '.';
  return used + 2 < KIND_SIZE &&
         copy_word(s, n, q->kind + used + 1, KIND_SIZE - used - 1);
}

static bool read_word(const char *s, size_t n, request *q)
{
  if (is_filler(s, n))
    return true;
  if (is_extension(s, n))
    return extend(q, s, n);
  if (starts(s, n, "kind::"))
    return copy_word(s + 6, n - 6, q->ptx_kind, sizeof q->ptx_kind);
  if (starts(s, n, "scale_vec::"))
    return sscanf(s + 11, "%1d", &q->scales) == 1 && n == 13;
  if (starts(s, n, "block"))
    return sscanf(s + 5, "%2d", &q->scale_block) == 1 && n == 7;
  if (is_word(s, n, "satfinite"))
    return q->satfinite = true;
  if (q->m == 0)
    return read_shape(s, q);
  if (starts(s, n, "ue"))
    return copy_word(s, n, q->scale, sizeof q->scale);
  return q->types < MAX_TYPES &&
         copy_word(s, n, q->type[q->types++], TYPE_SIZE);
}

static bool parse(const char *instr, request *q)
{
  size_t n = strcspn(instr, ".");
  memset(q, 0, sizeof *q);
  if (starts(instr, n, "v_mfma_")) {
    q->whole = instr;
    return true;
  }
  if (!in_list("mma wgmma tcgen05", " ", instr, n))
    return false;
  (void)copy_word(instr, n, q->kind, KIND_SIZE);
  for (const char *s = instr + n; *s; s += n) {
    s++;
    n = strcspn(s, ".");
    if (n == 0 || !read_word(s, n, q))
      return false;
  }
  return q->m > 0 && q->types >= 3;
}

/* ---- the look-up -------------------------------------------------------------- */

/* What an array of bits holds; formats.h knows none of less than two bits. */
static const ulp_format one_bit = {.name = "b1",
                                   .aliases = "",
                                   .source = "PTX ISA, mma: .b1",
                                   .kind = ULP_INTEGER,
                                   .bits = 1,
                                   .zero = ULP_ZERO_UNSIGNED,
                                   .storage_bytes = 1,
                                   .max_code = 1};

static bool resolve(const char *type, ulp_format *out)
{
  if (strcmp(type, one_bit.name) == 0) {
    *out = one_bit;
    return true;
  }
  if (strcmp(type, "ue4m3") == 0) /* without the sign, which is not read */
    type = "e4m3";
  return ulp_format_find(type, out, NULL, 0) == ULP_OK;
}

static bool type_fits(const char *list, const char *type)
{
  return in_list(list, "|", type, strlen(type));
}

static bool scale_fits(const ulp_mma_record *r, const request *q)
{
  if (!r->scale)
    return !*q->scale && !q->scales && !q->scale_block;
  return (!*q->scale || type_fits(r->scale, q->scale)) &&
         (!q->scales || q->scales == r->k / r->scale_block) &&
         (!q->scale_block || q->scale_block == r->scale_block);
}

static bool shape_fits(const ulp_mma_record *r, const request *q)
{
  bool m = r->m ? r->m == q->m : q->m == 64 || q->m == 128;
  bool n = r->n ? r->n == q->n : q->n >= 8 && q->n <= 256 && q->n % 8 == 0;
  return m && n && r->k == q->k;
}

static bool matches(const ulp_mma_record *r, const char *arch,
                    const request *q)
{
  const char *c = q->types == 4 ? q->type[3] : q->type[0];
  if (strcmp(r->arch, arch) != 0)
    return false;
  if (q->whole)
    return strcasecmp(r->instr, q->whole) == 0;
  return strcmp(r->instr, q->kind) == 0 && shape_fits(r, q) &&
         type_fits(r->d, q->type[0]) && type_fits(r->a, q->type[1]) &&
         type_fits(r->b, q->type[2]) && type_fits(r->c, c) &&
         (!*q->ptx_kind || (r->ptx_kind && !strcmp(r->ptx_kind, q->ptx_kind))) &&
         scale_fits(r, q);
}

static bool fill_scale(ulp_mma *m, const ulp_mma_record *r, const request *q)
{
  char first[TYPE_SIZE];
  m->scales = 0;
  if (!r->scale)
    return true;
  m->scales = r->k / r->scale_block;
  return copy_word(r->scale, strcspn(r->scale, "|"), first, sizeof first) &&
         resolve(*q->scale ? q->scale : first, &m->scale);
}

/* AMD's names leave the types to the record. */
static bool fill_types(ulp_mma *m, const ulp_mma_record *r, const request *q)
{
  if (q->whole)
    return resolve(r->d, &m->d) && resolve(r->a, &m->a) &&
           resolve(r->b, &m->b) && resolve(r->c, &m->c);
  return resolve(q->type[0], &m->d) && resolve(q->type[1], &m->a) &&
         resolve(q->type[2], &m->b) &&
         resolve(q->types == 4 ? q->type[3] : q->type[0], &m->c);
}

static bool fill(ulp_mma *m, const ulp_mma_record *r, const request *q)
{
  m->record = r;
  m->m = q->whole ? r->m : q->m;
  m->n = q->whole ? r->n : q->n;
  m->k = r->sparse ? r->k / 2 : r->k;
  m->satfinite = q->satfinite;
  if (!fill_types(m, r, q) || !fill_scale(m, r, q) ||
      !resolve(r->acc ? r->acc : "f32", &m->acc))
    return false;
  m->operand_a = m->a;
  m->operand_b = m->b;
  return !r->convert ||
         (resolve(r->convert, &m->operand_a) &&
          resolve(r->convert, &m->operand_b));
}

/* The i-th word of a list, or its last. */
static const char *word_of(const char *list, int i, char out[TYPE_SIZE + 8])
{
  while (i-- > 0 && strchr(list, '|'))
    list = strchr(list, '|') + 1;
  (void)copy_word(list, strcspn(list, "|"), out, TYPE_SIZE + 8);
  return out;
}

void ulp_mma_row_name(const ulp_mma_record *r, int a, int b, int c, char *out,
                      size_t size)
{
  char x[TYPE_SIZE + 8], y[TYPE_SIZE + 8], z[TYPE_SIZE + 8], last[TYPE_SIZE + 8];
  bool kind = r->ptx_kind != NULL;
  if (r->m && r->n && strncmp(r->instr, "v_", 2) == 0) {
    (void)snprintf(out, size, "%s", r->instr);
    return;
  }
  (void)snprintf(out, size, "%s.m%dn%dk%d%s%s", r->instr, r->m ? r->m : 128,
                 r->n ? r->n : 8, r->k, kind ? ".kind::" : "",
                 kind ? r->ptx_kind : "");
  size_t used = strlen(out);
  (void)snprintf(out + used, size - used, ".%s.%s.%s.%s", r->d,
                 word_of(r->a, a, x), word_of(r->b, b, y),
                 word_of(r->c, c, z));
  used = strlen(out);
  if (r->scale)
    (void)snprintf(out + used, size - used, ".block%d.%s", r->scale_block,
                   word_of(r->scale, a, last));
}

static const char *gpu_name(const void *list, size_t i)
{
  (void)list;
  return ulp_gpu_name(i);
}

ulp_status ulp_mma_find(const char *gpu, const char *instr, ulp_mma *out,
                        char *why, size_t why_size)
{
  const char *arch = ulp_gpu_find(gpu);
  request q;
  ulp_mma found;
  if (!arch) {
    const char *near = ulp_nearest(gpu, gpu_name, NULL);
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
                   "wgmma.m64n64k32.f32.e4m3.e4m3, or AMD's, as in "
                   "v_mfma_f32_16x16x16_f16",
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
