/* SPDX-License-Identifier: MIT */
/*
 * From the figures of many files to those of a tree or a volume, in bounded
 * memory: a file leaves nothing behind but sums, and its row if it is among the
 * worst.  Each thread has its own totals; they are merged in the end.
 */
#ifndef FRAG_TOTALS_H
#define FRAG_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hashmap.h"
#include "frag/account/ranges.h"
#include "frag/account/worst_files.h"

/* Sums of files. */
struct tally {
	uint64_t files;
	uint64_t fragmented_files; /* more fragments than their ideal */
	uint64_t size_bytes, mapped_bytes;
	uint64_t extents, fragments, ideal_fragments;
	double sequential_seconds, extra_seconds;
};

struct named_tally {
	char *name;
	struct tally tally;
};

/* Extensions and directories are anybody's, so their number is bounded: the rest is summed in
 * "(others)", which is row 0. */
struct named_tallies {
	struct named_tally *rows;
	size_t count, rows_max; /* rows_max: besides "(others)" */
	struct hashmap index;	/* of numbers of rows plus 1 */
};

struct filesystems;

struct map;

struct frag_file;

/* By fragments a file: 0, 1, 2, 3-4, 5-8, ... */
enum {
	COUNT_CLASSES = 34,
	SIZE_CLASSES = 9,
	EXTENSIONS_MAX = 512,
	EXTENSION_BYTES = 16,
	DIRECTORIES_MAX = 4096,
};

/* Of a class: the fewest and the most fragments in it. */
void totals_count_class(unsigned number, uint64_t *ret_from, uint64_t *ret_to);

/* Files of fewer than so many bytes are in the size class; the last one: UINT64_MAX. */
uint64_t totals_size_class(unsigned number);

struct unreadable {
	char *path;
	int error;
};

enum { UNREADABLE_MAX = 100 };

struct totals {
	struct tally all;     /* files whose fragments are known */
	struct tally unknown; /* compressed, delayed: with lower bounds */
	struct tally worth;   /* worth rewriting */
	struct tally no_room; /* would be, but the free space does not allow it */
	struct tally by_count[COUNT_CLASSES];
	struct tally by_size[SIZE_CLASSES];
	struct named_tallies extensions;   /* in small letters, without the dot; "": none */
	struct named_tallies by_directory; /* with `depth` */
	unsigned depth;	   /* 1: what was named, 2: one level below and so on; 0: no sums */
	size_t root_bytes; /* what a path starts with that the user named */
	struct worst_files worst;

	/* Directories themselves, of ext2, ext3 and ext4, if asked for; they are in no sum above.
	 */
	struct tally own_directories;
	struct worst_files worst_directories;

	uint64_t unwritten_bytes, shared_bytes, encoded_bytes, delayed_bytes, inline_bytes, holes;
	uint64_t unclear_files;	  /* of the unknown, all but those worth rewriting for certain */
	uint64_t unopened_files;  /* of one block or none */
	uint64_t table_files;	  /* that a walk read from inode tables, the kernel not asked */
	uint64_t blockless_files; /* empty, or sparse from end to end, or inline */
	uint64_t directories;
	uint64_t special_files; /* symbolic links, devices, fifos, sockets */
	uint64_t vanished_files;
	uint64_t linked_again;	 /* hard links to, or other ways to, what was counted */
	uint64_t skipped_mounts; /* other file systems (-x), and such as proc */
	uint64_t silent_files;	 /* on file systems that tell nothing */
	uint64_t filtered_files;
	uint64_t shared_distinct_bytes; /* extents in `shared` counted once; by totals_finish() */
	uint64_t unreadable_count;
	struct unreadable unreadable[UNREADABLE_MAX];

	struct ranges shared;
	bool all_in_ranges; /* not only the shared ones: the reader cannot tell which are */
	struct map *map;    /* NULL: none wanted */
	struct filesystems *filesystems; /* somebody else's; NULL: free space is not asked about */
};

/* 0 or -ENOMEM; totals_clear() when done, also after a failure. */
int totals_init(struct totals *totals, const struct frag_sort *sort, size_t worst_count,
		int with_map);
void totals_clear(struct totals *totals);

/*
 * Decides whether the file is worth rewriting, and adds it; its path is copied where it
 * has to be kept.  0 or -ENOMEM.
 */
int totals_add(struct totals *totals, struct frag_file *file);

/* A directory itself; its path is copied where it has to be kept.  0 or -ENOMEM. */
int totals_add_directory(struct totals *totals, const struct frag_file *directory);

/* From now on sums by directory, if `depth` is not 0.  0 or -ENOMEM. */
int totals_set_depth(struct totals *totals, unsigned depth);

/* Whether totals_add() has a use for the path: among the worst, or for sums by directory. */
int totals_wants_path(const struct totals *totals, const struct frag_file *file);

int totals_add_unreadable(struct totals *totals, const char *path, int error);

/* Moves all of `from` into `to`; `from` is empty after that.  0 or -ENOMEM. */
int totals_merge(struct totals *to, struct totals *from);

/* When all is added: puts the worst and the extensions into order, the dearest first. */
void totals_finish(struct totals *totals);

#endif
