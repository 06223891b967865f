/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The oracle's own descriptions.  Each row is typed from the document named
 * beside it: the greatest finite code and the code of infinity are numbers
 * the document prints, and its printed extremes are kept as a check.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

#define IEEE_754 "IEEE 754-2019, tables 3.1 and 3.5"
#define OFP8 "OCP OFP8 v1.0 (2023), tables 1 and 2"
#define MX "OCP MX v1.0 (2023), tables 1 to 5"
#define FNUZ "Noune et al., arXiv:2206.02915, table 1; ml_dtypes README"
#define MLDT "ml_dtypes README, section on each type"
#define BNB "bitsandbytes 0.50.2, see tests/vectors/codebooks.txt"

static const oracle_format rows[] = {
  /* name, kind, bits, exponent bits, trailing bits, bias, signed,
     greatest finite code, code of Inf, -0 is, no zero, flush, symmetric,
     greatest, least positive, source */
  {"float64", 'f', 64, 11, 52, 1023, true, 0x7FEFFFFFFFFFFFFF,
   0x7FF0000000000000, '0', false, false, false, "0x1.fffffffffffffp1023",
   "0x1p-1074", IEEE_754, 0, 0, 0, 0, 0, 0, 0},
  {"float32", 'f', 32, 8, 23, 127, true, 0x7F7FFFFF, 0x7F800000, '0', false,
   false, false, "0x1.fffffep127", "0x1p-149", IEEE_754, 0, 0, 0, 0, 0, 0, 0},
  {"tf32", 'f', 19, 8, 10, 127, true, 0x3FBFF, 0x3FC00, '0', false, false,
   false, "0x1.ffcp127", "0x1p-136",
   "PTX ISA, section 5.2.3: range of .f32, 10 bits of precision", 0, 0, 0, 0,
   0, 0, 0},
  {"float16", 'f', 16, 5, 10, 15, true, 0x7BFF, 0x7C00, '0', false, false,
   false, "65504", "0x1p-24", IEEE_754, 0, 0, 0, 0, 0, 0, 0},
  {"bfloat16", 'f', 16, 8, 7, 127, true, 0x7F7F, 0x7F80, '0', false, false,
   false, "0x1.fep127", "0x1p-133",
   "Intel, BFLOAT16 Hardware Numerics Definition, 2018, section 1", 0, 0, 0, 0,
   0, 0, 0},
  {"fp22", 'f', 22, 8, 13, 127, true, 0x1FDFFF, 0x1FE000, '0', false, false,
   false, "0x1.fff8p127", "0x1p-139",
   "DeepSeek-V3 report, 3.5.2: 8 exponent and 13 significand bits", 0, 0, 0, 0,
   0, 0, 0},
  {"float8_e4m3fn", 'f', 8, 4, 3, 7, true, 0x7E, 0, '0', false, false, false,
   "448", "0x1p-9", OFP8, 0, 0, 0, 0, 0, 0, 0},
  {"float8_e5m2", 'f', 8, 5, 2, 15, true, 0x7B, 0x7C, '0', false, false, false,
   "57344", "0x1p-16", OFP8, 0, 0, 0, 0, 0, 0, 0},
  {"float8_e4m3fnuz", 'f', 8, 4, 3, 8, true, 0x7F, 0, 'n', false, false, false,
   "240", "0x1p-10", FNUZ, 0, 0, 0, 0, 0, 0, 0},
  {"float8_e5m2fnuz", 'f', 8, 5, 2, 16, true, 0x7F, 0, 'n', false, false,
   false, "57344", "0x1p-17", FNUZ, 0, 0, 0, 0, 0, 0, 0},
  {"float8_e4m3b11fnuz", 'f', 8, 4, 3, 11, true, 0x7F, 0, 'n', false, false,
   false, "30", "0x1p-13", MLDT, 0, 0, 0, 0, 0, 0, 0},
  {"float8_e4m3", 'f', 8, 4, 3, 7, true, 0x77, 0x78, '0', false, false, false,
   "240", "0x1p-9", MLDT, 0, 0, 0, 0, 0, 0, 0},
  {"float8_e3m4", 'f', 8, 3, 4, 3, true, 0x6F, 0x70, '0', false, false, false,
   "15.5", "0x1p-6", MLDT, 0, 0, 0, 0, 0, 0, 0},
  {"float8_e8m0fnu", 'f', 8, 8, 0, 127, false, 0xFE, 0, '-', true, false,
   false, "0x1p127", "0x1p-127", "OCP MX v1.0, table 7", 0, 0, 0, 0, 0, 0, 0},
  {"float8_ue4m3", 'f', 7, 4, 3, 7, false, 0x7E, 0, '-', false, false, false,
   "448", "0x1p-9", "PTX ISA, .ue4m3: E4M3 without its sign bit", 0, 0, 0, 0, 0,
   0, 0},
  {"float6_e3m2fn", 'f', 6, 3, 2, 3, true, 0x1F, 0, '0', false, false, false,
   "28", "0.0625", MX, 0, 0, 0, 0, 0, 0, 0},
  {"float6_e2m3fn", 'f', 6, 2, 3, 1, true, 0x1F, 0, '0', false, false, false,
   "7.5", "0.125", MX, 0, 0, 0, 0, 0, 0, 0},
  {"float4_e2m1fn", 'f', 4, 2, 1, 1, true, 0x7, 0, '0', false, false, false,
   "6", "0.5", MX, 0, 0, 0, 0, 0, 0, 0},
};

static const struct {
  const char *name, *key, *greatest;
  int bits;
  bool sign;
} books[] = {
  {"nf4", "nf4", "1", 4, true},
  {"bnb_fp4", "fp4", "1", 4, true},
  {"bnb_dynamic8", "dynamic", "1", 8, true},
  {"bnb_dynamic8u", "udynamic", "1", 8, false},
};

void oracle_p3109(oracle_format *o, int k, int p, bool is_signed, bool extended)
{
  /* Draft of 2026: 3.1 (bias), 4.7.2 (the special codes). */
  memset(o, 0, sizeof *o);
  snprintf(o->name, sizeof o->name, "binary%dp%d%c%c", k, p,
           is_signed ? 's' : 'u', extended ? 'e' : 'f');
  o->kind = 'f';
  o->bits = k;
  o->man_bits = p - 1;
  o->exp_bits = is_signed ? k - p : k - p + 1;
  o->sign = is_signed;
  o->bias = is_signed ? 1 << (k - p - 1) : 1 << (k - p);
  o->negative_zero = is_signed ? 'n' : '-';
  uint64_t last = is_signed ? (1u << (k - 1)) - 1 : (1u << k) - 2;
  o->inf_mag = extended ? last : 0;
  o->max_mag = extended ? last - 1 : last;
  o->source = "IEEE P3109 draft, 3.1 and 4.7.2";
}

void oracle_invented(oracle_format *o, bool is_signed, int e, int m, int bias,
                     const char *style)
{
  memset(o, 0, sizeof *o);
  snprintf(o->name, sizeof o->name, "%se%dm%db%d%s", is_signed ? "" : "u", e, m,
           bias, style);
  o->kind = 'f';
  o->bits = is_signed + e + m;
  o->exp_bits = e;
  o->man_bits = m;
  o->bias = bias;
  o->sign = is_signed;
  o->negative_zero = !is_signed ? '-' : strcmp(style, "fnuz") ? '0' : 'n';
  o->max_mag = (UINT64_C(1) << (e + m)) - 1;
  if (!strcmp(style, "fn"))
    o->max_mag--;
  if (!strcmp(style, "")) {
    o->inf_mag = ((UINT64_C(1) << e) - 1) << m;
    o->max_mag = o->inf_mag - 1;
  }
  o->source = "formats.h, ulp_format_find";
}

static bool read_book(oracle_format *o, const char *key)
{
  const char *top = getenv("srcdir");
  char path[512], line[128], name[32];
  snprintf(path, sizeof path, "%s/tests/vectors/codebooks.txt",
           top ? top : ".");
  FILE *in = fopen(path, "r");
  o->book = calloc((size_t)1 << o->bits, sizeof *o->book);
  int seen = 0;
  while (in && o->book && fgets(line, sizeof line, in)) {
    int code;
    double value;
    if (sscanf(line, "%31s %d %la", name, &code, &value) != 3 ||
        strcmp(name, key))
      continue;
    if (code < 0 || code >= 1 << o->bits)
      break;
    o->book[code] = value;
    seen++;
  }
  if (in)
    fclose(in);
  return seen == 1 << o->bits;
}

static bool find_book(const char *name, oracle_format *o)
{
  for (size_t i = 0; i < sizeof books / sizeof *books; i++)
    if (!strcmp(name, books[i].name)) {
      o->kind = 'c';
      o->bits = books[i].bits;
      o->sign = books[i].sign;
      o->greatest = books[i].greatest;
      o->source = BNB;
      return read_book(o, books[i].key);
    }
  return false;
}

/* intB, intBsym, uintB: B = 2..8; int32; mxint8 (OCP MX v1.0, 5.3.4: 2^-6). */
static bool find_integer(const char *name, oracle_format *o)
{
  char tail[8] = "";
  bool u = name[0] == 'u', mx = !strncmp(name, "mx", 2);
  if (sscanf(name + u + 2 * mx, "int%d%7s", &o->bits, tail) < 1 ||
      o->bits < 2 || (o->bits > 8 && strcmp(name, "int32")))
    return false;
  o->kind = 'i';
  o->bias = mx ? 6 : 0;
  o->sign = !u;
  o->symmetric = !strcmp(tail, "sym");
  o->source = mx ? MX : "two's complement";
  o->max_mag = (UINT64_C(1) << (o->bits - o->sign)) - 1;
  return o->symmetric || !tail[0];
}

bool oracle_find(const char *name, oracle_format *o)
{
  int k, p;
  char s, d;
  memset(o, 0, sizeof *o);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(name, rows[i].name)) {
      *o = rows[i];
      return true;
    }
  if (sscanf(name, "binary%dp%d%c%c", &k, &p, &s, &d) == 4) {
    oracle_p3109(o, k, p, s == 's', d == 'e');
    return true;
  }
  bool found = find_book(name, o) || find_integer(name, o);
  snprintf(o->name, sizeof o->name, "%s", name);
  return found;
}
