# SPDX-License-Identifier: GPL-3.0-or-later
#
# ULP_ADD_FLAG(VARIABLE, FLAG)
# Appends FLAG to VARIABLE if the C compiler takes it without a word.
# -Werror turns a compiler's "unknown option" warning into a refusal; clang
# needs it, GCC refuses unknown -W options by itself but not unknown -Wno-.
AC_DEFUN([ULP_ADD_FLAG], [
  AS_VAR_PUSHDEF([cache], [ulp_cv_flag_$2])
  AC_CACHE_CHECK([whether $CC takes $2], [cache], [
    ulp_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
                      [AS_VAR_SET([cache], [yes])],
                      [AS_VAR_SET([cache], [no])])
    CFLAGS=$ulp_save_CFLAGS
  ])
  AS_VAR_IF([cache], [yes], [$1="$$1 $2"])
  AS_VAR_POPDEF([cache])
])

# ULP_ADD_FLAGS(VARIABLE, FLAGS): each flag of the list by itself.
AC_DEFUN([ULP_ADD_FLAGS], [
  m4_foreach_w([ulp_flag], [$2], [ULP_ADD_FLAG([$1], ulp_flag)])
])

# ULP_ENABLE(NAME, DEFAULT, HELP)
# --enable-NAME, answer in $enable_NAME; DEFAULT is yes or no.
AC_DEFUN([ULP_ENABLE], [
  AC_ARG_ENABLE([$1], [AS_HELP_STRING([--m4_if([$2], [yes], [disable],
                                            [enable])-$1], [$3])],
                [], [enable_$1=$2])
])
