/* SPDX-License-Identifier: MIT */
/* What lies on top of a device, and who has it open. */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "blockdev/sysfs.h"
#include "base/io.h"
#include "base/text.h"
#include "testbed/uses.h"

int uses_find_holders(struct uses_search *search)
{
	const char *sys = search->roots->sys;
	struct device_facts *facts = search->facts;

	for (size_t i = 0; i < search->count; i++) {
		const struct relative *one = &search->relatives[i];
		CLEANUP(globfree) glob_t holders = { 0 };
		CLEANUP(globfree) glob_t btrfs = { 0 };
		CLEANUP(globfree) glob_t bcache = { 0 };

		if (uses_glob(&holders, "%s/dev/block/%u:%u/holders/*", sys, major(one->number),
			      minor(one->number)) < 0 ||
		    uses_glob(&btrfs, "%s/fs/btrfs/*/devices/%s", sys, one->name) < 0 ||
		    uses_glob(&bcache, "%s/dev/block/%u:%u/bcache", sys, major(one->number),
			      minor(one->number)) < 0)
			return -ENOMEM;
		if (holders.gl_pathc)
			uses_note(&facts->holders, "%s%s", strrchr(holders.gl_pathv[0], '/') + 1,
				  one->note);
		if (btrfs.gl_pathc)
			uses_note(&facts->registered, "a mounted btrfs%s", one->note);
		if (bcache.gl_pathc)
			uses_note(&facts->registered, "bcache%s", one->note);
	}
	return 0;
}

/* Those who open a block device without a claim to it, and say in a file which one. */
int uses_find_exports(struct uses_search *search)
{
	static const char *const tables[] = {
		"target/core/*/*/udev_path",
		"nvmet/subsystems/*/namespaces/*/device_path",
		"usb_gadget/*/functions/mass_storage.*/lun.*/file",
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		CLEANUP(globfree) glob_t found = { 0 };

		if (uses_glob(&found, "%s/kernel/config/%s", search->roots->sys, tables[i]) < 0)
			return -ENOMEM;
		for (size_t j = 0; j < found.gl_pathc; j++) {
			CLEANUP(freep) char *device = sysfs_text(found.gl_pathv[j]);

			if (uses_find(search, uses_number_at(device)))
				uses_note(&search->facts->exported, "%s", found.gl_pathv[j]);
		}
	}
	return 0;
}

/* Of a loop device, by its name.  0, or -ENODEV: it is none, or is made of nothing. */
static int loop_status(const struct uses_search *search, const char *name, struct loop_info64 *ret)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(fd_closep) int fd = -1;

	if (strncmp(name, "loop", 4) != 0 || !(path = text_path(search->roots->dev, name)))
		return -ENODEV;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 || ioctl(fd, LOOP_GET_STATUS64, ret) < 0 ? -ENODEV : 0;
}

/* What it is made of itself, and whether others are made of it or of the same. */
int uses_find_loops(struct uses_search *search)
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
	if (uses_glob(&found, "%s/block/loop*/loop", search->roots->sys) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *name = found.gl_pathv[i] + strlen(search->roots->sys) + strlen("/block/");
		const struct relative *on;

		name[strcspn(name, "/")] = '\0';
		if (strcmp(name, facts->disk) == 0 || loop_status(search, name, &loop) < 0)
			continue;
		on = uses_find(search, loop.lo_rdevice);
		if (on)
			uses_note(&facts->looped, "%s%s", name, on->note);
		else if (search->file_inode && loop.lo_inode == search->file_inode &&
			 loop.lo_device == search->file_device)
			uses_note(&facts->looped, "%s, which is made from the same file", name);
	}
	return 0;
}

/* Open files of all processes: the device, or the file that it is made of. */
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

int uses_find_openers(struct uses_search *search)
{
	CLEANUP(globfree) glob_t found = { 0 };
	struct stat status;

	if (uses_glob(&found, "%s/[0-9]*/fd/*", search->roots->proc) < 0)
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
		uses_note(&search->facts->opened, "%s (process %s)", name ? name : "?",
			  strrchr(path, '/') + 1);
	}
	return 0;
}
