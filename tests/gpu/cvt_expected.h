/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What each conversion of cvt_table.h must give, by formats/.
 */
#ifndef ULPLAB_GPU_CVT_EXPECTED_H
#define ULPLAB_GPU_CVT_EXPECTED_H

#include "formats.h"

#include "cvt_row.h"

/* What the modifier of an instruction does beside rounding, or an instruction
 * with NaN; from the machine code, cvt.opcodes.txt. */
typedef enum {
  AFTER_NONE,
  AFTER_RELU,     /* negative results, -0 with them, become +0 */
  AFTER_SAT,      /* to [0, 1], NaN to +0 */
  AFTER_FTZ,      /* f32 subnormals, read or written, become zeros; a NaN read
                     becomes 0x7fffffff */
  AFTER_NAN_HIGH, /* NaN to the integer code 2^(n-1) */
  AFTER_NAN_CUT   /* NaN is masked as numbers are, so that 0x7f800001 becomes
                     the code of Inf; .satfinite takes one place from that as
                     from Inf, so that it becomes the greatest number */
} after_rule;

typedef struct {
  const char *name, *source, *result, *profile;
  int src, lanes, dst;
  ulp_mode mode;
  ulp_overflow overflow;
  after_rule after;
} cvt_row;

enum {
  CVT_ROWS = 0
#define PTX(...) +1
#define FN(...) +1
#include "cvt_table.h"
#undef PTX
#undef FN
};
extern const cvt_row cvt_rows[CVT_ROWS];

typedef struct {
  const cvt_row *r;
  ulp_format source, result;
  ulp_rounding rounding;
} cvt_conversion;

/* False when the row names a format or a profile that there is not. */
bool cvt_conversion_make(cvt_conversion *c, const cvt_row *r);

/* The output for input i, both lanes of it. */
uint64_t cvt_expected(const cvt_conversion *c, uint64_t i);

#endif
