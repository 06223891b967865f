/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parts of the table of pictures, by subject.
 */
#ifndef ULPLAB_REPORTS_FIGURES_H
#define ULPLAB_REPORTS_FIGURES_H

#include "picture.h"

/* Each ends in a row without an experiment. */
extern const ulp_figure_row ulp_figures_formats[], ulp_figures_sums[],
    ulp_figures_layers[], ulp_figures_training[], ulp_figures_models[];

#endif
