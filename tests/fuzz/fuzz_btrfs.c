/* SPDX-License-Identifier: MIT */
/*
 * Damage to an image of btrfs: its reader must come to an end, whatever
 * the superblock, the chunks, the nodes and the items say.
 */
#include "frag/btrfs/btrfs.h"

#include "volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	volume_round(data, size, btrfs_scan_image);
	return 0;
}
