# SPDX-License-Identifier: GPL-3.0-or-later
#
# The commands of the ```sh blocks of a Markdown text, one a line, their
# continuations joined and their comments cut off.
/^```sh$/ { inside = 1; next }
/^```$/ { inside = 0 }
!inside { next }
{ sub(/^    /, "", $0) }
/\\$/ { sub(/\\$/, ""); held = held $0; next }
{ line = held $0; held = ""
  sub(/(^| +)# .*/, "", line)
  if (line != "") print line }
