# Lines: above this line stand the settings and the data: $values (x, y),
# $intervals (x, y, low, high), $predictions (x, y), a block for each of the n
# series, whose names are in name[] and whose linetypes in style[]; $bounds, a
# block for each of bound[]; legend, the rows that names take.
if (panel ne '') set title panel offset 0,-0.6
set xlabel x_label offset 0,0.3
set ylabel y_label offset 0.5,0
set key bmargin center horizontal maxcols columns Left reverse samplen 2.2 width 0 noautotitle
plot for [i=1:bounds] $bounds index i-1 using 1:2 with lines lt (20+i) title bound[i], \
  for [i=1:n*predicted] $predictions index i-1 using 1:2 with lines lt style[i] lw 0.8 dt 3 notitle, \
  for [i=1:n] $intervals index i-1 using 1:2:3:4 with yerrorbars lt style[i] lw 0.8 dt 1 pt -1 notitle, \
  for [i=1:n] $values index i-1 using 1:2 with linespoints lt style[i] title name[i], \
  for [i=1:predicted] NaN with lines lc rgb '#5a5f66' lw 0.8 dt 3 title 'predicted'
