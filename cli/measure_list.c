/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * measure_list.c: the lists of formats, quantizers and rules of `ulplab
 * measure`.
 */
#include <stdlib.h>
#include <string.h>

#include "measure.h"

enum { MAX_PART = 700, MAX_COMMAS = 8 };

static ulp_status bad_list(ulp_error *e)
{
  return ulp_error_set(e, ULP_EINVAL,
                       "expected 1 to %d names with commas between them",
                       MEASURE_MAX_LIST);
}

/* ---- formats and quantizers --------------------------------------------- */

/* A format where the text names one, else packed blocks or a quantizer. */
static ulp_status read_item(measure_item *out, const char *text, ulp_error *e)
{
  measure_item item = {.q = NULL};
  item.plain = ulp_format_find(text, &item.format, NULL, 0) == ULP_OK;
  if (!item.plain) item.packed = cli_packed_find(text, NULL);
  if (!item.plain && !item.packed) {
    item.q = malloc(sizeof *item.q);
    if (!item.q)
      return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
    ulp_status status = ulp_quantizer_find(text, item.q, e);
    if (status != ULP_OK) {
      free(item.q);
      return status;
    }
    item.format = item.q->element;
  }
  item.text = strdup(text);
  if (!item.text) {
    free(item.q);
    return ulp_error_set(e, ULP_ENOMEM, "%s", ulp_strerror(ULP_ENOMEM));
  }
  *out = item;
  return ULP_OK;
}

/* The length of the first `commas` + 1 parts; 0: there are not so many. */
static size_t length_of(const char *text, int commas)
{
  size_t n = strcspn(text, ",");
  for (; commas > 0 && text[n]; commas--)
    n += 1 + strcspn(text + n + 1, ",");
  return commas ? 0 : n;
}

/* Commas occur in formulas and in names of formats (e4m3:nan=top,noinf), so
 * the longest text that means something is the first item; when none does,
 * the shortest one's error is told. */
static ulp_status read_first(measure_item *out, const char *text, size_t *used,
                             ulp_error *e)
{
  char part[MAX_PART];
  ulp_status status = ULP_OK;
  for (int commas = MAX_COMMAS; commas >= 0; commas--) {
    size_t n = length_of(text, commas);
    if (n == 0 && commas > 0) continue;
    if (n == 0 || n >= sizeof part) {
      status = bad_list(e);
      continue;
    }
    memcpy(part, text, n);
    part[n] = '\0';
    *used = n;
    status = read_item(out, part, e);
    if (status == ULP_OK || status == ULP_ENOMEM) return status;
  }
  return status;
}

ulp_status measure_read_formats(void *target, const char *text, ulp_error *e)
{
  measure_formats *list = target;
  measure_formats_free(list);
  for (;;) {
    size_t n;
    if (list->count == MEASURE_MAX_LIST) return bad_list(e);
    ulp_status status = read_first(&list->item[list->count], text, &n, e);
    if (status != ULP_OK) return status;
    list->count++;
    if (!text[n]) return ULP_OK;
    text += n + 1;
  }
}

void measure_formats_free(measure_formats *list)
{
  for (size_t i = 0; i < list->count; i++) {
    free(list->item[i].text);
    free(list->item[i].q);
  }
  list->count = 0;
}

/* ---- rules -------------------------------------------------------------- */

ulp_status measure_read_rules(void *target, const char *text, ulp_error *e)
{
  measure_rules *list = target;
  list->count = 0;
  for (;;) {
    char part[100];
    size_t n = strcspn(text, ",");
    if (n == 0 || n >= sizeof part || list->count == MEASURE_MAX_LIST)
      return bad_list(e);
    memcpy(part, text, n);
    part[n] = '\0';
    ulp_status status = cli_read_scale_rule(&list->item[list->count], part, e);
    if (status != ULP_OK) return status;
    list->count++;
    if (!text[n]) return ULP_OK;
    text += n + 1;
  }
}
