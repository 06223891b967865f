/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "options.cuh"
#include "inputs.cuh"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

int usage(const char *what)
{
  fprintf(stderr, "mma: %s; usage: mma --out FILE|- [--tiles N | --outputs N] "
          "[--record-bytes N] [--seed S] [--instr TEXT] [--family NAME] "
          "[--sass FILE] [--note \"KEY VALUE\"] [--keep-going] [--verbose], "
          "or mma --list, or mma --check\n", what);
  return 2;
}

static bool read_count(const char *text, long *to)
{
  char *end;
  errno = 0;
  *to = strtol(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && *to > 0;
}

static bool known_family(const char *name)
{
  for (int i = 0; i < family_count; i++)
    if (strcmp(families[i].name, name) == 0)
      return true;
  return false;
}

/* 0, or the exit status after one line on stderr. */
static int read_value(Options *o, const std::string &key, const char *value)
{
  long number;
  if (key == "--out")
    o->out = value;
  else if (key == "--instr")
    o->instr = value;
  else if (key == "--sass")
    return read_sass(value, &o->provenance) ? 0 : 2;
  else if (key == "--note" && strchr(value, ' '))
    o->provenance.notes.push_back(value);
  else if (key == "--family" && known_family(value))
    o->family = value;
  else if (key == "--tiles" && read_count(value, &o->tiles))
    return 0;
  else if (key == "--outputs" && read_count(value, &o->outputs))
    return 0;
  else if (key == "--record-bytes" && read_count(value, &o->record_bytes))
    return 0;
  else if (key == "--seed" && read_count(value, &number))
    o->seed = (uint64_t)number;
  else
    return usage((key + " does not take '" + value + "'").c_str());
  return 0;
}

int read_options(Options *o, int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    const std::string key = argv[i];
    if (key == "--list")
      o->list = true;
    else if (key == "--check")
      o->check = true;
    else if (key == "--keep-going")
      o->keep_going = true;
    else if (key == "--verbose")
      o->verbose = true;
    else if (i + 1 == argc)
      return usage(("a value is missing after '" + key + "'").c_str());
    else if (int status = read_value(o, key, argv[++i]))
      return status;
  }
  return o->out || o->list || o->check ? 0 : usage("--out is missing");
}
