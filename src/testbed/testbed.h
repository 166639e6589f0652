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

/* A running agent, and what it lives on.  All of it goes with testbed_process_clear(). */
struct testbed_process {
	struct child child;
	int to_fd;	/* the request */
	int from_fd;	/* events and the record */
	int console_fd; /* what else it prints; -1: nothing */
	int device_fd;	/* a block device that lasts while this is open; -1: none */
	int flush_fd;	/* the volume's, to be flushed when the agent asks; borrowed; -1: none */
};

#define TESTBED_PROCESS_NONE ((struct testbed_process) { CHILD_NONE, -1, -1, -1, -1, -1 })

/* A volume: an image file without a name, of which /proc knows one, or a device. */
struct volume {
	int fd; /* of the image; -1: none */
	uint64_t bytes;
	char path[64];
	struct device *device; /* that it is; NULL: an image */
	int is_foreign; /* the user's, for a scan: a guest writes to a layer above it (testbed_scan)
			 */
};

#define VOLUME_NONE ((struct volume) { .fd = -1 })

/* What the user said about where trials run, besides the testbed's name. */
struct testbed_options {
	const char *argument;	      /* what stands behind "NAME:"; NULL: nothing */
	struct guard_consent consent; /* to the loss of what is on a device */
	/* For guests whose kernel is chosen: */
	const char *modules;	    /* directory of modules; NULL: that of the kernel */
	const char *drive_throttle; /* "iops=N,bps=SIZE"; NULL: none */
	int accelerated;	    /* by prepare(): the processor is not emulated */
};

struct testbed_session;

struct testbed {
	const char *name;
	const char *argument; /* what stands behind "NAME:", "PATH"; NULL: nothing */
	int argument_optional;
	int boots_kernels;  /* the argument is a kernel, and there may be several */
	int chooses_kernel; /* if none is named, one of those that are there */
	int throttles;	    /* --drive-throttle is for it */
	const char *summary;
	const char *note;	/* what its figures do not mean; NULL: nothing to say */
	int in_directory;	/* formats nothing: trials have no file system and no volume */
	uint64_t start_seconds; /* until the agent has to be ready */
	/* Usable here?  0 or -errno, with a sentence that says what to do. */
	int (*probe)(const struct testbed_options *options, struct problem *problem);
	/* What the argument may be here: a line for `list`; the caller frees.  NULL: nothing to
	 * say. */
	char *(*choices)(void);
	/* Does its kernel have this type?  0, or -errno with a sentence.  NULL: not asked. */
	int (*supports)(const struct testbed_options *options, const char *type,
			struct problem *problem);
	/*
	 * The kernel on which trials run, if it is not the running one (NULL: it is): its label,
	 * its build if it can be known, and where the testbed chose it, by which name it will
	 * always be this one.  The caller frees them.  0 or -errno.
	 */
	int (*guest_kernel)(const struct testbed_options *options, struct plan_kernel *ret);
	/*
	 * Once, before the first trial; may take seconds.  *ret_remark is a sentence for the user
	 * (the caller frees it), untouched: nothing to say.  0, -ECANCELED, or -errno with a
	 * sentence.  NULL: nothing to do.
	 */
	int (*prepare)(struct testbed_options *options, int cancel_fd, char **ret_remark,
		       struct problem *problem);
	/* Adds what only it knows to the description of the run.  0 or -ENOMEM.  NULL: nothing. */
	int (*describe)(const struct testbed_options *options, struct environment *environment);
	/*
	 * Starts an agent.  Sets in `request` what depends on the testbed:
	 * device, directory, modules, counters.  0 or -errno with a sentence.
	 */
	int (*start)(const struct testbed_options *options, const struct volume *volume,
		     struct trial_request *request, struct testbed_process *ret,
		     struct problem *problem);
	/*
	 * For a testbed with one volume of its own in place of an image a trial; all or none of
	 * them.  claim() looks at it, holds it and sets volume_bytes; confirm() has the user agree
	 * to the loss of what is on it; volume() makes it ready for a trial; release() ends all.
	 * 0 or -errno with a sentence.
	 */
	int (*claim)(struct testbed_session *session, uint64_t least_bytes,
		     struct problem *problem);
	int (*confirm)(const struct testbed_session *session, struct problem *problem);
	int (*volume)(const struct testbed_session *session, struct volume *ret,
		      struct problem *problem);
	void (*release)(struct testbed_session *session);
};

extern const struct testbed *const testbed_table[]; /* ends with a NULL */

enum { TESTBED_FORM_MAX = 32 };

/* As --on takes it: "uml", "dir:PATH", "qemu[:KERNEL]".  Returns the text. */
const char *testbed_form(const struct testbed *testbed, char text[static TESTBED_FORM_MAX]);

/*
 * "uml", "dir:/srv".  *ret_argument points into spec, or is NULL.  0 or -EINVAL
 * with a sentence.
 */
int testbed_parse(const char *spec, const struct testbed **ret, const char **ret_argument,
		  struct problem *problem);

/* Can this variant be made and mounted there?  0, or -errno with a sentence. */
int testbed_usable(const struct testbed *testbed, const struct testbed_options *options,
		   const struct filesystem *filesystem, struct problem *problem);

/* How trials are to be run. */
struct testbed_session {
	const struct testbed *testbed;
	struct testbed_options options;
	const char *scratch;	 /* directory for images */
	const char *keep_images; /* directory that gets each image after its trial; NULL: none */
	int cancel_fd;		 /* readable: give up at once; -1: never */
	uint64_t trial_seconds;	 /* for the whole trial */
	const char *results;	 /* the result file, "-": stdout; NULL: in the current directory */
	/* Asks on the terminal; the caller frees the answer.  NULL: there is no terminal. */
	int (*ask)(const char *question, char **ret_answer, void *context);
	struct device *device; /* by claim(); NULL: none */
	uint64_t volume_bytes; /* by claim(); 0: as each trial has it */
	/*
	 * Called before each trial, when its volume has been made (NULL: a directory).  0,
	 * -ECANCELED, or -errno with a sentence, which ends the run.  NULL: nothing to do.
	 */
	int (*before_trial)(const struct plan_trial *trial, const struct volume *volume,
			    void *context, struct problem *problem);
	void (*stage)(const char *stage, void *context); /* told at the start of each */
	void (*tick)(void *context);			 /* about five times a second */
	/* Told the image of each trial, and -1 before it goes; NULL: nobody is. */
	void (*image)(int fd, void *context);
	void *context;
};

/*
 * Runs one trial on a fresh volume.  Returns 0 with *record filled (initialised
 * before), also if the trial failed or was refused; 1 with *record filled and a
 * sentence if its image could not be kept; -ECANCELED; or -errno with a sentence if
 * no trial can be run at all.
 */
int testbed_run(const struct testbed_session *session, const struct plan_trial *trial,
		struct record *record, struct problem *problem);

/* Claims the one volume of a testbed that has one, for trials that then are as large as it is. */
int testbed_claim(struct testbed_session *session, struct trial_list *trials,
		  struct problem *problem);

/* Fills what is known of machine, testbed and tools.  0 or -ENOMEM. */
int testbed_describe(const struct testbed_session *session, const struct trial_list *trials,
		     struct environment *environment);

/* The part of that which is about kernels: the host's, those of guests, their builds. */
int testbed_describe_kernels(const struct testbed_session *session, const struct trial_list *trials,
			     struct environment *environment);

/* Where the session's files or images are, or the device that is its volume. */
const char *testbed_directory(const struct testbed_session *session);

/* Room for the largest trial?  0, or -ENOSPC with a sentence. */
int testbed_check_room(const struct testbed_session *session, const struct trial_list *trials,
		       struct problem *problem);

void testbed_process_clear(struct testbed_process *process); /* for CLEANUP(), too */

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
	int cancel_fd;		     /* readable: give up at once; -1: never */
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
