/* SPDX-License-Identifier: MIT */
/*
 * Each trial is on the disk before the next one starts, so an interrupted run
 * has lost nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "run.h"

static int same_text(const char *one, const char *other)
{
	return one && other && strcmp(one, other) == 0;
}

int run_is_done(const struct run *run, const struct plan_trial *trial)
{
	const char *filesystem =
		trial->filesystem ? trial->filesystem->name : run->session.testbed->name;

	for (size_t i = 0; i < run->earlier.record_count; i++) {
		const struct record *record = &run->earlier.records[i];

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

static int run_trial(struct run *run, const struct plan_trial *trial, struct problem *problem)
{
	CLEANUP(record_clear) struct record record;
	const char *filesystem =
		trial->filesystem ? trial->filesystem->name : run->session.argument;
	char title[128];
	int r;

	record_init(&record);
	snprintf(title, sizeof(title), "%s %s", filesystem, trial->method.name);
	progress_trial(&run->progress, title);
	r = testbed_run(&run->session, trial, &record, problem);
	progress_done(&run->progress);
	if (r < 0)
		return r;
	run->failed += same_text(record.status, STATUS_FAILED);
	r = field_set_text(&record.label, run->plan.label);
	if (r == 0)
		r = resultfile_append(run->fd, record_to_json(&record));
	if (r < 0 && r != -ENOMEM)
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot write %s: %s",
				   run->path ? run->path : "the results", strerror(-r));
	return r;
}

int run_trials(struct run *run, struct problem *problem)
{
	int r = 0;

	progress_start(&run->progress, run_count_left(run), run->options->quiet);
	for (size_t i = 0; r == 0 && i < run->trials.count; i++)
		if (!run_is_done(run, &run->trials.trial[i]))
			r = run_trial(run, &run->trials.trial[i], problem);
	progress_end(&run->progress);
	return r;
}
