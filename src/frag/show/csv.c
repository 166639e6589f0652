/* SPDX-License-Identifier: MIT */
/* RFC 4180, with the file's name last and as it is: csv can hold any byte. */
#include <errno.h>
#include <math.h>

#include "frag/show/show.h"

int show_csv_header(FILE *to)
{
	for (unsigned i = 0; i < frag_column_count; i++)
		fprintf(to, "%s,", frag_columns[i].name);
	return fputs("path\r\n", to) < 0 ? -EIO : 0;
}

static void put_quoted(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', to);
		fputc(*text, to);
	}
	fputc('"', to);
}

int show_csv_file(FILE *to, const struct frag_file *file)
{
	for (unsigned i = 0; i < frag_column_count; i++) {
		double value = frag_columns[i].of(file);

		if (isnan(value))
			fputc(',', to);
		else if (value == floor(value))
			fprintf(to, "%.0f,", value);
		else
			fprintf(to, "%.6g,", value);
	}
	if (file->path)
		put_quoted(to, file->path);
	return fputs("\r\n", to) < 0 ? -EIO : 0;
}
