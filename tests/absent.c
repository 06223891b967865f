/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stands for a test whose peer configure did not find: skipped, not passed.
 */
#include <stdio.h>

int main(void) {
  puts("configure did not find what this test compares with");
  return 77;
}
