/* SPDX-License-Identifier: MIT */
/* The disk of a device: its other partitions, its names, and what of the system lies on it. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "blockdev/sysfs.h"
#include "base/io.h"
#include "blockdev/place.h"
#include "testbed/uses.h"
#include "base/words.h"
#include "base/text.h"

/* ---- other partitions and other disks ---- */

int uses_find_overlap(struct uses_search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;
	dev_t disk = sysfs_disk(sys, facts->number);
	long long start = sysfs_count(sys, facts->number, "start");
	long long end = start + sysfs_count(sys, facts->number, "size");
	CLEANUP(globfree) glob_t found = { 0 };

	if (!facts->is_partition)
		return 0;
	if (uses_glob(&found, "%s/dev/block/%u:%u/*/start", sys, major(disk), minor(disk)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *slash = strrchr(found.gl_pathv[i], '/');
		CLEANUP(freep) char *file = NULL;
		CLEANUP(freep) char *text = NULL;
		dev_t other;

		*slash = '\0';
		file = text_format("%s/dev", found.gl_pathv[i]);
		if (!file)
			return -ENOMEM;
		text = sysfs_text(file);
		other = sysfs_number(text);
		if (!other || other == facts->number)
			continue;
		if (sysfs_count(sys, other, "start") < end &&
		    sysfs_count(sys, other, "start") + sysfs_count(sys, other, "size") > start)
			uses_note(&facts->overlap, "%s", strrchr(found.gl_pathv[i], '/') + 1);
	}
	return 0;
}

static char *first_of(const char *sys, dev_t number, const char *const *files)
{
	char *text = NULL;

	for (; *files && !(text && *text); files++) {
		free(text);
		text = sysfs_attribute(sys, number, *files);
	}
	return text;
}

/* Page 0x80 of SCSI: four bytes, then the number. */
static char *serial_of(const char *sys, dev_t disk)
{
	static const char *const files[] = { "serial", "device/serial", NULL };
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *page = NULL;
	char *serial = first_of(sys, disk, files);
	size_t bytes;

	if (serial || !(path = sysfs_path(sys, disk, "device/vpd_pg80")))
		return serial;
	if (io_read_file(path, 4096, &page, &bytes) < 0 || bytes <= 4)
		return NULL;
	serial = page + 4 + strspn(page + 4, " ");
	return strndup(serial, strcspn(serial, " \n"));
}

/* Two paths to one disk are two disks to the kernel; a serial that two have names neither. */
static int find_twin(struct uses_search *search, dev_t disk, char **serial)
{
	static const char *const files[] = { "wwid", "device/wwid", NULL };
	const char *sys = search->roots->sys;
	CLEANUP(freep) char *wwid = first_of(sys, disk, files);
	CLEANUP(globfree) glob_t found = { 0 };
	int r = uses_glob(&found, "%s/block/*/dev", sys);

	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
		CLEANUP(freep) char *text = sysfs_text(found.gl_pathv[i]);
		dev_t other = sysfs_number(text);
		CLEANUP(freep) char *other_wwid = first_of(sys, other, files);
		CLEANUP(freep) char *other_serial = serial_of(sys, other);
		CLEANUP(freep) char *name = sysfs_name(sys, other);

		/* A hidden one is a path below a disk that stands for all of them. */
		if (!other || other == disk || sysfs_count(sys, other, "hidden") == 1)
			continue;
		if (wwid && *wwid && other_wwid && strcmp(wwid, other_wwid) == 0)
			uses_note(&search->facts->twin, "%s", name ? name : "another");
		if (*serial && other_serial && strcmp(*serial, other_serial) == 0) {
			free(*serial);
			*serial = NULL;
		}
	}
	return r;
}

int uses_find_names(struct uses_search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;
	dev_t disk = sysfs_disk(sys, facts->number);
	CLEANUP(freep) char *serial = serial_of(sys, disk);
	CLEANUP(freep) char *names = NULL;
	CLEANUP(globfree) glob_t found = { 0 };
	int r = find_twin(search, disk, &serial);

	if (r == 0)
		r = uses_glob(&found, "%s/disk/by-id/*", search->roots->dev);
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		if (uses_number_at(found.gl_pathv[i]) == facts->number)
			uses_add(&names, "/", strrchr(found.gl_pathv[i], '/') + 1);
	if (r == 0 && !(facts->by_id = words_split(names ? names : "", "/")))
		r = -ENOMEM;
	if (r == 0 && serial && *serial && facts->is_partition &&
	    !(facts->serial = text_format("%s-part%lld", serial,
					  sysfs_count(sys, facts->number, "partition"))))
		r = -ENOMEM;
	else if (r == 0 && serial && *serial && !facts->is_partition)
		facts->serial = TAKE_PTR(serial);
	facts->model = sysfs_attribute(sys, disk, "device/model");
	if (!facts->model)
		facts->model = sysfs_attribute(sys, disk, "loop/backing_file");
	return r;
}

/* ---- what the system needs ---- */

static dev_t number_below(const char *path)
{
	CLEANUP(place_clear) struct place place = { 0 };
	struct stat status;

	if (stat(path, &status) < 0)
		return 0;
	/* btrfs, overlayfs and others have numbers of no device. */
	if (major(status.st_dev) == 0 && place_find(path, &place) == 0)
		return place.number;
	return status.st_dev;
}

enum { DEEPEST = 8 };

/* Down through dm, md and loop devices. */
static int lies_on(const struct uses_search *search, dev_t number, dev_t disk, int depth)
{
	const char *sys = search->roots->sys;
	CLEANUP(freep) char *file = sysfs_attribute(sys, number, "loop/backing_file");
	CLEANUP(globfree) glob_t found = { 0 };

	if (!number || depth == DEEPEST)
		return 0;
	if (sysfs_disk(sys, number) == disk ||
	    (file && lies_on(search, number_below(file), disk, depth + 1)))
		return 1;
	if (uses_glob(&found, "%s/dev/block/%u:%u/slaves/*/dev", sys, major(number),
		      minor(number)) < 0)
		return 1;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP(freep) char *text = sysfs_text(found.gl_pathv[i]);

		if (lies_on(search, sysfs_number(text), disk, depth + 1))
			return 1;
	}
	return 0;
}

void uses_find_held(struct uses_search *search, const char *const *system)
{
	dev_t disk = sysfs_disk(search->roots->sys, search->facts->number);

	for (; *system; system++)
		if (lies_on(search, number_below(*system), disk, 0))
			uses_add(&search->facts->holds, ", ", *system);
}
