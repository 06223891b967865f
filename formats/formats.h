/* SPDX-License-Identifier: MIT
 *
 * ulplab/formats.h: codes and values of number formats.
 *
 * A format is a row of one table (formats/table.c) or a name that
 * describes one (formats/name.c).  Everything else here is derived from
 * that row: classes, limits, decoding, and one round-and-pack through
 * which every conversion passes.
 *
 * Conventions of the whole library
 *   - Arguments come in the order: format, outputs, inputs, how to round.
 *   - Nothing here prints, exits, allocates or keeps state: rounding mode,
 *     seed and profile are arguments.  All functions are thread safe.
 *   - A code is a uint64_t whose low `bits` bits are the encoding; the sign
 *     is the highest of them.  Bits above are ignored on reading and zero on
 *     writing.
 *   - Functions that can fail return ulp_status and leave their outputs
 *     untouched when they fail.
 */
#ifndef ULPLAB_FORMATS_H
#define ULPLAB_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ULP_MUST_CHECK __attribute__((warn_unused_result))
#else
#define ULP_MUST_CHECK
#endif

/* ---- status ---------------------------------------------------------- */

typedef enum {
  ULP_OK = 0,
  ULP_EINVAL,   /* an argument is outside its documented range */
  ULP_ENAME,    /* no such format, profile or mode */
  ULP_EFORMAT,  /* a file or a description is malformed */
  ULP_EIO,      /* the operating system refused to read or write */
  ULP_ENOMEM,
  ULP_ERANGE    /* the values of a format do not fit the type asked for */
} ulp_status;

/* A constant English phrase for a status; never NULL. */
const char *ulp_strerror(ulp_status status);

/* ---- formats --------------------------------------------------------- */

typedef enum {
  ULP_FLOAT,   /* sign, exponent field, trailing significand */
  ULP_INTEGER, /* two's complement (or unsigned) integer * 2^-bias */
  ULP_CODEBOOK /* a list of values indexed by the code */
} ulp_kind;

typedef enum {
  ULP_NAN_NONE,
  ULP_NAN_IEEE,     /* exponent field all ones, significand not zero */
  ULP_NAN_TOP,      /* magnitude bits all ones (E4M3fn 0x7F/0xFF, E8M0 0xFF) */
  ULP_NAN_NEGZERO   /* the code of -0 (the FNUZ types, P3109's signed ones) */
} ulp_nan_code;

typedef enum {
  ULP_INF_NONE,
  ULP_INF_IEEE, /* exponent field all ones, significand zero */
  ULP_INF_TOP   /* the greatest magnitude below the NaN, if that is on top */
} ulp_inf_code;

typedef enum {
  ULP_ZERO_SIGNED,   /* +0 and -0 */
  ULP_ZERO_UNSIGNED, /* +0 only; the code of -0 is NaN or unused */
  ULP_ZERO_NONE      /* no zero: exponent field 0 is an ordinary binade (E8M0) */
} ulp_zero_code;

enum { ULP_NAME_SIZE = 48 };

typedef struct {
  char name[ULP_NAME_SIZE]; /* canonical name, as ml_dtypes where it has one */
  const char *aliases;      /* other names, separated by blanks; may be "" */
  const char *source;       /* the document that defines it */
  ulp_kind kind;
  uint8_t bits;             /* of a code, 2..64 */
  uint8_t exp_bits;         /* FLOAT: 1..15 */
  uint8_t man_bits;         /* FLOAT: trailing significand bits, 0..52 */
  uint8_t storage_bytes;    /* of an unpacked element in an array: 1, 2, 4, 8 */
  uint8_t storage_shift;    /* code << shift is what is stored (tf32: 13) */
  bool is_signed;
  bool subnormals;          /* FLOAT: if false, codes 0 < x < 2^emin are unused */
  bool symmetric;           /* INTEGER: the most negative code is unused */
  ulp_nan_code nan;
  ulp_inf_code inf;
  ulp_zero_code zero;
  int32_t bias;             /* FLOAT: exponent bias; INTEGER: value = n*2^-bias */
  uint64_t max_code;        /* code of the greatest finite value */
  const float *codebook;    /* CODEBOOK: 2^bits values, by code */
  const uint8_t *codebook_order; /* codes by increasing value, -0 before +0;
                                    NULL: the codes are in order */
} ulp_format;

/* The table: rows 0 .. ulp_format_count()-1, NULL beyond. */
size_t ulp_format_count(void);
const ulp_format *ulp_format_row(size_t i);

/* The words of a row's fields; "invalid" for what is none. */
const char *ulp_kind_name(ulp_kind k);
const char *ulp_nan_code_name(ulp_nan_code c);
const char *ulp_inf_code_name(ulp_inf_code c);
const char *ulp_zero_code_name(ulp_zero_code c);

/* Looks a name up and fills *out.
 *
 * Names, in any case: a row's name or alias (float8_e4m3fn, e4m3); a P3109
 * format binaryKpP[s|u][e|f] with K = 3..16 (binary8p3se); or an invented
 * float of up to 16 bits, [u]eEmM[bBIAS][SUFFIX][:FLAG[,FLAG...]].
 *   SUFFIX  none = IEEE style (Inf, NaNs, -0); fn = NaN on top, no Inf;
 *           fnuz = NaN in place of -0, no Inf; f = neither NaN nor Inf.
 *   FLAG    inf | noinf | nan=ieee|top|negzero|none | negzero | nonegzero
 *           | sub | nosub | ieee | bias=N
 * E = 1..15, M = 0..14, bias -16384..16384 (default 2^(E-1)-1).  A name with
 * a ':' always describes an invented format, never a row.
 *
 * Returns ULP_ENAME if the name is not known and ULP_EINVAL if it describes
 * a format that cannot be; then `why` (may be NULL), of why_size bytes, holds
 * one line that says what was expected and the nearest known name. */
ULP_MUST_CHECK ulp_status ulp_format_find(const char *name, ulp_format *out,
                                          char *why, size_t why_size);

/* The candidate nearest to `word` by edit distance, or NULL when none is
 * nearer than half its length.  `name_of(list, i)` returns NULL past the end;
 * list is the caller's own, and may be NULL. */
const char *ulp_nearest(const char *word,
                        const char *(*name_of)(const void *list, size_t i),
                        const void *list);

/* ---- codes and values ------------------------------------------------ */

typedef enum {
  ULP_CLASS_ZERO,
  ULP_CLASS_SUBNORMAL,
  ULP_CLASS_NORMAL,
  ULP_CLASS_INF,
  ULP_CLASS_NAN,
  ULP_CLASS_UNUSED /* never written; reads as the value its bits would have
                      (-128 of a symmetric INT8, zero of a flushed subnormal) */
} ulp_class;

const char *ulp_class_name(ulp_class c);

/* An exact number: (-1)^negative * significand * 2^exponent, plus, when
 * `sticky` is set, something more than 0 and less than one unit of the
 * significand's last place, in the same direction. */
typedef struct {
  ulp_class cls;        /* INF and NAN have no significand */
  bool negative;
  bool sticky;
  int32_t exponent;
  uint64_t significand; /* NAN: the payload, left-aligned at bit 63 (the
                           quiet bit of an IEEE NaN is bit 63) */
} ulp_exact;

/* The exact value of a code. */
ulp_exact ulp_unpack(const ulp_format *f, uint64_t code);

/* The exact value of a double, any bit pattern, payload and all. */
ulp_exact ulp_from_f64(double x);
ulp_exact ulp_from_f32(float x);

/* The value of a code as a double: exact when ulp_fits_f64(f), which holds
 * for every row of the table; else rounded to nearest even.  NaN keeps its
 * sign and the payload's upper bits; signalling NaNs stay signalling. */
double ulp_decode(const ulp_format *f, uint64_t code);
bool ulp_fits_f64(const ulp_format *f);

/* Limits.  max: greatest finite value.  lowest: least finite value (0 for an
 * unsigned format).  min_normal: 2^emin; min_positive: the least value above
 * 0.  All as doubles, exact under ulp_fits_f64. */
double ulp_max(const ulp_format *f);
double ulp_lowest(const ulp_format *f);
double ulp_min_normal(const ulp_format *f);
double ulp_min_positive(const ulp_format *f);

/* 2^bits, for formats of up to 32 bits. */
uint64_t ulp_code_count(const ulp_format *f);

/* ---- rounding -------------------------------------------------------- */

typedef enum {
  ULP_RNE, /* to nearest, ties to the even code (also in E8M0, as P3109, and in
              codebooks, where parity alternates along the values) */
  ULP_RNA, /* to nearest, ties away from zero */
  ULP_RNZ, /* to nearest, ties toward zero */
  ULP_RTZ, /* toward zero */
  ULP_RU,  /* toward +inf */
  ULP_RD,  /* toward -inf */
  ULP_ODD, /* if inexact, to the neighbour with the odd code */
  ULP_SR   /* stochastic */
} ulp_mode;

/* What becomes of a rounded value beyond the greatest finite one.  Where a
 * format lacks the special asked for, the profile's `no_inf` decides between
 * NaN and the greatest finite value, which is also what stands in for a
 * missing NaN. */
typedef enum {
  ULP_OVERFLOW_DEFAULT,  /* what the profile does */
  ULP_OVERFLOW_SATURATE, /* the greatest finite value */
  ULP_OVERFLOW_INF,      /* infinity, in every rounding mode */
  ULP_OVERFLOW_NAN,      /* NaN */
  ULP_OVERFLOW_IEEE      /* by mode: Inf in RNE, RNA, RNZ, SR and outward; the
                            greatest finite value in RTZ and inward (IEEE 754
                            7.4); in ODD whichever has the odd code */
} ulp_overflow;

/* P3109 draft 4.7.4, with v the discarded fraction of the last place and R
 * the random integer, 0 <= R < 2^N; the magnitude goes up if
 *   A: floor(v 2^N) + R >= 2^N          (truncates, so biased toward zero)
 *   B: floor(v 2^(N+1)) + 2R+1 >= 2^(N+1)
 *   C: RNE(v 2^N) + R >= 2^N */
typedef enum { ULP_SR_A, ULP_SR_B, ULP_SR_C } ulp_sr_variant;

typedef struct ulp_profile ulp_profile;

typedef struct {
  ulp_mode mode;
  ulp_overflow overflow;
  const ulp_profile *profile; /* NULL: ocp */
  /* the rest is read in ULP_SR only */
  ulp_sr_variant sr_variant;
  uint8_t sr_bits;            /* 1..32 random bits; 0 = exact: P(up) = v */
  uint64_t seed, stream;      /* see "random bits" below */
} ulp_rounding;

/* Names <-> values; a NULL or ULP_ENAME when there is none. */
const char *ulp_mode_name(size_t i);
const char *ulp_overflow_name(size_t i);
ULP_MUST_CHECK ulp_status ulp_mode_find(const char *name, ulp_mode *out);
ULP_MUST_CHECK ulp_status ulp_overflow_find(const char *name, ulp_overflow *out);

/* The one round-and-pack: the code of x in format f.
 *
 * x        any class.  A sticky significand must have at least
 *          man_bits + 2 significant bits.
 * r        how to round; must satisfy ulp_rounding_check.
 * index    the element's index: SR draws word `index` of (seed, stream), so
 *          the same element gives the same code on any thread or shard.
 * Never fails: NaN, Inf, negative values in unsigned formats and zero in a
 * format without zero become what the profile says.  NaN to an integer or a
 * codebook is the code of 0 (CUDA's float-to-int rule); integers and
 * codebooks saturate under every overflow rule.  In a format without
 * subnormals (`nosub`) values between 0 and 2^emin round to one of these two;
 * the tie goes to 0, which is even.  In one without zero (E8M0) a positive
 * value below the least becomes the least in every mode. */
uint64_t ulp_round_pack(const ulp_format *f, const ulp_exact *x,
                        const ulp_rounding *r, uint64_t index);

/* The same from a double or a float; exact, no double rounding. */
uint64_t ulp_encode_f64(const ulp_format *f, double x, const ulp_rounding *r,
                        uint64_t index);
uint64_t ulp_encode_f32(const ulp_format *f, float x, const ulp_rounding *r,
                        uint64_t index);

/* ULP_EINVAL when a field is outside its range. */
ULP_MUST_CHECK ulp_status ulp_rounding_check(const ulp_rounding *r);

/* ---- profiles: what implementations disagree on ------------------------ */

typedef enum {
  ULP_NAN_KEEP,     /* sign and upper payload bits kept, signalling too */
  ULP_NAN_QUIET,    /* the same, quieted: IEEE 754 6.2.3, x86, Arm */
  ULP_NAN_DEFAULT,  /* sign kept, payload dropped, only the quiet bit set */
  ULP_NAN_ONES,     /* sign kept, all ones */
  ULP_NAN_POSITIVE_ONES /* 0x7F..., sign dropped (CUDA) */
} ulp_nan_rule;

typedef enum {
  ULP_NONAN_MAX,        /* + greatest finite (PTX cvt .satfinite) */
  ULP_NONAN_SIGN_FLIP,  /* -0 for +NaN, +0 for -NaN (ml_dtypes) */
  ULP_NONAN_AS_NUMBER   /* rounded as if it were 1.payload * 2^128, exponent
                           wrapped to 8 bits (TorchAO's bit arithmetic) */
} ulp_nonan_rule;

struct ulp_profile {
  const char *name;
  const char *source;
  ulp_overflow overflow_narrow; /* formats of up to 8 bits */
  ulp_overflow overflow_wide;   /* the others */
  ulp_nan_rule nan;
  ulp_nonan_rule nonan;         /* NaN to a float format that has none */
  bool inf_is_overflow;         /* saturation also catches an infinite input */
  bool no_inf_is_nan;           /* else the greatest finite value */
  bool binade_ties_up;          /* RNE with no significand bits: 1.5*2^k always
                                   up (else to the even code) */
  bool magnitude_if_unsigned;   /* a float without sign takes |x| (else a
                                   negative x is below the range: the lowest
                                   value if saturating, else NaN) */
};

size_t ulp_profile_count(void);
const ulp_profile *ulp_profile_row(size_t i);
ULP_MUST_CHECK ulp_status ulp_profile_find(const char *name,
                                           const ulp_profile **out);

/* ---- random bits ------------------------------------------------------- */

/* pcg32, PCG XSH RR 64/32 of M. E. O'Neill, "PCG: A Family of Simple Fast
 * Space-Efficient Statistically Good Algorithms for Random Number
 * Generation", Harvey Mudd College HMC-CS-2014-0905, 2014, 6.3. */
typedef struct {
  uint64_t state, increment;
} ulp_pcg32;

ulp_pcg32 ulp_pcg32_seed(uint64_t seed, uint64_t stream);
uint32_t ulp_pcg32_next(ulp_pcg32 *g);
/* Skips `steps` numbers forward (modulo 2^64, so -n goes back), in
 * O(log steps): F. Brown, "Random Number Generation with Arbitrary Strides",
 * Trans. Am. Nucl. Soc. 71, 1994. */
void ulp_pcg32_advance(ulp_pcg32 *g, uint64_t steps);

/* Word `word` of element `index` in (seed, stream): word 0 is the index-th
 * number of pcg32(seed, stream); later words, which exact stochastic rounding
 * needs once in 2^32 draws, come from a generator seeded by the element. */
uint32_t ulp_random_word(uint64_t seed, uint64_t stream, uint64_t index,
                         unsigned word);

/* ---- arrays ------------------------------------------------------------ */

/* Encodes x[0..n-1] to out, an array of n elements of f->storage_bytes bytes
 * (code << storage_shift, native byte order), element i with index
 * first_index + i.  Each value is x[i] / scale: the quotient of two f64,
 * rounded once to f64 before it is encoded (scale 1: exact).
 * in and out do not overlap.  Returns ULP_EINVAL for a bad rounding, or a
 * scale that is not finite and positive. */
ULP_MUST_CHECK ulp_status ulp_encode_array(const ulp_format *f, void *out,
                                           const double *x, size_t n,
                                           double scale, const ulp_rounding *r,
                                           uint64_t first_index);

/* Decodes n stored elements: out[i] = value(in[i]) * scale, one f64 multiply.
 * in and out do not overlap. */
void ulp_decode_array(const ulp_format *f, double *out, const void *in,
                      size_t n, double scale);

/* From any format to any: n stored elements of `from` (laid out as above) to
 * n of `to`, element i with index first_index + i: what ulp_round_pack makes of
 * ulp_unpack.  Fast from float32, float16, bfloat16 and float64 to floats of up
 * to 24 significant bits, to integers of up to 16, and to codebooks (arrays of
 * 64 elements or, of 8 bits, of 1024; float64 without ULP_SR); and from all of up
 * to 8 bits without ULP_SR, decoding (to float32, ...) above all.
 * in and out do not overlap.  ULP_EINVAL for a bad rounding. */
ULP_MUST_CHECK ulp_status ulp_convert(const ulp_format *to, void *out,
                                      const ulp_format *from, const void *in,
                                      size_t n, const ulp_rounding *r,
                                      uint64_t first_index);
/* The same, with out packed as by ulp_pack; and with `in` so packed.  Also
 * ULP_EINVAL when that format has more than 8 bits, or n * bits is no multiple
 * of 8. */
ULP_MUST_CHECK ulp_status ulp_convert_packed(const ulp_format *to, uint8_t *out,
                                             const ulp_format *from,
                                             const void *in, size_t n,
                                             const ulp_rounding *r,
                                             uint64_t first_index);
ULP_MUST_CHECK ulp_status ulp_convert_unpacked(const ulp_format *to, void *out,
                                               const ulp_format *from,
                                               const uint8_t *in, size_t n,
                                               const ulp_rounding *r,
                                               uint64_t first_index);

/* out[i]: the value of the code of in[i] in f, as f32 (rounded to nearest even
 * where it is none): what is called fake quantization.  out may be in, and else
 * does not overlap it.  ULP_EINVAL for a bad rounding. */
ULP_MUST_CHECK ulp_status ulp_round_values(const ulp_format *f, float *out,
                                           const float *in, size_t n,
                                           const ulp_rounding *r,
                                           uint64_t first_index);

/* The code in a stored element and back. */
uint64_t ulp_load_code(const ulp_format *f, const void *array, size_t i);
void ulp_store_code(const ulp_format *f, void *array, size_t i, uint64_t code);

/* Sub-byte packing of codes of up to 8 bits: element i occupies bits
 * [i*bits, (i+1)*bits) of a little-endian bit stream, so that of two 4-bit
 * codes the first is the low nibble.  n * bits must be a multiple of 8. */
ULP_MUST_CHECK ulp_status ulp_pack(const ulp_format *f, uint8_t *out,
                                   const uint8_t *codes, size_t n);
ULP_MUST_CHECK ulp_status ulp_unpack_bytes(const ulp_format *f, uint8_t *codes,
                                           const uint8_t *in, size_t n);

#ifdef __cplusplus
}
#endif
#endif
