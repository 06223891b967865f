/* SPDX-License-Identifier: MIT
 *
 * The inner loops of a chain of instructions: what they are given, and what
 * they must return.  kernel_body.h is their one source, compiled for each of
 * formats/isa.h's instructions.
 *
 * The arithmetic.  Let u = 2^(E-F) be the unit that a block's products are cut
 * to.  A float holds 1.5 * 2^23 u with an ulp of u (a double, 1.5 * 2^52 u), so
 * that adding a product to it in one fused multiply-add that rounds down adds
 * the product's floor, and nothing is lost as long as the sum stays in its
 * binade: one instruction a product, as in any matrix product.  The hardware
 * cuts toward zero; of a negative product -p the floor is one more, but for
 * products that are multiples of u.  Operands of A are therefore an ulp
 * greater in magnitude than they should be, which is too little to change
 * floor(p), and enough to make floor(-p) always -floor(p) - 1: how many
 * products of a block are negative is then added.  A product rounded down
 * before it is added, where the machine has no fused multiply-add, serves as
 * well.
 *
 * Too little: let p = P 2^s u, P whole.  An ulp adds less than 2^-22 p (2^-51 p)
 * with the product's rounding; that is below a unit, and below 2^s if P is
 * below 2^22 (2^51).
 *
 * Floats are enough where a block's sum is below 2^22 u and operands have 5
 * exponent bits at most; doubles hold the rest, over all exponents.
 */
#ifndef ULPLAB_EMU_KERNEL_H
#define ULPLAB_EMU_KERNEL_H

#include "emu.h"

/* Rows of A and of B that are multiplied side by side. */
enum { ULP_ROWS = 4, ULP_LANES = 64 };
/* Products that a word of signs is for. */
enum { ULP_SIGNS = 16 };

/* An instruction, as kernels need it. */
typedef struct {
  const ulp_mma *m;
  bool wide;         /* sums and A's values are doubles, else floats */
  bool bytes;        /* votes are uint8_t, else int16_t */
  int vote_bias;     /* what is added to each operand's vote; 0: no vote */
  int block, align;
  int least;         /* least sum of two biased votes, neither of them 0 */
  int floor;         /* biased as a float's exponent, as all E below */
  int32_t c_emin, acc_emin; /* least exponents of C and of results */
  uint32_t keep;     /* floats: significand bits of results */
  int drop;          /* doubles: significand bits beyond results' */
  bool nearest;      /* RNE, else cut; doubles only */
  bool zero_is_zero; /* doubles: results below floats' least are 0 */
  int32_t from, to;  /* exponents of results that need no second look */
} ulp_kernel_plan;

/* Whole blocks of ULP_ROWS rows of A and ULP_LANES of B; v: value, vote, sign:
 * tile.h has the layout. */
typedef struct {
  const void *a, *b;
  const uint32_t *vote_a;
  const void *vote_b;
  const uint32_t *sign_a, *sign_b;
  size_t blocks;
} ulp_kernel_run;

/* acc: C on entry, D on return.  No C is -0; floats: each is 0 or of a
 * magnitude from 2^-98 to 2^98.  Called in a rounding mode of
 * the kernel's table. */
typedef void ulp_kernel(const ulp_kernel_plan *p, const ulp_kernel_run *run,
                        float acc[ULP_ROWS][ULP_LANES]);

/* A chunk of a group, decoded, and where it goes: tile.h has the layout.  All
 * but the signs are taken and written in whole vectors, up to ULP_SLACK
 * elements beyond the last. */
enum { ULP_SLACK = 16 };
typedef struct {
  const float *x; /* [k in block order][lane] */
  size_t k, lanes;
  int emin;       /* least exponent of a vote, biased */
  void *value, *vote;
  uint32_t *sign;
} ulp_kernel_operand;

typedef struct {
  bool down; /* to be called in FE_DOWNWARD */
  ulp_kernel *narrow, *wide;
  /* whether some C is not for `narrow` */
  bool (*strange)(float acc[ULP_ROWS][ULP_LANES]);
  /* whether some element is a NaN or an Inf; its output is void then */
  bool (*pack)(const ulp_kernel_plan *p, const ulp_kernel_operand *o);
  /* y = fma(p, s, y), rounded to nearest */
  void (*fma)(float y[ULP_LANES], const float p[ULP_LANES],
              const float s[ULP_LANES]);
} ulp_kernels;

extern const ulp_kernels ulp_kernels_portable, ulp_kernels_avx2,
    ulp_kernels_avx512;
const ulp_kernels *ulp_kernels_now(void);

/* A sum that kernels leave: an exact value in units of 2^(E-F), rounded to the
 * accumulator. */
float ulp_kernel_settle(const ulp_kernel_plan *p, double value, int e);

#endif
