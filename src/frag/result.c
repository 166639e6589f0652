/* SPDX-License-Identifier: MIT */
#include "frag/frag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frag/account/free_space.h"

#include "base/text.h"
#include "frag/account/file.h"
#include "frag/account/filesystem.h"

void frag_result_clear(struct frag_result *result)
{
	totals_clear(&result->totals);
	filesystems_free(result->filesystems);
	free(result->free);
	free(result->note);
	*result = (struct frag_result) { 0 };
}

int frag_result_init(struct frag_result *result, const struct frag_settings *settings)
{
	int r = totals_init(&result->totals, settings->sort, settings->worst_count,
			    settings->with_map);

	result->filesystems = filesystems_new(settings->cancel_fd);
	result->totals.filesystems = result->filesystems;
	if (r == 0)
		r = totals_set_depth(&result->totals, settings->depth);
	return result->filesystems ? r : -ENOMEM;
}

const struct seek_model *frag_model_for(const struct frag_settings *settings,
					const struct filesystem_facts *facts)
{
	if (settings->model)
		return settings->model;
	return seek_model_find(facts->is_flash ? "flash" : "disk");
}

void frag_result_set_top(struct frag_result *result, const char *top)
{
	result->totals.root_bytes = strcmp(top, "/") == 0 ? 0 : strlen(top);
}

void frag_result_set_whole(struct frag_result *result)
{
	if (result->filesystems)
		filesystems_set_whole(result->filesystems, &result->facts, result->free);
}

int frag_result_note(struct frag_result *result, const char *text)
{
	return text_join(&result->note, "  ", text);
}
