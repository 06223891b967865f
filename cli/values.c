/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * values.c: option values from text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

ulp_status cli_read_flag(void *target, const char *text, ulp_error *e)
{
  (void)text;
  (void)e;
  *(bool *)target = true;
  return ULP_OK;
}

ulp_status cli_read_text(void *target, const char *text, ulp_error *e)
{
  if (!*text) return ulp_error_set(e, ULP_EINVAL, "the value is empty");
  *(const char **)target = text;
  return ULP_OK;
}

ulp_status cli_read_u64(void *target, const char *text, ulp_error *e)
{
  char *end;
  errno = 0;
  /* strtoull alone would take signs and blanks. */
  unsigned long long n = strtoull(text, &end, 0);
  if (*text < '0' || *text > '9' || *end || errno)
    return ulp_error_set(e, ULP_EINVAL,
                         "'%.60s' is not a whole number of 0 to 2^64-1", text);
  *(uint64_t *)target = n;
  return ULP_OK;
}

/* A whole number between low and high. */
static ulp_status read_range(const char *text, long low, long high, long *out,
                             ulp_error *e)
{
  char *end;
  errno = 0;
  long n = strtol(text, &end, 10);
  if (end == text || *end || errno || n < low || n > high)
    return ulp_error_set(e, ULP_EINVAL,
                         "'%.60s' is not a whole number of %ld to %ld", text,
                         low, high);
  *out = n;
  return ULP_OK;
}

ulp_status cli_read_threads(void *target, const char *text, ulp_error *e)
{
  long n;
  ulp_status status = read_range(text, 1, 4096, &n, e);
  if (status == ULP_OK) *(int *)target = (int)n;
  return status;
}

ulp_status cli_read_axis(void *target, const char *text, ulp_error *e)
{
  long n;
  ulp_status status = read_range(text, -ULP_MAX_DIMS, ULP_MAX_DIMS - 1, &n, e);
  if (status == ULP_OK)
    *(cli_axis *)target = (cli_axis){.given = true, .value = (int)n};
  return status;
}

ulp_status cli_read_format(void *target, const char *text, ulp_error *e)
{
  char why[400];
  ulp_status status = ulp_format_find(text, target, why, sizeof why);
  return status == ULP_OK ? status : ulp_error_set(e, status, "%s", why);
}

/* The index of text in a list of names, by ulp_error when it has none. */
static ulp_status read_name(const char *what, const char *text,
                            const char *(*name_of)(size_t i), size_t *out,
                            ulp_error *e)
{
  for (size_t i = 0; name_of(i); i++)
    if (!strcmp(text, name_of(i))) {
      *out = i;
      return ULP_OK;
    }
  return cli_unknown(e, what, text, name_of);
}

static const char *output_name(size_t i)
{
  static const char *const names[] = {"csv", "json"};
  return i < 2 ? names[i] : NULL;
}

ulp_status cli_read_json(void *target, const char *text, ulp_error *e)
{
  size_t i = 0;
  ulp_status status = read_name("output", text, output_name, &i, e);
  if (status == ULP_OK) *(bool *)target = i == 1;
  return status;
}

ulp_status cli_read_mode(void *target, const char *text, ulp_error *e)
{
  ulp_status status = ulp_mode_find(text, target);
  return status == ULP_OK ? status
                          : cli_unknown(e, "mode", text, ulp_mode_name);
}

ulp_status cli_read_overflow(void *target, const char *text, ulp_error *e)
{
  ulp_status status = ulp_overflow_find(text, target);
  return status == ULP_OK ? status
                          : cli_unknown(e, "rule", text, ulp_overflow_name);
}

static const char *profile_name(size_t i)
{
  const ulp_profile *p = ulp_profile_row(i);
  return p ? p->name : NULL;
}

ulp_status cli_read_profile(void *target, const char *text, ulp_error *e)
{
  ulp_status status = ulp_profile_find(text, target);
  return status == ULP_OK ? status
                          : cli_unknown(e, "profile", text, profile_name);
}

ulp_status cli_read_sr_bits(void *target, const char *text, ulp_error *e)
{
  long n;
  ulp_status status = read_range(text, 0, 32, &n, e);
  if (status == ULP_OK) *(uint8_t *)target = (uint8_t)n;
  return status;
}

static const char *variant_name(size_t i)
{
  static const char *const names[] = {"a", "b", "c"};
  return i < 3 ? names[i] : NULL;
}

ulp_status cli_read_sr_variant(void *target, const char *text, ulp_error *e)
{
  static const ulp_sr_variant variants[] = {ULP_SR_A, ULP_SR_B, ULP_SR_C};
  size_t i = 0;
  ulp_status status = read_name("variant", text, variant_name, &i, e);
  if (status == ULP_OK) *(ulp_sr_variant *)target = variants[i];
  return status;
}

ulp_status cli_read_scale_rule(void *target, const char *text, ulp_error *e)
{
  return ulp_scale_parse(text, target, e);
}
