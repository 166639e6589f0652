/* SPDX-License-Identifier: MIT */
/*
 * Who uses a device.  An exclusive open is refused by the kernel for most of it,
 * but says neither who it is, nor knows of those who did not open exclusively
 * themselves: a virtual machine on a raw disk, a loop device on top, an export.
 *
 * A use of the whole disk is one of its partition and the other way round, so all
 * are looked for together ("relatives").  All comparisons are by device number;
 * paths in these tables may be somebody else's, and are shown only.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "blockdev/sysfs.h"
#include "base/text.h"
#include "testbed/uses.h"

static void search_clear(struct uses_search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		free(search->relatives[i].name);
		free(search->relatives[i].note);
	}
	free(search->relatives);
}

/* ---- sentences ---- */

void uses_note(char **fact, const char *format, ...)
{
	va_list arguments;

	if (*fact)
		return;
	va_start(arguments, format);
	*fact = text_vformat(format, arguments);
	va_end(arguments);
	if (!*fact)
		*fact = strdup("?");
}

void uses_add(char **fact, const char *separator, const char *word)
{
	(void)text_join(fact, separator, word);
}

/* ---- paths and numbers ---- */

dev_t uses_number_at(const char *path)
{
	struct stat status;

	return path && stat(path, &status) == 0 && S_ISBLK(status.st_mode) ? status.st_rdev : 0;
}

const struct relative *uses_find(const struct uses_search *search, dev_t number)
{
	for (size_t i = 0; number && i < search->count; i++)
		if (search->relatives[i].number == number)
			return &search->relatives[i];
	return NULL;
}

int uses_glob(glob_t *found, const char *format, ...)
{
	CLEANUP(freep) char *pattern = NULL;
	va_list arguments;

	va_start(arguments, format);
	pattern = text_vformat(format, arguments);
	va_end(arguments);
	if (!pattern)
		return -ENOMEM;
	return glob(pattern, GLOB_NOSORT | GLOB_BRACE, NULL, found) == GLOB_NOSPACE ? -ENOMEM : 0;
}

/* ---- relatives ---- */

static int add_relative(struct uses_search *search, dev_t number, const char *what)
{
	struct relative relative = { .number = number };

	relative.name = sysfs_name(search->roots->sys, number);
	if (relative.name)
		relative.note =
			what ? text_format(" (its %s %s)", what, relative.name) : strdup("");
	if (relative.note && ARRAY_ADD(search->relatives, search->count, relative) == 0)
		return 0;
	free(relative.name);
	free(relative.note);
	return -ENOMEM;
}

static int add_relatives(struct uses_search *search)
{
	struct device_facts *facts = search->facts;
	CLEANUP(globfree) glob_t found = { 0 };
	int r = add_relative(search, facts->number, NULL);

	if (r == 0 && facts->is_partition)
		return add_relative(search, sysfs_disk(search->roots->sys, facts->number), "disk");
	if (r == 0)
		r = uses_glob(&found, "%s/dev/block/%u:%u/*/partition", search->roots->sys,
			      major(facts->number), minor(facts->number));
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
		CLEANUP(freep)
		char *path =
			strndup(found.gl_pathv[i], strlen(found.gl_pathv[i]) - strlen("partition"));
		CLEANUP(freep) char *file = NULL;
		CLEANUP(freep) char *text = NULL;

		if (!path || !(file = text_format("%sdev", path)))
			return -ENOMEM;
		text = sysfs_text(file);
		if (sysfs_number(text))
			r = add_relative(search, sysfs_number(text), "partition");
	}
	for (size_t i = 1; r == 0 && i < search->count; i++)
		uses_add(&facts->partitions, ", ", search->relatives[i].name);
	return r;
}

/* ---- all of it ---- */

int device_uses_gather(const struct device_roots *roots, const char *const *system,
		       struct device_facts *facts)
{
	CLEANUP(search_clear) struct uses_search search = { .roots = roots, .facts = facts };
	static int (*const finders[])(struct uses_search * search) = {
		add_relatives,	   uses_find_loops,   uses_find_mounts,	 uses_find_swap,
		uses_find_holders, uses_find_exports, uses_find_openers, uses_find_overlap,
		uses_find_names,   uses_find_in_etc,
	};
	int r = 0;

	facts->name = sysfs_name(roots->sys, facts->number);
	if (!facts->name)
		return 0;
	facts->disk = sysfs_name(roots->sys, sysfs_disk(roots->sys, facts->number));
	if (!facts->disk)
		return -ENOMEM;
	facts->is_partition = sysfs_disk(roots->sys, facts->number) != facts->number;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(finders); i++)
		r = finders[i](&search);
	if (r == 0)
		uses_find_held(&search, system);
	facts->zoned = sysfs_attribute(roots->sys, facts->number, "queue/zoned");
	if (facts->zoned && strcmp(facts->zoned, "none") == 0) {
		free(facts->zoned);
		facts->zoned = NULL;
	}
	return r;
}
