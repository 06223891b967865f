/* SPDX-License-Identifier: MIT
 *
 * Memory for packed operands.
 */
#ifndef ULPLAB_EMU_ROOM_H
#define ULPLAB_EMU_ROOM_H

#include <stddef.h>

/* count elements of `size` bytes, none of them set, on a cache line's boundary;
 * NULL: there is no such memory.  To be freed by free(). */
void *ulp_room(size_t count, size_t size);

#endif
