/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A panel's product (lanes.h), several rows of x at once so that each vector
 * of p serves them all.  Whoever includes this says which vectors:
 *   NAME, REAL, VECTOR   the function, the type, the machine's type
 *   LOAD STORE SET1 ZERO its instructions; MULTIPLY_ADD(a, b, c): a b + c
 *   WIDTH, TWO           of one vector; whether one step takes two of them
 *   ROWS(M), HEIGHT      M(0) M(1) ... M(HEIGHT - 1)
 */
#define BEGIN_ROW(i)                                                           \
  VECTOR a##i = more ? LOAD(y + (i) * ULP_LANES) : ZERO;                       \
  VECTOR b##i = TWO && more ? LOAD(y + (i) * ULP_LANES + TWO * WIDTH) : ZERO;
#define STEP_ROW(i)                                                            \
  v = SET1(x[(i) * ldx + l]);                                                  \
  a##i = MULTIPLY_ADD(v, pa, a##i);                                            \
  b##i = TWO ? MULTIPLY_ADD(v, pb, b##i) : b##i;
#define END_ROW(i)                                                             \
  STORE(y + (i) * ULP_LANES, a##i);                                            \
  if (TWO)                                                                     \
    STORE(y + (i) * ULP_LANES + TWO * WIDTH, b##i);
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#define DEFINE_ROWS(FUNCTION, EACH)                                            \
  static inline void FUNCTION(REAL *y, const REAL *x, size_t ldx,              \
                              const REAL *p, size_t k, bool more)              \
  {                                                                            \
    VECTOR v, pa, pb = ZERO;                                                   \
    EACH(BEGIN_ROW)                                                            \
    for (size_t l = 0; l < k; l++) {                                           \
      pa = LOAD(p + l * ULP_LANES);                                            \
      if (TWO)                                                                 \
        pb = LOAD(p + l * ULP_LANES + TWO * WIDTH);                            \
      EACH(STEP_ROW)                                                           \
    }                                                                          \
    EACH(END_ROW)                                                              \
  }
#define ONE_ROW(M) M(0)
DEFINE_ROWS(JOIN(NAME, _rows), ROWS)
DEFINE_ROWS(JOIN(NAME, _row), ONE_ROW)

static void NAME(REAL *y, const REAL *x, size_t ldx, size_t m, const REAL *p,
                 size_t k, bool more)
{
  for (int c = 0; c < ULP_LANES; c += (TWO + 1) * WIDTH) {
    size_t i = 0;
    for (; i + HEIGHT <= m; i += HEIGHT)
      JOIN(NAME, _rows)(y + i * ULP_LANES + c, x + i * ldx, ldx, p + c, k,
                        more);
    for (; i < m; i++)
      JOIN(NAME, _row)(y + i * ULP_LANES + c, x + i * ldx, ldx, p + c, k, more);
  }
}

#undef BEGIN_ROW
#undef STEP_ROW
#undef END_ROW
#undef DEFINE_ROWS
#undef ONE_ROW
#undef JOIN
#undef JOIN_
#undef NAME
#undef REAL
#undef VECTOR
#undef LOAD
#undef STORE
#undef SET1
#undef ZERO
#undef MULTIPLY_ADD
#undef WIDTH
#undef TWO
#undef ROWS
#undef HEIGHT
