/* SPDX-License-Identifier: MIT */
/*
 * Testbeds report reasons per file system, so a kernel without reiserfs, jfs, f2fs and nilfs2 would
 * give a dozen similar lines.  Sentences that differ only in the file system are merged, and then
 * those of several testbeds with the same file systems.
 */
#include "cmd/list_lacks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

static void lack_clear(struct lack *lack)
{
	free(lack->before);
	free(lack->behind);
	free(lack->names);
}

void lacks_clear(struct lacks *lacks)
{
	for (size_t i = 0; i < lacks->count; i++)
		lack_clear(&lacks->lack[i]);
	free(lacks->lack);
}

/*
 * Finds the file system in the reason: its name at the start, or its type as the last word of a
 * part.
 */
static const char *find_name(const char *reason, const struct filesystem *filesystem,
			     size_t *ret_letters)
{
	const char *at = reason;
	size_t letters = strlen(filesystem->name);

	if (strncmp(reason, filesystem->name, letters) == 0 && reason[letters] == ':') {
		*ret_letters = letters;
		return reason;
	}
	letters = strlen(filesystem->type);
	while ((at = strstr(at, filesystem->type))) {
		if (at > reason && at[-1] == ' ' && strchr(";,", at[letters])) {
			*ret_letters = letters;
			return at;
		}
		at++;
	}
	return NULL;
}

static int is_alike(const struct lack *one, const struct lack *other)
{
	return strcmp(one->before, other->before) == 0 && strcmp(one->behind, other->behind) == 0;
}

static int add_name(struct lack *lack, const char *name)
{
	return text_join(&lack->names, ", ", name);
}

int lacks_add(struct lacks *lacks, const struct testbed *testbed,
	      const struct filesystem *filesystem, const char *reason)
{
	size_t letters = 0;
	const char *at = find_name(reason, filesystem, &letters);
	/* A reason without a file system is preceded by its name. */
	CLEANUP(lack_clear)
	struct lack found = {
		.testbed = testbed,
		.before = strndup(reason, at ? (size_t)(at - reason) : 0),
		.names = strdup(filesystem->name),
	};

	found.behind = at ? strdup(at + letters) : text_format(": %s", reason);
	if (!found.before || !found.behind || !found.names)
		return -ENOMEM;
	for (size_t i = 0; i < lacks->count; i++)
		if (lacks->lack[i].testbed == testbed && is_alike(&lacks->lack[i], &found))
			return add_name(&lacks->lack[i], filesystem->name);
	if (ARRAY_ADD(lacks->lack, lacks->count, found) < 0)
		return -ENOMEM;
	found = (struct lack) { 0 };
	return 0;
}

static int is_same(const struct lack *one, const struct lack *other)
{
	return is_alike(one, other) && strcmp(one->names, other->names) == 0;
}

static int is_first(const struct lacks *lacks, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (is_same(&lacks->lack[i], &lacks->lack[index]))
			return 0;
	return 1;
}

int lacks_print(const struct lacks *lacks, void (*print)(const char *sentence))
{
	for (size_t i = 0; i < lacks->count; i++) {
		const struct lack *lack = &lacks->lack[i];
		CLEANUP(strbuf_clear) struct strbuf sentence = { 0 };

		if (!is_first(lacks, i))
			continue;
		strbuf_printf(&sentence, "not on %s", lack->testbed->name);
		for (size_t j = i + 1; j < lacks->count; j++)
			if (is_same(&lacks->lack[j], lack))
				strbuf_printf(&sentence, ", %s", lacks->lack[j].testbed->name);
		strbuf_printf(&sentence, ": %s%s%s", lack->before, lack->names, lack->behind);
		if (sentence.failed)
			return -ENOMEM;
		print(sentence.text);
	}
	return 0;
}
