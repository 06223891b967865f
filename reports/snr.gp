# SNR against bits per element.  Above this line stand the data: the blocks
# $integer, $float and $codebook (bits, SNR, low, high), $front (the Pareto
# front), $best and $others (bits, SNR, name: labels to the left and to the
# right), and the ends of the axis, ymin and ymax.
set terminal svg size 580,430 font 'sans,14' noenhanced name 'snr'
set output 'snr.svg'
set encoding utf8
set border 3
set tics nomirror out
set grid ytics lc rgb '#808080' lw 0.4
set xrange [0:19]
set xtics (2, 3, 4, 5, 6, 7, 8, 12, 16)
set yrange [ymin:ymax]
set xlabel 'bits per element, scale included'
set ylabel 'SNR (dB)'
set key top left reverse Left noautotitle
set bars small
plot $front using 1:2 with steps lc rgb 'black' lw 1 dt 2 title 'Pareto front', \
  $integer using 1:2:3:4 with yerrorbars lc rgb '#0072B2' pt 5 ps 0.6 title 'integer', \
  $float using 1:2:3:4 with yerrorbars lc rgb '#D55E00' pt 7 ps 0.6 title 'float', \
  $codebook using 1:2:3:4 with yerrorbars lc rgb '#007A5A' pt 9 ps 0.8 title 'codebook', \
  $best using 1:2:3 with labels right offset -0.8,0.2, \
  $others using 1:2:3 with labels left offset 0.8,0
