/* SPDX-License-Identifier: MIT */
/*
 * The input is what a kernel answers to FS_IOC_GETFSMAP: reading free space must
 * come to an end, whatever it says.
 *
 *	per call a signed byte, the number of records (negative: an errno); per
 *	record flags (1), owner (1), where and how long (8 each)
 */
#include <linux/fsmap.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "frag/account/free_space.h"
#include "input.h"
#include "extent/extent_kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int answer(void *context, int fd, unsigned long request, void *argument)
{
	struct fsmap_head *head = argument;
	struct input *input = context;
	int8_t count = (int8_t)input_byte(input);

	(void)fd;
	must(request == FS_IOC_GETFSMAP);
	if (count < 0)
		return count;
	/* More than there is room for is a lie, and nothing is written there. */
	head->fmh_entries = count == 127 ? head->fmh_count + 1 : (uint32_t)count;
	for (int i = 0; i < count && count != 127; i++) {
		struct fsmap *record = &head->fmh_recs[i];
		uint8_t flags = input_byte(input);

		*record = (struct fsmap) { .fmr_device = flags & 2 ? 7 : 8 };
		if (flags & 1)
			record->fmr_flags |= FMR_OF_SPECIAL_OWNER;
		if (flags & 4)
			record->fmr_flags |= FMR_OF_LAST;
		record->fmr_owner = input_byte(input) & 1 ? FMR_OWN_FREE : FMR_OWN_METADATA;
		input_take(input, &record->fmr_physical, 8);
		input_take(input, &record->fmr_length, 8);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	const struct extent_kernel kernel = { .control = answer, .context = &input };
	struct free_space space = { 0 };
	uint64_t runs = 0;

	if (free_space_by_fsmap(&kernel, -1, 8, &space) < 0)
		return 0;
	for (size_t i = 0; i < FREE_CLASSES; i++)
		runs += space.by_size[i].runs;
	must(runs == space.runs && space.run_bytes == 0);
	free_space_fragments(&space, 1 << 30);
	return 0;
}
