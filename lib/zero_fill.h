/* SPDX-License-Identifier: MIT */
/* Filling the range with zeroes, where fallocate(2) is not supported. */
#ifndef PREALLOC_ZERO_FILL_H
#define PREALLOC_ZERO_FILL_H

#include "io_tuner.h"
#include "pacing.h"
#include "task.h"

enum {
	FIRST_BYTES = 1 << 20,	 /* the first step */
	APPEND_BYTES = 64 << 20, /* the longest append: the maximum vector of writev() */
	DIRECT_BYTES = 64 << 20, /* longer appends use O_DIRECT */
	SHORT_BYTES = 8 << 20,	 /* up to this, a range stays in the page cache */
	WINDOW_BYTES = 2 << 20,	 /* the longest buffered step */
	WINDOWS = 8,		 /* windows under writeback at a time */
};

struct zero_fill {
	struct task *task;
	struct step step[IO_MODES];
	struct io_tuner tuner;
	int is_remote, is_short;
	uint64_t size;	     /* file size at the start of the round */
	uint64_t filled;     /* bytes filled in this round */
	int scanned;	     /* the file was scanned for zeroes, as holes are not reported */
	uint64_t zeroes_end; /* zeroes before this offset were touched already */

	struct span dirty;	     /* range of all buffered writes */
	struct span window[WINDOWS]; /* under writeback, oldest first */
	size_t windows;
	uint64_t completed;  /* bytes whose writeback is complete */
	uint64_t counted;    /* of these, reported to `tuner` */
	uint64_t waiting_ns; /* time of bytes that are not counted yet */
};

/* Touches the holes before the end of the file.  0 or -errno. */
int zero_fill_holes(struct zero_fill *fill);

/*
 * Whether madvise() accepts unknown advice. qemu-aarch64 7.2 and similar emulators do, and do
 * nothing.
 */
int zero_fill_takes_any_advice(void *pages, size_t length);

/* Chooses the I/O modes for appending.  May open a descriptor. */
void zero_fill_choose_mode(struct zero_fill *fill);

/* Appends zeroes until the file reaches the end of the range.  0 or -errno. */
int zero_fill_append(struct zero_fill *fill);

/* Starts the writeback of [offset, offset + bytes).  0 or the -errno of an earlier window. */
int zero_fill_start_window(struct zero_fill *fill, uint64_t offset, uint64_t bytes);

/* Waits for all windows.  0 or -errno. */
int zero_fill_finish_windows(struct zero_fill *fill);

/* Ends the fill: waits for what must be on the disk.  0 or -errno. */
int zero_fill_finish(struct zero_fill *fill);

#endif
