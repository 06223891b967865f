/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The entry of a CSV file in manifest.json: what made it, from what, where.
 */
#include <string.h>
#include <sys/utsname.h>

#include <gmp.h>
#include <gsl/gsl_version.h>
#include <mpfr.h>
#include <nettle/version.h>

#include "driver.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown"
#endif

/* The processor's name; the machine's type where /proc has none. */
static json_t *cpu_model(void)
{
  char line[256];
  FILE *f = fopen("/proc/cpuinfo", "r");
  json_t *j = NULL;
  while (f && !j && fgets(line, sizeof line, f)) {
    char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || !colon)
      continue;
    line[strcspn(line, "\n")] = '\0';
    j = ulp_json_text(colon + 1 + strspn(colon + 1, " "));
  }
  if (f)
    fclose(f);
  struct utsname u;
  return j ? j : ulp_json_text(uname(&u) == 0 ? u.machine : "unknown");
}

static json_t *operating_system(void)
{
  struct utsname u;
  char text[3 * sizeof u.sysname];
  if (uname(&u) != 0)
    return json_string("unknown");
  snprintf(text, sizeof text, "%s %s %s", u.sysname, u.release, u.machine);
  return ulp_json_text(text);
}

static json_t *libraries(void)
{
  json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "gmp", gmp_version,
                        "mpfr", mpfr_get_version(), "gsl", gsl_version,
                        "jansson", JANSSON_VERSION, "openmp", "none");
  char version[32];
  snprintf(version, sizeof version, "%d.%d", NETTLE_VERSION_MAJOR,
           NETTLE_VERSION_MINOR);
  json_object_set_new(j, "nettle", json_string(version));
#ifdef _OPENMP
  snprintf(version, sizeof version, "%d", _OPENMP);
  json_object_set_new(j, "openmp", json_string(version));
#endif
  return j;
}

static json_t *command_line(const ulp_record *r)
{
  json_t *j = json_array();
  for (int i = 0; i < r->argc; i++)
    json_array_append_new(j, ulp_json_text(r->argv[i]));
  return j;
}

static json_t *output(const ulp_record *r)
{
  char hash[ULP_SHA256_HEX];
  ulp_sha256_text(hash, r->csv, r->csv_size);
  return json_pack("{s:I, s:I, s:s}", "rows", (json_int_t)r->rows, "bytes",
                   (json_int_t)r->csv_size, "sha256", hash);
}

json_t *ulp_manifest_entry(const ulp_record *r)
{
  const ulp_run *run = r->run;
  json_t *j = json_copy(run->origin->key);
  if (!j)
    return NULL;
  const struct {
    const char *name;
    json_t *value;
  } fields[] = {
      {"command", command_line(r)},
      {"generator", json_string("pcg32 (PCG XSH RR 64/32)")},
      {"points", json_integer(run->points)},
      {"kept", json_integer(r->kept)},
      {"inputs", json_incref(run->origin->inputs)},
      {"output", output(r)},
      {"compiler", json_string(COMPILER)},
      {"libraries", libraries()},
      {"cpu", cpu_model()},
      {"system", operating_system()},
      {"threads", json_integer(run->threads)},
      {"started", json_string(r->started)},
      {"wall_s", ulp_json_number(r->wall_s)},
      {"cpu_s", ulp_json_number(r->cpu_s)},
  };
  bool complete = true; /* set_new takes every value, also after a failure */
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (json_object_set_new(j, fields[i].name, fields[i].value) != 0)
      complete = false;
  if (complete)
    return j;
  json_decref(j);
  return NULL;
}
