# SPDX-License-Identifier: GPL-3.0-or-later
#
# ULP_CUDA
# Looks for nvcc and, apart from it, for the headers of CUDA's small float
# types, which also compile for the host without a GPU or nvcc.  Sets NVCC,
# CUDA_CPPFLAGS and the conditional HAVE_CUDA_HEADERS.  Needs CXX.
AC_DEFUN([ULP_CUDA], [
  AC_ARG_VAR([CUDA_HOME], [where the CUDA toolkit is installed])
  AC_ARG_VAR([NVCC], [CUDA compiler (optional)])
  AC_PATH_PROG([NVCC], [nvcc], [],
    [${CUDA_HOME:+$CUDA_HOME/bin$PATH_SEPARATOR}$PATH$PATH_SEPARATOR/usr/local/cuda/bin])

  AC_MSG_CHECKING([for cuda_fp8.h, cuda_fp6.h and cuda_fp4.h])
  ulp_cuda_headers=no
  CUDA_CPPFLAGS=
  ulp_cuda_dirs=
  AS_IF([test -n "$CUDA_HOME"], [ulp_cuda_dirs="$CUDA_HOME/include"])
  AS_IF([test -n "$NVCC"], [
    ulp_nvcc=`readlink -f "$NVCC" 2>/dev/null || echo "$NVCC"`
    ulp_cuda_dirs="$ulp_cuda_dirs `dirname "$ulp_nvcc"`/../include"
  ])
  ulp_cuda_dirs="$ulp_cuda_dirs /usr/local/cuda/include"
  AC_LANG_PUSH([C++])
  ulp_save_CPPFLAGS=$CPPFLAGS
  for ulp_dir in $ulp_cuda_dirs; do
    AS_IF([test -r "$ulp_dir/cuda_fp8.h"], [], [continue])
    # -isystem, for these headers are not clean under our warnings.
    CPPFLAGS="$ulp_save_CPPFLAGS -isystem $ulp_dir"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
        #include <cuda_fp8.h>
        #include <cuda_fp6.h>
        #include <cuda_fp4.h>
      ]], [[
        return __nv_cvt_float_to_fp8(1.0f, __NV_SATFINITE, __NV_E4M3);
      ]])],
      [ulp_cuda_headers=$ulp_dir
       CUDA_CPPFLAGS="-isystem $ulp_dir"
       break])
  done
  CPPFLAGS=$ulp_save_CPPFLAGS
  AC_LANG_POP([C++])
  AC_MSG_RESULT([$ulp_cuda_headers])
  AC_SUBST([CUDA_CPPFLAGS])
  AM_CONDITIONAL([HAVE_CUDA_HEADERS], [test "$ulp_cuda_headers" != no])
])
