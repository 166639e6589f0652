/* SPDX-License-Identifier: MIT */
/* Common parts of the sources of ext2, ext3 and ext4. */
#ifndef FRAG_EXT_H
#define FRAG_EXT_H

#include <ext2fs/ext2fs.h>

#include "frag/scan/pipeline.h"
#include "frag/scan/inode_paths.h"
#include "frag/scan/source.h"

enum { EXT_DEPTH_MAX = 5 /* of an extent tree, as the kernel has it */ };

/* An open file system; it does not change, so that threads may share it. */
struct ext_volume {
	ext2_filsys fs; /* superblock, descriptors; directories, for one thread */
	int fd;		/* of the device or the image */
	uint64_t block_bytes, block_count;
	unsigned inode_bytes;
};

#define EXT_VOLUME_NONE ((struct ext_volume) { .fd = -1 })

/* 0, -EOPNOTSUPP (another file system), -errno, or -EBADMSG with a message in `problem`. */
int ext_volume_open(const char *device, struct ext_volume *ret, struct problem *problem);
void ext_volume_close(struct ext_volume *volume);

/* The state with which a thread reads inodes and their maps. */
struct ext_reader {
	const struct ext_volume *volume;
	char *nodes;	    /* a block for each level of a map */
	char *window;	    /* a part of an inode table */
	ext2_ino_t first;   /* inode at the start of the window */
	uint32_t in_window; /* 0: nothing read yet */
};

/* 0 or -ENOMEM; ext_reader_clear() in either case. */
int ext_reader_init(struct ext_reader *reader, const struct ext_volume *volume);
void ext_reader_clear(struct ext_reader *reader);

/* Forgets the tables that were read: they may have changed. */
static inline void ext_reader_forget(struct ext_reader *reader)
{
	reader->in_window = 0;
}

/* A block buffer for a level of a map. */
static inline char *ext_node(const struct ext_reader *reader, unsigned level)
{
	return reader->nodes + level * reader->volume->block_bytes;
}

/* 0, or -EUCLEAN (there is no such block), -EIO. */
int ext_read_block(const struct ext_volume *volume, uint64_t block, char *ret);

/* The number of inodes of a group that may be in use; the rest of its table was never written. */
uint32_t ext_inodes_of_group(const struct ext_volume *volume, dgrp_t group);

/*
 * The inode in its table; inodes up to `last` of the same group are read with it.  NULL: ret_error
 * has -EUCLEAN or -EIO.  Valid until the next call.
 */
struct ext2_inode_large *ext_inode(struct ext_reader *reader, ext2_ino_t number, ext2_ino_t last,
				   int *ret_error);

/* The number of inodes, from this one on, in the same block of their table. */
uint32_t ext_inodes_together(const struct ext_volume *volume, ext2_ino_t number);

/* As stat() counts it. */
uint64_t ext_disk_bytes(const struct ext_volume *volume, const struct ext2_inode_large *inode);
time_t ext_mtime(const struct ext_volume *volume, const struct ext2_inode_large *inode);

/* As frag_file_has_one_block(); but the inode shows which blocks are of data and of attributes. */
bool ext_has_one_block(const struct ext2_inode_large *inode, const struct filesystem_facts *facts,
		       uint64_t size_bytes, uint64_t disk_bytes);

/*
 * Reads the extents of an inode and fills `file`, which has its sizes already.  0, -EUCLEAN, -EIO,
 * -ENOMEM, or what collector->also returned.
 */
int ext_read_map(struct ext_reader *reader, const struct ext2_inode_large *inode,
		 const struct filesystem_facts *facts, struct frag_collector *collector,
		 struct frag_file *file);

/* ---- whole volumes ---- */

/* Fills result->free. 0 or -ENOMEM. */
int ext_read_free(const struct ext_volume *volume, struct frag_result *result);

#endif
