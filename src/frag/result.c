/* SPDX-License-Identifier: MIT */
#include "frag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "freespace.h"

void frag_result_clear(struct frag_result *result)
{
	totals_clear(&result->totals);
	free(result->free);
	free(result->note);
	*result = (struct frag_result) { 0 };
}

const struct seek_model *frag_model_for(const struct frag_settings *settings,
					const struct filesystem_facts *facts)
{
	if (settings->model)
		return settings->model;
	return seek_model_find(facts->is_flash ? "flash" : "disk");
}

int frag_result_note(struct frag_result *result, const char *text)
{
	char *note = NULL;

	if (asprintf(&note, "%s%s%s", result->note ? result->note : "", result->note ? "  " : "",
		     text) < 0)
		return -ENOMEM;
	free(result->note);
	result->note = note;
	return 0;
}
