/* SPDX-License-Identifier: MIT */
/* Prints the results of compare_grids(). */
#ifndef REPORT_DIFFERENCE_H
#define REPORT_DIFFERENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct comparisons;
struct promise_changes;
struct view;

struct difference_side {
	const char *name; /* the heading of its column */
	const char *file; /* its file */
	const struct view *view;
};

struct difference_report {
	const struct comparisons *comparisons;	/* without sides: nothing was measured */
	const struct promise_changes *promises; /* per side but the first; NULL: none was tested */
	const struct difference_side *sides;
	size_t side_count;
	unsigned by; /* set of keys that are compared; none: files */
	double threshold;
};

struct difference_format {
	const char *name; /* for --format */
	/* 0 or -errno; the caller detects write errors of stdio */
	int (*print)(FILE *to, const struct difference_report *report);
};

extern const struct difference_format difference_formats[];
extern const size_t difference_format_count;

/* ---- private to this directory ---- */

/* As print() of a format (difference_data.c). */
int difference_print_json(FILE *to, const struct difference_report *report);
int difference_print_csv(FILE *to, const struct difference_report *report);

/* The same of the promises alone (promise_changes.c). */
int promise_changes_print(FILE *to, const struct difference_report *report, bool in_markdown);
int promise_changes_print_csv(FILE *to, const struct difference_report *report);

/* A list, one per side but the first; a new reference, NULL: out of memory. */
json_t *json_of_promise_changes(const struct difference_report *report);

/*
 * The set of keys that distinguish the cells of a side: file system, method and size unless they
 * are compared, and all that differ.
 */
unsigned difference_columns(const struct comparisons *all, size_t side);

enum { DIFFERENCE_TEXT_MAX = 32 };

/* "0.014", "<0.0001". */
const char *difference_chance_text(double chance, char text[static DIFFERENCE_TEXT_MAX]);

/*
 * Print lines of plain text: the number of comparisons per verdict, and the basis of the verdicts.
 */
void difference_put_counts(FILE *to, const struct comparisons *all);
void difference_put_basis(FILE *to, const struct difference_report *report, const char *bullet);

/* ---- */

/* NULL: no such format. */
const struct difference_format *difference_format_find(const char *name);

#endif
