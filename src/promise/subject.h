/* SPDX-License-Identifier: MIT */
/*
 * The files of a case, and what is done with them in a child: as another user, where a signal may
 * end it, or with limits.  Private to this directory.
 */
#ifndef PROMISE_SUBJECT_H
#define PROMISE_SUBJECT_H

#include "promise/promise.h"

/* Names of files on a volume.  In a directory they have none, so that they go with the process. */
#define SUBJECT_NAME "alloc-perf.file"
#define SUBJECT_NAME_COPY "alloc-perf.copy"

/* The steps below return 0, or -errno with run->text set.  run->verdict is set where it is n/a. */

/* A new, empty file, without a name if that is NULL.  *ret_fd is the caller's. */
int subject_create(struct promise_run *run, const char *name, int *ret_fd);

/* Allocates it by the method, and syncs it. */
int subject_allocate(struct promise_run *run, int fd);

/* Writes data at the start of an empty file and behind a hole, 3 MiB and a few bytes in all. */
int subject_write_parts(struct promise_run *run, int fd);

/* Opens the file of that name again; a volume is unmounted and mounted in between. */
int subject_reopen(struct promise_run *run, const char *name, int *fd);

/* Sets a flag of chattr(1), such as FS_NOCOW_FL; `letter` is its name there. */
int subject_set_flag(struct promise_run *run, int fd, int flag, char letter);

/* ---- in a child ---- */

enum {
	SUBJECT_USER = 4242
}; /* the number of the user, the group and the project that quotas are set for */

/* The calling process becomes a user whom limits stop.  0 or -errno. */
int subject_become_user(void);

/* What a child did, in memory that it shares with its parent. */
struct subject_call {
	const char *call; /* that failed; a static string, or one of a struct method */
	int error;	  /* positive errno; 0: all succeeded */
	/* Of writes into the range. */
	unsigned pass;
	size_t number;	/* of the write within the pass, from 0 */
	uint32_t block; /* that was written */
};

/*
 * Runs `work` in a child and waits for it.  A fault on a mapped page (SIGBUS) is reported as a
 * failed call.  0 or -errno.
 */
int subject_in_child(struct promise_run *run,
		     void (*work)(void *context, struct subject_call *call), void *context,
		     struct subject_call *ret);

#endif
