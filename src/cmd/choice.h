/* SPDX-License-Identifier: MIT */
/* What the user names, out of a table of what there is. */
#ifndef CMD_CHOICE_H
#define CMD_CHOICE_H

#include <stddef.h>

#include "stats/measure.h"
#include "base/option.h"
#include "base/problem.h"

extern const struct option_choices choice_of_measures;

struct measure_list {
	const struct measure **list; /* ends with NULL; NULL: none was named */
	size_t count;
};

/* For a row whose member is a struct measure_list: adds those of "time,written".  0, -ENOMEM, or
 * -EINVAL with a sentence. */
int choice_take_measures(void *input, const struct option_row *row, const char *argument,
			 struct problem *problem);

#endif
