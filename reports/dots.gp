# Dots: above this line stand the settings and the data: $values (value, row,
# low, high) and $predictions, a block for each of the n series.
if (panel ne '') set title panel offset 0,-0.6
set xlabel x_label offset 0,0.3
set grid xtics noytics lc rgb '#808080' lw 0.4
set ytics scale 0 font 'sans,12'
set border 1
set lmargin at screen left/480.0
set bmargin at screen (58.0+19*legend)/height
unset key
plot for [i=1:n*predicted] $predictions index i-1 using 1:2 with points lt style[i] lw 0.8 dt 1 pt 6 ps 1.1, \
  for [i=1:n] $values index i-1 using 1:2:3:4 with xerrorbars lt style[i] lw 1 dt 1 pt -1, \
  for [i=1:n] $values index i-1 using 1:2 with points lt style[i]
