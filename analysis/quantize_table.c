/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_table.c: codes of many elements by table.
 */
#include <stdlib.h>
#include <string.h>

#include "quantize_element.h"

/* Sign, exponent and 8 bits of the fraction of an f64. */
enum { KEY_BITS = 20, REST_BITS = 64 - KEY_BITS };
enum { SEVERAL = 1, CODES = 2, LEAST = 1 << 16 };

ulp_code_table ulp_code_table_make(const ulp_quantizer *q, int64_t elements)
{
  ulp_code_table t = {.q = q};
  if (elements >= LEAST && q->element.bits <= 8 && q->ties == ULP_TIES_MODE &&
      q->rounding.mode != ULP_SR)
    t.entry = calloc(1 << KEY_BITS, sizeof *t.entry); /* NULL: without */
  return t;
}

void ulp_code_table_free(ulp_code_table *t)
{
  free(t->entry);
  t->entry = NULL;
}

static uint64_t encode(const ulp_quantizer *q, uint64_t bits)
{
  double y;
  memcpy(&y, &bits, sizeof y);
  return ulp_encode_f64(&q->element, y, &q->rounding, 0);
}

/* Infinities and NaNs, whose neighbours are none, are left alone. */
static uint16_t entry_of(const ulp_quantizer *q, uint64_t bits)
{
  const uint64_t rest = (UINT64_C(1) << REST_BITS) - 1;
  const uint64_t infinity = UINT64_C(0x7ff) << 52;
  if ((bits & infinity) == infinity) return SEVERAL;
  uint64_t first = encode(q, bits & ~rest), last = encode(q, bits | rest);
  return first == last ? (uint16_t)(first + CODES) : SEVERAL;
}

bool ulp_code_find(const ulp_code_table *t, double y, uint64_t *code)
{
  uint64_t bits;
  memcpy(&bits, &y, sizeof bits);
  uint16_t *entry = &t->entry[bits >> REST_BITS];
  if (*entry == 0) *entry = entry_of(t->q, bits);
  *code = *entry - (uint64_t)CODES;
  return *entry != SEVERAL;
}
