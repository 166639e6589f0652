/* SPDX-License-Identifier: MIT */
/*
 * One measurement: mount a fresh volume, allocate a file, unmount, mount again,
 * look.  trial.c holds the stages as a table.  The same code runs in a child of
 * alloc-perf and as the init of a guest; agent.h is how the two ends talk.
 */
#ifndef TRIAL_TRIAL_H
#define TRIAL_TRIAL_H

#include <jansson.h>
#include <stdint.h>

#include "results/record.h"

enum { TRIAL_FILES_MAX = 1000 };

struct trial_request {
	char *method; /* as for method_parse() */
	int64_t file_bytes;
	int64_t largest_run; /* bytes that this file system lays out without a break; 0: no limit */
	char *device;	     /* block device to mount; NULL: `directory` is used as it is */
	char *type;	     /* for mount(2) */
	char *mount_options; /* comma separated; NULL: none */
	char *directory;     /* where to mount, or in which directory to allocate */
	char *modules; /* guest: modules in its initramfs, in order, separated by spaces; NULL: none
			*/
	char *counters;	    /* sysfs stat file of the device; NULL: found by the device's number */
	char *workload;	    /* as for phase_chain_parse(); NULL: the allocation alone */
	int64_t files;	    /* each of file_bytes */
	int64_t mixed;	    /* 1: of different sizes, together as many bytes; 0 */
	int64_t seed;	    /* of the order of random phases, and of what is written */
	char *promise_case; /* "reserved:overwrite": tested instead of measuring; NULL: measured */
	int64_t host_flushes; /* 1: the device passes no flush on, so the host is asked for it */
};

void trial_request_init(struct trial_request *request);
void trial_request_clear(struct trial_request *request);

/* A new reference; NULL: out of memory. */
json_t *trial_request_to_json(const struct trial_request *request);

/* 0, -EINVAL or -ENOMEM. */
int trial_request_from_json(const json_t *json, struct trial_request *ret);

/* Whoever wants the trial done. */
struct trial_host {
	/* Told at the start of each stage. */
	void (*stage)(const char *stage, void *context);
	/* Flushes what is below the device.  The nanoseconds that it took, or -errno. */
	int64_t (*flush)(void *context);
	/* Notes that what was done so far is durable (promise/).  0 or -errno. */
	int (*mark)(const char *mark, void *context);
	void *context;
};

/*
 * Runs the trial and fills the members of *record (initialised before) that it
 * can know; never fails itself: what goes wrong stands in status, stage, error
 * and reason.
 */
void trial_run(const struct trial_request *request, const struct trial_host *host,
	       struct record *record);

#endif
