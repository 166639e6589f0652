/* SPDX-License-Identifier: MIT */
/* One call that fills by hand, and what its parts do for each other. */
#ifndef PREALLOC_FILLING_H
#define PREALLOC_FILLING_H

#include "pace.h"
#include "task.h"

enum {
	FIRST_BYTES = 1 << 20,	 /* the first step */
	APPEND_BYTES = 64 << 20, /* the longest: as many pieces as writev() takes */
	DIRECT_BYTES = 64 << 20, /* no more is appended without asking for O_DIRECT */
	WINDOW_BYTES = 8 << 20,	 /* the longest through the page cache */
};

struct filling {
	struct task *task;
	struct pace pace;
	uint64_t size;	     /* of the file when the round began */
	uint64_t filled;     /* bytes, in this round */
	struct span writing; /* on its way from the page cache to the disk */
	int looked;	     /* for zeroes, where nothing reports holes */
	uint64_t zeroes_end; /* before it all zeroes were touched, and look no different now */
};

/* Touches what is a hole inside the file.  0 or -errno. */
int inside_fill(struct filling *filling);

/* Appends zeroes until the file reaches the end of the range.  0 or -errno. */
int append_fill(struct filling *filling);

/* [offset, offset + bytes) has gone into the page cache; 0 or -errno of what went before. */
int drain_window(struct filling *filling, uint64_t offset, uint64_t bytes);

/* All of it.  0 or -errno. */
int drain_rest(struct filling *filling);

#endif
