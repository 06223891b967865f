# SPDX-License-Identifier: GPL-3.0-or-later
#
# ULP_ISA(NAME, FLAGS, STATEMENT)
# Whether the C compiler makes kernels for NAME (AVX2, AVX512) with FLAGS:
# STATEMENT, of immintrin.h, compiles.  Sets NAME_CFLAGS, the conditional
# HAVE_NAME_KERNELS, and adds the macro of that name to ISA_CPPFLAGS.  Whether
# the machine has the instructions is asked at run time (formats/isa.c).
AC_DEFUN([ULP_ISA], [
  AC_CACHE_CHECK([whether $CC compiles kernels for $1], [ulp_cv_isa_$1], [
    ulp_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS m4_normalize([$2])"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <immintrin.h>]], [[$3]])],
                      [ulp_cv_isa_$1=yes], [ulp_cv_isa_$1=no])
    CFLAGS=$ulp_save_CFLAGS
  ])
  $1_CFLAGS=
  AS_IF([test "$ulp_cv_isa_$1" = yes], [
    $1_CFLAGS="m4_normalize([$2])"
    ISA_CPPFLAGS="$ISA_CPPFLAGS -DULP_HAVE_$1_KERNELS=1"
  ])
  AC_SUBST([$1_CFLAGS])
  AC_SUBST([ISA_CPPFLAGS])
  AM_CONDITIONAL([HAVE_$1_KERNELS], [test "$ulp_cv_isa_$1" = yes])
])
