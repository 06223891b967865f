/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Elements of tensors: every type, memory order, byte order and alignment.
 */
#include "tensor_fixture.h"

enum { MANY = 3000 }; /* elements: more than one chunk of the reader */

static uint64_t bits_of(double x)
{
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

/* A C-order, little-endian vector of n elements. */
static ulp_tensor vector(const char *dtype, const void *data, int64_t n)
{
  ulp_tensor t = {.name = "", .ndim = 1, .shape = {n}, .count = n};
  t.dtype = ulp_dtype_safetensors(dtype);
  ck_assert_ptr_nonnull(t.dtype);
  t.data = data;
  return t;
}

/* ---- the table ----------------------------------------------------------- */

START_TEST(rows_name_formats_of_their_width)
{
  const ulp_dtype *d;
  size_t i;

  for (i = 0; (d = ulp_dtype_row(i)) != NULL; i++) {
    ulp_format f;
    ck_assert(d->safetensors[0] != '\0' || d->gguf != NULL);
    if (d->safetensors[0] != '\0')
      ck_assert_ptr_eq(ulp_dtype_safetensors(d->safetensors), d);
    if (d->gguf != NULL)
      ck_assert_ptr_eq(ulp_dtype_gguf((uint32_t)d->gguf_type), d);
    if (d->npy[0] != '\0') ck_assert_ptr_eq(ulp_dtype_npy(d->npy), d);
    if (d->format == NULL) continue;
    ck_assert_int_eq(ulp_format_find(d->format, &f, NULL, 0), ULP_OK);
    ck_assert_str_eq(f.name, d->format);
    ck_assert_uint_eq(f.bits, d->bits);
  }
  ck_assert_uint_eq(i, 21 + 20);
  ck_assert_ptr_null(ulp_dtype_npy(""));
  ck_assert_ptr_null(ulp_dtype_safetensors(""));
  ck_assert_ptr_null(ulp_dtype_gguf(16)); /* IQ2_XXS */
}
END_TEST

/* ---- floats: the bits of ulp_decode -------------------------------------- */

static const char *const narrow[] = {"F16",     "BF16",        "F8_E4M3",
                                     "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
                                     "F8_E8M0", "I8",          "U8"};

START_TEST(every_code_of_a_float)
{
  static unsigned char data[2 * 65536];
  static double out[65536];
  ulp_format f;
  const ulp_dtype *d = ulp_dtype_safetensors(narrow[_i]);
  int64_t n = INT64_C(1) << d->bits;
  ulp_tensor t = vector(narrow[_i], data, n);

  ck_assert_int_eq(ulp_format_find(d->format, &f, NULL, 0), ULP_OK);
  for (int64_t i = 0; i < n; i++) {
    unsigned char *p = data + i * d->bits / 8;
    p[0] = (unsigned char)(i & 0xff);
    if (d->bits == 16) p[1] = (unsigned char)(i >> 8);
  }
  ulp_tensor_read_f64(&t, out, 0, n);
  for (int64_t i = 0; i < n; i++) {
    double alone;
    uint64_t expected = bits_of(ulp_decode(&f, (uint64_t)i));
    ulp_tensor_read_f64(&t, &alone, i, 1);
    if (bits_of(out[i]) != expected || bits_of(alone) != expected)
      ck_abort_msg("%s code %#jx: %a, alone %a", narrow[_i], (intmax_t)i,
                   out[i], alone);
  }
}
END_TEST

/* The formats that the table gives, by their greatest or another known value.
 */
START_TEST(known_values)
{
  static const struct {
    const char *dtype;
    unsigned char bytes[8];
    double value;
  } rows[] = {
      {"F64", {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 1.5},
      {"F32", {0, 0, 0xc0, 0x3f}, 1.5},
      {"F16", {0xff, 0x7b}, 65504},
      {"BF16", {0x7f, 0x7f}, 0x1.fep127},
      {"F8_E4M3", {0x7e}, 448},
      {"F8_E5M2", {0x7b}, 57344},
      {"F8_E4M3FNUZ", {0x7f}, 240},
      {"F8_E5M2FNUZ", {0x7f}, 57344},
      {"F8_E8M0", {0x80}, 2},
  };
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    ulp_tensor t = vector(rows[r].dtype, rows[r].bytes, 1);
    double x = -1;
    ulp_tensor_read_f64(&t, &x, 0, 1);
    ck_assert_msg(x == rows[r].value, "%s: %a", rows[r].dtype, x);
  }
}
END_TEST

START_TEST(f32_keeps_every_bit)
{
  static const uint32_t edges[] = {
      0,          1,          0x007fffff, 0x00800000, 0x3f800000,
      0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff,
      0xffa12345, 0x80000000, 0x80000001, 0xff800000};
  ulp_format f;
  uint32_t code = 12345;
  unsigned char p[4] = {0};
  ulp_tensor t = vector("F32", p, 1);

  ck_assert_int_eq(ulp_format_find("float32", &f, NULL, 0), ULP_OK);
  for (size_t i = 0; i < 100000; i++) {
    double x;
    uint32_t c = i < sizeof edges / sizeof edges[0] ? edges[i] : code;
    for (int k = 0; k < 4; k++)
      p[k] = (unsigned char)(c >> 8 * k & 0xff);
    ulp_tensor_read_f64(&t, &x, 0, 1);
    if (bits_of(x) != bits_of(ulp_decode(&f, c))) ck_abort_msg("%#x: %a", c, x);
    code = code * 1664525 + 1013904223; /* any sequence of all bit patterns */
  }
}
END_TEST

START_TEST(f64_signalling_nan_is_copied)
{
  static const unsigned char p[8] = {1, 0, 0, 0, 0, 0, 0xf0, 0xff};
  ulp_tensor t = vector("F64", p, 1);
  double x;

  ulp_tensor_read_f64(&t, &x, 0, 1);
  ck_assert_uint_eq(bits_of(x), UINT64_C(0xfff0000000000001));
}
END_TEST

/* ---- sub-byte floats ----------------------------------------------------- */

START_TEST(sub_byte_codes)
{
  /* F4: 1, 2, 3, f, low nibble first.  F6: the codes 01, 02, 23, 3f are the
   * 24-bit little-endian number 111111 100011 000010 000001. */
  static const unsigned char f4[] = {0x21, 0xf3};
  static const unsigned char f6[] = {0x81, 0x30, 0xfe};
  static const double e2m1[] = {0.5, 1, 1.5, -6};
  static const double e2m3[] = {0.125, 0.25, -0.375, -7.5};
  static const double e3m2[] = {0.0625, 0.125, -0.1875, -28};
  static const struct {
    const char *dtype;
    const void *data;
    unsigned char codes[4];
    const double *values;
  } rows[] = {{"F4", f4, {1, 2, 3, 0xf}, e2m1},
              {"F6_E2M3", f6, {1, 2, 0x23, 0x3f}, e2m3},
              {"F6_E3M2", f6, {1, 2, 0x23, 0x3f}, e3m2}};

  for (size_t r = 0; r < 3; r++) {
    ulp_tensor t = vector(rows[r].dtype, rows[r].data, 4);
    for (int64_t first = 0; first < 4; first++) {
      unsigned char codes[4];
      double x[4];
      ulp_tensor_read_raw(&t, codes, first, 4 - first);
      ulp_tensor_read_f64(&t, x, first, 4 - first);
      for (int64_t i = first; i < 4; i++) {
        ck_assert_uint_eq(codes[i - first], rows[r].codes[i]);
        ck_assert_double_eq(x[i - first], rows[r].values[i]);
      }
    }
  }
}
END_TEST

/* ---- integers and bool --------------------------------------------------- */

START_TEST(integers_by_value)
{
  static const struct {
    const char *dtype;
    unsigned char bytes[8];
    double value;
  } rows[] = {
      {"I8", {0x80}, -128},
      {"U8", {0x80}, 128},
      {"I16", {0x01, 0x80}, -32767},
      {"U16", {0x01, 0x80}, 32769},
      {"I32", {0, 0, 0, 0x80}, -2147483648.0},
      {"U32", {0xff, 0xff, 0xff, 0xff}, 4294967295.0},
      {"I64", {0, 0, 0, 0, 0, 0, 0, 0x80}, -0x1p63},
      {"U64", {0, 4, 0, 0, 0, 0, 0, 0x80}, 0x1p63}, /* tie, to even */
      {"U64", {1, 4, 0, 0, 0, 0, 0, 0x80}, 0x1.0000000000001p63},
      {"BOOL", {0}, 0},
      {"BOOL", {1}, 1},
      {"BOOL", {0xfe}, 1},
  };
  for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
    ulp_tensor t = vector(rows[r].dtype, rows[r].bytes, 1);
    double x = -1;
    ulp_tensor_read_f64(&t, &x, 0, 1);
    ck_assert_double_eq(x, rows[r].value);
  }
}
END_TEST

/* ---- memory order, byte order, alignment --------------------------------- */

/* u2 elements 0, 1, 2 ... in C order, stored in Fortran order. */
static ulp_file *fortran_file(const char *dict, const int64_t shape[3],
                              bool big, unsigned char **bytes)
{
  static unsigned char data[2 * MANY];
  int64_t n = 0;
  size_t size;

  for (int64_t k = 0; k < shape[2]; k++)
    for (int64_t j = 0; j < shape[1]; j++)
      for (int64_t i = 0; i < shape[0]; i++, n++) {
        int64_t value = (i * shape[1] + j) * shape[2] + k;
        data[2 * n + big] = (unsigned char)(value & 0xff);
        data[2 * n + !big] = (unsigned char)(value >> 8);
      }
  *bytes = npy_bytes(1, dict, data, 2 * (size_t)n, &size);
  return assert_parsed(*bytes, size, "t.npy");
}

START_TEST(fortran_order_any_range)
{
  static const int64_t shape[] = {2, 3, 4};
  unsigned char *bytes;
  ulp_file *f = fortran_file(
      "{'descr': '>u2', 'fortran_order': True, 'shape': (2, 3, 4)}", shape,
      true, &bytes);
  const ulp_tensor *t = ulp_file_tensor(f, 0);

  for (int64_t first = 0; first <= 24; first++) {
    for (int64_t n = 0; first + n <= 24; n++) {
      double x[25];
      uint16_t raw[25];
      x[n] = -1;
      raw[n] = 0xabcd;
      ulp_tensor_read_f64(t, x, first, n);
      ulp_tensor_read_raw(t, raw, first, n);
      for (int64_t i = 0; i < n; i++) {
        ck_assert_double_eq(x[i], (double)(first + i));
        ck_assert_uint_eq(raw[i], (uint64_t)(first + i));
      }
      ck_assert_double_eq(x[n], -1); /* nothing past the end */
      ck_assert_uint_eq(raw[n], 0xabcd);
    }
  }
  ulp_file_close(f);
  free(bytes);
}
END_TEST

START_TEST(fortran_order_over_chunks)
{
  static const int64_t shape[] = {10, 30, 10};
  static double x[MANY];
  unsigned char *bytes;
  ulp_file *f = fortran_file(
      "{'descr': '<u2', 'fortran_order': True, 'shape': (10, 30, 10)}", shape,
      false, &bytes);

  ulp_tensor_read_f64(ulp_file_tensor(f, 0), x, 0, MANY);
  for (int i = 0; i < MANY; i++)
    ck_assert_double_eq(x[i], i);
  ulp_file_close(f);
  free(bytes);
}
END_TEST

START_TEST(nothing_of_an_empty_tensor)
{
  size_t size;
  unsigned char *p =
      npy_bytes(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 0)}",
                NULL, 0, &size);
  ulp_file *f = assert_parsed(p, size, "t.npy");
  double x = -1;
  float raw = -1;

  ulp_tensor_read_f64(ulp_file_tensor(f, 0), &x, 0, 0);
  ulp_tensor_read_raw(ulp_file_tensor(f, 0), &raw, 0, 0);
  ck_assert(x == -1 && raw == -1);
  ulp_file_close(f);
  free(p);
}
END_TEST

/* Both byte orders of each type, at each alignment, give the same values. */
START_TEST(byte_order_and_alignment)
{
  static const char *const types[] = {"f8", "f4", "f2", "i2", "u2",
                                      "i4", "u4", "i8", "u8"};
  for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
    const ulp_dtype *d = ulp_dtype_npy(types[k]);
    size_t size = d->bits / 8U;
    for (size_t shift = 0; shift < 8; shift++) {
      unsigned char little[40] = {0}, big[40] = {0};
      ulp_tensor t = vector(d->safetensors, little + shift, 4);
      double a[4], b[4];
      for (size_t i = 0; i < 4 * size; i++) {
        size_t swapped = i / size * size + size - 1 - i % size;
        little[shift + i] = big[shift + swapped] = (unsigned char)(37 * i + 11);
      }
      ulp_tensor_read_f64(&t, a, 0, 4);
      t.data = big + shift;
      t.big_endian = true;
      ulp_tensor_read_f64(&t, b, 0, 4);
      ck_assert_mem_eq(a, b, sizeof a);
      ck_assert(bits_of(a[0]) != bits_of(a[1]));
    }
  }
}
END_TEST

int main(void)
{
  Suite *s = suite_create("tensor");
  TCase *t = tcase_create("tensor");
  SRunner *r = srunner_create(s);
  int failed;

  suite_add_tcase(s, t);
  tcase_set_timeout(t, 60); /* a busy machine is no failure */
  tcase_add_test(t, rows_name_formats_of_their_width);
  tcase_add_loop_test(t, every_code_of_a_float, 0,
                      sizeof narrow / sizeof narrow[0]);
  tcase_add_test(t, known_values);
  tcase_add_test(t, f32_keeps_every_bit);
  tcase_add_test(t, f64_signalling_nan_is_copied);
  tcase_add_test(t, sub_byte_codes);
  tcase_add_test(t, integers_by_value);
  tcase_add_test(t, fortran_order_any_range);
  tcase_add_test(t, fortran_order_over_chunks);
  tcase_add_test(t, nothing_of_an_empty_tensor);
  tcase_add_test(t, byte_order_and_alignment);
  srunner_run_all(r, CK_NORMAL);
  failed = srunner_ntests_failed(r);
  srunner_free(r);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
