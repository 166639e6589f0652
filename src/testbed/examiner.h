/* SPDX-License-Identifier: MIT */
/*
 * A guest that examines disk states.  The host makes each state in the image below the guest, asks,
 * and restores what the guest itself has written, which is logged.  The guest mounts the volume
 * only while it answers.
 */
#ifndef TESTBED_EXAMINER_H
#define TESTBED_EXAMINER_H

#include <jansson.h>

#include "testbed/testbed.h"

struct testbed_examiner;

struct testbed_examiner_setup {
	const struct testbed *testbed;
	const struct testbed_options *options; /* with the kernel of the trial */
	const char *type;		       /* of the file system */
	const char *mount_options;	       /* NULL: none */
	const char *directory;		       /* for the log */
	int image_fd;			       /* borrowed */
	int cancel_fd;			       /* readable: stop at once; -1: never */
	void (*tick)(void *context);	       /* about five times a second; NULL: none */
	void *context;
};

/*
 * Starts the guest.  0, -ECANCELED, or -errno with *problem set.  `setup` has to stay while the
 * examiner lives.
 */
int testbed_examiner_start(const struct testbed_examiner_setup *setup,
			   struct testbed_examiner **ret, struct problem *problem);

/* Where the guest's own writes are logged (write_log.h). */
int testbed_examiner_log(const struct testbed_examiner *examiner);

/*
 * Asks about the state that is in the image now.  Takes the reference of `look`; *ret_answer is a
 * new one.  0; -ECANCELED; -ENOMEM; or, with the reason in *ret_reason, which the caller frees, an
 * error that is the state's own: -EIO (the guest's kernel panicked), -ETIME (no answer for
 * `seconds`), -EPIPE (the guest ended) or -EPROTO (no answer, but something else).  After any error
 * the guest has ended, and its log is complete.
 */
int testbed_examiner_ask(struct testbed_examiner *examiner, json_t *look, uint64_t seconds,
			 json_t **ret_answer, char **ret_reason);

/* Ends the guest; also for CLEANUP(). */
void testbed_examiner_clear(struct testbed_examiner **examiner);

#endif
