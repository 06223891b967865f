/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file OUT.partial: frames read, found and added.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"

static const char magic[] = "ulplab-partial 1\n";
enum { MAGIC = sizeof magic - 1, DIGEST = 32, MOST_HEAD = 100 };

struct ulp_journal {
  char *path;
  int fd;
  bool failed; /* to write: then it ends where it is */
  char *bytes; /* what was read */
  ulp_frame *frames, **sorted;
  size_t count;
};

/* ---- reading ----------------------------------------------------------- */

static void digest_of(char out[DIGEST + 1], const char *head, const char *name,
                      size_t name_size, const void *data, size_t size)
{
  char hash[ULP_SHA256_HEX];
  const void *part[] = {head, name, data};
  const size_t n[] = {strlen(head), name_size, size};
  ulp_sha256_parts(hash, part, n, 3);
  memcpy(out, hash, DIGEST);
  out[DIGEST] = '\0';
}

static bool number(const char **at, const char *end, size_t *out)
{
  const char *first = *at;
  for (*out = 0; *at < end && **at >= '0' && **at <= '9'; ++*at) {
    if (*out > SIZE_MAX / 100)
      return false;
    *out = 10 * *out + (size_t)(**at - '0');
  }
  return *at > first && *at < end && *(*at)++ == ' ';
}

/* The frame at `at`, if it is whole; where the next begins, or NULL. */
static const char *read_frame(ulp_frame *f, const char *at, const char *end)
{
  char head[MOST_HEAD], digest[DIGEST + 1];
  const char *first = at;
  if (end - at < 2 || at[1] != ' ' || !strchr("kiur", at[0]) || !at[0])
    return NULL;
  f->kind = at[0];
  at += 2;
  if (!number(&at, end, &f->name_size) || !number(&at, end, &f->size) ||
      at - first >= MOST_HEAD || end - at <= DIGEST || at[DIGEST] != '\n')
    return NULL;
  memcpy(head, first, (size_t)(at - first));
  head[at - first] = '\0';
  const char *written = at;
  at += DIGEST + 1;
  size_t left = (size_t)(end - at);
  if (f->name_size >= left || f->size >= left - f->name_size)
    return NULL;
  f->name = at;
  f->data = at + f->name_size;
  at = f->data + f->size;
  digest_of(digest, head, f->name, f->name_size, f->data, f->size);
  return *at == '\n' && memcmp(digest, written, DIGEST) == 0 ? at + 1 : NULL;
}

ulp_status ulp_journal_parse(ulp_frame **out, size_t *count, size_t *whole,
                             const char *bytes, size_t size, ulp_error *e)
{
  size_t room = 64;
  const char *at = bytes + MAGIC, *end = bytes + size, *next;
  *count = *whole = 0;
  *out = malloc(room * sizeof **out);
  if (!*out)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (size < MAGIC || memcmp(bytes, magic, MAGIC) != 0)
    return ULP_OK;
  while ((next = read_frame(&(*out)[*count], at, end)) != NULL) {
    at = next;
    if (++*count < room)
      continue;
    ulp_frame *more = realloc(*out, (room *= 2) * sizeof *more);
    if (!more) {
      free(*out);
      *out = NULL;
      return ulp_error_set(e, ULP_ENOMEM, "out of memory");
    }
    *out = more;
  }
  *whole = (size_t)(at - bytes);
  return ULP_OK;
}

/* ---- finding ----------------------------------------------------------- */

static int order(char kind, const char *name, size_t n, const ulp_frame *f)
{
  if (kind != f->kind)
    return kind < f->kind ? -1 : 1;
  size_t both = n < f->name_size ? n : f->name_size;
  int d = memcmp(name, f->name, both);
  return d ? d : (n > f->name_size) - (n < f->name_size);
}

static int by_name(const void *a, const void *b)
{
  const ulp_frame *x = *(ulp_frame *const *)a;
  return order(x->kind, x->name, x->name_size, *(ulp_frame *const *)b);
}

const ulp_frame *ulp_journal_find(const ulp_journal *j, char kind,
                                  const char *name)
{
  size_t low = 0, high = j ? j->count : 0, n = strlen(name);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int d = order(kind, name, n, j->sorted[middle]);
    if (d == 0)
      return j->sorted[middle];
    *(d < 0 ? &high : &low) = d < 0 ? middle : middle + 1;
  }
  return NULL;
}

const ulp_frame *ulp_journal_frame(const ulp_journal *j, size_t i)
{
  return j && i < j->count ? &j->frames[i] : NULL;
}

/* ---- the file ---------------------------------------------------------- */

static ulp_status fault(const ulp_journal *j, const char *what, ulp_error *e)
{
  return ulp_error_set(e, ULP_EIO, "%s: cannot %s: %s", j->path, what,
                       strerror(errno));
}

/* Takes the whole frames, and cuts off what follows them; not of a file that
 * is somebody else's. */
static ulp_status load(ulp_journal *j, ulp_error *e)
{
  size_t size, whole;
  ulp_status s = ulp_bytes_read(&j->bytes, &size, j->path, SIZE_MAX, e);
  if (s == ULP_OK && memcmp(j->bytes, magic, size < MAGIC ? size : MAGIC) != 0)
    s = ulp_error_set(e, ULP_EFORMAT, "%s: expected a file that ulplab wrote",
                      j->path);
  if (s == ULP_OK)
    s = ulp_journal_parse(&j->frames, &j->count, &whole, j->bytes, size, e);
  if (s != ULP_OK)
    return s;
  j->sorted = malloc((j->count + 1) * sizeof *j->sorted);
  if (!j->sorted)
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  for (size_t i = 0; i < j->count; i++)
    j->sorted[i] = &j->frames[i];
  qsort(j->sorted, j->count, sizeof *j->sorted, by_name);
  if (ftruncate(j->fd, (off_t)whole) != 0 ||
      lseek(j->fd, (off_t)whole, SEEK_SET) < 0)
    return fault(j, "write", e);
  return ULP_OK;
}

/* The lock goes with the process, however it ends.  Some network file systems
 * have none; then nobody watches. */
static ulp_status lock(ulp_journal *j, ulp_error *e)
{
  struct stat here, there;
  if (flock(j->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return ulp_error_set(e, ULP_EIO, "%s: expected no other run that writes "
                         "this output", j->path);
  /* The other may have ended, and removed it, since it was opened here. */
  if (fstat(j->fd, &here) != 0 || stat(j->path, &there) != 0 ||
      here.st_ino != there.st_ino || here.st_dev != there.st_dev)
    return ulp_error_set(e, ULP_EIO, "%s: another run has just written this "
                         "output", j->path);
  if (!S_ISREG(here.st_mode))
    return ulp_error_set(e, ULP_EIO, "%s: expected a regular file", j->path);
  return ULP_OK;
}

ulp_status ulp_journal_open(ulp_journal **out, const char *path, ulp_error *e)
{
  ulp_journal *j = calloc(1, sizeof *j);
  *out = j;
  if (j)
    j->path = strdup(path);
  if (!j || !j->path) {
    free(j);
    *out = NULL;
    return ulp_error_set(e, ULP_ENOMEM, "out of memory");
  }
  j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
               0666);
  ulp_status s = j->fd >= 0 ? lock(j, e) : fault(j, "create", e);
  if (s == ULP_OK)
    s = load(j, e);
  if (s == ULP_OK)
    return ULP_OK;
  ulp_journal_close(j, false);
  *out = NULL;
  return s;
}

static void put(ulp_journal *j, const char *bytes, size_t n)
{
  while (!j->failed && n) {
    ssize_t done = write(j->fd, bytes, n);
    if (done < 0 && errno != EINTR)
      j->failed = true;
    if (done > 0) {
      bytes += done;
      n -= (size_t)done;
    }
  }
}

ulp_status ulp_journal_restart(ulp_journal *j, ulp_error *e)
{
  j->count = 0;
  if (ftruncate(j->fd, 0) != 0 || lseek(j->fd, 0, SEEK_SET) < 0)
    return fault(j, "write", e);
  put(j, magic, MAGIC);
  return j->failed ? fault(j, "write", e) : ULP_OK;
}

void ulp_journal_add(ulp_journal *j, char kind, const char *name,
                     const void *data, size_t size)
{
  char digest[DIGEST + 1];
  ulp_text head = {0}, frame = {0};
  if (!j)
    return;
  ulp_text_printf(&head, "%c %zu %zu ", kind, strlen(name), size);
  if (!head.failed) {
    digest_of(digest, head.text, name, strlen(name), data, size);
    ulp_text_printf(&frame, "%s%s\n%s", head.text, digest, name);
    ulp_text_add(&frame, data, size);
    ulp_text_add(&frame, "\n", 1);
  }
#ifdef _OPENMP
#pragma omp critical(ulp_journal)
#endif
  if (head.failed || frame.failed)
    j->failed = true;
  else
    put(j, frame.text, frame.size);
  ulp_text_free(&head);
  ulp_text_free(&frame);
}

void ulp_journal_close(ulp_journal *j, bool remove_file)
{
  if (!j)
    return;
  if (remove_file)
    unlink(j->path);
  if (j->fd >= 0)
    close(j->fd);
  free(j->sorted);
  free(j->frames);
  free(j->bytes);
  free(j->path);
  free(j);
}
