/* SPDX-License-Identifier: MIT */
/* A file system as a whole, by the quickest source there is. */
#ifndef FRAG_WHOLE_VOLUME_H
#define FRAG_WHOLE_VOLUME_H

#include "frag/account/filesystem.h"

struct extent_kernel;

struct frag_result;
struct frag_settings;
struct problem;

/*
 * `path` is a mount point (or anything on the file system in question), a block
 * device or an image file.  As frag_walk(), and free space as well, where it can
 * be had.
 */
int frag_volume(const struct frag_settings *settings, const char *path, struct frag_result *ret,
		struct problem *problem);

/* ---- sources: one for each file system that can be read as a whole ---- */

struct frag_place {
	const char *path;	       /* as the user named it */
	const char *device;	       /* block device or image; NULL: not known or not readable */
	int fd;			       /* of what is mounted; -1: not mounted, or an image */
	struct filesystem_mount mount; /* with fd */
	struct filesystem_facts facts;
};

struct frag_volume_source {
	const char *name; /* frag_result.source */
	/*
	 * -EOPNOTSUPP: not for this one (another file system, no permission): somebody
	 * else may try; `ret` is as it was.  -EBADMSG: damaged; `problem` says more.
	 */
	int (*scan)(const struct frag_settings *settings, const struct frag_place *place,
		    struct frag_result *ret, struct problem *problem);
};

extern const struct frag_volume_source volume_ext, volume_xfs, volume_btrfs;

/* The second one, on any kernel, of so many allocation groups; without free space. */
int xfs_bulkstat(const struct extent_kernel *kernel, const struct frag_settings *settings,
		 const struct frag_place *place, uint32_t group_count, struct frag_result *ret);

#endif
