# What all pictures share: colours that colour-blind readers can tell apart and
# that stand out from white by 3 to 1 (the page makes them lighter on a dark
# ground), with a mark of its own for each.
set encoding utf8
# What a kind of picture has, but this one may not.
$bounds << EOD
NaN NaN
EOD
$predictions << EOD
NaN NaN
EOD
set linetype 1 lc rgb '#0072b2' lw 1.6 pt 7 ps 0.55
set linetype 2 lc rgb '#d55e00' lw 1.6 pt 5 ps 0.55
set linetype 3 lc rgb '#007a5a' lw 1.6 pt 9 ps 0.65
set linetype 4 lc rgb '#a4508b' lw 1.6 pt 11 ps 0.65
set linetype 5 lc rgb '#8a6d00' lw 1.6 pt 13 ps 0.65
set linetype 6 lc rgb '#5a5f66' lw 1.6 pt 6 ps 0.6
set linetype 7 lc rgb '#0e8a9c' lw 1.6 pt 4 ps 0.6
set linetype 8 lc rgb '#b0123b' lw 1.6 pt 8 ps 0.7
set linetype 9 lc rgb '#0072b2' lw 1.6 pt 10 ps 0.7 dt 2
set linetype 10 lc rgb '#d55e00' lw 1.6 pt 12 ps 0.7 dt 2
set linetype 11 lc rgb '#007a5a' lw 1.6 pt 2 ps 0.6 dt 2
set linetype 12 lc rgb '#a4508b' lw 1.6 pt 1 ps 0.6 dt 2
set linetype 13 lc rgb '#8a6d00' lw 1.6 pt 7 ps 0.55 dt 4
set linetype 14 lc rgb '#5a5f66' lw 1.6 pt 5 ps 0.55 dt 4
set linetype 15 lc rgb '#0e8a9c' lw 1.6 pt 9 ps 0.65 dt 4
set linetype 16 lc rgb '#b0123b' lw 1.6 pt 11 ps 0.65 dt 4
set linetype 21 lc rgb '#5a5f66' lw 1.2 dt 2
set linetype 22 lc rgb '#5a5f66' lw 1.2 dt 4
set linetype 23 lc rgb '#5a5f66' lw 1.2 dt 3
set linetype 24 lc rgb '#5a5f66' lw 1 dt 2
set border 3
set tics nomirror out scale 0.6,0.3
set grid ytics lc rgb '#808080' lw 0.4
set pointintervalbox 0
unset mxtics
unset mytics
set bars small
