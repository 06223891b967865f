/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The output of a whole run from its shards.
 */
#include "shards.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  const ulp_shard *shard; /* of the run: shard->shards of them */
  char *path;
  ulp_text csv;
  json_t *entry;
} whole;

typedef struct {
  const char *dir;
  char *const *paths; /* as they were given */
  size_t path_count;
  whole *runs;
  size_t count;
} job;

static ulp_status no_memory(ulp_error *e)
{
  return ulp_error_set(e, ULP_ENOMEM, "out of memory");
}

/* ---- the entry --------------------------------------------------------- */

/* The command that makes the whole: a shard's, with another output and without
 * the shard. */
static json_t *whole_command(const whole *w)
{
  const json_t *old = json_object_get(w->shard->entry, "command");
  json_t *words = json_array();
  for (size_t i = 0; i < json_array_size(old); i++) {
    const char *word = json_string_value(json_array_get(old, i));
    if (!word)
      continue;
    if (strcmp(word, "--shard") == 0 || strcmp(word, "--out") == 0)
      i++;
    else if (strncmp(word, "--shard=", 8) != 0 &&
             strncmp(word, "--out=", 6) != 0 && strcmp(word, "--resume") != 0)
      json_array_append_new(words, json_string(word));
  }
  json_array_append_new(words, json_string("--out"));
  json_array_append_new(words, ulp_json_text(w->path));
  return words;
}

static json_t *merge_command(const job *j)
{
  json_t *words = json_pack("[s, s, s, o]", "ulplab", "merge", "--out",
                            ulp_json_text(j->dir));
  for (size_t i = 0; i < j->path_count; i++)
    json_array_append_new(words, ulp_json_text(j->paths[i]));
  return words;
}

static bool has(const json_t *list, const json_t *one)
{
  for (size_t i = 0; i < json_array_size(list); i++)
    if (json_equal(json_array_get(list, i), one))
      return true;
  return false;
}

/* What any of them read. */
static json_t *all_inputs(const whole *w)
{
  json_t *all = json_array();
  for (int64_t i = 0; i < w->shard->shards; i++) {
    const json_t *some = json_object_get(w->shard[i].entry, "inputs");
    for (size_t k = 0; k < json_array_size(some); k++)
      if (!has(all, json_array_get(some, k)))
        json_array_append(all, json_array_get(some, k));
  }
  return all;
}

/* Their entries, which say on what machine and when each was made. */
static json_t *parts(const whole *w)
{
  json_t *list = json_array();
  for (int64_t i = 0; i < w->shard->shards; i++) {
    json_t *one = json_copy(w->shard[i].entry);
    json_object_set_new(one, "path", ulp_json_text(w->shard[i].path));
    json_array_append_new(list, one);
  }
  return list;
}

static bool one_program(const whole *w)
{
  for (int64_t i = 1; i < w->shard->shards; i++)
    if (!json_equal(json_object_get(w->shard[0].entry, "program"),
                    json_object_get(w->shard[i].entry, "program")))
      return false;
  return true;
}

/* What is the same in all of them, and what is of the whole. */
static ulp_status make_entry(whole *w, const job *j, ulp_error *e)
{
  static const char *const own[] = {"compiler", "libraries", "cpu", "system",
                                    "threads", "started", "wall_s", "cpu_s",
                                    "kept"};
  char hash[ULP_SHA256_HEX];
  json_t *entry = w->entry = json_copy(w->shard->entry);
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    json_object_del(entry, own[i]);
  if (!one_program(w))
    json_object_set_new(entry, "program", json_string(""));
  ulp_sha256_text(hash, w->csv.text, w->csv.size);
  int bad = json_object_set_new(entry, "shard", json_pack("[i, i]", 1, 1));
  bad |= json_object_set_new(entry, "command", whole_command(w));
  bad |= json_object_set_new(entry, "merged_by", merge_command(j));
  bad |= json_object_set_new(entry, "inputs", all_inputs(w));
  bad |= json_object_set_new(entry, "shards", parts(w));
  bad |= json_object_set_new(
      entry, "output",
      json_pack("{s:I, s:I, s:s}", "rows", (json_int_t)w->shard->points,
                "bytes", (json_int_t)w->csv.size, "sha256", hash));
  return bad ? no_memory(e) : ULP_OK;
}

/* ---- the rows ---------------------------------------------------------- */

static ulp_status join_rows(whole *w, ulp_error *e)
{
  const ulp_shard *first = w->shard;
  ulp_csv_header(&w->csv, first->experiment->columns);
  for (int64_t p = 0; p < first->points; p++) {
    const ulp_shard *s = &first[p % first->shards];
    const size_t *row = &s->row[p / first->shards];
    ulp_text_add(&w->csv, s->csv + row[0], row[1] - row[0]);
  }
  return w->csv.failed ? no_memory(e) : ULP_OK;
}

/* ---- all of it --------------------------------------------------------- */

static ulp_status set_path(whole *w, const job *j, const ulp_shards *all,
                           ulp_error *e)
{
  ulp_text path = {0};
  struct stat out, in;
  ulp_text_printf(&path, "%s/%s.csv", j->dir, w->shard->experiment->name);
  w->path = path.text;
  if (path.failed)
    return no_memory(e);
  for (size_t i = 0; i < all->count; i++)
    if (stat(w->path, &out) == 0 && stat(all->list[i].path, &in) == 0 &&
        out.st_ino == in.st_ino && out.st_dev == in.st_dev)
      return ulp_error_set(e, ULP_EINVAL, "--out %.300s: expected another "
                           "folder: %.300s is a shard", j->dir, w->path);
  struct stat dir;
  return stat(j->dir, &dir) == 0 ? ulp_folder_check(w->path, e) : ULP_OK;
}

static ulp_status make_runs(job *j, const ulp_shards *all, ulp_error *e)
{
  ulp_status s = ULP_OK;
  j->runs = calloc(all->count, sizeof *j->runs);
  if (!j->runs)
    return no_memory(e);
  for (size_t i = 0; i < all->count && s == ULP_OK;
       i += (size_t)all->list[i].shards) {
    whole *w = &j->runs[j->count++];
    w->shard = &all->list[i];
    s = set_path(w, j, all, e);
    if (s == ULP_OK)
      s = join_rows(w, e);
    if (s == ULP_OK)
      s = make_entry(w, j, e);
  }
  return s;
}

static ulp_status write_run(const whole *w, ulp_error *e)
{
  const ulp_run run = {.experiment = w->shard->experiment, .out = w->path};
  const ulp_record record = {.run = &run, .entry = w->entry,
                             .csv = w->csv.text, .csv_size = w->csv.size};
  return ulp_folder_write(&record, e);
}

static ulp_status write_runs(const job *j, ulp_error *e)
{
  ulp_status s = ULP_OK;
  bool made = mkdir(j->dir, 0777) == 0;
  if (!made && errno != EEXIST)
    return ulp_error_set(e, ULP_EIO, "--out %.400s: cannot make the folder: %s",
                         j->dir, strerror(errno));
  for (size_t i = 0; i < j->count && s == ULP_OK; i++)
    s = write_run(&j->runs[i], e);
  if (s != ULP_OK && made)
    rmdir(j->dir); /* if it is empty */
  return s;
}

static void free_runs(job *j)
{
  for (size_t i = 0; i < j->count; i++) {
    free(j->runs[i].path);
    ulp_text_free(&j->runs[i].csv);
    json_decref(j->runs[i].entry);
  }
  free(j->runs);
}

ulp_status ulp_shards_merge(const char *dir, char *const *paths, size_t count,
                            ulp_error *e)
{
  job j = {.dir = dir, .paths = paths, .path_count = count};
  ulp_shards all = {0};
  ulp_status s = ULP_OK;
  for (size_t i = 0; i < count && s == ULP_OK; i++)
    s = ulp_shards_read(&all, paths[i], e);
  if (s == ULP_OK)
    s = ulp_shards_check(&all, e);
  if (s == ULP_OK)
    s = make_runs(&j, &all, e);
  if (s == ULP_OK)
    s = write_runs(&j, e);
  free_runs(&j);
  ulp_shards_free(&all);
  return s;
}
