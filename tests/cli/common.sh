# SPDX-License-Identifier: GPL-3.0-or-later
#
# common.sh: what the tests of the program share; each sources it, works in
# a folder of its own that is removed at the end, and ends with `finish`.
here=$(cd "${srcdir:-.}" && pwd)/tests/cli
ULPLAB=${ULPLAB:-$PWD/ulplab}
work=$(mktemp -d "$PWD/cli-test.XXXXXX") || exit 99
trap 'cd / && rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
mkdir "$work/in" && cd "$work/in" || exit 99
LC_ALL=C
export LC_ALL
failures=0

fault() {
  echo "FAIL: $*"
  failures=$((failures + 1))
}

# The bytes given in hex.
bytes() {
  for byte in "$@"; do
    # shellcheck disable=SC2059
    printf "\\$(printf %o "0x$byte")"
  done
}

# A header of 128 bytes: DESCR FORTRAN SHAPE, such as '<f4' False '(2, 3)'.
header() {
  printf '\223NUMPY\001\000v\000%-117s\n' \
    "{'descr': '$1', 'fortran_order': $2, 'shape': $3, }"
}

# FILE DESCR SHAPE BYTE...: an array in C order.
npy() {
  file=$1 descr=$2 shape=$3
  shift 3
  { header "$descr" False "$shape" && bytes "$@"; } >"$file"
}

# The descr, the shape and the bytes of an array.
show() {
  head -c 128 "$1" | tail -c 118 | sed 's/ *$//'
  tail -c +129 "$1" | od -An -v -tx1 | sed 's/^ *//'
}

# NAME COMMAND...: it exits 0 and prints exactly expected/NAME;
# with ULP_ACCEPT set, what it prints becomes that file.
prints() {
  name=$1
  shift
  "$@" >../out 2>../err || fault "$*: exit status $?: $(cat ../err)"
  [ ! -s ../err ] || fault "$*: $(cat ../err)"
  [ -z "$ULP_ACCEPT" ] || cp ../out "$here/expected/$name"
  diff -u "$here/expected/$name" ../out || fault "$*: not $name"
}

# STATUS COMMAND...
exits() {
  status=$1
  shift
  "$@" >/dev/null 2>../err
  got=$?
  [ $got = "$status" ] || fault "$*: exit status $got, not $status: $(cat ../err)"
}

# ARGUMENT...: ulplab exits 2, prints nothing, says one line on stderr, which
# goes to ../refused, and leaves no file behind.
refused() {
  ls -A >../before
  "$ULPLAB" "$@" >../out 2>../err
  got=$?
  ls -A | diff ../before - || fault "$*: files changed"
  [ $got = 2 ] || fault "$*: exit status $got, not 2"
  [ ! -s ../out ] || fault "$*: printed $(head -c 200 ../out)"
  [ "$(wc -l <../err)" = 1 ] || fault "$*: not one line"
  cat ../err >>../refused
}

finish() {
  [ "$failures" = 0 ] || echo "$failures failed"
  [ "$failures" = 0 ]
  exit
}
