/* SPDX-License-Identifier: MIT */
/*
 * By O_DIRECT or through the page cache?  On one machine the first takes half the time
 * of the second, on another one of the same kind twice as long, and neither kernel nor
 * device says which.  So both are measured on the file at hand.
 */
#ifndef PREALLOC_IO_TUNER_H
#define PREALLOC_IO_TUNER_H

#include <stdint.h>

enum io_mode { IO_DIRECT, IO_BUFFERED, IO_MODES };

struct io_tuner {
	enum io_mode mode; /* the one to take */
	int is_adaptive;   /* may be changed */

	int is_trial;
	uint64_t rate[IO_MODES];       /* bytes per second, as measured last; 0: never */
	uint64_t submitted, submit_ns; /* bytes handed to the kernel in this trial, nanoseconds */
	uint64_t bytes, ns;	       /* of this trial, or since `rate` was renewed */
	uint64_t until_retry;	       /* bytes until the other way is tried again */
};

/* One way for all, or the better of both. */
struct io_tuner io_tuner_fixed(enum io_mode mode);
struct io_tuner io_tuner_adaptive(void);

/* So many bytes were handed to the kernel in that time.  Is `way` another one now? */
int io_tuner_submitted(struct io_tuner *tuner, uint64_t bytes, uint64_t ns);

/* So many bytes have come to the disk in that time.  Is `way` another one now? */
int io_tuner_completed(struct io_tuner *tuner, uint64_t bytes, uint64_t ns);

#endif
