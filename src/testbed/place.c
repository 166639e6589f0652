/* SPDX-License-Identifier: MIT */
/*
 * The device number of a file is of no use on btrfs and the like, which give
 * each subvolume an anonymous one: the mount table names the real device.
 */
#include "place.h"

#include <errno.h>
#include <libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "field.h"
#include "io.h"

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

/* A file of the disk's queue; a partition has none of its own, so its parent's. */
static char *read_queue_file(unsigned device_major, unsigned device_minor, const char *name)
{
	static const char *const parents[] = { "", "../" };

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		CLEANUP(freep) char *path = NULL;
		char *text = NULL;

		if (asprintf(&path, "/sys/dev/block/%u:%u/%squeue/%s", device_major, device_minor,
			     parents[i], name) < 0)
			return NULL;
		if (io_read_file(path, 4096, &text, NULL) == 0) {
			text[strcspn(text, "\n")] = '\0';
			return text;
		}
	}
	return NULL;
}

/* "none [mq-deadline] kyber": the one in brackets. */
static char *chosen_scheduler(char *text)
{
	char *start = text ? strchr(text, '[') : NULL;
	char *end = start ? strchr(start, ']') : NULL;
	char *name = end ? strndup(start + 1, (size_t)(end - start - 1)) : NULL;

	free(text);
	return name;
}

static void look_at_device(struct place *place)
{
	CLEANUP(freep) char *rotational = NULL;
	unsigned device_major, device_minor;
	struct stat status;

	if (!place->source || stat(place->source, &status) < 0 || !S_ISBLK(status.st_mode))
		return;
	device_major = major(status.st_rdev);
	device_minor = minor(status.st_rdev);
	if (asprintf(&place->counters, "/sys/dev/block/%u:%u/stat", device_major, device_minor) < 0)
		place->counters = NULL;
	place->scheduler =
		chosen_scheduler(read_queue_file(device_major, device_minor, "scheduler"));
	rotational = read_queue_file(device_major, device_minor, "rotational");
	if (rotational)
		place->rotational = rotational[0] == '1';
}

int place_find(const char *directory, struct place *ret)
{
	CLEANUP(table_unrefp) struct libmnt_table *table = mnt_new_table();
	CLEANUP(place_clear) struct place place = { .rotational = FIELD_UNKNOWN };
	struct libmnt_fs *mount;

	if (!table)
		return -ENOMEM;
	if (mnt_table_parse_mtab(table, NULL) < 0)
		return -ENOENT;
	mount = find_mount(table, directory);
	if (!mount)
		return -ENOENT;
	if (field_set_text(&place.source, mnt_fs_get_source(mount)) < 0 ||
	    field_set_text(&place.type, mnt_fs_get_fstype(mount)) < 0 ||
	    field_set_text(&place.options, mnt_fs_get_options(mount)) < 0)
		return -ENOMEM;
	look_at_device(&place);
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
	free(place->scheduler);
	*place = (struct place) { .rotational = FIELD_UNKNOWN };
}
