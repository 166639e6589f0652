/* SPDX-License-Identifier: MIT */
/* Files of a mounted xfs by their inodes, as bulkstat hands them out. */
#ifndef FRAG_XFS_H
#define FRAG_XFS_H

#include <stdbool.h>
#include <stdint.h>
#include <xfs/xfs.h>

#include "extent/extent_kernel.h"
#include "frag/account/free_space.h"
#include "frag/account/file.h"

enum { XFS_MAGIC = 0x58465342 };

/* Extents by their owners, of a range of a volume with a reverse mapping tree. */
struct xfs_owners;

enum { XFS_OWNERS_MAX = 1 << 20 /* extents in memory: 40 MiB */ };

/*
 * Bytes `from` to `to` of the device that `fd` is on; adds what is free to `space` (NULL:
 * nobody asks).  *ret is NULL if there are more extents than `most`.  0, -ENOMEM, or as
 * fsmap_walk().
 */
int xfs_owners_read(const struct extent_kernel *kernel, int fd, uint64_t device, uint64_t from,
		    uint64_t to, size_t most, struct free_space *space, struct xfs_owners **ret);
void xfs_owners_free(struct xfs_owners *owners);
/* 0 for NULL. */
size_t xfs_owners_count(const struct xfs_owners *owners);

/*
 * Hands the extents of a file to the collector.  -EOPNOTSUPP: they are not all there, or the
 * kernel knows more of them: some are shared, or wait to be allocated.  0 or what the
 * collector returned.
 */
int xfs_owners_collect(const struct xfs_owners *owners, const struct xfs_bulkstat *inode,
		       uint32_t block_bytes, struct frag_collector *collector);

/* Opens an inode for reading, by its handle.  A descriptor or -errno. */
int xfs_open_inode(int mount_fd, const struct xfs_bulkstat *inode);

/* Whether bulkstat (Linux 5.3) can be used by this user.  0, -EOPNOTSUPP or -errno. */
int xfs_probe_bulkstat(int fd);

#endif
