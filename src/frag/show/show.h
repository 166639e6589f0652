/* SPDX-License-Identifier: MIT */
/* The sink: files and results to bytes. */
#ifndef FRAG_SHOW_H
#define FRAG_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/pairs.h"
#include "base/problem.h"

struct extent;
struct filesystem_facts;
struct frag_file;
struct frag_result;
struct map;
struct totals;

struct show_options {
	bool ascii;	       /* no characters beyond ASCII */
	unsigned columns;      /* width of the terminal */
	bool with_directories; /* as in frag_settings */
	bool files_named;      /* the user named files, not directories */
	bool model_chosen;     /* by the user, not by what the device reports */
};

/* ---- a row per file (rows.c) ---- */

void show_files_header(FILE *to);
void show_file(FILE *to, const struct frag_file *file);

/* "5", ">=5" where that is a lower bound, or "n/a"; lies in `text` or is constant. */
enum { SHOW_FRAGMENTS_MAX = 32 };
const char *show_fragments(const struct frag_file *file, char text[static SHOW_FRAGMENTS_MAX]);

/* The file's `parts`, which have to be known (rows.c). */
void show_parts(FILE *to, const struct frag_file *file, bool ascii);

/* A sentence on a file whose `swap` is known: whether it is usable, and its offset (rows.c). */
void show_swap(FILE *to, const struct frag_file *file);

/* As `filefrag -v` prints it (filefrag.c). */
struct filefrag_table {
	FILE *to;
	uint64_t size_bytes, block_bytes;
	int physical_width, logical_width;
	uint64_t rows, extents;			/* extents: as filefrag counts them */
	uint64_t expected, expected_after_hole; /* where the next one would continue */
};

/* Before the first file of a file system. */
void filefrag_announce(FILE *to, const struct filesystem_facts *facts, bool block_mapped);

void filefrag_begin(struct filefrag_table *table, FILE *to, const char *path,
		    const struct frag_file *file, const struct filesystem_facts *facts);

/* An extent_fn; context is the table. */
int filefrag_row(const struct extent *extent, void *table);

void filefrag_end(struct filefrag_table *table, const char *path);

/* ---- everything together (tree.c) ---- */

void show_tree(FILE *to, const struct frag_result *result, const struct show_options *options);

/* ---- for programs (json.c; CSV: rows.c) ---- */

/* NULL: out of memory. */
json_t *show_file_json(const struct frag_file *file);
json_t *show_result_json(const struct frag_result *result);

int show_csv_header(FILE *to);
int show_csv_file(FILE *to, const struct frag_file *file);

/* ---- the verdict (verdict.c) ---- */

enum frag_verdict {
	FRAG_VERDICT_UNCLEAR, /* nothing but files of which too little is known */
	FRAG_VERDICT_FINE,
	FRAG_VERDICT_MANY_SMALL, /* no file by itself, but all of them together */
	FRAG_VERDICT_WORTH,	 /* rewriting some */
	FRAG_VERDICT_NO_ROOM,	 /* it would be, if the free space were not in pieces */
};

enum frag_verdict frag_verdict_of(const struct frag_result *result);

/* Key in JSON; never changes. */
const char *frag_verdict_name(enum frag_verdict verdict);

/* In words, with the commands that would help. */
void show_verdict(FILE *to, const struct frag_result *result, const struct show_options *options);
/* The target size for a defragmenter that takes one: by the model and the free space. */
uint64_t show_target_bytes(const struct frag_result *result, uint64_t device);

/*
 * A path as an argument of other programs: a leading dash does not make it an option.  `is_inside`:
 * it starts at the top of a volume that is not mounted, and becomes relative to it,
 * since from / on it would be a file of this machine.  0 or -EIO.
 */
int show_argument(FILE *to, const char *path, bool is_inside);

/* ---- the picture (map.c) ---- */

void show_map(FILE *to, const struct map *map, uint64_t volume_bytes,
	      const struct show_options *options);

/* `html`: in a page of its own. */
int show_map_svg(FILE *to, const struct map *map, uint64_t volume_bytes, const char *title,
		 bool html);

/* ---- changes since a saved JSON (saved.c) ---- */

/* Reads a document of show_result_json().  Caller json_decref()s it. */
int saved_read(const char *path, json_t **ret, struct problem *problem);

enum { SAVED_FILES, SAVED_WORST, SAVED_LISTS };

/* The changes from one document to another; refers into both. */
struct saved_changes {
	const json_t *before, *after;
	double was, is;			 /* fragments beyond the minimum */
	bool is_worse;			 /* more of them, and at least 1 % more */
	struct pairs lists[SAVED_LISTS]; /* rows of the files that each names, by their paths */
};

/* *ret has to be cleared in any case.  It must not move.  0 or -ENOMEM. */
int saved_compare(const json_t *before, const json_t *after, struct saved_changes *ret);
void saved_changes_clear(struct saved_changes *changes);

/* For people; 0 or -ENOMEM. */
int saved_print(FILE *to, const struct saved_changes *changes);

/* The same as a JSON document (doc/frag.md).  NULL: out of memory. */
json_t *saved_json(const struct saved_changes *changes);

#endif
