/* SPDX-License-Identifier: MIT */
/*
 * Names and labels come from files that somebody else may have written.  gnuplot
 * runs `commands` inside double quotes, so such text only goes into single ones
 * and into data, without control characters.
 */
#include "gnuplot.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "cleanup.h"
#include "format.h"
#include "io.h"

enum { OUTPUT_BYTES_MOST = 256 << 20 };

void gnuplot_put_text(FILE *to, const char *text)
{
	putc('\'', to);
	for (; *text; text++) {
		char letter[2] = { *text, '\0' };

		if (*text == '\'')
			putc('\'', to);
		put_text(to, letter);
	}
	putc('\'', to);
}

void gnuplot_put_name(FILE *to, const char *name)
{
	putc('"', to);
	for (; *name; name++) {
		char letter[2] = { *name == '"' || *name == '\\' ? '\'' : *name, '\0' };

		put_text(to, letter);
	}
	putc('"', to);
}

void gnuplot_put_value(FILE *to, double value)
{
	if (isnan(value))
		fputs(" -", to);
	else
		fprintf(to, " %.9g", value);
}

static int read_back(int fd, char **ret_data, size_t *ret_bytes)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return io_read_rest(fd, OUTPUT_BYTES_MOST, ret_data, ret_bytes);
}

/* The line that says what is wrong: gnuplot shows the script's line and a caret before it. */
static const char *last_line(char *text)
{
	char *end = text + strlen(text), *start;

	while (end > text && end[-1] == '\n')
		*--end = '\0';
	start = strrchr(text, '\n');
	return start ? start + 1 : text;
}

static int cannot_run(int error, struct problem *problem)
{
	return problem_set(problem, PROBLEM_LACK, error, "cannot run gnuplot: %s", strerror(error));
}

/* gnuplot draws to its standard output, so that a picture is written only when it is whole. */
int gnuplot_run(int script_fd, char **ret_picture, size_t *ret_bytes, struct problem *problem)
{
	CLEANUP(fd_closep) int picture_fd = memfd_create("picture", MFD_CLOEXEC);
	CLEANUP(fd_closep) int errors_fd = memfd_create("errors", MFD_CLOEXEC);
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	CLEANUP(freep) char *errors = NULL;
	int status, r;

	if (picture_fd < 0 || errors_fd < 0)
		return cannot_run(errno, problem);
	/* -d: whatever a user has set as his defaults is not for this. */
	r = child_spawn(&child, &(struct child_command) {
					.argv = (const char *[]) { "gnuplot", "-d", "-", NULL },
					.in_fd = script_fd,
					.out_fd = picture_fd,
					.err_fd = errors_fd });
	if (r == -ENOENT)
		return problem_set(problem, PROBLEM_LACK, ENOENT,
				   "gnuplot, which draws the charts, is not installed; install the "
				   "package gnuplot-nox or gnuplot");
	if (r == 0)
		r = child_wait(&child, -1, 0, &status);
	if (r == 0)
		r = read_back(errors_fd, &errors, NULL);
	if (r == 0 && status != 0)
		return problem_set(problem, PROBLEM_LACK, EIO,
				   "gnuplot could not draw the chart: %s", last_line(errors));
	if (r == 0)
		r = read_back(picture_fd, ret_picture, ret_bytes);
	return r < 0 ? cannot_run(-r, problem) : 0;
}
