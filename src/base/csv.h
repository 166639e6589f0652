/* SPDX-License-Identifier: MIT */
/*
 * CSV with the quoting of RFC 4180, and a plain newline at the end of each line: all readers of
 * CSV accept that, and awk and cut need it.  Text is written byte for byte, whatever its encoding.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stdio.h>

struct csv {
	FILE *to;
	bool in_row; /* a field was written to this row */
};

/* Writes the next field, with quotes if needed.  NULL: an empty field. */
void csv_text(struct csv *csv, const char *text);

/* The same for a number or a name, which must not need quotes. */
void csv_plain(struct csv *csv, const char *format, ...) __attribute__((format(printf, 2, 3)));

void csv_end_row(struct csv *csv);

#endif
