/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Elements of a tensor in C order: any memory order, byte order, alignment and
 * width becomes an array of native elements, and that an array of doubles.
 */
#include <string.h>

#include "file.h"
#include "packed.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { HOST_BIG_ENDIAN = 1 };
#else
enum { HOST_BIG_ENDIAN = 0 };
#endif

enum { CHUNK = 1024 }; /* elements converted at a time, on the stack */

/* ---- sizes -------------------------------------------------------------- */

ulp_status ulp_tensor_count(ulp_tensor *t)
{
  int64_t product = 1;
  bool empty = false;

  for (int d = 0; d < t->ndim; d++) {
    if (t->shape[d] == 0)
      empty = true;
    else if (product > INT64_MAX / t->shape[d])
      return ULP_ERANGE;
    else
      product *= t->shape[d];
  }
  if (product > INT64_MAX / t->dtype->bits) return ULP_ERANGE;
  t->count = empty ? 0 : product;
  return ULP_OK;
}

/* The block that holds elements of type d; NULL when each stands alone. */
static const ulp_packed_block *block_of(const ulp_dtype *d)
{
  const ulp_packed_block *b = NULL;
  if (d->block == NULL) return NULL;
  return ulp_packed_block_find(d->block, &b, NULL, 0) == ULP_OK ? b : NULL;
}

int ulp_dtype_block_elements(const ulp_dtype *d)
{
  const ulp_packed_block *b = block_of(d);
  return b != NULL ? b->elements : 1;
}

int64_t ulp_tensor_bits(const ulp_tensor *t)
{
  const ulp_packed_block *b = block_of(t->dtype);
  if (b != NULL) return t->count / b->elements * b->bytes * 8;
  return t->count * t->dtype->bits;
}

static size_t element_size(const ulp_dtype *d)
{
  return d->bits < 8 ? 1 : d->bits / 8U;
}

/* ---- memory order ------------------------------------------------------- */

/* Walks a Fortran-order tensor in C order. */
typedef struct {
  int64_t index[ULP_MAX_DIMS];
  int64_t stride[ULP_MAX_DIMS]; /* in elements */
  int64_t at;                   /* where the element lies, in elements */
} cursor;

static void cursor_start(cursor *c, const ulp_tensor *t, int64_t first)
{
  int64_t stride = 1;

  c->at = 0;
  for (int d = 0; d < t->ndim; d++) {
    c->stride[d] = stride;
    stride *= t->shape[d];
  }
  for (int d = t->ndim - 1; d >= 0; d--) {
    c->index[d] = first % t->shape[d];
    first /= t->shape[d];
    c->at += c->index[d] * c->stride[d];
  }
}

static void cursor_next(cursor *c, const ulp_tensor *t)
{
  for (int d = t->ndim - 1; d >= 0; d--) {
    c->at += c->stride[d];
    if (++c->index[d] < t->shape[d]) return;
    c->at -= c->index[d] * c->stride[d];
    c->index[d] = 0;
  }
}

static void gather_fortran(const ulp_tensor *t, unsigned char *out,
                           int64_t first, int64_t n)
{
  const unsigned char *data = t->data;
  size_t size = element_size(t->dtype);
  cursor c;

  cursor_start(&c, t, first);
  for (int64_t i = 0; i < n; i++) {
    memcpy(out, data + (size_t)c.at * size, size);
    out += size;
    cursor_next(&c, t);
  }
}

/* ---- bit and byte order ------------------------------------------------- */

/* A little-endian bit stream: of two 4-bit codes the first is the low nibble,
 * as in PyTorch's float4_e2m1fn_x2, which safetensors stores as F4.  Neither
 * safetensors nor OCP MX v1.0 fixes an order for 6-bit codes; this is the same
 * stream, as ulp_pack writes it. */
static void unpack_bits(const ulp_tensor *t, unsigned char *out, int64_t first,
                        int64_t n)
{
  const unsigned char *data = t->data;
  unsigned bits = t->dtype->bits;

  for (int64_t i = 0; i < n; i++) {
    int64_t at = (first + i) * bits;
    unsigned shift = (unsigned)(at & 7);
    unsigned v = (unsigned)data[at >> 3] >> shift;
    if (shift + bits > 8) v |= (unsigned)data[(at >> 3) + 1] << (8 - shift);
    out[i] = (unsigned char)(v & ((1U << bits) - 1));
  }
}

/* Whole blocks are decoded, and of the first and last what is asked for. */
static void read_blocks(const ulp_tensor *t, const ulp_packed_block *b,
                        unsigned char *out, int64_t first, int64_t n)
{
  const uint8_t *data = t->data;
  float x[ULP_PACKED_ELEMENTS_MAX];

  while (n > 0) {
    int64_t skip = first % b->elements, m = b->elements - skip;
    if (m > n) m = n;
    ulp_packed_decode(b, x, data + first / b->elements * b->bytes, 1);
    memcpy(out, x + skip, (size_t)m * sizeof *x);
    out += (size_t)m * sizeof *x;
    first += m;
    n -= m;
  }
}

static void swap_bytes(unsigned char *p, size_t size, int64_t n)
{
  for (int64_t i = 0; i < n; i++, p += size) {
    for (size_t lo = 0, hi = size - 1; lo < hi; lo++, hi--) {
      unsigned char c = p[lo];
      p[lo] = p[hi];
      p[hi] = c;
    }
  }
}

void ulp_tensor_read_raw(const ulp_tensor *t, void *out, int64_t first,
                         int64_t n)
{
  const ulp_packed_block *b = block_of(t->dtype);
  size_t size = element_size(t->dtype);

  if (n <= 0) return;
  if (b != NULL) {
    read_blocks(t, b, out, first, n);
    return;
  }
  if (t->dtype->bits < 8)
    unpack_bits(t, out, first, n);
  else if (t->fortran && t->ndim > 1)
    gather_fortran(t, out, first, n);
  else
    memcpy(out, (const unsigned char *)t->data + (size_t)first * size,
           (size_t)n * size);
  if (size > 1 && (int)t->big_endian != HOST_BIG_ENDIAN)
    swap_bytes(out, size, n);
}

/* ---- values ------------------------------------------------------------- */

/* One chunk of native elements; each field is the whole of it. */
typedef union {
  double f64[CHUNK];
  uint64_t u64[CHUNK];
  int64_t i64[CHUNK];
  uint32_t u32[CHUNK];
  int32_t i32[CHUNK];
  uint16_t u16[CHUNK];
  int16_t i16[CHUNK];
  uint8_t u8[CHUNK];
  int8_t i8[CHUNK];
} chunk;

/* An IEEE-style code of up to 32 bits as a double, exactly.  Bit by bit, since
 * a C conversion would quiet a signalling NaN, and a flush-to-zero mode that
 * the caller set would lose subnormals. */
static inline double widen(uint32_t code, unsigned exp_bits, unsigned man_bits)
{
  uint32_t man = code & ((1U << man_bits) - 1);
  uint32_t exp_max = (1U << exp_bits) - 1;
  uint32_t exp = code >> man_bits & exp_max;
  uint32_t bias = exp_max >> 1;
  uint64_t sign = (uint64_t)(code >> (exp_bits + man_bits) & 1) << 63;
  uint64_t bits;
  double x;

  if (exp == 0) { /* man * 2^(1 - bias - man_bits) */
    uint64_t unit = (uint64_t)(1023 + 1 - bias - man_bits) << 52;
    memcpy(&x, &unit, sizeof x);
    x *= (double)man;
    memcpy(&bits, &x, sizeof bits);
  } else {
    uint64_t e = exp == exp_max ? 0x7ff : exp + 1023 - bias;
    bits = e << 52 | (uint64_t)man << (52 - man_bits);
  }
  bits |= sign;
  memcpy(&x, &bits, sizeof x);
  return x;
}

#define CONVERT(name, expression)                                              \
  static void name(double *out, const chunk *in, size_t n)                     \
  {                                                                            \
    for (size_t i = 0; i < n; i++)                                             \
      out[i] = (expression);                                                   \
  }
CONVERT(from_f32, widen(in->u32[i], 8, 23))
CONVERT(from_f16, widen(in->u16[i], 5, 10))
CONVERT(from_bf16, widen(in->u16[i], 8, 7))
CONVERT(from_i8, in->i8[i])
CONVERT(from_u8, in->u8[i])
CONVERT(from_i16, in->i16[i])
CONVERT(from_u16, in->u16[i])
CONVERT(from_i32, in->i32[i])
CONVERT(from_u32, in->u32[i])
CONVERT(from_i64, (double)in->i64[i])
CONVERT(from_u64, (double)in->u64[i])
CONVERT(from_bool, in->u8[i] != 0)
#undef CONVERT

static void from_f64(double *out, const chunk *in, size_t n)
{
  memcpy(out, in->f64, n * sizeof *out); /* a copy keeps signalling NaNs */
}

/* What reads a type; the narrow floats, which are not here, are read through
 * their format. */
static const struct {
  const char *safetensors;
  void (*convert)(double *out, const chunk *in, size_t n);
} converters[] = {
    {"F64", from_f64},   {"F32", from_f32}, {"F16", from_f16},
    {"BF16", from_bf16}, {"I8", from_i8},   {"U8", from_u8},
    {"I16", from_i16},   {"U16", from_u16}, {"I32", from_i32},
    {"U32", from_u32},   {"I64", from_i64}, {"U64", from_u64},
    {"BOOL", from_bool},
};

/* A code book of all codes pays off from about as many elements. */
static void read_codes(const ulp_tensor *t, double *out, int64_t first,
                       int64_t n)
{
  ulp_format f;
  double value[256];
  uint8_t code[CHUNK];
  unsigned codes = 1U << t->dtype->bits;

  if (ulp_format_find(t->dtype->format, &f, NULL, 0) != ULP_OK) return;
  if (n >= (int64_t)codes)
    for (unsigned i = 0; i < codes; i++)
      value[i] = ulp_decode(&f, i);
  for (int64_t done = 0; done < n; done += CHUNK) {
    int64_t m = n - done < CHUNK ? n - done : CHUNK;
    ulp_tensor_read_raw(t, code, first + done, m);
    for (int64_t i = 0; i < m; i++)
      out[done + i] =
          n >= (int64_t)codes ? value[code[i]] : ulp_decode(&f, code[i]);
  }
}

void ulp_tensor_read_f64(const ulp_tensor *t, double *out, int64_t first,
                         int64_t n)
{
  void (*convert)(double *, const chunk *, size_t) =
      t->dtype->block != NULL ? from_f32 : NULL;
  chunk raw;

  for (size_t i = 0; i < sizeof converters / sizeof converters[0]; i++)
    if (strcmp(converters[i].safetensors, t->dtype->safetensors) == 0)
      convert = converters[i].convert;
  if (convert == NULL) {
    read_codes(t, out, first, n);
    return;
  }
  for (int64_t done = 0; done < n; done += CHUNK) {
    int64_t m = n - done < CHUNK ? n - done : CHUNK;
    ulp_tensor_read_raw(t, &raw, first + done, m);
    convert(out + done, &raw, (size_t)m);
  }
}
