/* SPDX-License-Identifier: MIT */
/* Tables that name devices: of what is mounted or swapped to, and of what will be. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "base/words.h"
#include "blockdev/mounts.h"
#include "testbed/uses.h"

/* ---- mounts and swap ---- */

static int find_in_namespace(const char *process, bool is_ours, void *context)
{
	struct uses_search *search = context;
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	CLEANUP(freep) char *table = text_path(process, "mountinfo");
	int r = table ? mounts_read(table, &mounts) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < mounts.count; i++) {
		const struct mount *mount = &mounts.all[i];
		const struct relative *found = uses_find(search, mount->device);

		/* btrfs has a number of its own for each mount. */
		if (!found)
			found = uses_find(search, uses_number_at(mount->source));
		if (found)
			uses_note(&search->facts->mounted, "%s%s%s%s", mount->point, found->note,
				  is_ours ? "" : ", in the mount namespace of process ",
				  is_ours ? "" : strrchr(process, '/') + 1);
	}
	/* A process may be gone meanwhile; without our own mounts nothing is known. */
	return r == -ENOMEM || is_ours ? r : 0;
}

int uses_find_mounts(struct uses_search *search)
{
	return mounts_each_namespace(search->roots->proc, find_in_namespace, search);
}

/* Lines below a heading, each with the path of a device or file, escaped, as its first word. */
int uses_find_swap(struct uses_search *search)
{
	CLEANUP(freep) char *path = text_path(search->roots->proc, "swaps");
	CLEANUP(freep) char *text = NULL;
	char *rest, *line;

	if (!path)
		return -ENOMEM;
	/* A kernel may know no swap. */
	if (io_read_file(path, 1 << 20, &text, NULL) < 0)
		return 0;
	rest = strchr(text, '\n');
	while ((line = strsep(&rest, "\n"))) {
		const struct relative *found;

		line[strcspn(line, " \t")] = '\0';
		escape_resolve(line);
		found = *line ? uses_find(search, uses_number_at(line)) : NULL;
		if (found)
			uses_note(&search->facts->swap, "%s%s", line, found->note);
	}
	return 0;
}

/* ---- tables in /etc ---- */

/* "UUID=...", "/dev/sdb1": as tables in /etc name devices. */
static int is_named(const struct uses_search *search, const char *source)
{
	const struct signature *found = &search->facts->found;
	const struct {
		const char *tag, *folder, *value;
	} tags[] = {
		{ "UUID=", "by-uuid", found->uuid },
		{ "LABEL=", "by-label", found->label },
		{ "PARTUUID=", "by-partuuid", NULL },
		{ "PARTLABEL=", "by-partlabel", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		const char *value = source + strlen(tags[i].tag);
		CLEANUP(freep) char *path = NULL;

		if (strncmp(source, tags[i].tag, strlen(tags[i].tag)) != 0)
			continue;
		if (tags[i].value && strcmp(value, tags[i].value) == 0)
			return 1;
		path = text_format("%s/disk/%s/%s", search->roots->dev, tags[i].folder, value);
		return uses_number_at(path) == search->facts->number;
	}
	return uses_number_at(source) == search->facts->number;
}

/* Lines of a table, of which one word names the device. */
static int find_in_table(struct uses_search *search, const char *file, size_t word)
{
	CLEANUP(freep) char *path = text_path(search->roots->etc, file);
	CLEANUP(freep) char *text = NULL;
	char *rest, *line;

	if (!path)
		return -ENOMEM;
	if (io_read_file(path, 1 << 20, &text, NULL) < 0)
		return 0;
	/* UUID="..." is UUID=... */
	for (char *quote = text; (quote = strchr(quote, '"'));)
		memmove(quote, quote + 1, strlen(quote));
	for (rest = text; (line = strsep(&rest, "\n"));) {
		CLEANUP(freep) char **words = words_split(line, " \t");

		if (!words)
			return -ENOMEM;
		if (words_count(words) > word && words[0][0] != '#' &&
		    is_named(search, words[word]))
			uses_note(&search->facts->fstab, "%s: %s", path, words[word]);
	}
	return 0;
}

int uses_find_in_etc(struct uses_search *search)
{
	int r = find_in_table(search, "fstab", 0);

	return r < 0 ? r : find_in_table(search, "crypttab", 1);
}
