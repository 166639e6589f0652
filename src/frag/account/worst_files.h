/* SPDX-License-Identifier: MIT */
/* The N worst files of a scan, which are shown one by one. */
#ifndef FRAG_WORST_FILES_H
#define FRAG_WORST_FILES_H

#include <stddef.h>

struct frag_file;

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

#endif
