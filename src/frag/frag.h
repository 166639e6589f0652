/* SPDX-License-Identifier: MIT */
/*
 * How fragmented is what is there?  Readers (the walk over a tree, and one for
 * each file system that can be read as a whole) fill the totals and hand each
 * file to whoever wants its row.
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
	const struct seek_model *model; /* NULL: by what the device says of itself */
	const struct frag_sort *sort;
	unsigned worst_count;
	uint64_t min_bytes;  /* smaller files are left out */
	time_t newer;	     /* files not modified after that are left out; 0: none */
	unsigned threads;    /* 0: as many as do good */
	bool one_filesystem; /* -x */
	bool exact;	     /* look into files of one block, too */
	bool sync;	     /* have delayed allocation done first */
	unsigned depth;	 /* sums by directory: 1 of what was named, 2 one level below; 0: none */
	bool with_names; /* of all files of a volume, not only the worst: `each` wants them */
	bool with_map;	 /* goes with `exact`: what is not looked into has no place on the map */
	bool with_directories; /* their own blocks as well, where the file system reports them */
	bool with_parts;       /* of files that are named: where in them the fragments start */
	bool map_in_order;     /* of a single file: the map shows which part lies where */

	/* Sees each file, with its path; called by several threads at once. May be NULL. */
	int (*each)(const struct frag_file *file, void *context);
	void *each_context;

	int cancel_fd; /* once readable, the scan ends with what it has; -1: none */
	/* Now and then, from the calling thread; may be NULL. */
	void (*tick)(uint64_t files, void *context);
	/* Of a single file: how far it was read, now and then; may be NULL. */
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
	const struct seek_model *model; /* which was taken */
	const char *source;		/* "walk", "ext", "xfs-bulkstat", "btrfs-image", ... */
	bool partial;			/* cancelled before the end */
	bool paths_inside; /* paths start at the top of the volume: it has to be mounted first */
	bool linked_full;  /* too many hard links to hold: some counted more than once */

	struct free_space *free;	 /* NULL: not looked for */
	struct filesystems *filesystems; /* with their free space, for the advice */
	char *note;			 /* something to know of this result; NULL: nothing */
};

/* What the path of a file starts with whose subvolume is not below the mount point. */
#define FRAG_UNREACHABLE "(subvolume "

static inline bool frag_path_is_unreachable(const char *path)
{
	return strncmp(path, FRAG_UNREACHABLE, sizeof(FRAG_UNREACHABLE) - 1) == 0;
}

/* Makes totals and what else a scan fills.  0 or -ENOMEM; frag_result_clear() in either case. */
int frag_result_init(struct frag_result *result, const struct frag_settings *settings);
void frag_result_clear(struct frag_result *result);

/* Adds a sentence to the note.  0 or -ENOMEM. */
int frag_result_note(struct frag_result *result, const char *text);

/* What the paths of all files start with, for sums by directory. */
void frag_result_set_top(struct frag_result *result, const char *top);

/* All files of the result are on result->facts, with result->free (NULL: not known). */
void frag_result_set_whole(struct frag_result *result);

/* The model that suits, unless the user chose one. */
const struct seek_model *frag_model_for(const struct frag_settings *settings,
					const struct filesystem_facts *facts);

/*
 * Walks over everything named.  What cannot be read is counted and listed in the
 * totals, and is no failure.  0 or -errno; ret is filled in either case, and has
 * to be cleared.
 */
int frag_walk(const struct frag_settings *settings, const struct frag_names *names,
	      struct frag_result *ret, struct problem *problem);

/*
 * All of a file system, by the quickest source there is.  `path` is a mount point (or anything
 * on the file system in question), a block device or an image file.  As frag_walk(), and free
 * space as well, where it can be had.
 */
int frag_volume(const struct frag_settings *settings, const char *path, struct frag_result *ret,
		struct problem *problem);

#endif
