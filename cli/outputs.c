/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * outputs.c: several output files that appear together or not at all.
 */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

static const char *base_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static bool stat_folder(const char *path, struct stat *s)
{
  char folder[PATH_MAX] = ".";
  size_t n = (size_t)(base_of(path) - path);
  if (n >= sizeof folder) return false;
  if (n > 0) {
    memcpy(folder, path, n);
    folder[n] = '\0';
  }
  return stat(folder, s) == 0;
}

/* Two names of one regular file, or one name in one folder (o.npy, ./o.npy),
 * where there may be no file yet. */
static bool same_path(const char *a, const char *b)
{
  struct stat s, t;
  if (!strcmp(a, b)) return true;
  if (stat(a, &s) == 0 && stat(b, &t) == 0)
    return S_ISREG(s.st_mode) && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
  return !strcmp(base_of(a), base_of(b)) && stat_folder(a, &s) &&
         stat_folder(b, &t) && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

ulp_status cli_outputs_add(cli_outputs *set, ulp_output **out, const char *path,
                           ulp_error *e)
{
  *out = NULL;
  if (!path) return ULP_OK;
  for (size_t i = 0; i < set->count; i++)
    if (same_path(path, set->path[i]))
      return ulp_error_set(e, ULP_EINVAL,
                           "%s: two outputs have this path, expected different "
                           "ones",
                           path);
  ulp_status status = ulp_output_open(out, path, e);
  if (status != ULP_OK) return status;
  set->file[set->count] = *out;
  set->path[set->count++] = path;
  return ULP_OK;
}

ulp_status cli_outputs_commit(cli_outputs *set, ulp_error *e)
{
  size_t done = 0;
  ulp_status status = ULP_OK;
  for (size_t i = 0; i < set->count && status == ULP_OK; i++)
    status = ulp_output_flush(set->file[i], e);
  for (; done < set->count && status == ULP_OK; done++) {
    status = ulp_output_commit(set->file[done], e);
    set->file[done] = NULL;
  }
  struct stat s;
  for (size_t i = 0; status != ULP_OK && i + 1 < done; i++)
    if (stat(set->path[i], &s) == 0 && S_ISREG(s.st_mode)) unlink(set->path[i]);
  cli_outputs_discard(set);
  return status;
}

void cli_outputs_discard(cli_outputs *set)
{
  for (size_t i = 0; i < set->count; i++)
    ulp_output_discard(set->file[i]);
  set->count = 0;
}
