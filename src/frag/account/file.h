/* SPDX-License-Identifier: MIT */
/* The statistics of a file, and their collection from its extents. */
#ifndef FRAG_FILE_H
#define FRAG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "frag/account/seek.h"
#include "extent/extent.h"
#include "frag/account/filesystem.h"
#include "extent/layout.h"
#include "frag/account/map.h"
#include "frag/account/ranges.h"

/* The distribution of fragments over a file: the file is divided into equal parts. */
enum { PARTS_MAX = 16 };

struct frag_part {
	uint64_t fragments;   /* that start in it */
	double extra_seconds; /* of the seeks before these */
};

struct frag_parts {
	uint64_t part_bytes; /* of each, in whole blocks; the last one may be shorter */
	unsigned count;	     /* 0: the file is empty */
	struct frag_part part[PARTS_MAX];
};

struct frag_file {
	const char *path; /* NULL: only its inode is known */
	uint64_t device, inode;
	uint64_t size_bytes;
	uint64_t disk_bytes;  /* st_blocks: with the metadata of the file */
	bool opened;	      /* false: it has one block at most, its extents were not read */
	struct layout layout; /* without the median */
	const struct frag_parts *parts; /* NULL: not requested */
	const struct frag_swap *swap;	/* NULL: not requested */
	uint64_t delayed_bytes;		/* written, but not allocated yet */
	uint64_t inline_bytes;		/* inside of metadata */
	uint64_t ideal_fragments;
	double sequential_seconds,
		extra_seconds; /* by the model: in one piece, and for its seeks */
	/* Set by totals_add() for costly files: the fewest that the free space allows. */
	uint64_t possible_fragments;
	bool is_worth;	  /* it is worth rewriting */
	bool has_no_room; /* it would be, but the free space is fragmented as well */
};

/* Whether the number of fragments is exact; otherwise it is a lower bound. */
bool frag_file_is_known(const struct frag_file *file);

/* Whether it has more fragments than the minimum, for certain. */
bool frag_file_is_fragmented(const struct frag_file *file);

/* Whether its fragments cost so much that it is worth rewriting, if the free space allows that. */
bool frag_file_is_costly(const struct frag_file *file);

/* A column of tables, csv and JSON. */
struct frag_column {
	const char *name; /* key; never changes */
	const char *unit; /* "bytes", "count", "seconds", "" */
	const char *meaning;
	/* NaN: not known or does not apply */
	double (*of)(const struct frag_file *file);
};

extern const struct frag_column frag_columns[];
extern const unsigned frag_column_count;

void parts_init(struct frag_parts *parts, uint64_t file_bytes, uint64_t block_bytes);

/* The sums over the extents of a file, each of which is passed to frag_collect(). */
struct frag_collector {
	struct layout_sums sums;
	uint64_t delayed_bytes, inline_bytes;
	uint64_t packed_bytes; /* that compression saves, if known */
	double seek_seconds;
	const struct seek_model *model;
	uint64_t device, volume_bytes, file_bytes;
	struct ranges *shared;	  /* gets the shared extents; may be NULL */
	struct frag_parts *parts; /* may be NULL */
	struct map *map;	  /* gets all extents with addresses; may be NULL */
	extent_fn also;		  /* gets each extent as well; may be NULL */
	void *also_context;
};

/* An extent_fn; context is the collector. */
int frag_collect(const struct extent *extent, void *collector);

/* Sets the statistics of `file` from the collector; the caller has set its sizes. */
void frag_collected(const struct frag_collector *collector, const struct filesystem_facts *facts,
		    bool block_mapped, struct frag_file *file);

/*
 * Whether a file of these sizes, as stat() has them, has one block of data at most, so that its
 * extents need not be read.  Blocks of an empty or sparse file may be those of its attributes.
 */
bool frag_file_has_one_block(uint64_t size_bytes, uint64_t disk_bytes,
			     const struct filesystem_facts *facts);

/*
 * Sets the statistics of a file with at most one extent, without reading it; on ext4 less than a
 * block is in the inode.
 */
void frag_file_of_one_block(const struct seek_model *model, const struct filesystem_facts *facts,
			    uint64_t extents, struct frag_file *file);

/*
 * Opens a file for reading without any effect on it: its access time is unchanged if this user may
 * do that, a fifo does not block, and symbolic links are followed only with `follow`.  fd or
 * -errno.
 */
int frag_open(int directory, const char *name, bool follow);

/* Whether a file of ext2, ext3 or ext4 maps single blocks and not extents. */
bool frag_is_block_mapped(int fd, const struct filesystem_facts *facts);

/*
 * Reads the extents of an open file and sets the statistics of `file`; the caller has set its
 * sizes.  Returns as extent_walk(), or the result of collector->also.
 */
int frag_file_read(int fd, const struct filesystem_facts *facts, bool sync,
		   struct frag_collector *collector, struct frag_file *file);

#endif
