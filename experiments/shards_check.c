/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether shards are those of one run each, all of them and once.
 */
#include "shards.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int by_run(const void *a, const void *b)
{
  const ulp_shard *x = a, *y = b;
  int d = strcmp(x->experiment->name, y->experiment->name);
  if (d == 0)
    d = (x->shard > y->shard) - (x->shard < y->shard);
  return d ? d : strcmp(x->path, y->path);
}

static ulp_status differ(const ulp_shard *a, const ulp_shard *b,
                         const char *field, ulp_error *e)
{
  const size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS;
  char *is = json_dumps(json_object_get(b->entry, field), flags);
  char *was = json_dumps(json_object_get(a->entry, field), flags);
  ulp_error_set(e, ULP_EINVAL, "%.200s: %s %.160s: expected %.160s as in "
                "%.200s", b->path, field, is ? is : "", was ? was : "",
                a->path);
  free(is);
  free(was);
  return ULP_EINVAL;
}

/* Whether the version names the sources: a commit, without changes. */
static bool names_sources(const json_t *entry)
{
  const char *git = json_string_value(json_object_get(entry, "git"));
  size_t n = git ? strlen(git) : 0;
  return n > 0 && !(n > 6 && strcmp(git + n - 6, "-dirty") == 0);
}

/* The first of the fields that differs, or NULL. */
static const char *differs(const ulp_shard *a, const ulp_shard *b,
                           const char *const *field)
{
  for (; *field; field++)
    if (!json_equal(json_object_get(a->entry, *field),
                    json_object_get(b->entry, *field)))
      return *field;
  return NULL;
}

/* A shard may read what another does not; what both read is the same. */
static ulp_status check_inputs(const ulp_shard *a, const ulp_shard *b,
                               ulp_error *e)
{
  const json_t *x = json_object_get(a->entry, "inputs");
  const json_t *y = json_object_get(b->entry, "inputs");
  for (size_t i = 0; i < json_array_size(x); i++)
    for (size_t k = 0; k < json_array_size(y); k++) {
      const json_t *p = json_array_get(x, i), *q = json_array_get(y, k);
      const char *path = json_string_value(json_object_get(p, "path"));
      if (json_equal(json_object_get(p, "path"), json_object_get(q, "path")) &&
          !json_equal(p, q))
        return ulp_error_set(e, ULP_EINVAL, "%.200s: input %.200s: expected "
                             "the bytes that %.200s read", b->path,
                             path ? path : "", a->path);
    }
  return ULP_OK;
}

static ulp_status check_pair(const ulp_shard *a, const ulp_shard *b,
                             ulp_error *e)
{
  /* All that is given is of one version.  Builds of one commit give the same
   * bytes; where the version does not name the sources, the shards of a run are
   * of one program. */
  static const char *const version[] = {"version", "git", NULL};
  static const char *const run[] = {"seed", "effort", "parameters", "tensor",
                                    "points", NULL};
  static const char *const program[] = {"program", NULL};
  const char *field = differs(a, b, version);
  if (!field && a->experiment != b->experiment)
    return ULP_OK;
  if (!field)
    field = differs(a, b, run);
  if (!field && !names_sources(a->entry))
    field = differs(a, b, program);
  if (field)
    return differ(a, b, field, e);
  if (a->shards != b->shards)
    return ulp_error_set(e, ULP_EINVAL, "%.200s: shard %" PRId64 "/%" PRId64
                         ": expected one of %" PRId64 " as %.200s", b->path,
                         b->shard + 1, b->shards, a->shards, a->path);
  return ULP_OK;
}

/* Sorted, the shards of a run are 1 to N. */
static ulp_status check_places(const ulp_shard *s, size_t count, ulp_error *e)
{
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && s[i].shard == s[i - 1].shard)
      return ulp_error_set(e, ULP_EINVAL, "%.200s: shard %" PRId64 "/%" PRId64
                           " of %s: expected it once, not in %.200s, too",
                           s[i].path, s[i].shard + 1, s->shards,
                           s->experiment->name, s[i - 1].path);
    if (s[i].shard != (int64_t)i)
      count = i;
  }
  if ((int64_t)count == s->shards)
    return ULP_OK;
  return ulp_error_set(e, ULP_EINVAL, "%s: expected %" PRId64 " shards, %zu/%"
                       PRId64 " is not there", s->experiment->name, s->shards,
                       count + 1, s->shards);
}

ulp_status ulp_shards_check(ulp_shards *all, ulp_error *e)
{
  ulp_status s = ULP_OK;
  if (all->count == 0)
    return ulp_error_set(e, ULP_EINVAL, "expected shards");
  qsort(all->list, all->count, sizeof *all->list, by_run);
  for (size_t i = 0, first = 0; i < all->count && s == ULP_OK; i++) {
    s = check_pair(&all->list[i ? i - 1 : 0], &all->list[i], e);
    if (all->list[i].experiment != all->list[first].experiment)
      first = i;
    for (size_t k = first; k < i && s == ULP_OK; k++)
      s = check_inputs(&all->list[k], &all->list[i], e);
    bool last = i + 1 == all->count ||
                all->list[i + 1].experiment != all->list[i].experiment;
    if (s == ULP_OK && last)
      s = check_places(&all->list[first], i + 1 - first, e);
  }
  return s;
}
