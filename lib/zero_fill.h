/* SPDX-License-Identifier: MIT */
/* One call that fills by hand, and what its parts do for each other. */
#ifndef PREALLOC_ZERO_FILL_H
#define PREALLOC_ZERO_FILL_H

#include "io_tuner.h"
#include "step.h"
#include "task.h"

enum {
	FIRST_BYTES = 1 << 20,	 /* the first step */
	APPEND_BYTES = 64 << 20, /* the longest: as many pieces as writev() takes */
	DIRECT_BYTES = 64 << 20, /* no more is appended without asking for O_DIRECT */
	SHORT_BYTES = 8 << 20,	 /* a range that stays in the page cache */
	WINDOW_BYTES = 2 << 20,	 /* the longest step through the page cache */
	WINDOWS = 8,		 /* on their way to the disk at a time */
};

struct zero_fill {
	struct task *task;
	struct step step[IO_MODES];
	struct io_tuner tuner;
	int is_remote, is_short;
	uint64_t size;	     /* of the file when the round began */
	uint64_t filled;     /* bytes, in this round */
	int scanned;	     /* for zeroes, where nothing reports holes */
	uint64_t zeroes_end; /* before it all zeroes were touched, and look no different now */

	struct span dirty;	     /* all that went through the page cache */
	struct span window[WINDOWS]; /* on its way to the disk, oldest first */
	size_t windows;
	uint64_t completed;  /* bytes that came there this way */
	uint64_t counted;    /* of these, known to `choice` */
	uint64_t waiting_ns; /* spent on what has not been counted */
};

/* Touches what is a hole inside the file.  0 or -errno. */
int zero_fill_holes(struct zero_fill *fill);

/* qemu-aarch64 7.2 and its likes nod at what they do not know, and do nothing. */
int zero_fill_takes_any_advice(void *pages, size_t length);

/* Decides by which ways appending may be done; may open a descriptor. */
void zero_fill_choose_mode(struct zero_fill *fill);

/* Appends zeroes until the file reaches the end of the range.  0 or -errno. */
int zero_fill_append(struct zero_fill *fill);

/* [offset, offset + bytes) has gone into the page cache; 0 or -errno of what went before. */
int zero_fill_start_window(struct zero_fill *fill, uint64_t offset, uint64_t bytes);

/* Waits for all windows.  0 or -errno. */
int zero_fill_finish_windows(struct zero_fill *fill);

/* At the end: what has to be on the disk is.  0 or -errno. */
int zero_fill_finish(struct zero_fill *fill);

#endif
