#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every command of the lab sheets prints what the sheet says.
. "${srcdir:-.}/tests/cli/common.sh"
top=${here%/tests/cli}
sheets=0
for sheet in "$top"/reports/labs/[0-9]*.md; do
  mkdir lab && cd lab || exit 99
  PATH=$(dirname "$ULPLAB"):$PATH awk -f "$top/tests/console.awk" "$sheet" \
    >../now.md
  cd .. || exit 99
  diff "$sheet" now.md || fault "$sheet: prints something else now"
  rm -rf lab
  sheets=$((sheets + 1))
done
[ $sheets = 6 ] || fault "$sheets sheets, not 6"
finish
