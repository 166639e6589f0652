/* SPDX-License-Identifier: MIT */
/*
 * How fragmented are the files that exist already?  One pipeline answers, and each directory
 * here is a stage of it:
 *
 *	source		scan/walk.c	files of directory trees, by their names
 *			scan/volume.c	all files of a file system; how is in ext/, xfs/, btrfs/
 *			guest/		files of an image, sent by a scan inside of a guest
 *	filter		scan/pipeline.c	by size and time; hard links are counted once
 *	account		account/	extents to the figures of a file, files to totals
 *	sink		show/		rows, tables, JSON, maps, the verdict
 *
 * From `frag --volume` to an extent and back to its row, on a mounted xfs: frag_volume() finds
 * volume_source_xfs, whose threads (pipeline_run()) get inodes by bulkstat.  Of each file
 * pipeline_begin_file() filters, extent_walk() calls frag_collect() for each extent,
 * pipeline_end_file() adds the file to the totals and hands it to settings->each, which calls
 * show_file().  show_tree() prints the totals.
 */
#ifndef FRAG_FRAG_H
#define FRAG_FRAG_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "frag/account/filesystem.h"
#include "base/problem.h"
#include "frag/account/totals.h"

struct frag_settings {
	const struct seek_model *model; /* NULL: by what the device reports */
	const struct frag_sort *sort;
	unsigned worst_count;
	uint64_t min_bytes;  /* smaller files are left out */
	time_t newer;	     /* files not modified after that are left out; 0: none */
	unsigned threads;    /* 0: several per processor */
	bool one_filesystem; /* -x */
	bool exact;	     /* read the extents of files of one block as well */
	bool sync;	     /* flush delayed allocation first */
	unsigned depth;	 /* sums by directory: 1 of what was named, 2 one level below; 0: none */
	bool with_names; /* of all files of a volume, not only the worst: `each` wants them */
	bool with_map;	 /* needs `exact`: a file whose extents are not read is not on the map */
	bool with_directories; /* their own blocks as well, where the file system reports them */
	bool with_parts;       /* of single files: where in them the fragments start */
	bool map_in_order;     /* of a single file: the map shows which part of it lies where */

	/* Gets each file, with its path; called by several threads at once.  May be NULL. */
	int (*each)(const struct frag_file *file, void *context);
	void *each_context;

	int cancel_fd; /* if it is readable, the scan ends early; -1: none */
	/* Progress, from the calling thread; may be NULL. */
	void (*tick)(uint64_t files, void *context);
	/* Progress within a single file; may be NULL. */
	void (*file_tick)(const struct frag_file *file, uint64_t extents, uint64_t until_bytes,
			  void *context);
	void *tick_context;
};

/* Hands out names of files and directories. */
struct frag_names {
	/* 1 with *ret_name (valid until the next call), 0 at the end, -errno */
	int (*next)(void *context, const char **ret_name);
	void *context;
};

struct frag_result {
	struct totals totals;
	struct filesystem_facts facts;	/* of the first thing named */
	const struct seek_model *model; /* the one that was used */
	const char *source;		/* "walk", "ext", "xfs-bulkstat", "btrfs-image", ... */
	bool partial;			/* cancelled before the end */
	bool paths_inside; /* paths start at the top of the volume: it has to be mounted first */
	bool linked_full;  /* too many hard links to remember: some are counted more than once */

	struct free_space *free;	 /* NULL: not read */
	struct filesystems *filesystems; /* with their free space, for the commands */
	char *note;			 /* a note for the user about this result; NULL: none */
};

/* The start of the path of a file whose subvolume is not below the mount point. */
#define FRAG_UNREACHABLE "(subvolume "

static inline bool frag_path_is_unreachable(const char *path)
{
	return strncmp(path, FRAG_UNREACHABLE, sizeof(FRAG_UNREACHABLE) - 1) == 0;
}

/* Prepares what a scan fills.  0 or -ENOMEM; frag_result_clear() in either case. */
int frag_result_init(struct frag_result *result, const struct frag_settings *settings);
void frag_result_clear(struct frag_result *result);

/* Adds a sentence to the note.  0 or -ENOMEM. */
int frag_result_note(struct frag_result *result, const char *text);

/* The directory in which all files are, for sums by directory. */
void frag_result_set_top(struct frag_result *result, const char *top);

/* All files of the result are on the file system of result->facts, with result->free. */
void frag_result_set_whole(struct frag_result *result);

/* The model that suits the device, unless the user chose one. */
const struct seek_model *frag_model_for(const struct frag_settings *settings,
					const struct filesystem_facts *facts);

/*
 * Scans the files and directory trees of `names`.  What cannot be read is counted and listed in
 * the totals, and is no failure.  0 or -errno; *ret is filled in either case, and has to be
 * cleared.
 */
int frag_walk(const struct frag_settings *settings, const struct frag_names *names,
	      struct frag_result *ret, struct problem *problem);

/*
 * Scans all of a file system by its fastest source.  `path` is a mount point (or any directory
 * of the file system), a block device or an image file.  Returns as frag_walk(); reads the free
 * space as well, where that is possible.
 */
int frag_volume(const struct frag_settings *settings, const char *path, struct frag_result *ret,
		struct problem *problem);

#endif
