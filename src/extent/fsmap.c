/* SPDX-License-Identifier: MIT */
/*
 * The owners of all blocks of a mounted file system, by FS_IOC_GETFSMAP (ext4 and xfs, Linux
 * 4.14): the only interface that needs no knowledge of the file system.  Each call continues after
 * the last record of the previous one.
 */
#include "extent/extent_kernel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

enum { RECORDS = 2048 };

static struct fsmap_head *request_new(uint64_t device, uint64_t from, uint64_t to)
{
	struct fsmap_head *head = calloc(1, fsmap_sizeof(RECORDS));

	if (!head)
		return NULL;
	head->fmh_count = RECORDS;
	head->fmh_keys[0].fmr_device = (uint32_t)device;
	head->fmh_keys[0].fmr_physical = from;
	head->fmh_keys[1] = (struct fsmap) {
		.fmr_device = (uint32_t)device,
		.fmr_flags = UINT32_MAX,
		.fmr_physical = to,
		.fmr_owner = UINT64_MAX,
		.fmr_offset = UINT64_MAX,
	};
	return head;
}

static int compare(uint64_t one, uint64_t other)
{
	return one < other ? -1 : one > other;
}

/* After the previous key, or the kernel would never end. */
static bool continues(const struct fsmap_head *head)
{
	const struct fsmap *low = &head->fmh_keys[0],
			   *last = &head->fmh_recs[head->fmh_entries - 1];
	int order = compare(last->fmr_device, low->fmr_device);

	if (order == 0)
		order = compare(last->fmr_physical, low->fmr_physical);
	if (order == 0)
		order = low->fmr_length == 0 && last->fmr_length ? 1 : 0;
	/* Several owners can share a block. */
	if (order == 0)
		order = compare(last->fmr_owner, low->fmr_owner);
	if (order == 0)
		order = compare(last->fmr_offset, low->fmr_offset);
	return order > 0;
}

static int walk(const struct extent_kernel *kernel, int fd, struct fsmap_head *head, fsmap_fn each,
		void *context)
{
	for (;;) {
		const struct fsmap *last;
		int r = kernel->control(kernel->context, fd, FS_IOC_GETFSMAP, head);

		if (r < 0)
			return r == -ENOTTY ? -EOPNOTSUPP : r;
		if (head->fmh_entries > RECORDS)
			return -EIO;
		for (uint32_t i = 0; r == 0 && i < head->fmh_entries; i++)
			r = each(&head->fmh_recs[i], context);
		if (r < 0 || head->fmh_entries == 0)
			return r;
		last = &head->fmh_recs[head->fmh_entries - 1];
		if (last->fmr_flags & FMR_OF_LAST)
			return 0;
		if (!continues(head))
			return -EIO;
		/* The kernel itself adds the length of the low key. */
		head->fmh_keys[0] = *last;
	}
}

int fsmap_walk(const struct extent_kernel *kernel, int fd, uint64_t device, uint64_t from,
	       uint64_t to, fsmap_fn each, void *context)
{
	CLEANUP(freep) struct fsmap_head *head = request_new(device, from, to);

	return head ? walk(kernel, fd, head, each, context) : -ENOMEM;
}
