/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The program of one experiment; Makefile.am compiles it once for each with
 * ULP_EXPERIMENT set to its entry, so that the name does not depend on how
 * the file was renamed or wrapped.
 */
#include "experiment.h"

int main(int argc, char **argv)
{
  return ulp_experiment_main(&ULP_EXPERIMENT, argc, argv);
}
