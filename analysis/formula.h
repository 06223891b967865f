/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * formula.h: the arithmetic of a quantizer as data.
 *
 * Reference implementations agree on what a scale is for and differ in the
 * order in which they multiply and divide, so a row of the quantizers' table
 * holds that order as text: "(a / 6) * G", "1 / (s * (1 / G))".
 *
 *   expression  + - * / ( ), left to right, unary minus
 *   numbers     decimal, or 2^N with a whole N
 *   variables   A amax of the tensor      a amax of the block
 *               lo hi least and greatest value of the block, 0 among them
 *               n elements of the block   G the tensor's global scale
 *               s the stored scale        q the value of an element's code
 *   constants   MAX MIN greatest and least value of the element's format
 *               TOP 2^floor(log2 MAX)     M its significand's trailing bits
 *               HUGE FLT_MAX              TINY 2^-126
 *   functions   min(x, y) max(x, y)  NaN if either is
 *               pow2(x)     toward zero to a power of two
 *               ceil2(x)    away from zero to a power of two
 *               even(x, m)  half a unit of bit m added, then pow2
 *               exp2log(x)  2^floor(log2f(x)), with log2f's own rounding
 *               ceil2log(x)  2^ceil(log2f(x)), likewise
 *               rne(x)      to the nearest whole number, ties to even
 *               abs(x)      bf16(x)  the nearest bf16 value
 *               ok(c, x)    x, or 1 where c is 0, Inf or NaN
 *               when(c, x)  x, or 0 where c is 0
 *               finite(x, y)  x, or y where x is Inf or NaN
 */
#ifndef ULPLAB_FORMULA_H
#define ULPLAB_FORMULA_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  ULP_VAR_TENSOR,
  ULP_VAR_BLOCK,
  ULP_VAR_LOW,
  ULP_VAR_HIGH,
  ULP_VAR_COUNT,
  ULP_VAR_GLOBAL,
  ULP_VAR_SCALE,
  ULP_VAR_CODE,
  ULP_VAR_MAX,
  ULP_VAR_MIN,
  ULP_VAR_TOP,
  ULP_VAR_BITS,
  ULP_VARIABLES
} ulp_variable;

enum { ULP_FORMULA_STEPS = 32 };

/* Postfix; plain data.  No steps: no formula. */
typedef struct {
  int count;
  struct {
    uint8_t op;
    double value; /* of a number; a variable's index */
  } step[ULP_FORMULA_STEPS];
} ulp_formula;

/* Compiles `text` ("" gives an empty formula).  ULP_EINVAL with one line in
 * *e when it is malformed or too long. */
ULP_MUST_CHECK ulp_status ulp_formula_parse(const char *text, ulp_formula *out,
                                            ulp_error *e);

/* Whether a variable stands in it. */
bool ulp_formula_has(const ulp_formula *f, ulp_variable v);

/* What every result is rounded to; bf16 by way of f32, as PyTorch computes. */
typedef enum { ULP_IN_F32, ULP_IN_F64, ULP_IN_BF16 } ulp_arithmetic;
double ulp_round_in(ulp_arithmetic in, double x);

/* The value, every number, variable and result rounded to f32, or to what `in`
 * says.  An f64 operation rounded to f32 is the f32 operation: 53 >= 2*24 + 2
 * (Figueroa, "When is double rounding innocuous?", SIGNUM 30(3), 1995), and a
 * product of floats is exact in f64, a subnormal quotient never near enough to
 * a tie. */
double ulp_formula_eval(const ulp_formula *f, ulp_arithmetic in,
                        const double variable[ULP_VARIABLES]);
/* The same for many blocks: lane[v], unless NULL, has the values of variable
 * v, else variable[v] is that of all. */
enum { ULP_FORMULA_LANES = 64 };
void ulp_formula_eval_many(const ulp_formula *f, ulp_arithmetic in,
                           double out[ULP_FORMULA_LANES],
                           const double variable[ULP_VARIABLES],
                           const double *const lane[ULP_VARIABLES]);

#ifdef __cplusplus
}
#endif
#endif
