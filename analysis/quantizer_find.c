/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantizer_find.c: from the text of a quantizer to the quantizer.
 *
 * Without settings: one scale a tensor, its amax over its finite values
 * divided by the greatest value of the format, held in f32, everything
 * computed in f64, elements to nearest even and saturated.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "quantizer_internal.h"

enum { MAX_SPEC = 600 };

/* ---- settings ----------------------------------------------------------- */

/* "KEY=VALUE" parts between `separator`s; those in a formula are in
 * parentheses or after a blank (a / b), never a bare KEY=. */
static ulp_status apply_settings(ulp_quantizer *q, const char *text,
                                 char separator, ulp_error *e)
{
  char part[MAX_SPEC];
  while (*text) {
    size_t n = 0;
    while (text[n] && !(text[n] == separator && text[n + 1] != ' '))
      n++;
    if (n >= sizeof part)
      return ulp_error_set(e, ULP_EINVAL, "a setting of over %d characters",
                           MAX_SPEC - 1);
    memcpy(part, text, n);
    part[n] = '\0';
    text += n + (text[n] != '\0');
    if (n == 0) continue;
    char *equals = strchr(part, '=');
    if (!equals)
      return ulp_error_set(e, ULP_EINVAL, "setting '%.60s': expected KEY=VALUE",
                           part);
    *equals = '\0';
    ulp_status status = ulp_quantizer_set(q, part, equals + 1, e);
    if (status != ULP_OK) return status;
  }
  return ULP_OK;
}

/* ---- the name ----------------------------------------------------------- */

static bool has_word(const char *list, const char *word)
{
  size_t n = strlen(word);
  for (const char *p = list; n && (p = strstr(p, word)) != NULL; p += n)
    if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
  return false;
}

/* The row of a name; without a profile the first of that name, unless it is a
 * format's, too. */
static const ulp_quantizer_row *find_row(const char *name, const char *profile)
{
  const ulp_quantizer_row *r;
  ulp_format f;
  if (!*profile && ulp_format_find(name, &f, NULL, 0) == ULP_OK) return NULL;
  for (size_t i = 0; (r = ulp_quantizer_row_at(i)) != NULL; i++)
    if ((!strcmp(r->name, name) || has_word(r->aliases, name)) &&
        (!*profile || !strcmp(profile, r->profile)))
      return r;
  return NULL;
}

static ulp_status no_such_profile(const char *name, const char *profile,
                                  ulp_error *e)
{
  const char *names[32] = {NULL};
  size_t n = 0;
  const ulp_quantizer_row *r;
  for (size_t i = 0; n < 31 && (r = ulp_quantizer_row_at(i)) != NULL; i++)
    if (!strcmp(r->name, name) || has_word(r->aliases, name))
      names[n++] = r->profile;
  if (n) return ulp_word_unknown("profile", profile, names, e);
  return ulp_error_set(e, ULP_ENAME,
                       "'%.60s@%.60s': no quantizer of that name has a "
                       "profile; 'ulplab quantizers' lists those that do",
                       name, profile);
}

static const char *row_name(const void *list, size_t i)
{
  const ulp_quantizer_row *r = ulp_quantizer_row_at(i);
  (void)list;
  return r ? r->name : NULL;
}

static ulp_status set_defaults(ulp_quantizer *q, const char *element,
                               ulp_error *e)
{
  char why[300];
  memset(q, 0, sizeof *q);
  q->profile = q->source = "";
  q->axis = ULP_AXIS_DEFAULT;
  q->arithmetic = ULP_IN_F64;
  q->divide = true;
  q->percentile = 100;
  q->zero_scale = -1;
  q->rounding.overflow = ULP_OVERFLOW_SATURATE;
  q->scale_rounding.overflow = ULP_OVERFLOW_SATURATE;
  if (ulp_format_find(element, &q->element, why, sizeof why) != ULP_OK) {
    const char *near = ulp_nearest(element, row_name, NULL);
    return ulp_error_set(e, ULP_ENAME, "%s%s%s%s", why,
                         near ? "; or the quantizer '" : "", near ? near : "",
                         near ? "'" : "");
  }
  if (q->element.bits > 16)
    return ulp_error_set(e, ULP_EINVAL,
                         "%s has %d bits, expected elements of up to 16",
                         q->element.name, q->element.bits);
  ulp_status status = ulp_word_format("scale", "float32", &q->scale, e);
  return status == ULP_OK ? ulp_quantizer_set_rule(q, "amax", e) : status;
}

static ulp_status apply_row(ulp_quantizer *q, const ulp_quantizer_row *r,
                            ulp_error *e)
{
  ulp_status status = set_defaults(q, r->element, e);
  q->profile = r->profile;
  q->source = r->source;
  if (status == ULP_OK) status = ulp_quantizer_set(q, "g", r->granularity, e);
  if (status == ULP_OK) status = ulp_quantizer_set(q, "scale", r->scale, e);
  return status == ULP_OK ? apply_settings(q, r->settings, ';', e) : status;
}

/* A scale of 0 cannot divide: 1 of f32, else the least there is. */
static void resolve(ulp_quantizer *q)
{
  if (q->zero_scale < 0)
    q->zero_scale = q->scale.bits == 32 ? 1 : ulp_min_positive(&q->scale);
}

/* Thresholds lie between values by code, or those of one format. */
static ulp_status check_ties(const ulp_quantizer *q, ulp_error *e)
{
  bool book = q->element.kind == ULP_CODEBOOK;
  if (q->ties == ULP_TIES_MODE || q->ties == ULP_TIES_F32_LOW) return ULP_OK;
  if (book && q->ties != ULP_TIES_BNB) return ULP_OK;
  if (!strcmp(q->element.name, "nf4") || !strcmp(q->element.name, "bnb_fp4"))
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "ties '%s': %s is no %s",
                       ulp_ties_name(q->ties), q->element.name,
                       q->ties == ULP_TIES_BNB ? "nf4 or bnb_fp4" : "codebook");
}

ulp_status ulp_quantizer_find(const char *spec, ulp_quantizer *out,
                              ulp_error *e)
{
  char name[MAX_SPEC] = "", profile[40] = "";
  ulp_quantizer q;
  size_t length = strcspn(spec, "/"), at = strcspn(spec, "@/");
  if (strlen(spec) >= sizeof name || length - at > sizeof profile)
    return ulp_error_set(e, ULP_EINVAL, "quantizer '%.60s...': too long", spec);
  memcpy(name, spec, at);
  if (at < length) memcpy(profile, spec + at + 1, length - at - 1);
  const ulp_quantizer_row *r = find_row(name, profile);
  if (!r && *profile) return no_such_profile(name, profile, e);
  ulp_status status = r ? apply_row(&q, r, e) : set_defaults(&q, name, e);
  if (status == ULP_OK) status = apply_settings(&q, spec + length, '/', e);
  if (status == ULP_OK) status = check_ties(&q, e);
  if (status != ULP_OK) return status;
  resolve(&q);
  (void)snprintf(q.name, sizeof q.name, "%.60s%s%s", r ? r->name : name,
                 *q.profile ? "@" : "", q.profile);
  *out = q;
  return ULP_OK;
}

/* ---- what it costs ------------------------------------------------------ */

/* Bits of a scale of b's, those of its own scale and of the offset counted. */
static double scale_bits(const ulp_quantizer *q, const ulp_blocks *b)
{
  ulp_error e;
  ulp_nested n;
  if (!q->nested[0] || b->blocks == 0 ||
      ulp_nested_make(&n, q, b, &e) != ULP_OK)
    return q->scale.bits;
  double offset = q->offset == ULP_OFFSET_NONE ? 0 : 32;
  return ulp_quantizer_bits(&n.q, &n.b) + offset / (double)b->blocks;
}

bool ulp_quantizer_has_scales(const ulp_quantizer *q)
{
  return q->raw.count > 0 || q->fixed;
}

double ulp_quantizer_bits(const ulp_quantizer *q, const ulp_blocks *b)
{
  double blocks = (double)b->blocks, zero = q->zero.count ? q->element.bits : 0;
  double bits = ulp_quantizer_has_scales(q) ? scale_bits(q, b) + zero : 0;
  double global = q->global.count ? 32 : 0;
  if (b->elements == 0) return q->element.bits;
  return q->element.bits + (blocks * bits + global) / (double)b->elements;
}
