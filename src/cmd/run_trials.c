/* SPDX-License-Identifier: MIT */
/*
 * Each trial is on the disk before the next one starts, so an interrupted run loses nothing.
 *
 * Rounds that are added until the results are precise include all cells, also the precise ones:
 * they remain interleaved, and a drift of the machine affects all alike.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "report/report.h"
#include "cmd/run.h"
#include "base/size.h"

static int same_text(const char *one, const char *other)
{
	return one && other && strcmp(one, other) == 0;
}

static int has_workload(const struct record *record, const struct plan_workload *workload)
{
	const char *one = record->workload, *other = workload->phases;
	size_t files = record->files == FIELD_UNKNOWN ? 1 : (size_t)record->files;

	return files == workload->files && strcmp(one ? one : "", other ? other : "") == 0;
}

int run_is_done(const struct run *run, const struct plan_trial *trial)
{
	const char *filesystem =
		trial->filesystem ? trial->filesystem->name : run->session.testbed->name;

	for (size_t i = 0; i < run->results.record_count; i++) {
		const struct record *record = &run->results.records[i];

		if (trial->kernel && !same_text(record->kernel, trial->kernel->label))
			continue;
		if (!has_workload(record, trial->workload) ||
		    (trial->names_volume && record->volume_bytes != (int64_t)trial->volume_bytes))
			continue;
		if (same_text(record->filesystem, filesystem) &&
		    same_text(record->method, trial->method.name) &&
		    record->file_bytes == (int64_t)trial->file_bytes && record->run == trial->run)
			return 1;
	}
	return 0;
}

size_t run_count_left(const struct run *run)
{
	size_t left = 0;

	for (size_t i = 0; i < run->trials.count; i++)
		left += !run_is_done(run, &run->trials.trial[i]);
	return left;
}

/* ---- progress ---- */

static void follow_stage(const char *stage, void *context)
{
	struct run *run = context;

	progress_stage(stage, &run->progress);
}

static void follow_tick(void *context)
{
	struct run *run = context;

	progress_tick(&run->progress);
}

static void follow_image(int fd, void *context)
{
	struct run *run = context;

	run->image_fd = fd;
}

void run_follow(struct run *run)
{
	run->session.stage = follow_stage;
	run->session.tick = follow_tick;
	run->session.image = follow_image;
	run->session.context = run;
}

/* The allocated bytes of the image; in a directory, the bytes written to the device. */
static int64_t written_so_far(void *context)
{
	const struct run *run = context;
	struct stat status;

	if (run->image_fd < 0)
		return watch_written_bytes(&run->watch);
	return fstat(run->image_fd, &status) < 0 ? -1 : status.st_blocks * 512;
}

static int is_of_cell(const struct record *one, const struct record *other)
{
	return one->files == other->files && same_text(one->filesystem, other->filesystem) &&
	       same_text(one->kernel, other->kernel) && same_text(one->method, other->method) &&
	       one->file_bytes == other->file_bytes && one->volume_bytes == other->volume_bytes;
}

/* The statistic of the last record's cell; nothing if there is none. */
static void describe_cell(const struct run *run, char text[static FIGURE_TEXT_MAX])
{
	const struct results *results = &run->results;
	const struct record *last = &results->records[results->record_count - 1];
	const struct measure *measure = measure_of_time(record_has_workload(last));
	CLEANUP(freep) double *values = calloc(results->record_count, sizeof(*values));
	struct figure figure;
	size_t count = 0;

	for (size_t i = 0; values && i < results->record_count; i++) {
		const struct record *record = &results->records[i];
		double value = is_of_cell(record, last) && same_text(record->status, STATUS_OK)
				       ? measure->of(record)
				       : NAN;

		if (!isnan(value))
			values[count++] = value;
	}
	figure = figure_of_values(values, count);
	strcpy(text, "-");
	if (count)
		figure_text_local(&figure, measure->unit, text);
}

static void show_outcome(struct run *run, const struct plan_trial *trial)
{
	const struct record *record = &run->results.records[run->results.record_count - 1];
	double seconds = measure_of_time(record_has_workload(record))->of(record);
	char text[FIGURE_TEXT_MAX], outcome[256];

	describe_cell(run, text);
	matrix_set(&run->progress.matrix, trial->place, text);
	if (!same_text(record->status, STATUS_OK))
		snprintf(outcome, sizeof(outcome), "%s in %s: %s", record->status,
			 record->stage ? record->stage : "an unknown stage",
			 record->reason ? record->reason : "no reason was recorded");
	else
		value_text(seconds, MEASURE_SECONDS, outcome);
	progress_done(&run->progress,
		      isnan(seconds) && same_text(record->status, STATUS_OK) ? "done" : outcome);
}

/* ---- trials ---- */

static int run_trial(struct run *run, const struct plan_trial *trial, struct problem *problem)
{
	CLEANUP(record_clear) struct record record;
	const char *filesystem =
		trial->filesystem ? trial->filesystem->name : run->session.options.argument;
	const char *kernel = run->trials.kernel_count > 1 ? trial->kernel->label : "";
	char title[256], size[SIZE_TEXT_MAX], volume[SIZE_TEXT_MAX];
	int r, unkept;

	record_init(&record);
	snprintf(title, sizeof(title), "%s%s%s %s %s%s%s, run %u", filesystem, *kernel ? " " : "",
		 kernel, trial->method.title, size_name(trial->file_bytes, size),
		 trial->names_volume ? " on " : "",
		 trial->names_volume ? size_name(trial->volume_bytes, volume) : "", trial->run);
	run->progress.matrix.present = trial->place;
	progress_trial(&run->progress, title);
	watch_trial_starts(&run->watch);
	r = testbed_run(&run->session, trial, &record, problem);
	watch_trial_ended(&run->watch);
	unkept = r > 0;
	if (r >= 0)
		r = run_save(run, &record, problem);
	if (r < 0)
		return r;
	run->failed += same_text(run->results.records[run->results.record_count - 1].status,
				 STATUS_FAILED);
	show_outcome(run, trial);
	return unkept ? -EIO : 0; /* later trials would fail the same way */
}

/* ---- rounds until the results are precise ---- */

/*
 * The cells whose median time is not precise yet.  Cells without a value (unsupported, or not
 * reported by the device) cannot become precise.
 */
static int count_imprecise(const struct run *run, size_t *ret_count)
{
	CLEANUP(grids_clear) struct grids grids = { 0 };
	int r = grids_build(&run->results, &grids);

	if (r < 0)
		return r;
	*ret_count = 0;
	for (size_t i = 0; i < grids.count; i++)
		*ret_count += run_imprecise_cells(run, &grids.grid[i], NULL, NULL);
	return 0;
}

size_t run_imprecise_cells(const struct run *run, const struct grid *grid, run_cell_fn each,
			   void *context)
{
	const struct measure *measure = measure_of_time(grid->workload != NULL);
	size_t found = 0;

	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++) {
		struct figure figure = cell_figure(&grid->cells[i], measure);

		if (figure.count == 0 || figure_precision(&figure) <= run->trials.precision)
			continue;
		found++;
		if (each)
			each(grid, i, &figure, context);
	}
	return found;
}

static int is_time_up(const struct run *run)
{
	return run->end_ns && io_now_ns() >= run->end_ns;
}

/* The first round is always completed, so that each cell has a value. */
static int run_listed(struct run *run, size_t from, struct problem *problem)
{
	int r = 0;

	for (size_t i = from; r == 0 && i < run->trials.count; i++) {
		const struct plan_trial *trial = &run->trials.trial[i];

		if (trial->run > 1 && is_time_up(run))
			break;
		if (!run_is_done(run, trial))
			r = run_trial(run, trial, problem);
	}
	return r;
}

/* First the minimum number of rounds for an interval, then one at a time. */
static int add_rounds(struct run *run)
{
	struct trial_list *trials = &run->trials;
	int r;

	do
		r = trial_list_add_round(trials);
	while (r == 0 && trials->count < FIGURE_RUNS_LEAST * trials->round_count);
	return r;
}

static int run_until_precise(struct run *run, struct problem *problem)
{
	size_t imprecise = 0, from = 0;
	int r = add_rounds(run);

	run->end_ns = io_now_ns() + run->trials.seconds_most * 1000000000u;
	run->progress.end_ns = run->end_ns;
	while (r == 0) {
		progress_total(&run->progress, run->progress.done + run_count_left(run));
		r = run_listed(run, from, problem);
		if (r == 0)
			r = count_imprecise(run, &imprecise);
		if (r < 0 || imprecise == 0 || is_time_up(run) ||
		    run->trials.count >= PLAN_RUNS_MAX * run->trials.round_count)
			break;
		from = run->trials.count;
		r = add_rounds(run);
	}
	return r;
}

int run_is_finished(const struct run *run)
{
	size_t imprecise = 0;
	int r = run->trials.automatic ? count_imprecise(run, &imprecise) : 0;

	return r < 0 ? r : imprecise == 0 && run_count_left(run) == 0;
}

int run_trials(struct run *run, struct problem *problem)
{
	int r;

	progress_start(&run->progress, run_count_left(run), run->options->quiet);
	run->progress.written_bytes = written_so_far;
	run->progress.context = run;
	r = matrix_build(&run->progress.matrix, &run->trials, run->session.options.argument);
	if (r < 0)
		return r;
	if (run->trials.automatic)
		r = run_until_precise(run, problem);
	else
		r = run_listed(run, 0, problem);
	progress_end(&run->progress);
	return r;
}
