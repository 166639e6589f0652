/* SPDX-License-Identifier: MIT */
#include "base/csv.h"

#include <stdarg.h>
#include <string.h>

static void separate(struct csv *csv)
{
	if (csv->in_row)
		putc(',', csv->to);
	csv->in_row = true;
}

void csv_text(struct csv *csv, const char *text)
{
	separate(csv);
	if (!text || !strpbrk(text, ",\"\r\n")) {
		fputs(text ? text : "", csv->to);
		return;
	}
	putc('"', csv->to);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', csv->to);
		putc(*text, csv->to);
	}
	putc('"', csv->to);
}

void csv_plain(struct csv *csv, const char *format, ...)
{
	va_list arguments;

	separate(csv);
	va_start(arguments, format);
	vfprintf(csv->to, format, arguments);
	va_end(arguments);
}

void csv_end_row(struct csv *csv)
{
	putc('\n', csv->to);
	csv->in_row = false;
}
