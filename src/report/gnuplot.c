/* SPDX-License-Identifier: MIT */
/*
 * Names and labels may come from files of other users.  gnuplot runs `commands` inside double
 * quotes, so such text is printed only in single quotes and in data, without control characters.
 */
#include "report/chart.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "report/format.h"
#include "base/io.h"

enum { OUTPUT_BYTES_MOST = 256 << 20 };

/* The colours of Okabe and Ito, which can be distinguished with any colour vision. */
static const char *const colours[GNUPLOT_COLOURS] = { "#0072b2", "#e69f00", "#009e73", "#cc79a7",
						      "#56b4e9", "#d55e00", "#f0e442", "#666666" };

/* The suffixes of pictures, and their terminals in gnuplot. */
static const struct form {
	const char *suffix;
	const char *terminal;
	double unit_pixels; /* the unit of width and height */
	const char *unit;
	const char *options;
} forms[] = {
	{ ".svg", "svg", 1, "", "dynamic font 'sans-serif,13' background rgb 'white'" },
	{ ".png", "pngcairo", 1, "", "font 'Sans,10' background rgb 'white'" },
	{ ".pdf", "pdfcairo", 96, "in", "font 'Sans,9'" },
};

static const struct form *form_of(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t suffix = strlen(forms[i].suffix);

		if (length > suffix && strcasecmp(path + length - suffix, forms[i].suffix) == 0)
			return &forms[i];
	}
	return NULL;
}

int chart_is_picture(const char *path)
{
	return form_of(path) != NULL;
}

void gnuplot_put_terminal(FILE *to, const char *path, double width, double height)
{
	const struct form *form = form_of(path);

	fprintf(to, "set terminal %s size %g%s,%g%s noenhanced %s\n", form->terminal,
		width / form->unit_pixels, form->unit, height / form->unit_pixels, form->unit,
		form->options);
}

void gnuplot_put_colours(FILE *to)
{
	for (size_t i = 0; i < GNUPLOT_COLOURS; i++)
		fprintf(to, "set linetype %zu lc rgb '%s'\n", i + 1, colours[i]);
	fprintf(to, "set linetype cycle %d\n", GNUPLOT_COLOURS);
}

void gnuplot_put_text(FILE *to, const char *text)
{
	putc('\'', to);
	for (; *text; text++) {
		char letter[2] = { *text, '\0' };

		if (*text == '\'')
			putc('\'', to);
		text_put(to, letter);
	}
	putc('\'', to);
}

void gnuplot_put_name(FILE *to, const char *name)
{
	putc('"', to);
	for (; *name; name++) {
		char letter[2] = { *name == '"' || *name == '\\' ? '\'' : *name, '\0' };

		text_put(to, letter);
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

/* The line with the error: it is preceded by the line of the script and a caret. */
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

/* A file with the script.  fd or -errno. */
static int script_open(const char *script, size_t bytes)
{
	CLEANUP(fd_closep) int fd = memfd_create("script", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : io_write_all(fd, script, bytes);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

/* gnuplot writes to its standard output, so that only complete pictures are written to a file. */
int gnuplot_run(const char *script, size_t script_bytes, char **ret_picture, size_t *ret_bytes,
		struct problem *problem)
{
	CLEANUP(fd_closep) int script_fd = script_open(script, script_bytes);
	CLEANUP(fd_closep) int picture_fd = memfd_create("picture", MFD_CLOEXEC);
	CLEANUP(fd_closep) int errors_fd = memfd_create("errors", MFD_CLOEXEC);
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	CLEANUP(freep) char *errors = NULL;
	int status, r;

	if (script_fd < 0)
		return cannot_run(-script_fd, problem);
	if (picture_fd < 0 || errors_fd < 0)
		return cannot_run(errno, problem);
	/* -d: without the user's own settings */
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
