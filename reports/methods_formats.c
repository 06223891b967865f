/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Methods: how a value becomes a code, and which formats there are.  Examples
 * are computed, not typed.
 */
#include <math.h>
#include <string.h>

#include "methods_page.h"

/* ---- examples ----------------------------------------------------------- */

/* What x becomes in a format: a value, and the code of a NaN. */
static void example(ulp_cells *c, const char *format, double x,
                    const ulp_rounding *r)
{
  ulp_format f;
  if (ulp_format_find(format, &f, NULL, 0) != ULP_OK) {
    c->page->failed = true;
    return;
  }
  uint64_t code = ulp_encode_f64(&f, x, r, 0);
  double y = ulp_decode(&f, code);
  if (isnan(y))
    ulp_cell(c, "NaN (0x%02llx)", (unsigned long long)code);
  else if (isinf(y))
    ulp_cell(c, "%s∞", y < 0 ? "-" : "");
  else
    ulp_cell(c, "%.6g", y);
}

/* ---- modes -------------------------------------------------------------- */

static const char *const mode_rules[] = {
    [ULP_RNE] = "to nearest; ties to the even code",
    [ULP_RNA] = "to nearest; ties away from zero",
    [ULP_RNZ] = "to nearest; ties toward zero",
    [ULP_RTZ] = "toward zero",
    [ULP_RU] = "toward +∞",
    [ULP_RD] = "toward −∞",
    [ULP_ODD] = "if inexact, to the neighbour with the odd code",
    [ULP_SR] = "stochastic: up with the probability of the discarded fraction",
};
enum { MODES = sizeof mode_rules / sizeof mode_rules[0] };

static bool mode_there(size_t i) { return ulp_mode_name(i) != NULL; }

static void mode_example(ulp_cells *c, ulp_mode mode, double x)
{
  ulp_rounding r = {.mode = mode};
  if (mode != ULP_SR)
    example(c, "e4m3", x, &r);
  else {
    ulp_format f;
    double y[2] = {NAN, NAN};
    for (int k = 0; k < 2 && ulp_format_find("e4m3", &f, NULL, 0) == ULP_OK;
         k++) {
      r.mode = k ? ULP_RU : ULP_RD;
      y[k] = ulp_decode(&f, ulp_encode_f64(&f, x, &r, 0));
    }
    ulp_cell(c, "%.6g or %.6g", y[0], y[1]);
  }
}

static void mode_row(ulp_cells *c, size_t i)
{
  static const double x[] = {2.125, 2.375, -2.125, 2.2};
  ulp_cell(c, "%s", ulp_mode_name(i));
  ulp_cell(c, "%s", i < MODES ? mode_rules[i] : "");
  for (size_t k = 0; k < sizeof x / sizeof x[0]; k++)
    mode_example(c, (ulp_mode)i, x[k]);
}

static const char *const mode_heads[] = {
    "mode", "rule", "#2.125 in E4M3", "#2.375", "#−2.125", "#2.2", NULL};
static const ulp_listing modes = {"modes", "Rounding modes", mode_heads,
                                  mode_there, mode_row, NULL};

/* ---- overflow ----------------------------------------------------------- */

static const char *const overflow_rules[] = {
    [ULP_OVERFLOW_DEFAULT] = "what the profile does",
    [ULP_OVERFLOW_SATURATE] = "the greatest finite value",
    [ULP_OVERFLOW_INF] = "infinity, in every mode",
    [ULP_OVERFLOW_NAN] = "NaN",
    [ULP_OVERFLOW_IEEE] = "by mode, IEEE 754-2019 section 7.4: infinity to "
                          "nearest and outward, the greatest finite value "
                          "inward",
};
enum { RULES = sizeof overflow_rules / sizeof overflow_rules[0] };

static bool overflow_there(size_t i) { return ulp_overflow_name(i) != NULL; }

static void overflow_row(ulp_cells *c, size_t i)
{
  ulp_rounding r = {.overflow = (ulp_overflow)i};
  ulp_cell(c, "%s", ulp_overflow_name(i));
  ulp_cell(c, "%s", i < RULES ? overflow_rules[i] : "");
  example(c, "e4m3", 1000, &r);
  example(c, "e5m2", 1e6, &r);
  example(c, "e2m1", 1000, &r);
  example(c, "f16", 1e6, &r);
  r.mode = ULP_RTZ;
  example(c, "f16", 1e6, &r);
}

static const char *const overflow_heads[] = {
    "rule", "~beyond the greatest finite value", "#1000 in E4M3",
    "#10<sup>6</sup> in E5M2", "#1000 in E2M1", "#10<sup>6</sup> in FP16",
    "#in rtz", NULL};
static const ulp_listing overflows = {"overflow", "Overflow rules",
                                      overflow_heads, overflow_there,
                                      overflow_row, NULL};

/* ---- profiles ----------------------------------------------------------- */

static bool profile_there(size_t i) { return ulp_profile_row(i) != NULL; }

static void profile_row(ulp_cells *c, size_t i)
{
  static const struct {
    const char *format;
    double x;
  } list[] = {{"e4m3", 1000}, {"e4m3", INFINITY}, {"e4m3", NAN},
              {"e5m2", INFINITY}, {"e2m1", NAN}, {"e8m0", 1.5}, {"e8m0", -2}};
  const ulp_profile *p = ulp_profile_row(i);
  const ulp_rounding r = {.profile = p};
  ulp_cell(c, "%s", p->name);
  for (size_t k = 0; k < sizeof list / sizeof list[0]; k++)
    example(c, list[k].format, list[k].x, &r);
  ulp_cell(c, "%s", p->source);
}

static const char *const profile_heads[] = {
    "profile", "#1000 in E4M3", "#∞ in E4M3", "#NaN in E4M3", "#∞ in E5M2",
    "#NaN in E2M1", "#1.5 in E8M0", "#−2 in E8M0", "~source", NULL};
static const ulp_listing profiles = {"profiles", "Profiles of implementations",
                                     profile_heads, profile_there, profile_row,
                                     NULL};

/* ---- formats ------------------------------------------------------------ */

static bool format_there(size_t i) { return ulp_format_row(i) != NULL; }

static void format_kind(char *out, size_t size, size_t i)
{
  (void)snprintf(out, size, "%s", ulp_kind_name(ulp_format_row(i)->kind));
}

static void of_float(ulp_cells *c, const ulp_format *f, double v)
{
  if (f->kind == ULP_FLOAT)
    ulp_cell(c, "%.6g", v);
  else
    ulp_cell(c, "%s", "");
}

static void format_row(ulp_cells *c, size_t i)
{
  const ulp_format *f = ulp_format_row(i);
  ulp_cell(c, "%s", f->name);
  ulp_cell(c, "%s", f->aliases);
  ulp_cell(c, "%s", ulp_kind_name(f->kind));
  ulp_cell(c, "%d", f->bits);
  of_float(c, f, f->exp_bits);
  of_float(c, f, f->man_bits);
  if (f->kind == ULP_CODEBOOK)
    ulp_cell(c, "%s", "");
  else
    ulp_cell(c, "%d", f->bias);
  ulp_cell(c, "%.6g", ulp_max(f));
  ulp_cell(c, "%.6g", ulp_lowest(f));
  of_float(c, f, ulp_min_normal(f));
  ulp_cell(c, "%.6g", ulp_min_positive(f));
  ulp_cell(c, "NaN %s, inf %s, zero %s", ulp_nan_code_name(f->nan),
           ulp_inf_code_name(f->inf), ulp_zero_code_name(f->zero));
  ulp_cell(c, "%s", f->source);
}

static const char *const format_heads[] = {
    "format", "~other names", "kind", "#bits", "#exponent", "#significand",
    "#bias", "#greatest", "#lowest", "#least normal", "#least above 0",
    "special codes", "~source", NULL};
static const ulp_listing formats = {"format-table", "Formats", format_heads,
                                    format_there, format_row, format_kind};

static void words(ulp_text *page)
{
  ulp_text_printf(page,
      "<p>Every conversion goes through one function, <code>ulp_round_pack"
      "</code> (formats/round.c): an exact number, sign × significand × "
      "2<sup>exponent</sup>, is rounded once, by a mode, to a code of the "
      "format; overflow is told from the rounded value. Where standards leave "
      "a choice, or implementations disagree, a profile decides: on NaN, "
      "infinities, overflow, what has no code, and ties where there is no "
      "significand bit. A format is a row of a table, from which limits and "
      "codes are derived.</p>\n"
      "<p>Stochastic rounding with <i>N</i> random bits <i>R</i> and the "
      "discarded fraction <i>v</i> goes up (IEEE P3109 draft, section 4.7.4) "
      "in variant A if ⌊<i>v</i> 2<sup><i>N</i></sup>⌋ + <i>R</i> ≥ "
      "2<sup><i>N</i></sup>, in B if ⌊<i>v</i> 2<sup><i>N</i>+1</sup>⌋ + "
      "2<i>R</i> + 1 ≥ 2<sup><i>N</i>+1</sup>, in C if RNE(<i>v</i> "
      "2<sup><i>N</i></sup>) + <i>R</i> ≥ 2<sup><i>N</i></sup>; without a "
      "number of bits it is exact, P(up) = <i>v</i>.</p>\n"
      "<p>Examples in the tables below are computed by the program that wrote "
      "this page, to nearest even under the profile <code>ocp</code> unless a "
      "column says otherwise.</p>\n");
}

const ulp_methods_section ulp_methods_formats = {
    "formats", "Values, codes and rounding", words,
    {&modes, &overflows, &profiles, &formats}};
