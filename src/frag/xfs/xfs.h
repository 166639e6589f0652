/* SPDX-License-Identifier: MIT */
/* Common parts of the sources of xfs: inodes by bulkstat, and extents by their owners. */
#ifndef FRAG_XFS_H
#define FRAG_XFS_H

#include <stdbool.h>
#include <stdint.h>
#include <xfs/xfs.h>

#include "extent/extent_kernel.h"
#include "frag/account/free_space.h"
#include "frag/account/file.h"
#include "frag/scan/source.h"

enum { XFS_MAGIC = 0x58465342 };

/* The extents of a range of a volume by their owners; it takes a reverse mapping tree (rmapbt). */
struct xfs_owners;

enum { XFS_OWNERS_MAX = 1 << 20 /* extents in memory: 40 MiB */ };

/*
 * Reads bytes `from` to `to` of the device that `fd` is on, and adds what is free to `space`, if
 * that is not NULL.  *ret is NULL if there are more than `most` extents.  0, -ENOMEM, or as
 * fsmap_walk().
 */
int xfs_owners_read(const struct extent_kernel *kernel, int fd, uint64_t device, uint64_t from,
		    uint64_t to, size_t most, struct free_space *space, struct xfs_owners **ret);
void xfs_owners_free(struct xfs_owners *owners);
/* The number of extents; 0 for NULL. */
size_t xfs_owners_count(const struct xfs_owners *owners);

/*
 * Hands the extents of a file to the collector.  -EOPNOTSUPP: ask the kernel, since some are
 * missing, shared or not allocated yet.  0 or what the collector returned.
 */
int xfs_owners_collect(const struct xfs_owners *owners, const struct xfs_bulkstat *inode,
		       uint32_t block_bytes, struct frag_collector *collector);

/* Opens an inode for reading, by its handle.  A descriptor or -errno. */
int xfs_open_inode(int mount_fd, const struct xfs_bulkstat *inode);

/* Whether bulkstat (Linux 5.3) can be used by this user.  0, -EOPNOTSUPP or -errno. */
int xfs_probe_bulkstat(int fd);

/*
 * Scans the files of a volume of so many allocation groups, on a kernel of the caller's choice.
 * `owners` has all extents of the volume, or is NULL.
 */
int xfs_bulkstat(const struct extent_kernel *kernel, const struct frag_settings *settings,
		 const struct scan_target *target, uint32_t group_count, struct xfs_owners *owners,
		 struct frag_result *ret);

#endif
