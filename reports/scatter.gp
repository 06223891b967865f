# Points: above this line stand the settings, labels, $values (x, y, low, high),
# a block for each of the n series, and $front, the Pareto front.
if (panel ne '') set title panel offset 0,-0.6
set xlabel x_label offset 0,0.3
set ylabel y_label offset 0.5,0
set offsets graph 0.04, graph 0.1, 0, 0
set bmargin at screen (58.0+19*legend)/height
unset key
plot for [i=1:front] $front using 1:2 with steps lt 24, \
  for [i=1:n] $values index i-1 using 1:2:3:4 with yerrorbars lt style[i] lw 0.8 dt 1 pt -1, \
  for [i=1:n] $values index i-1 using 1:2 with points lt style[i]
