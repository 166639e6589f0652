/* SPDX-License-Identifier: MIT */
/*
 * Who uses a device.  The kernel refuses an exclusive open for most uses, but does not report the
 * user.  It also does not know of those who did not open the device exclusively themselves: a
 * virtual machine on a raw disk, a loop device on top, an export.
 *
 * A use of the whole disk is a use of its partitions and vice versa, so all of them are searched
 * for together ("relatives").  All comparisons are by device number.  Paths in these tables may
 * belong to another namespace, and are only shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/loop.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "base/words.h"
#include "blockdev/mounts.h"
#include "blockdev/storage.h"
#include "blockdev/sysfs.h"
#include "testbed/device_facts.h"

/* The device, and its disk or its partitions. */
struct relative {
	dev_t number;
	char *name, *note; /* "sdb1", " (its partition sdb1)" */
};

struct uses_search {
	const struct device_roots *roots;
	struct device_facts *facts;
	struct relative *relatives;
	size_t count;
	dev_t file_device; /* the file of a loop device */
	ino_t file_inode;  /* 0: it is not a loop device */
};

static void search_clear(struct uses_search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		free(search->relatives[i].name);
		free(search->relatives[i].note);
	}
	free(search->relatives);
}

/* ---- sentences ---- */

__attribute__((format(printf, 2, 3))) static void note_use(char **fact, const char *format, ...)
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

static void add_word(char **fact, const char *separator, const char *word)
{
	(void)text_join(fact, separator, word);
}

/* ---- paths and numbers ---- */

static dev_t number_at(const char *path)
{
	struct stat status;

	return path && stat(path, &status) == 0 && S_ISBLK(status.st_mode) ? status.st_rdev : 0;
}

static const struct relative *uses_find(const struct uses_search *search, dev_t number)
{
	for (size_t i = 0; number && i < search->count; i++)
		if (search->relatives[i].number == number)
			return &search->relatives[i];
	return NULL;
}

__attribute__((format(printf, 2, 3))) static int glob_paths(glob_t *found, const char *format, ...)
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
		r = glob_paths(&found, "%s/dev/block/%u:%u/*/partition", search->roots->sys,
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
		add_word(&facts->partitions, ", ", search->relatives[i].name);
	return r;
}

/* ---- the disk: other partitions, names, what the system needs ---- */

/* ---- other partitions and other disks ---- */

static int find_overlap(struct uses_search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;
	dev_t disk = sysfs_disk(sys, facts->number);
	long long start = sysfs_count(sys, facts->number, "start");
	long long end = start + sysfs_count(sys, facts->number, "size");
	CLEANUP(globfree) glob_t found = { 0 };

	if (!facts->is_partition)
		return 0;
	if (glob_paths(&found, "%s/dev/block/%u:%u/*/start", sys, major(disk), minor(disk)) < 0)
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
			note_use(&facts->overlap, "%s", strrchr(found.gl_pathv[i], '/') + 1);
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

/* SCSI page 0x80: four bytes, then the serial number. */
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

/*
 * Two paths to one disk are two disks for the kernel.  A serial number shared by two disks
 * identifies neither.
 */
static int find_twin(struct uses_search *search, dev_t disk, char **serial)
{
	static const char *const files[] = { "wwid", "device/wwid", NULL };
	const char *sys = search->roots->sys;
	CLEANUP(freep) char *wwid = first_of(sys, disk, files);
	CLEANUP(globfree) glob_t found = { 0 };
	int r = glob_paths(&found, "%s/block/*/dev", sys);

	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
		CLEANUP(freep) char *text = sysfs_text(found.gl_pathv[i]);
		dev_t other = sysfs_number(text);
		CLEANUP(freep) char *other_wwid = first_of(sys, other, files);
		CLEANUP(freep) char *other_serial = serial_of(sys, other);
		CLEANUP(freep) char *name = sysfs_name(sys, other);

		/* A hidden device is a path of a disk that represents all of its paths. */
		if (!other || other == disk || sysfs_count(sys, other, "hidden") == 1)
			continue;
		if (wwid && *wwid && other_wwid && strcmp(wwid, other_wwid) == 0)
			note_use(&search->facts->twin, "%s", name ? name : "another");
		if (*serial && other_serial && strcmp(*serial, other_serial) == 0) {
			free(*serial);
			*serial = NULL;
		}
	}
	return r;
}

static int find_names(struct uses_search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;
	dev_t disk = sysfs_disk(sys, facts->number);
	CLEANUP(freep) char *serial = serial_of(sys, disk);
	CLEANUP(freep) char *names = NULL;
	CLEANUP(globfree) glob_t found = { 0 };
	int r = find_twin(search, disk, &serial);

	if (r == 0)
		r = glob_paths(&found, "%s/disk/by-id/*", search->roots->dev);
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		if (number_at(found.gl_pathv[i]) == facts->number)
			add_word(&names, "/", strrchr(found.gl_pathv[i], '/') + 1);
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
	CLEANUP(storage_clear) struct storage storage = { 0 };
	struct stat status;

	if (stat(path, &status) < 0)
		return 0;
	/* btrfs, overlayfs and others have numbers of no device. */
	if (major(status.st_dev) == 0 && storage_find(path, &storage) == 0)
		return storage.number;
	return status.st_dev;
}

enum { DEEPEST = 8 };

/* Follows dm, md and loop devices down. */
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
	if (glob_paths(&found, "%s/dev/block/%u:%u/slaves/*/dev", sys, major(number),
		       minor(number)) < 0)
		return 1;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP(freep) char *text = sysfs_text(found.gl_pathv[i]);

		if (lies_on(search, sysfs_number(text), disk, depth + 1))
			return 1;
	}
	return 0;
}

static void find_held(struct uses_search *search, const char *const *system)
{
	dev_t disk = sysfs_disk(search->roots->sys, search->facts->number);

	for (; *system; system++)
		if (lies_on(search, number_below(*system), disk, 0))
			add_word(&search->facts->holds, ", ", *system);
}

/* ---- devices on top, and who has it open ---- */

static int find_holders(struct uses_search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;

	for (size_t i = 0; i < search->count; i++) {
		const struct relative *one = &search->relatives[i];
		CLEANUP(globfree) glob_t holders = { 0 };
		CLEANUP(globfree) glob_t btrfs = { 0 };
		CLEANUP(globfree) glob_t bcache = { 0 };

		if (glob_paths(&holders, "%s/dev/block/%u:%u/holders/*", sys, major(one->number),
			       minor(one->number)) < 0 ||
		    glob_paths(&btrfs, "%s/fs/btrfs/*/devices/%s", sys, one->name) < 0 ||
		    glob_paths(&bcache, "%s/dev/block/%u:%u/bcache", sys, major(one->number),
			       minor(one->number)) < 0)
			return -ENOMEM;
		if (holders.gl_pathc)
			note_use(&facts->holders, "%s%s", strrchr(holders.gl_pathv[0], '/') + 1,
				 one->note);
		if (btrfs.gl_pathc)
			note_use(&facts->registered, "a mounted btrfs%s", one->note);
		if (bcache.gl_pathc)
			note_use(&facts->registered, "bcache%s", one->note);
	}
	return 0;
}

/* Subsystems that open a block device without claiming it, and name it in a file. */
static int find_exports(struct uses_search *search)
{
	static const char *const tables[] = {
		"target/core/*/*/udev_path",
		"nvmet/subsystems/*/namespaces/*/device_path",
		"usb_gadget/*/functions/mass_storage.*/lun.*/file",
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		CLEANUP(globfree) glob_t found = { 0 };

		if (glob_paths(&found, "%s/kernel/config/%s", search->roots->sys, tables[i]) < 0)
			return -ENOMEM;
		for (size_t j = 0; j < found.gl_pathc; j++) {
			CLEANUP(freep) char *device = sysfs_text(found.gl_pathv[j]);

			if (uses_find(search, number_at(device)))
				note_use(&search->facts->exported, "%s", found.gl_pathv[j]);
		}
	}
	return 0;
}

/* The status of a loop device.  0, or -ENODEV: it is not a loop device or has no file. */
static int loop_status(const struct uses_search *search, const char *name, struct loop_info64 *ret)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(fd_closep) int fd = -1;

	if (strncmp(name, "loop", 4) != 0 || !(path = text_path(search->roots->dev, name)))
		return -ENODEV;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 || ioctl(fd, LOOP_GET_STATUS64, ret) < 0 ? -ENODEV : 0;
}

/* Finds the file of a loop device, and loop devices on the device or on the same file. */
static int find_loops(struct uses_search *search)
{
	struct device_facts *facts = search->facts;
	CLEANUP(globfree) glob_t found = { 0 };
	struct loop_info64 loop;

	if (loop_status(search, facts->disk, &loop) == 0) {
		search->file_device = loop.lo_device;
		search->file_inode = loop.lo_inode;
		if (loop.lo_rdevice)
			facts->below = sysfs_name(search->roots->sys, loop.lo_rdevice);
	}
	if (glob_paths(&found, "%s/block/loop*/loop", search->roots->sys) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *name = found.gl_pathv[i] + strlen(search->roots->sys) + strlen("/block/");
		const struct relative *on;

		name[strcspn(name, "/")] = '\0';
		if (strcmp(name, facts->disk) == 0 || loop_status(search, name, &loop) < 0)
			continue;
		on = uses_find(search, loop.lo_rdevice);
		if (on)
			note_use(&facts->looped, "%s%s", name, on->note);
		else if (search->file_inode && loop.lo_inode == search->file_inode &&
			 loop.lo_device == search->file_device)
			note_use(&facts->looped, "%s, which is made from the same file", name);
	}
	return 0;
}

/* Whether an open file is the device or its file. */
static int is_ours(const struct uses_search *search, const struct stat *status)
{
	return (S_ISBLK(status->st_mode) && uses_find(search, status->st_rdev)) ||
	       (search->file_inode && status->st_ino == search->file_inode &&
		status->st_dev == search->file_device);
}

/* /proc/PID/fdinfo/N for /proc/PID/fd/N; its flags are octal. */
static int is_writable(const char *process, const char *number)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *text = NULL;
	const char *flags;

	path = text_format("%s/fdinfo/%s", process, number);
	if (!path) {
		return 1;
	}
	if (io_read_file(path, 4096, &text, NULL) < 0)
		return 0;
	flags = strstr(text, "flags:\t");
	return flags && (strtol(flags + strlen("flags:\t"), NULL, 8) & O_ACCMODE) != O_RDONLY;
}

static int find_openers(struct uses_search *search)
{
	CLEANUP(globfree) glob_t found = { 0 };
	struct stat status;

	if (glob_paths(&found, "%s/[0-9]*/fd/*", search->roots->proc) < 0)
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
		comm = text_format("%s/comm", path);
		if (!comm)
			return -ENOMEM;
		name = sysfs_text(comm);
		note_use(&search->facts->opened, "%s (process %s)", name ? name : "?",
			 strrchr(path, '/') + 1);
	}
	return 0;
}

/* ---- tables that name devices ---- */

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
			found = uses_find(search, number_at(mount->source));
		if (found)
			note_use(&search->facts->mounted, "%s%s%s%s", mount->point, found->note,
				 is_ours ? "" : ", in the mount namespace of process ",
				 is_ours ? "" : strrchr(process, '/') + 1);
	}
	/* The process may have ended meanwhile.  Our own mounts must be readable. */
	return r == -ENOMEM || is_ours ? r : 0;
}

static int find_mounts(struct uses_search *search)
{
	return mounts_each_namespace(search->roots->proc, find_in_namespace, search);
}

/* Lines after a heading; the first word is the escaped path of a device or a file. */
static int find_swap(struct uses_search *search)
{
	CLEANUP(freep) char *path = text_path(search->roots->proc, "swaps");
	CLEANUP(freep) char *text = NULL;
	char *rest, *line;

	if (!path)
		return -ENOMEM;
	/* A kernel may lack swap. */
	if (io_read_file(path, 1 << 20, &text, NULL) < 0)
		return 0;
	rest = strchr(text, '\n');
	while ((line = strsep(&rest, "\n"))) {
		const struct relative *found;

		line[strcspn(line, " \t")] = '\0';
		escape_resolve(line);
		found = *line ? uses_find(search, number_at(line)) : NULL;
		if (found)
			note_use(&search->facts->swap, "%s%s", line, found->note);
	}
	return 0;
}

/* ---- tables in /etc ---- */

/* "UUID=...", "/dev/sdb1": names of devices in tables of /etc. */
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
		return number_at(path) == search->facts->number;
	}
	return number_at(source) == search->facts->number;
}

/* Lines of a table; one word names the device. */
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
			note_use(&search->facts->fstab, "%s: %s", path, words[word]);
	}
	return 0;
}

static int find_in_etc(struct uses_search *search)
{
	int r = find_in_table(search, "fstab", 0);

	return r < 0 ? r : find_in_table(search, "crypttab", 1);
}

/* ---- all of it ---- */

int device_uses_gather(const struct device_roots *roots, const char *const *system,
		       struct device_facts *facts)
{
	CLEANUP(search_clear) struct uses_search search = { .roots = roots, .facts = facts };
	static int (*const finders[])(struct uses_search * search) = {
		add_relatives, find_loops,   find_mounts,  find_swap,  find_holders,
		find_exports,  find_openers, find_overlap, find_names, find_in_etc,
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
		find_held(&search, system);
	facts->zoned = sysfs_attribute(roots->sys, facts->number, "queue/zoned");
	if (facts->zoned && strcmp(facts->zoned, "none") == 0) {
		free(facts->zoned);
		facts->zoned = NULL;
	}
	return r;
}
