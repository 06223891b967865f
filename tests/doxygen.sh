#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The API reference is made without a warning.
if ! command -v doxygen >/dev/null; then
  echo "no doxygen here: the API reference was not made"
  exit 77
fi
${MAKE:-make} -s doxygen && [ -s doxygen/html/emu_8h.html ]
