/* SPDX-License-Identifier: MIT */
/*
 * The format in which the results of 2009 were published, which scripts read.  So nothing is added,
 * such as labels or notes; only the comment line names kernels and testbeds if there are several.
 */
#include <math.h>

#include "base/cleanup.h"
#include "stats/cell.h"
#include "report/format.h"
#include "base/size.h"

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

static void print_heading(FILE *to, const struct grids *grids, const struct grid *grid)
{
	const unsigned told = KEY_SET(TESTBED) | KEY_SET(KERNEL);
	char size[SIZE_TEXT_MAX];
	int several = 0;

	for (size_t i = 0; i < grids->count; i++)
		several |= !condition_same(&grids->grid[i], grid, told);
	fprintf(to, "# %s%s file", size_name((uint64_t)grid->file_bytes, size),
		grid->file_bytes % 1024 ? "" : "iB");
	if (several) {
		fputs(", ", to);
		text_put(to, grid->testbed ? grid->testbed : "?");
		fprintf(to, ", %s ", kernel_title(grid->kernel ? grid->kernel : "?"));
		text_put(to, grid->kernel ? grid->kernel : "?");
	}
	putc('\n', to);
}

static void print_grid(FILE *to, const struct grids *grids, const struct grid *grid)
{
	print_heading(to, grids, grid);
	fputs("filesystem", to);
	for (size_t i = 0; i < grid->method_count; i++) {
		putc(' ', to);
		text_put(to, grid->methods[i]);
	}
	putc('\n', to);
	for (size_t i = 0; i < grid->filesystem_count; i++) {
		text_put(to, grid->filesystems[i]);
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
		print_grid(to, grids, &grids->grid[i]);
	}
	return 0;
}
