/* SPDX-License-Identifier: MIT */
/*
 * Everything is read on the host and between trials, since reading during a trial would disturb
 * it.  The device is that of the volumes.  Without a trial it should be idle except for our
 * records, so other writes are those of other programs.  How much they write during trials can
 * only be inferred from that.
 */
#include "testbed/watch.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/cleanup.h"
#include "trial/cost.h"
#include "results/field.h"
#include "base/io.h"
#include "blockdev/storage.h"
#include "results/record.h"
#include "base/size.h"
#include "base/text.h"

/* The duration of the first observation; the intervals between trials are too short for it. */
enum { LOOK_MS = 200 };

/* Thresholds for warnings. */
static const double suspended_seconds = 0.1;
static const double foreign_bytes_a_second = 1 << 20;
static const double record_bytes = 128 << 10; /* including the journal and metadata */
static const double nearly_full = 0.9;

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* CLOCK_MONOTONIC stops during a suspend. */
static int64_t asleep_ns(void)
{
	int64_t monotonic = clock_ns(CLOCK_MONOTONIC);

	return clock_ns(CLOCK_BOOTTIME) - monotonic;
}

/* One trial adds at most one process that runs or waits for the disk. */
static void take_load(struct watch *watch, double own)
{
	double load;

	if (getloadavg(&load, 1) == 1)
		watch->facts.load = fmax(watch->facts.load, load - own);
}

int64_t watch_written_bytes(const struct watch *watch)
{
	struct cost_reading reading;

	cost_read(watch->counters_fd, &reading);
	return reading.written_bytes;
}

static void take_border(struct watch *watch)
{
	watch->border_ns = clock_ns(CLOCK_MONOTONIC);
	watch->border_bytes = watch_written_bytes(watch);
}

static void end_gap(struct watch *watch)
{
	struct watch before = *watch;

	take_border(watch);
	watch->facts.gaps++;
	watch->facts.idle_ns += watch->border_ns - before.border_ns;
	if (watch->border_bytes == FIELD_UNKNOWN || before.border_bytes == FIELD_UNKNOWN)
		watch->facts.foreign_bytes = FIELD_UNKNOWN;
	else if (watch->facts.foreign_bytes != FIELD_UNKNOWN)
		watch->facts.foreign_bytes += watch->border_bytes - before.border_bytes;
}

char *watch_governor(const char *root)
{
	CLEANUP(freep) char *pattern = NULL;
	CLEANUP(globfree) glob_t found = { 0 };
	char *governor = NULL;

	if (!(pattern = text_format("%s/cpu[0-9]*/cpufreq/scaling_governor", root)) ||
	    glob(pattern, 0, NULL, &found) != 0)
		return NULL;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (io_read_file(found.gl_pathv[i], 256, &governor, NULL) < 0)
			continue;
		governor[strcspn(governor, "\n")] = '\0';
		if (strcmp(governor, "performance") != 0)
			return governor;
		free(governor);
		governor = NULL;
	}
	return NULL;
}

static double used_part(const char *directory)
{
	struct statvfs status;
	double used, all;

	if (statvfs(directory, &status) < 0)
		return NAN;
	used = (double)(status.f_blocks - status.f_bfree);
	all = used + (double)status.f_bavail;
	return all > 0 ? used / all : NAN;
}

int watch_start(struct watch *watch, const char *directory)
{
	CLEANUP(storage_clear) struct storage storage = { 0 };

	*watch = WATCH_NONE;
	watch->facts.load = -1;
	watch->facts.cpus = get_nprocs();
	watch->facts.full = used_part(directory);
	watch->facts.governor = watch_governor("/sys/devices/system/cpu");
	if (field_set_text(&watch->facts.directory, directory) < 0)
		return -ENOMEM;
	if (storage_find(directory, &storage) == 0) {
		watch->facts.device = TAKE_PTR(storage.source);
		if (storage.counters)
			watch->counters_fd = cost_open_counters(storage.counters, 0, 0);
	}
	watch->asleep_ns = asleep_ns();
	take_load(watch, 0);
	take_border(watch);
	if (watch->counters_fd >= 0)
		nanosleep(&(struct timespec) { .tv_nsec = LOOK_MS * 1000000 }, NULL);
	return 0;
}

void watch_trial_starts(struct watch *watch)
{
	end_gap(watch);
}

void watch_trial_ended(struct watch *watch)
{
	watch->facts.suspended_ns = asleep_ns() - watch->asleep_ns;
	take_load(watch, 1);
	take_border(watch);
}

/* ---- warnings ---- */

static void judge_sleep(const struct watch_facts *facts, watch_fn told, void *context)
{
	double seconds = (double)facts->suspended_ns * 1e-9;
	char sentence[256], text[SIZE_TEXT_MAX];

	if (seconds < suspended_seconds)
		return;
	snprintf(sentence, sizeof(sentence),
		 "the machine was suspended for %s during the run; measure again",
		 duration_human(seconds, text));
	told(WARNING_SUSPENDED, sentence, context);
}

static void judge_writers(const struct watch_facts *facts, watch_fn told, void *context)
{
	double seconds = (double)facts->idle_ns * 1e-9, foreign;
	char sentence[512], text[SIZE_TEXT_MAX];

	if (facts->foreign_bytes == FIELD_UNKNOWN || seconds <= 0)
		return;
	foreign = (double)facts->foreign_bytes - record_bytes * (double)facts->gaps;
	if (foreign < foreign_bytes_a_second || foreign / seconds < foreign_bytes_a_second)
		return;
	snprintf(sentence, sizeof(sentence),
		 "other processes wrote %s/s to %s while no trial was running; times and written "
		 "bytes can include their writes",
		 size_human(foreign / seconds, text),
		 facts->device ? facts->device : "the device below");
	told(WARNING_WRITERS, sentence, context);
}

static void judge_load(const struct watch_facts *facts, watch_fn told, void *context)
{
	char sentence[256];

	if (facts->cpus <= 0 || facts->load <= (double)facts->cpus)
		return;
	snprintf(sentence, sizeof(sentence),
		 "the load without the trials was up to %.1f on %ld core%s, so that trials had to "
		 "wait for a CPU",
		 facts->load, (long)facts->cpus, facts->cpus == 1 ? "" : "s");
	told(WARNING_LOAD, sentence, context);
}

static void judge_frequency(const struct watch_facts *facts, watch_fn told, void *context)
{
	char sentence[256];

	if (!facts->governor)
		return;
	snprintf(sentence, sizeof(sentence),
		 "the CPU frequency is scaled (governor %s), so that times depend on the previous "
		 "load; use the governor performance",
		 facts->governor);
	told(WARNING_FREQUENCY, sentence, context);
}

static void judge_room(const struct watch_facts *facts, watch_fn told, void *context)
{
	char sentence[512];

	/* NaN is not above the limit. */
	if (!(facts->full >= nearly_full))
		return;
	snprintf(sentence, sizeof(sentence),
		 "the file system of %s is %.0f %% full; file systems that are nearly full are "
		 "slow and fragment files",
		 facts->directory ? facts->directory : "the scratch directory", facts->full * 100);
	told(WARNING_FULL, sentence, context);
}

void watch_judge(const struct watch_facts *facts, watch_fn told, void *context)
{
	judge_sleep(facts, told, context);
	judge_writers(facts, told, context);
	judge_load(facts, told, context);
	judge_frequency(facts, told, context);
	judge_room(facts, told, context);
}

void watch_clear(struct watch *watch)
{
	free(watch->facts.device);
	free(watch->facts.directory);
	free(watch->facts.governor);
	fd_close(watch->counters_fd);
	*watch = WATCH_NONE;
}
