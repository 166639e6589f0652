/* SPDX-License-Identifier: MIT */
/*
 * Warnings are written to the result file, so that each report, page or history of the results
 * includes them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "stats/cell.h"
#include "cmd/run.h"

/* For watch_judge(). */
struct warned {
	struct run *run;
	bool is_printed;
	struct problem *problem;
	int r; /* the first failure */
};

static int warn(const struct warned *warned, const char *kind, const char *sentence)
{
	struct run *run = warned->run;
	CLEANUP(warning_clear) struct warning warning;
	int r;

	warning_init(&warning);
	if (warned->is_printed)
		fprintf(stderr, "alloc-perf: warning: %s\n", sentence);
	r = field_set_text(&warning.kind, kind);
	if (r == 0)
		r = field_set_text(&warning.text, sentence);
	if (r == 0)
		r = resultfile_append(run->fd, warning_to_json(&warning));
	if (r < 0 && r != -ENOMEM)
		return problem_set(warned->problem, PROBLEM_VERDICT, -r, "cannot write %s: %s",
				   run->path ? run->path : "the results", strerror(-r));
	return r < 0 ? r : results_keep_warning(&run->results, &warning);
}

static void warn_of_machine(const char *kind, const char *sentence, void *context)
{
	struct warned *warned = context;

	if (warned->r == 0)
		warned->r = warn(warned, kind, sentence);
}

/* Adds "ext4 mmap 1 of 6", or "ext4 mmap 6.1.0 1 of 6" with several kernels.  1, 0, or -ENOMEM. */
static int put_outliers(struct strbuf *to, const struct grid *grid, size_t index,
			const char *condition, const char *separator)
{
	CLEANUP(freep) double *values = NULL;
	size_t count, outliers;

	if (cell_values(&grid->cells[index], measure_of_time(grid->workload), &values, &count) < 0)
		return -ENOMEM;
	outliers = figure_outliers(values, count);
	if (outliers == SIZE_MAX)
		return -ENOMEM;
	if (outliers == 0)
		return 0;
	strbuf_printf(to, "%s%s %s%s%s %zu of %zu", separator,
		      grid->filesystems[index / grid->method_count],
		      grid->methods[index % grid->method_count], *condition ? " " : "", condition,
		      outliers, count);
	return 1;
}

/* The number of cells with outliers, or -ENOMEM. */
static int put_all_outliers(struct strbuf *to, const struct grids *grids)
{
	CLEANUP(freep) const struct grid **all = calloc(grids->count + 1, sizeof(*all));
	int found = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < grids->count; i++)
		all[i] = &grids->grid[i];
	for (size_t i = 0; i < grids->count; i++) {
		CLEANUP(freep) char *condition = condition_name(all, grids->count, all[i]);

		if (!condition)
			return -ENOMEM;
		for (size_t j = 0; j < all[i]->filesystem_count * all[i]->method_count; j++) {
			int r = put_outliers(to, all[i], j, condition, found ? ", " : "");

			if (r < 0)
				return r;
			found += r;
		}
	}
	return found;
}

/* One line for all cells. */
static int warn_of_outliers(const struct warned *warned, const struct grids *grids)
{
	CLEANUP(strbuf_clear) struct strbuf sentence = { 0 };
	int found;

	strbuf_puts(&sentence, "the times of some runs differ widely from the others: ");
	found = put_all_outliers(&sentence, grids);
	strbuf_puts(&sentence, "; was something else running?");
	if (sentence.failed || found < 0)
		return -ENOMEM;
	return found ? warn(warned, WARNING_OUTLIERS, sentence.text) : 0;
}

int run_warn(struct run *run, const struct grids *grids, bool is_printed, struct problem *problem)
{
	struct warned warned = { run, is_printed, problem, 0 };

	watch_judge(&run->watch.facts, warn_of_machine, &warned);
	return warned.r < 0 ? warned.r : warn_of_outliers(&warned, grids);
}
