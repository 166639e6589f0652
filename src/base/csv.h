/* SPDX-License-Identifier: MIT */
/*
 * CSV as RFC 4180 quotes it, but with lines that end in a plain newline: all readers of CSV take
 * that, and awk and cut take nothing else.  Text is written byte for byte, whatever its encoding.
 */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdbool.h>
#include <stdio.h>

struct csv {
	FILE *to;
	bool in_row; /* a field was written to this row */
};

/* Writes the next field, quoted if it has to be.  NULL: an empty field. */
void csv_text(struct csv *csv, const char *text);

/* The same for a number or a name, which must not need quotes. */
void csv_plain(struct csv *csv, const char *format, ...) __attribute__((format(printf, 2, 3)));

void csv_end_row(struct csv *csv);

#endif
