/* SPDX-License-Identifier: MIT */
/* Inside of this folder: what the parts of the reader of ext2, ext3 and ext4 share. */
#ifndef FRAG_EXT_H
#define FRAG_EXT_H

#include <ext2fs/ext2fs.h>

#include "names.h"
#include "whole_volume.h"

enum { EXT_DEPTH_MAX = 5 /* of an extent tree, as the kernel has it */ };

struct ext_scan {
	const struct frag_settings *settings;
	const struct frag_place *place;
	struct frag_result *result;
	ext2_filsys fs;
	uint64_t block_bytes, block_count;
	char *nodes;	     /* a block for each level of a map */
	struct names *names; /* NULL: only the worst get theirs, later */
	char *path;
	uint64_t inodes;
};

/* A block that a map, or whoever else needs one, may use. */
static inline char *ext_node(const struct ext_scan *scan, unsigned level)
{
	return scan->nodes + level * scan->block_bytes;
}

/* Fills what is known by the map of an inode.  0, -EUCLEAN, -EIO, -ENOMEM. */
int ext_read_map(struct ext_scan *scan, const struct ext2_inode *inode, struct frag_file *file);

/* Directories, by the library. */
struct names_source ext_names(struct ext_scan *scan);

/* Fills result->free. 0 or -ENOMEM. */
int ext_look_at_free(struct ext_scan *scan);

#endif
