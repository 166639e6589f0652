/* SPDX-License-Identifier: MIT */
/* A file before and after a call that failed; private to this directory. */
#ifndef PROMISE_STATE_H
#define PROMISE_STATE_H

#include "promise/promise.h"

struct state {
	uint64_t length, allocated_bytes;
	uint64_t free_bytes; /* of a volume; 0 in a directory, where others allocate and free */
	char *data;	     /* owned */
};

/* Reads it from the disk.  `ret` is to be cleared in any case.  0 or -errno with run->text set. */
int state_read(struct promise_run *run, int fd, struct state *ret);
void state_clear(struct state *state);

struct state_difference {
	char *text;		  /* "length 0 -> 4096, 12 MiB stay allocated", owned; NULL: none */
	bool is_loss;		  /* of data that were there before */
	uint64_t only_left_bytes; /* all that differs: so many stay allocated; 0: something else */
};

/*
 * Waits for space that is freed in the background, unless free_bytes of `before` is 0.  `ret` is to
 * be cleared in any case.  0 or -errno with run->text set.
 */
int state_compare(struct promise_run *run, int fd, const struct state *before,
		  struct state_difference *ret);
void state_difference_clear(struct state_difference *difference);

#endif
