# SPDX-License-Identifier: GPL-3.0-or-later
#
# A header as doxygen reads it: a comment that begins a line belongs to what
# follows, one behind code to that code; the first is the file's.  What its
# language would take for a command is escaped.

function plain(text) {
  gsub(/[\\@<>#&"%]/, "\\\\&", text)
  return text
}

# What is code on a line, what comment: opens and closes may be apart.
{
  line = $0
  if (!inside && match(line, /\/\*/)) {
    before = substr(line, 1, RSTART - 1)
    after = substr(line, RSTART + 2)
    if (!seen) { open = "/** @file\n"; seen = 1 }
    else if (after ~ /^ ---- /) open = "/* "
    else if (before ~ /[^ ]/) open = "/**<"
    else open = "/**"
    inside = 1
    line = after
    printf "%s%s", before, open
  } else if (!inside) {
    print line
    next
  }
  if (match(line, /\*\//)) {
    printf "%s*/%s\n", plain(substr(line, 1, RSTART - 1)), substr(line, RSTART + 2)
    inside = 0
  } else
    print plain(line)
}
