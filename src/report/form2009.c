/* SPDX-License-Identifier: MIT */
/*
 * The form in which the results of 2009 were posted and plotted; scripts that
 * read it exist, so nothing is added to it: no label, no note.
 */
#include <math.h>

#include "cleanup.h"
#include "format.h"
#include "size.h"

static void print_measure(FILE *to, const struct grid *grid, size_t filesystem,
			  const struct measure *measure)
{
	for (size_t i = 0; i < grid->method_count; i++) {
		double median = cell_figure(grid_cell(grid, filesystem, i), measure).median;

		if (isnan(median))
			fputs(" -", to);
		else
			fprintf(to, " %.0f", round(median));
	}
}

static void print_grid(FILE *to, const struct grid *grid)
{
	char size[SIZE_TEXT_MAX];

	fprintf(to, "# %s%s file\n", size_name((uint64_t)grid->file_bytes, size),
		grid->file_bytes % 1024 ? "" : "iB");
	fputs("filesystem", to);
	for (size_t i = 0; i < grid->method_count; i++) {
		putc(' ', to);
		put_text(to, grid->methods[i]);
	}
	putc('\n', to);
	for (size_t i = 0; i < grid->filesystem_count; i++) {
		put_text(to, grid->filesystems[i]);
		print_measure(to, grid, i, measure_find("time"));
		print_measure(to, grid, i, measure_find("fragments"));
		putc('\n', to);
	}
}

int form2009_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	(void)options;

	for (size_t i = 0; i < grids->count; i++) {
		if (i > 0)
			putc('\n', to);
		print_grid(to, &grids->grid[i]);
	}
	return 0;
}
