# SPDX-License-Identifier: GPL-3.0-or-later
#
# From cuobjdump --dump-sass to lines "symbol<TAB>opcodes": the matrix
# opcodes of each kernel and, where ptxas emulates the instruction, the
# arithmetic around them, each with its count if that is not 1.

function flush(   i, text, op) {
  for (i = 1; i <= kinds; i++) {
    op = order[i]
    if (op ~ matrix)
      text = text (text == "" ? "" : ", ") op (n[op] > 1 ? " x" n[op] : "")
  }
  for (i = 1; i <= kinds; i++) {
    op = order[i]
    if (op !~ matrix)
      text = text (text == "" ? "" : ", ") op (n[op] > 1 ? " x" n[op] : "")
  }
  if (symbol != "" && text != "")
    print symbol "\t" text
  split("", n)
  kinds = 0
}

BEGIN {
  matrix = "^[HIDBQ]G?MMA([.]|$)"
  # The kernels themselves hold no arithmetic on floating-point numbers.
  around = "^(FADD|FMUL|FFMA|HADD2|HMUL2|HFMA2|F2FP|F2F|POPC|IDP)([.]|$)"
}
/Function : / { flush(); symbol = $NF }
{
  for (i = 1; i <= NF; i++) {
    op = $i
    if (op !~ matrix && op !~ around)
      continue
    if (op == "HFMA2" || op ~ /^HFMA2[.]MMA/)
      continue # ptxas loads constants with it
    if (!(op in n))
      order[++kinds] = op
    n[op]++
  }
}
END { flush() }
