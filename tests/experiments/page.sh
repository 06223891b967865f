#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The page in a browser: no error, every picture there with its letters apart,
# filters that filter, contrast, and nothing wider than a phone.
. "${srcdir:-.}/tests/cli/common.sh"
for program in gnuplot chromium; do
  if ! command -v $program >/dev/null; then
    echo "SKIP: no $program"
    exit 77
  fi
done
script=$here/../experiments/page.js

# The kinds of pictures, an experiment each, and both tables with filters.
mkdir run
for experiment in \
  'roofline --gpus h100|4090 --models llama-3-8b --batches 1|16|256' \
  'sr_unbiasedness --formats e4m3|bf16' 'granularity --shape 32x512' \
  'norms --widths 256 --inputs gaussian|large|spike' 'activation_spikes' \
  'optimizer_states --widths 1 --steps 8 --processes steady' \
  'accumulation --operands e4m3 --lengths 32|256|1024|2048' \
  'code_pairs --step 4' 'ulp_histogram --operands e4m3 --data normal' \
  'scale_rules --distributions gaussian' 'claims --ids 41|19|20'; do
  name=${experiment%% *}
  # shellcheck disable=SC2086
  set -- $experiment
  shift
  for word in "$@"; do
    shift
    set -- "$@" "$(echo "$word" | tr '|' ' ')"
  done
  "$ULPLAB" run "$name" --quick "$@" --out "run/$name.csv" ||
    fault "a run of $name"
done
"$ULPLAB" report run || fault 'a report'
pictures=$(grep -c '^<svg' run/index.html)
[ "$pictures" -gt 20 ] || fault "only $pictures pictures"

# browse NAME OPTION...: what page.js finds in NAME.html, in NAME.found.
browse() {
  name=$1
  shift
  chromium --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" \
    --enable-logging=stderr "$@" --dump-dom "file://$PWD/$name.html" \
    >dom 2>browser.err
  grep '^CHECK ' dom >"$name.found" || fault "$name: the browser says nothing"
  if grep CONSOLE browser.err; then fault "$name: an error on the console"; fi
}

# finds NAME VALUE...: each of them.
finds() {
  found=$1.found
  shift
  for value in "$@"; do
    grep -qx "CHECK $value" "$found" ||
      fault "$found: not $value but $(grep "CHECK ${value%%=*}=" "$found")"
  done
}

# looks PAGE PICTURES FILTERS: on a desk, in the dark and on a phone.
looks() {
  { cat "$1"; echo '<script>'; cat "$script"; echo '</script>'; } >desk.html
  cp desk.html dark.html
  {
    echo '<!DOCTYPE html><iframe style="width:390px;height:800px;border:0"'
    echo ' srcdoc="'
    sed -e 's/&/\&amp;/g' -e 's/"/\&quot;/g' desk.html
    echo '"></iframe>'
  } >phone.html
  browse desk --window-size=1100,900
  browse dark --window-size=1100,900 --blink-settings=preferredColorScheme=0
  browse phone --window-size=1100,900
  finds desk dark=false
  finds dark dark=true
  finds phone width=390
  for view in desk dark phone; do
    finds $view text=enough graphics=enough "pictures=$2" empty=0 untitled=0 \
      headless-tables=0 dead-links=0 double-ids=0 overflow=false outside=0 \
      overlaps=0
    [ "$(grep -c '^CHECK filter-.*=works$' $view.found)" = "$3" ] ||
      fault "$1, $view: $(grep filter- $view.found | tr '\n' ' ')"
  done
}

looks run/index.html "$pictures" 9
# Of methods.html: one filter for each button.
looks run/methods.html 0 "$(grep -o 'type="radio"' run/methods.html | wc -l)"
finish
