/* SPDX-License-Identifier: MIT */
/* Whether swapon takes a file, and where a kernel that resumes from hibernation finds it. */
#ifndef FRAG_SWAP_H
#define FRAG_SWAP_H

#include "frag/account/file.h"

#define SWAP_NO_OFFSET UINT64_MAX

struct frag_swap {
	bool is_swap;	      /* mkswap has been there */
	const char *obstacle; /* why swapon refuses it; NULL: nothing is known that does */
	/* With what it takes to boot from it: resume_offset, and the device. */
	uint64_t offset_pages; /* of the first page on the device; SWAP_NO_OFFSET: not known */
	const char *no_offset; /* why not */
	char *device;	       /* NULL: not known; free() it */
};

/* Whether the first page of `fd` is that of swap space, of whatever page size (0: no). */
uint64_t swap_signature(int fd);

/*
 * Of a file that was read already.  0 or -ENOMEM; swap_clear() in either case.
 */
int swap_read(int fd, const struct filesystem_facts *facts, const struct frag_file *file,
	      struct frag_swap *ret);
void swap_clear(struct frag_swap *swap);

#endif
