/* SPDX-License-Identifier: MIT */
/*
 * The input is damage to an image of ext4: the reader of volumes must come to an
 * end, whatever the superblock, the descriptors, inodes, extent trees, indirect
 * blocks and directories say.
 *
 *	5 bytes each	where (4, of the parts that are not zero) and what the byte becomes
 *
 * FUZZ_EXT_IMAGE names the image that is damaged; each round works on a copy in
 * memory.  Without it the input itself is the image.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "whole_volume.h"

enum { IMAGE_MAX = 64 << 20, CHUNK = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	char *bytes;
	size_t count;
	size_t *chunks; /* offsets of the parts that are not zero: metadata, and little else */
	size_t chunk_count;
	int fd; /* a copy of it in memory, kept between the rounds */
} image = { .fd = -1 };

static int is_zero(const char *bytes, size_t count)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

static int load_image(void)
{
	const char *path = getenv("FUZZ_EXT_IMAGE");

	if (!path || io_read_file(path, IMAGE_MAX, &image.bytes, &image.count) < 0)
		return -1;
	image.chunks = calloc(image.count / CHUNK + 1, sizeof(*image.chunks));
	image.fd = memfd_create("image", MFD_CLOEXEC);
	if (!image.chunks || image.fd < 0 || io_write_all(image.fd, image.bytes, image.count) < 0)
		abort();
	for (size_t at = 0; at + CHUNK <= image.count; at += CHUNK)
		if (!is_zero(image.bytes + at, CHUNK))
			image.chunks[image.chunk_count++] = at;
	return 0;
}

/* Where the damage of 5 bytes is done. */
static off_t place_of(const uint8_t *damage)
{
	uint32_t where;

	memcpy(&where, damage, sizeof(where));
	return (off_t)(image.chunks[where / CHUNK % image.chunk_count] + where % CHUNK);
}

static void damage(const uint8_t *data, size_t size, int undo)
{
	for (size_t i = 0; i + 5 <= size; i += 5) {
		off_t at = place_of(data + i);
		char byte = undo ? image.bytes[at] : (char)data[i + 4];

		if (pwrite(image.fd, &byte, 1, at) != 1)
			abort();
	}
}

static void read_volume(int fd)
{
	const struct frag_settings settings = {
		.sort = &frag_sorts[0], .worst_count = 5, .exact = 1, .cancel_fd = -1
	};
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	frag_volume(&settings, path, &result, &problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(fd_closep) int fd = -1;

	if (!image.bytes && load_image() < 0) {
		fd = memfd_create("input", MFD_CLOEXEC);
		if (fd < 0 || io_write_all(fd, data, size) < 0)
			abort();
		read_volume(fd);
		return 0;
	}
	damage(data, size, 0);
	read_volume(image.fd);
	damage(data, size, 1);
	return 0;
}
