/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shards of runs, read with what their manifests say of them, and merged
 * into the outputs of whole runs.
 */
#ifndef ULPLAB_EXPERIMENTS_SHARDS_H
#define ULPLAB_EXPERIMENTS_SHARDS_H

#include "driver.h"

typedef struct {
  char *path;    /* of the CSV */
  json_t *entry; /* of it in manifest.json */
  const ulp_experiment *experiment;
  int64_t shard, shards; /* 0 <= shard < shards */
  int64_t points;        /* of the whole run */
  char *csv;
  size_t size, *row; /* where each row begins; then the end */
  int64_t rows;
} ulp_shard;

typedef struct {
  ulp_shard *list;
  size_t count;
} ulp_shards;

/* Takes the fields of an entry, whose reference it steals also after a
 * failure; `path` is for messages.  The shard is the caller's to free in every
 * case. */
ULP_MUST_CHECK ulp_status ulp_shard_describe(ulp_shard *s, const char *path,
                                             json_t *entry, ulp_error *e);
/* Takes the bytes, which it frees also after a failure: the experiment's
 * header, and each row of the shard, beginning with its point. */
ULP_MUST_CHECK ulp_status ulp_shard_rows(ulp_shard *s, char *csv, size_t size,
                                         ulp_error *e);
void ulp_shard_free(ulp_shard *s);

/* Adds the CSV file `path`, or all that the manifest of the folder `path`
 * names; each must have the digest that its manifest has. */
ULP_MUST_CHECK ulp_status ulp_shards_read(ulp_shards *all, const char *path,
                                          ulp_error *e);
void ulp_shards_free(ulp_shards *all);

/* Refuses shards of different runs, twice the same and gaps; sorts them by
 * experiment and number. */
ULP_MUST_CHECK ulp_status ulp_shards_check(ulp_shards *all, ulp_error *e);

/* Reads the shards of the paths, and writes DIR/NAME.csv of each experiment
 * that they have, as the whole run would, with the files beside it.  DIR is
 * made if it is not there, after all was checked. */
ULP_MUST_CHECK ulp_status ulp_shards_merge(const char *dir,
                                           char *const *paths, size_t count,
                                           ulp_error *e);

#endif
