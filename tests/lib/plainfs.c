/* SPDX-License-Identifier: MIT */
/*
 * A FUSE file system that lacks all that FUSE does not insist on: no fallocate,
 * no lseek.  Its files are those of a tmpfs of its own, so that block counts are
 * real.  usage: plainfs MOUNTPOINT [sized] [no-rename]; serves until it is unmounted.
 *
 * sized: block counts are computed from the length, as sshfs does.  What is free
 * (statvfs) is real.
 *
 * A file whose name starts with "late" has its write errors reported by fsync() only,
 * as sshfs and network file systems do.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FD_MAX = 1024 };

static int root_fd;
static int sized;
static int late_errors[FD_MAX]; /* 0 or an errno, per open file */

/* Relative to root_fd; the root itself is ".". */
static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int plain_getattr(const char *path, struct stat *status, struct fuse_file_info *info)
{
	enum { BLOCK = 4096 };

	(void)info;
	if (fstatat(root_fd, below(path), status, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (sized)
		status->st_blocks = (status->st_size + BLOCK - 1) / BLOCK * (BLOCK / 512);
	return 0;
}

static int plain_create(const char *path, mode_t mode, struct fuse_file_info *info)
{
	int fd = openat(root_fd, below(path), O_RDWR | O_CREAT | O_CLOEXEC, mode);

	if (fd >= FD_MAX) {
		close(fd);
		return -EMFILE;
	}
	if (fd < 0)
		return -errno;
	info->fh = (uint64_t)fd;
	late_errors[fd] = 0;
	return 0;
}

static int plain_open(const char *path, struct fuse_file_info *info)
{
	return plain_create(path, 0600, info);
}

static int plain_read(const char *path, char *data, size_t bytes, off_t at,
		      struct fuse_file_info *info)
{
	ssize_t got = pread((int)info->fh, data, bytes, at);

	(void)path;
	return got < 0 ? -errno : (int)got;
}

static int plain_write(const char *path, const char *data, size_t bytes, off_t at,
		       struct fuse_file_info *info)
{
	int fd = (int)info->fh;
	ssize_t written = pwrite(fd, data, bytes, at);
	struct stat status;

	if (written == (ssize_t)bytes || strncmp(path, "/late", 5) != 0)
		return written < 0 ? -errno : (int)written;
	late_errors[fd] = ENOSPC;
	/* The length is known to the kernel already. */
	if (fstat(fd, &status) == 0 && status.st_size < at + (off_t)bytes &&
	    ftruncate(fd, at + (off_t)bytes) < 0)
		return -errno;
	return (int)bytes;
}

static int plain_truncate(const char *path, off_t bytes, struct fuse_file_info *info)
{
	int fd = info ? (int)info->fh : openat(root_fd, below(path), O_RDWR | O_CLOEXEC);
	int r = fd < 0 || ftruncate(fd, bytes) < 0 ? -errno : 0;

	if (!info && fd >= 0)
		close(fd);
	return r;
}

static int plain_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
	int error = late_errors[info->fh];

	(void)path, (void)data_only;
	late_errors[info->fh] = 0;
	return -error;
}

static int plain_release(const char *path, struct fuse_file_info *info)
{
	(void)path;
	close((int)info->fh);
	return 0;
}

static int plain_unlink(const char *path)
{
	return unlinkat(root_fd, below(path), 0) < 0 ? -errno : 0;
}

/* libfuse renames what is removed while it is open. */
static int plain_rename(const char *from, const char *to, unsigned flags)
{
	return flags || renameat(root_fd, below(from), root_fd, below(to)) < 0 ? -errno : 0;
}

static int plain_statfs(const char *path, struct statvfs *volume)
{
	(void)path;
	return fstatvfs(root_fd, volume) < 0 ? -errno : 0;
}

static struct fuse_operations operations = {
	.getattr = plain_getattr,
	.create = plain_create,
	.open = plain_open,
	.read = plain_read,
	.write = plain_write,
	.truncate = plain_truncate,
	.fsync = plain_fsync,
	.release = plain_release,
	.unlink = plain_unlink,
	.rename = plain_rename,
	.statfs = plain_statfs,
};

/* Its own tmpfs, seen by nobody else; our copy of our own mount would keep us alive. */
static int open_store(const char *mount_point)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	if (umount2(mount_point, MNT_DETACH) < 0)
		return -1;
	if (mount("plainfs", "/mnt", "tmpfs", 0, "size=320m") < 0)
		return -1;
	return open("/mnt", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int take_options(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!strcmp(argv[i], "sized"))
			sized = 1;
		else if (!strcmp(argv[i], "no-rename"))
			operations.rename = NULL;
		else
			return -1;
	return argc < 2 ? -1 : 0;
}

int main(int argc, char **argv)
{
	char *arguments[] = { argv[0], NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
	struct fuse *fuse;
	int r;

	if (take_options(argc, argv) < 0)
		return 2;
	fuse = fuse_new(&args, &operations, sizeof(operations), NULL);
	/* Mounted before the namespace is left: the mount point is the parent's. */
	if (!fuse || fuse_mount(fuse, argv[1]) < 0)
		return 1;
	root_fd = open_store(argv[1]);
	if (root_fd < 0)
		return 1;
	r = fuse_loop(fuse);
	fuse_unmount(fuse);
	fuse_destroy(fuse);
	return r;
}
