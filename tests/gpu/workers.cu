/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers.cuh"
#include "check.cuh"

#include <cstdio>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* In memory that parent and child share: what is complete. */
struct Progress {
  Totals totals;
  size_t next;  /* instruction */
  bool started; /* by the process at work */
  off_t end;    /* of the output; -1 in a pipe */
};

static int work_off(Work &work, size_t count, int fd, Progress *progress)
{
  if (!work.start())
    return 1;
  progress->started = true;
  for (size_t i = progress->next; i < count; i++) {
    Totals totals = progress->totals;
    if (!work.run(i, &totals))
      return 1;
    progress->totals = totals;
    progress->end = fd < 0 ? -1 : lseek(fd, 0, SEEK_CUR);
    progress->next = i + 1;
  }
  return 0;
}

static int in_a_child(Work &work, size_t count, int fd, Progress *progress)
{
  int status;
  const pid_t child = fork();
  if (child < 0) {
    perror("mma: fork");
    return 1;
  }
  if (child == 0)
    exit(work_off(work, count, fd, progress));
  if (waitpid(child, &status, 0) != child) {
    perror("mma: waitpid");
    return 1;
  }
  if (WIFSIGNALED(status))
    fprintf(stderr, "mma: killed by signal %d\n", WTERMSIG(status));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Forgets what the failed instruction wrote. */
static bool take_back(int fd, Progress *progress)
{
  progress->totals.failed++;
  progress->next++;
  if (fd < 0 || progress->end < 0)
    return true;
  if (ftruncate(fd, progress->end) == 0 &&
      lseek(fd, progress->end, SEEK_SET) == progress->end)
    return true;
  perror("mma: taking back records");
  return false;
}

int run_workers(Work &work, size_t count, int fd, bool keep_going,
                Totals *totals)
{
  void *shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    perror("mma: mmap");
    return 1;
  }
  Progress *progress = (Progress *)shared;
  *progress = {*totals, 0, false, fd < 0 ? -1 : lseek(fd, 0, SEEK_CUR)};
  int status = CUDA_FAILED;
  bool go_on = true;
  while (status == CUDA_FAILED && go_on && progress->next < count) {
    progress->started = false;
    status = in_a_child(work, count, fd, progress);
    if (status == CUDA_FAILED && !progress->started)
      status = 1;
    if (status == CUDA_FAILED)
      go_on = take_back(fd, progress) && keep_going;
  }
  *totals = progress->totals;
  munmap(shared, sizeof(Progress));
  if (status == CUDA_FAILED)
    return go_on ? 0 : 1; /* the totals tell of an instruction that failed */
  return status == 77 ? 77 : status != 0;
}
