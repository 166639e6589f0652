/* SPDX-License-Identifier: MIT */
/*
 * The two kinds of sources that a file system can offer:
 *
 *	volume source	all files of a file system, for `frag --volume`
 *	inode source	the files of given inodes, for a walk over a tree: reading many inodes at a
 *			time costs less than asking the kernel for each file by its name
 */
#ifndef FRAG_SOURCE_H
#define FRAG_SOURCE_H

#include "frag/account/file.h"

struct frag_result;
struct frag_settings;
struct problem;

/* ---- inode sources ---- */

/* The facts of a regular file without its extents. */
struct source_inode {
	uint64_t device, number, size_bytes, disk_bytes;
	uint64_t links;
	int64_t mtime;
	bool is_simple;	  /* at most one block or extent, so it need not be read */
	uint64_t extents; /* if it is simple: 0 or 1 */
};

/* The inodes whose files are wanted, and the functions that get these files. */
struct source_visit {
	const uint64_t *inodes; /* sorted, each once */
	size_t count;
	const struct filesystem_facts *facts;
	bool exact; /* extents of files of one block are wanted as well */
	/*
	 * Called for each file that was found, that of inodes[index].  1: its extents are to be
	 * handed to `collector`, and then end() to be called; 0: no more is wanted; -errno.
	 */
	int (*begin)(struct source_visit *visit, size_t index, const struct source_inode *inode);
	/* `error` 0: `file` was filled by frag_collected(); -EOPNOTSUPP: ask the kernel. */
	int (*end)(struct source_visit *visit, size_t index, int error);
	struct frag_collector *collector;
	struct frag_file *file;
};

struct source_volume;
struct source_reader;

struct inode_source {
	const char *name;
	uint64_t magic;	    /* of the file systems that it reads */
	bool has_old_times; /* times of files may be older than those that the kernel reports */
	/* Opens the file system that `fd` is on.  NULL: it cannot be read, or not by this user. */
	struct source_volume *(*open)(int fd, const struct filesystem_facts *facts);
	void (*close)(struct source_volume *volume);
	/* Whether what it reads is what the kernel would report now. */
	bool (*is_settled)(struct source_volume *volume);
	/* The state of one thread.  NULL: out of memory. */
	struct source_reader *(*reader_new)(struct source_volume *volume);
	void (*reader_free)(struct source_reader *reader);
	/*
	 * Inodes are read in runs.  In a run each number is less than inodes_apart above the one
	 * before, so that reading all inodes between them is cheaper than a call for each.  A run
	 * of fewer than run_min inodes is read faster by their names.
	 */
	uint64_t inodes_apart;
	size_t run_min;
	/*
	 * Prepares the reader for a visit.  0, or -errno: all its files are left to the kernel.
	 * NULL: nothing to do.
	 */
	int (*start)(struct source_reader *reader);
	/*
	 * Passes on those files of a run that it can read, inodes `from` to `to` of the visit,
	 * without `to`; the others are left to the kernel.  0, or what begin() or end() returned.
	 */
	int (*read)(struct source_reader *reader, struct source_visit *visit, size_t from,
		    size_t to);
};

extern const struct inode_source inode_source_ext, inode_source_xfs, inode_source_btrfs;

/* ---- volume sources ---- */

/* What the user named. */
struct scan_target {
	const char *path;
	const char *device;	       /* block device or image; NULL: not known */
	int fd;			       /* of what is mounted; -1: not mounted, or an image */
	struct filesystem_mount mount; /* with fd */
	struct filesystem_facts facts;
};

struct volume_source {
	const char *name; /* frag_result.source */
	/*
	 * -EOPNOTSUPP: this source cannot read it (another file system, no permission), another
	 * may; `ret` is unchanged.  -EBADMSG: it is damaged; `problem` has the message.
	 */
	int (*scan)(const struct frag_settings *settings, const struct scan_target *target,
		    struct frag_result *ret, struct problem *problem);
};

extern const struct volume_source volume_source_ext, volume_source_xfs, volume_source_btrfs;

#endif
