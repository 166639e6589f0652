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
#include <fcntl.h>
#include <glob.h>
#include <libmount.h>
#include <linux/loop.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "array.h"
#include "cleanup.h"
#include "device_facts.h"
#include "disk.h"
#include "io.h"
#include "place.h"
#include "words.h"

/* The device, and its disk or its partitions. */
struct relative {
	dev_t number;
	char *name, *note; /* "sdb1", " (its partition sdb1)" */
};

struct search {
	const struct device_roots *roots;
	struct device_facts *facts;
	struct relative *relatives;
	size_t count;
	dev_t file_device; /* what a loop device is made of; */
	ino_t file_inode;  /* 0: it is no loop device */
};

static void search_clear(struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		free(search->relatives[i].name);
		free(search->relatives[i].note);
	}
	free(search->relatives);
}

static void table_unrefp(struct libmnt_table **table)
{
	mnt_unref_table(*table);
}

/* ---- sentences ---- */

static void note(char **fact, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first finding stands; out of memory, it is still known that there is one. */
static void note(char **fact, const char *format, ...)
{
	va_list arguments;

	if (*fact)
		return;
	va_start(arguments, format);
	if (vasprintf(fact, format, arguments) < 0)
		*fact = strdup("?");
	va_end(arguments);
}

/* Adds a word to a list. */
static void add(char **fact, const char *separator, const char *word)
{
	char *longer;

	if (asprintf(&longer, "%s%s%s", *fact ? *fact : "", *fact ? separator : "", word) < 0)
		return;
	free(*fact);
	*fact = longer;
}

/* ---- paths and numbers ---- */

/* Device number of a device's path; 0: it is none, or not to be seen from here. */
static dev_t number_at(const char *path)
{
	struct stat status;

	return path && stat(path, &status) == 0 && S_ISBLK(status.st_mode) ? status.st_rdev : 0;
}

static const struct relative *find(const struct search *search, dev_t number)
{
	for (size_t i = 0; number && i < search->count; i++)
		if (search->relatives[i].number == number)
			return &search->relatives[i];
	return NULL;
}

static int expand(glob_t *found, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int expand(glob_t *found, const char *format, ...)
{
	CLEANUP(freep) char *pattern = NULL;
	va_list arguments;
	int r;

	va_start(arguments, format);
	r = vasprintf(&pattern, format, arguments);
	va_end(arguments);
	if (r < 0) {
		pattern = NULL;
		return -ENOMEM;
	}
	return glob(pattern, GLOB_NOSORT | GLOB_BRACE, NULL, found) == GLOB_NOSPACE ? -ENOMEM : 0;
}

static char *line_of(const char *path)
{
	char *text = NULL;

	if (io_read_file(path, 4096, &text, NULL) == 0)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

/* ---- relatives ---- */

static int add_relative(struct search *search, dev_t number, const char *what)
{
	struct relative relative = { .number = number };

	if (ARRAY_ROOM(search->relatives, search->count) < 0)
		return -ENOMEM;
	relative.name = disk_name(search->roots->sys, number);
	if (!relative.name)
		return -ENOMEM;
	if (what ? asprintf(&relative.note, " (its %s %s)", what, relative.name) < 0
		 : !(relative.note = strdup(""))) {
		free(relative.name);
		return -ENOMEM;
	}
	search->relatives[search->count++] = relative;
	return 0;
}

static int add_relatives(struct search *search)
{
	struct device_facts *facts = search->facts;
	CLEANUP(globfree) glob_t found = { 0 };
	int r = add_relative(search, facts->number, NULL);

	if (r == 0 && facts->is_partition)
		return add_relative(search, disk_of(search->roots->sys, facts->number), "disk");
	if (r == 0)
		r = expand(&found, "%s/dev/block/%u:%u/*/partition", search->roots->sys,
			   major(facts->number), minor(facts->number));
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
		CLEANUP(freep)
		char *path =
			strndup(found.gl_pathv[i], strlen(found.gl_pathv[i]) - strlen("partition"));
		CLEANUP(freep) char *file = NULL;
		CLEANUP(freep) char *text = NULL;

		if (!path || asprintf(&file, "%sdev", path) < 0)
			return -ENOMEM;
		text = line_of(file);
		if (disk_number(text))
			r = add_relative(search, disk_number(text), "partition");
	}
	for (size_t i = 1; r == 0 && i < search->count; i++)
		add(&facts->partitions, ", ", search->relatives[i].name);
	return r;
}

/* ---- mounts and swap ---- */

static void look_at_mounts(struct search *search, const char *table_path, const char *where)
{
	CLEANUP(table_unrefp) struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *mount;

	if (table && iterator && mnt_table_parse_file(table, table_path) == 0)
		while (mnt_table_next_fs(table, iterator, &mount) == 0) {
			const struct relative *found = find(search, mnt_fs_get_devno(mount));

			/* btrfs has a number of its own for each mount. */
			if (!found)
				found = find(search, number_at(mnt_fs_get_srcpath(mount)));
			if (found)
				note(&search->facts->mounted, "%s%s%s", mnt_fs_get_target(mount),
				     found->note, where);
		}
	mnt_free_iter(iterator);
}

static int is_new(ino_t **seen, size_t *count, ino_t inode)
{
	for (size_t i = 0; i < *count; i++)
		if ((*seen)[i] == inode)
			return 0;
	if (ARRAY_ROOM(*seen, *count) == 0)
		(*seen)[(*count)++] = inode;
	return 1;
}

/* Each namespace by the first process that is in it, our own before the others. */
static int find_mounts(struct search *search)
{
	static const char elsewhere[] = ", in the mount namespace of process ";
	CLEANUP(globfree) glob_t found = { 0 };
	CLEANUP(freep) ino_t *seen = NULL;
	size_t count = 0, stem = strlen(search->roots->proc) + 1;
	struct stat status;
	int r = expand(&found, "%s/{self,[0-9]*}/ns/mnt", search->roots->proc);

	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
		char *path = found.gl_pathv[i], *pid = path + stem;
		CLEANUP(freep) char *table = NULL;
		CLEANUP(freep) char *where = NULL;

		if (stat(path, &status) < 0 || !is_new(&seen, &count, status.st_ino))
			continue;
		pid[strcspn(pid, "/")] = '\0';
		if (asprintf(&table, "%s/mountinfo", path) < 0 ||
		    asprintf(&where, "%s%s", *pid == 's' ? "" : elsewhere, *pid == 's' ? "" : pid) <
			    0)
			return -ENOMEM;
		look_at_mounts(search, table, where);
	}
	return r;
}

static int find_swap(struct search *search)
{
	CLEANUP(table_unrefp) struct libmnt_table *table = mnt_new_table();
	CLEANUP(freep) char *path = NULL;
	struct libmnt_iter *iterator = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *swap;

	if (asprintf(&path, "%s/swaps", search->roots->proc) < 0)
		path = NULL;
	if (table && iterator && path && mnt_table_parse_swaps(table, path) == 0)
		while (mnt_table_next_fs(table, iterator, &swap) == 0) {
			const char *source = mnt_fs_get_srcpath(swap);
			const struct relative *found = find(search, number_at(source));

			if (found)
				note(&search->facts->swap, "%s%s", source, found->note);
		}
	mnt_free_iter(iterator);
	return 0;
}

/* ---- what is on top ---- */

static int find_holders(struct search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;

	for (size_t i = 0; i < search->count; i++) {
		const struct relative *one = &search->relatives[i];
		CLEANUP(globfree) glob_t holders = { 0 };
		CLEANUP(globfree) glob_t btrfs = { 0 };
		CLEANUP(globfree) glob_t bcache = { 0 };

		if (expand(&holders, "%s/dev/block/%u:%u/holders/*", sys, major(one->number),
			   minor(one->number)) < 0 ||
		    expand(&btrfs, "%s/fs/btrfs/*/devices/%s", sys, one->name) < 0 ||
		    expand(&bcache, "%s/dev/block/%u:%u/bcache", sys, major(one->number),
			   minor(one->number)) < 0)
			return -ENOMEM;
		if (holders.gl_pathc)
			note(&facts->holders, "%s%s", strrchr(holders.gl_pathv[0], '/') + 1,
			     one->note);
		if (btrfs.gl_pathc)
			note(&facts->registered, "a mounted btrfs%s", one->note);
		if (bcache.gl_pathc)
			note(&facts->registered, "bcache%s", one->note);
	}
	return 0;
}

/* Those who open a block device without a claim to it, and say in a file which one. */
static int find_exports(struct search *search)
{
	static const char *const tables[] = {
		"target/core/*/*/udev_path",
		"nvmet/subsystems/*/namespaces/*/device_path",
		"usb_gadget/*/functions/mass_storage.*/lun.*/file",
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		CLEANUP(globfree) glob_t found = { 0 };

		if (expand(&found, "%s/kernel/config/%s", search->roots->sys, tables[i]) < 0)
			return -ENOMEM;
		for (size_t j = 0; j < found.gl_pathc; j++) {
			CLEANUP(freep) char *device = line_of(found.gl_pathv[j]);

			if (find(search, number_at(device)))
				note(&search->facts->exported, "%s", found.gl_pathv[j]);
		}
	}
	return 0;
}

/* Of a loop device, by its name.  0, or -ENODEV: it is none, or is made of nothing. */
static int loop_status(const struct search *search, const char *name, struct loop_info64 *ret)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(fd_closep) int fd = -1;

	if (strncmp(name, "loop", 4) != 0 || asprintf(&path, "%s/%s", search->roots->dev, name) < 0)
		return -ENODEV;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 || ioctl(fd, LOOP_GET_STATUS64, ret) < 0 ? -ENODEV : 0;
}

/* What it is made of itself, and whether others are made of it or of the same. */
static int find_loops(struct search *search)
{
	struct device_facts *facts = search->facts;
	CLEANUP(globfree) glob_t found = { 0 };
	struct loop_info64 loop;

	if (loop_status(search, facts->disk, &loop) == 0) {
		search->file_device = loop.lo_device;
		search->file_inode = loop.lo_inode;
		if (loop.lo_rdevice)
			facts->below = disk_name(search->roots->sys, loop.lo_rdevice);
	}
	if (expand(&found, "%s/block/loop*/loop", search->roots->sys) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *name = found.gl_pathv[i] + strlen(search->roots->sys) + strlen("/block/");
		const struct relative *on;

		name[strcspn(name, "/")] = '\0';
		if (strcmp(name, facts->disk) == 0 || loop_status(search, name, &loop) < 0)
			continue;
		on = find(search, loop.lo_rdevice);
		if (on)
			note(&facts->looped, "%s%s", name, on->note);
		else if (search->file_inode && loop.lo_inode == search->file_inode &&
			 loop.lo_device == search->file_device)
			note(&facts->looped, "%s, which is made of the same file", name);
	}
	return 0;
}

/* Open files of all processes: the device, or the file that it is made of. */
static int is_ours(const struct search *search, const struct stat *status)
{
	return (S_ISBLK(status->st_mode) && find(search, status->st_rdev)) ||
	       (search->file_inode && status->st_ino == search->file_inode &&
		status->st_dev == search->file_device);
}

/* /proc/PID/fdinfo/N for /proc/PID/fd/N; its flags are octal. */
static int is_writable(const char *process, const char *number)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *text = NULL;
	const char *flags;

	if (asprintf(&path, "%s/fdinfo/%s", process, number) < 0) {
		path = NULL;
		return 1;
	}
	if (io_read_file(path, 4096, &text, NULL) < 0)
		return 0;
	flags = strstr(text, "flags:\t");
	return flags && (strtol(flags + strlen("flags:\t"), NULL, 8) & O_ACCMODE) != O_RDONLY;
}

static int find_openers(struct search *search)
{
	CLEANUP(globfree) glob_t found = { 0 };
	struct stat status;

	if (expand(&found, "%s/[0-9]*/fd/*", search->roots->proc) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *path = found.gl_pathv[i], *number = strrchr(path, '/') + 1;
		CLEANUP(freep) char *comm = NULL;
		CLEANUP(freep) char *name = NULL;

		if (stat(path, &status) < 0 || !is_ours(search, &status))
			continue;
		number[-strlen("/fd/")] = '\0';
		if (!is_writable(path, number))
			continue;
		if (asprintf(&comm, "%s/comm", path) < 0)
			return -ENOMEM;
		name = line_of(comm);
		note(&search->facts->opened, "%s (process %s)", name ? name : "?",
		     strrchr(path, '/') + 1);
	}
	return 0;
}

/* ---- other partitions and other disks ---- */

static int find_overlap(struct search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;
	dev_t disk = disk_of(sys, facts->number);
	long long start = disk_count(sys, facts->number, "start");
	long long end = start + disk_count(sys, facts->number, "size");
	CLEANUP(globfree) glob_t found = { 0 };

	if (!facts->is_partition)
		return 0;
	if (expand(&found, "%s/dev/block/%u:%u/*/start", sys, major(disk), minor(disk)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *slash = strrchr(found.gl_pathv[i], '/');
		CLEANUP(freep) char *file = NULL;
		CLEANUP(freep) char *text = NULL;
		dev_t other;

		*slash = '\0';
		if (asprintf(&file, "%s/dev", found.gl_pathv[i]) < 0)
			return -ENOMEM;
		text = line_of(file);
		other = disk_number(text);
		if (!other || other == facts->number)
			continue;
		if (disk_count(sys, other, "start") < end &&
		    disk_count(sys, other, "start") + disk_count(sys, other, "size") > start)
			note(&facts->overlap, "%s", strrchr(found.gl_pathv[i], '/') + 1);
	}
	return 0;
}

static char *first_of(const char *sys, dev_t number, const char *const *files)
{
	char *text = NULL;

	for (; *files && !(text && *text); files++) {
		free(text);
		text = disk_attribute(sys, number, *files);
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

	if (serial || asprintf(&path, "%s/dev/block/%u:%u/device/vpd_pg80", sys, major(disk),
			       minor(disk)) < 0)
		return serial;
	if (io_read_file(path, 4096, &page, &bytes) < 0 || bytes <= 4)
		return NULL;
	serial = page + 4 + strspn(page + 4, " ");
	return strndup(serial, strcspn(serial, " \n"));
}

/* Two paths to one disk are two disks to the kernel; a serial that two have names neither. */
static int find_twin(struct search *search, dev_t disk, char **serial)
{
	static const char *const files[] = { "wwid", "device/wwid", NULL };
	const char *sys = search->roots->sys;
	CLEANUP(freep) char *wwid = first_of(sys, disk, files);
	CLEANUP(globfree) glob_t found = { 0 };
	int r = expand(&found, "%s/block/*/dev", sys);

	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
		CLEANUP(freep) char *text = line_of(found.gl_pathv[i]);
		dev_t other = disk_number(text);
		CLEANUP(freep) char *other_wwid = first_of(sys, other, files);
		CLEANUP(freep) char *other_serial = serial_of(sys, other);
		CLEANUP(freep) char *name = disk_name(sys, other);

		/* A hidden one is a path below a disk that stands for all of them. */
		if (!other || other == disk || disk_count(sys, other, "hidden") == 1)
			continue;
		if (wwid && *wwid && other_wwid && strcmp(wwid, other_wwid) == 0)
			note(&search->facts->twin, "%s", name ? name : "another");
		if (*serial && other_serial && strcmp(*serial, other_serial) == 0) {
			free(*serial);
			*serial = NULL;
		}
	}
	return r;
}

static int find_names(struct search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;
	dev_t disk = disk_of(sys, facts->number);
	CLEANUP(freep) char *serial = serial_of(sys, disk);
	CLEANUP(freep) char *names = NULL;
	CLEANUP(globfree) glob_t found = { 0 };
	int r = find_twin(search, disk, &serial);

	if (r == 0)
		r = expand(&found, "%s/disk/by-id/*", search->roots->dev);
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		if (number_at(found.gl_pathv[i]) == facts->number)
			add(&names, "/", strrchr(found.gl_pathv[i], '/') + 1);
	if (r == 0 && !(facts->by_id = words_split(names ? names : "", "/")))
		r = -ENOMEM;
	if (r == 0 && serial && *serial && facts->is_partition &&
	    asprintf(&facts->serial, "%s-part%lld", serial,
		     disk_count(sys, facts->number, "partition")) < 0)
		r = -ENOMEM;
	else if (r == 0 && serial && *serial && !facts->is_partition)
		facts->serial = TAKE_PTR(serial);
	facts->model = disk_attribute(sys, disk, "device/model");
	if (!facts->model)
		facts->model = disk_attribute(sys, disk, "loop/backing_file");
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
static int lies_on(const struct search *search, dev_t number, dev_t disk, int depth)
{
	const char *sys = search->roots->sys;
	CLEANUP(freep) char *file = disk_attribute(sys, number, "loop/backing_file");
	CLEANUP(globfree) glob_t found = { 0 };

	if (!number || depth == DEEPEST)
		return 0;
	if (disk_of(sys, number) == disk ||
	    (file && lies_on(search, number_below(file), disk, depth + 1)))
		return 1;
	if (expand(&found, "%s/dev/block/%u:%u/slaves/*/dev", sys, major(number), minor(number)) <
	    0)
		return 1;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP(freep) char *text = line_of(found.gl_pathv[i]);

		if (lies_on(search, disk_number(text), disk, depth + 1))
			return 1;
	}
	return 0;
}

static void find_held(struct search *search, const char *const *system)
{
	dev_t disk = disk_of(search->roots->sys, search->facts->number);

	for (; *system; system++)
		if (lies_on(search, number_below(*system), disk, 0))
			add(&search->facts->holds, ", ", *system);
}

/* "UUID=...", "/dev/sdb1": as tables in /etc name devices. */
static int is_named(const struct search *search, const char *source)
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
		if (asprintf(&path, "%s/disk/%s/%s", search->roots->dev, tags[i].folder, value) < 0)
			path = NULL;
		return number_at(path) == search->facts->number;
	}
	return number_at(source) == search->facts->number;
}

/* Lines of a table, of which one word names the device. */
static int find_in_table(struct search *search, const char *file, size_t word)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *text = NULL;
	char *rest, *line;

	if (asprintf(&path, "%s/%s", search->roots->etc, file) < 0)
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
			note(&search->facts->fstab, "%s: %s", path, words[word]);
	}
	return 0;
}

/* ---- all of it ---- */

int device_uses_gather(const struct device_roots *roots, const char *const *system,
		       struct device_facts *facts)
{
	CLEANUP(search_clear) struct search search = { .roots = roots, .facts = facts };
	static int (*const finders[])(struct search * search) = {
		add_relatives, find_loops,   find_mounts,  find_swap,  find_holders,
		find_exports,  find_openers, find_overlap, find_names,
	};
	int r = 0;

	facts->name = disk_name(roots->sys, facts->number);
	if (!facts->name)
		return 0;
	facts->disk = disk_name(roots->sys, disk_of(roots->sys, facts->number));
	facts->is_partition = disk_of(roots->sys, facts->number) != facts->number;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(finders); i++)
		r = finders[i](&search);
	if (r == 0)
		r = find_in_table(&search, "fstab", 0);
	if (r == 0)
		r = find_in_table(&search, "crypttab", 1);
	if (r == 0)
		find_held(&search, system);
	facts->zoned = disk_attribute(roots->sys, facts->number, "queue/zoned");
	if (facts->zoned && strcmp(facts->zoned, "none") == 0) {
		free(facts->zoned);
		facts->zoned = NULL;
	}
	return r < 0 || facts->disk ? r : -ENOMEM;
}
