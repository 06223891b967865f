# Lines: above this line stand the settings and the data: $values (x, y),
# $intervals (x, y, low, high), $predictions (x, y), a block for each of the n
# series, with the linetypes style[]; $bounds, a block for each of bounds; legend, the
# rows that the names below take.
if (panel ne '') set title panel offset 0,-0.6
set xlabel x_label offset 0,0.3
set ylabel y_label offset 0.5,0
set bmargin at screen (58.0+19*legend)/height
unset key
plot for [i=1:bounds] $bounds index i-1 using 1:2 with lines lt (20+i), \
  for [i=1:n*predicted] $predictions index i-1 using 1:2 with lines lt style[i] lw 1.2 dt 3, \
  for [i=1:n] $intervals index i-1 using 1:2:3:4 with yerrorbars lt style[i] lw 0.8 dt 1 pt -1, \
  for [i=1:n*joined] $values index i-1 using 1:2 with linespoints lt style[i], \
  for [i=1:n*(1-joined)] $values index i-1 using 1:2 with points lt style[i]
