# Bars: as dots.gp, from 0; thick is half of a bar.
if (panel ne '') set title panel offset 0,-0.6
set xlabel x_label offset 0,0.3
set grid xtics noytics lc rgb '#808080' lw 0.4
set ytics scale 0 font 'sans,12'
set border 1
set lmargin at screen left/480.0
set style fill solid 1 noborder
set bmargin at screen (58.0+19*legend)/height
unset key
plot for [i=1:n] $values index i-1 using 1:2:(floor_y > 0 ? floor_y : 0):1:($2-thick):($2+thick) with boxxyerror lt style[i], \
  for [i=1:n*predicted] $predictions index i-1 using 1:2 with points lc rgb '#5a5f66' pt 6 ps 1
