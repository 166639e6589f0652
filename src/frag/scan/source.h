/* SPDX-License-Identifier: MIT */
/*
 * Sources of files: what each file system offers.
 *
 *	volume source	all files of a file system, for `frag --volume`
 *	source		the files of some inodes, many at a time, for a walk over a tree, which
 *			costs less than asking the kernel for each by its name
 */
#ifndef FRAG_SOURCE_H
#define FRAG_SOURCE_H

#include "frag/account/file.h"

struct extent_kernel;
struct frag_result;
struct frag_settings;
struct problem;

/* ---- some inodes ---- */

/* What a source knows of a regular file before its extents. */
struct source_inode {
	uint64_t device, number, size_bytes, disk_bytes;
	uint64_t links;
	int64_t mtime;
	bool is_simple;	  /* one block or extent at most, of which there is nothing to learn */
	uint64_t extents; /* how many then: 0 or 1 */
};

/* The inodes that are wanted, and who gets their files. */
struct source_visit {
	const uint64_t *inodes; /* sorted, each once */
	size_t count;
	const struct filesystem_facts *facts;
	bool exact; /* extents are wanted of files of one block as well */
	/*
	 * A file that was found, number `index` of the inodes.  1: its extents are wanted, which
	 * go to `collector`, and end() is called then; 0: no more is wanted; -errno.
	 */
	int (*begin)(struct source_visit *visit, size_t index, const struct source_inode *inode);
	/* `error` 0: `file` was filled by frag_collected(); -EOPNOTSUPP: ask the kernel. */
	int (*end)(struct source_visit *visit, size_t index, int error);
	struct frag_collector *collector;
	struct frag_file *file;
};

/*
 * Where the run that starts at number `from` of the inodes ends: those of a run are less than
 * `apart` from the one before, so that reading all between them costs less than one call for each.
 */
static inline size_t source_run_end(const struct source_visit *visit, size_t from, uint64_t apart)
{
	size_t end = from + 1;

	while (end < visit->count && visit->inodes[end] - visit->inodes[end - 1] < apart)
		end++;
	return end;
}

struct source_volume;
struct source_reader;

struct inode_source {
	const char *name;
	uint64_t magic;	    /* of the file systems that it reads */
	bool has_old_times; /* times of files may be older than those that the kernel reports */
	/* Of the file system that `fd` is on.  NULL: it cannot be read, or not by this user. */
	struct source_volume *(*open)(int fd, const struct filesystem_facts *facts);
	void (*close)(struct source_volume *volume);
	/* Whether what is read is what the kernel would report now. */
	bool (*is_settled)(struct source_volume *volume);
	/* What a thread reads with.  NULL: out of memory. */
	struct source_reader *(*reader_new)(struct source_volume *volume);
	void (*reader_free)(struct source_reader *reader);
	/*
	 * Hands over those files of the visit that can be read; for the others the kernel is to
	 * be asked.  0, or what begin() or end() returned.
	 */
	int (*read)(struct source_reader *reader, struct source_visit *visit);
};

extern const struct inode_source inode_source_ext, inode_source_xfs, inode_source_btrfs;

/* ---- whole volumes ---- */

struct scan_target {
	const char *path;	       /* as the user named it */
	const char *device;	       /* block device or image; NULL: not known or not readable */
	int fd;			       /* of what is mounted; -1: not mounted, or an image */
	struct filesystem_mount mount; /* with fd */
	struct filesystem_facts facts;
};

struct volume_source {
	const char *name; /* frag_result.source */
	/*
	 * -EOPNOTSUPP: not for this one (another file system, no permission): somebody
	 * else may try; `ret` is as it was.  -EBADMSG: damaged; `problem` says more.
	 */
	int (*scan)(const struct frag_settings *settings, const struct scan_target *target,
		    struct frag_result *ret, struct problem *problem);
};

extern const struct volume_source volume_source_ext, volume_source_xfs, volume_source_btrfs;

/* The second one, on any kernel, of so many allocation groups; without free space. */
int xfs_bulkstat(const struct extent_kernel *kernel, const struct frag_settings *settings,
		 const struct scan_target *target, uint32_t group_count, struct frag_result *ret);

#endif
