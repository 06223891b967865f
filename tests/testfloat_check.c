/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TestFloat's vectors against ours, under the profile ieee:
 *
 *   testfloat_gen -level 2 -rnear_even f32_to_f16 |
 *     testfloat_check f32_to_f16 near_even
 *
 * A line is "operand result flags", in hex.  The operand's NaNs must give
 * NaNs; payloads are compared too and counted apart, for SoftFloat's rule is
 * a choice made when it is built.  With its 8086-SSE rule they agree, but for
 * f32_to_bf16, where SoftFloat 3 puts the payload one place too high (7FF7FFFA
 * gives 7FEF, the upper bits are 7FF7).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats.h"

static const struct {
  const char *name, *format;
  bool from_f64;
} functions[] = {{"f32_to_f16", "float16", false},
                 {"f32_to_bf16", "bfloat16", false},
                 {"f64_to_f16", "float16", true},
                 {"f64_to_f32", "float32", true}};

static const struct {
  const char *name;
  ulp_mode mode;
} modes[] = {{"near_even", ULP_RNE}, {"near_maxMag", ULP_RNA},
             {"minMag", ULP_RTZ},    {"min", ULP_RD},
             {"max", ULP_RU},        {"odd", ULP_ODD}};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static uint64_t convert(const ulp_format *f, bool from_f64, uint64_t a,
                        const ulp_rounding *r)
{
  double wide;
  float narrow;
  uint32_t low = (uint32_t)a;
  memcpy(&wide, &a, sizeof wide);
  memcpy(&narrow, &low, sizeof narrow);
  return from_f64 ? ulp_encode_f64(f, wide, r, 0)
                  : ulp_encode_f32(f, narrow, r, 0);
}

static int check(size_t function, const ulp_format *f, const ulp_rounding *r)
{
  uint64_t a, z, lines = 0, wrong = 0, payloads = 0;
  char line[128];
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%" SCNx64 " %" SCNx64, &a, &z) != 2) {
      fprintf(stderr, "testfloat_check: line '%.60s': two hex numbers expected\n",
              line);
      return 2;
    }
    lines++;
    uint64_t got = convert(f, functions[function].from_f64, a, r);
    if (got == z)
      continue;
    if (ulp_unpack(f, got).cls == ULP_CLASS_NAN &&
        ulp_unpack(f, z).cls == ULP_CLASS_NAN) {
      payloads++;
    } else if (wrong++ == 0) {
      printf("0x%" PRIx64 ": 0x%" PRIx64 ", TestFloat 0x%" PRIx64 "\n", a, got,
             z);
    }
  }
  printf("%-12s %-12s %8" PRIu64 " vectors, %" PRIu64 " mismatches, %" PRIu64
         " NaN payloads differ\n",
         functions[function].name, ulp_mode_name((size_t)r->mode), lines, wrong,
         payloads);
  return wrong != 0 || lines == 0;
}

int main(int argc, char **argv)
{
  size_t i = COUNT(functions), m = COUNT(modes);
  ulp_format f;
  ulp_rounding r = {0};
  if (argc == 3) {
    for (i = 0; i < COUNT(functions) && strcmp(argv[1], functions[i].name);)
      i++;
    for (m = 0; m < COUNT(modes) && strcmp(argv[2], modes[m].name);)
      m++;
  }
  if (i == COUNT(functions) || m == COUNT(modes) ||
      ulp_format_find(functions[i].format, &f, NULL, 0) != ULP_OK ||
      ulp_profile_find("ieee", &r.profile) != ULP_OK) {
    fprintf(stderr, "usage: testfloat_check f32_to_f16|f32_to_bf16|f64_to_f16|"
                    "f64_to_f32 near_even|near_maxMag|minMag|min|max|odd\n");
    return 2;
  }
  r.mode = modes[m].mode;
  return check(i, &f, &r);
}
