# Histogram: above this line stand the settings and $bins (middle, rows).
if (panel ne '') set title panel offset 0,-0.6
set xlabel x_label offset 0,0.3
set ylabel y_label offset 0.5,0
set style fill solid 0.8 noborder
set boxwidth 0.92*width
set samples 200
if (log_y) set logscale y
if (log_y) set yrange [0.7:2*most]; else set yrange [0:1.08*most]
set bmargin at screen (58.0+19*legend)/height
unset key
plot $bins using 1:2 with boxes lc rgb '#0072b2', \
  for [i=1:normal] rows*width*exp(-x*x/2)/sqrt(2*pi) with lines lt 21
