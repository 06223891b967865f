#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Times peers and ours on the same work, in turns, and prints a CSV of ratios.
#
# usage: scripts/peers/bench.sh [--build DIR] [--python PYTHON]
#          [--cpfloat DIR] [OPTION of bench.py]...
#
#   --build    a build directory with the program ulplab (default: .)
#   --python   of an environment that has the peers' packages; without it
#              python3 makes one in DIR/peers, from PyPI (peers.py pins the
#              versions; some minutes and gigabytes, for torch)
#   --cpfloat  a checkout of CPFloat (github.com/north-numerical-computing/
#              cpfloat), which neither PyPI nor Debian has; its rows are
#              skipped, and that is said, without it
# bench.py has the rest: --ggml, --threads, --rounds, --only, --out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=. python=python3 cpfloat=

# Options of bench.py go round to the end of the list.
left=$#
while [ "$left" -gt 0 ]; do
  case $1 in
    --build | --python | --cpfloat)
      if [ "$left" -lt 2 ]; then
        echo "bench.sh: $1: a value is expected" >&2
        exit 2
      fi
      case $1 in
        --build) build=$2 ;;
        --python) python=$2 ;;
        --cpfloat) cpfloat=$2 ;;
      esac
      shift 2
      left=$((left - 2)) ;;
    *)
      set -- "$@" "$1"
      shift
      left=$((left - 1)) ;;
  esac
done

if [ ! -x "$build/ulplab" ]; then
  echo "bench.sh: $build: expected a build directory with ulplab" >&2
  exit 2
fi
if [ -n "$cpfloat" ]; then
  if [ ! -f "$cpfloat/src/cpfloat_binary32.h" ]; then
    echo "bench.sh: $cpfloat: expected src/cpfloat_binary32.h in it" >&2
    exit 2
  fi
  # CPFloat's own flags: its Makefile, CFLAGS, COPTIM and CLIBS.  Its
  # generator is not needed to round to nearest.
  mkdir -p "$build/peers"
  ${CC:-gcc} -std=gnu99 -O3 -march=native -w -I "$cpfloat/src" \
    -o "$build/peers/bench_cpfloat" "$here/bench_cpfloat.c" -fopenmp -lm
  version=$(git -C "$cpfloat" describe --always --tags 2>/dev/null || :)
  set -- "$@" --cpfloat "$build/peers/bench_cpfloat" \
    --cpfloat-version "$version"
fi
exec "$python" "$here/bench.py" --build "$build" "$@"
