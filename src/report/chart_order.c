/* SPDX-License-Identifier: MIT */
/* Sorts the file systems of charts, to show which one is the fastest. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/report.h"
#include "stats/cell.h"

/* A row of a grid during the sort. */
struct row {
	const char *filesystem;
	size_t place;
	double smallest; /* its smallest median; infinite: none */
};

static int by_name(const void *one, const void *other)
{
	const struct row *a = one, *b = other;

	return strcmp(a->filesystem, b->filesystem);
}

/* Rows with equal values remain in their order. */
static int by_value(const void *one, const void *other)
{
	const struct row *a = one, *b = other;

	if (a->smallest != b->smallest)
		return a->smallest < b->smallest ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static double smallest_of(const struct grid *grid, size_t row, const struct measure *measure)
{
	double smallest = INFINITY;

	for (size_t i = 0; i < grid->method_count; i++)
		smallest = fmin(smallest, cell_figure(grid_cell(grid, row, i), measure).median);
	return smallest;
}

static int order_grid(struct grid *grid, const struct measure *measure, enum chart_order order)
{
	CLEANUP(freep) struct row *rows = calloc(grid->filesystem_count, sizeof(*rows));
	struct cell *cells =
		calloc(grid->filesystem_count * grid->method_count, sizeof(*grid->cells));

	if (!rows || !cells) {
		free(cells);
		return -ENOMEM;
	}
	for (size_t i = 0; i < grid->filesystem_count; i++)
		rows[i] = (struct row) { grid->filesystems[i], i, smallest_of(grid, i, measure) };
	qsort(rows, grid->filesystem_count, sizeof(*rows),
	      order == CHART_BY_NAME ? by_name : by_value);
	for (size_t i = 0; i < grid->filesystem_count; i++) {
		grid->filesystems[i] = rows[i].filesystem;
		memcpy(&cells[i * grid->method_count],
		       &grid->cells[rows[i].place * grid->method_count],
		       grid->method_count * sizeof(*cells));
	}
	free(grid->cells);
	grid->cells = cells;
	return 0;
}

int chart_order(struct grids *grids, const struct measure *measure, enum chart_order order)
{
	int r = 0;

	for (size_t i = 0; r == 0 && order != CHART_AS_PLANNED && i < grids->count; i++)
		r = order_grid(&grids->grid[i], measure, order);
	return r;
}
