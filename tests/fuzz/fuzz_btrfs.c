/* SPDX-License-Identifier: MIT */
/*
 * The input is damage to an image of btrfs: its reader must come to an end,
 * whatever the superblock, the chunks, the nodes and the items say.  Checksums are
 * not compared, or hardly anything would come past them.  Without an image the
 * input itself is one.
 */
#include <stdint.h>
#include <stdlib.h>

#include "btrfs.h"
#include "cleanup.h"
#include "damage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int see(const struct frag_file *file, void *context)
{
	(void)context;
	if (file->path && !*file->path)
		abort();
	return 0;
}

static void read_volume(const void *bytes, size_t count)
{
	const struct frag_settings settings = { .sort = &frag_sorts[0],
						.worst_count = 5,
						.exact = true,
						.threads = 1,
						.each = see,
						.cancel_fd = -1 };
	const struct frag_place place = { .path = "image", .fd = -1 };
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct image image = image_of_memory(bytes, count);

	image.ignores_checksums = true;
	if (totals_init(&result.totals, settings.sort, settings.worst_count, false) < 0)
		abort();
	btrfs_scan_image(&settings, &place, &image, &result, &problem);
	totals_finish(&result.totals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct damaged *image = damage_load();

	if (!image) {
		read_volume(data, size);
		return 0;
	}
	damage_do(image, data, size);
	read_volume(image->bytes, image->count);
	damage_undo(image, data, size);
	return 0;
}
