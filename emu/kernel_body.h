/* SPDX-License-Identifier: MIT
 *
 * The kernels of kernel.h.  The file that includes this has defined, for W
 * lanes of 32 bits: the vector types below by VECTOR_TYPES, COLUMNS_F and
 * COLUMNS_D (vectors of B at a time), and the functions that C lacks.
 */

enum { HALF = W / 2, BYTES = 4 * W };

/* ---- votes -------------------------------------------------------------- */

/* The greatest vote of the products, by lane, as E biased. */
static inline void lift(const ulp_kernel_plan *p, vh top, int16_t *out)
{
  top -= (int16_t)(2 * p->vote_bias - 127);
  STORE(out, max_h(top, (vh){0} + (int16_t)p->floor));
}

static inline void votes_bytes(const ulp_kernel_plan *p, const uint32_t *a,
                               const uint8_t *b,
                               int16_t top[ULP_ROWS][ULP_LANES])
{
  for (int j = 0; j < ULP_LANES; j += BYTES) {
    vb most[ULP_ROWS] = {{0}};
    for (int k = 0; k < p->block; k++) {
      vb x = LOAD(vb, b + k * ULP_LANES + j);
      UNROLL
      for (int r = 0; r < ULP_ROWS; r++)
        most[r] = max_b(most[r], x + (vb)splat_i(a[k * ULP_ROWS + r]));
    }
    UNROLL
    for (int r = 0; r < ULP_ROWS; r++) {
      uint8_t kept[BYTES];
      STORE(kept, most[r] & (vb)(most[r] >= (uint8_t)p->least));
      UNROLL
      for (int h = 0; h < 2; h++)
        lift(p, __builtin_convertvector(LOAD(vbh, kept + h * BYTES / 2), vh),
             top[r] + j + h * BYTES / 2);
    }
  }
}

static inline void votes_words(const ulp_kernel_plan *p, const uint32_t *a,
                               const int16_t *b,
                               int16_t top[ULP_ROWS][ULP_LANES])
{
  for (int j = 0; j < ULP_LANES; j += BYTES / 2) {
    vh most[ULP_ROWS] = {{0}};
    for (int k = 0; k < p->block; k++) {
      vh x = LOAD(vh, b + k * ULP_LANES + j);
      UNROLL
      for (int r = 0; r < ULP_ROWS; r++)
        most[r] = max_h(most[r], x + (vh)splat_i(a[k * ULP_ROWS + r]));
    }
    UNROLL
    for (int r = 0; r < ULP_ROWS; r++)
      lift(p, most[r] & (vh)(most[r] >= (int16_t)p->least), top[r] + j);
  }
}

static inline void votes(const ulp_kernel_plan *p, const ulp_kernel_run *x,
                         size_t block, int16_t top[ULP_ROWS][ULP_LANES])
{
  size_t k = block * (size_t)p->block;
  const uint32_t *a = x->vote_a + k * ULP_ROWS;
  if (p->bytes)
    votes_bytes(p, a, (const uint8_t *)x->vote_b + k * ULP_LANES, top);
  else
    votes_words(p, a, (const int16_t *)x->vote_b + k * ULP_LANES, top);
}

/* ---- signs -------------------------------------------------------------- */

/* n and how many products of a row and W of B's are negative.  A word of B has
 * the positive k below and the negative above; a word of A the other way
 * round. */
static inline vi add_negative(vi n, const uint32_t *a, const uint32_t *b,
                              int words)
{
  for (int w = 0; w < words; w++)
    n = add_ones(n, LOAD(vi, b + w * ULP_LANES) & splat_i(a[w * ULP_ROWS]));
  return n;
}

/* ---- floats ------------------------------------------------------------- */

static inline void narrow_tile(const ulp_kernel_plan *p, const float *a,
                               const float *b, const uint32_t *sign_a,
                               const uint32_t *sign_b, int words,
                               const int16_t *top, float *acc)
{
  vf s[ULP_ROWS][COLUMNS_F];
  /* 1.5 * 2^23 units.  Where C is huge exponents wrap, and that C is not for
   * here.  C, below 2^21 units, keeps 22 bits and gets an ulp, as A has. */
  const int32_t start = ((23 - p->align) << 23) + 0x400000;
  UNROLL
  for (int r = 0; r < ULP_ROWS; r++)
    UNROLL
    for (int c = 0; c < COLUMNS_F; c++) {
      vi old = LOAD(vi, acc + r * ULP_LANES + c * W);
      vi e = max_i(old & 0x7f800000,
                   widen(top + r * ULP_LANES + c * W) << 23);
      s[r][c] = fma_down_f(splat_f(0x1.000002p0F), (vf)(old & ~3),
                           (vf)(vi)((vw)e + (uint32_t)start));
    }
  for (int k = 0; k < p->block; k++) {
    vf x[COLUMNS_F];
    UNROLL
    for (int c = 0; c < COLUMNS_F; c++)
      x[c] = LOAD(vf, b + k * ULP_LANES + c * W);
    UNROLL
    for (int r = 0; r < ULP_ROWS; r++) {
      vf y = splat_f(a[k * ULP_ROWS + r]);
      UNROLL
      for (int c = 0; c < COLUMNS_F; c++)
        s[r][c] = fma_down_f(y, x[c], s[r][c]);
    }
  }
  UNROLL
  for (int r = 0; r < ULP_ROWS; r++)
    UNROLL
    for (int c = 0; c < COLUMNS_F; c++) {
      vi old = LOAD(vi, acc + r * ULP_LANES + c * W);
      vi from = ((vi)s[r][c] & 0x7f800000) | 0x400000;
      vi sum = add_negative((vi)s[r][c] + (vi)((vw)old >> 31), sign_a + r,
                            sign_b + c * W, words);
      sum = (vi)minus((vf)sum, (vf)from) & (int32_t)p->keep;
      STORE(acc + r * ULP_LANES + c * W, sum);
    }
}

static void NAME(narrow)(const ulp_kernel_plan *p, const ulp_kernel_run *x,
                         float acc[ULP_ROWS][ULP_LANES])
{
  size_t n = (size_t)p->block;
  int words = (p->block + ULP_SIGNS - 1) / ULP_SIGNS;
  for (size_t i = 0; i < x->blocks; i++) {
    int16_t top[ULP_ROWS][ULP_LANES];
    const float *a = (const float *)x->a + i * n * ULP_ROWS;
    const float *b = (const float *)x->b + i * n * ULP_LANES;
    const uint32_t *sa = x->sign_a + i * (size_t)words * ULP_ROWS;
    const uint32_t *sb = x->sign_b + i * (size_t)words * ULP_LANES;
    votes(p, x, i, top);
    for (int j = 0; j < ULP_LANES; j += W * COLUMNS_F)
      narrow_tile(p, a, b + j, sa, sb + j, words,
                  top[0] + j, acc[0] + j);
  }
}

/* Whether some C is not for `narrow`. */
static bool NAME(strange)(float acc[ULP_ROWS][ULP_LANES])
{
  const int32_t low = 29 << 23, high = 225 << 23; /* 2^-98, 2^98 */
  bool any = false;
  for (int r = 0; r < ULP_ROWS; r++)
    for (int l = 0; l < ULP_LANES; l += W) {
      vi x = LOAD(vi, acc[r] + l) & 0x7fffffff;
      x += (vi)(x == 0) & low;
      any |= any_above(x - low, high - low);
    }
  return any;
}

/* ---- doubles ------------------------------------------------------------ */

/* How a sum becomes a result: to nearest, or cut, to a float or to less. */
typedef enum { TO_NEAREST, TO_FLOAT, TO_LESS } ending;

static inline vfh rounded(vd sum, int drop, ending how)
{
  vu bits = (vu)sum, low = (vu){0} + ((UINT64_C(1) << drop) - 1);
  if (how == TO_FLOAT)
    return cut_to_float(sum);
  if (how == TO_NEAREST)
    bits += (low >> 1) + (bits >> drop & 1);
  return to_float((vd)(bits & ~low));
}

/* Results that are 0, or not in the accumulator's normal range, among W. */
static __attribute__((noinline)) void
look_again(const ulp_kernel_plan *p, const vd sum[2], vi e, vf result,
           float *acc)
{
  const int32_t inf = 0x7f800000;
  vi old = LOAD(vi, acc), bits = (vi)result;
  vi stuck = (vi)((old & inf) == inf); /* no finite product changes it */
  vi zero = (vi)((bits << 1) == 0) & (p->zero_is_zero ? -1 : 0);
  vi done = stuck | zero, exponent = bits & inf;
  bits = (old & stuck) | (bits & ~done);
  STORE(acc, bits);
  exponent = (exponent & ~done) | (done & p->from);
  if (!any_above(exponent - p->from, p->to - p->from))
    return;
  double exact[W];
  int32_t of[W], field[W];
  memcpy(exact, sum, sizeof exact);
  STORE(of, e);
  STORE(field, exponent);
  for (int l = 0; l < W; l++)
    if (field[l] < p->from || field[l] > p->to)
      acc[l] = ulp_kernel_settle(p, exact[l], of[l]);
}

/* The 1.5 * 2^52 units that a sum started from. */
static inline vd start_of(vd sum)
{
  return (vd)(((vu)sum & UINT64_C(0xfff) << 52) | UINT64_C(1) << 51);
}

static inline void wide_tile(const ulp_kernel_plan *p, const double *a,
                             const float *b, const uint32_t *sign_a,
                             const uint32_t *sign_b, int words, int32_t emin,
                             ending how, const int16_t *top, float *acc)
{
  enum { PAIRS = COLUMNS_D / 2 };
  vd s[ULP_ROWS][COLUMNS_D];
  vi e[ULP_ROWS][PAIRS];
  /* 1.5 * 2^52 units: the upper word.  The lower is how many of the products
   * are negative, C among them. */
  const int start = ((1023 - 127 + 52 - p->align) << 20) + 0x80000;
  UNROLL
  for (int r = 0; r < ULP_ROWS; r++)
    UNROLL
    for (int c = 0; c < PAIRS; c++) {
      vi bits = LOAD(vi, acc + r * ULP_LANES + c * W);
      vi of_c = max_i((vi)((vw)(bits << 1) >> 24), (vi){0} + emin);
      vi t = widen(top + r * ULP_LANES + c * W);
      e[r][c] = max_where(bits << 1, t, of_c);
      vi high = (e[r][c] << 20) + start;
      vi n = add_negative((vi)((vw)bits >> 31), sign_a + r, sign_b + c * W,
                          words);
      UNROLL
      for (int h = 0; h < 2; h++) {
        vd old = to_double(LOAD(vfh, acc + r * ULP_LANES + c * W + h * HALF));
        s[r][2 * c + h] = fma_down_d(splat_d(0x1.0000000000001p0), old,
                                     words_of(n, high, h));
      }
    }
  for (int k = 0; k < p->block; k++) {
    vd x[COLUMNS_D];
    UNROLL
    for (int c = 0; c < COLUMNS_D; c++)
      x[c] = to_double(LOAD(vfh, b + k * ULP_LANES + c * HALF));
    UNROLL
    for (int r = 0; r < ULP_ROWS; r++) {
      vd y = splat_d(a[k * ULP_ROWS + r]);
      UNROLL
      for (int c = 0; c < COLUMNS_D; c++)
        s[r][c] = fma_down_d(y, x[c], s[r][c]);
    }
  }
  UNROLL
  for (int r = 0; r < ULP_ROWS; r++)
    UNROLL
    for (int c = 0; c < PAIRS; c++) {
      float *at = acc + r * ULP_LANES + c * W;
      vd sum[2];
      vfh out[2];
      UNROLL
      for (int h = 0; h < 2; h++) {
        sum[h] = s[r][2 * c + h] - start_of(s[r][2 * c + h]);
        out[h] = rounded(sum[h], p->drop, how);
      }
      vf both = join(out[0], out[1]);
      vi exponent = (vi)both & 0x7f800000;
      if (any_above(exponent - p->from, p->to - p->from))
        look_again(p, sum, e[r][c], both, at);
      else
        STORE(at, both);
    }
}

static inline void wide_blocks(const ulp_kernel_plan *p,
                               const ulp_kernel_run *x, ending how,
                               float acc[ULP_ROWS][ULP_LANES])
{
  size_t n = (size_t)p->block;
  int words = (p->block + ULP_SIGNS - 1) / ULP_SIGNS;
  for (size_t i = 0; i < x->blocks; i++) {
    int16_t top[ULP_ROWS][ULP_LANES];
    const double *a = (const double *)x->a + i * n * ULP_ROWS;
    const float *b = (const float *)x->b + i * n * ULP_LANES;
    const uint32_t *sa = x->sign_a + i * (size_t)words * ULP_ROWS;
    const uint32_t *sb = x->sign_b + i * (size_t)words * ULP_LANES;
    votes(p, x, i, top);
    for (int j = 0; j < ULP_LANES; j += HALF * COLUMNS_D)
      wide_tile(p, a, b + j, sa, sb + j, words,
                i ? p->acc_emin : p->c_emin, how, top[0] + j, acc[0] + j);
  }
}

static void NAME(wide)(const ulp_kernel_plan *p, const ulp_kernel_run *x,
                       float acc[ULP_ROWS][ULP_LANES])
{
  if (p->nearest)
    wide_blocks(p, x, TO_NEAREST, acc);
  else if (p->drop == 52 - 23)
    wide_blocks(p, x, TO_FLOAT, acc);
  else
    wide_blocks(p, x, TO_LESS, acc);
}
