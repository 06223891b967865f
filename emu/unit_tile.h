/* SPDX-License-Identifier: MIT
 *
 * The tile of unit_gemm.h with sums in registers.  The file that includes this
 * defines
 *
 *   TILE             the name of the function
 *   MOST_ROWS, MOST_PANELS
 *   V, WIDTH         a vector, and how many units it has
 *   v_load(p) v_store(p, v)   anywhere
 *   v_all(p)         the unit at p in every place
 *   v_add(sum, x, w) sum and the products of units
 */
#include "unit_gemm.h"

enum { PARTS = ULP_UNIT_COLUMNS / WIDTH, UNIT = 4 };

/* Arrays of sums become registers where their loops are gone, which gcc does
 * not do at -O2 by itself. */
#define UNROLL _Pragma("GCC unroll 8")

static inline __attribute__((always_inline)) const char *
at(const void *units, size_t i)
{
  return (const char *)units + i * UNIT;
}

/* rows and panels are constants where it is inlined. */
static inline __attribute__((always_inline)) void
tile(char *y, size_t y_stride, ulp_unit_x x, size_t rows, const char *panel,
     size_t panel_stride, size_t panels, size_t k)
{
  V sum[MOST_ROWS][MOST_PANELS * PARTS];
  UNROLL
  for (size_t i = 0; i < rows; i++)
    UNROLL
    for (size_t p = 0; p < panels * PARTS; p++)
      sum[i][p] = v_load(y + (i * y_stride + p * WIDTH) * UNIT);
  for (size_t l = 0; l < k; l++) {
    V w[MOST_PANELS * PARTS];
    UNROLL
    for (size_t p = 0; p < panels * PARTS; p++)
      w[p] = v_load(at(panel, p / PARTS * panel_stride +
                                  l * ULP_UNIT_COLUMNS + p % PARTS * WIDTH));
    UNROLL
    for (size_t i = 0; i < rows; i++) {
      V a = v_all(at(x.at, i * x.row + l * x.step));
      UNROLL
      for (size_t p = 0; p < panels * PARTS; p++)
        sum[i][p] = v_add(sum[i][p], a, w[p]);
    }
  }
  UNROLL
  for (size_t i = 0; i < rows; i++)
    UNROLL
    for (size_t p = 0; p < panels * PARTS; p++)
      v_store(y + (i * y_stride + p * WIDTH) * UNIT, sum[i][p]);
}

void TILE(void *y, size_t y_stride, ulp_unit_x x, size_t rows,
          const void *panel, size_t panel_stride, size_t panels, size_t k)
{
#define CASE(ROWS)                                                             \
  case ROWS:                                                                   \
    if (MOST_PANELS > 1 && panels > 1)                                         \
      tile(y, y_stride, x, ROWS, panel, panel_stride, MOST_PANELS, k);         \
    else                                                                       \
      tile(y, y_stride, x, ROWS, panel, panel_stride, 1, k);                   \
    break
  switch (rows) {
    CASE(1);
    CASE(2);
    CASE(3);
    CASE(4);
    CASE(5);
    CASE(6);
#if MOST_ROWS > 6
    CASE(7);
    CASE(8);
#endif
  }
#undef CASE
}
