#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine instructions that ptxas made of each row of cvt_table.h.

  cuobjdump -sass cvt | cvt_sass.py cvt_table.h > cvt.sass

Prints a line for each row: its name, then the conversion opcodes of its
convert kernel and the arithmetic around them, or 'integer code' where it has
none.
"""
import re
import sys

CONVERSION = re.compile(r"\b((?:F2|I2|HADD2|FADD|FMUL|DADD|IMAD.U32)[\w.]*)")


def rows_by_line(path):
    """Rows by __LINE__, the line of the macro's name or of its last
    parenthesis: compilers differ."""
    rows, name = {}, None
    for number, line in enumerate(open(path), 1):
        found = re.match(r'(?:PTX|FN)\("([^"]+)"', line)
        if found:
            name = found.group(1)
        if name:
            rows[number] = name
        if line.rstrip().endswith(")"):
            name = None
    return rows


def main():
    rows = rows_by_line(sys.argv[1])
    opcodes, current = {}, None
    for line in sys.stdin:
        found = re.search(r"Function : \w*7convert\w*?3rowILi(\d+)E", line)
        if "Function :" in line:
            current = int(found.group(1)) if found else None
            opcodes.setdefault(current, [])
            continue
        if current is None:
            continue
        found = CONVERSION.search(line)
        if found and found.group(1) not in opcodes[current]:
            opcodes[current].append(found.group(1))
    opcodes.pop(None, None)
    for number in sorted(opcodes):
        name = rows.get(number, f"line {number}")
        print(name, " ".join(opcodes[number]) or "integer code", sep="\t")


if __name__ == "__main__":
    main()
