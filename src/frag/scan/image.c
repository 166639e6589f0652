/* SPDX-License-Identifier: MIT */
/*
 * Readers of volumes take their bytes from here, so that the same code reads a
 * device and what a fuzz target has in memory.  Opened for reading alone.
 */
#include "frag/scan/image.h"

#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"

static int read_file(const struct image *image, uint64_t at, void *to, size_t bytes)
{
	if (at > image->bytes || bytes > image->bytes - at)
		return -EIO;
	return io_read_at(image->fd, at, to, bytes);
}

static int read_memory(const struct image *image, uint64_t at, void *to, size_t bytes)
{
	if (at > image->bytes || bytes > image->bytes - at)
		return -EIO;
	memcpy(to, (const char *)image->memory + at, bytes);
	return 0;
}

/* The kernel gives a mounted one to nobody else alone; of files that are no devices, O_EXCL says
 * nothing. */
bool image_is_mounted(const char *path)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	return fd < 0 && errno == EBUSY;
}

int image_open(const char *path, struct image *ret)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image image = { .read = read_file };
	struct stat status;
	off_t bytes;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	bytes = lseek(fd, 0, SEEK_END);
	if (bytes < 0)
		return -errno;
	image.bytes = (uint64_t)bytes;
	image.is_mounted = S_ISBLK(status.st_mode) && image_is_mounted(path);
	image.fd = TAKE_FD(fd);
	*ret = image;
	return 0;
}

void image_close(struct image *image)
{
	if (image->read == read_file)
		fd_close(image->fd);
	*image = (struct image) { 0 };
}

struct image image_of_memory(const void *memory, size_t bytes)
{
	return (struct image) { .read = read_memory, .memory = memory, .bytes = bytes };
}

uint32_t image_checksum(const void *data, size_t bytes)
{
	return ~ext2fs_crc32c_le(~0u, data, bytes);
}

uint32_t image_checksum_around(const void *data, size_t bytes, size_t hole)
{
	static const unsigned char zero[4];
	const unsigned char *behind = (const unsigned char *)data + hole + sizeof(zero);
	uint32_t sum = ext2fs_crc32c_le(~0u, data, hole);

	sum = ext2fs_crc32c_le(sum, zero, sizeof(zero));
	return ~ext2fs_crc32c_le(sum, behind, bytes - hole - sizeof(zero));
}
