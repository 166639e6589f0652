/* SPDX-License-Identifier: MIT */
/*
 * The input is what a kernel answers to XFS_IOC_BULKSTAT: the scan must come to
 * an end, whatever it says.  None of its files can be opened.
 *
 *	per call a signed byte, the number of inodes (negative: an errno, 127: more
 *	than were asked for), and how far the next call's begin moves on (1); per
 *	inode mode, links and extents (1 each), size and blocks (8 each)
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <xfs/xfs.h>

#include "base/cleanup.h"
#include "input.h"
#include "frag/xfs/xfs.h"
#include "frag/frag.h"
#include "extent/extent_kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_inode(struct input *input, uint64_t number, struct xfs_bulkstat *inode)
{
	static const uint16_t modes[] = { S_IFREG, S_IFDIR, S_IFLNK, 0 };

	*inode = (struct xfs_bulkstat) { .bs_ino = number };
	inode->bs_mode = modes[input_byte(input) % ARRAY_SIZE(modes)];
	inode->bs_nlink = input_byte(input);
	inode->bs_extents = input_byte(input);
	input_take(input, &inode->bs_size, 8);
	input_take(input, &inode->bs_blocks, 8);
}

static int answer(void *context, int fd, unsigned long code, void *argument)
{
	struct xfs_bulkstat_req *request = argument;
	struct input *input = context;
	int8_t count = (int8_t)input_byte(input);

	(void)fd;
	must(code == XFS_IOC_BULKSTAT);
	if (count < 0)
		return count;
	request->hdr.ocount = count == 127 ? request->hdr.icount + 1 : (uint32_t)count;
	request->hdr.ino += input_byte(input);
	for (int i = 0; i < count && count != 127; i++)
		take_inode(input, request->hdr.ino + (uint64_t)i, &request->bulkstat[i]);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	const struct extent_kernel kernel = { .control = answer, .context = &input };
	const struct frag_settings settings = {
		.sort = &frag_sorts[0], .worst_count = 0, .threads = 1, .cancel_fd = -1
	};
	const struct scan_target target = {
		.path = "/proc/self/fd",
		.fd = -1,
		.facts = { .kind = filesystem_kind_find("xfs"), .block_bytes = 4096 },
	};
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };

	must(totals_init(&result.totals, settings.sort, 0, false) == 0);
	xfs_bulkstat(&kernel, &settings, &target, 2, NULL, &result);
	totals_finish(&result.totals);
	return 0;
}
