/* SPDX-License-Identifier: MIT */
/*
 * A trial of which every write to the volume is recorded, so that each state can be made that a
 * power cut would have left.
 */
#ifndef TESTBED_RECORDING_H
#define TESTBED_RECORDING_H

#include "testbed/testbed.h"

/* What there is of it depends on how far the trial came. */
struct testbed_recording {
	int before_fd; /* the volume before the agent was started; -1: it was not formatted */
	int log_fd;    /* what was written from then on (write_log.h), also while the trial runs */
	int image_fd;  /* the volume at the end */
};

#define TESTBED_RECORDING_NONE ((struct testbed_recording) { -1, -1, -1 })

/*
 * Whether guests of this testbed can record.  0, or -ENOTSUP with *problem set.
 */
int testbed_records(const struct testbed *testbed, struct problem *problem);

/*
 * As testbed_run(), on a volume that was full of PROMISE_MARKER before it was formatted, and
 * without its discards.  *recording is TESTBED_RECORDING_NONE before.  The log has no end before
 * 0 is returned: use write_log_find_end().
 */
int testbed_record(const struct testbed_session *session, const struct plan_trial *trial,
		   struct testbed_recording *recording, struct record *record,
		   struct problem *problem);

void testbed_recording_clear(struct testbed_recording *recording); /* also for CLEANUP() */

/* ---- for run.c ---- */

/* Fills the new image with the marker.  0, -ECANCELED, or -errno with *problem set. */
int recording_fill(const struct testbed_session *session, const struct volume *volume,
		   struct problem *problem);

/*
 * The mkfs command which leaves the marker in the blocks that it does not use, in blocks of 4096
 * bytes unless it says otherwise.  The caller frees it; NULL: out of memory.
 */
char *recording_mkfs(const struct filesystem *filesystem);

/* Copies the formatted image, and prepares the log.  0, or -errno with *problem set. */
int recording_open(const struct testbed_session *session, struct volume *volume,
		   struct testbed_recording *recording, struct problem *problem);

/* Takes the image and ends the log.  0, or -errno with *problem set. */
int recording_close(struct volume *volume, struct testbed_recording *recording,
		    struct problem *problem);

/* A log for a guest that is started on a volume.  fd, or -errno with *problem set. */
int recording_log(const char *directory, struct problem *problem);

/* What the error of write_log_find_end() or write_log_finish() means.  Returns `error`, which is
 * negative. */
int recording_explain_log(int error, struct problem *problem);

#endif
