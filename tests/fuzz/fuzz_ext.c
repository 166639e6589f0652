/* SPDX-License-Identifier: MIT */
/*
 * The input is damage to an image of ext4: the reader of volumes must come to an
 * end, whatever the superblock, the descriptors, inodes, extent trees, indirect
 * blocks and directories say.  Without an image the input itself is one.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "damage.h"
#include "base/io.h"
#include "frag/frag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_volume(int fd)
{
	const struct frag_settings settings = { .sort = &frag_sorts[0],
						.worst_count = 5,
						.exact = 1,
						.with_names = 1,
						.threads = 1,
						.cancel_fd = -1 };
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	frag_volume(&settings, path, &result, &problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct damaged *image = damage_load();
	CLEANUP(fd_closep) int fd = -1;

	if (!image) {
		fd = memfd_create("input", MFD_CLOEXEC);
		if (fd < 0 || io_write_all(fd, data, size) < 0)
			abort();
		read_volume(fd);
		return 0;
	}
	damage_do(image, data, size);
	read_volume(image->fd);
	damage_undo(image, data, size);
	return 0;
}
