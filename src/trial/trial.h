/* SPDX-License-Identifier: MIT */
/*
 * One measurement: mount a fresh volume, allocate a file, unmount, mount again, inspect.  The
 * stages are a table in trial.c.  The same code runs in a child of alloc-perf and in the init of a
 * guest; agent.h has the protocol.
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
	int64_t largest_run; /* the longest contiguous run of the file system, bytes; 0: no limit */
	char *device;	     /* block device to mount; NULL: only `directory` is used */
	char *type;	     /* for mount(2) */
	char *mount_options; /* comma separated; NULL: none */
	char *directory;     /* the mount point, or the directory of the file */
	char *modules; /* of a guest: in its initramfs, in order, separated by spaces; NULL: none */
	char *counters;	    /* sysfs stat file of the device; NULL: that of its number */
	char *workload;	    /* as for phase_chain_parse(); NULL: only the allocation */
	int64_t files;	    /* each of file_bytes */
	int64_t mixed;	    /* 1: of different sizes, with file_bytes as their mean; 0 */
	int64_t seed;	    /* of random orders and of the data */
	char *promise_case; /* "reserved:overwrite": tested instead of measuring; NULL: measured */
	int64_t host_flushes; /* 1: the device ignores flushes, so the host flushes */
};

void trial_request_init(struct trial_request *request);
void trial_request_clear(struct trial_request *request);

/* A new reference; NULL: out of memory. */
json_t *trial_request_to_json(const struct trial_request *request);

/* 0, -EINVAL or -ENOMEM. */
int trial_request_from_json(const json_t *json, struct trial_request *ret);

/* The process that requested the trial. */
struct trial_host {
	/* Called at the start of each stage. */
	void (*stage)(const char *stage, void *context);
	/* Flushes the storage of the device.  Returns the time in nanoseconds, or -errno. */
	int64_t (*flush)(void *context);
	/* Notes that what was done so far is durable (promise/).  0 or -errno. */
	int (*mark)(const char *mark, void *context);
	void *context;
};

/*
 * Runs the trial and sets the known members of *record, which is initialised by the caller.  A
 * failure is reported in its status, stage, error and reason.
 */
void trial_run(const struct trial_request *request, const struct trial_host *host,
	       struct record *record);

#endif
