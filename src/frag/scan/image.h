/* SPDX-License-Identifier: MIT */
/* The bytes of a volume that is not mounted: an image, a device, or memory (fuzz targets). */
#ifndef FRAG_IMAGE_H
#define FRAG_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image {
	/* Exactly so many bytes: 0, or -EIO. */
	int (*read)(const struct image *image, uint64_t at, void *to, size_t bytes);
	uint64_t bytes; /* its length */
	int fd;
	const void *memory;
	bool is_mounted; /* somebody may write to it meanwhile */
	/* Checksums are not compared: for tests which damage images on purpose. */
	bool ignores_checksums;
};

/* A file or a block device.  0 or -errno; image_close() when done. */
int image_open(const char *path, struct image *ret);
void image_close(struct image *image);

/* Whether a block device is mounted, or in use as a part of another. */
bool image_is_mounted(const char *path);

struct image image_of_memory(const void *memory, size_t bytes);

/* CRC-32C as btrfs and xfs store it, before it is turned into little endian. */
uint32_t image_checksum(const void *data, size_t bytes);

/* The same with the four bytes at `hole`, where it is stored itself, taken for zero. */
uint32_t image_checksum_around(const void *data, size_t bytes, size_t hole);

#endif
