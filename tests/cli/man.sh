#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Every subcommand has a manual page with all that --help has, which groff
# sets without a warning.
build=$PWD
. "${srcdir:-.}/tests/cli/common.sh"
set_page() { # PAGE
  command -v groff >/dev/null || return 0
  groff -man -ww -z -Tutf8 "$1" 2>../err || fault "$1: groff failed"
  [ ! -s ../err ] || fault "$1: $(head -n 1 ../err)"
}
words=$("$ULPLAB" --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p')
[ "$(echo "$words" | wc -l)" -gt 20 ] || fault "--help: few subcommands"
for word in $words; do
  page=$build/man/ulplab-$word.1
  [ -s "$page" ] || { fault "no page for $word" && continue; }
  "$ULPLAB" "$word" --man | cmp - "$page" || fault "$word: an old page"
  set_page "$page"
  "$ULPLAB" "$word" --help | sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' |
    while read -r option; do
      grep -qF "\\fB\\-\\-$(echo "$option" | sed 's/-/\\-/g')\\fR" "$page" ||
        echo "$word: --$option"
    done >../missing
  [ ! -s ../missing ] || fault "missing in pages: $(cat ../missing)"
  grep -qF "\\fB$word\\fR" "$build/man/ulplab.1" || fault "ulplab.1: no $word"
done
set_page "$build/man/ulplab.1"
command -v groff >/dev/null || echo "no groff here: how pages are set was not \
looked at"
finish
