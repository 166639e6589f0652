/* SPDX-License-Identifier: MIT */
/*
 * Free space of a mounted file system by FS_IOC_GETFSMAP (ext4 and xfs have it
 * since Linux 4.14): the only way that needs no knowledge of the file system.
 * Each call goes on behind the last record of the one before.
 */
#include <errno.h>
#include <linux/fsmap.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "frag/scan/freespace.h"

enum { RECORDS = 2048 };

static struct fsmap_head *request_new(uint64_t device)
{
	struct fsmap_head *head = calloc(1, fsmap_sizeof(RECORDS));

	if (!head)
		return NULL;
	head->fmh_count = RECORDS;
	head->fmh_keys[0].fmr_device = (uint32_t)device;
	head->fmh_keys[1] = (struct fsmap) {
		.fmr_device = (uint32_t)device,
		.fmr_flags = UINT32_MAX,
		.fmr_physical = UINT64_MAX,
		.fmr_owner = UINT64_MAX,
		.fmr_offset = UINT64_MAX,
	};
	return head;
}

static bool is_free(const struct fsmap *record)
{
	return record->fmr_flags & FMR_OF_SPECIAL_OWNER && record->fmr_owner == FMR_OWN_FREE;
}

/* Behind what was asked for last; else the kernel goes in circles. */
static bool goes_on(const struct fsmap_head *head)
{
	const struct fsmap *low = &head->fmh_keys[0],
			   *last = &head->fmh_recs[head->fmh_entries - 1];

	if (last->fmr_device != low->fmr_device)
		return last->fmr_device > low->fmr_device;
	return last->fmr_physical > low->fmr_physical || (low->fmr_length == 0 && last->fmr_length);
}

static int read_all(const struct extent_kernel *kernel, int fd, struct fsmap_head *head,
		    struct free_space *space)
{
	for (;;) {
		const struct fsmap *last;
		int r = kernel->control(kernel->context, fd, FS_IOC_GETFSMAP, head);

		if (r < 0)
			return r == -ENOTTY ? -EOPNOTSUPP : r;
		if (head->fmh_entries > RECORDS)
			return -EIO;
		if (head->fmh_entries == 0)
			return 0;
		for (uint32_t i = 0; i < head->fmh_entries; i++)
			if (is_free(&head->fmh_recs[i]))
				free_space_add(space, head->fmh_recs[i].fmr_physical,
					       head->fmh_recs[i].fmr_length);
		last = &head->fmh_recs[head->fmh_entries - 1];
		if (last->fmr_flags & FMR_OF_LAST)
			return 0;
		if (!goes_on(head))
			return -EIO;
		/* The kernel itself adds the length of the low key. */
		head->fmh_keys[0] = *last;
	}
}

int free_space_by_fsmap(const struct extent_kernel *kernel, int fd, uint64_t device,
			struct free_space *ret)
{
	CLEANUP(freep) struct fsmap_head *head = request_new(device);
	struct free_space space = { 0 };
	int r;

	if (!head)
		return -ENOMEM;
	r = read_all(kernel, fd, head, &space);
	if (r < 0)
		return r;
	free_space_finish(&space);
	*ret = space;
	return 0;
}
