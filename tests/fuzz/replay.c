/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs a fuzz target on each file of its corpus, with any compiler: the files
 * and directories of the command line, or the corpus in the source tree.
 */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

#ifndef CORPUS
#error "compile with -DCORPUS, a directory below the source tree, in quotes"
#endif

static unsigned long run_file(const char *path)
{
  FILE *f = fopen(path, "rb");
  uint8_t *bytes;
  long size;

  if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
    perror(path);
    exit(EXIT_FAILURE);
  }
  rewind(f);
  bytes = malloc((size_t)size + (size == 0)); /* no more: overreads show */
  if (bytes == NULL || fread(bytes, 1, (size_t)size, f) != (size_t)size) {
    perror(path);
    exit(EXIT_FAILURE);
  }
  fclose(f);
  fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
  LLVMFuzzerTestOneInput(bytes, (size_t)size);
  free(bytes);
  return 1;
}

static unsigned long run(const char *path)
{
  DIR *d = opendir(path);
  struct dirent *entry;
  unsigned long files = 0;

  if (d == NULL) return run_file(path);
  while ((entry = readdir(d)) != NULL) {
    char *name;
    if (entry->d_name[0] == '.') continue;
    name = malloc(strlen(path) + strlen(entry->d_name) + 2);
    if (name == NULL) abort();
    sprintf(name, "%s/%s", path, entry->d_name);
    files += run_file(name);
    free(name);
  }
  closedir(d);
  return files;
}

int main(int argc, char **argv)
{
  const char *source = getenv("srcdir"); /* set by make check */
  char corpus[4096];
  unsigned long files = 0;

  snprintf(corpus, sizeof corpus, "%s/%s", source != NULL ? source : ".",
           CORPUS);
  if (argc < 2) files = run(corpus);
  for (int i = 1; i < argc; i++)
    files += run(argv[i]);
  printf("%lu files\n", files);
  return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
