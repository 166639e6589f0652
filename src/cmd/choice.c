/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/words.h"

const struct option_choices choice_of_measures = { measure_table, sizeof(measure_table[0]),
						   &measure_count,
						   "alloc-perf report --list-measures", 0 };

static int add(struct measure_list *to, const struct measure *measure)
{
	int r = ARRAY_ROOM(to->list, to->count);

	if (r < 0)
		return r;
	to->list[to->count] = measure;
	r = ARRAY_ROOM(to->list, to->count + 1);
	if (r == 0)
		to->list[++to->count] = NULL;
	return r;
}

int choice_take_measures(void *input, const struct option_row *row, const char *argument,
			 struct problem *problem)
{
	void *measures = (char *)input + row->offset;
	CLEANUP(freep) char **words = words_split(argument, ", ");
	int r = words ? 0 : -ENOMEM;

	for (char **word = words; r == 0 && *word; word++) {
		const void *measure;

		r = option_choose(&choice_of_measures, "measure", *word, &measure, problem);
		if (r == 0)
			r = add(measures, measure);
	}
	return r;
}
