# Heat map: above this line stand the settings and the data: $cells (column,
# row, value), $light and $dark (column, row, figure: on light and dark cells).
set lmargin at screen left/480.0
set title panel offset 0,-0.6
set xlabel x_label offset 0,0.3
# Of a large map, whose lists do not speak for themselves: above the names, and
# below the colours.
if (!small) set label y_label at screen (left-8)/480.0, 1-39.0/height right; \
  set label z_label at screen 0.99, 16.0/height right font 'sans,11'
unset grid
unset border
set tics scale 0 font 'sans,12'
if (turned) set xtics rotate by 40 right
set xrange [-0.5:wide-0.5]
set yrange [-high+0.5:0.5]
set colorbox user origin 0.9,0.25 size 0.025,0.6 noborder
set cbtics scale 0 font 'sans,11' offset -0.6,0
set rmargin at screen 0.88
set bmargin at screen (56.0+room)/height
if (small) unset colorbox
if (small) set rmargin at screen 0.98
if (signed) set palette defined (-1 '#2166ac', -0.5 '#92c5de', 0 '#f4f4f4', 0.5 '#f4a582', 1 '#b2182b'); \
else set palette defined (0 '#f4f7fa', 0.4 '#9ecae1', 0.6 '#4292c6', 1 '#08306b')
unset key
if (small) plot $cells using 1:2:3 with image pixels, \
  $light using 1:2:3 with labels tc rgb '#101010' font 'sans,11', \
  $dark using 1:2:3 with labels tc rgb '#fefefe' font 'sans,11'; \
else plot $cells using 1:2:3 with image
