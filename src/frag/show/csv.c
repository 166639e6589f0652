/* SPDX-License-Identifier: MIT */
/* The file's name comes last and as it is: CSV can hold any byte. */
#include <errno.h>
#include <math.h>

#include "base/csv.h"
#include "frag/show/show.h"
#include "frag/account/file.h"

int show_csv_header(FILE *to)
{
	struct csv csv = { .to = to };

	for (unsigned i = 0; i < frag_column_count; i++)
		csv_plain(&csv, "%s", frag_columns[i].name);
	csv_plain(&csv, "path");
	csv_end_row(&csv);
	return ferror(to) ? -EIO : 0;
}

int show_csv_file(FILE *to, const struct frag_file *file)
{
	struct csv csv = { .to = to };

	for (unsigned i = 0; i < frag_column_count; i++) {
		double value = frag_columns[i].of(file);

		if (isnan(value))
			csv_text(&csv, NULL);
		else
			csv_plain(&csv, value == floor(value) ? "%.0f" : "%.6g", value);
	}
	csv_text(&csv, file->path);
	csv_end_row(&csv);
	return ferror(to) ? -EIO : 0;
}
