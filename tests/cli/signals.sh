#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A program that a signal ends leaves no half-written file.
. "${srcdir:-.}/tests/cli/common.sh"

mkfifo pipe || exit 77
npy x.npy '<f4' '(1,)' 00 00 80 3f
# (A shell lets its background jobs ignore INT, and nohup all it starts HUP:
# env resets them.  Where env cannot, an ignored signal would wait for ever.)
signals=TERM reset=
if env --default-signal=INT,HUP true 2>/dev/null; then
  signals="INT TERM HUP" reset="env --default-signal=INT,HUP"
fi
for signal in $signals; do
  # Its second output, a pipe that nobody reads, holds it after the first was
  # begun.
  $reset "$ULPLAB" quantize --to e4m3 --in x.npy \
    --out q.npy --dequant pipe &
  pid=$!
  for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(ls -A | wc -l)" = 2 ] || break
    sleep 0.1
  done
  [ "$(ls -A | wc -l)" = 3 ] || fault "$signal: no temporary file seen"
  kill -$signal $pid
  wait $pid
  [ $? -gt 128 ] || fault "$signal: not ended by it"
  [ "$(ls -A | wc -l)" = 2 ] || fault "$signal: left $(ls -A)"
done
finish
