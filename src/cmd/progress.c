/* SPDX-License-Identifier: MIT */
/*
 * The trial is not disturbed: its events contain the stage, and the number of written bytes is read
 * from the host once per second.
 */
#include "cmd/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/size.h"

enum { LINE_BYTES = 256, SAMPLE_NS = 1000000000 };

static double seconds_since(uint64_t when_ns)
{
	return (double)(io_now_ns() - when_ns) / 1e9;
}

void progress_start(struct progress *progress, size_t total, int quiet)
{
	*progress = (struct progress) {
		.quiet = quiet,
		.total = total,
		.start_ns = io_now_ns(),
		.rate = -1,
		.sample_bytes = -1,
		.matrix.present = SIZE_MAX,
	};
	progress_line_start(&progress->line, quiet, 0, 0);
}

void progress_total(struct progress *progress, size_t total)
{
	progress->total = total;
}

/* Estimated by the mean time of the trials; nothing before the first one has ended. */
static double estimate(const struct progress *progress)
{
	double mean;

	if (progress->done == 0)
		return 0;
	mean = (double)(progress->trial_ns - progress->start_ns) / 1e9 / (double)progress->done;
	return mean * (double)(progress->total - progress->done) -
	       seconds_since(progress->trial_ns);
}

static void append_time_left(const struct progress *progress, char line[LINE_BYTES])
{
	uint64_t now_ns = io_now_ns();
	double left = estimate(progress);
	const char *how = "about";
	char text[SIZE_TEXT_MAX];
	size_t used = strlen(line);

	/* The number of rounds is unknown, but the time limit is known. */
	if (progress->end_ns) {
		how = "at most";
		left = progress->end_ns > now_ns ? (double)(progress->end_ns - now_ns) / 1e9 : 0;
	}
	if (left >= 1)
		snprintf(line + used, LINE_BYTES - used, "; %s %s left", how,
			 duration_human((int)left, text));
}

/* A rate is meaningful only within one stage. */
static void take_sample(struct progress *progress)
{
	uint64_t now_ns = io_now_ns();
	int64_t bytes;

	if (!progress->written_bytes || now_ns < progress->sample_ns + SAMPLE_NS)
		return;
	bytes = progress->written_bytes(progress->context);
	if (bytes >= 0 && progress->sample_bytes >= 0 && bytes >= progress->sample_bytes)
		progress->rate = (double)(bytes - progress->sample_bytes) * 1e9 /
				 (double)(now_ns - progress->sample_ns);
	progress->sample_ns = now_ns;
	progress->sample_bytes = bytes;
}

static void compose(const struct progress *progress, char line[LINE_BYTES])
{
	char text[SIZE_TEXT_MAX];
	size_t used;

	snprintf(line, LINE_BYTES, "[%zu/%zu] %s: %s %s", progress->done + 1, progress->total,
		 progress->title, progress->stage,
		 duration_human((int)seconds_since(progress->stage_ns), text));
	used = strlen(line);
	if (progress->rate > 0)
		snprintf(line + used, LINE_BYTES - used, ", %s/s",
			 size_human(progress->rate, text));
	append_time_left(progress, line);
}

/* Moves to the start of the table and clears what is below. */
static void wipe(struct progress *progress)
{
	progress_line_wipe(&progress->line);
	if (progress->drawn)
		fprintf(stderr, "\033[%zuA\033[J", progress->drawn);
	progress->drawn = 0;
}

/* Only if the whole table fits: lines that have scrolled away cannot be rewritten. */
static void draw_matrix(struct progress *progress)
{
	const struct matrix *matrix = &progress->matrix;
	const struct terminal_size size = terminal_size(STDERR_FILENO);
	size_t lines = matrix->row_count + 1;

	if (matrix->row_count == 0 || lines + 1 >= size.rows ||
	    matrix_width(matrix) >= size.columns)
		return;
	matrix_print(stderr, matrix, "\033[K\n");
	progress->drawn = lines;
}

void progress_tick(void *context)
{
	struct progress *progress = context;
	char line[LINE_BYTES];

	if (!progress->line.enabled || !progress->title)
		return;
	take_sample(progress);
	compose(progress, line);
	progress_line_show(&progress->line, "%s", line);
}

static void redraw(struct progress *progress)
{
	if (!progress->line.enabled)
		return;
	wipe(progress);
	draw_matrix(progress);
	progress_tick(progress);
}

void progress_trial(struct progress *progress, const char *title)
{
	progress->title = title;
	progress->trial_ns = io_now_ns();
	progress_stage("start", progress);
	redraw(progress);
}

void progress_stage(const char *stage, void *context)
{
	struct progress *progress = context;

	/* A copy, since the text of the agent is valid only during the call. */
	snprintf(progress->stage, sizeof(progress->stage), "%s", stage);
	progress->stage_ns = io_now_ns();
	progress->sample_ns = 0;
	progress->sample_bytes = -1;
	progress->rate = -1;
	progress_tick(progress);
}

void progress_done(struct progress *progress, const char *outcome)
{
	progress->done++;
	if (!progress->quiet && !progress->line.enabled)
		fprintf(stderr, "[%zu/%zu] %s: %s\n", progress->done, progress->total,
			progress->title, outcome);
	progress->title = NULL;
}

void progress_end(struct progress *progress)
{
	wipe(progress);
}
