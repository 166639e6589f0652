/* SPDX-License-Identifier: MIT */
/* The cells of a plan with what is known of each so far: file systems down, methods across. */
#ifndef CMD_MATRIX_H
#define CMD_MATRIX_H

#include <stddef.h>
#include <stdio.h>

#include "plan/plan.h"

enum { MATRIX_TEXT_MAX = 32 };

struct matrix {
	char (*rows)[48]; /* names, with the size where there are several */
	size_t row_count;
	const char **columns; /* refer into the trials */
	size_t column_count;
	char (*text)[MATRIX_TEXT_MAX]; /* row by row, which is by plan_trial.place */
	size_t present; /* place of the cell that is being measured; SIZE_MAX: none */
};

/* `name` is shown for trials without a file system.  0 or -ENOMEM. */
int matrix_build(struct matrix *ret, const struct trial_list *trials, const char *name);

/* An empty text: nothing is known. */
void matrix_set(struct matrix *matrix, size_t place, const char *text);

/* Columns of the terminal that it takes; SIZE_MAX: out of memory. */
size_t matrix_width(const struct matrix *matrix);

/* A heading and a line for each row, each ended by `line_end`. */
void matrix_print(FILE *to, const struct matrix *matrix, const char *line_end);

void matrix_clear(struct matrix *matrix);

#endif
