/* SPDX-License-Identifier: MIT */
/* What is printed of tested promises; private to this directory. */
#ifndef REPORT_PROMISES_H
#define REPORT_PROMISES_H

#include <jansson.h>
#include <stdio.h>

#include "base/text_table.h"
#include "stats/promises.h"

struct promise_note {
	char *text;
	const char *command; /* repeats what the note is about; NULL: none */
};

struct promise_sheet {
	struct text_table table; /* verdicts, with "[N]" where there is a note */
	struct text_table cases; /* a row per case; empty unless they are wanted */
	struct promise_note *notes;
	size_t note_count;
};

/*
 * With `all` also of the cases; `grouped`: a file system stands above its methods.  0 or -ENOMEM.
 */
int promise_sheet_build(struct promise_sheet *ret, const struct promise_grid *grid, bool all,
			bool grouped);
void promise_sheet_clear(struct promise_sheet *sheet);

/*
 * Calls `put` for each line above the table: the conditions, and what each promise is.  0,
 * -ENOMEM, or what `put` returned.
 */
int promise_heading_each(const struct promise_grid *grid,
			 int (*put)(const char *line, void *context), void *context);

/* The grids of the results of these grids; none if they have no results.  0 or -ENOMEM. */
int promises_of(const struct grids *grids, struct promise_grids *ret);

/* Is there nothing else to show? */
bool promises_alone(const struct grids *grids);

/* "promises" of the document that doc/report.md describes; a new reference, NULL: out of memory. */
json_t *json_of_promises(const struct grids *grids);

#endif
