/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/flat.c: names, formats and conversions for callers in other
 * languages.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "flat_internal.h"
#include "quantizer.h"

int ulp_abi_version(void) { return ULP_ABI_VERSION; }

int ulp_flat_say(char *why, size_t why_size, ulp_status status,
                 const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  if (why_size) (void)vsnprintf(why, why_size, format, arguments);
  va_end(arguments);
  return (int)status;
}

int ulp_flat_status(char *why, size_t why_size, ulp_status status)
{
  return status == ULP_OK
             ? ULP_OK
             : ulp_flat_say(why, why_size, status, "%s", ulp_strerror(status));
}

int ulp_flat_threads(int asked)
{
#ifdef _OPENMP
  return asked > 0 ? asked : omp_get_max_threads();
#else
  (void)asked;
  return 1;
#endif
}

void ulp_flat_extend(const ulp_format *f, void *codes, size_t n)
{
  unsigned char *code = codes;
  if (f->kind != ULP_INTEGER || !f->is_signed || f->bits >= 8) return;
  for (size_t i = 0; i < n; i++)
    if (code[i] >> (f->bits - 1)) code[i] |= (unsigned char)(0xff << f->bits);
}

/* ---- names -------------------------------------------------------------- */

static const char *format_name(size_t i)
{
  const ulp_format *f = ulp_format_row(i);
  return f ? f->name : NULL;
}

static const char *profile_name(size_t i)
{
  const ulp_profile *p = ulp_profile_row(i);
  return p ? p->name : NULL;
}

static const struct {
  const char *list;
  const char *(*name)(size_t i);
} lists[] = {{"formats", format_name},      {"profiles", profile_name},
             {"modes", ulp_mode_name},      {"overflows", ulp_overflow_name},
             {"gpus", ulp_gpu_name},        {"kernels", ulp_gemm_order_name},
             {"reductions", ulp_gemm_reduce_name}};

static int copy_name(const char *text, char *name, size_t name_size)
{
  if (!text) return ULP_ENAME;
  int n = snprintf(name, name_size, "%s", text);
  return n >= 0 && (size_t)n < name_size ? ULP_OK : ULP_ERANGE;
}

static int quantizer_name(size_t i, char *name, size_t name_size)
{
  char text[96];
  const ulp_quantizer_row *r = ulp_quantizer_row_at(i);
  if (!r) return ULP_ENAME;
  (void)snprintf(text, sizeof text, "%s@%s", r->name, r->profile);
  return copy_name(text, name, name_size);
}

int ulp_flat_name(const char *list, size_t i, char *name, size_t name_size)
{
  if (!strcmp(list, "quantizers")) return quantizer_name(i, name, name_size);
  for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
    if (!strcmp(list, lists[k].list))
      return copy_name(lists[k].name(i), name, name_size);
  return ULP_ENAME;
}

/* ---- formats ------------------------------------------------------------ */

int ulp_flat_format(const char *format, char *name, size_t name_size,
                    char *source, size_t source_size,
                    int64_t field[ULP_FLAT_FIELDS], double limit[4], char *why,
                    size_t why_size)
{
  ulp_format f;
  ulp_status status = ulp_format_find(format, &f, why, why_size);
  if (status != ULP_OK) return (int)status;
  (void)snprintf(name, name_size, "%s", f.name);
  (void)snprintf(source, source_size, "%s", f.source);
  const int64_t fields[ULP_FLAT_FIELDS] = {
      [ULP_FLAT_KIND] = (int64_t)f.kind,
      [ULP_FLAT_BITS] = f.bits,
      [ULP_FLAT_EXP_BITS] = f.exp_bits,
      [ULP_FLAT_MAN_BITS] = f.man_bits,
      [ULP_FLAT_BYTES] = f.storage_bytes,
      [ULP_FLAT_SHIFT] = f.storage_shift,
      [ULP_FLAT_SIGNED] = f.is_signed,
      [ULP_FLAT_SUBNORMALS] = f.subnormals,
      [ULP_FLAT_BIAS] = f.bias,
      [ULP_FLAT_HAS_NAN] = f.nan != ULP_NAN_NONE,
      [ULP_FLAT_HAS_INF] = f.inf != ULP_INF_NONE,
      [ULP_FLAT_MAX_CODE] = (int64_t)f.max_code};
  memcpy(field, fields, sizeof fields);
  limit[0] = ulp_max(&f);
  limit[1] = ulp_lowest(&f);
  limit[2] = ulp_min_normal(&f);
  limit[3] = ulp_min_positive(&f);
  return ULP_OK;
}

/* ---- conversions -------------------------------------------------------- */

/* Elements that a thread takes at a time: ulp_convert prepares itself, tables
 * of all codes too, in each call. */
enum { CHUNK = 1 << 18 };

static ulp_status find_rounding(ulp_rounding *r, const char *mode,
                                const char *overflow, const char *profile,
                                int sr_bits)
{
  ulp_status status = ULP_OK;
  if (mode) status = ulp_mode_find(mode, &r->mode);
  if (status == ULP_OK && overflow)
    status = ulp_overflow_find(overflow, &r->overflow);
  if (status == ULP_OK && profile)
    status = ulp_profile_find(profile, &r->profile);
  if (status != ULP_OK) return status;
  r->sr_bits = (uint8_t)sr_bits;
  return sr_bits < 0 || sr_bits > 32 ? ULP_EINVAL : ulp_rounding_check(r);
}

static int no_rounding(char *why, size_t why_size, ulp_status status,
                       const char *mode, const char *overflow,
                       const char *profile, int sr_bits)
{
  return ulp_flat_say(why, why_size, status,
                      "rounding '%.40s', overflow '%.40s', profile '%.40s', "
                      "%d random bits: %s",
                      mode ? mode : "rne", overflow ? overflow : "default",
                      profile ? profile : "ocp", sr_bits,
                      status == ULP_ENAME
                          ? "expected names that ulp_flat_name lists"
                          : "expected 0 to 32 bits");
}

int ulp_flat_convert(const char *to, void *out, const char *from,
                     const void *in, size_t n, const char *mode,
                     const char *overflow, const char *profile, int sr_bits,
                     uint64_t seed, uint64_t first_index, int threads,
                     char *why, size_t why_size)
{
  ulp_format f, g;
  ulp_rounding r = {.seed = seed};
  ulp_status status = ulp_format_find(to, &f, why, why_size);
  if (status == ULP_OK) status = ulp_format_find(from, &g, why, why_size);
  if (status != ULP_OK) return (int)status;
  if (!ulp_fits_f64(&g))
    return ulp_flat_say(why, why_size, ULP_ERANGE,
                        "%s: its values do not fit float64", g.name);
  status = find_rounding(&r, mode, overflow, profile, sr_bits);
  if (status != ULP_OK)
    return no_rounding(why, why_size, status, mode, overflow, profile,
                       sr_bits);
  int64_t chunks = (int64_t)(n / CHUNK + (n % CHUNK != 0));
#pragma omp parallel for num_threads(ulp_flat_threads(threads)) if (chunks > 1)
  for (int64_t i = 0; i < chunks; i++) {
    size_t first = (size_t)i * CHUNK, left = n - first;
    size_t some = left < CHUNK ? left : CHUNK;
    char *codes = (char *)out + first * f.storage_bytes;
    ulp_status one =
        ulp_convert(&f, codes, &g, (const char *)in + first * g.storage_bytes,
                    some, &r, first_index + first);
    ulp_flat_extend(&f, codes, some);
    if (one != ULP_OK) {
#pragma omp critical
      status = one;
    }
  }
  return ulp_flat_status(why, why_size, status);
}
