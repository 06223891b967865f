/* SPDX-License-Identifier: MIT
 *
 * A search among the steps of a step function, level by level, in all lanes at
 * once; beside convert_lanes.h this asks of the file that includes it
 *
 *   step_at(&s, level, i)    the i-th of a level's steps
 */
#ifndef ULPLAB_FORMATS_CONVERT_STEPS_H
#define ULPLAB_FORMATS_CONVERT_STEPS_H

/* Behind the first code of what is found to be on the right. */
static inline __attribute__((always_inline)) VI
descend(const steps *s, VI key, int level, bool wide, VI i, M *close)
{
  VI before = step_at(s, level, i);
  if (wide) /* the next key is behind the step, or this one just is */
    *close = m_or(*close, v_above(v_all(2), v_sub(key, before)));
  return v_count(v_add(i, i), v_gt(key, before));
}

static inline __attribute__((always_inline)) VI
step_of(const steps *s, VI key, int levels, bool wide, M *close)
{
  VI i = v_all(0);
  i = descend(s, key, 0, wide, i, close);
  i = descend(s, key, 1, wide, i, close);
  i = descend(s, key, 2, wide, i, close);
  i = descend(s, key, 3, wide, i, close);
  if (levels == 4) return i;
  i = descend(s, key, 4, wide, i, close);
  i = descend(s, key, 5, wide, i, close);
  i = descend(s, key, 6, wide, i, close);
  return descend(s, key, 7, wide, i, close);
}

#endif
