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
#include <sys/stat.h>

#include "cleanup.h"
#include "freespace.h"

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

int free_space_by_fsmap(int fd, struct free_space *ret)
{
	struct free_space space = { 0 };
	CLEANUP(freep) struct fsmap_head *head = NULL;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	head = request_new(status.st_dev);
	if (!head)
		return -ENOMEM;
	for (;;) {
		const struct fsmap *last;

		if (ioctl(fd, FS_IOC_GETFSMAP, head) < 0)
			return errno == ENOTTY ? -EOPNOTSUPP : -errno;
		if (head->fmh_entries == 0 || head->fmh_entries > RECORDS)
			break;
		for (uint32_t i = 0; i < head->fmh_entries; i++)
			if (is_free(&head->fmh_recs[i]))
				free_space_add(&space, head->fmh_recs[i].fmr_physical,
					       head->fmh_recs[i].fmr_length);
		last = &head->fmh_recs[head->fmh_entries - 1];
		if (last->fmr_flags & FMR_OF_LAST)
			break;
		/* The kernel itself adds the length of the low key. */
		head->fmh_keys[0] = *last;
	}
	free_space_finish(&space);
	*ret = space;
	return 0;
}
