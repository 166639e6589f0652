/* SPDX-License-Identifier: MIT */
/*
 * Chooses between direct and buffered I/O.  On one machine direct I/O takes half the time of
 * buffered I/O, on another one of the same kind twice the time, and neither kernel nor device
 * reports which.  So both are measured on the file.
 */
#ifndef PREALLOC_IO_TUNER_H
#define PREALLOC_IO_TUNER_H

#include <stdint.h>

enum io_mode { IO_DIRECT, IO_BUFFERED, IO_MODES };

struct io_tuner {
	enum io_mode mode; /* the mode to use */
	int is_adaptive;   /* 0: `mode` is fixed */

	int is_trial;
	uint64_t rate[IO_MODES];       /* bytes per second, last measurement; 0: not measured */
	uint64_t submitted, submit_ns; /* bytes passed to the kernel in this trial, nanoseconds */
	uint64_t bytes, ns;	       /* completed in this trial, or since `rate` was updated */
	uint64_t until_retry;	       /* bytes until the other mode is tried again */
};

/* One fixed mode, or the faster of both. */
struct io_tuner io_tuner_fixed(enum io_mode mode);
struct io_tuner io_tuner_adaptive(void);

/* Records that `bytes` were passed to the kernel in `ns`.  Whether `mode` has changed. */
int io_tuner_submitted(struct io_tuner *tuner, uint64_t bytes, uint64_t ns);

/* Records that `bytes` were completed in `ns`.  Whether `mode` has changed. */
int io_tuner_completed(struct io_tuner *tuner, uint64_t bytes, uint64_t ns);

#endif
