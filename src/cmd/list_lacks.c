/* SPDX-License-Identifier: MIT */
/*
 * Testbeds give their reasons by file system, and of a kernel without reiserfs, jfs, f2fs and
 * nilfs2 that made a dozen lines that said one thing.  Sentences that differ in the file system
 * alone become one; so do those of several testbeds with the same file systems.
 */
#include "cmd/list_lacks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

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

/* Where in the reason the file system is: its name in front, or its type as the last word of a
 * part. */
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
	char *longer;

	if (asprintf(&longer, "%s, %s", lack->names, name) < 0)
		return -ENOMEM;
	free(lack->names);
	lack->names = longer;
	return 0;
}

int lacks_add(struct lacks *lacks, const struct testbed *testbed,
	      const struct filesystem *filesystem, const char *reason)
{
	size_t letters = 0;
	const char *at = find_name(reason, filesystem, &letters);
	/* One that names no file system is led by it. */
	CLEANUP(lack_clear)
	struct lack found = {
		.testbed = testbed,
		.before = strndup(reason, at ? (size_t)(at - reason) : 0),
		.names = strdup(filesystem->name),
	};

	if (at)
		found.behind = strdup(at + letters);
	else if (asprintf(&found.behind, ": %s", reason) < 0)
		found.behind = NULL;
	if (!found.before || !found.behind || !found.names)
		return -ENOMEM;
	for (size_t i = 0; i < lacks->count; i++)
		if (lacks->lack[i].testbed == testbed && is_alike(&lacks->lack[i], &found))
			return add_name(&lacks->lack[i], filesystem->name);
	if (ARRAY_ROOM(lacks->lack, lacks->count) < 0)
		return -ENOMEM;
	lacks->lack[lacks->count++] = found;
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
		CLEANUP(freep) char *sentence = NULL;
		size_t bytes;
		FILE *to = is_first(lacks, i) ? open_memstream(&sentence, &bytes) : NULL;

		if (!is_first(lacks, i))
			continue;
		if (!to)
			return -ENOMEM;
		fprintf(to, "not on %s", lack->testbed->name);
		for (size_t j = i + 1; j < lacks->count; j++)
			if (is_same(&lacks->lack[j], lack))
				fprintf(to, ", %s", lacks->lack[j].testbed->name);
		fprintf(to, ": %s%s%s", lack->before, lack->names, lack->behind);
		if (fclose(to) != 0)
			return -ENOMEM;
		print(sentence);
	}
	return 0;
}
