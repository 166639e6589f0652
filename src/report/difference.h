/* SPDX-License-Identifier: MIT */
/* What compare_grids() found, to bytes. */
#ifndef REPORT_DIFFERENCE_H
#define REPORT_DIFFERENCE_H

#include <stdio.h>

#include "compare.h"

struct difference_report {
	const struct comparisons *comparisons;
	const struct grids *before, *after;
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

/* NULL: no such format. */
const struct difference_format *difference_format_find(const char *name);

#endif
