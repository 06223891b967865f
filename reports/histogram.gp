# Histogram: above this line stand the settings and $bins (middle, rows).
if (panel ne '') set title panel offset 0,-0.6
set xlabel x_label offset 0,0.3
set ylabel y_label offset 0.5,0
set style fill solid 0.8 noborder
set boxwidth 0.92*width
set samples 200
if (log_y) set logscale y
if (log_y) set yrange [0.7:2*most]; else set yrange [0:1.08*most]
set key bmargin center horizontal Left reverse samplen 2.2 noautotitle
plot $bins using 1:2 with boxes lc rgb '#0072b2' notitle, \
  for [i=1:normal] rows*width*exp(-x*x/2)/sqrt(2*pi) with lines lc rgb '#d55e00' lw 1.6 title 'normal, of variance 1'
