/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis/quantize_batch.c: many blocks at once: which quantizers have this
 * way, and the order of its steps.
 */
#include <stdlib.h>
#include <string.h>

#include "quantize_batch.h"

/* ---- which quantizers --------------------------------------------------- */

/* Elements that count as another number are that number in a batch, where
 * nothing else asks for them; and a product that q flushes is to be one that
 * rounds to zero. */
static bool takes_elements(const ulp_batch *t)
{
  const ulp_quantizer *q = t->q;
  bool measures = t->range || q->percentile < 100 || q->second.count;
  if (q->flush &&
      (q->arithmetic != ULP_IN_F32 || q->zero.count ||
       !ulp_batch_tiny_is_zero(t)))
    return false;
  return (!q->flush && q->outlier <= 0) || !measures;
}

/* Room for n numbers, if they are needed: whether it is there. */
static bool make_room(void *room, bool needed, size_t n)
{
  void *p = needed ? malloc(n) : NULL;
  memcpy(room, &p, sizeof p);
  return p || !needed;
}

static bool make_rooms(ulp_batch *t, bool lines, size_t n)
{
  const ulp_quantizer *q = t->q;
  const bool chooses = q->search || q->second.count;
  bool x = make_room(&t->x, lines || q->flush || q->outlier > 0, 4 * n);
  bool codes = make_room(&t->codes, lines, n * q->element.storage_bytes);
  bool tried = make_room(&t->tried, chooses, n);
  return make_room(&t->terms, chooses, n * sizeof *t->terms) && x && codes &&
         tried;
}

bool ulp_batch_encodes(ulp_batch *t, const ulp_quantizer *q, bool lines,
                       size_t most, double amax, double global)
{
  t->q = q;
  t->rows.kept = NULL;
  t->range = ulp_quantizer_asks_range(q);
  ulp_element_constants(q, amax, global, t->v);
  if (!ulp_batch_encoder(t) || !takes_elements(t) || !ulp_batch_chooses(t))
    return false;
  ulp_encoder_make(&t->scale, &q->scale, &q->scale_rounding);
  ulp_batch_scales(t);
  if (make_rooms(t, lines, most)) return true;
  ulp_batch_free(t);
  return false;
}

void ulp_batch_free(ulp_batch *t)
{
  ulp_value_rows_free(&t->rows);
  free(t->x);
  free(t->codes);
  free(t->tried);
  free(t->terms);
}

/* ---- a batch ------------------------------------------------------------ */

static void find_setting(ulp_batch_work *w, ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  if (q->fixed) {
    ulp_batch_set_given(w, s);
    return;
  }
  ulp_batch_measure(w);
  ulp_batch_choose(w, s);
}

static void store_setting(const ulp_batch_work *w, const ulp_batch_setting *s)
{
  const ulp_quantizer *q = w->t->q;
  const ulp_batch_task *task = w->task;
  if (task->scales)
    memcpy(task->scales, s->code, w->blocks * q->scale.storage_bytes);
  for (size_t i = 0; task->zeros && i < w->blocks; i++)
    task->zeros[i] = q->zero.count ? (int32_t)s->zero[i] : 0;
}

uint64_t ulp_batch_encode(ulp_batch *t, const ulp_batch_task *task)
{
  ulp_batch_setting s;
  ulp_batch_work w; /* too large to be cleared for each batch */
  w.t = t;
  w.task = task;
  w.blocks = task->strip.blocks;
  w.n = task->strip.n;
  w.left = 0;
  w.encoded = false;
  find_setting(&w, &s);
  if (!t->q->fixed) store_setting(&w, &s);
  if (!w.encoded) ulp_batch_elements(&w, &s, task->codes, false);
  return w.left;
}
