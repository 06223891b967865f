/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs xz and reads what it writes.
 */
#include "unxz.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static ulp_status fail(ulp_error *e, const char *path, const char *what)
{
  return ulp_error_set(e, ULP_EIO, "%s: %s", path, what);
}

/* Starts xz, which says nothing of its own (-qq), its input and output the
 * descriptors given. */
static int start(int in, int out, pid_t *child)
{
  char name[] = "xz", options[] = "-dcqq";
  char *const argv[] = {name, options, NULL};
  posix_spawn_file_actions_t a;
  int status = posix_spawn_file_actions_init(&a);
  if (status != 0)
    return status;
  status = posix_spawn_file_actions_adddup2(&a, in, STDIN_FILENO);
  if (status == 0)
    status = posix_spawn_file_actions_adddup2(&a, out, STDOUT_FILENO);
  if (status == 0)
    status = posix_spawnp(child, name, &a, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&a);
  return status;
}

/* False: out of memory, or the pipe broke. */
static bool take_all(int from, char **out, size_t *size)
{
  size_t room = 0;
  ssize_t got = 1;
  while (got > 0) {
    if (room - *size < 65536) {
      char *more = realloc(*out, room = room * 2 + (1 << 20));
      if (!more)
        return false;
      *out = more;
    }
    got = read(from, *out + *size, room - *size);
    if (got < 0 && errno == EINTR)
      got = 1;
    else if (got > 0)
      *size += (size_t)got;
  }
  return got == 0;
}

static ulp_status read_through(int in, const char *path, char **out,
                               size_t *size, ulp_error *e)
{
  int pipes[2], status = 0;
  pid_t child = 0;
  if (pipe(pipes) != 0)
    return fail(e, path, strerror(errno));
  /* The child's copies are its own descriptors 0 and 1. */
  (void)fcntl(pipes[0], F_SETFD, FD_CLOEXEC);
  (void)fcntl(pipes[1], F_SETFD, FD_CLOEXEC);
  int started = start(in, pipes[1], &child);
  close(pipes[1]);
  bool whole = started == 0 && take_all(pipes[0], out, size);
  close(pipes[0]);
  if (started != 0)
    return fail(e, path, "cannot run xz, which it is compressed with");
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  if (!whole)
    return fail(e, path, "out of memory");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(e, path, "xz cannot read it");
  return ULP_OK;
}

ulp_status ulp_unxz(const char *path, char **out, size_t *size, ulp_error *e)
{
  *out = NULL;
  *size = 0;
  int in = open(path, O_RDONLY | O_CLOEXEC);
  if (in < 0)
    return ulp_error_set(e, ULP_EIO, "%s: cannot open: %s", path,
                         strerror(errno));
  ulp_status s = read_through(in, path, out, size, e);
  close(in);
  if (s != ULP_OK) {
    free(*out);
    *out = NULL;
  }
  return s;
}
