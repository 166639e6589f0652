/* SPDX-License-Identifier: MIT */
/* Tables that name devices: of what is mounted or swapped to, and of what will be. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "base/words.h"
#include "blockdev/mounts.h"
#include "testbed/uses.h"

/* ---- mounts and swap ---- */

static int look_at_mounts(struct uses_search *search, const char *table_path, const char *where)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	int r = mounts_read(table_path, &mounts);

	for (size_t i = 0; r == 0 && i < mounts.count; i++) {
		const struct mount *mount = &mounts.all[i];
		const struct relative *found = uses_find(search, mount->device);

		/* btrfs has a number of its own for each mount. */
		if (!found)
			found = uses_find(search, uses_number_at(mount->source));
		if (found)
			uses_note(&search->facts->mounted, "%s%s%s", mount->point, found->note,
				  where);
	}
	return r;
}

static int is_new(ino_t **seen, size_t *count, ino_t inode)
{
	for (size_t i = 0; i < *count; i++)
		if ((*seen)[i] == inode)
			return 0;
	(void)ARRAY_ADD(*seen, *count, inode);
	return 1;
}

/*
 * Each namespace by the first process that is in it, our own before the others.  A process may
 * be gone meanwhile; without its own mounts nothing is known.
 */
int uses_find_mounts(struct uses_search *search)
{
	static const char elsewhere[] = ", in the mount namespace of process ";
	CLEANUP(globfree) glob_t found = { 0 };
	CLEANUP(freep) ino_t *seen = NULL;
	size_t count = 0, stem = strlen(search->roots->proc) + 1;
	struct stat status;
	int r = uses_glob(&found, "%s/{self,[0-9]*}/ns/mnt", search->roots->proc);

	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
		char *path = found.gl_pathv[i], *pid = path + stem;
		CLEANUP(freep) char *table = NULL;
		CLEANUP(freep) char *where = NULL;

		if (stat(path, &status) < 0 || !is_new(&seen, &count, status.st_ino))
			continue;
		pid[strcspn(pid, "/")] = '\0';
		if (!(table = text_format("%s/mountinfo", path)) ||
		    !(where = text_format("%s%s", *pid == 's' ? "" : elsewhere,
					  *pid == 's' ? "" : pid)))
			return -ENOMEM;
		r = look_at_mounts(search, table, where);
		if (r != -ENOMEM && *pid != 's')
			r = 0;
	}
	return r < 0 || count ? r : -ENOENT;
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
