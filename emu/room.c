/* SPDX-License-Identifier: MIT
 *
 * Panels of operands are written once and read a few times, so that page
 * faults of fresh memory would be a twentieth of a product's time: where there
 * are huge pages, they are asked for (madvise(2), Linux).
 */
#include "room.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

void *ulp_room(size_t count, size_t size)
{
  size_t align = LINE, bytes;
  if (size && count > (SIZE_MAX - HUGE_PAGE) / size)
    return NULL;
  bytes = count * size + 1;
#ifdef MADV_HUGEPAGE
  if (bytes >= HUGE_PAGE)
    align = HUGE_PAGE;
#endif
  bytes = (bytes + align - 1) / align * align;
  void *p = aligned_alloc(align, bytes);
#ifdef MADV_HUGEPAGE
  if (p && align == HUGE_PAGE)
    (void)madvise(p, bytes, MADV_HUGEPAGE); /* refused: small pages, as ever */
#endif
  return p;
}
