/* SPDX-License-Identifier: MIT */
/* The phases of a workload: one row per phase, method and file system. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "report/format.h"
#include "report/json.h"
#include "report/sheet.h"
#include "stats/cell.h"

static void add_figures(struct text_table *table, const struct cell *cell, int64_t phase)
{
	for (size_t i = 0; i < phase_measure_count; i++) {
		struct figure figure = cell_phase_figure(cell, phase, &phase_measures[i]);
		char text[VALUE_TEXT_MAX];

		text_table_add(table, figure.count ? value_text(figure.median,
								phase_measures[i].unit, text)
						   : "-");
	}
}

static void add_cell(struct text_table *table, const struct grid *grid, size_t filesystem,
		     size_t method)
{
	const struct cell *cell = grid_cell(grid, filesystem, method);

	for (int64_t i = 0; cell_phase_name(cell, i); i++) {
		CLEANUP(freep) char *name = strdup(cell_phase_name(cell, i));

		if (name)
			size_shorten(name);
		text_table_add(table, grid->filesystems[filesystem]);
		text_table_add(table, grid->methods[method]);
		text_table_add(table, name ? name : cell_phase_name(cell, i));
		add_figures(table, cell, i);
	}
}

int phases_print(FILE *to, const struct grid *grid, const char *before_title,
		 const char *after_title, void (*print)(FILE *to, const struct text_table *table))
{
	CLEANUP(text_table_clear)
	struct text_table table = { .columns = 3 + phase_measure_count, .align = "lllr" };

	text_table_add(&table, "filesystem");
	text_table_add(&table, "method");
	text_table_add(&table, "phase");
	for (size_t i = 0; i < phase_measure_count; i++)
		text_table_add(&table, phase_measures[i].name);
	for (size_t i = 0; i < grid->filesystem_count; i++)
		for (size_t j = 0; j < grid->method_count; j++)
			add_cell(&table, grid, i, j);
	if (text_table_check(&table) < 0)
		return text_table_check(&table);
	if (text_table_rows(&table) < 2)
		return 0;
	fprintf(to, "\n%sphases (", before_title);
	put_runs(to, grid, "");
	fprintf(to, "; device: bytes that it wrote, or read)%s\n", after_title);
	print(to, &table);
	return 0;
}

json_t *json_of_phases(const struct cell *cell)
{
	json_t *json = json_array();

	for (int64_t i = 0; cell_phase_name(cell, i); i++) {
		json_t *figures = json_object();

		for (size_t j = 0; j < phase_measure_count; j++) {
			struct figure figure = cell_phase_figure(cell, i, &phase_measures[j]);

			json_object_set_new(figures, phase_measures[j].name,
					    json_of_figure(&figure));
		}
		json_array_append_new(json, json_pack("{so so}", "phase",
						      json_of_text(cell_phase_name(cell, i)),
						      "figures", figures));
	}
	return json;
}
