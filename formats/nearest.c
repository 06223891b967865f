/* SPDX-License-Identifier: MIT
 *
 * The nearest known name, for "did you mean".
 */
#include "internal.h"

#include <string.h>

enum { LONGEST_WORD = 64 };

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* Levenshtein's distance over the first LONGEST_WORD characters (Wagner and
 * Fischer, J. ACM 21(1), 1974), case ignored. */
size_t ulp_word_distance(const char *a, const char *b)
{
  size_t row[LONGEST_WORD + 1];
  size_t nb = strnlen(b, LONGEST_WORD), na = strnlen(a, LONGEST_WORD);
  for (size_t j = 0; j <= nb; j++)
    row[j] = j;
  for (size_t i = 1; i <= na; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      size_t best = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
      diagonal = row[j];
      if (row[j] + 1 < best)
        best = row[j] + 1;
      if (row[j - 1] + 1 < best)
        best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  return row[nb];
}

const char *ulp_nearest(const char *word,
                        const char *(*name_of)(const void *list, size_t i),
                        const void *list)
{
  const char *best = NULL, *name;
  size_t least = (strlen(word) + 1) / 2;
  for (size_t i = 0; (name = name_of(list, i)) != NULL; i++) {
    size_t d = ulp_word_distance(word, name);
    if (d < least || (d == least && !best && d < 2)) {
      least = d;
      best = name;
    }
  }
  return best;
}
