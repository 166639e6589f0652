/* SPDX-License-Identifier: MIT */
/*
 * External events that distort results, observed from the host: a suspend, other writers, load,
 * frequency scaling, a full volume.
 */
#ifndef TESTBED_WATCH_H
#define TESTBED_WATCH_H

#include <stdint.h>

/* Observations during a run. */
struct watch_facts {
	int64_t suspended_ns;
	int64_t idle_ns;       /* time without a trial: between trials, and before the first */
	int64_t foreign_bytes; /* written to the device during that time; FIELD_UNKNOWN: no counters
				*/
	int64_t gaps;	       /* number of such intervals; in each we write a record */
	double load;	       /* maximum load average, minus that of a trial; negative: unknown */
	int64_t cpus;
	char *device;	 /* its name; NULL: unknown */
	char *directory; /* the directory of the volumes */
	char *governor;	 /* of a CPU with frequency scaling; NULL: none */
	double full;	 /* used fraction of the volume with the directory; NaN: unknown */
};

struct watch {
	struct watch_facts facts;
	int counters_fd;
	/* At the start, and at the last start or end of a trial. */
	int64_t asleep_ns, border_ns, border_bytes;
};

#define WATCH_NONE ((struct watch) { .counters_fd = -1 })

/* Starts, and observes the device for a moment in which we do not write.  0 or -ENOMEM. */
int watch_start(struct watch *watch, const char *directory);

/* To be called at the start and end of each trial. */
void watch_trial_starts(struct watch *watch);
void watch_trial_ended(struct watch *watch);

/* Bytes written to the device so far; FIELD_UNKNOWN: no counters. */
int64_t watch_written_bytes(const struct watch *watch);

/* Calls back with a WARNING_ kind and a sentence per event. */
typedef void (*watch_fn)(const char *kind, const char *sentence, void *context);
void watch_judge(const struct watch_facts *facts, watch_fn told, void *context);

/* The governor of the first CPU below `root` ("/sys/devices/system/cpu") that is not "performance";
 * NULL: there is none.  The caller frees it. */
char *watch_governor(const char *root);

void watch_clear(struct watch *watch);

#endif
