/* SPDX-License-Identifier: MIT
 *
 * Refusals quote names as they were given; what is said must stay one line.
 */
#ifndef ULPLAB_EMU_WHY_H
#define ULPLAB_EMU_WHY_H

#include <stddef.h>

/* Control characters become '?'. */
static inline void ulp_one_line(char *why, size_t size)
{
  for (size_t i = 0; i < size && why[i]; i++)
    if ((unsigned char)why[i] < 0x20 || why[i] == 0x7f)
      why[i] = '?';
}

#endif
