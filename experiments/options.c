/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The options of an experiment: the common ones from a table, the others
 * from the experiment's parameters.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "driver.h"

enum { MAX_THREADS = 1024, MAX_SHARDS = 1000000 };

static const struct {
  const char *name, *value, *help;
} common[] = {
    {"out", "FILE.csv", "write there, with manifest.json and datapackage.json "
                        "in the same folder (default: CSV on stdout only)"},
    {"seed", "S", "seed of every random number, 0 to 2^64-1"},
    {"threads", "N", "threads to use (default: all cores); never changes the "
                     "output"},
    {"shard", "I/N", "only the I-th of N parts, I from 1 to N: the points "
                     "whose index leaves I-1 when divided by N"},
    {"quick", NULL, "seconds: fewer samples"},
    {"full", NULL, "minutes: more samples"},
    {"resume", NULL, "with --out: go on where the same run was ended, and leave "
                     "an output that it has made as it is"},
    {"tensor", "FILE[:NAME]", "run on the tensors of a .npy or .safetensors "
                              "file (all of them, or NAME)"},
    {"describe", NULL, "print the question, the method and the columns"},
    {"help", NULL, "print this"},
    {"version", NULL, "print the version"},
};
enum { COMMON = sizeof common / sizeof common[0] };

/* All option names, for the hint at a misspelt one. */
static const char *option_name(const void *list, size_t i)
{
  (void)list;
  if (i < COMMON)
    return common[i].name;
  i -= COMMON;
  const ulp_experiment *x;
  for (size_t k = 0; (x = ulp_experiment_row(k)) != NULL; k++)
    for (const ulp_parameter *p = x->parameters; p->name; p++)
      if (i-- == 0)
        return p->name;
  return NULL;
}

/* A whole number in decimal, or in hexadecimal after 0x. */
static bool parse_u64(const char *text, uint64_t *out)
{
  int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
  const char *digits = base == 16 ? text + 2 : text;
  if (strspn(digits, base == 16 ? "0123456789abcdefABCDEF" : "0123456789") !=
          strlen(digits) || !*digits)
    return false;
  errno = 0;
  *out = strtoull(digits, NULL, base);
  return errno == 0;
}

static bool parse_shard(const char *text, ulp_run *run)
{
  char part[24];
  uint64_t i, n;
  const char *slash = strchr(text, '/');
  if (!slash || (size_t)(slash - text) >= sizeof part)
    return false;
  memcpy(part, text, (size_t)(slash - text));
  part[slash - text] = '\0';
  if (!parse_u64(part, &i) || !parse_u64(slash + 1, &n) || i < 1 || i > n ||
      n > MAX_SHARDS)
    return false;
  run->shard = (int64_t)i - 1;
  run->shards = (int64_t)n;
  return true;
}

static ulp_status bad(ulp_error *e, const char *name, const char *value,
                      const char *expected)
{
  return ulp_error_set(e, ULP_EINVAL, "--%s %.80s: expected %s", name, value,
                       expected);
}

static ulp_status set_effort(ulp_run *run, ulp_effort effort, ulp_error *e)
{
  if (run->effort != ULP_NORMAL && run->effort != effort)
    return ulp_error_set(e, ULP_EINVAL, "--quick and --full: expected one");
  run->effort = effort;
  return ULP_OK;
}

/* The options without a value; false when `name` is none of them. */
static bool take_flag(ulp_run *run, ulp_options *o, const char *name,
                      ulp_error *e)
{
  if (strcmp(name, "quick") == 0)
    set_effort(run, ULP_QUICK, e);
  else if (strcmp(name, "full") == 0)
    set_effort(run, ULP_FULL, e);
  else if (strcmp(name, "resume") == 0)
    o->resume = true;
  else if (strcmp(name, "describe") == 0)
    o->action = ULP_DO_DESCRIBE;
  else if (strcmp(name, "help") == 0)
    o->action = ULP_DO_HELP;
  else if (strcmp(name, "version") == 0)
    o->action = ULP_DO_VERSION;
  else
    return false;
  return true;
}

static ulp_status take_value(ulp_run *run, ulp_options *o, const char *name,
                             const char *value, ulp_error *e)
{
  uint64_t n;
  if (strcmp(name, "out") == 0) {
    if (!*value)
      return bad(e, name, "''", "the name of a file");
    run->out = value;
  } else if (strcmp(name, "seed") == 0) {
    if (!parse_u64(value, &run->seed))
      return bad(e, name, value, "a whole number from 0 to 2^64-1");
  } else if (strcmp(name, "threads") == 0) {
    if (!parse_u64(value, &n) || n < 1 || n > MAX_THREADS)
      return bad(e, name, value, "a whole number from 1 to 1024");
    run->threads = (int)n;
  } else if (strcmp(name, "shard") == 0) {
    if (!parse_shard(value, run))
      return bad(e, name, value, "I/N with 1 <= I <= N <= 1000000");
  } else if (strcmp(name, "tensor") == 0) {
    if (!run->experiment->takes_tensor)
      return ulp_error_set(e, ULP_EINVAL, "--tensor: %s takes no tensor",
                           run->experiment->name);
    o->tensor = value;
  }
  return ULP_OK;
}

/* The parameter's place in the table, or -1. */
static int find_parameter(const ulp_experiment *x, const char *name)
{
  for (int i = 0; x->parameters[i].name; i++)
    if (strcmp(x->parameters[i].name, name) == 0)
      return i;
  return -1;
}

static bool is_common(const char *name)
{
  for (size_t i = 0; i < COMMON; i++)
    if (strcmp(common[i].name, name) == 0)
      return true;
  return false;
}

static ulp_status unknown(const char *arg, const char *name, ulp_error *e)
{
  const char *near = *name ? ulp_nearest(name, option_name, NULL) : NULL;
  return ulp_error_set(e, ULP_EINVAL, "unknown %s '%.80s'%s%s%s",
                       *name ? "option" : "argument", arg,
                       near ? " (did you mean --" : " (--help lists them",
                       near ? near : "", near ? "?)" : ")");
}

/* Takes argv[*i], and the value after it where the option has one. */
static ulp_status take(ulp_run *run, ulp_options *o, int argc, char **argv,
                       int *i, ulp_error *e)
{
  const char *arg = argv[*i];
  char name[64] = "";
  if (strncmp(arg, "--", 2) == 0) {
    size_t n = strcspn(arg + 2, "=");
    if (n < sizeof name)
      memcpy(name, arg + 2, n);
  }
  const char *equals = strchr(arg, '=');
  e->status = ULP_OK;
  if (!equals && take_flag(run, o, name, e))
    return e->status;
  ulp_options ignored;
  ulp_run scratch = *run;
  int p = find_parameter(run->experiment, name);
  if (p < 0 && !is_common(name))
    return unknown(arg, name, e);
  if (equals && take_flag(&scratch, &ignored, name, e))
    return ulp_error_set(e, ULP_EINVAL, "--%s: takes no value", name);
  const char *value = equals ? equals + 1 : argv[*i + 1];
  if (!equals && ++*i >= argc)
    return ulp_error_set(e, ULP_EINVAL, "--%s: expected a value after it",
                         name);
  if (p < 0)
    return take_value(run, o, name, value, e);
  run->parameters[p] = value;
  return ULP_OK;
}

ulp_status ulp_options_parse(ulp_run *run, ulp_options *o, int argc,
                             char **argv, ulp_error *e)
{
  const ulp_parameter *p = run->experiment->parameters;
  for (int i = 0; p[i].name && i < ULP_MAX_PARAMETERS; i++)
    run->parameters[i] = p[i].default_value;
  run->seed = run->experiment->default_seed;
  run->shards = 1;
  run->effort = ULP_NORMAL;
  run->threads = 1;
#ifdef _OPENMP
  run->threads = omp_get_max_threads();
#endif
  *o = (ulp_options){.action = ULP_DO_RUN};
  for (int i = 1; i < argc; i++) {
    ulp_status s = take(run, o, argc, argv, &i, e);
    if (s != ULP_OK)
      return s;
  }
  if (o->resume && !ulp_folder_is_plain(run->out))
    return ulp_error_set(e, ULP_EINVAL, "--resume: expected --out FILE.csv");
  return ULP_OK;
}

void ulp_options_help(const ulp_experiment *x, FILE *to)
{
  fprintf(to, "Usage: %s [options]\n%s\n\n", x->name, x->question);
  for (size_t i = 0; i < COMMON; i++) {
    if (strcmp(common[i].name, "tensor") == 0 && !x->takes_tensor)
      continue;
    fprintf(to, "  --%s%s%s\n        %s\n", common[i].name,
            common[i].value ? " " : "", common[i].value ? common[i].value : "",
            common[i].help);
  }
  for (const ulp_parameter *p = x->parameters; p->name; p++)
    fprintf(to, "  --%s VALUE\n        %s%s%s%s\n", p->name, p->description,
            *p->default_value ? " (default: " : "", p->default_value,
            *p->default_value ? ")" : "");
  fprintf(to, "\nThe seed is %" PRIu64 " unless given.  Exit status: 0, or 2 "
              "after an error.\n", x->default_seed);
}

ulp_status ulp_options_open_tensor(ulp_run *run, const char *text,
                                   ulp_error *e)
{
  return ulp_file_open_named(&run->file, &run->tensor, text, e);
}
