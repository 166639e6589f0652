/* SPDX-License-Identifier: MIT */
/*
 * By O_DIRECT or through the page cache?  On one machine the first takes half the time
 * of the second, on another one of the same kind twice as long, and neither kernel nor
 * device says which.  So both are measured on the file at hand.
 */
#ifndef PREALLOC_CHOICE_H
#define PREALLOC_CHOICE_H

#include <stdint.h>

enum way { WAY_DIRECT, WAY_CACHED, WAYS };

struct choice {
	enum way way; /* the one to take */
	int is_free;  /* may be changed */

	int is_trial;
	uint64_t rate[WAYS];   /* bytes per second, as measured last; 0: never */
	uint64_t handed, took; /* bytes handed to the kernel in this trial, nanoseconds */
	uint64_t bytes, ns;    /* of this trial, or since `rate` was renewed */
	uint64_t until_retry;  /* bytes until the other way is tried again */
};

/* One way for all, or the better of both. */
struct choice choice_fixed(enum way way);
struct choice choice_free(void);

/* So many bytes were handed to the kernel in that time.  Is `way` another one now? */
int choice_hand(struct choice *choice, uint64_t bytes, uint64_t ns);

/* So many bytes have come to the disk in that time.  Is `way` another one now? */
int choice_note(struct choice *choice, uint64_t bytes, uint64_t ns);

#endif
