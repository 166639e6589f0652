/* SPDX-License-Identifier: MIT */
/* Cells are those of the plan and not of the records, to include trials that are not made yet. */
#include "cmd/progress.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/text_table.h"

static const struct plan_trial *trial_at(const struct trial_list *trials, size_t place)
{
	size_t i = 0;

	while (trials->trial[i].place != place)
		i++;
	return &trials->trial[i];
}

/* Methods are innermost: the first row ends before the first method is repeated. */
static size_t count_columns(const struct trial_list *trials)
{
	const char *first = trial_at(trials, 0)->method.name;
	size_t count = 1;

	while (count < trials->round_count &&
	       strcmp(trial_at(trials, count)->method.name, first) != 0)
		count++;
	return count;
}

static void name_row(struct matrix *matrix, size_t row, const struct trial_list *trials,
		     const char *name)
{
	const struct plan_trial *trial = trial_at(trials, row * matrix->column_count);
	int several = trial_at(trials, 0)->file_bytes !=
		      trial_at(trials, trials->round_count - 1)->file_bytes;
	char size[SIZE_TEXT_MAX], volume[SIZE_TEXT_MAX];

	snprintf(matrix->rows[row], sizeof(*matrix->rows), "%s%s%s%s%s%s%s",
		 trial->filesystem ? trial->filesystem->name : name, several ? " " : "",
		 several ? size_name(trial->file_bytes, size) : "",
		 trial->names_volume ? " on " : "",
		 trial->names_volume ? size_name(trial->volume_bytes, volume) : "",
		 trials->kernel_count > 1 ? " " : "",
		 trials->kernel_count > 1 ? trial->kernel->label : "");
}

int matrix_build(struct matrix *ret, const struct trial_list *trials, const char *name)
{
	CLEANUP(matrix_clear) struct matrix matrix = { .present = SIZE_MAX };

	matrix.column_count = count_columns(trials);
	matrix.row_count = trials->round_count / matrix.column_count;
	matrix.rows = calloc(matrix.row_count, sizeof(*matrix.rows));
	matrix.columns = calloc(matrix.column_count, sizeof(*matrix.columns));
	matrix.text = calloc(trials->round_count, sizeof(*matrix.text));
	if (!matrix.rows || !matrix.columns || !matrix.text)
		return -ENOMEM;
	for (size_t i = 0; i < matrix.column_count; i++)
		matrix.columns[i] = trial_at(trials, i)->method.title;
	for (size_t i = 0; i < matrix.row_count; i++)
		name_row(&matrix, i, trials, name);
	*ret = matrix;
	matrix = (struct matrix) { 0 };
	return 0;
}

void matrix_set(struct matrix *matrix, size_t place, const char *text)
{
	if (place < matrix->row_count * matrix->column_count)
		snprintf(matrix->text[place], MATRIX_TEXT_MAX, "%s", text);
}

/* "..." during the first trial of a cell. */
static const char *shown(const struct matrix *matrix, size_t place)
{
	if (matrix->text[place][0])
		return matrix->text[place];
	return place == matrix->present ? "..." : "";
}

static struct text_table table_of(const struct matrix *matrix)
{
	struct text_table table = { .columns = matrix->column_count + 1, .align = "lr" };

	text_table_add(&table, "");
	for (size_t i = 0; i < matrix->column_count; i++)
		text_table_add(&table, matrix->columns[i]);
	for (size_t i = 0; i < matrix->row_count; i++) {
		text_table_add(&table, matrix->rows[i]);
		for (size_t j = 0; j < matrix->column_count; j++)
			text_table_add(&table, shown(matrix, i * matrix->column_count + j));
	}
	return table;
}

size_t matrix_width(const struct matrix *matrix)
{
	CLEANUP(text_table_clear) struct text_table table = table_of(matrix);

	return text_table_check(&table) < 0 ? SIZE_MAX : text_table_width(&table);
}

void matrix_print(FILE *to, const struct matrix *matrix, const char *line_end)
{
	CLEANUP(text_table_clear) struct text_table table = table_of(matrix);

	if (text_table_check(&table) == 0)
		text_table_print_part(to, &table, 1, table.columns, line_end);
}

void matrix_clear(struct matrix *matrix)
{
	free(matrix->rows);
	free(matrix->columns);
	free(matrix->text);
	*matrix = (struct matrix) { .present = SIZE_MAX };
}
