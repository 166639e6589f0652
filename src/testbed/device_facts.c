/* SPDX-License-Identifier: MIT */
/*
 * The path is resolved once, by O_PATH, which does not open the device: a tape would rewind and a
 * FIFO would block.  The device is then opened through that descriptor, so that all steps use the
 * same device.
 *
 * An exclusive open shows whether a file system, swap, md, dm or another careful program uses the
 * device. mkfs and mount open it exclusively themselves, so it is closed again.  A plain
 * descriptor and the lock of the disk remain; systemd's tools also respect that lock.  All
 * descriptors are read-only, since a kernel may refuse to mount a device that is open for writing.
 */
#include "testbed/device_facts.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blockdev/sysfs.h"

/* Time to wait for the lock: udev has it for a moment after each change. */
enum { LOCK_TRIES = 20, LOCK_PAUSE_MS = 100 };

const struct device_roots device_roots = { "/sys", "/proc", "/dev", "/etc" };

/* ---- signatures ---- */

static void probe_freep(blkid_probe *probe)
{
	if (*probe)
		blkid_free_probe(*probe);
}

static int take(blkid_probe probe, const char *name, char **ret)
{
	const char *value;

	if (blkid_probe_lookup_value(probe, name, &value, NULL) < 0)
		return 0;
	*ret = strdup(value);
	return *ret ? 0 : -ENOMEM;
}

/*
 * Prepares a search for file systems and similar signatures, and optionally for partition tables.
 */
static int start_probe(int fd, int tables, blkid_probe *ret)
{
	*ret = blkid_new_probe();
	if (!*ret)
		return -ENOMEM;
	errno = 0;
	if (blkid_probe_set_device(*ret, fd, 0, 0) < 0)
		return errno ? -errno : -EIO;
	blkid_probe_enable_superblocks(*ret, 1);
	blkid_probe_set_superblocks_flags(*ret, BLKID_SUBLKS_DEFAULT | BLKID_SUBLKS_USAGE |
							BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(*ret, tables);
	blkid_probe_set_partitions_flags(*ret, BLKID_PARTS_FORCE_GPT | BLKID_PARTS_MAGIC);
	return 0;
}

int signature_wipe(int fd)
{
	CLEANUP(probe_freep) blkid_probe probe = NULL;
	int r = start_probe(fd, 1, &probe);

	while (r == 0 && (r = blkid_do_probe(probe)) == 0)
		if (blkid_do_wipe(probe, 0) < 0)
			return -EIO;
	/* 1: there are no more. */
	return r == 1 ? 0 : r < 0 ? -EIO : r;
}

/* For the disk of a partition: only signatures besides the partition table. */
static int find_signature(int fd, int tables, struct signature *ret)
{
	CLEANUP(probe_freep) blkid_probe probe = NULL;
	int r = start_probe(fd, tables, &probe);

	if (r < 0) {
		ret->unreadable = -r;
		return r == -ENOMEM ? r : 0;
	}
	r = blkid_do_safeprobe(probe);
	ret->ambivalent = r == -2;
	if (r == -1)
		ret->unreadable = errno ? errno : EIO;
	if (r != 0)
		return 0;
	r = take(probe, "TYPE", &ret->type);
	if (r == 0)
		r = take(probe, "USAGE", &ret->usage);
	if (r == 0)
		r = take(probe, "LABEL", &ret->label);
	if (r == 0)
		r = take(probe, "UUID", &ret->uuid);
	return r < 0 ? r : take(probe, "PTTYPE", &ret->table);
}

/* ---- opening ---- */

static const char *kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFBLK:
		return NULL;
	case S_IFDIR:
		return "a directory";
	case S_IFREG:
		return "a file";
	case S_IFCHR:
		return "a character device";
	case S_IFIFO:
		return "a FIFO";
	default:
		return "something else";
	}
}

static int open_again(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags);
}

/* Returns a descriptor, or -1 with the reason in the facts. */
static int open_device(struct device_facts *facts)
{
	CLEANUP(fd_closep) int path_fd = open(facts->path, O_PATH | O_CLOEXEC);
	CLEANUP(fd_closep) int exclusive_fd = -1;
	struct stat status;
	int fd;

	if (path_fd < 0 || fstat(path_fd, &status) < 0) {
		facts->error = errno;
		return -1;
	}
	facts->kind = kind_of(status.st_mode);
	if (facts->kind)
		return -1;
	facts->number = status.st_rdev;
	exclusive_fd = open_again(path_fd, O_EXCL);
	facts->busy = exclusive_fd < 0 && errno == EBUSY;
	fd = open_again(path_fd, 0);
	if (fd < 0 || (exclusive_fd < 0 && !facts->busy))
		facts->error = errno;
	return fd;
}

static int measure(int fd, struct device_facts *facts)
{
	if (ioctl(fd, BLKGETSIZE64, &facts->bytes) < 0 ||
	    ioctl(fd, BLKROGET, &facts->read_only) < 0)
		facts->error = errno;
	if (ioctl(fd, BLKGETDISKSEQ, &facts->sequence) < 0)
		facts->sequence = 0;
	return find_signature(fd, 1, &facts->found);
}

/* The node in /dev: locks on different nodes of the same number are independent. */
static int open_disk(const struct device_facts *facts)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(fd_closep) int fd = -1;
	struct stat status;

	path = text_path(device_roots.dev, facts->disk);
	if (!path)
		return -1;
	/* sysfs has "!" for the "/" in a name. */
	for (char *letter = path; *letter; letter++)
		if (*letter == '!')
			*letter = '/';
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISBLK(status.st_mode) ||
	    status.st_rdev != sysfs_disk(device_roots.sys, facts->number))
		return -1;
	return TAKE_FD(fd);
}

int device_lock(const struct device_facts *facts, int *ret_fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	CLEANUP(fd_closep) int fd = open_disk(facts);

	if (fd < 0)
		return -ENOENT;
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i == LOCK_TRIES)
			return -errno;
		nanosleep(&pause, NULL);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* ---- all of it ---- */

int device_facts_gather(const char *path, const char *const *system, struct device_facts *ret,
			int *ret_fd)
{
	CLEANUP(fd_closep) int fd = -1;
	CLEANUP(fd_closep) int disk_fd = -1;
	int r;

	*ret = (struct device_facts) { .path = strdup(path) };
	if (!ret->path)
		return -ENOMEM;
	fd = open_device(ret);
	if (ret->kind)
		return 0;
	r = fd < 0 ? 0 : measure(fd, ret);
	if (r == 0 && ret->number)
		r = device_uses_gather(&device_roots, system, ret);
	if (r == 0 && ret->is_partition && (disk_fd = open_disk(ret)) >= 0)
		r = find_signature(disk_fd, 0, &ret->disk_found);
	*ret_fd = TAKE_FD(fd);
	return r;
}

static void signature_clear(struct signature *signature)
{
	free(signature->type);
	free(signature->usage);
	free(signature->label);
	free(signature->uuid);
	free(signature->table);
}

void device_facts_clear(struct device_facts *facts)
{
	char *const texts[] = {
		facts->path,	   facts->name,	   facts->disk,	   facts->model,      facts->serial,
		facts->mounted,	   facts->swap,	   facts->holders, facts->registered, facts->opened,
		facts->exported,   facts->looped,  facts->fstab,   facts->changed,    facts->zoned,
		facts->partitions, facts->overlap, facts->twin,	   facts->below,      facts->holds,
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		free(texts[i]);
	free(facts->by_id);
	signature_clear(&facts->found);
	signature_clear(&facts->disk_found);
	*facts = (struct device_facts) { 0 };
}
