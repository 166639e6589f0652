/* SPDX-License-Identifier: MIT */
/*
 * The image is copied once; each round changes some of its bytes and puts them
 * back, since a round must not cost as much as the image is large.
 */
#include "damage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"

enum { IMAGE_MAX = 256 << 20, CHUNK = 512 };

static int is_zero(const char *bytes, size_t count)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

static void load(const char *path, struct damaged *image)
{
	if (io_read_file(path, IMAGE_MAX, &image->whole, &image->count) < 0)
		abort();
	image->chunks = calloc(image->count / CHUNK + 1, sizeof(*image->chunks));
	image->fd = memfd_create("image", MFD_CLOEXEC);
	if (!image->chunks || image->fd < 0 || ftruncate(image->fd, (off_t)image->count) < 0)
		abort();
	image->bytes = mmap(NULL, image->count, PROT_READ | PROT_WRITE, MAP_SHARED, image->fd, 0);
	if (image->bytes == MAP_FAILED)
		abort();
	for (size_t at = 0; at + CHUNK <= image->count; at += CHUNK)
		if (!is_zero(image->whole + at, CHUNK)) {
			memcpy(image->bytes + at, image->whole + at, CHUNK);
			image->chunks[image->chunk_count++] = at;
		}
}

struct damaged *damage_load(void)
{
	static struct damaged image;
	const char *path = getenv("FUZZ_IMAGE");

	if (!path)
		return NULL;
	if (!image.bytes)
		load(path, &image);
	return &image;
}

/* Few, or nothing would be left of the superblock. */
static size_t count_of(const uint8_t *data, size_t size)
{
	size_t most = size ? (data[0] & 15u) + 1 : 0, there = size ? (size - 1) / 5 : 0;

	return there < most ? there : most;
}

static size_t place_of(const struct damaged *image, const uint8_t *damage)
{
	uint32_t where;

	memcpy(&where, damage, sizeof(where));
	return image->chunks[where / CHUNK % image->chunk_count] + where % CHUNK;
}

void damage_do(struct damaged *image, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < count_of(data, size); i++)
		image->bytes[place_of(image, data + 1 + 5 * i)] = (char)data[5 + 5 * i];
}

void damage_undo(struct damaged *image, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < count_of(data, size); i++) {
		size_t at = place_of(image, data + 1 + 5 * i);

		image->bytes[at] = image->whole[at];
	}
}
