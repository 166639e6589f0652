/* SPDX-License-Identifier: MIT */
/*
 * What a reader in a hurry wants: which methods to take on his file system.  The best are the
 * fastest until all is on the disk, and all that no test can tell from it: a name picked from
 * the noise is no advice.  What reserves nothing, or leaves the size at 0, does not compete.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/html.h"
#include "report/json.h"
#include "stats/compare.h"
#include "stats/rank.h"
#include "results/resultfile.h"

/* Within this part of the fastest, a difference does not matter. */
static const double nearly = 0.05;

/* Of too few runs for a test, ranges that are this factor apart differ. */
static const double far_apart = 2;

/* A method that competes on a file system. */
struct entry {
	const char *method;
	struct figure time;
	double *values; /* of the time; owned */
	size_t count;
	double chance; /* that it is as fast as the fastest, corrected for all of them */
};

struct contest {
	struct entry *entry; /* the fastest first */
	size_t count;
	int tested; /* 1: there are runs enough for the test */
};

static void contest_clear(struct contest *contest)
{
	for (size_t i = 0; i < contest->count; i++)
		free(contest->entry[i].values);
	free(contest->entry);
}

/* NULL: it gave the file its space. */
static const char *why_excluded(const struct cell *cell)
{
	for (size_t i = 0; i < cell->count; i++) {
		const struct record *record = cell->records[i];

		if (strcmp(record->status, STATUS_OK) != 0)
			continue;
		if (record->path && strcmp(record->path, "sparse") == 0)
			return "reserves no space";
		if (record->size_bytes == 0 && record->file_bytes > 0)
			return "leaves the size at 0";
	}
	return NULL;
}

static int by_time(const void *one, const void *other)
{
	const struct entry *a = one, *b = other;

	return (a->time.median > b->time.median) - (a->time.median < b->time.median);
}

/* 0 or -ENOMEM. */
static int gather(struct contest *contest, const struct grid *grid, size_t filesystem)
{
	const struct measure *time = measure_find("time");

	contest->entry = calloc(grid->method_count, sizeof(*contest->entry));
	if (!contest->entry)
		return -ENOMEM;
	for (size_t i = 0; i < grid->method_count; i++) {
		const struct cell *cell = grid_cell(grid, filesystem, i);
		struct entry *entry = &contest->entry[contest->count];
		int r;

		entry->method = grid->methods[i];
		entry->time = cell_figure(cell, time);
		if (entry->time.count == 0 || why_excluded(cell))
			continue;
		r = cell_values(cell, time, &entry->values, &entry->count);
		if (r < 0)
			return r;
		contest->count++;
	}
	qsort(contest->entry, contest->count, sizeof(*contest->entry), by_time);
	return 0;
}

/* Holds each against the fastest.  0 or -ENOMEM. */
static int test(struct contest *contest)
{
	const struct entry *first = contest->entry;
	CLEANUP(freep) double *chances = calloc(contest->count + 1, sizeof(*chances));

	if (!chances)
		return -ENOMEM;
	contest->tested = 1;
	for (size_t i = 1; i < contest->count; i++) {
		const struct entry *entry = &contest->entry[i];
		double least = rank_test_least(first->count, entry->count);

		chances[i - 1] =
			rank_test(first->values, first->count, entry->values, entry->count);
		if (!(least * (double)(contest->count - 1) < COMPARE_LEVEL))
			contest->tested = 0;
	}
	if (contest->count > 1)
		rank_correct(chances, contest->count - 1);
	for (size_t i = 1; i < contest->count; i++)
		contest->entry[i].chance = chances[i - 1];
	return 0;
}

static int is_slower(const struct contest *contest, const struct entry *entry)
{
	const struct entry *first = contest->entry;

	if (entry == first || entry->time.median <= first->time.median * (1 + nearly))
		return 0;
	return contest->tested ? entry->chance < COMPARE_LEVEL
			       : entry->time.minimum >= far_apart * first->time.maximum;
}

static json_t *contest_json(const struct contest *contest, const char *filesystem)
{
	json_t *best = json_array(), *slower = json_array();

	for (size_t i = 0; i < contest->count; i++)
		json_array_append_new(is_slower(contest, &contest->entry[i]) ? slower : best,
				      json_of_text(contest->entry[i].method));
	return json_pack("{so so so sb}", "filesystem", json_of_text(filesystem), "best", best,
			 "slower", slower, "tested", contest->tested);
}

static json_t *filesystem_json(const struct grid *grid, size_t filesystem)
{
	CLEANUP(contest_clear) struct contest contest = { 0 };

	if (gather(&contest, grid, filesystem) < 0 || test(&contest) < 0)
		return NULL;
	return contest_json(&contest, grid->filesystems[filesystem]);
}

/* What was measured but does not compete, with the reason. */
static json_t *excluded_json(const struct grid *grid)
{
	json_t *json = json_array();

	for (size_t i = 0; i < grid->method_count; i++) {
		const char *why = NULL;

		for (size_t j = 0; !why && j < grid->filesystem_count; j++)
			why = why_excluded(grid_cell(grid, j, i));
		if (why)
			json_array_append_new(json, json_pack("{so ss}", "method",
							      json_of_text(grid->methods[i]),
							      "reason", why));
	}
	return json;
}

json_t *html_summary(const struct grid *grid)
{
	json_t *filesystems = json_array();

	for (size_t i = 0; i < grid->filesystem_count; i++)
		json_array_append_new(filesystems, filesystem_json(grid, i));
	return json_pack("{so so}", "filesystems", filesystems, "excluded", excluded_json(grid));
}
