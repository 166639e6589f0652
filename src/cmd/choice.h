/* SPDX-License-Identifier: MIT */
/* What the user names, out of a table of what there is. */
#ifndef CMD_CHOICE_H
#define CMD_CHOICE_H

#include <stddef.h>

#include "stats/measure.h"
#include "base/option.h"
#include "base/problem.h"
#include "report/report.h"

extern const struct option_choices choice_of_measures;

/*
 * "unknown WHAT "typed"", with what was meant or, where nothing is near, with `instead`.
 * Returns -EINVAL.
 */
int choice_refuse(const char *what, const char *typed, const char *nearest, const char *instead,
		  struct problem *problem);

/* Each returns 0, or -EINVAL with a sentence. */
int choice_measure(const char *name, const struct measure **ret, struct problem *problem);
int choice_report_format(const char *name, const struct report_format **ret,
			 struct problem *problem);

struct measure_list {
	const struct measure **list; /* ends with NULL; NULL: none was named */
	size_t count;
};

/* Adds those of "time,written".  0, -ENOMEM, or -EINVAL with a sentence. */
int choice_measures(const char *names, struct measure_list *to, struct problem *problem);

#endif
