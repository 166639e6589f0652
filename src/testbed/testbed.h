/* SPDX-License-Identifier: MIT */
/*
 * Where trials run: one `struct testbed` each, all of them in the table of testbed.c.  A testbed
 * reports whether it can be used, and starts the process that runs one trial.  Everything else
 * (creating the volume, the protocol, cleaning up) is the same for all; see run.c.
 */
#ifndef TESTBED_TESTBED_H
#define TESTBED_TESTBED_H

#include <jansson.h>
#include <stdint.h>

#include "base/child.h"
#include "testbed/guard.h"
#include "plan/plan.h"
#include "base/problem.h"
#include "results/record.h"
#include "trial/trial.h"

/* A running agent and its resources, all of which testbed_process_clear() releases. */
struct testbed_process {
	struct child child;
	int to_fd;	/* the request */
	int from_fd;	/* events and the record */
	int console_fd; /* its other output; -1: none */
	int device_fd;	/* a block device that exists while this is open; -1: none */
	int flush_fd;	/* the volume, flushed when the agent requests it; borrowed; -1: none */
};

#define TESTBED_PROCESS_NONE ((struct testbed_process) { CHILD_NONE, -1, -1, -1, -1, -1 })

/* A volume: an unnamed image file, which is opened through /proc, or a device. */
struct volume {
	int fd; /* of the image; -1: none */
	uint64_t bytes;
	char path[64];
	struct device *device; /* the device; NULL: an image */
	int is_foreign;	       /* the user's image, for a scan: a guest writes to a layer above it
				  (testbed_scan) */
	int log_fd; /* where a guest's writes are logged (write_log.h); borrowed; -1: nowhere */
};

#define VOLUME_NONE ((struct volume) { .fd = -1, .log_fd = -1 })

/* The user's options for the testbed. */
struct testbed_options {
	const char *argument;	      /* what stands behind "NAME:"; NULL: nothing */
	struct guard_consent consent; /* to the loss of a device's contents */
	/* For guests with a selectable kernel: */
	const char *modules;	    /* directory of modules; NULL: that of the kernel */
	const char *drive_throttle; /* "iops=N,bps=SIZE"; NULL: none */
	int accelerated;	    /* set by prepare(): the processor is not emulated */
};

struct testbed_session;

struct testbed {
	const char *name;
	const char *argument; /* what stands behind "NAME:", "PATH"; NULL: nothing */
	int argument_optional;
	int boots_kernels;  /* the argument is a kernel, and there may be several */
	int chooses_kernel; /* if none is named, an installed one is chosen */
	int throttles;	    /* supports --drive-throttle */
	const char *summary;
	const char *note;	/* a limitation of its results; NULL: none */
	int records_writes;	/* can log what is written to its volumes */
	int drops_flushes;	/* its kernel passes no flush on, and writes in order */
	int in_directory;	/* formats nothing: trials have no file system and no volume */
	uint64_t start_seconds; /* time for the agent to become ready */
	/* Whether it can be used here.  0, or -errno with *problem set, which says what to do. */
	int (*probe)(const struct testbed_options *options, struct problem *problem);
	/* The possible arguments, as a line for `list`; the caller frees it.  NULL: none. */
	char *(*choices)(void);
	/*
	 * Whether its kernel has this file system.  0, or -errno with *problem set.  NULL: always.
	 */
	int (*supports)(const struct testbed_options *options, const char *type,
			struct problem *problem);
	/*
	 * The kernel on which trials run, if it is not the running one (then NULL): its label, its
	 * build if known, and, if the testbed chose it, a name that always means this kernel.  The
	 * caller frees them.  0 or -errno.
	 */
	int (*guest_kernel)(const struct testbed_options *options, struct plan_kernel *ret);
	/*
	 * Called once before the first trial; may take seconds.  *ret_remark is a sentence for the
	 * user, which the caller frees; unchanged if there is none.  0, -ECANCELED, or -errno with
	 * *problem set.  NULL: nothing to do.
	 */
	int (*prepare)(struct testbed_options *options, int cancel_fd, char **ret_remark,
		       struct problem *problem);
	/* Adds its own facts to the description of the run.  0 or -ENOMEM.  NULL: none. */
	int (*describe)(const struct testbed_options *options, struct environment *environment);
	/*
	 * Starts an agent.  Sets the members of `request` that depend on the testbed: device,
	 * directory, modules, counters.  0, or -errno with *problem set.
	 */
	int (*start)(const struct testbed_options *options, const struct volume *volume,
		     struct trial_request *request, struct testbed_process *ret,
		     struct problem *problem);
	/*
	 * For a testbed with a single volume instead of an image per trial; all or none of them
	 * are set. claim() examines and locks the volume and sets volume_bytes; confirm() asks the
	 * user to agree to the loss of its contents; volume() prepares it for a trial; release()
	 * ends the claim.  0, or -errno with *problem set.
	 */
	int (*claim)(struct testbed_session *session, uint64_t least_bytes,
		     struct problem *problem);
	int (*confirm)(const struct testbed_session *session, struct problem *problem);
	int (*volume)(const struct testbed_session *session, struct volume *ret,
		      struct problem *problem);
	void (*release)(struct testbed_session *session);
};

extern const struct testbed *const testbed_table[]; /* terminated by NULL */

enum { TESTBED_FORM_MAX = 32 };

/* In the form of --on: "uml", "dir:PATH", "qemu[:KERNEL]".  Returns the text. */
const char *testbed_form(const struct testbed *testbed, char text[static TESTBED_FORM_MAX]);

/*
 * Parses "uml" or "dir:/srv".  *ret_argument points into `spec` or is NULL.  0, or -EINVAL with
 * *problem set.
 */
int testbed_parse(const char *spec, const struct testbed **ret, const char **ret_argument,
		  struct problem *problem);

/* Whether this variant can be created and mounted there.  0, or -errno with *problem set. */
int testbed_usable(const struct testbed *testbed, const struct testbed_options *options,
		   const struct filesystem *filesystem, struct problem *problem);

/* How trials are run. */
struct testbed_session {
	const struct testbed *testbed;
	struct testbed_options options;
	const char *scratch;	 /* directory for images */
	const char *keep_images; /* directory for the images after their trials; NULL: none */
	int cancel_fd;		 /* readable: stop at once; -1: never */
	uint64_t trial_seconds;	 /* for the whole trial */
	const char *results;	 /* the result file, "-": stdout; NULL: in the current directory */
	/*
	 * Asks a question on the terminal; the caller frees the answer.  NULL: there is no
	 * terminal.
	 */
	int (*ask)(const char *question, char **ret_answer, void *context);
	struct device *device; /* set by claim(); NULL: none */
	uint64_t volume_bytes; /* set by claim(); 0: that of each trial */
	/*
	 * Called before each trial, when its volume is ready (NULL: a directory).  0, -ECANCELED,
	 * or -errno with *problem set, which ends the run.  NULL: nothing to do.
	 */
	int (*before_trial)(const struct plan_trial *trial, const struct volume *volume,
			    void *context, struct problem *problem);
	void (*stage)(const char *stage, void *context); /* called at the start of each stage */
	/*
	 * Called when what the agent did so far is durable.  0 or -errno, which ends the trial.
	 * NULL: no case with marks can be run.
	 */
	int (*mark)(const char *mark, void *context);
	void (*tick)(void *context); /* about five times a second */
	/* Called with the image of each trial, and with -1 before it is closed; may be NULL. */
	void (*image)(int fd, void *context);
	void *context;
};

/*
 * Runs one trial on a fresh volume.  *record is initialised by the caller.  0: *record is set,
 * also if the trial failed or was refused; 1: *record and *problem are set, since the image could
 * not be kept; -ECANCELED; or -errno with *problem set if no trial can be run at all.
 */
int testbed_run(const struct testbed_session *session, const struct plan_trial *trial,
		struct record *record, struct problem *problem);

/* Claims the volume of a testbed that has one.  Trials then have its size. */
int testbed_claim(struct testbed_session *session, struct trial_list *trials,
		  struct problem *problem);

/* Sets what is known about machine, testbed and tools.  0 or -ENOMEM. */
int testbed_describe(const struct testbed_session *session, const struct trial_list *trials,
		     struct environment *environment);

/* The part about kernels: those of the host and of guests, and their builds. */
int testbed_describe_kernels(const struct testbed_session *session, const struct trial_list *trials,
			     struct environment *environment);

/* The directory of the session's files or images, or the device that is its volume. */
const char *testbed_directory(const struct testbed_session *session);

/* Checks for enough space for the largest trial.  0, or -ENOSPC with *problem set. */
int testbed_check_room(const struct testbed_session *session, const struct trial_list *trials,
		       struct problem *problem);

/* The same for so many bytes. */
int testbed_check_bytes(const struct testbed_session *session, uint64_t needed,
			struct problem *problem);

void testbed_process_clear(struct testbed_process *process); /* also for CLEANUP() */

/* The testbeds. */
extern const struct testbed testbed_device, testbed_dir, testbed_loop, testbed_qemu, testbed_uml;

/* ---- the device that a session has claimed ---- */

/* After a trial: removes what it left, so that the device is as empty as before. */
void device_vacate(struct device *device);

/* Whether the device is trimmed between trials. */
int device_discards(const struct device *device);

/* ---- the scan of an image in a guest, for alloc-perf frag ---- */

struct testbed_scan {
	const char *path;	     /* of the image, for messages */
	int fd;			     /* the image; it is only read */
	uint64_t start_bytes, bytes; /* of the partition; 0, 0: the whole image */
	const char *type;	     /* of the file system, for mount(2) */
	json_t *settings;	     /* sent to the guest; borrowed */
	int cancel_fd;		     /* readable: stop at once; -1: never */
	/* Called per line after "ready".  1: it was the last one; 0; or -errno. */
	int (*line)(const char *line, void *context);
	void (*tick)(void *context); /* about five times a second */
	void *context;
};

/*
 * Starts a guest whose kernel has the file system, User-Mode Linux or else QEMU, and scans the
 * image in it.  *ret_kernel is the kernel's label, also after a failure; the caller frees it.  0,
 * -ECANCELED, or -errno with *problem set.
 */
int testbed_scan(const struct testbed_scan *scan, char **ret_kernel, struct problem *problem);

#endif
