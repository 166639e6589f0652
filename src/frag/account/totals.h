/* SPDX-License-Identifier: MIT */
/*
 * The statistics of a tree or a volume, in bounded memory: only sums, and the rows of the worst
 * files.  Each thread has its own totals, which are merged at the end.
 */
#ifndef FRAG_TOTALS_H
#define FRAG_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hashmap.h"
#include "frag/account/ranges.h"

struct frag_file;

/* ---- the worst files: worst_files.c ---- */

/* A sort key for --sort. */
struct frag_sort {
	const char *name;
	double (*key)(const struct frag_file *file);
};

extern const struct frag_sort frag_sorts[];
extern const size_t frag_sort_count;

/* The N files with the greatest key: a heap with the least one on top. */
struct worst_files {
	const struct frag_sort *sort;
	size_t room;
	size_t count;
	struct frag_file *file; /* each owns its path */
};

/* 0 or -ENOMEM; worst_files_clear() when done, also after a failure. */
int worst_files_init(struct worst_files *worst, const struct frag_sort *sort, size_t room);
void worst_files_clear(struct worst_files *worst);

/* Whether worst_files_add() would keep it. */
int worst_files_wants(const struct worst_files *worst, const struct frag_file *file);

/* Its path is copied.  0 or -ENOMEM. */
int worst_files_add(struct worst_files *worst, const struct frag_file *file);

/* Moves all of `from`, which is empty afterwards. */
void worst_files_merge(struct worst_files *to, struct worst_files *from);

/* Sorts them, the greatest key first. */
void worst_files_finish(struct worst_files *worst);

/* ---- totals: totals.c ---- */

/* Sums of files. */
struct tally {
	uint64_t files;
	uint64_t fragmented_files; /* more fragments than the minimum */
	uint64_t size_bytes, mapped_bytes;
	uint64_t extents, fragments, ideal_fragments;
	double sequential_seconds, extra_seconds;
};

struct named_tally {
	char *name;
	struct tally tally;
};

/*
 * The number of extensions and directories is unlimited, so there are at most rows_max rows; all
 * others are summed in "(others)", which is row 0.
 */
struct named_tallies {
	struct named_tally *rows;
	size_t count, rows_max; /* rows_max: besides "(others)" */
	struct hashmap index;	/* of numbers of rows plus 1 */
};

struct filesystems;

struct map;

/* COUNT_CLASSES: by fragments per file: 0, 1, 2, 3-4, 5-8, ... */
enum {
	COUNT_CLASSES = 34,
	SIZE_CLASSES = 9,
	EXTENSIONS_MAX = 512,
	EXTENSION_BYTES = 16,
	DIRECTORIES_MAX = 4096,
};

/* The fewest and the most fragments of a class. */
void totals_count_class(unsigned number, uint64_t *ret_from, uint64_t *ret_to);

/* The upper limit of a size class, which is not in it; of the last one: UINT64_MAX. */
uint64_t totals_size_class(unsigned number);

struct unreadable {
	char *path;
	int error;
};

enum { UNREADABLE_MAX = 100 };

struct totals {
	struct tally all;     /* files whose fragments are known */
	struct tally unknown; /* compressed, delayed: lower bounds */
	struct tally worth;   /* worth rewriting */
	struct tally no_room; /* the same, but the free space does not allow it */
	struct tally by_count[COUNT_CLASSES];
	struct tally by_size[SIZE_CLASSES];
	struct named_tallies extensions;   /* in lower case, without the dot; "": none */
	struct named_tallies by_directory; /* with `depth` */
	unsigned depth;	   /* 1: what the user named, 2: one level below and so on; 0: no sums */
	size_t root_bytes; /* of the part of each path that the user named */
	struct worst_files worst;

	/* Directories themselves, of ext2, ext3 and ext4, if requested; not included above. */
	struct tally own_directories;
	struct worst_files worst_directories;

	uint64_t unwritten_bytes, shared_bytes, encoded_bytes, delayed_bytes, inline_bytes, holes;
	uint64_t unclear_files; /* unknown ones, without those that are certainly worth rewriting */
	uint64_t unopened_files;  /* of one block or none */
	uint64_t table_files;	  /* that a walk read by an inode source */
	uint64_t blockless_files; /* empty, or sparse from end to end, or inline */
	uint64_t directories;
	uint64_t special_files; /* symbolic links, devices, fifos, sockets */
	uint64_t vanished_files;
	uint64_t linked_again;	 /* hard links and other paths to counted files */
	uint64_t skipped_mounts; /* other file systems (-x), and proc and the like */
	uint64_t silent_files;	 /* on file systems that do not report extents */
	uint64_t filtered_files;
	uint64_t shared_distinct_bytes; /* each extent of `shared` counted once; set by
					   totals_finish() */
	uint64_t unreadable_count;
	struct unreadable unreadable[UNREADABLE_MAX];

	struct ranges shared;
	bool all_in_ranges; /* `shared` has all extents: the source does not report which ones are
			       shared */
	struct map *map;    /* may be NULL */
	struct filesystems *filesystems; /* borrowed; NULL: free space is not known */
};

/* A counter of totals with its key in JSON. */
struct totals_counter {
	const char *name;
	size_t offset;
	bool is_of_files; /* counted per file, so a guest does not send it */
};

extern const struct totals_counter totals_counters[];
extern const size_t totals_counter_count;

static inline uint64_t *totals_count(struct totals *totals, const struct totals_counter *counter)
{
	return (uint64_t *)((char *)totals + counter->offset);
}

/* 0 or -ENOMEM; totals_clear() when done, also after a failure. */
int totals_init(struct totals *totals, const struct frag_sort *sort, size_t worst_count,
		int with_map);
void totals_clear(struct totals *totals);

/* Decides whether the file is worth rewriting, and adds it; copies its path.  0 or -ENOMEM. */
int totals_add(struct totals *totals, struct frag_file *file);

/* Adds the blocks of a directory itself; copies its path.  0 or -ENOMEM. */
int totals_add_directory(struct totals *totals, const struct frag_file *directory);

/* Starts sums by directory, if `depth` is not 0.  0 or -ENOMEM. */
int totals_set_depth(struct totals *totals, unsigned depth);

/* Whether totals_add() needs the path of the file. */
int totals_wants_path(const struct totals *totals, const struct frag_file *file);

int totals_add_unreadable(struct totals *totals, const char *path, int error);

/* Moves all of `from` into `to`; `from` is empty afterwards.  0 or -ENOMEM. */
int totals_merge(struct totals *to, struct totals *from);

/* Sorts the worst files and the extensions by cost, after the last addition. */
void totals_finish(struct totals *totals);

#endif
