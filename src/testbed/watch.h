/* SPDX-License-Identifier: MIT */
/*
 * What falsifies a run and is none of the trials' doing, seen from the host: a
 * suspended machine, other writers, load, frequency scaling, a full volume.
 */
#ifndef TESTBED_WATCH_H
#define TESTBED_WATCH_H

#include <stdint.h>

/* What was found in the course of a run. */
struct watch_facts {
	int64_t suspended_ns;
	int64_t idle_ns;       /* no trial was running: between the trials, and before the first */
	int64_t foreign_bytes; /* that reached the device meanwhile; FIELD_UNKNOWN: no counters */
	int64_t gaps;	       /* how often; each wrote a record, which is ours */
	double load; /* the highest, less what a trial itself makes; negative: not known */
	int64_t cpus;
	char *device;	 /* name of it; NULL: not known */
	char *directory; /* what the volumes are in */
	char *governor;	 /* of a CPU whose frequency is scaled; NULL: none is */
	double full;	 /* used part of the volume that has the directory; NaN: not known */
};

struct watch {
	struct watch_facts facts;
	int counters_fd;
	/* At the start, and at the last border between trial and no trial: */
	int64_t asleep_ns, border_ns, border_bytes;
};

#define WATCH_NONE ((struct watch) { .counters_fd = -1 })

/* Starts, and looks at the device for a moment, as long as nothing of ours writes.  0 or -ENOMEM.
 */
int watch_start(struct watch *watch, const char *directory);

/* To be told around each trial. */
void watch_trial_starts(struct watch *watch);
void watch_trial_ended(struct watch *watch);

/* Bytes written to the device so far; FIELD_UNKNOWN: it has no counters. */
int64_t watch_written_bytes(const struct watch *watch);

/* Called with a WARNING_ word and one sentence for each thing that falsifies. */
typedef void (*watch_fn)(const char *kind, const char *sentence, void *context);
void watch_judge(const struct watch_facts *facts, watch_fn told, void *context);

/* The governor of the first CPU below `root` ("/sys/devices/system/cpu") that is not "performance";
 * NULL: there is none.  The caller frees it. */
char *watch_governor(const char *root);

void watch_clear(struct watch *watch);

#endif
