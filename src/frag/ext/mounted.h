/* SPDX-License-Identifier: MIT */
/* The inode tables of a mounted ext2, ext3 or ext4, for as long as the kernel owes them nothing. */
#ifndef FRAG_EXT_MOUNTED_H
#define FRAG_EXT_MOUNTED_H

#include <sys/stat.h>

#include "frag/ext/ext.h"

struct ext_mounted {
	struct ext_volume volume;
	int delayed_fd; /* sysfs: blocks written that have no place yet */
};

/*
 * Of the file system that `fd` is on.  NULL: it is another one, or its device may
 * not be read (that takes root), or the kernel does not tell what it delays.
 */
struct ext_mounted *ext_mounted_open(int fd, uint64_t device);
void ext_mounted_close(struct ext_mounted *mounted);

/* Whether all that was written has its place: then the tables are what the kernel knows. */
bool ext_mounted_is_settled(const struct ext_mounted *mounted);

/*
 * A regular file by its inode, as statx() has it, and `last` as for ext_inode().
 * NULL: ask the kernel; the inode is of another kind, or was being written.
 */
const struct ext2_inode_large *ext_mounted_file(struct ext_reader *reader, uint64_t inode,
						uint64_t last, struct statx *ret);

#endif
