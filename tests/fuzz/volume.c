/* SPDX-License-Identifier: MIT */
#include "volume.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "damage.h"
#include "frag/frag.h"
#include "frag/show/file.h"

/* Whatever the image says, a row has to make sense. */
static int see(const struct frag_file *file, void *context)
{
	const struct layout *layout = &file->layout;

	(void)context;
	if ((file->path && !*file->path) || layout->fragments > layout->extents ||
	    layout->largest_bytes > layout->mapped_bytes)
		abort();
	return 0;
}

static void read_volume(const void *bytes, size_t count, scan_fn scan)
{
	const struct frag_settings settings = { .sort = &frag_sorts[0],
						.worst_count = 5,
						.exact = true,
						.with_names = true,
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
	scan(&settings, &place, &image, &result, &problem);
	totals_finish(&result.totals);
}

void volume_round(const uint8_t *data, size_t size, scan_fn scan)
{
	struct damaged *image = damage_load();

	if (!image) {
		read_volume(data, size, scan);
		return;
	}
	damage_do(image, data, size);
	read_volume(image->bytes, image->count, scan);
	damage_undo(image, data, size);
}
