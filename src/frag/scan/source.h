/* SPDX-License-Identifier: MIT */
/*
 * Sources: ways to read files of a mounted file system by their inodes, many at a time, which
 * costs less than asking the kernel for each by its name.
 */
#ifndef FRAG_SOURCE_H
#define FRAG_SOURCE_H

#include "frag/account/file.h"

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

struct source {
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

extern const struct source source_ext, source_xfs, source_btrfs;

#endif
