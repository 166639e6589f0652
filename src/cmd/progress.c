/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "io.h"
#include "size.h"

enum { LINE_BYTES = 256, COLUMNS_ASSUMED = 80 };

static double seconds_since(uint64_t when_ns)
{
	return (double)(io_now_ns() - when_ns) / 1e9;
}

void progress_start(struct progress *progress, size_t total, int quiet)
{
	*progress = (struct progress) {
		.shown = !quiet && isatty(STDERR_FILENO),
		.total = total,
		.start_ns = io_now_ns(),
	};
}

void progress_total(struct progress *progress, size_t total)
{
	progress->total = total;
}

/* By the mean of the trials so far; nothing before the first is done. */
static void append_time_left(const struct progress *progress, char line[LINE_BYTES])
{
	double mean, left;
	char text[SIZE_TEXT_MAX];
	size_t used = strlen(line);

	if (progress->done == 0)
		return;
	mean = (double)(progress->trial_ns - progress->start_ns) / 1e9 / (double)progress->done;
	left = mean * (double)(progress->total - progress->done) -
	       seconds_since(progress->trial_ns);
	if (left >= 1)
		snprintf(line + used, LINE_BYTES - used, "; about %s left",
			 duration_human((int)left, text));
}

void progress_tick(void *context)
{
	struct progress *progress = context;
	char line[LINE_BYTES], text[SIZE_TEXT_MAX];
	struct winsize size = { 0 };
	int columns;

	if (!progress->shown || !progress->title)
		return;
	snprintf(line, sizeof(line), "[%zu/%zu] %s: %s %s", progress->done + 1, progress->total,
		 progress->title, progress->stage,
		 duration_human((int)seconds_since(progress->stage_ns), text));
	append_time_left(progress, line);
	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	columns = size.ws_col ? size.ws_col : COLUMNS_ASSUMED;
	fprintf(stderr, "\r%.*s\033[K", columns - 1, line);
}

void progress_trial(struct progress *progress, const char *title)
{
	progress->title = title;
	progress->trial_ns = io_now_ns();
	progress_stage("start", progress);
}

void progress_stage(const char *stage, void *context)
{
	struct progress *progress = context;

	/* A copy: the agent's word lives only as long as its line. */
	snprintf(progress->stage, sizeof(progress->stage), "%s", stage);
	progress->stage_ns = io_now_ns();
	progress_tick(progress);
}

void progress_done(struct progress *progress)
{
	progress->title = NULL;
	progress->done++;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r\033[K");
}
