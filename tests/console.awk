# SPDX-License-Identifier: GPL-3.0-or-later
#
# A Markdown text with what its commands print now.  In blocks of ```console
# a line "$ COMMAND", with the lines "> ..." that follow it, is run by sh, and
# the lines up to the next one are replaced by its output, stderr included:
#   awk -f tests/console.awk SHEET.md >new.md
# in an empty folder.  A test compares; an author who agrees copies back.

function run(line) {
  if (command == "")
    return
  command = "exec 2>&1\n" command
  while ((command | getline line) > 0)
    print line
  close(command)
  command = ""
}

/^```console$/ { inside = 1; print; next }
/^```$/ && inside { run(); inside = 0; print; next }
!inside { print; next }
/^\$ / { run(); print; command = substr($0, 3); next }
/^> / && command != "" { print; command = command "\n" substr($0, 3); next }
