/* SPDX-License-Identifier: MIT */
/*
 * Damage to an image of xfs: its reader must come to an end, whatever
 * the superblock, the heads of groups, trees, inodes, directories and the log say.
 */
#include "frag/xfs/xfs.h"

#include "volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volume_round(data, size, xfs_scan_image);
	return 0;
}
