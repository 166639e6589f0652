/* SPDX-License-Identifier: MIT */
/*
 * The device number of a file is of no use on btrfs and the like, which give
 * each subvolume an anonymous one: the mount table names the real device.
 */
#include "testbed/place.h"

#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "results/field.h"

static void table_unrefp(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

/* The mount that covers the directory: of its parents the nearest mount point. */
static struct libmnt_fs *find_mount(struct libmnt_table *table, const char *directory)
{
	CLEANUP(freep) char *path = realpath(directory, NULL);
	struct libmnt_fs *found = NULL;

	while (path && *path && !found) {
		char *slash = strrchr(path, '/');

		found = mnt_table_find_target(table, path, MNT_ITER_BACKWARD);
		if (slash == path && !path[1])
			break;
		slash[slash == path] = '\0';
	}
	return found;
}

/* A device that is to be formatted lies on nothing. */
static int look_at_mount(const char *directory, struct place *place)
{
	CLEANUP(table_unrefp) struct libmnt_table *table = mnt_new_table();
	struct libmnt_fs *mount;

	if (!table)
		return -ENOMEM;
	if (mnt_table_parse_mtab(table, NULL) < 0)
		return -ENOENT;
	mount = find_mount(table, directory);
	if (!mount)
		return -ENOENT;
	if (field_set_text(&place->source, mnt_fs_get_source(mount)) < 0 ||
	    field_set_text(&place->type, mnt_fs_get_fstype(mount)) < 0 ||
	    field_set_text(&place->options, mnt_fs_get_options(mount)) < 0)
		return -ENOMEM;
	return 0;
}

static dev_t number_of(const char *path)
{
	struct stat status;

	return path && stat(path, &status) == 0 && S_ISBLK(status.st_mode) ? status.st_rdev : 0;
}

int place_find(const char *path, struct place *ret)
{
	CLEANUP(place_clear) struct place place = { 0 };
	int r = number_of(path) ? field_set_text(&place.source, path) : look_at_mount(path, &place);

	if (r < 0)
		return r;
	place.number = number_of(place.source);
	if (place.number && asprintf(&place.counters, "/sys/dev/block/%u:%u/stat",
				     major(place.number), minor(place.number)) < 0)
		place.counters = NULL;
	*ret = place;
	place = (struct place) { 0 };
	return 0;
}

void place_clear(struct place *place)
{
	free(place->source);
	free(place->type);
	free(place->options);
	free(place->counters);
	*place = (struct place) { 0 };
}
