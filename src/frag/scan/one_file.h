/* SPDX-License-Identifier: MIT */
/* A single file: its layout, and whether it can be swap space. */
#ifndef FRAG_ONE_FILE_H
#define FRAG_ONE_FILE_H

#include "extent/extent.h"
#include "frag/account/file.h"
#include "frag/frag.h"

struct one_file {
	int fd;
	struct frag_file file; /* sizes as stat() has them; the rest by one_file_read() */
	struct filesystem_facts facts;
	const struct seek_model *model;
	struct frag_parts parts; /* with settings->with_parts */
};

void one_file_close(struct one_file *one);

/* 0, -EISDIR: a directory, -EINVAL: no regular file, or as open(). */
int one_file_open(const struct frag_settings *settings, const char *path, struct one_file *ret);

/*
 * Reads the layout into one->file, and adds it to `totals` (may be NULL).  `also` (may be NULL)
 * gets each extent.  -ECANCELED: settings->cancel_fd became readable; one->file has what was
 * read until then.
 */
int one_file_read(const struct frag_settings *settings, struct one_file *one, struct totals *totals,
		  extent_fn also, void *also_context);

/* ---- swap: whether swapon takes it, and where a kernel that resumes from hibernation finds it
 * ---- */

#define SWAP_NO_OFFSET UINT64_MAX

struct frag_swap {
	bool is_swap;	      /* mkswap has prepared it */
	const char *obstacle; /* why swapon would refuse it; NULL: no reason is known */
	/* To resume from it: resume_offset, and the device. */
	uint64_t offset_pages; /* of the first page on the device; SWAP_NO_OFFSET: not known */
	const char *no_offset; /* why not */
	char *device;	       /* NULL: not known; free() it */
};

/* The page size of the swap space in `fd`; 0: it is not swap space. */
uint64_t swap_signature(int fd);

/* `file` was read already.  0 or -ENOMEM; swap_clear() in either case. */
int swap_read(int fd, const struct filesystem_facts *facts, const struct frag_file *file,
	      struct frag_swap *ret);
void swap_clear(struct frag_swap *swap);

#endif
