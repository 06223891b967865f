/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ulplab/flat.h: formats, quantizers, instructions and whole products for
 * callers in other languages, which see no struct of ours.
 *
 * Whatever crosses this border is a number, a string, a plain array or a
 * pointer to something that only the library looks into.  python/ is the
 * first caller.
 *
 * Conventions
 *   - Names are those of the program: formats.h, emu.h, gemm.h, quantizer.h.
 *   - Arrays are contiguous, row-major, aligned to their elements, and belong
 *     to the caller.  Codes are stored elements (formats.h, "arrays"); of
 *     signed integers of fewer than 8 bits the sign is extended on writing,
 *     and bits above a code are not looked at on reading.  Outputs overlap
 *     nothing.
 *   - NaN payloads, signed zeros and Inf are treated as in the headers named
 *     above.
 *   - A function that can fail returns an ulp_status as int, 0 when it is
 *     done; else `why`, of why_size bytes (NULL and 0 will do), holds one line
 *     that says what was expected, and outputs that are handles are NULL.
 *     Other outputs are then undefined.
 *   - threads: 0 for as many as the machine has.  The bytes do not depend on
 *     it.
 *   - No state: all functions may be called from any thread; a handle is not
 *     changed by its use, so that several may use it at once.
 */
#ifndef ULPLAB_FLAT_H
#define ULPLAB_FLAT_H

#include "formats.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header.  It grows by one whenever a caller compiled or written for
 * the one before could be misunderstood. */
enum { ULP_ABI_VERSION = 1 };
int ulp_abi_version(void);

/* The i-th name of a list; ULP_ENAME past its end and for other lists:
 * "formats", "profiles", "modes", "overflows", "gpus", "kernels",
 * "reductions", "quantizers" (as NAME@PROFILE). */
ULP_MUST_CHECK int ulp_flat_name(const char *list, size_t i, char *name,
                                 size_t name_size);

/* ---- formats ------------------------------------------------------------ */

/* What ulp_flat_format says, by place in `field`. */
enum {
  ULP_FLAT_KIND,       /* 0 float, 1 integer, 2 codebook */
  ULP_FLAT_BITS,       /* of a code */
  ULP_FLAT_EXP_BITS,
  ULP_FLAT_MAN_BITS,
  ULP_FLAT_BYTES,      /* of a stored element */
  ULP_FLAT_SHIFT,      /* a stored element is the code << this */
  ULP_FLAT_SIGNED,
  ULP_FLAT_SUBNORMALS,
  ULP_FLAT_BIAS,
  ULP_FLAT_HAS_NAN,
  ULP_FLAT_HAS_INF,
  ULP_FLAT_MAX_CODE,   /* of the greatest finite value */
  ULP_FLAT_FIELDS
};

/* A format by any of its names: the canonical one, the document that defines
 * it (both end with the caller's buffers), the fields above, and its greatest,
 * least, least normal and least positive value. */
ULP_MUST_CHECK int ulp_flat_format(const char *format, char *name,
                                   size_t name_size, char *source,
                                   size_t source_size,
                                   int64_t field[ULP_FLAT_FIELDS],
                                   double limit[4], char *why,
                                   size_t why_size);

/* n stored elements of `from` as those of `to`, each the exact value rounded
 * once.  mode, overflow and profile by name, NULL: rne, the profile's, ocp.
 * sr_bits and seed are read in mode sr: element i has index first_index + i.
 * `from` must have values that f64 holds, as every row of the table has. */
ULP_MUST_CHECK int ulp_flat_convert(const char *to, void *out,
                                    const char *from, const void *in, size_t n,
                                    const char *mode, const char *overflow,
                                    const char *profile, int sr_bits,
                                    uint64_t seed, uint64_t first_index,
                                    int threads, char *why, size_t why_size);

/* ---- quantizers --------------------------------------------------------- */

/* What a quantizer leaves of an array. */
enum {
  ULP_FLAT_CODES,
  ULP_FLAT_SCALES,
  ULP_FLAT_ZEROS,  /* zero points, int32 */
  ULP_FLAT_GLOBAL, /* the array's own scale, one float32 */
  ULP_FLAT_NESTED, /* scales of scales; SCALES are codes then */
  ULP_FLAT_OFFSET, /* what was taken off the scales, one float32 */
  ULP_FLAT_PARTS
};

enum { ULP_FLAT_MAX_DIMS = 32 };

/* A quantizer for arrays of one shape. */
typedef struct ulp_flat_quantizer ulp_flat_quantizer;

/* spec: as ulp_quantizer_find reads it, "nvfp4@te", "int4/g=group:128"; a bare
 * format, which would be given a scale that its name does not mention, is
 * refused. */
ULP_MUST_CHECK int ulp_flat_quantizer_open(ulp_flat_quantizer **out,
                                           const char *spec, int ndim,
                                           const int64_t *shape, char *why,
                                           size_t why_size);
void ulp_flat_quantizer_close(ulp_flat_quantizer *q); /* NULL: nothing */

/* The name of a part's format, or NULL where the quantizer has no such part.
 * Lives as long as q. */
const char *ulp_flat_quantizer_format(const ulp_flat_quantizer *q, int part);
/* Its dimensions, at most so many, to `shape`; how many. */
int ulp_flat_quantizer_shape(const ulp_flat_quantizer *q, int part,
                             int64_t shape[ULP_FLAT_MAX_DIMS]);

/* x to its parts and back; part[i] is NULL where there is none.  x and y are
 * float32 of the shape that q was made for; what is not to be filled is only
 * read. */
ULP_MUST_CHECK int ulp_flat_quantize(const ulp_flat_quantizer *q,
                                     void *const part[ULP_FLAT_PARTS],
                                     const float *x, int threads, char *why,
                                     size_t why_size);
ULP_MUST_CHECK int ulp_flat_dequantize(const ulp_flat_quantizer *q, float *y,
                                       void *const part[ULP_FLAT_PARTS],
                                       int threads, char *why,
                                       size_t why_size);

/* ---- matrix products ---------------------------------------------------- */

/* An instruction (emu.h) or a kernel's order (gemm.h), ready to run. */
typedef struct ulp_flat_product ulp_flat_product;

ULP_MUST_CHECK int ulp_flat_mma_open(ulp_flat_product **out, const char *gpu,
                                     const char *instr, char *why,
                                     size_t why_size);
/* type_a, type_b, type_d: NULL for the only ones the kernel has and f32 (s32).
 * fast: its fast accumulation.  promote -1, slices 0, reduce NULL: its own. */
ULP_MUST_CHECK int ulp_flat_gemm_open(ulp_flat_product **out, const char *gpu,
                                      const char *kernel, const char *type_a,
                                      const char *type_b, const char *type_d,
                                      int fast, int promote, int slices,
                                      const char *reduce, char *why,
                                      size_t why_size);
void ulp_flat_product_close(ulp_flat_product *p); /* NULL: nothing */

/* The format of 'a', 'b', 'c', 'd', of an instruction's block scales, 's', or
 * of its accumulator, 'f'; NULL: it has none.  Lives as long as p. */
const char *ulp_flat_product_format(const ulp_flat_product *p, int of);
/* An instruction's 'm', 'n', products an output 'k', scales a row 's', products
 * a block 'b', fraction bits of alignment 'f', and 'x', how many elements of B
 * there are for one of A: 2 of a sparse instruction, else 1.  0 of a kernel. */
int64_t ulp_flat_product_size(const ulp_flat_product *p, int of);
/* "measured", "published" or "open", and the source of that. */
const char *ulp_flat_product_evidence(const ulp_flat_product *p);
const char *ulp_flat_product_source(const ulp_flat_product *p);

/* D = A B^T + C of `batch` products: A [batch, m, k], B [batch, n, k], C and D
 * [batch, m, n], k the instruction's, m and n multiples of its own.  C NULL:
 * +0.
 * meta of a sparse instruction, of A's shape: the k of each element of A, in
 * ascending order 2 of every 4 (tf32: 1 of 2); B is [batch, n, 2 k].
 * sa [batch, m, scales] and sb [batch, n, scales]: codes of block scales.
 * NULL where the instruction has none. */
ULP_MUST_CHECK int ulp_flat_mma_run(const ulp_flat_product *p, size_t batch,
                                    size_t m, size_t n, void *d, const void *a,
                                    const void *b, const void *c,
                                    const uint8_t *meta, const void *sa,
                                    const void *sb, int threads, char *why,
                                    size_t why_size);

/* What a scale of a whole product is of, as ulp_gemm_scales. */
enum {
  ULP_FLAT_SCALE_NONE,
  ULP_FLAT_SCALE_ONE,
  ULP_FLAT_SCALE_ROWS,   /* [m], of B [n] */
  ULP_FLAT_SCALE_1X128,  /* [m, ceil(k / 128)] */
  ULP_FLAT_SCALE_128X128 /* [ceil(m / 128), ceil(k / 128)] */
};

/* D [m, n] of A [m, k], B [n, k], C [m, n] or NULL, and float32 scales. */
ULP_MUST_CHECK int ulp_flat_gemm_run(const ulp_flat_product *p, size_t m,
                                     size_t n, size_t k, void *d,
                                     const void *a, const void *b,
                                     const void *c, int kind_a,
                                     const float *scale_a, int kind_b,
                                     const float *scale_b, int threads,
                                     char *why, size_t why_size);

/* ---- one dot product, step by step --------------------------------------- */

enum { ULP_FLAT_MAX_TERMS = 1024, ULP_FLAT_MAX_BLOCKS = 256 };
/* The columns of a step's row. */
enum {
  ULP_FLAT_TERM_KIND,  /* 0 a product or a group's term, 1 the accumulator,
                          2 a product within a group, 3 a group's exact sum */
  ULP_FLAT_TERM_BLOCK, /* of which block it is a term */
  ULP_FLAT_TERM_K,     /* -1: the accumulator; a group's first */
  ULP_FLAT_TERM_NEGATIVE,
  ULP_FLAT_TERM_SIGNIFICAND, /* the bits of an uint64_t */
  ULP_FLAT_TERM_EXPONENT,
  ULP_FLAT_TERM_VOTES,
  ULP_FLAT_TERM_VOTE,
  ULP_FLAT_TERM_KEPT, /* likewise */
  ULP_FLAT_TERM_CUT,
  ULP_FLAT_TERM_COLUMNS
};
enum {
  ULP_FLAT_BLOCK_TOP,
  ULP_FLAT_BLOCK_UNIT,
  ULP_FLAT_BLOCK_SUM,
  ULP_FLAT_BLOCK_RESULT, /* the code, in the accumulator's format */
  ULP_FLAT_BLOCK_SPECIAL,
  ULP_FLAT_BLOCK_COLUMNS
};

/* The steps of ulp_mma_dot (emu.h, ulp_trace, has what the columns mean): a
 * and b are a row of A and of B, c and d one stored element, meta, sa and sb a
 * row of each.  Instructions other than FDPA show no steps. */
ULP_MUST_CHECK int
ulp_flat_trace(const ulp_flat_product *p, void *d, const void *a,
               const void *b, const void *c, const uint8_t *meta,
               const void *sa, const void *sb,
               int64_t term[][ULP_FLAT_TERM_COLUMNS], size_t *terms,
               int64_t block[][ULP_FLAT_BLOCK_COLUMNS], size_t *blocks,
               char *why, size_t why_size);

/* ---- which order made these bits? ---------------------------------------- */

typedef struct ulp_flat_candidates ulp_flat_candidates;

/* identify.h on a product that somebody computed.  Those that a sample of D
 * does not refute, at most `most` of them, or else the 5 nearest, are compared
 * with all of D, which is not written. */
ULP_MUST_CHECK int
ulp_flat_identify(ulp_flat_candidates **out, const char *gpu,
                  const char *type_a, const char *type_b, const char *type_d,
                  size_t m, size_t n, size_t k, const void *a, const void *b,
                  const void *c, void *d, int kind_a, const float *scale_a,
                  int kind_b, const float *scale_b, size_t most, int threads,
                  char *why, size_t why_size);
void ulp_flat_candidates_close(ulp_flat_candidates *list); /* NULL: nothing */
size_t ulp_flat_candidates_count(const ulp_flat_candidates *list);

enum {
  ULP_FLAT_CAND_PROMOTE,
  ULP_FLAT_CAND_SLICES,     /* of how many */
  ULP_FLAT_CAND_SLICE,      /* of how much of K, at most */
  ULP_FLAT_CAND_FAST,
  ULP_FLAT_CAND_WHOLE,      /* all of D was compared, not a sample */
  ULP_FLAT_CAND_COMPARED,
  ULP_FLAT_CAND_MISMATCHES,
  ULP_FLAT_CAND_ROW,        /* of the first mismatch; -1: there is none */
  ULP_FLAT_CAND_COL,
  ULP_FLAT_CAND_GIVEN,      /* codes of D there */
  ULP_FLAT_CAND_COMPUTED,
  ULP_FLAT_CAND_FIELDS
};
/* Candidate i, fewest mismatches first: the names of the kernels that compute
 * so, separated by blanks, its reduction and its evidence. */
ULP_MUST_CHECK int ulp_flat_candidate(const ulp_flat_candidates *list, size_t i,
                                      int64_t field[ULP_FLAT_CAND_FIELDS],
                                      char *kernels, size_t kernels_size,
                                      const char **reduction,
                                      const char **evidence);

#ifdef __cplusplus
}
#endif
#endif
