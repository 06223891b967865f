/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A picture: gnuplot makes DIR/NAME.svg from DIR/NAME.gp, which holds the data
 * as well, and the page takes the SVG in.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

enum { NOT_FOUND = 127 };

/* Runs gnuplot in dir; its exit status, or -1 when there is no process. */
static int run_gnuplot(const char *dir, const char *script)
{
  pid_t child = fork();
  if (child < 0)
    return -1;
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && null >= 0; fd++)
      dup2(null, fd);
    if (chdir(dir) == 0)
      execlp("gnuplot", "gnuplot", script, (char *)NULL);
    _exit(errno == ENOENT ? NOT_FOUND : NOT_FOUND - 1);
  }
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static ulp_status write_script(const char *path, const ulp_text *data,
                               const char *script, ulp_error *e)
{
  ulp_output *o = NULL;
  ulp_status s = ulp_output_open(&o, path, e);
  if (s != ULP_OK)
    return s;
  ulp_output_write(o, data->text, data->size);
  ulp_output_write(o, script, strlen(script));
  return ulp_output_commit(o, e);
}

/* Takes the file in; false if it is not whole. */
static bool include_svg(ulp_text *page, const char *path, const char *alt)
{
  ulp_error e;
  size_t size;
  char *bytes = ulp_slurp(path, &size, &e);
  char *svg = bytes ? strstr(bytes, "<svg") : NULL;
  bool whole = svg && strstr(svg, "</svg>");
  if (whole)
    ulp_svg_add(page, svg, alt);
  free(bytes);
  return whole;
}

static void draw(ulp_text *page, const char *dir, const char *script,
                 const char *svg, const char *alt)
{
  unlink(svg); /* so that an old picture is not taken for the new one */
  int status = run_gnuplot(dir, script);
  if (status == 0 && include_svg(page, svg, alt))
    return;
  unlink(svg);
  ulp_text_printf(page, "<p class=\"note\">The picture is missing: ");
  if (status == NOT_FOUND)
    ulp_text_printf(page, "gnuplot was not found. Install it and make this "
                          "page again.");
  else
    ulp_text_printf(page, "gnuplot failed (exit status %d); `gnuplot %s` in "
                          "this folder says why.", status, script);
  ulp_text_printf(page, "</p>\n");
}

ulp_status ulp_figure(ulp_text *page, const char *dir, const char *name,
                      const ulp_text *data, const char *script,
                      const char *alt, ulp_error *e)
{
  ulp_text gp = {0}, svg = {0};
  ulp_text_printf(&gp, "%s/%s.gp", dir, name);
  ulp_text_printf(&svg, "%s/%s.svg", dir, name);
  ulp_status s = ULP_OK;
  if (gp.failed || svg.failed || data->failed)
    s = ulp_error_set(e, ULP_ENOMEM, "out of memory");
  if (s == ULP_OK)
    s = write_script(gp.text, data, script, e);
  if (s == ULP_OK)
    draw(page, dir, gp.text + strlen(dir) + 1, svg.text, alt);
  ulp_text_free(&gp);
  ulp_text_free(&svg);
  return s;
}
