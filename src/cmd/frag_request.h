/* SPDX-License-Identifier: MIT */
/* The options of alloc-perf frag, and the functions for its modes. */
#ifndef CMD_FRAG_REQUEST_H
#define CMD_FRAG_REQUEST_H

#include <stdatomic.h>

#include "base/terminal.h"
#include "frag/frag.h"
#include "frag/show/show.h"

/* Bits, to detect several of them. */
enum frag_format { FRAG_TABLE, FRAG_JSON = 1, FRAG_EACH = 2, FRAG_CSV = 4, FRAG_NAMES = 8 };

struct image;

struct frag_request {
	struct frag_settings settings;
	enum frag_format format;
	struct show_options show;
	const char *files_from; /* NULL: none, "-": stdin */
	const char *diff;	/* file with saved JSON; NULL: none */
	const char *output;	/* of the map; NULL: the terminal */
	double watch_seconds;	/* the interval; 0: no repetition */
	uint64_t start_ns;
	struct progress_line progress;
	bool is_volume, verbose, quiet, zero, force, swap, extensions;
	const struct frag_result *result; /* of a tree or a volume, while it is scanned */
	atomic_uint_fast64_t nameless;	  /* worth rewriting, but not printed by --names */
	char *const *names;		  /* terminated by NULL */
	size_t name_count;
	unsigned depth;	    /* --depth */
	unsigned partition; /* of the image; 0: it has no partitions */
	bool in_guest;	    /* the image is read in a guest */
};

/* Each returns the exit status. */
int frag_files(struct frag_request *request);
int frag_tree(struct frag_request *request);
int frag_whole_volume(struct frag_request *request);
int frag_watch(struct frag_request *request);

/* Scans the image in a guest.  0 or -errno; `ret` must be cleared also on failure. */
int frag_in_guest(struct frag_request *request, const struct image *image, struct frag_result *ret,
		  struct problem *problem);

/* ---- output: frag_show.c ---- */

/* Prints the result in the chosen format, its map, and the output of --diff; returns the exit
 * status. */
int frag_finish(struct frag_request *request, const struct frag_result *result, json_t *files);

/* As frag_settings.each, for --each, --csv and --names. */
int frag_print_each(const struct frag_file *file, void *request);

/* As frag_settings.tick and file_tick. */
void frag_progress(uint64_t files, void *request);
void frag_file_progress(const struct frag_file *file, uint64_t extents, uint64_t until_bytes,
			void *request);

#endif
