#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The rules of the house that a compiler does not see: each source names its
# folder's licence in its first lines, and includes only what its folder may.
cd "${srcdir:-.}" || exit 99
status=0

fault() {
  echo "$1: $2"
  status=1
}

# FOLDER LICENCE FORBIDDEN-INCLUDES (an extended regular expression)
rules='
formats      MIT               <(gsl|mpfr|gmp|jansson|nettle|omp|pcre2|unistr|uninorm)|"(emu|blocks|tensor|analysis|experiment|report|cli)
emu          MIT               <(gsl|mpfr|gmp|jansson|nettle|omp|pcre2|unistr|uninorm)|"(tensor|analysis|experiment|report|cli)
analysis     GPL-3.0-or-later  "(experiment|report|cli)
experiments  GPL-3.0-or-later  "(report|cli)
reports      GPL-3.0-or-later  "cli
cli          GPL-3.0-or-later  "oracle
tests        GPL-3.0-or-later  ^$
scripts      GPL-3.0-or-later  ^$
python       GPL-3.0-or-later  ^$
'

sources() {
  find "$1" -type f \( -name '*.[ch]' -o -name '*.cpp' -o -name '*.cu' \
    -o -name '*.sh' -o -name '*.py' \) -print
}

check_folder() { # FOLDER LICENCE FORBIDDEN
  [ -d "$1" ] || return 0
  for file in $(sources "$1"); do
    sed 2q "$file" | grep -qE "SPDX-License-Identifier: $2( \*/)?\$" ||
      fault "$file" "expected SPDX-License-Identifier: $2 in line 1 or 2"
    if grep -nE '^ *# *include' "$file" | grep -E "include +($3)"; then
      fault "$file" "includes what lies above $1/"
    fi
  done
}

files=0
while read -r folder licence forbidden; do
  [ -n "$folder" ] || continue
  check_folder "$folder" "$licence" "$forbidden"
  [ -d "$folder" ] && files=$((files + $(sources "$folder" | wc -l)))
done <<RULES
$rules
RULES

# A listing that found nothing has checked nothing.
[ "$files" -gt 0 ] || fault "$PWD" "no source found"
exit $status
