/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A run that goes on where it was ended.  What is kept is used only if the
 * same program with the same options left it, and the files that it read are
 * as they were; else the run begins anew, and says why.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

static const char key_name[] = "run";

/* ---- an output that is there ------------------------------------------- */

static bool bytes_are(const char *path, const json_t *output)
{
  char hash[ULP_SHA256_HEX];
  int64_t size;
  ulp_error e;
  const char *was = json_string_value(json_object_get(output, "sha256"));
  return was && ulp_sha256_file(hash, &size, path, &e) == ULP_OK &&
         strcmp(hash, was) == 0;
}

static json_t *read_manifest(const char *out)
{
  ulp_text path = {0};
  char *folder = ulp_folder_of(out);
  json_t *j = NULL;
  ulp_error e;
  if (folder)
    ulp_text_printf(&path, "%s/manifest.json", folder);
  if (folder && !path.failed && ulp_side_read(&j, path.text, &e) != ULP_OK)
    j = NULL;
  ulp_text_free(&path);
  free(folder);
  return j;
}

/* A program that does not know itself knows no output of its own. */
static bool knows_itself(const ulp_run *run)
{
  const char *program =
      json_string_value(json_object_get(run->origin->key, "program"));
  return program && *program;
}

bool ulp_resume_done(const ulp_run *run)
{
  json_t *manifest = read_manifest(run->out);
  const json_t *entry = json_object_get(json_object_get(manifest, "outputs"),
                                        ulp_path_base(run->out));
  ulp_error e;
  bool done = knows_itself(run) && entry &&
              !ulp_origin_differs(run->origin->key, entry) &&
              ulp_inputs_hold(json_object_get(entry, "inputs"), &e) &&
              bytes_are(run->out, json_object_get(entry, "output"));
  json_decref(manifest);
  return done;
}

/* ---- one that was begun ------------------------------------------------ */

/* The JSON of a frame; NULL when there is none in it. */
static json_t *frame_json(const ulp_frame *f)
{
  return f ? json_loadb(f->data, f->size, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

/* Takes the inputs of the run that was ended; false when one has changed. */
static bool take_inputs(ulp_run *run, ulp_error *e)
{
  const ulp_frame *f;
  json_t *inputs = run->origin->inputs;
  bool read = true;
  for (size_t i = 0; (f = ulp_journal_frame(run->journal, i)) != NULL; i++)
    if (f->kind == ULP_FRAME_INPUT &&
        json_array_append_new(inputs, frame_json(f)) != 0)
      read = false;
  if (!read)
    ulp_error_set(e, ULP_EFORMAT, "it does not say what was read");
  if (read && ulp_inputs_hold(inputs, e))
    return true;
  json_array_clear(inputs);
  return false;
}

/* Whether what the journal has is this run's; else *e says why not. */
static bool is_ours(ulp_run *run, ulp_error *e)
{
  json_t *key = frame_json(ulp_journal_find(run->journal, ULP_FRAME_KEY,
                                            key_name));
  const char *field = ulp_origin_differs(run->origin->key, key);
  if (!knows_itself(run))
    ulp_error_set(e, ULP_EINVAL, "this system does not name the program");
  else if (!key)
    ulp_error_set(e, ULP_EFORMAT, "it was just begun");
  else if (field)
    ulp_error_set(e, ULP_EINVAL, "it has another %s", field);
  json_decref(key);
  return knows_itself(run) && !field && take_inputs(run, e);
}

static int64_t count_kind(const ulp_journal *j, char kind)
{
  const ulp_frame *f;
  int64_t n = 0;
  for (size_t i = 0; (f = ulp_journal_frame(j, i)) != NULL; i++)
    n += f->kind == kind;
  return n;
}

static ulp_status begin_anew(ulp_run *run, ulp_error *e)
{
  ulp_status s = ulp_journal_restart(run->journal, e);
  char *text = json_dumps(run->origin->key, JSON_COMPACT | JSON_SORT_KEYS);
  if (s == ULP_OK && !text)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s == ULP_OK)
    ulp_journal_add(run->journal, ULP_FRAME_KEY, key_name, text, strlen(text));
  free(text);
  return s;
}

/* One line on stderr of what became of what was there. */
static void tell(const ulp_run *run, bool kept, const ulp_error *why)
{
  const ulp_journal *j = run->journal;
  if (kept)
    fprintf(stderr, "%s: %s.partial: %lld rows and %lld parts are kept\n",
            run->experiment->name, run->out,
            (long long)count_kind(j, ULP_FRAME_ROW),
            (long long)count_kind(j, ULP_FRAME_UNIT));
  else
    fprintf(stderr, "%s: %s.partial: %s; begun anew\n", run->experiment->name,
            run->out, why->text);
}

ulp_status ulp_resume_begin(ulp_run *run, bool keep, ulp_error *e)
{
  ulp_text path = {0};
  ulp_error why;
  if (!ulp_folder_is_plain(run->out))
    return ULP_OK;
  ulp_text_printf(&path, "%s.partial", run->out);
  ulp_status s = path.failed
                     ? ulp_error_set(e, ULP_ENOMEM, "out of memory")
                     : ulp_journal_open(&run->journal, path.text, e);
  ulp_text_free(&path);
  if (s != ULP_OK)
    return s;
  run->origin->journal = run->journal;
  bool there = ulp_journal_frame(run->journal, 0) != NULL;
  bool kept = keep && there && is_ours(run, &why);
  if (keep && there)
    tell(run, kept, &why);
  return kept ? ULP_OK : begin_anew(run, e);
}

int64_t ulp_resume_kept(const ulp_run *run)
{
  return count_kind(run->journal, ULP_FRAME_ROW);
}

const ulp_frame *ulp_resume_row(const ulp_run *run, int64_t point)
{
  char name[24];
  snprintf(name, sizeof name, "%lld", (long long)point);
  return ulp_journal_find(run->journal, ULP_FRAME_ROW, name);
}

void ulp_resume_end(ulp_run *run, ulp_status s)
{
  bool kept = ulp_journal_frame(run->journal, 0) != NULL;
  ulp_journal_close(run->journal, s == ULP_OK || !kept);
  run->journal = NULL;
}

/* ---- units ------------------------------------------------------------- */

bool ulp_run_recall(const ulp_run *run, const char *name, void *data,
                    size_t size)
{
  const ulp_frame *f = ulp_journal_find(run->journal, ULP_FRAME_UNIT, name);
  if (!f || f->size != size)
    return false;
  memcpy(data, f->data, size);
  return true;
}

void ulp_run_keep(const ulp_run *run, const char *name, const void *data,
                  size_t size)
{
  ulp_journal_add(run->journal, ULP_FRAME_UNIT, name, data, size);
}
