/* SPDX-License-Identifier: MIT */
/*
 * Records what User-Mode Linux writes to its disk: a library that its dynamic linker loads first
 * (LD_PRELOAD).  The disk is written by a thread that is a bare clone(), with which no lock and no
 * buffer of the C library may be shared; so there are only system calls here, and the descriptor's
 * own position is the end of the log.  Nothing is linked, so that it fits any C library.
 *
 * An entry is complete before its write begins: whatever the guest reports as written is in the
 * log, and so is a write during which it is killed.  If the log has no space left, its super block
 * is removed, and the host finds it out; the guest continues.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "testbed/write_log.h"

union sector {
	struct write_log_super super;
	struct write_log_entry entry;
	char bytes[WRITE_LOG_SECTOR];
};

static int log_fd = -1;
static struct stat image;

static int is_image(int fd)
{
	struct stat status;

	return log_fd >= 0 && syscall(SYS_fstat, fd, &status) == 0 &&
	       status.st_dev == image.st_dev && status.st_ino == image.st_ino;
}

static void put_super(uint64_t magic)
{
	const union sector sector = { .super = { .magic = magic,
						 .version = WRITE_LOG_VERSION,
						 .sector_bytes = WRITE_LOG_SECTOR } };

	syscall(SYS_pwrite64, log_fd, &sector, sizeof(sector), 0L);
}

static void put_entry(uint64_t flags, uint64_t at, uint64_t bytes, const void *data)
{
	const union sector sector = { .entry = { .sector = at / WRITE_LOG_SECTOR,
						 .sectors = bytes / WRITE_LOG_SECTOR,
						 .flags = flags } };
	const struct iovec parts[] = {
		{ .iov_base = (void *)&sector, .iov_len = sizeof(sector) },
		{ .iov_base = (void *)data, .iov_len = data ? bytes : 0 },
	};
	long expected = (long)(parts[0].iov_len + parts[1].iov_len);

	if (at % WRITE_LOG_SECTOR || bytes % WRITE_LOG_SECTOR ||
	    syscall(SYS_writev, log_fd, parts, 2L) != expected)
		put_super(~WRITE_LOG_MAGIC);
}

/* ---- what User-Mode Linux calls ---- */

__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void *data, size_t bytes,
							off64_t at)
{
	if (is_image(fd))
		put_entry(0, (uint64_t)at, bytes, data);
	return syscall(SYS_pwrite64, fd, data, bytes, at);
}

/* To punch a hole, and to write zeroes: both read as zeroes afterwards. */
__attribute__((visibility("default"))) int fallocate64(int fd, int mode, off64_t at, off64_t bytes)
{
	if (is_image(fd) && mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		put_entry(WRITE_LOG_DISCARD, (uint64_t)at, (uint64_t)bytes, NULL);
	return (int)syscall(SYS_fallocate, fd, mode, at, bytes);
}

/* Not called for flushes of the guest up to 7.2, which never reach its disk's thread. */
__attribute__((visibility("default"))) int fsync(int fd)
{
	if (is_image(fd))
		put_entry(WRITE_LOG_FLUSH, 0, 0, NULL);
	return (int)syscall(SYS_fsync, fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
	if (is_image(fd))
		put_entry(WRITE_LOG_FLUSH, 0, 0, NULL);
	return (int)syscall(SYS_fdatasync, fd);
}

/* ---- start ---- */

static const char *find_variable(char **environment)
{
	static const char name[] = WRITE_LOG_VARIABLE "=";

	for (; *environment; environment++)
		if (strncmp(*environment, name, sizeof(name) - 1) == 0)
			return *environment + sizeof(name) - 1;
	return NULL;
}

static int take_number(const char **text)
{
	int number = 0;

	while (**text >= '0' && **text <= '9')
		number = 10 * number + *(*text)++ - '0';
	if (**text)
		(*text)++;
	return number;
}

/* The C library may not have been started yet; it passes the arguments of main(). */
__attribute__((constructor)) static void start(int count, char **arguments, char **environment)
{
	const char *numbers = find_variable(environment);
	int fd;

	(void)count;
	(void)arguments;
	if (!numbers)
		return;
	fd = take_number(&numbers);
	if (syscall(SYS_fstat, take_number(&numbers), &image) < 0)
		return;
	log_fd = fd;
	put_super(WRITE_LOG_MAGIC);
	syscall(SYS_lseek, log_fd, (long)WRITE_LOG_SECTOR, (long)SEEK_SET);
}
