/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file that appears whole or not at all.
 *
 * The bytes go to ".NAME.xxxxxx" in the directory of the final name, so that
 * rename(2), which is atomic within a file system, can put it in place.  What
 * is no regular file (a pipe, a terminal, /dev/full) is written directly, and
 * so is the standard output under whatever name.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tensor.h"

enum {
  MAX_LINKS = 40,  /* as the Linux kernel follows */
  MAX_OPEN = 64,   /* temporaries at a time */
  NAME_KEPT = 200, /* of the name in that of the temporary: NAME_MAX is 255 */
  LABEL_SIZE = 200,
  BUFFER_SIZE = 1 << 18
};

/* ---- temporaries that a signal must remove ------------------------------ */

/* Fixed, since a signal handler may neither lock nor follow freed memory.  A
 * slot's path does not change while it is PENDING. */
enum { FREE, TAKEN, PENDING };
static struct {
  atomic_int state;
  char path[PATH_MAX];
} slots[MAX_OPEN];

void ulp_output_unlink_pending(void)
{
  int saved = errno;
  for (int i = 0; i < MAX_OPEN; i++)
    if (atomic_load(&slots[i].state) == PENDING) unlink(slots[i].path);
  errno = saved;
}

static int take_slot(void)
{
  for (int i = 0; i < MAX_OPEN; i++) {
    int expected = FREE;
    if (atomic_compare_exchange_strong(&slots[i].state, &expected, TAKEN))
      return i;
  }
  return -1;
}

struct ulp_output {
  FILE *stream;
  char *label;  /* for messages */
  char *target; /* final name, links resolved; NULL: written directly */
  int slot;     /* of the temporary; -1: none */
  int error;    /* the first errno */
};

static void release(ulp_output *o)
{
  if (o->slot >= 0) atomic_store(&slots[o->slot].state, FREE);
  free(o->target);
  free(o->label);
  free(o);
}

/* ---- where to write ----------------------------------------------------- */

/* The path that `path`, a link with the text `link`, leads to. */
static char *follow(const char *path, const char *link)
{
  const char *slash = strrchr(path, '/');
  size_t dir = slash == NULL || link[0] == '/' ? 0 : (size_t)(slash + 1 - path);
  size_t n = strlen(link) + 1;
  char *next = malloc(dir + n);

  if (next == NULL) return NULL;
  memcpy(next, path, dir);
  memcpy(next + dir, link, n);
  return next;
}

/* The malloc'ed path behind any links, which need not exist; NULL with errno
 * on failure. */
static char *resolve(const char *path)
{
  char link[PATH_MAX];
  char *at = strdup(path);

  for (int i = 0; at != NULL; i++) {
    ssize_t n = readlink(at, link, sizeof link - 1);
    char *next;
    if (n < 0) return at; /* no link: a file, or nothing yet */
    if (i == MAX_LINKS) break;
    link[n] = '\0';
    next = follow(at, link);
    free(at);
    at = next;
  }
  if (at != NULL) errno = ELOOP;
  free(at);
  return NULL;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Opens the temporary with the mode the final file shall have.  The umask
 * applies, as mkstemp would not let it, and EEXIST tries another name. */
static int create_temporary(ulp_output *o, mode_t mode)
{
  static atomic_uint serial;
  const char *slash = strrchr(o->target, '/');
  const char *name = slash == NULL ? o->target : slash + 1;
  char *path = slots[o->slot].path;
  struct timespec now;
  int n, fd = -1;

  clock_gettime(CLOCK_REALTIME, &now);
  for (unsigned tries = 0; tries < 100; tries++) {
    unsigned tag = (unsigned)now.tv_nsec ^ (unsigned)getpid() << 16 ^
                   atomic_fetch_add(&serial, 1) * 2654435761U;
    n = snprintf(path, PATH_MAX, "%.*s.%.*s.%06x", (int)(name - o->target),
                 o->target, (int)NAME_KEPT, name, tag & 0xffffff);
    if (n >= PATH_MAX) {
      errno = ENAMETOOLONG;
      return -1;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, mode);
    if (fd >= 0 || errno != EEXIST) break;
  }
  return fd;
}

/* A new file beside o->target; `old` is what is there, or NULL. */
static int open_beside(ulp_output *o, const struct stat *old)
{
  int fd;

  /* Renaming over a file asks for no permission on the file itself. */
  if (old != NULL && access(o->target, W_OK) != 0) return -1;
  o->slot = take_slot();
  if (o->slot < 0) {
    errno = EMFILE;
    return -1;
  }
  fd = create_temporary(o, old != NULL ? old->st_mode & 0777 : 0666);
  if (fd < 0) return -1;
  atomic_store(&slots[o->slot].state, PENDING);
  /* Gives back what the umask took; where it cannot, the mode is narrower. */
  if (old != NULL) (void)!fchmod(fd, old->st_mode & 0777);
  return fd;
}

/* ---- open --------------------------------------------------------------- */

static int open_path(ulp_output *o, const char *path)
{
  struct stat st, standard;
  bool exists = stat(path, &st) == 0;

  if (exists && S_ISDIR(st.st_mode)) {
    errno = EISDIR;
    return -1;
  }
  if (exists && fstat(STDOUT_FILENO, &standard) == 0 &&
      same_file(&st, &standard))
    return dup(STDOUT_FILENO);
  if (exists && !S_ISREG(st.st_mode))
    return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (!exists && (errno != ENOENT || path[0] == '\0')) return -1;
  o->target = resolve(path);
  return o->target == NULL ? -1 : open_beside(o, exists ? &st : NULL);
}

static ulp_status fail(const char *label, int error, const char *what,
                       ulp_error *e)
{
  return ulp_error_set(e, error == ENOMEM ? ULP_ENOMEM : ULP_EIO,
                       "%s: cannot %s: %s", label, what, strerror(error));
}

static ulp_output *output_new(const char *path)
{
  size_t length = strlen(path);
  ulp_output *o = calloc(1, sizeof *o);

  if (o == NULL) return NULL;
  o->slot = -1;
  o->label = strdup(length > LABEL_SIZE ? path + length - LABEL_SIZE : path);
  if (o->label != NULL) return o;
  free(o);
  return NULL;
}

ulp_status ulp_output_open(ulp_output **out, const char *path, ulp_error *e)
{
  ulp_output *o = output_new(path == NULL ? "standard output" : path);
  ulp_status status;
  int fd;

  if (o == NULL)
    return ulp_error_set(e, ULP_ENOMEM, "%.*s: out of memory", LABEL_SIZE,
                         path == NULL ? "standard output" : path);
  fflush(stdout); /* what the program printed before stays before */
  fd = path == NULL ? dup(STDOUT_FILENO) : open_path(o, path);
  if (fd >= 0) o->stream = fdopen(fd, "w");
  if (o->stream != NULL) {
    setvbuf(o->stream, NULL, _IOFBF, BUFFER_SIZE);
    *out = o;
    return ULP_OK;
  }
  status = fail(o->label, errno, "create", e);
  if (fd >= 0) {
    close(fd);
    if (o->target != NULL) unlink(slots[o->slot].path);
  }
  release(o);
  return status;
}

/* ---- write and finish --------------------------------------------------- */

void ulp_output_write(ulp_output *o, const void *bytes, size_t n)
{
  if (o->error != 0 || n == 0) return;
  errno = 0;
  if (fwrite(bytes, 1, n, o->stream) != n) o->error = errno != 0 ? errno : EIO;
}

void ulp_output_printf(ulp_output *o, const char *fmt, ...)
{
  va_list args;
  int n;

  if (o->error != 0) return;
  errno = 0;
  va_start(args, fmt);
  n = vfprintf(o->stream, fmt, args);
  va_end(args);
  if (n < 0) o->error = errno != 0 ? errno : EIO;
}

void ulp_output_seek(ulp_output *o, uint64_t at)
{
  if (o->error != 0) return;
  if (o->target == NULL)
    o->error = ESPIPE;
  else if (at > INT64_MAX || fseeko(o->stream, (off_t)at, SEEK_SET) != 0)
    o->error = errno != 0 ? errno : EFBIG;
}

ulp_status ulp_output_flush(ulp_output *o, ulp_error *e)
{
  errno = 0;
  if (fflush(o->stream) != 0 && o->error == 0)
    o->error = errno != 0 ? errno : EIO;
  return o->error == 0 ? ULP_OK : fail(o->label, o->error, "write", e);
}

/* Closes the stream; the errno of what is not on its way, or 0.  A file
 * system may report a full disk as late as this. */
static int close_stream(ulp_output *o)
{
  errno = 0;
  if (fclose(o->stream) != 0 && o->error == 0)
    o->error = errno != 0 ? errno : EIO;
  return o->error;
}

ulp_status ulp_output_commit(ulp_output *o, ulp_error *e)
{
  ulp_status status = ULP_OK;
  int error = close_stream(o);

  if (error != 0)
    status = fail(o->label, error, "write", e);
  else if (o->target != NULL && rename(slots[o->slot].path, o->target) != 0)
    status = fail(o->label, errno, "rename into place", e);
  if (status != ULP_OK && o->target != NULL) unlink(slots[o->slot].path);
  release(o);
  return status;
}

void ulp_output_discard(ulp_output *o)
{
  if (o == NULL) return;
  close_stream(o);
  if (o->target != NULL) unlink(slots[o->slot].path);
  release(o);
}
