/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What holds for any bytes taken as a file of tensors.
 */
#ifndef ULPLAB_FUZZ_FILE_H
#define ULPLAB_FUZZ_FILE_H

/* Parses the bytes, named `path`; when they are refused, the error must be a
 * line; when they are accepted, every element must be readable, and in parts
 * as in one. */
void fuzz_file(const unsigned char *data, unsigned long size, const char *path);

#endif
