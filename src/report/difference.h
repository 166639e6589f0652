/* SPDX-License-Identifier: MIT */
/* What compare_grids() found, to bytes. */
#ifndef REPORT_DIFFERENCE_H
#define REPORT_DIFFERENCE_H

#include <stdio.h>

struct comparisons;
struct view;

struct difference_report {
	const struct comparisons *comparisons;
	const struct view *before, *after;
	const char *before_name, *after_name; /* of the files */
	double threshold;
};

struct difference_format {
	const char *name; /* for --format */
	/* 0 or -errno; what stdio could not write shows when the caller flushes */
	int (*print)(FILE *to, const struct difference_report *report);
};

extern const struct difference_format difference_formats[];
extern const size_t difference_format_count;

/* ---- of which the page makes its own form (difference.c); private to this folder ---- */

enum { DIFFERENCE_TEXT_MAX = 32 };

/* "+19 %", "from 0", and "0.014", "<0.0001". */
const char *difference_change_text(double change, char text[static DIFFERENCE_TEXT_MAX]);
const char *difference_chance_text(double chance, char text[static DIFFERENCE_TEXT_MAX]);

/* Lines of plain text: how many comparisons are what, and what the verdicts rest on. */
void difference_put_counts(FILE *to, const struct comparisons *all);
void difference_put_basis(FILE *to, const struct difference_report *report, const char *gap);

/* ---- */

/* NULL: no such format. */
const struct difference_format *difference_format_find(const char *name);

#endif
