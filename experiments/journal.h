/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a run has computed so far, beside its output, so that a run that was
 * killed can go on: OUT.partial.
 *
 *   ulplab-partial 1
 *   KIND NAME-BYTES DATA-BYTES DIGEST     one header line a frame,
 *   NAME DATA                             its bytes, without the blank,
 *                                         and a newline
 *
 * DIGEST is the first half of the SHA-256 of the header without it, the name
 * and the data.  A frame is written by one write(2).  A reader takes the
 * frames up to the first that is not whole, and a writer goes on from there:
 * a torn end costs the frame that it tore.
 */
#ifndef ULPLAB_EXPERIMENTS_JOURNAL_H
#define ULPLAB_EXPERIMENTS_JOURNAL_H

#include "experiment.h"

typedef enum {
  ULP_FRAME_KEY = 'k',   /* whose run it is; the first frame */
  ULP_FRAME_INPUT = 'i', /* a file that was read, and its digest */
  ULP_FRAME_UNIT = 'u',  /* figures that `prepare` keeps */
  ULP_FRAME_ROW = 'r'    /* the name is the point */
} ulp_frame_kind;

typedef struct {
  const char *name, *data; /* in the bytes that were read */
  size_t name_size, size;
  char kind;
} ulp_frame;

/* The frames of the bytes, the caller's to free, and how many bytes are whole:
 * 0 when the first line is another.  ULP_ENOMEM. */
ULP_MUST_CHECK ulp_status ulp_journal_parse(ulp_frame **out, size_t *count,
                                            size_t *whole, const char *bytes,
                                            size_t size, ulp_error *e);

typedef struct ulp_journal ulp_journal;

/* Opens the file, made if need be, and locks it.  ULP_EIO when it cannot be, or
 * when another process has it. */
ULP_MUST_CHECK ulp_status ulp_journal_open(ulp_journal **out, const char *path,
                                           ulp_error *e);
/* Empties it, and forgets its frames. */
ULP_MUST_CHECK ulp_status ulp_journal_restart(ulp_journal *j, ulp_error *e);
/* The frame, or NULL; also NULL with j NULL. */
const ulp_frame *ulp_journal_find(const ulp_journal *j, char kind,
                                  const char *name);
/* The i-th of those that were read, in the order of writing; NULL at the
 * end. */
const ulp_frame *ulp_journal_frame(const ulp_journal *j, size_t i);
/* Adds a frame; may be called from several threads.  After a failure nothing
 * more is written. */
void ulp_journal_add(ulp_journal *j, char kind, const char *name,
                     const void *data, size_t size);
/* Closes it, and removes the file if asked to; j may be NULL. */
void ulp_journal_close(ulp_journal *j, bool remove_file);

#endif
