#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The Python package (python/) against the library just built, where there is
# a Python with NumPy and pytest; what needs ml_dtypes or PyTorch is skipped
# by its tests where they are not.  PYTHON names another interpreter;
# scripts/check_python makes one that has everything.
srcdir=$(cd "${srcdir:-.}" && pwd)
python=${PYTHON:-python3}
libraries=$PWD/.libs

skip() {
  echo "$*; nothing was tested" >&2
  exit 77
}

command -v "$python" >/dev/null || skip "$python is missing"
for module in numpy pytest; do
  "$python" -c "import $module" 2>/dev/null ||
    skip "$python has no $module"
done
[ -f "$libraries/libulplab-analysis.so" ] ||
  skip "$libraries has no libulplab-analysis.so"
if grep -q __asan_init "$libraries/libulplab-analysis.so"; then
  skip "the library has the address sanitizer, which $python has not"
fi

# Threads of a test on a busy machine must not spin while they wait.
OMP_WAIT_POLICY=passive ULPLAB_LIBRARY=$libraries \
  PYTHONPATH=$srcdir/python${PYTHONPATH:+:$PYTHONPATH} \
  PYTHONDONTWRITEBYTECODE=1 \
  exec "$python" -m pytest -q -rs -p no:cacheprovider "$@" \
  "$srcdir/python/tests"
