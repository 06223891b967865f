/* SPDX-License-Identifier: MIT
 *
 * ulplab/emu.h: what matrix instructions and the kernels on top of them
 * compute, bit for bit.
 *
 * Hardware is data: a row of emu/records.c says how one instruction of one
 * architecture multiplies and adds; one engine reads the rows.  Every row
 * carries how its model is known.
 *
 * Conventions are those of formats.h.  A is [M, K] and B is [N, K], row
 * major, K contiguous; C and D are [M, N].  Arrays hold stored elements
 * (formats.h, "arrays"): 1, 2, 4 or 8 bytes each by format.
 */
#ifndef ULPLAB_EMU_H
#define ULPLAB_EMU_H

#include "formats.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- records ------------------------------------------------------------ */

typedef enum {
  ULP_MEASURED,  /* bits compared on the GPU that the record names */
  ULP_PUBLISHED, /* a public model or data set says so */
  ULP_OPEN       /* nobody has shown it */
} ulp_evidence;

typedef enum {
  ULP_DOT_FDPA,    /* truncated fused dot-product-add: see ulp_mma_dot */
  ULP_DOT_FMA,     /* a chain of IEEE fused multiply-adds, k ascending */
  ULP_DOT_FMA_PAIRS, /* C + fma(a1, b1, a0 b0) + fma(a3, b3, a2 b2) in f32 */
  ULP_DOT_EXACT,   /* the exact sum of a block and C, rounded once */
  ULP_DOT_INTEGER, /* exact integers, modulo 2^32 or clamped */
  ULP_DOT_XOR,     /* the same, of how many k have bits that differ */
  /* AMD: see emu/cdna.c */
  ULP_DOT_FLUSH,   /* f32, rounded at each step, without subnormals */
  ULP_DOT_FLOOR,   /* cut, then floored where C joins */
  ULP_DOT_FLOOR_EVEN_ODD /* the same, even and odd k apart at first */
} ulp_dot_kind;

/* Which k of the instruction make up a block. */
typedef enum {
  ULP_BLOCKS_ASCENDING, /* k = 0..block-1, then the next */
  ULP_BLOCKS_PAIRS      /* first those with k mod 4 in {0, 1}, then the rest */
} ulp_block_order;

enum { ULP_NO_FLOOR = -100000 };

typedef struct {
  const char *arch;  /* "sm_90"; see ulp_gpu_find */
  const char *instr; /* "mma", "wgmma" or "tcgen05", ".sp" when sparse,
                        ".block_scale" with scales, ".and.popc" and
                        ".xor.popc" of bits; AMD: the whole name */
  bool sparse;       /* 2:4: A holds k / 2 of its k elements */
  int m, n, k;       /* m = 0: 64 or 128; n = 0: any multiple of 8 from 8 to
                        256 */
  const char *d, *a, *b, *c; /* PTX type names; a and b may list several,
                                separated by '|', in any pairing */
  const char *ptx_kind;  /* of PTX's .kind::, or NULL */
  const char *scale;     /* types of block scales, or NULL: it has none */
  int scale_block;       /* k that share a scale */
  ulp_dot_kind kind;
  /* FDPA */
  int block;             /* products that are summed together; AMD's kinds
                            have this one too */
  int group;             /* products of so many are summed exactly, and then
                            are one term; 0: each is a term */
  int align;             /* F: terms are cut to multiples of 2^(E-F) */
  int floor;             /* E is at least this; ULP_NO_FLOOR: no such limit */
  ulp_block_order order;
  const char *convert;   /* operands become this format first, or NULL */
  bool c_last;           /* C joins at the end by an IEEE add in RNE in acc's
                            format, and the first block starts from +0 */
  const char *acc;       /* format of every block's result and of the next
                            block's C */
  ulp_mode acc_mode;     /* rounding to it */
  /* how it is known */
  ulp_evidence evidence;
  const char *machine;   /* machine instruction seen, or "" */
  const char *source;
} ulp_mma_record;

size_t ulp_mma_count(void);
const ulp_mma_record *ulp_mma_row(size_t i); /* NULL past the end */
/* The words of a record's fields; "invalid" for what is none. */
const char *ulp_evidence_name(ulp_evidence e);
const char *ulp_dot_kind_name(ulp_dot_kind k);
const char *ulp_block_order_name(ulp_block_order o);

/* "h200" -> "sm_90"; a name of either kind, in any case; NULL if unknown. */
const char *ulp_gpu_find(const char *name);
/* The architectures' names and the products that have them. */
const char *ulp_gpu_name(size_t i);     /* NULL past the end */
const char *ulp_gpu_products(size_t i); /* separated by blanks */

/* An instruction ready to run: a record with its formats resolved. */
typedef struct {
  const ulp_mma_record *record;
  int m, n, k; /* k: products an output.  Sparse: half the instruction's k; the
                  caller picks the elements of B that A's metadata name, in the
                  order of A's stored elements */
  ulp_format a, b, c, d;
  ulp_format operand_a, operand_b; /* after `convert` */
  ulp_format acc;
  bool satfinite;                  /* INTEGER: clamp to the range of s32 */
  ulp_format scale;                /* of block scales */
  int scales;                      /* of a row of A, of a row of B; or 0 */
} ulp_mma;

/* Finds an instruction by its PTX name, short (mma.m16n8k16.f32.f16.f16.f32,
 * wgmma.m64n8k32.f32.e4m3.e4m3) or whole (mma.sync.aligned....row.col....),
 * or by AMD's (v_mfma_f32_16x16x16_f16).  Types of tcgen05.mma, which PTX keeps
 * in a descriptor, follow its shape: tcgen05.mma.m128n64k32.f32.e4m3.e5m2.
 * Block scales: mma.m16n8k64.kind::mxf4nvf4.block_scale.scale_vec::4X
 * .f32.e2m1.e2m1.f32.ue4m3; block16 and block32 say the same as scale_vec.
 * Bits, b1: their format is an integer of one bit, a byte of 0 or 1 for each k
 * (PTX packs 32 into a register); mma.m16n8k256.s32.b1.b1.s32.xor.popc.
 * ULP_ENAME with one line in `why` when the GPU is unknown or lacks it. */
ULP_MUST_CHECK ulp_status ulp_mma_find(const char *gpu, const char *instr,
                                       ulp_mma *out, char *why,
                                       size_t why_size);
/* A name that finds row r: with the i-th of its types of A, of B, of C. */
void ulp_mma_row_name(const ulp_mma_record *r, int a, int b, int c, char *out,
                      size_t size);

/* ---- one dot product ------------------------------------------------------ */

/* What happened to one term of a block. */
typedef struct {
  int k;                /* -1: the accumulator; a group's first */
  bool negative;
  uint64_t significand; /* exact value: significand * 2^exponent */
  int32_t exponent;
  int32_t vote;         /* the exponent that competes for E */
  bool votes;           /* whether it does: zeros do not */
  uint64_t kept;        /* after truncation, in units of 2^(E-F) */
  bool cut;             /* truncation dropped something */
} ulp_trace_term;

typedef struct {
  int32_t top;          /* E */
  int32_t unit;         /* E - F */
  int64_t sum;          /* of the kept terms, in units of 2^unit */
  uint64_t result;      /* code in the accumulator's format */
  bool special;         /* NaN or Inf decided it; the fields above are void */
} ulp_trace_block;

/* Called for each term and then for the block; before all these, when not
 * NULL, for each group of products with its n products and their exact sum,
 * of which only k, negative, significand and exponent mean something.  The
 * group's term is that sum times the scales. */
typedef struct {
  void (*term)(void *data, const ulp_trace_term *t);
  void (*block)(void *data, const ulp_trace_block *b);
  void (*group)(void *data, const ulp_trace_term *product, int n,
                const ulp_trace_term *sum);
  void *data;
} ulp_trace;

/* D of one output element, from codes: the reference.
 *
 * FDPA (Fasi, Higham, Mikaitis and Pranesh 2021, PeerJ CS 7:e330; Xie et al.
 * 2025, arXiv:2511.10909): a block's products, which are exact and not
 * renormalised, and its C are cut toward zero to multiples of 2^(E-F), with E
 * the greatest exponent among the terms that are not 0 (a product's is the
 * sum of its operands', a subnormal operand's is its format's least), and at
 * least `floor`; the sum of these is exact, and is rounded once to `acc`.
 * A block's result is the C of the next.  Overflow gives Inf in every mode;
 * a zero result is +0, whatever underflowed; any NaN operand, Inf * 0, or
 * Infs of both signs give the NaN with all bits set but the sign.
 *
 * a, b: k codes each.  c: a code of format c. */
uint64_t ulp_mma_dot(const ulp_mma *m, const uint64_t *a, const uint64_t *b,
                     uint64_t c, const ulp_trace *trace);

/* The same with block scales, m->scales codes each of format m->scale; both
 * NULL, as in ulp_mma_dot and ulp_mma_tile, and wherever the instruction has
 * none: all 1.
 *
 * A term is the exact product a b sa sb, of exponent ea + eb + esa + esb.
 * Where the record has groups, it is their exact sum times sa sb, of exponent
 * esa + esb, and does not compete for E only when all its products, or a
 * scale, are 0.  UE8M0's 0xff and UE4M3's 0x7f make the result NaN; UE4M3's
 * bit 7 is not looked at. */
uint64_t ulp_mma_dot_scaled(const ulp_mma *m, const uint64_t *a,
                            const uint64_t *b, uint64_t c, const uint64_t *sa,
                            const uint64_t *sb, const ulp_trace *trace);

/* The same values, fast: operands decoded once.  rows x cols outputs;
 * a: rows x k, b: cols x k, c and d: rows x cols stored elements; d may be c. */
ULP_MUST_CHECK ulp_status ulp_mma_tile(const ulp_mma *m, void *d,
                                       const void *a, const void *b,
                                       const void *c, size_t rows,
                                       size_t cols);

/* With block scales, sa: rows x m->scales, sb: cols x m->scales stored
 * elements; both NULL: none.  ULP_EINVAL for one alone, and where the
 * instruction has none. */
ULP_MUST_CHECK ulp_status
ulp_mma_tile_scaled(const ulp_mma *m, void *d, const void *a, const void *b,
                    const void *c, const void *sa, const void *sb, size_t rows,
                    size_t cols);

#ifdef __cplusplus
}
#endif
#endif
